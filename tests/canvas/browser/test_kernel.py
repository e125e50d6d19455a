"""The canvas and its kernel: busy with a cell, restarted, gone."""

import os
import re
import signal

import pytest
from playwright.sync_api import Page, expect

from tests.tools.pad import WAIT, Pad
from tests.tools.places import DESKTOP, in_jupyter, on_the_demo, open_page, run_cell

BAR = [[0.5, 0.2], [0.5, 0.8]]
pytestmark = pytest.mark.slow

WITHIN = 2000  # ms in which a canvas says that it has lost its kernel


@pytest.fixture(scope="package")
def work_page(chromium, printed, place):
    """probe.WORK and probe.TRAIN, of which nothing runs yet."""
    with open_page(chromium, printed, **DESKTOP) as page:
        place.open(page, "work.ipynb", run=False)
        yield page


@in_jupyter
def test_answers_while_a_cell_trains(work_page, place, pen_digits):
    """20 digits are drawn, each is answered before the cell is done, and the training is none the worse for it."""
    pad = new_canvas(work_page)
    run_cell(work_page, 1)
    prompt = work_page.locator(".jp-CodeCell").nth(1).locator(".jp-InputPrompt").first
    expect(prompt).to_have_text("[*]:")
    right = 0
    for label, strokes in pen_digits:
        pad.clear()
        pad.draw(strokes)
        expect(prompt).to_have_text("[*]:")
        right += pad.answer == str(label)
    (place.folder / "stop").touch()
    output = work_page.locator(".jp-CodeCell").nth(1).locator(".jp-OutputArea-output", has_text="fits, the last")
    expect(output).to_be_visible(timeout=WAIT)
    fits, accuracy = re.search(r"(\d+) fits, .* (0\.\d+)", output.inner_text()).groups()
    assert right >= 19
    assert int(fits) >= 1
    assert float(accuracy) > 0.8


@in_jupyter
def test_says_that_its_kernel_was_restarted_and_works_again(work_page):
    pad = new_canvas(work_page)
    pad.draw([BAR])
    work_page.locator('jp-button[data-command="notebook:restart-kernel"]').click()
    work_page.locator(".jp-Dialog").locator(".jp-mod-accept").click()
    expect_lost(pad)
    expect(work_page.locator(".jp-Notebook-ExecutionIndicator")).to_have_attribute("data-status", "idle", timeout=WAIT)
    pad.press(BAR[0])
    pad.move(BAR[1])
    pad.release()
    expect_lost(pad)  # still, and it does not pretend to read
    pad = new_canvas(work_page)
    pad.draw([BAR])
    assert pad.answer == "1"


@on_the_demo
def test_says_that_its_kernel_has_died_and_works_again(chromium, printed, place):
    with open_page(chromium, printed, **DESKTOP) as page:
        before = place.demo.kernels()
        place.open(page, "draw.ipynb")
        pad = Pad(page.locator(".digit-canvas"))
        pad.draw([BAR])
        [kernel] = set(place.demo.kernels()) - set(before)
        os.kill(kernel, signal.SIGKILL)
        expect(pad.root).to_have_attribute("data-state", "lost", timeout=WAIT)  # the server looks every few seconds
        page.get_by_role("alert").get_by_role("link", name="Start again").click(timeout=WAIT)
        pad = Pad(page.locator(".digit-canvas"))
        pad.draw([BAR])
        assert pad.answer == "1"


def new_canvas(page: Page) -> Pad:
    """The canvas that the notebook's first cell makes, run anew."""
    prompt = page.locator(".jp-CodeCell").nth(0).locator(".jp-InputPrompt").first
    before = prompt.inner_text()
    run_cell(page, 0)
    expect(prompt).not_to_have_text(before)
    expect(prompt).to_have_text(re.compile(r"\[\d+\]"), timeout=WAIT)
    pad = Pad(page.locator(".digit-canvas"))
    expect(pad.root).to_have_attribute("data-state", "empty", timeout=WAIT)
    return pad


def expect_lost(pad: Pad) -> None:
    expect(pad.root).to_have_attribute("data-state", "lost", timeout=WITHIN)
    expect(pad.root.locator(".hint:visible")).to_contain_text("lost its kernel")
