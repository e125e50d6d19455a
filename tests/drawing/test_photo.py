"""Pictures of digits, files and arrays, become what MNIST holds of them."""

import re
import time
from string import ascii_uppercase

import cv2
import numpy as np
import pytest
from letters import hershey_strokes
from PIL import Image

from helpers.base.errors import DigitsError
from helpers.classifier.classifier import Classifier
from helpers.drawing.photo import to_ink, to_mnist_from_image, to_mnist_of_each
from tests.tools.parameters import slow
from tests.tools.photos import KINDS, read, shoot

import mxnet as mx


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
def test_a_picture_without_ink_is_refused(picture):
    assert not to_ink(picture).any()
    with pytest.raises(DigitsError, match=r"^expected a picture of a digit, got one without ink: give dark ink on"):
        to_mnist_from_image(picture)


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


# ---- the same picture in every form ----

SCAN = np.full((96, 72), 230, np.uint8)
cv2.polylines(SCAN, [np.array([[20, 25], [50, 20], [36, 75]])], False, 20, 6, cv2.LINE_AA)
ROUGH = np.where(SCAN < 128, 0, 1).astype(np.uint8)
FORMS = {
    "0 and 1": ROUGH,
    "0 and 1, inverted": 1 - ROUGH,
    "booleans": ROUGH > 0,
    "16 bits that hold 8": SCAN.astype(np.uint16),
    "32 bits that hold 8": SCAN.astype(np.uint32),
    "32 bits that hold 16": SCAN.astype(np.uint32) * 257,
    "16 bits that hold 12": SCAN.astype(np.uint16) * 16,
    "16 bits that hold 10": SCAN.astype(np.uint16) * 4,
    "with a sign": SCAN.astype(np.int16),
    "centred at 0": SCAN.astype(np.int16) - 128,
    "0 to 1": SCAN / 255,
    "0 to 255": SCAN.astype(np.float32),
    "standardised": (SCAN / 255 - 0.1307) / 0.3081,
    "standardised, inverted": (0.1307 - SCAN / 255) / 0.3081,
    "-1 to 1": SCAN / 127.5 - 1,
    "half precision": (SCAN / 255).astype(np.float16),
    "ringing": SCAN / 225,
    "a channel first": SCAN[np.newaxis],
    "a batch of one": SCAN[np.newaxis, np.newaxis],
    "a batch of one, the channel last": SCAN[np.newaxis, ..., np.newaxis],
    "inverted": 255 - SCAN,
    "an image of Pillow": Image.fromarray(SCAN),
    "an NDArray": mx.nd.array(SCAN),
    "an NDArray of bytes": mx.nd.array(SCAN, dtype=np.uint8),
}


@pytest.mark.parametrize("form", FORMS)
def test_the_same_picture_in_any_form_gives_the_same_image(form):
    wanted = to_mnist_from_image(ROUGH * 255 if "0 and 1" in form or form == "booleans" else SCAN)
    assert np.abs(to_mnist_from_image(FORMS[form]) - wanted).max() < 0.02


@pytest.mark.parametrize("shape", [(784,), (1, 784), (784, 1), (1, 28, 28), (1, 1, 28, 28)])
def test_an_mnist_image_in_a_row_is_laid_out_again(digits, shape):
    image = digits.test.images[0, 0]
    assert np.allclose(to_mnist_from_image(image.reshape(shape)), to_mnist_from_image(image))
    assert np.allclose(to_mnist_from_image(1 - image.reshape(shape)), to_mnist_from_image(image), atol=0.02)


def test_a_large_ndarray_takes_no_time():
    large = mx.nd.array(np.kron(SCAN, np.ones((5, 5), np.uint8)))
    assert np.abs(to_mnist_from_image(large) - to_mnist_from_image(SCAN)).mean() < 0.03


# ---- several digits ----

BAR = [[[0.5, 0.1], [0.5, 0.9]]]
RING = [[[0.5 + 0.2 * np.sin(t), 0.5 - 0.4 * np.cos(t)] for t in np.linspace(0, 2 * np.pi, 40)]]
SEVEN = [[[0.3, 0.1], [0.7, 0.1], [0.45, 0.9]]]
FIVE = [
    [[0.35, 0.2], [0.33, 0.45], [0.55, 0.42], [0.65, 0.6], [0.6, 0.8], [0.45, 0.9], [0.3, 0.85]],
    [[0.4, 0.12], [0.7, 0.1]],  # the top stroke, apart from the rest
]
HATTED_FIVE = [FIVE[0], [[0.5, 0.05], [0.85, 0.02]]]


