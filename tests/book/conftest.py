"""What reads the book, its live pieces and the slides: the scripts from npm and one browser that reaches no network."""

import shutil
import sys

import book_demo
import pytest

from helpers.base.errors import DigitsError
from tests.tools import hosts

PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8"><meta name="viewport" content="width=device-width">
<style>:root {{ color-scheme: light dark; background: Canvas }}</style>
<link rel="icon" href="data:,">
<title>A piece of the book</title>
<main><h1>A piece of the book</h1><div id="live-{name}" class="live"></div></main>
<script type="module" async src="_static/demo/{name}.js"></script>
"""
PIECES = ["demo", "pad", "shift", "vote", "train", "class"]
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
    """A page for each live piece, the front page's also as index.html, and the files where the pages look for them."""
    folder = tmp_path_factory.mktemp("book")
    book_demo.build(folder / "_static" / "demo")
    for name in PIECES:
        (folder / f"{name}.html").write_text(PAGE.format(name=name), encoding="utf-8")
    shutil.copy(folder / "demo.html", folder / "index.html")
    return folder


@pytest.fixture(scope="package")
def site(folder):
    """The address of the pages, on a plain web server."""
    command = [sys.executable, "-m", "http.server", "{port}", "--bind", "127.0.0.1", "--directory", str(folder)]
    with hosts.running(command, "/") as host:
        yield host.url()
