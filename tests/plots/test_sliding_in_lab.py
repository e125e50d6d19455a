"""The sliding window in JupyterLab, in a real browser: the slider moves, and the picture follows."""

import re

import pytest
from playwright.sync_api import expect

from tests.tools import hosts
from tests.tools.places import Jupyter, open_page
from tests.tools.probe import write_notebook

pytestmark = pytest.mark.slow

CELL = """import numpy as np

from helpers import plots

image = np.zeros((28, 28))
image[:, 14:] = 1  # ink on the right half
plots.sliding_window(image, [[-1, 0, 1], [-1, 0, 1], [-1, 0, 1]])"""


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sliding")
    write_notebook(folder / "slide.ipynb", CELL)
    with hosts.jupyterlab(folder) as server:
        yield Jupyter("jupyterlab", folder, server)


def test_the_picture_follows(chromium, lab):
    printed = []
    with open_page(chromium, printed, viewport={"width": 1200, "height": 900}) as page:
        lab.open(page, "slide.ipynb", shows=".sliding-window")
        box = page.locator(".sliding-window")
        picture = box.locator("img")
        expect(picture).to_have_attribute("alt", re.compile(r"the sum is 0\.00 at row 9, column 9\."))
        handle = box.get_by_role("slider").nth(1)
        handle.focus()
        for _ in range(4):
            page.keyboard.press("ArrowRight")
        expect(picture).to_have_attribute("alt", re.compile(r"the sum is 3\.00 at row 9, column 13\."))
        weight = box.locator("input[type=number]").nth(2)
        weight.fill("2")
        weight.press("Enter")
        expect(picture).to_have_attribute("alt", re.compile(r"the sum is 4\.00 at row 9, column 13\."))
        assert picture.bounding_box()["width"] <= 720
    assert printed == []
