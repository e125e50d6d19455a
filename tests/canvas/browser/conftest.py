"""The browser, the servers and their pages. Each is started once for all tests of this folder, and each page keeps its
kernel, so a test begins by clearing the pad and leaves no state behind that another would stumble over."""

import numpy as np
import pytest
from pen_strokes import place_at_random
from playwright.sync_api import Page, expect

from tests.tools import hosts
from tests.tools.pad import WAIT, Pad
from tests.tools.places import DESKTOP, PHONE, open_page, pads, serve

# What the hosts themselves print as errors, however the canvas behaves.
HOSTS_PRINT = [
    "Cannot read properties of undefined (reading 'schema')",  # Notebook 7.6 while it loads its settings
]


@pytest.fixture(scope="package")
def chromium():
    with hosts.open_chromium() as browser:
        yield browser


@pytest.fixture(scope="package", params=["jupyterlab", "notebook", "voila"])
def place(request, chromium, tmp_path_factory):
    with serve(request.param, tmp_path_factory.mktemp(request.param)) as place:
        yield place


@pytest.fixture(scope="package")
def printed() -> list[str]:
    """What the pages print as errors to the browser's console, and the exceptions that nothing catches."""
    return []


@pytest.fixture(autouse=True)
def nothing_printed(printed):
    """Neither a test nor the page that it opened makes the browser print an error."""
    yield
    errors = [line for line in printed if not any(known in line for known in HOSTS_PRINT)]
    printed.clear()
    assert not errors


@pytest.fixture(scope="package")
def pad_page(chromium, printed, place):
    with open_page(chromium, printed, **DESKTOP) as page:
        place.open(page, "draw.ipynb")
        yield page


@pytest.fixture
def pad(pad_page) -> Pad:
    """The canvas of demo/draw.ipynb, empty."""
    return cleared(pad_page)


@pytest.fixture(scope="package")
def phone_page(chromium, printed, place):
    with open_page(chromium, printed, **PHONE) as page:
        place.open(page, "phone.ipynb")
        yield page


@pytest.fixture
def phone(phone_page) -> Pad:
    """The same on a phone: 360 pixels wide, two device pixels to a CSS pixel, with fingers."""
    return cleared(phone_page)


@pytest.fixture(scope="package")
def seen_page(chromium, printed, place):
    with open_page(chromium, printed, **DESKTOP) as page:
        place.open(page, "seen.ipynb")
        expect(page.locator(".digit-canvas")).to_have_count(4, timeout=WAIT)
        yield page


@pytest.fixture
def seen(seen_page) -> list[Pad]:
    """What probe.SEEN and the cells after it show: two views of one, empty; a broken one; one with three networks."""
    cleared(seen_page)
    return pads(seen_page)


@pytest.fixture(scope="package")
def pen_digits(pen_strokes) -> list[tuple[int, list]]:
    """The first two of each class, always at the same places and in the same sizes, 10 % to 100 % of the pad."""
    rng = np.random.default_rng(0)
    chosen = [[strokes for label, strokes in pen_strokes if label == digit][:2] for digit in range(10)]
    return [(digit, place_at_random(strokes, rng)) for digit, two in enumerate(chosen) for strokes in two]


def cleared(page: Page) -> Pad:
    pad = pads(page)[0]
    pad.page.bring_to_front()
    pad.clear()
    return pad
