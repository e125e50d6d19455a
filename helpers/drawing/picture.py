"""Pictures as people have them, files and Pillow's images, become arrays: upright, in grey or true colours.

Chapter 5 and the command line.
"""

import sys
import warnings
from io import BytesIO
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageOps

from helpers.base.errors import DigitsError, printable
from helpers.base.files import read_file

MOST_BYTES = 2**27  # of a file

MOST_PIXELS = 50 * 2**20  # of a picture; the cameras of most phones take 12 to 50 million

FORMATS = ("PNG", "JPEG", "BMP", "DIB", "TIFF", "WEBP", "GIF", "PPM")  # as Pillow names them

ENOUGH_PIXELS = 2**24  # a picture with more is made smaller first: looking for ink takes 40 bytes for each

SMALLER = "make the picture smaller: 1,000 pixels along each side are plenty"

GIVE = "give a PNG or JPEG file"

PHONES = (b"ftyphei", b"ftyphev", b"ftypmif1", b"ftypmsf1", b"ftypavi")  # how HEIC and AVIF files begin, after 4 bytes

JPEG_INSTEAD = "save it as JPEG, or let the phone take JPEG (on an iPhone: Settings, Camera, Formats, Most Compatible)"

AS_THEY_ARE = ("L", "LA", "RGB", "RGBA", "I", "F")  # the modes of Pillow whose numbers are light


def read_picture(path: str | Path) -> np.ndarray:
    """Return the picture at `path` as `to_mnist_from_image` takes it: with its alpha, upright as it was taken.

    (H, W) or (H, W, C), mostly uint8. One of more than 16 million pixels comes smaller; what it claims to have is asked
    before anything is unpacked. Of several pictures in a file it is the first, and a notice on stderr says so.
    Raises a DigitsError that names the file when it is missing, empty, not a picture or of more than 52 million pixels.
    """
    path = Path(path)
    content = read_file(path, MOST_BYTES, "a picture", SMALLER)
    if not content:
        raise DigitsError(f"expected a picture in {path}, got an empty file: {GIVE}")
    if content[4:12].startswith(PHONES):
        raise DigitsError(f"expected a picture in {path}, got HEIC or AVIF, which is not read here: {JPEG_INSTEAD}")
    pixels = _decode(content, path)
    scale = (ENOUGH_PIXELS / (pixels.shape[0] * pixels.shape[1])) ** 0.5
    return cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else pixels


def from_pillow(picture: Image.Image) -> np.ndarray:
    """The pixels of an image of Pillow, of any mode, upright: (H, W) grey, (H, W, 2), (H, W, 3) or (H, W, 4).

    A palette becomes its colours, CMYK becomes RGB; 16 and 32 bits of grey stay as deep as they are.
    """
    picture.load()
    if picture.format != "TIFF":  # which Pillow has turned by itself
        picture = ImageOps.exif_transpose(picture)
    mode = picture.mode
    if mode.startswith("I;16"):
        return np.asarray(picture).astype(np.uint16)
    if mode == "1":
        picture = picture.convert("L")
    elif "transparency" in picture.info or mode in ("P", "PA", "RGBa"):
        picture = picture.convert("RGBA")
    elif mode == "La":
        picture = picture.convert("LA")
    elif mode not in AS_THEY_ARE:
        picture = picture.convert("RGB")
    return np.array(picture)


def _decode(content: bytes, path: Path) -> np.ndarray:
    """The pixels in the bytes of a file. Raises DigitsError for too many of them, and where there are none."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of a size that is Pillow's own limit, or of odd tags: ours is below
            with Image.open(BytesIO(content), formats=FORMATS) as picture:
                _check_size(*picture.size, path)
                pixels = from_pillow(picture)
                frames = 1 if picture.format == "MPO" else getattr(picture, "n_frames", 1)  # MPO: a phone's JPEG
    except Image.DecompressionBombError:
        _check_size(MOST_PIXELS, MOST_PIXELS, path)
    except DigitsError:
        raise
    except Exception as error:  # damaged files bring out almost any exception in Pillow's readers
        found = "a file that is damaged or of another kind"
        raise DigitsError(f"expected a picture in {path}, got {found}: {GIVE}") from error
    if frames > 1:
        print(f"Notice: {printable(str(path))} holds {frames} pictures: only the first is read.", file=sys.stderr)
    return pixels


def _check_size(width: int, height: int, path: Path) -> None:
    if width * height > MOST_PIXELS:
        found = f"{path}, which has more"
        raise DigitsError(
            f"expected a picture of at most {MOST_PIXELS / 1e6:.0f} million pixels, got {found}: {SMALLER}"
        )
