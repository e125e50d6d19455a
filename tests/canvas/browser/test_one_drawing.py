"""The one drawing in a real browser that `make test` makes, in JupyterLab; `make test-all` makes it in each host."""

import re

import pytest
from playwright.sync_api import expect

BAR = [[0.5, 0.2], [0.5, 0.8]]  # reads as a one


@pytest.mark.parametrize(
    "place",
    ["jupyterlab", pytest.param("notebook", marks=pytest.mark.slow), pytest.param("voila", marks=pytest.mark.slow)],
    indirect=True,
)
def test_the_empty_pad_says_what_to_do(pad):
    assert pad.state == "empty"
    assert (pad.answer, pad.percents, pad.preview.max()) == ("", [0] * 10, 0)
    expect(pad.root.locator(".answer")).to_contain_text("Draw a digit")
    pad.draw([BAR])
    assert pad.state == "sure"
    assert pad.preview.max() > 200
    expect(pad.root.locator(".answer .spoken")).to_have_text(re.compile("^1, "))  # by a screen reader
    pad.clear()
    assert (pad.state, pad.answer, pad.percents, pad.preview.max()) == ("empty", "", [0] * 10, 0)
