"""From any picture to its ink: what of it is stroke, and what is paper, light, noise or dirt."""

from pathlib import Path

import cv2
import numpy as np

from helpers.base.arrays import as_picture
from helpers.base.errors import DigitsError
from helpers.base.files import reason
from helpers.drawing.field import centre_by_mass, fit_box

FAINTEST = 0.05  # a picture with less contrast than this share of the full range counts as empty

FAINT = 0.1  # a pixel with less than this share of the strongest ink counts as background

HALF_LEVEL = 0.5 / 255  # what 8 bits cannot tell from the background

SPECK = 0.02  # a spot with less than this share of the largest stroke's area counts as dirt


def to_ink(picture: np.ndarray) -> np.ndarray:
    """Return the ink of a picture, (H, W) float32 in 0..1, on a background of exactly 0.

    picture: (H, W), (H, W, 1) grey, (H, W, 2) grey and alpha, (H, W, 3) colour or (H, W, 4) colour and alpha, in either
    order of colours; bool, integers, or float in 0..1. The border tells the background, dark or light; what differs
    from it in any channel is ink, unless it is as faint as the background's own unevenness or as small as a speck.
    """
    pixels = _on_paper(as_picture(picture))
    inks, noises = zip(*(_off_paper(channel) for channel in np.moveaxis(pixels, 2, 0)), strict=True)
    ink, noise = np.max(inks, axis=0), max(noises)
    peak = ink.max()
    if peak < max(FAINTEST, 7 * noise):  # among all pixels of a picture chance reaches 5 to 6 standard deviations
        return np.zeros_like(ink)
    strokes = _strokes(ink > max(FAINT * peak, 4 * noise))
    ink[~strokes | (ink < max(HALF_LEVEL, noise))] = 0
    return ink / ink.max()


def _on_paper(pixels: np.ndarray) -> np.ndarray:
    """Lay a picture with alpha, the last of 2 or 4 channels, on white paper, or on black where white would hide it."""
    if pixels.shape[2] in (1, 3):
        return pixels
    colours, alpha = pixels[..., :-1], pixels[..., -1:]
    on_white = 1 - alpha * (1 - colours)
    return on_white if np.ptp(on_white) >= 0.25 else alpha * colours


def _border(pixels: np.ndarray) -> np.ndarray:
    """The pixels along the four edges, (B, ...)."""
    return np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])


def _off_paper(channel: np.ndarray) -> tuple[np.ndarray, float]:
    """Return how far each pixel of a channel (H, W) is from its paper on the ink's side, dark or light, 0 on the other
    side; and the standard deviation of the paper.

    The paper is a surface of second degree, so light that falls off to a side or into the corners is part of it. It is
    fitted by least squares to the border, without the pixels there that a stroke runs through.
    """
    y, x = (np.linspace(-1, 1, side, dtype=np.float32) for side in channel.shape)
    y = y[:, np.newaxis]
    terms = [np.broadcast_to(term, channel.shape) for term in (np.float32(1), x, y, x * x, x * y, y * y)]

    border = _border(channel)
    away = np.abs(border - np.median(border))
    free = away <= 3 * np.median(away) + 1e-3
    known = np.stack([_border(term) for term in terms], axis=1)[free]
    # Where too few pixels tell, level paper is the best guess: the small penalty on all weights but the first.
    penalty = 1e-3 * len(known) * np.diag([0, 1, 1, 1, 1, 1])
    weights = np.linalg.solve(known.T @ known + penalty, known.T @ border[free]).astype(np.float32)

    difference = sum(weight * term for weight, term in zip(weights, terms, strict=True)) - channel
    noise = 1.4826 * float(np.median(np.abs(_border(difference))))  # the median deviation, scaled to a normal's sigma
    if difference.max() < -difference.min():
        difference = -difference
    return np.maximum(difference, 0), noise


def _strokes(mask: np.ndarray) -> np.ndarray:
    """Drop a mask's specks, spots far smaller than the largest, and add a pixel to the rest: the soft rim of a line."""
    _, labels, statistics, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    areas = statistics[:, cv2.CC_STAT_AREA]
    keep = areas >= SPECK * areas[1:].max(initial=0)
    keep[0] = False  # label 0 is the background
    return cv2.dilate(keep[labels].astype(np.uint8), np.ones((3, 3), np.uint8)).astype(bool)


# MERGED pictures: Read a picture file, PNG, JPEG and what else OpenCV knows.


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


def to_mnist_from_image(picture: np.ndarray) -> np.ndarray:
    """Return what MNIST would hold of this picture of one digit: (28, 28) float32 in 0..1, ink bright on 0.

    picture: any that `to_ink` takes, of any size. One without ink (empty, of one colour) gives all zeros.
    Raises DigitsError for an array that is no picture.
    """
    image = centre_by_mass(fit_box(to_ink(picture)))
    peak = image.max()
    # A thin line fades as it shrinks, while every digit of MNIST reaches the full range.
    return image / peak if peak > 0 else image
