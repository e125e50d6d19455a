"""Ink and answers: mouse, finger and keyboard on the canvas of demo/draw.ipynb, in each host."""

import re

import pytest
from playwright.sync_api import expect

from tests.tools.pad import Fingers, Pad, Stylus, thinned

pytestmark = pytest.mark.slow

BAR = [[0.5, 0.2], [0.5, 0.8]]  # reads as a one
DASH = [[0.3, 0.5], [0.7, 0.5]]


def test_reads_real_digits_drawn_with_the_mouse(pad, pen_digits):
    wrong = []
    for label, strokes in pen_digits:
        pad.clear()
        pad.draw(strokes)
        if pad.answer != str(label):
            wrong.append((label, pad.answer, pad.percents))
        elif pad.state == "sure":
            assert pad.percents.index(max(pad.percents)) == label
    assert len(wrong) <= 1, wrong


def test_answers_while_the_pen_is_down(pad):
    pad.press(BAR[0])
    pad.move(*between(BAR))
    try:
        pad.settle()
        assert pad.answer == "1"
        assert pad.percents[1] > 60
    finally:
        pad.release()


def test_a_release_outside_the_pad_ends_the_stroke(pad):
    pad.press([0.5, 0.5])
    pad.move([0.5, 0.8], [0.5, 1.02], [1.02, 1.02])
    pad.release()
    pad.settle()
    ink = pad.ink.get_attribute("d")
    pad.move([0.9, 0.9], [0.1, 0.1])
    pad.settle()
    expect(pad.ink).to_have_count(1)
    assert pad.ink.get_attribute("d") == ink
    assert {"sure": "1", "unsure": "?"}.get(pad.state) is not None


def test_undo_redo_and_clear(pad):
    pad.draw([BAR])
    one = pad.preview
    pad.draw([DASH])
    two = pad.preview
    assert (one != two).any()
    for press, strokes, preview in [
        (".undo", 1, one),
        (".redo", 2, two),
        (".clear", 0, one * 0),
        (".undo", 2, two),
        (".undo", 1, one),
        (".undo", 0, one * 0),
        (".redo", 1, one),
    ]:
        pad.click(press)
        expect(pad.ink).to_have_count(strokes)
        assert (pad.preview == preview).all(), press
    pad.draw([DASH])
    expect(pad.root.locator(".redo")).to_be_disabled()  # a new stroke leaves nothing to go forward to


def test_draws_by_the_keyboard(seen):
    """In a notebook of several cells, where Jupyter has its own use for most of these keys."""
    pad = seen[0]
    pad.surface.focus()
    keys = pad.page.keyboard
    keys.press("Space")
    for _ in range(20):
        keys.press("ArrowDown")
    pad.settle()
    keys.press("Enter")
    keys.press("ArrowRight")  # the pen is up
    pad.settle()
    expect(pad.ink).to_have_count(1)
    assert pad.answer == "1", pad.ink.get_attribute("d")
    for key, strokes in [("Control+z", 0), ("Control+Shift+Z", 1), ("Control+z", 0), ("Control+y", 1), ("Escape", 0)]:
        keys.press(key)
        pad.settle()
        expect(pad.ink).to_have_count(strokes)
    expect(pad.surface).to_be_focused()


def test_the_controls_work_by_the_keyboard(seen):
    pad = seen[0]
    pad.draw([BAR])
    for button, strokes in [("undo", 0), ("redo", 1), ("clear", 0)]:
        pad.root.locator(f".{button}").press("Enter")
        pad.settle()
        expect(pad.ink).to_have_count(strokes)
    pen, centre = pad.root.locator(".pen-width"), pad.root.locator('.steps input[data-step="centre"]')
    for control, key in [(pen, "ArrowUp"), (pen, "ArrowDown"), (centre, "Space"), (centre, "Space")]:
        control.press(key)
        pad.settle()
        expect(control).to_be_focused()
    expect(pen).to_have_value("0.06")
    expect(centre).to_be_checked()


def test_the_pen_is_as_wide_as_it_is_set(pad):
    pad.draw([BAR])
    image = pad.preview

    def width():
        return pad.root.locator(".ink").evaluate("ink => parseFloat(getComputedStyle(ink).strokeWidth)")

    before = width()
    slider = pad.root.locator(".pen-width")
    value = slider.input_value()
    slider.fill("0.14")
    assert width() > before
    pad.settle()
    assert (pad.preview == image).all()  # the network's ink is always of one width
    slider.fill(value)
    pad.settle()


def test_draws_with_a_finger(phone, pen_digits):
    """A second finger adds nothing, and the page stays where it is."""
    touch = Fingers(phone)
    right = 0
    chosen = pen_digits[::4]
    for label, strokes in chosen:
        phone.clear()
        phone.surface.scroll_into_view_if_needed()
        at = scrolled(phone)
        for stroke in strokes:
            first, *rest = thinned(stroke)
            touch.down(first)
            touch.move(*rest)
            touch.up()
        phone.settle()
        assert scrolled(phone) == at
        expect(phone.ink).to_have_count(len(strokes))
        right += phone.answer == str(label)
    assert right >= len(chosen) - 1


def test_a_second_finger_is_ignored(phone):
    phone.surface.scroll_into_view_if_needed()
    touch = Fingers(phone)
    at = scrolled(phone)
    touch.down([0.5, 0.2])
    touch.move(*between([[0.5, 0.2], [0.5, 0.5]]))
    touch.down([0.2, 0.3])
    for y in (0.4, 0.6, 0.8):
        touch.points = [[0.5, 0.2 + y / 2], [0.2, y]]
        touch.send("touchMove")
    touch.up(1)
    touch.move([0.5, 0.8])
    touch.up()
    phone.settle()
    expect(phone.ink).to_have_count(1)
    assert phone.answer == "1"
    assert scrolled(phone) == at
    horizontal = [float(x) for x in re.findall(r"([\d.]+) [\d.]+", phone.ink.get_attribute("d"))]
    assert max(horizontal) - min(horizontal) < 10  # of 1000: nothing of the other finger


