"""A canvas on a page, with the hands that draw on it, the mouse's and fingers, and the eyes that look at it."""

import json
from pathlib import Path

import numpy as np
from playwright.sync_api import Locator

SETTLED = """({dataset, ariaBusy}) =>
  ariaBusy === "false" && ["empty", "sure", "unsure", "error"].includes(dataset.state)"""
WAIT = 60_000  # ms: a slow machine starts a kernel and imports MXNet in that time
POINTS = 16  # a stroke is drawn with about so many: each costs the test a few milliseconds


class Pad:
    """`root` is the canvas's `.digit-canvas`; what is drawn is in units of its pad, 0..1, as Python's strokes are."""

    def __init__(self, root: Locator):
        self.root = root
        self.page = root.page
        self.surface = root.locator("svg.pad")
        self.ink = root.locator("svg.pad .ink path")

    def places(self, *points) -> list[tuple[float, float]]:
        """Where on the page points of the pad are, in CSS pixels. They may lie outside the pad."""
        box = self.surface.bounding_box()
        return [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in points]

    def press(self, point) -> None:
        self.surface.scroll_into_view_if_needed()
        self.move(point)
        self.page.mouse.down()

    def move(self, *points) -> None:
        for place in self.places(*points):
            self.page.mouse.move(*place)

    def release(self) -> None:
        self.page.mouse.up()

    def draw(self, strokes) -> str:
        """Draw with the mouse; return the state once the answer to this drawing is on the screen."""
        for stroke in strokes:
            first, *rest = thinned(stroke)
            self.press(first)
            self.move(*rest)
            self.release()
        return self.settle()

    def click(self, selector: str) -> str:
        self.root.locator(selector).click()
        return self.settle()

    def clear(self) -> None:
        if self.root.locator(".clear").is_enabled():
            self.click(".clear")
        self.settle()

    def settle(self) -> str:
        """Wait until what is on the screen belongs to what is on the pad; return the state."""
        self.page.wait_for_function(SETTLED, arg=self.root.element_handle(timeout=WAIT), timeout=WAIT)
        return self.state

    @property
    def state(self) -> str:
        return self.root.get_attribute("data-state")

    @property
    def answer(self) -> str:
        """What stands in big: a digit, "?" when the network is not sure, or "" while the pad is empty."""
        return self.root.locator(".answer .sign").inner_text()

    @property
    def percents(self) -> list[int]:
        """The ten bars."""
        bars = self.root.locator(".bar").all()
        return [int(bar.get_attribute("aria-valuenow")) for bar in bars]

    @property
    def preview(self) -> np.ndarray:
        """The pixels of the 28 x 28 picture as painted: (28, 28) uint8."""
        script = "canvas => [...canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data]"
        pixels = np.array(self.root.locator(".received").evaluate(script), np.uint8).reshape(28, 28, 4)
        assert (pixels[..., :3] == pixels[..., :1]).all(), "the picture is not grey"
        assert (pixels[..., 3] == 255).all(), "the picture is not opaque"
        return pixels[..., 0]

    def screenshot(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=path)


class Fingers:
    """Fingers on the screen: the browser is given touches, not events, so it scrolls where the page lets it."""

    def __init__(self, pad: Pad):
        self._pad = pad
        self._session = pad.page.context.new_cdp_session(pad.page)
        self.points = []

    def down(self, point) -> None:
        self.points.append(point)
        self.send("touchStart")

    def move(self, *points) -> None:
        """Move the first finger."""
        for point in points:
            self.points[0] = point
            self.send("touchMove")

    def up(self, finger: int = 0) -> None:
        del self.points[finger]
        self.send("touchEnd")

    def send(self, kind: str) -> None:
        touches = [{"x": x, "y": y, "id": number} for number, (x, y) in enumerate(self._pad.places(*self.points))]
        self._session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": touches})


class Stylus:
    """A pen on the pad of a tablet. Chromium makes pointer events of kind "pen" of it."""

    def __init__(self, pad: Pad):
        self._pad = pad
        self._session = pad.page.context.new_cdp_session(pad.page)

    def draw(self, stroke) -> None:
        first, *rest = stroke
        self.send("mousePressed", first)
        for point in rest:
            self.send("mouseMoved", point)
        self.send("mouseReleased", stroke[-1])

    def send(self, kind: str, point) -> None:
        self.send_at(kind, *self._pad.places(point)[0])

    def send_at(self, kind: str, x: float, y: float, button: str = "left") -> None:
        """The same at a place on the page."""
        down = {"button": button, "clickCount": 1, "pointerType": "pen"}
        held = 0 if kind == "mouseReleased" else {"left": 1, "right": 2}[button]
        self._session.send("Input.dispatchMouseEvent", {"type": kind, "x": x, "y": y, "buttons": held} | down)


def python_side(pad: Pad) -> dict:
    """What Python has of the canvas of probe.SEEN; the images as (28, 28) float32."""
    seen = json.loads(pad.page.locator(".python").inner_text())
    for name in ("image", "received"):
        seen[name] = np.frombuffer(bytes.fromhex(seen[name]), np.float32).reshape(28, 28)
    return seen


def thinned(stroke) -> list:
    """The stroke with fewer points, but with its first and its last one."""
    return [*stroke[: -1 : len(stroke) // POINTS + 1], stroke[-1]]
