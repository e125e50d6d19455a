"""Pictures of digits, files and arrays, become what MNIST holds of them."""

import re
import zlib

import cv2
import numpy as np
import pytest
from PIL import Image

from helpers.base.errors import DigitsError
from helpers.classifier.classifier import Classifier
from helpers.drawing.photo import read_picture, to_ink, to_mnist_from_image


@pytest.fixture(scope="module")
def digit_images(mnist):
    """The first 50 test images as MNIST has them: (50, 28, 28) uint8."""
    return np.round(mnist.test.images[:50, 0] * 255).astype(np.uint8)


@pytest.fixture(scope="module")
def lenet():
    return Classifier.load("lenet")


def enlarge(image, factor):
    return cv2.resize(image, None, fx=factor, fy=factor, interpolation=cv2.INTER_CUBIC)


def paste(image, height, width, top, left):
    picture = np.zeros((height, width), np.uint8)
    picture[top : top + image.shape[0], left : left + image.shape[1]] = image
    return picture


def painted(ink, paper, pen):
    """A colour picture (H, W, 3) of ink (H, W) uint8 in the colour `pen` on `paper`."""
    share = ink[..., np.newaxis] / 255
    return (np.array(paper) * (1 - share) + np.array(pen) * share).astype(np.uint8)


def grainy(picture, sigma):
    noise = np.random.default_rng(0).normal(0, sigma, picture.shape)
    return np.clip(picture + noise, 0, 255).astype(np.uint8)


def shaded(picture):
    """Light that falls off to 60 % at the left and to 90 % at the bottom."""
    height, width = picture.shape[:2]
    light = np.linspace(0.6, 1, width) * np.linspace(1, 0.9, height)[:, np.newaxis]
    return picture * light[..., np.newaxis]


def vignetted(picture):
    height, width = picture.shape[:2]
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    return picture * (1 - 0.2 * (x**2 + y**2))[..., np.newaxis]


def as_jpeg(picture, quality):
    return cv2.imdecode(cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])[1], cv2.IMREAD_COLOR)


def with_alpha(ink, pen):
    return np.dstack([np.full((*ink.shape, 3), pen, np.uint8), ink])


# Lossless renderings: the same pixels come back, up to the rounding of one grey level.
SAME_PIXELS = {
    "as it is": lambda ink: ink,
    "float": lambda ink: ink / 255,
    "16 bits": lambda ink: ink.astype(np.uint16) * 257,
    "inverted": lambda ink: 255 - ink,
    "one channel": lambda ink: ink[..., np.newaxis],
    "grey as colour": lambda ink: np.dstack([ink] * 3),
    "in a corner": lambda ink: paste(ink, 200, 300, 170, 270),
    "far left": lambda ink: paste(ink, 28, 400, 0, 0),
    "black pen, transparent paper": lambda ink: with_alpha(ink, 0),
    "white pen, transparent paper": lambda ink: with_alpha(ink, 255),
    "grey and alpha": lambda ink: np.dstack([np.zeros_like(ink), ink]),
    "opaque alpha": lambda ink: np.dstack([255 - ink] * 3 + [np.full_like(ink, 255)]),
    "white pen, black paper": lambda ink: painted(ink, (0, 0, 0), (255, 255, 255)),
}


@pytest.mark.parametrize("rendering", SAME_PIXELS)
def test_an_mnist_digit_comes_back_pixel_by_pixel(digit_images, rendering):
    for image in digit_images:
        found = to_mnist_from_image(SAME_PIXELS[rendering](image))
        assert found.shape == (28, 28)
        assert found.dtype == np.float32
        assert np.abs(found - image / 255).max() < 0.015


# Renderings that lose detail, as scanning and photographing do.
SAME_DIGIT = {
    "5 times as large": lambda ink: paste(enlarge(ink, 5), 400, 300, 200, 30),
    "20 times as large, dark": lambda ink: 255 - paste(enlarge(ink, 20), 700, 900, 80, 100),
    "half as large": lambda ink: cv2.resize(ink, (14, 14), interpolation=cv2.INTER_AREA),
    "cut to its edges": lambda ink: ink[ink.any(axis=1)][:, ink.any(axis=0)],
    "blue on cream": lambda ink: painted(paste(enlarge(ink, 4), 300, 300, 90, 10), (200, 240, 250), (200, 60, 30)),
    "yellow on white": lambda ink: painted(paste(enlarge(ink, 4), 300, 300, 9, 150), (255, 255, 255), (0, 255, 255)),
    "red on green": lambda ink: painted(paste(enlarge(ink, 4), 300, 300, 9, 150), (0, 100, 0), (0, 0, 190)),
    "grainy": lambda ink: grainy(painted(paste(enlarge(ink, 6), 400, 400, 99, 99), [220] * 3, [40] * 3), 6),
    "faint and grainy": lambda ink: grainy(painted(paste(enlarge(ink, 6), 400, 400, 9, 9), [200] * 3, [100] * 3), 12),
    "shaded": lambda ink: grainy(shaded(painted(paste(enlarge(ink, 6), 400, 400, 9, 9), [220] * 3, [40] * 3)), 3),
    "vignetted": lambda ink: grainy(
        vignetted(painted(paste(enlarge(ink, 6), 400, 400, 6, 200), [220] * 3, [40] * 3)), 4
    ),
    "poor JPEG": lambda ink: as_jpeg(painted(paste(enlarge(ink, 3), 150, 150, 10, 60), [255] * 3, [0] * 3), 40),
}


