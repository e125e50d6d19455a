"""From a picture of a digit to the image that MNIST would hold of it.

`to_ink` tells what of a picture is stroke, and what is paper, light, ruling, table, noise or dirt.

Chapter 5 and the command line.
"""

import cv2
import numpy as np
from PIL import Image

from helpers.base.arrays import as_picture
from helpers.base.errors import DigitsError
from helpers.drawing.field import centre_by_mass, fit_box
from helpers.drawing.groups import groups
from helpers.drawing.paper import from_around, from_border
from helpers.drawing.picture import from_pillow
from helpers.drawing.ruling import is_frame, ruling

LEAST_CONTRAST = 0.05  # a picture with less contrast than this share of the full range counts as empty

LEAST_INK = 0.1  # a pixel with less than this share of the strongest ink counts as background

HALF_LEVEL = 0.5 / 255  # what 8 bits cannot tell from the background

SPECK = 0.02  # a spot with less than this share of the largest stroke's area counts as dirt

PART = 0.1  # the same share for a part of a digit that was cut out

SMALL = 64  # pixels: a picture with a shorter side is a digit that was cut out, and no photo

WORKING = 480  # pixels along the longer side of a photo while its ink is looked for

SURE_INK = 0.4  # of a photo's strong ink: what has more is a stroke's

RIM = 0.2  # the same for the soft rim of a stroke, where grain was smoothed

CORE = 0.7  # the same for what is broader than a stroke, as the blot in which several meet

LINE_INK = 0.15  # of a photo's strong ink: what has more may be a printed line's

LEAST_DIGIT = 0.05  # of a photo's longer side: what is shorter is no digit

EDGE = 0.05  # of a cut-out digit's longer side: so near to all four edges of the picture its ink comes

BROADEST = 0.3  # of the same: a stroke is no broader

FULL = 0.95  # of a side of the picture: a stroke along it covers no more

BESIDE = 5  # pixels from a stroke its paper begins

LOOKS = 3  # at a photo: each takes away what reaches the border and is stronger than the digit


def to_mnist_from_image(picture) -> np.ndarray:
    """Return what MNIST would hold of this picture of one digit: (28, 28) float32 in 0..1, ink bright on 0.

    picture: any that `to_ink` takes, of any size. Raises DigitsError for what is no picture, for one without ink, and
    for one of several digits; `to_mnist_of_each` takes those.
    """
    images = to_mnist_of_each(picture)
    if len(images) > 1:
        fix = "cut it, or use to_mnist_of_each(picture)"
        raise DigitsError(f"expected a picture of one digit, got {len(images)} of them: {fix}")
    return images[0]


def to_mnist_of_each(picture) -> np.ndarray:
    """The same for each digit in a picture, from left to right: (N, 28, 28) float32 with N at least 1."""
    ink = to_ink(picture)
    if not ink.any():
        fix = "give dark ink on light paper, with a margin of paper around the digit"
        raise DigitsError(f"expected a picture of a digit, got one without ink: {fix}")
    return np.stack([_in_field(ink * group) for group in groups(ink > 0)])


def _in_field(ink: np.ndarray) -> np.ndarray:
    image = centre_by_mass(fit_box(ink))
    return image / image.max()  # a thin line fades as it shrinks, while every digit of MNIST reaches the full range


def to_ink(picture) -> np.ndarray:
    """Return the ink of a picture, (H, W) float32 in 0..1, on a background of exactly 0; all zeros where it has none.

    picture: an image of Pillow, or (H, W), (H, W, 1) grey, (H, W, 2) grey and alpha, (H, W, 3) colour or (H, W, 4)
    colour and alpha, in either order of colours and any range of numbers; see `helpers.base.arrays.as_picture`.
    Ink is what differs from the paper around it in any channel, dark or light, unless it is as faint as the paper's own
    unevenness, as small as a speck, as broad as a shadow, a printed line, or comes in from the border. Where all of
    the ink reaches the border, the picture is taken for a digit that was cut out.
    """
    pixels = _on_paper(as_picture(from_pillow(picture) if isinstance(picture, Image.Image) else picture))
    cutting = _ink_of_cutting(pixels)
    if min(pixels.shape[:2]) < SMALL or _fills_the_picture(cutting):
        return cutting
    ink = _ink_of_photo(pixels)
    if ink is not None:
        return ink
    return np.zeros_like(cutting) if _comes_in_broadly(cutting) else cutting


def _on_paper(pixels: np.ndarray) -> np.ndarray:
    """Lay a picture with alpha, the last of 2 or 4 channels, on white paper, or on black where white would hide it."""
    if pixels.shape[2] in (1, 3):
        return pixels
    colours = pixels[..., :-1]
    alpha = pixels[..., -1:]
    on_white = 1 - alpha * (1 - colours)
    return on_white if np.ptp(on_white) >= 0.25 else alpha * colours


def _ink_of_cutting(pixels: np.ndarray) -> np.ndarray:
    """The ink of a picture on even paper, whether or not it reaches the border."""
    ink, noise = from_border(pixels)
    peak = ink.max()
    if peak < max(LEAST_CONTRAST, 7 * noise):  # among all pixels of a picture chance reaches 5 to 6 standard deviations
        return np.zeros_like(ink)
    strokes = _grown(_without_specks(ink > max(LEAST_INK * peak, 4 * noise)))
    ink[~strokes | (ink < max(HALF_LEVEL, noise))] = 0
    return ink / ink.max()


