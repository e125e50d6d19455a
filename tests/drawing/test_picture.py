"""Files and images of Pillow, of every kind that people have, become the same array, upright; or are refused."""

import io
import re
import zlib

import cv2
import numpy as np
import pytest
from PIL import Image

from helpers.base.errors import DigitsError
from helpers.drawing.photo import to_mnist_from_image
from helpers.drawing.picture import from_pillow, read_picture

GREY = np.arange(300, dtype=np.uint8).reshape(20, 15)
COLOUR = np.dstack([GREY, 255 - GREY, GREY // 2])


@pytest.mark.parametrize("name", ["grey.png", "grey.bmp", "grey.tiff", "größe 数.png", "no-suffix"])
def test_grey_without_loss(tmp_path, name):
    Image.fromarray(GREY).save(tmp_path / name, format=None if "." in name else "png")
    assert np.array_equal(read_picture(tmp_path / name), GREY)


def test_colour_alpha_and_depth_are_kept(tmp_path):
    alpha = np.dstack([COLOUR, GREY])
    Image.fromarray(alpha).save(tmp_path / "alpha.png")
    assert np.array_equal(read_picture(tmp_path / "alpha.png"), alpha)
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
    "empty": (b"", "an empty file"),
    "text": (b"a letter", "a file that is damaged or of another kind"),
    "the head of a png": (PNG[:60], "a file that is damaged or of another kind"),
}


@pytest.mark.parametrize(("content", "problem"), UNREADABLE.values(), ids=UNREADABLE)
def test_an_unreadable_file_is_named_in_one_line(tmp_path, capfd, content, problem):
    path = tmp_path / "x.png"
    path.write_bytes(content)
    with pytest.raises(DigitsError) as caught:
        read_picture(path)
    assert str(caught.value) == f"expected a picture in {path}, got {problem}: give a PNG or JPEG file"
    assert capfd.readouterr().err == ""


def test_a_missing_file_and_a_folder(tmp_path):
    with pytest.raises(DigitsError, match=r"^cannot read .*none.png: there is no such file"):
        read_picture(tmp_path / "none.png")
    with pytest.raises(DigitsError, match=r"^cannot read .*: it is a folder"):
        read_picture(tmp_path)


def test_a_large_picture_comes_smaller_and_is_read_the_same(tmp_path):
    path = tmp_path / "large.png"
    picture = np.full((5000, 4000), 255, np.uint8)
    cv2.polylines(picture, [np.array([[900, 1000], [3100, 1100], [1500, 4100]])], False, 0, 300)
    cv2.imencode(".png", picture)[1].tofile(path)
    found = read_picture(path)
    assert 0.99 < found.size / 2**24 < 1.001 < picture.size / 2**24
    assert found.shape[0] / found.shape[1] == pytest.approx(1.25, abs=0.001)
    assert np.abs(to_mnist_from_image(found) - to_mnist_from_image(picture)).max() < 0.05


@pytest.mark.parametrize("sides", [(10**6, 10**6), (8000, 8000)])
def test_a_picture_beyond_all_cameras(tmp_path, sides):
    path = tmp_path / "x.png"
    path.write_bytes(claiming(*sides))
    expected = f"expected a picture of at most 52 million pixels, got {path}, which has more: make the picture smaller"
    with pytest.raises(DigitsError, match=f"^{re.escape(expected)}"):
        read_picture(path)


# A figure that looks another way however it is turned or mirrored: what is told by its three rectangles.
UPRIGHT = np.full((60, 40), 255, np.uint8)
UPRIGHT[10:50, 10:16] = 0
UPRIGHT[10:16, 10:34] = 0
UPRIGHT[26:32, 16:24] = 0
UPRIGHT = UPRIGHT.repeat(3, axis=0).repeat(3, axis=1)


def as_taken(picture, orientation):
    """The picture as a camera stores it that was held so; and the note of how it was held."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = {1: picture, 3: picture[::-1, ::-1], 6: np.rot90(picture), 8: np.rot90(picture, -1)}[orientation]
    return np.ascontiguousarray(stored), exif


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
@pytest.mark.parametrize("name", ["x.jpg", "x.png", "x.webp", "x.tiff", "alpha.png", "alpha.webp", "alpha.tiff"])
def test_every_format_comes_upright(tmp_path, name, orientation):
    stored, exif = as_taken(UPRIGHT, orientation)
    if name.startswith("alpha"):
        stored = np.dstack([np.zeros((*stored.shape, 3), np.uint8), 255 - stored])  # black ink on no paper
    Image.fromarray(stored).save(tmp_path / name, exif=exif)
    found = to_mnist_from_image(read_picture(tmp_path / name))
    assert np.abs(found - to_mnist_from_image(UPRIGHT)).mean() < 0.02
    content = io.BytesIO((tmp_path / name).read_bytes())  # by its name Pillow 13 opens a TIFF on its side garbled
    with Image.open(content) as picture:
        assert np.array_equal(to_mnist_from_image(picture), found)


def in_palette(picture, **options):
    return picture.convert("RGB").quantize(16, **options)


def with_transparency(picture):
    """A palette with one colour that is not there: the paper."""
    picture = in_palette(picture)
    picture.info["transparency"] = picture.getpixel((0, 0))
    return picture


MODES = {
    "1": lambda picture: picture.convert("1"),
    "L": lambda picture: picture,
    "LA": lambda picture: picture.convert("LA"),
    "La": lambda picture: picture.convert("LA").convert("La"),
    "P": in_palette,
    "P with transparency": with_transparency,
    "PA": lambda picture: picture.convert("P").convert("PA"),
    "RGB": lambda picture: picture.convert("RGB"),
    "RGBA": lambda picture: picture.convert("RGBA"),
    "RGBa": lambda picture: picture.convert("RGBA").convert("RGBa"),
    "RGBX": lambda picture: picture.convert("RGBX"),
    "CMYK": lambda picture: picture.convert("CMYK"),
    "YCbCr": lambda picture: picture.convert("YCbCr"),
    "HSV": lambda picture: picture.convert("RGB").convert("HSV"),
    "I": lambda picture: Image.fromarray(np.asarray(picture).astype(np.int32) * 257),
    "I;16": lambda picture: Image.fromarray(np.asarray(picture).astype(np.uint16) * 257),
    "F": lambda picture: picture.convert("F"),
}


@pytest.mark.parametrize("mode", MODES)
def test_an_image_of_pillow_of_any_mode(mode):
    picture = MODES[mode](Image.fromarray(UPRIGHT))
    assert picture.mode == mode.split()[0]
    assert np.abs(to_mnist_from_image(picture) - to_mnist_from_image(UPRIGHT)).max() < 0.02
    assert from_pillow(picture).shape[:2] == UPRIGHT.shape


@pytest.mark.parametrize(("name", "frames"), [("x.gif", 2), ("x.tiff", 3), ("x.png", 2), ("x.webp", 2), ("one.gif", 1)])
def test_of_several_pictures_the_first_with_a_notice(tmp_path, capsys, name, frames):
    others = [Image.fromarray(np.ascontiguousarray(np.roll(255 - UPRIGHT, n, 0))) for n in range(1, frames)]
    Image.fromarray(UPRIGHT).save(tmp_path / name, save_all=True, append_images=others)
    found = read_picture(tmp_path / name)
    assert np.abs(to_mnist_from_image(found) - to_mnist_from_image(UPRIGHT)).mean() < 0.02
    notice = f"Notice: {tmp_path / name} holds {frames} pictures: only the first is read.\n"
    assert capsys.readouterr().err == (notice if frames > 1 else "")


@pytest.mark.parametrize("brand", [b"heic", b"heix", b"hevc", b"mif1", b"avif"])
def test_the_format_of_many_phones_is_named_with_its_remedy(tmp_path, brand):
    (tmp_path / "x.heic").write_bytes(b"\0\0\0\x18ftyp" + brand + bytes(12))
    with pytest.raises(DigitsError) as caught:
        read_picture(tmp_path / "x.heic")
    message = str(caught.value)
    assert message.startswith(
        f"expected a picture in {tmp_path / 'x.heic'}, got HEIC or AVIF, which is not read here: "
    )
    assert "JPEG" in message
    assert "\n" not in message
