"""Reading picture files."""

import zlib

import cv2
import numpy as np
import pytest
from PIL import Image

from helpers.base.errors import DigitsError
from helpers.drawing.photo import read_picture

GREY = np.arange(300, dtype=np.uint8).reshape(20, 15)
COLOUR = np.dstack([GREY, 255 - GREY, GREY // 2])


@pytest.mark.parametrize("name", ["grey.png", "grey.bmp", "grey.tiff", "größe 数.png", "no-suffix"])
def test_grey_without_loss(tmp_path, name):
    Image.fromarray(GREY).save(tmp_path / name, format=None if "." in name else "png")
    assert np.array_equal(read_picture(tmp_path / name), GREY)


def test_colour_alpha_and_depth_are_kept(tmp_path):
    alpha = np.dstack([COLOUR, GREY])
    Image.fromarray(alpha).save(tmp_path / "alpha.png")
    assert np.array_equal(read_picture(tmp_path / "alpha.png"), cv2.cvtColor(alpha, cv2.COLOR_RGBA2BGRA))
    deep = GREY.astype(np.uint16) * 257
    Image.fromarray(deep).save(tmp_path / "deep.png")
    assert np.array_equal(read_picture(tmp_path / "deep.png"), deep)
    Image.fromarray(COLOUR).save(tmp_path / "colour.jpg", quality=95)
    assert read_picture(str(tmp_path / "colour.jpg")).shape == (20, 15, 3)


def test_a_photo_is_turned_the_way_the_camera_was_held(tmp_path):
    picture = np.zeros((40, 60), np.uint8)
    picture[:20, :20] = 255  # top left
    exif = Image.Exif()
    exif[0x0112] = 6  # orientation: to be turned a quarter clockwise
    Image.fromarray(picture).save(tmp_path / "photo.jpg", exif=exif)
    found = read_picture(tmp_path / "photo.jpg")
    assert found.shape == (60, 40)
    assert found[:18, 22:].min() > 200  # top right
    assert found[22:].max() < 50


PNG = cv2.imencode(".png", GREY)[1].tobytes()


def claiming(width, height):
    """A PNG whose header, right in itself, gives it another size."""
    header = b"IHDR" + width.to_bytes(4, "big") + height.to_bytes(4, "big") + PNG[24:29]
    return PNG[:12] + header + zlib.crc32(header).to_bytes(4, "big") + PNG[33:]


UNREADABLE = {
    "empty": (b"", "is empty"),
    "text": (b"a letter", "is not a picture that can be read"),
    "the head of a png": (PNG[:60], "is not a picture that can be read"),
    "a png of 10^12 pixels": (claiming(10**6, 10**6), "is not a picture that can be read"),
}


@pytest.mark.parametrize(("content", "problem"), UNREADABLE.values(), ids=UNREADABLE)
def test_an_unreadable_file_is_named_in_one_line(tmp_path, capfd, content, problem):
    path = tmp_path / "x.png"
    path.write_bytes(content)
    with pytest.raises(DigitsError) as caught:
        read_picture(path)
    assert str(caught.value).startswith(f"{path} {problem}")
    assert str(caught.value).endswith("give a PNG or JPEG file")
    assert capfd.readouterr().err == ""


def test_a_missing_file_and_a_folder(tmp_path):
    with pytest.raises(DigitsError, match=r"^cannot read .*none.png: there is no such file"):
        read_picture(tmp_path / "none.png")
    with pytest.raises(DigitsError, match=r"^cannot read .*: it is a folder"):
        read_picture(tmp_path)
