"""Letters to ask the networks about: none is a digit, and nothing is trained on them.

They are the capitals A to Z in four of A. V. Hershey's fonts of strokes (1967), which OpenCV contains, as MNIST would
hold them. Many people write O, I, S and Z as they write 0, 1, 5 and 2, so no network can turn all of them away.
"""

from string import ascii_uppercase

import cv2
import numpy as np

from helpers.drawing import centre_by_mass, fit_box

FONTS = {
    "simplex": cv2.FONT_HERSHEY_SIMPLEX,
    "duplex": cv2.FONT_HERSHEY_DUPLEX,
    "complex": cv2.FONT_HERSHEY_COMPLEX,
    "script": cv2.FONT_HERSHEY_SCRIPT_SIMPLEX,
}
SURE = 0.9  # an answer with a higher probability is one that nobody would doubt
ABOUT = f"A to Z in {len(FONTS)} Hershey fonts: share of the letters answered with a probability above {SURE}"


def hershey_letters() -> np.ndarray:
    """The images of the letters, A to Z in one font after the other: (104, 1, 28, 28) float32 in 0..1."""
    return np.stack([_letter(text, font) for font in FONTS.values() for text in ascii_uppercase])[:, np.newaxis]


def _letter(text: str, font: int) -> np.ndarray:
    ink = np.zeros((240, 240), np.float32)
    cv2.putText(ink, text, (60, 170), font, 5, 1.0, 14, cv2.LINE_AA)  # place, font, size, ink, width of the pen
    return centre_by_mass(fit_box(ink))