def written(*digits, side=160, paper=235, ink=40):
    """A sheet (H, W) uint8 with digits side by side."""
    sheet = np.full((side + 80, side * len(digits) + 60), paper, np.uint8)
    for place, strokes in enumerate(digits):
        lines = [np.round(np.array(line) * side + [30 + place * side, 40]).astype(np.int32) for line in strokes]
        cv2.polylines(sheet, lines, False, ink, 9, cv2.LINE_AA)
    return grainy(sheet, 3)


@pytest.mark.parametrize("count", [2, 3, 5])
def test_several_digits_are_noticed_and_told_from_left_to_right(count):
    digits = [SEVEN, BAR, RING, FIVE, SEVEN][:count]
    sheet = written(*digits)
    with pytest.raises(DigitsError, match=rf"^expected a picture of one digit, got {count} of them: cut it, or use to"):
        to_mnist_from_image(sheet)
    found = to_mnist_of_each(sheet)
    assert found.shape == (count, 28, 28)
    for image, strokes in zip(found, digits, strict=True):
        assert np.abs(image - to_mnist_from_image(written(strokes))).mean() < 0.05


@pytest.mark.parametrize("strokes", [FIVE, HATTED_FIVE], ids=["on top", "beside"])
def test_a_five_with_its_top_stroke_apart_is_one_digit(strokes):
    assert len(to_mnist_of_each(written(strokes))) == 1
    whole, body = (to_mnist_from_image(written(each)) for each in (strokes, strokes[:1]))
    assert np.abs(whole - body).mean() > 0.02  # the stroke is in it


def test_the_pen_digits_are_one_digit_each(pen_strokes):
    sheets = [written(strokes) for _, strokes in pen_strokes[::6]]
    assert sum(len(to_mnist_of_each(sheet)) > 1 for sheet in sheets) <= 1


def test_one_image_of_one_digit(digits):
    image = digits.test.images[3, 0]
    assert np.array_equal(to_mnist_of_each(image), to_mnist_from_image(image)[np.newaxis])


def test_a_page_of_dots_is_refused_at_once():
    dots = np.full((1000, 1000), 255, np.uint8)
    for row, column in np.ndindex(5, 5):
        dots[10 + row : -10 : 10, 10 + column : -10 : 10] = 0
    start = time.perf_counter()
    with pytest.raises(
        DigitsError, match=r"^expected a picture of a digit, got one with 9,604 spots of ink: cut the di"
    ):
        to_mnist_from_image(dots)
    assert time.perf_counter() - start < 20  # holding each spot against each would take minutes


def test_ink_cut_to_its_edges_is_refused_with_the_remedy():
    with pytest.raises(DigitsError, match=r"got one without ink: .* a margin of paper around the digit"):
        to_mnist_from_image(np.full((200, 24, 3), 40, np.uint8))


# ---- photos ----

QUICK = ("plain", "table at an edge")
SIMPLE = {0: RING, 1: BAR, 7: SEVEN, 5: FIVE}


@pytest.mark.parametrize("kind", [*QUICK, *slow(*(kind for kind in KINDS if kind not in QUICK))])
def test_a_plainly_written_digit_is_read_whatever_is_around_it(kind):
    # A bar that is cut to its edges is all ink: nobody can tell it from a dark sheet.
    digits = [(label, SIMPLE[label]) for label in SIMPLE if not (label == 1 and kind == "cut to its edges")]
    row = read(shoot(kind, 2 * digits, seed=1), Classifier.load("canvas"))
    assert row.right >= row.photos - 1
    assert row.surely_wrong == 0


@pytest.mark.parametrize("kind", ["plain", "firm shadow", "table at an edge", "low light", "pencil"])
def test_a_photo_of_a_bare_sheet_is_refused(kind):
    row = read(shoot(kind, 8 * [(None, [])]), Classifier.load("canvas"))
    assert row.refused == row.photos


def test_hardly_any_bare_sheet_gets_a_sure_answer():
    rows = [read(shoot(kind, 4 * [(None, [])], seed=1), Classifier.load("canvas")) for kind in KINDS]
    assert sum(row.surely_wrong for row in rows) <= 0.03 * sum(row.photos for row in rows)


@pytest.mark.slow
def test_photos_of_letters_get_few_sure_answers():
    """Eight letters that are no digits to anybody, in a photo of every kind."""
    strokes = hershey_strokes()
    chosen = [(None, strokes[ascii_uppercase.index(letter)]) for letter in "ABEFHKMN"]
    rows = [read(shoot(kind, chosen), Classifier.load("canvas")) for kind in KINDS]
    assert sum(row.very_surely_wrong for row in rows) <= 0.02 * sum(row.photos for row in rows)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_photos_of_pen_digits_are_read(kind, pen_strokes):
    """A fixed tenth of the digits; the bounds leave room for chance, benchmarks/photos.py measures all of them."""
    row = read(shoot(kind, pen_strokes[::10]), Classifier.load("canvas"))
    assert row.right >= 0.9 * 60
    assert row.surely_wrong <= 2
