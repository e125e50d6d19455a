"""What reads the book, its demo and the slides: the scripts from npm and one browser that reaches no network."""

import sys

import book_demo
import pytest

from helpers.base.errors import DigitsError
from tests.tools import hosts

PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8"><meta name="viewport" content="width=device-width">
<style>:root { color-scheme: light dark; background: Canvas }</style>
<link rel="icon" href="data:,">
<title>The demo of the book</title>
<div id="digit-canvas-demo"></div>
<script type="module" src="_static/demo/demo.js"></script>
"""
NO_NETWORK = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"


@pytest.fixture(scope="session")
def packages():
    """The folder of the packages that npm has installed."""
    try:
        return book_demo.packages()
    except DigitsError as error:
        pytest.skip(f"the packages of the book's scripts are not to be had: {error}")


@pytest.fixture(scope="package")
def chromium():
    with hosts.open_chromium(NO_NETWORK) as browser:
        yield browser


@pytest.fixture(scope="package")
def folder(packages, tmp_path_factory):
    """A page with the demo, and the files of the demo where the page looks for them."""
    folder = tmp_path_factory.mktemp("book")
    book_demo.build(folder / "_static" / "demo")
    (folder / "index.html").write_text(PAGE, encoding="utf-8")
    return folder


@pytest.fixture(scope="package")
def site(folder):
    """The address of the page."""
    command = [sys.executable, "-m", "http.server", "{port}", "--bind", "127.0.0.1", "--directory", str(folder)]
    with hosts.running(command, "/") as host:
        yield host.url()
