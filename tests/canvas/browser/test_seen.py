"""What the page shows is what Python has: on two views of one canvas, in each host."""

import re

import numpy as np
import pytest
from playwright.sync_api import expect

from helpers.canvas.collection import read_collection
from helpers.classifier.inside import plan
from tests.tools.pad import WAIT, python_side
from tests.tools.places import in_jupyter

pytestmark = pytest.mark.slow

SEVEN = [[0.1, 0.1], [0.45, 0.1], [0.25, 0.6]]


@pytest.mark.parametrize("step", [None, "fit", "centre", "ink", "resize"])
def test_the_preview_is_what_the_network_receives(seen, step):
    pad = seen[0]
    pad.draw([SEVEN])
    usual = pad.preview
    try:
        if step:
            pad.click(f'.steps input[data-step="{step}"]')
            assert (pad.preview != usual).any()
        expect_python(pad, lambda python: (python["image"] == pad.preview / np.float32(255)).all())
        python = python_side(pad)
        assert np.array_equal(python["image"], python["received"])
        assert python["strokes"] == 1
        assert (str(python["answer"]) if python["answer"] is not None else "?") == pad.answer
    finally:
        if step:
            pad.click(f'.steps input[data-step="{step}"]')
    assert (pad.preview == usual).all()


def test_views_keep_in_step(seen):
    first, second = seen[:2]
    first.draw([SEVEN])
    assert alike(first, second)
    second.draw([[[0.6, 0.5], [0.9, 0.5]]])
    assert alike(first, second)
    expect(first.ink).to_have_count(2)
    second.click(".undo")
    assert alike(first, second)
    expect(first.ink).to_have_count(1)
    second.root.locator(".pen-width").fill("0.1")
    expect(first.root.locator(".pen-width")).to_have_value("0.1")
    first.root.locator(".pen-width").fill("0.06")
    first.click(".clear")
    assert alike(first, second)
    assert second.state == "empty"


def test_a_cell_draws_in_every_view(seen):
    first, second = seen[:2]
    first.page.get_by_role("button", name="Draw from Python").click()
    for pad in (first, second):
        expect(pad.ink).to_have_count(2)
        pad.settle()
    assert alike(first, second)
    expect_python(first, lambda python: (python["image"] == first.preview / np.float32(255)).all())
    first.click(".undo")
    expect(second.ink).to_have_count(0)


@in_jupyter  # the page of `make demo` shows no such button
def test_keeps_a_digit_with_its_label(seen, place):
    path = place.folder / "my_digits.json"
    before = len(read_collection(path))
    pad = seen[0]
    pad.draw([SEVEN])
    for count in (before + 1, before + 2):
        pad.root.locator(".keep-label").select_option("7")
        pad.root.locator(".keep").click()
        expect(pad.root.locator(".kept")).to_contain_text(f"{count} digit", timeout=WAIT)
    digits = read_collection(path)
    assert digits.labels[before:].tolist() == [7, 7]
    assert (digits.images[-1] == pad.preview).all()
    assert len(digits.strokes[-1]) == 1
    with np.load(path.with_suffix(".npz")) as arrays:
        assert (arrays["images"][-1] == pad.preview).all()


def test_shows_the_inside_of_the_network(seen):
    pad = seen[0]
    pad.draw([SEVEN])
    inside = pad.root.locator(".inside")
    assert not inside.locator(".layer").count()  # nothing is computed before somebody looks
    inside.locator("summary").click()
    try:
        expect(inside.locator(".layer")).to_have_count(len(plan("dropout-cnn")), timeout=WAIT)
        pixels = "canvas => [...canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data]"
        assert len(set(inside.locator(".saliency").evaluate(pixels))) > 10
        inside.locator(".layer[data-layer=relu2] > canvas").click()
        unit = inside.locator(".unit .equation")
        expect(unit).to_have_text(
            re.compile(r"^sum of 288 products .* \+ bias .*; relu2: the larger of 0 and "), timeout=WAIT
        )
        inside.locator(".layer[data-layer=relu4] > canvas").click()  # a unit that sees the whole drawing
        expect(unit).to_have_text(re.compile(r"^sum of 1,?152 products "), timeout=WAIT)
        before = unit.inner_text()
        pad.draw([[[0.1, 0.8], [0.9, 0.9]]])
        expect(unit).not_to_have_text(before, timeout=WAIT)
        inside.get_by_role("radio", name="3", exact=True).check()
        expect(inside.locator(".evidence")).to_contain_text("speaks for the 3", timeout=WAIT)
        inside.get_by_role("radio", name="its answer").check()
        inside.get_by_role("button", name="Close").click()
    finally:
        inside.locator("summary").click()
        pad.settle()


def test_shows_the_message_of_a_network_that_fails(seen):
    broken = seen[2]
    broken.clear()
    broken.draw([SEVEN])
    assert broken.state == "error"
    expect(broken.root.locator(".answer")).to_contain_text("out of ink")
    broken.clear()
    assert broken.state == "empty"


def test_compares_networks_and_says_when_one_is_not_sure(seen):
    several = seen[3]
    several.clear()
    several.draw([[[0.5, 0.2], [0.5, 0.8]]])
    networks = several.root.locator("[data-network]")
    assert [each.get_attribute("data-network") for each in networks.all()] == ["MLP", "LeNet", "Torn"]
    for network in networks.all():
        expect(network.locator(".bar")).to_have_count(10)
        expect(network.locator('.bar[data-digit="1"]')).to_have_class(re.compile("best"))
    assert (several.state, several.answer) == ("unsure", "?")
    expect(networks.last).to_contain_text("not sure: 1 or 7")
    several.clear()


def expect_python(pad, condition) -> None:
    """Python's label comes after the answer: wait for it."""
    for _ in range(WAIT // 100):
        if condition(python_side(pad)):
            return
        pad.page.wait_for_timeout(100)
    raise AssertionError(python_side(pad))


def alike(*pads) -> bool:
    """Whether all show the same, once each shows the newest drawing."""
    newest = max(int(pad.root.get_attribute("data-drawn")) for pad in pads)
    for pad in pads:
        expect(pad.root).to_have_attribute("data-seq", str(newest), timeout=WAIT)
        pad.settle()
    ink = [[path.get_attribute("d") for path in pad.ink.all()] for pad in pads]
    return all(
        (pad.state, pad.answer, pad.percents, each) == (pads[0].state, pads[0].answer, pads[0].percents, ink[0])
        and (pad.preview == pads[0].preview).all()
        for pad, each in zip(pads, ink, strict=True)
    )
