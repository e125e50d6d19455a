"""What reads the book, its demo and the slides: the scripts from npm and one browser that reaches no network."""

import book_demo
import pytest

from helpers.base.errors import DigitsError
from tests.tools import hosts

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
