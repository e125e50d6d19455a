"""From a drawing or a picture of a digit to the 28 x 28 image that the makers of MNIST would have made of it.

They cut the digit out of its form, scaled it with its aspect kept until the longer side had 20 pixels, and moved it in
a field of 28 x 28 until its centre of mass was the middle (Y. LeCun, L. Bottou, Y. Bengio, P. Haffner: "Gradient-based
learning applied to document recognition", Proc. IEEE 86(11), 1998, section III.A). A network that has learnt from MNIST
reads other digits well only after the same steps:

    strokes -> fit_strokes -> draw_ink -> centre_by_mass -> image (28, 28)
    picture -> to_ink -> fit_box -> centre_by_mass -> image (28, 28)

"Ink" is an array (H, W) of float32 in 0..1, where 0 is the background and 1 the full stroke, as in MNIST.
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
    height, width = digit.shape
    longer = max(height, width)
    size = max(1, round(width * box / longer)), max(1, round(height * box / longer))  # OpenCV wants (width, height)
    # The mean over each target pixel's area is the anti-aliasing of MNIST; it knows no way to enlarge.
    return cv2.resize(digit, size, interpolation=cv2.INTER_AREA if longer > box else cv2.INTER_LINEAR)


def centre_by_mass(ink: np.ndarray, field: int = FIELD) -> np.ndarray:
    """Place the ink (h, w) in a field of zeros so that its centre of mass is in the middle.

    Returns (field, field) float32. The shift is by whole pixels, as in MNIST, where every centre of mass lies within
    half a pixel of row 14 and column 14; it stops at the field's edge, so no ink is ever lost. Raises DigitsError for
    ink that is longer than the field.
    """
    ink = np.asarray(ink, dtype=np.float32)
    digit = _cut_out(ink) if ink.ndim == 2 else ink
    if digit.ndim != 2 or max(digit.shape) > field:
        raise DigitsError(f"ink of shape {ink.shape} does not fit a field of {field} x {field}: use fit_box first")
    image = np.zeros((field, field), dtype=np.float32)
    top, left = (_offset(digit.sum(axis=axis), field) for axis in (1, 0))
    image[top : top + digit.shape[0], left : left + digit.shape[1]] = digit
    return image


def _cut_out(ink: np.ndarray) -> np.ndarray:
    """The ink (H, W) within its bounding box, (0, 0) where there is none."""
    rows, columns = (np.flatnonzero(ink.any(axis=axis)) for axis in (1, 0))
    return ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] if rows.size else ink[:0, :0]


def _offset(profile: np.ndarray, field: int) -> int:
    """Where a profile of masses has to start in the field to have its centre of mass at the index field // 2."""
    mass = profile.sum()
    if mass == 0:
        return 0
    # A symmetric digit has its centre between two pixels: TIE takes the same one however its sum was rounded.
    start = round(field // 2 - profile @ np.arange(profile.size) / mass + TIE)
    return int(np.clip(start, 0, field - profile.size))
