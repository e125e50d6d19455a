"""How the canvas looks in each host: its themes, a narrow screen, and what axe-core finds. Screenshots are kept."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from helpers.classifier.inside import plan
from tests.tools.pad import WAIT, Pad
from tests.tools.places import SCREENSHOTS

pytestmark = pytest.mark.slow

BRIGHTNESS = """(element, property) => {
  const context = document.createElement("canvas").getContext("2d");
  context.fillStyle = getComputedStyle(element)[property];
  context.fillRect(0, 0, 1, 1);
  const [red, green, blue, alpha] = context.getImageData(0, 0, 1, 1).data;
  return alpha < 255 ? null : (red + green + blue) / 3 / 255;
}"""
WIDER_THAN_ITS_PLACE = """root => {
  const wide = [...root.querySelectorAll("*")].filter((each) => each.getBoundingClientRect().right > innerWidth + 1);
  const scrolls = [];
  for (let each = root; each; each = each.parentElement) {
    const free = each === document.documentElement || ["auto", "scroll"].includes(getComputedStyle(each).overflowX);
    if (free && each.scrollWidth > each.clientWidth + 1) scrolls.push(each);
  }
  return [...wide, ...scrolls].map((each) => each.outerHTML.slice(0, 100));
}"""


@pytest.fixture(params=["light", "dark"])
def theme(request, pad_page, place):
    place.set_dark(pad_page, request.param == "dark")
    yield request.param
    place.set_dark(pad_page, False)


def test_follows_the_theme_and_is_accessible(pad, place, theme, pen_digits):
    assert violations(pad) == []
    pad.draw(pen_digits[7][1])
    inside = pad.root.locator(".inside")
    inside.locator("summary").click()
    expect(inside.locator(".layer")).to_have_count(len(plan("dropout-cnn")), timeout=WAIT)
    inside.locator(".layer[data-layer=conv2] > canvas").click()
    expect(inside.locator(".unit .window")).to_have_count(3, timeout=WAIT)
    pad.surface.scroll_into_view_if_needed()
    pad.screenshot(SCREENSHOTS / f"{place.name}-{theme}.png")
    inside.screenshot(path=SCREENSHOTS / f"xray-{place.name}-{theme}.png")
    found = violations(pad)
    inside.get_by_role("button", name="Close").click()
    inside.locator("summary").click()
    pad.settle()
    assert found == []
    paper, ink = brightness(pad, ".paper", "backgroundColor"), brightness(pad, ".ink", "stroke")
    assert (paper > 0.8 and ink < 0.3) if theme == "light" else (paper < 0.2 and ink > 0.7)


def test_fits_a_screen_of_360_pixels(phone, place, pen_digits):
    phone.draw(pen_digits[4][1])
    phone.surface.scroll_into_view_if_needed()
    phone.screenshot(SCREENSHOTS / f"{place.name}-phone.png")
    assert phone.root.evaluate(WIDER_THAN_ITS_PLACE) == []
    assert phone.surface.bounding_box()["width"] >= 200  # still a place to draw on
    for button in phone.root.locator("button:visible").all():
        assert button.bounding_box()["height"] >= 40  # of a finger's size
    assert violations(phone) == []


def violations(pad: Pad) -> list:
    """What axe-core finds in the canvas that keeps somebody out."""
    results = Axe().run(pad.page, context=".digit-canvas")
    assert results.response["passes"], "nothing was looked at"
    return [
        (each["id"], each["impact"], [node["html"] for node in each["nodes"]])
        for each in results.response["violations"]
        if each["impact"] in ("serious", "critical")
    ]


def brightness(pad: Pad, selector: str, colour: str) -> float:
    """0 for black to 1 for white."""
    return pad.root.locator(selector).evaluate(BRIGHTNESS, colour)