@pytest.mark.parametrize("rendering", SAME_DIGIT)
def test_a_rendered_digit_stays_close_and_reads_the_same(digit_images, lenet, rendering):
    found = np.stack([to_mnist_from_image(SAME_DIGIT[rendering](image)) for image in digit_images])
    original = digit_images.astype(np.float32) / 255
    assert np.abs(found - original).mean() < 0.06
    assert np.corrcoef(found.ravel(), original.ravel())[0, 1] > 0.85
    answers, wanted = (lenet.probabilities_of(x[:, np.newaxis]).argmax(axis=1) for x in (found, original))
    assert (answers == wanted).mean() >= 0.98


def test_a_rectangle_by_arithmetic():
    picture = np.full((300, 200), 255, np.uint8)
    picture[50:250, 60:160] = 0  # 200 x 100 pixels of ink: 20 x 10 in the box
    found = to_mnist_from_image(picture)
    rows, columns = np.nonzero(found)
    assert (np.ptp(rows) + 1, np.ptp(columns) + 1) == (20, 10)
    assert np.allclose(found[found > 0], 1)
    assert abs(rows.mean() - 14) <= 0.5
    assert abs(columns.mean() - 14) <= 0.5


def test_a_soft_rim_and_a_second_stroke_stay_while_dirt_goes():
    picture = np.full((100, 100), 255, np.uint8)
    picture[20:80, 30:40] = 0
    picture[20:80, 40] = 245  # fainter than the least ink, but the edge of a stroke
    picture[20:30, 60:70] = 0
    picture[95, 5] = 0  # a speck
    ink = to_ink(picture)
    assert np.allclose(ink[20:80, 40], 10 / 255, atol=1e-3)
    assert np.allclose(ink[20:30, 60:70], 1)
    assert ink[90:].max() == 0


def test_ink_is_the_same_whichever_way_the_picture_is_stored():
    picture = np.random.default_rng(1).integers(200, 210, (60, 50, 3)).astype(np.uint8)
    picture[20:40, 20:25] = (30, 90, 160)
    before = picture.copy()
    ink = to_ink(picture)
    assert np.array_equal(ink, to_ink(picture[..., ::-1]))  # RGB, BGR
    assert np.allclose(ink, to_ink(255 - picture), atol=1e-3)
    assert np.allclose(ink, to_ink(picture / 255), atol=1e-3)
    assert np.allclose(ink, to_ink(picture.astype(np.int64)), atol=1e-3)
    assert np.allclose(ink, to_ink(picture.tolist()), atol=1e-3)
    assert np.array_equal(picture, before)


EMPTY = {
    "one pixel": np.array([[7]], np.uint8),
    "one row": np.arange(2).reshape(1, 2) * 255,
    "black": np.zeros((40, 30)),
    "white": np.ones((40, 30), bool),
    "transparent": np.zeros((20, 20, 4), np.uint8),
    "grey paper": np.full((50, 50, 3), 0.5),
    "grain alone": grainy(np.full((400, 400, 3), 200.0), 6),
    "shade alone": grainy(shaded(np.full((300, 300, 3), 220.0)), 2),
    "barely there": np.pad(np.full((10, 10), 0.03), 20),
}


@pytest.mark.parametrize("picture", EMPTY.values(), ids=EMPTY)
def test_a_picture_without_ink_gives_zeros(picture):
    found = to_mnist_from_image(picture)
    assert found.shape == (28, 28)
    assert not found.any()


@pytest.mark.parametrize("shape", [(1, 3000), (3000, 1), (2, 2), (5, 4000), (4000, 4000, 4)])
def test_any_size_will_do(shape):
    picture = np.full(shape, 255, np.uint8)
    top, left = (slice(side // 3, side // 3 + side // 3 + 1) for side in shape[:2])
    picture[(top, left, slice(3))[: len(shape)]] = 0
    found = to_mnist_from_image(picture)
    assert found.shape == (28, 28)
    assert found.max() <= 1
    if min(shape[:2]) > 4:
        assert found.max() == 1


BAD = {
    "a line": (np.zeros(5), "shape (5,)"),
    "a batch": (np.zeros((2, 28, 28, 1)), "shape (2, 28, 28, 1)"),
    "channels first": (np.zeros((3, 28, 28)), "shape (3, 28, 28)"),
    "no pixel": (np.zeros((0, 4)), "shape (0, 4)"),
    "NaN": (np.array([[0, np.nan]]), "NaN or infinite"),
    "infinite": (np.array([[0, np.inf]]), "NaN or infinite"),
    "text": (np.array([["a", "b"]]), "type <U1"),
    "complex": (np.array([[1j]]), "type complex128"),
    "objects": (np.array([[None]]), "type object"),
    "a file name": ("seven.png", "type <U9"),
    "ragged lists": ([[1, 2], [3]], "unequal length"),
}


@pytest.mark.parametrize(("picture", "given"), BAD.values(), ids=BAD)
def test_anything_but_a_picture_is_refused(picture, given):
    with pytest.raises(DigitsError) as caught:
        to_mnist_from_image(picture)
    message = str(caught.value)
    assert message.startswith("expected one picture of finite numbers, (H, W) grey, (H, W, 3) colour")
    assert re.search(rf", got .*{re.escape(given)}.*: ", message)
    assert "\n" not in message


# ---- files ----

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
