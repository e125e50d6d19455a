"""Letters to ask the networks about: none is a digit, and nothing is trained on them.

They are the capitals A to Z in four of A. V. Hershey's fonts of strokes (1967), which OpenCV 4 contains, as MNIST would
hold them. Many people write O, I, S and Z as they write 0, 1, 5 and 2, so no network can turn all of them away.
"""

from string import ascii_uppercase

import cv2
import numpy as np

from helpers.base.errors import DigitsError
from helpers.drawing import centre_by_mass, fit_box

FONTS = {
    "simplex": cv2.FONT_HERSHEY_SIMPLEX,
    "duplex": cv2.FONT_HERSHEY_DUPLEX,
    "complex": cv2.FONT_HERSHEY_COMPLEX,
    "script": cv2.FONT_HERSHEY_SCRIPT_SIMPLEX,
}
PEN = 14  # pixels, where a letter is about 110 high
SURE = 0.9  # an answer with a higher probability is one that nobody would doubt
ABOUT = f"A to Z in {len(FONTS)} Hershey fonts: share of the letters answered with a probability above {SURE}"


def hershey_letters() -> np.ndarray:
    """The images of the letters, A to Z in one font after the other: (104, 1, 28, 28) float32 in 0..1.

    Raises DigitsError with OpenCV 5, which draws another font under the names of Hershey's.
    """
    images = [centre_by_mass(fit_box(_written(*each, PEN) / np.float32(255))) for each in _each()]
    return np.stack(images)[:, np.newaxis]


def hershey_strokes() -> list[list[np.ndarray]]:
    """The same letters as strokes, arrays (n, 2) of points (x, y): a pen that goes around lines of one pixel."""
    thin = [_written(*each, 1) for each in _each()]
    contours = [cv2.findContours(ink, cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)[0] for ink in thin]
    return [[contour[:, 0].astype(float) for contour in letter] for letter in contours]


def _each() -> list[tuple[str, int]]:
    return [(text, font) for font in FONTS.values() for text in ascii_uppercase]


def _written(text: str, font: int, pen: int) -> np.ndarray:
    """The ink of a letter, (240, 240) uint8."""
    if int(cv2.__version__.split(".")[0]) > 4:
        fix = 'pip install "opencv-python-headless<5"'
        raise DigitsError(f"expected Hershey's letters, which OpenCV 4 has, got OpenCV {cv2.__version__}: {fix}")
    ink = np.zeros((240, 240), np.uint8)
    kind = cv2.LINE_8 if pen == 1 else cv2.LINE_AA
    cv2.putText(ink, text, (60, 170), font, 5, 255, pen, kind)  # place, font, size, ink, width of the pen
    return ink
