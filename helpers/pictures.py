"""Read a picture file, PNG, JPEG and what else OpenCV knows."""

from pathlib import Path

import cv2
import numpy as np

from helpers.errors import DigitsError
from helpers.files import reason


def read_picture(path: str | Path) -> np.ndarray:
    """Return the picture at `path` as `drawing.to_mnist_from_image` takes it: with its alpha, upright as it was taken.

    Raises DigitsError that names the file when it is missing, empty or no picture.
    """
    path = Path(path)
    try:
        content = np.frombuffer(path.read_bytes(), np.uint8)  # cv2.imread fails on names beyond ASCII on some systems
    except OSError as error:
        raise DigitsError(f"cannot read {path}: {reason(error)}") from error
    if content.size == 0:
        raise DigitsError(f"{path} is empty: give a PNG or JPEG file")
    picture = _decode(content, cv2.IMREAD_UNCHANGED)
    if picture is not None and (picture.ndim == 2 or picture.shape[2] == 3):
        # A camera notes how it was held. OpenCV turns the picture upright, but not together with IMREAD_UNCHANGED.
        picture = _decode(content, cv2.IMREAD_ANYDEPTH | cv2.IMREAD_ANYCOLOR)
    if picture is None:
        raise DigitsError(f"{path} is not a picture that can be read, or it is damaged: give a PNG or JPEG file")
    return picture


def _decode(content: np.ndarray, flags: int) -> np.ndarray | None:
    logging = cv2 if hasattr(cv2, "setLogLevel") else cv2.utils.logging  # as in OpenCV 4, as in 5
    level = logging.getLogLevel()
    logging.setLogLevel(0)  # what OpenCV would say of a damaged file comes in our own words
    try:
        return cv2.imdecode(content, flags)
    except cv2.error:  # a picture beyond OpenCV's limits of size
        return None
    finally:
        logging.setLogLevel(level)
