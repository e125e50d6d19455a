"""From a picture of a digit, a file or an array, to the image that MNIST would hold of it.

`to_ink` tells what of a picture is stroke, and what is paper, light, noise or dirt.

Chapter 5 and the command line.
"""

import struct
import warnings
from io import BytesIO
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from helpers.base.arrays import as_picture
from helpers.base.errors import DigitsError
from helpers.base.files import read_file
from helpers.drawing.field import centre_by_mass, fit_box

MOST_BYTES = 2**27  # of a file

MOST_PIXELS = 50 * 2**20  # of a picture; the cameras of most phones take 12 to 50 million

FORMATS = ("PNG", "JPEG", "BMP", "DIB", "TIFF", "WEBP", "GIF", "PPM")  # as Pillow names what OpenCV reads

ENOUGH_PIXELS = 2**24  # a picture with more is made smaller first: looking for ink takes 40 bytes for each

SMALLER = "make the picture smaller: 1,000 pixels along each side are plenty"

LEAST_CONTRAST = 0.05  # a picture with less contrast than this share of the full range counts as empty

LEAST_INK = 0.1  # a pixel with less than this share of the strongest ink counts as background

HALF_LEVEL = 0.5 / 255  # what 8 bits cannot tell from the background

SPECK = 0.02  # a spot with less than this share of the largest stroke's area counts as dirt


def read_picture(path: str | Path) -> np.ndarray:
    """Return the picture at `path` as `to_mnist_from_image` takes it: with its alpha, upright as it was taken.

    One of more than 16 million pixels comes smaller; what it claims to have is asked before anything is unpacked.
    Raises a DigitsError that names the file when it is missing, empty, not a picture or of more than 52 million pixels.
    """
    path = Path(path)
    content = read_file(path, MOST_BYTES, "a picture", SMALLER)
    if not content:
        raise DigitsError(f"expected a picture in {path}, got an empty file: give a PNG or JPEG file")
    width, height = _size(content)
    if width * height > MOST_PIXELS:
        found = f"{path}, which has more"
        raise DigitsError(
            f"expected a picture of at most {MOST_PIXELS / 1e6:.0f} million pixels, got {found}: {SMALLER}"
        )
    picture = _decode(content, cv2.IMREAD_UNCHANGED) if width else None
    if picture is not None and (picture.ndim == 2 or picture.shape[2] == 3):
        # A camera notes how it was held. OpenCV turns the picture upright, but not together with IMREAD_UNCHANGED.
        picture = None  # its memory is free before the next one takes some
        picture = _decode(content, cv2.IMREAD_ANYDEPTH | cv2.IMREAD_ANYCOLOR)
    if picture is None:
        found = "a file that is damaged or of another kind"
        raise DigitsError(f"expected a picture in {path}, got {found}: give a PNG or JPEG file")
    scale = (ENOUGH_PIXELS / (picture.shape[0] * picture.shape[1])) ** 0.5
    return cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else picture


def to_mnist_from_image(picture: np.ndarray) -> np.ndarray:
    """Return what MNIST would hold of this picture of one digit: (28, 28) float32 in 0..1, ink bright on 0.

    picture: any that `to_ink` takes, of any size. One without ink (empty, of one colour) gives all zeros.
    Raises DigitsError for an array that is not a picture.
    """
    image = centre_by_mass(fit_box(to_ink(picture)))
    peak = image.max()
    # A thin line fades as it shrinks, while every digit of MNIST reaches the full range.
    return image / peak if peak > 0 else image


def to_ink(picture: np.ndarray) -> np.ndarray:
    """Return the ink of a picture, (H, W) float32 in 0..1, on a background of exactly 0.

    picture: (H, W), (H, W, 1) grey, (H, W, 2) grey and alpha, (H, W, 3) colour or (H, W, 4) colour and alpha, in either
    order of colours; bool, integers, or float in 0..1. The border tells the background, dark or light; what differs
    from it in any channel is ink, unless it is as faint as the background's own unevenness or as small as a speck.
    """
    pixels = _on_paper(as_picture(picture))
    inks, noises = zip(*(_ink_and_noise(channel) for channel in np.moveaxis(pixels, 2, 0)), strict=True)
    ink = np.max(inks, axis=0)
    noise = max(noises)
    peak = ink.max()
    if peak < max(LEAST_CONTRAST, 7 * noise):  # among all pixels of a picture chance reaches 5 to 6 standard deviations
        return np.zeros_like(ink)
    strokes = _without_specks(ink > max(LEAST_INK * peak, 4 * noise))
    ink[~strokes | (ink < max(HALF_LEVEL, noise))] = 0
    return ink / ink.max()