def _fills_the_picture(ink: np.ndarray) -> bool:
    """Whether the ink (H, W) is a digit from edge to edge: lines, neither broad nor printed, that reach all four sides.

    A table or a shadow is broad, or fills a side; ruling is printed.
    """
    scale = min(1, WORKING / 2 / max(ink.shape))
    ink = cv2.resize(ink, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else ink
    mask = _without_specks(ink > SURE_INK, PART)
    longer = max(mask.shape)
    if not mask.any() or max(_margins(mask)) > EDGE * longer:
        return False
    full = max((side > LEAST_INK).mean() for side in _sides(ink))
    return _breadth(mask) <= BROADEST * longer and full < FULL and not _has_frame(mask) and not ruling(mask).any()


def _comes_in_broadly(ink: np.ndarray) -> bool:
    """Whether the ink (H, W) is a table, a shadow or a hand: it reaches the border, and is broader than strokes are.

    Or it lies along a whole side of the picture, and leaves another one empty.
    """
    mask = ink > SURE_INK
    longer = max(mask.shape)
    along = max(side.mean() for side in _sides(mask)) >= FULL and max(_margins(mask)) > EDGE * longer
    return along or (_breadth(mask) > BROADEST * longer and any(side.any() for side in _sides(mask)))


def _margins(mask: np.ndarray) -> tuple[int, ...]:
    """How far a mask with something in it stays from the top, the left, the bottom and the right of the picture."""
    rows, columns = np.nonzero(mask)
    return rows[0], columns.min(), mask.shape[0] - 1 - rows[-1], mask.shape[1] - 1 - columns.max()


def _sides(pixels: np.ndarray) -> tuple[np.ndarray, ...]:
    return pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]


def _breadth(mask: np.ndarray) -> float:
    """Of the broadest place of a mask, in pixels."""
    return 2 * float(cv2.distanceTransform(np.pad(mask, 1).astype(np.uint8), cv2.DIST_L2, 3).max())


def _has_frame(mask: np.ndarray) -> bool:
    _, labels = cv2.connectedComponents(mask.astype(np.uint8), connectivity=8)
    return any(is_frame(labels == label) for label in range(1, min(labels.max(), 20) + 1))


def _ink_of_photo(pixels: np.ndarray) -> np.ndarray | None:
    """The ink of a photo of a sheet, or None where none of it lies away from the border."""
    height, width = pixels.shape[:2]
    scale = min(1, WORKING / max(height, width))
    small = cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else pixels
    contrast, noise, broad = from_around(small.reshape(*small.shape[:2], -1))
    for _ in range(LOOKS):
        strong = contrast[contrast > max(LEAST_CONTRAST, 7 * noise)]
        if strong.size == 0:
            return None
        peak = float(np.percentile(strong, 90))
        contrast[_grown(ruling(contrast > max(LINE_INK * peak, 4 * noise)))] = 0
        sure = contrast > max(SURE_INK * peak, 5 * noise)
        inner = _of_digits(sure, broad)
        if inner.any():
            break
        contrast[_grown(sure)] = 0
    else:
        return None
    beside = _grown(inner, max(3, round(_breadth(inner))))
    core = CORE if noise > HALF_LEVEL else LEAST_INK
    contrast = np.where(beside & (broad > core * peak), np.maximum(broad, contrast), contrast)  # where lines meet
    rim = LEAST_INK if noise <= HALF_LEVEL else RIM
    near = beside & (contrast > max(rim * peak, 4 * noise))
    ink = np.where(_grown(near) & (contrast >= max(HALF_LEVEL, noise)), contrast, 0)
    full = np.percentile(contrast[inner], 90 if noise > HALF_LEVEL else 100)  # grain makes some of the ink darker
    ink = np.minimum(ink / full, 1).astype(np.float32)
    return cv2.resize(ink, (width, height), interpolation=cv2.INTER_LINEAR) if scale < 1 else ink


def _of_digits(mask: np.ndarray, broad: np.ndarray) -> np.ndarray:
    """The spots of a mask that may be a digit's: large enough, away from the border, no frame, and paper beside them.

    broad: the contrast (H, W) of all but the broadest things; it shows what a spot is only the rim of, as of a finger.
    """
    height, width = mask.shape
    _, labels, statistics, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    least = SPECK * statistics[1:, cv2.CC_STAT_AREA].max(initial=0)
    kept = np.zeros(len(statistics), bool)
    for label, (left, top, wide, high, area) in enumerate(statistics):
        touches = left == 0 or top == 0 or left + wide == width or top + high == height
        if label == 0 or touches or area < least:
            continue
        around = slice(max(0, top - BESIDE), top + high + BESIDE), slice(max(0, left - BESIDE), left + wide + BESIDE)
        spot = labels[around] == label
        kept[label] = not is_frame(spot) and _lies_on_paper(spot, broad[around])
    if statistics[kept, 2:4].max(initial=0) < LEAST_DIGIT * max(height, width):
        return np.zeros_like(mask)
    return _without_specks(kept[labels])


def _lies_on_paper(spot: np.ndarray, broad: np.ndarray) -> bool:
    """Whether what lies beside a spot is paper on nearly all sides, as beside a stroke."""
    ring = _grown(spot, BESIDE) & ~_grown(spot, BESIDE - 2)
    return (broad[ring] > 0.5 * np.median(broad[spot])).mean() < 0.25


def _without_specks(mask: np.ndarray, least: float = SPECK) -> np.ndarray:
    """Drop a mask's specks, spots with less than this share of the largest one's area."""
    _, labels, statistics, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    areas = statistics[:, cv2.CC_STAT_AREA]
    keep = areas >= least * areas[1:].max(initial=0)
    keep[0] = False  # label 0 is the background
    return keep[labels]


def _grown(mask: np.ndarray, pixels: int = 1) -> np.ndarray:
    """The mask and the pixels beside it: the soft rim of a line."""
    side = 2 * pixels + 1
    return cv2.dilate(mask.astype(np.uint8), np.ones((side, side), np.uint8)).astype(bool)
