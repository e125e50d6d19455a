"""The field of 28 x 28 that every digit comes to lie in: scale its ink to MNIST's box, centre it by its mass.

The makers of MNIST cut each digit out of its form, scaled it with its aspect kept until the longer side had 20 pixels,
and moved it in a field of 28 x 28 until its centre of mass was the middle (Y. LeCun, L. Bottou, Y. Bengio, P. Haffner:
"Gradient-based learning applied to document recognition", Proc. IEEE 86(11), 1998, section III.A).

"Ink" is an array (H, W) of float32 in 0..1, where 0 is the background and 1 the full stroke, as in MNIST.

Chapter 5, and the offline digits of all chapters.
"""

import cv2
import numpy as np

from helpers.base.errors import DigitsError

FIELD = 28  # side of an MNIST image, in pixels

BOX = 20  # longer side of the digit in it, in pixels

TIE = 1e-3  # of a pixel: more than sums of float32 are uncertain by


def fit_box(ink: np.ndarray, box: int = BOX) -> np.ndarray:
    """Cut the ink (H, W) out along its bounding box and scale it, aspect kept, until its longer side has `box` pixels.

    Returns (h, w) float32 with max(h, w) == box; ink without a single pixel above 0 gives (box, box) zeros.
    """
    digit = _cut_out(np.asarray(ink, dtype=np.float32))
    if digit.size == 0:
        return np.zeros((box, box), dtype=np.float32)
    longer = max(digit.shape)
    height, width = (max(1, round(side * box / longer)) for side in digit.shape)
    # The mean over each target pixel's area is the anti-aliasing of MNIST, but it cannot enlarge.
    interpolation = cv2.INTER_AREA if longer > box else cv2.INTER_LINEAR
    return cv2.resize(digit, (width, height), interpolation=interpolation)


def centre_by_mass(ink: np.ndarray, field: int = FIELD) -> np.ndarray:
    """Place the ink (h, w) in a field of zeros so that its centre of mass is in the middle.

    Returns (field, field) float32. The shift is by whole pixels, as in MNIST, where every centre of mass lies within
    half a pixel of row 14 and column 14; it stops at the field's edge, so no ink is ever lost. Raises DigitsError for
    ink that is longer than the field.
    """
    ink = np.asarray(ink, dtype=np.float32)
    digit = _cut_out(ink) if ink.ndim == 2 else ink
    if digit.ndim != 2 or max(digit.shape) > field:
        raise DigitsError(
            f"expected ink that fits a field of {field} x {field}, got shape {ink.shape}: use fit_box first"
        )
    height, width = digit.shape
    top = _offset(digit.sum(axis=1), field)
    left = _offset(digit.sum(axis=0), field)
    image = np.zeros((field, field), dtype=np.float32)
    image[top : top + height, left : left + width] = digit
    return image


def _cut_out(ink: np.ndarray) -> np.ndarray:
    """The ink (H, W) within its bounding box, (0, 0) where there is none."""
    rows = np.flatnonzero(ink.any(axis=1))
    columns = np.flatnonzero(ink.any(axis=0))
    if rows.size == 0:
        return ink[:0, :0]
    return ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def _offset(profile: np.ndarray, field: int) -> int:
    """Where a profile of masses has to start in the field to have its centre of mass at the index field // 2."""
    mass = profile.sum()
    if mass == 0:
        return 0
    # A symmetric digit has its centre between two pixels: TIE takes the same one however its sum was rounded.
    start = round(field // 2 - profile @ np.arange(profile.size) / mass + TIE)
    return int(np.clip(start, 0, field - profile.size))