def test_a_pen_takes_the_pad_from_a_hand(phone):
    """The hand lies on the glass before the pen comes down, and stays there. No test before this one has a pen."""
    phone.clear()
    phone.surface.scroll_into_view_if_needed()
    hand, pen = Fingers(phone), Stylus(phone)
    hand.down([0.3, 0.2])  # draws the upper bar of a 7
    hand.move(*between([[0.3, 0.2], [0.7, 0.2]]))
    hand.up()
    hand.down([0.8, 0.9])
    hand.move([0.82, 0.92])
    pen.draw([[0.7, 0.2], *between([[0.7, 0.2], [0.45, 0.8]])])
    hand.move([0.85, 0.95])
    hand.up()
    phone.settle()
    expect(phone.ink).to_have_count(2)
    for left in (1, 0):  # the stroke that was taken back is no step on the way back
        phone.click(".undo")
        expect(phone.ink).to_have_count(left)


def test_a_hand_leaves_no_dot_between_two_strokes_of_a_pen(phone):
    phone.clear()
    phone.surface.scroll_into_view_if_needed()
    hand, pen = Fingers(phone), Stylus(phone)
    pen.draw([[0.3, 0.2], *between([[0.3, 0.2], [0.7, 0.2]])])
    hand.down([0.9, 0.9])
    hand.up()
    pen.draw([[0.7, 0.2], *between([[0.7, 0.2], [0.45, 0.8]])])
    hand.down([0.8, 0.9])
    hand.move([0.7, 0.9])
    hand.up()
    phone.settle()
    expect(phone.ink).to_have_count(2)


def test_a_finger_draws_where_no_pen_is(phone):
    """A pen of long ago does not keep a finger from drawing."""
    phone.clear()
    phone.surface.scroll_into_view_if_needed()
    pen, finger = Stylus(phone), Fingers(phone)
    pen.draw([[0.5, 0.2], *between([[0.5, 0.2], [0.5, 0.8]])])
    phone.settle()
    phone.clear()
    phone.page.wait_for_timeout(10_500)  # as long as a pen is taken to be at hand
    phone.surface.scroll_into_view_if_needed()
    finger.down([0.5, 0.2])
    finger.move(*between([[0.5, 0.2], [0.5, 0.8]]))
    finger.up()
    phone.settle()
    expect(phone.ink).to_have_count(1)


def test_a_pen_opens_no_menu_anywhere_on_the_canvas(phone):
    pen = Stylus(phone)
    phone.page.evaluate(
        "addEventListener('contextmenu', (event) => setTimeout(() => {"
        " (window.menus ??= []).push([event.pointerType, event.defaultPrevented]); }), true)"
    )
    places = (".pad", ".received", ".tools")
    for place in places:
        part = phone.root.locator(place)
        part.scroll_into_view_if_needed()
        box = part.bounding_box()
        middle = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        pen.send_at("mousePressed", *middle, button="right")
        pen.send_at("mouseReleased", *middle, button="right")
    phone.page.wait_for_function(f"window.menus?.length >= {len(places)}")
    assert phone.page.evaluate("window.menus") == [["pen", True]] * len(places)


def between(stroke, steps: int = 8) -> list:
    """Points on the way from the first point of a line to the second."""
    (x0, y0), (x1, y1) = stroke
    return [[x0 + (x1 - x0) * step / steps, y0 + (y1 - y0) * step / steps] for step in range(1, steps + 1)]


def scrolled(pad: Pad) -> list:
    """How far everything around the pad is scrolled."""
    script = "for (; each; each = each.parentElement) all.push(each.scrollLeft, each.scrollTop)"
    return pad.surface.evaluate(f"each => {{ const all = []; {script}; return all; }}")


# Scribbles 12,000 points in one stroke, as one event that stands for all of them.
SCRIBBLE = """pad => {
  const box = pad.getBoundingClientRect();
  const at = (name, x, y) => new PointerEvent(name, { pointerId: 1, isPrimary: true, bubbles: true, buttons: 1,
    clientX: box.left + x * box.width, clientY: box.top + y * box.height });
  pad.setPointerCapture = () => {};
  pad.dispatchEvent(at("pointerdown", 0.5, 0.5));
  const points = [...Array(12_000).keys()].map((i) => at("pointermove", 0.4 + 0.2 * (i % 2), 0.1234 + i / 20_000));
  const move = at("pointermove", 0.5, 0.5);
  move.getCoalescedEvents = () => points;
  pad.dispatchEvent(move);
  pad.dispatchEvent(at("pointerup", 0.5, 0.5));
  delete pad.setPointerCapture;
}"""


def test_a_full_pad_is_read_and_says_so(pad):
    """The demo refuses larger messages, so the pad takes no more than it would send."""
    pad.surface.evaluate(SCRIBBLE)
    assert pad.settle() in ("sure", "unsure")
    assert pad.ink.get_attribute("d").count(" ") > 19_000
    hint = pad.root.locator(".hint")
    expect(hint).to_have_text("The pad is full: clear it to draw on")
    before = pad.preview
    pad.draw([BAR])
    expect(pad.ink).to_have_count(1)
    assert (pad.preview == before).all()
    pad.clear()
    expect(hint).to_be_empty()
    pad.draw([BAR])
    assert pad.answer == "1"