def _on_paper(pixels: np.ndarray) -> np.ndarray:
    """Lay a picture with alpha, the last of 2 or 4 channels, on white paper, or on black where white would hide it."""
    if pixels.shape[2] in (1, 3):
        return pixels
    colours = pixels[..., :-1]
    alpha = pixels[..., -1:]
    on_white = 1 - alpha * (1 - colours)
    return on_white if np.ptp(on_white) >= 0.25 else alpha * colours


def _border(pixels: np.ndarray) -> np.ndarray:
    """The pixels along the four edges, (B, ...)."""
    return np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])


def _ink_and_noise(channel: np.ndarray) -> tuple[np.ndarray, float]:
    """Return how far each pixel of a channel (H, W) is from its paper on the ink's side, dark or light, 0 on the other
    side; and the standard deviation of the paper.

    The paper is a surface of second degree, so light that falls off to a side or into the corners is part of it. It is
    fitted by least squares to the border, without the pixels there that a stroke runs through.
    """
    terms = _surface(channel.shape)
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


def _surface(shape: tuple[int, int]) -> list[np.ndarray]:
    """The terms 1, x, y, x², xy, y² of a surface of second degree, (H, W) float32 each, with x and y in -1..1."""
    height, width = shape
    y = np.linspace(-1, 1, height, dtype=np.float32)[:, np.newaxis]
    x = np.linspace(-1, 1, width, dtype=np.float32)
    return [np.broadcast_to(term, shape) for term in (np.float32(1), x, y, x * x, x * y, y * y)]


def _without_specks(mask: np.ndarray) -> np.ndarray:
    """Drop a mask's specks, spots far smaller than the largest, and add a pixel to the rest: the soft rim of a line."""
    _, labels, statistics, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    areas = statistics[:, cv2.CC_STAT_AREA]
    keep = areas >= SPECK * areas[1:].max(initial=0)
    keep[0] = False  # label 0 is the background
    return cv2.dilate(keep[labels].astype(np.uint8), np.ones((3, 3), np.uint8)).astype(bool)


def _size(content: bytes) -> tuple[int, int]:
    """Width and height that the file claims, (0, 0) for a file of no usual format.

    OpenCV unpacks whatever is claimed, up to 3 GB. Pillow reads the head of a file alone.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of a size that is Pillow's own limit, or of odd tags: ours is below
            with Image.open(BytesIO(content), formats=FORMATS) as picture:
                return (0, 0) if picture.format == "PNG" and not _has_its_chunks(content) else picture.size
    except Image.DecompressionBombError:
        return MOST_PIXELS, MOST_PIXELS
    except Exception:  # damaged files bring out almost any exception in Pillow's readers
        return 0, 0


def _has_its_chunks(content: bytes) -> bool:
    """Whether each chunk of a PNG is as long as it claims; OpenCV makes room for up to 2 GB of one before it looks."""
    position = 8
    while position + 12 <= len(content):
        size, kind = struct.unpack_from(">I4s", content, position)
        position += 12 + size
        if kind == b"IEND":
            break
    return position <= len(content)


def _decode(content: bytes, flags: int) -> np.ndarray | None:
    """The picture in the bytes of a file, or None where OpenCV finds none."""
    logging = cv2 if hasattr(cv2, "setLogLevel") else cv2.utils.logging  # OpenCV 4 has it here, OpenCV 5 there
    level = logging.getLogLevel()
    logging.setLogLevel(0)  # what OpenCV would say of a damaged file comes in our own words
    try:
        return cv2.imdecode(np.frombuffer(content, np.uint8), flags)  # cv2.imread fails on names beyond ASCII
    except cv2.error:  # a picture beyond OpenCV's limits of size
        return None
    finally:
        logging.setLogLevel(level)
