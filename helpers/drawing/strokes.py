"""From the strokes of a pen to the image that MNIST would hold of them.

Strokes are a list with an array (n, 2) float64 of points (x, y) for each time the pen was down, x to the right and y
down. They come in units of the pad, 0..1 along each side, and are drawn in pixels of the field, 0..28, where pixel
(row, column) covers y in row..row + 1 and x in column..column + 1.

Chapter 5, the canvas and the demo.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from helpers.base.errors import DigitsError
from helpers.drawing.field import BOX, FIELD, centre_by_mass

PEN_WIDTH = 0.06  # of a pen's ink on the pad, as a share of the pad's side

INK_WIDTH = 2.5  # of a stroke in the image, in pixels: the median over MNIST's training images

SMALLEST = 0.05  # of the pad: what is smaller is a dot or a slip of the pen, and is not enlarged any further

SUBPIXELS = 14  # along each side of a pixel: 2.5 pixels of ink are 35 of them, an odd number as `draw_pixels` needs it

FRACTION_BITS = 8  # of a coordinate that OpenCV draws at

FAR = 100.0  # pads: no pen gets there, and OpenCV's integers hold it

PAD_PIXELS = 280  # side of the pads that are plainly resized

Strokes = Sequence[np.ndarray]


@dataclass(frozen=True)
class Steps:
    """What `to_mnist` does with strokes; each step can be left out to see what it is good for.

    fit: the digit fills the box of 20 pixels (else the whole pad becomes the field); centre: by the ink's mass; ink: of
    one width in the image (else the pen's, scaled along); resize: none of these, but `plain_resize`.
    """

    fit: bool = True
    centre: bool = True
    ink: bool = True
    resize: bool = False


def to_mnist(strokes: Sequence, pen: float = PEN_WIDTH, steps: Steps = Steps()) -> np.ndarray:
    """Return what MNIST would hold of a drawing: (28, 28) float32 in 0..1, whole 255ths, ink bright on 0.

    strokes: a list of lists of points [x, y] in 0..1, x to the right, y down, one list for each time the pen was down.
    pen: the width of the ink on the pad, as a share of its side; it has no effect on the image unless `steps` says so.
    With all steps the same digit gives the same image at any place and in any size from 5 % of the pad. A drawing
    without points gives all zeros. Raises DigitsError for anything but strokes, and for a pen without a width.
    """
    if not 0 < pen <= 1:
        raise DigitsError(
            f"expected a pen's width above 0 and at most 1, got {pen}: give a share of the pad's side, as 0.06"
        )
    strokes = as_strokes(strokes)
    if steps.resize:
        return plain_resize(strokes, pen)
    if steps.fit:
        strokes, width = fit_strokes(strokes, None if steps.ink else pen)
    else:
        strokes = to_field(strokes)
        width = INK_WIDTH if steps.ink else pen * FIELD
    image = draw_ink(strokes, width)
    return centre_by_mass(image) if steps.centre else image


def as_strokes(strokes: Sequence) -> list[np.ndarray]:
    """Return a list of arrays (n, 2) float64, n > 0, one per stroke that has a point.

    Points that are not finite numbers are left out, those farther than 100 pads away are brought to that distance.
    Raises DigitsError for anything but a list of lists of points [x, y].
    """
    if isinstance(strokes, (str, bytes, dict)) or not hasattr(strokes, "__len__"):
        raise _no_strokes(type(strokes).__name__)
    arrays = []
    for number, stroke in enumerate(strokes):
        try:
            points = np.asarray(stroke, dtype=np.float64)
        except (TypeError, ValueError, OverflowError):  # the last for whole numbers of 300 digits and more
            raise _no_strokes(f"something else in stroke {number}") from None
        if points.size == 0:
            continue
        if points.ndim != 2 or points.shape[1] != 2:
            raise _no_strokes(f"stroke {number} of shape {points.shape}")
        points = points[np.isfinite(points).all(axis=1)]
        if len(points):
            arrays.append(np.clip(points, -FAR, FAR))
    return arrays


def _no_strokes(given: str) -> DigitsError:
    wanted = "strokes, a list of lists of points [x, y] in 0..1"
    return DigitsError(f"expected {wanted}, got {given}: give one list of shape (n, 2) for each time the pen was down")


def to_field(strokes: Strokes) -> list[np.ndarray]:
    """Scale strokes from units of the pad to pixels of the field: the whole pad becomes the whole field."""
    return [stroke * FIELD for stroke in strokes]


def fit_strokes(strokes: Strokes, pen: float | None = None) -> tuple[list[np.ndarray], float]:
    """Scale strokes, their aspect kept, until the longer side of the ink has 20 pixels, in the middle of the field.

    strokes: in units of the pad. pen: the width of the ink on the pad, which is then scaled along; without it the ink
    is 2.5 pixels wide at any scale. Returns the strokes in pixels and the width of their ink in pixels.
    """
    points = np.concatenate(strokes) if len(strokes) else np.zeros((1, 2))
    low = points.min(axis=0)
    high = points.max(axis=0)
    longer = max(*(high - low), SMALLEST)
    scale = (BOX - INK_WIDTH) / longer if pen is None else BOX / (longer + pen)
    middle = (low + high) / 2
    width = INK_WIDTH if pen is None else pen * scale
    return [(stroke - middle) * scale + FIELD / 2 for stroke in strokes], width


def draw_ink(strokes: Strokes, width: float) -> np.ndarray:
    """Draw strokes (in pixels of the field) with a round pen: (28, 28) float32, the share of each pixel that is inked.

    width: of the ink, in pixels. Each value is a whole number of 255ths, as in MNIST.
    """
    fine = draw_pixels([stroke * SUBPIXELS for stroke in strokes], FIELD * SUBPIXELS, width * SUBPIXELS)
    return cv2.resize(fine, (FIELD, FIELD), interpolation=cv2.INTER_AREA).astype(np.float32) / 255


def draw_pixels(strokes: Strokes, side: int, width: float) -> np.ndarray:
    """Draw strokes (in pixels) with a round pen in black and white: (side, side) uint8 of 0 and 255.

    width: of the ink, in pixels; since the pen's middle is a pixel's middle, the nearest odd number is drawn.
    """
    picture = np.zeros((side, side), np.uint8)
    lines = []
    for stroke in strokes:
        points = np.round((stroke - 0.5) * 2**FRACTION_BITS).astype(np.int32)  # OpenCV counts from a pixel's middle
        lines.append(points if len(points) > 1 else np.repeat(points, 2, axis=0))  # it draws no line of one point
    if lines:
        thickness = max(1, 2 * round((width - 1) / 2))  # of an even thickness OpenCV draws one pixel more
        cv2.polylines(picture, lines, False, 255, thickness, cv2.LINE_8, FRACTION_BITS)
    return picture


def plain_resize(strokes: Sequence[np.ndarray], pen: float = PEN_WIDTH) -> np.ndarray:
    """Draw strokes (in units of the pad) on a pad of 280 x 280 pixels and resize it to 28 x 28, as many tutorials do.

    Returns (28, 28) float32 in 0..1. The digit stays as small and as far off as it was drawn.
    """
    pad = draw_pixels([stroke * PAD_PIXELS for stroke in strokes], PAD_PIXELS, pen * PAD_PIXELS)
    return cv2.resize(pad, (FIELD, FIELD)).astype(np.float32) / 255
