"""The checks of chapter 5: right answers in several forms and the typical wrong ones."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from helpers.classifier.classifier import Classifier
from helpers.drawing.field import centre_by_mass, fit_box
from helpers.drawing.photo import to_mnist_from_image
from helpers.drawing.strokes import as_strokes, to_mnist
from helpers.exercises import check
from helpers.exercises.chapter5 import THOUGHTS
from tests.tools.verdicts import assert_wrong

import mxnet as mx

EXAMPLES = json.loads((Path(__file__).parents[2] / "notebooks" / "example_digits.json").read_text(encoding="utf-8"))
FOUR = [[[0.24, 0.07], [0.05, 0.34], [0.37, 0.33]], [[0.27, 0.21], [0.25, 0.49]]]
SEVEN = [[0.2, 0.2], [0.8, 0.2], [0.4, 0.9]]


@pytest.fixture(scope="module")
def cnn():
    return Classifier.load("dropout-cnn")


@pytest.fixture(scope="module")
def lenet():
    return Classifier.load("lenet")


# 5.1 A 7 as strokes


@pytest.fixture(scope="module")
def canvas():
    return Classifier.load("canvas")


@pytest.mark.parametrize(
    "strokes",
    [
        [SEVEN],
        np.array([SEVEN]),
        [np.array(SEVEN)],
        [SEVEN, [[0.4, 0.5], [0.75, 0.5]]],
        [[[x / 4, y / 4] for x, y in SEVEN]],
    ],
    ids=["a list", "an array", "a list of arrays", "with a bar", "small"],
)
def test_a_seven(canvas, strokes):
    assert check("5.1", strokes, canvas).right


@pytest.mark.parametrize(
    ("strokes", "words"),
    [
        (SEVEN, "put a list around it"),
        ([[[x, 1 - y] for x, y in SEVEN]], "it is upside down"),
        ([[[280 * x, 280 * y] for x, y in SEVEN]], "the point [56.0, 56.0] lies off the pad"),
        (FOUR, "the network reads a 4"),
        ([[[0.5, 0.5]]], "this is not a line yet"),
        ([], "this is not a line yet"),
        ("7", "DigitsError: expected strokes, a list of lists of points [x, y] in 0..1, got str"),
        (7, "TypeError"),
    ],
)
def test_no_seven(canvas, strokes, words):
    assert_wrong(check("5.1", strokes, canvas), words)


def test_x_and_y_exchanged(canvas):
    seven = EXAMPLES[27]["strokes"]  # one that lies down when x and y change places, and does not stand on its head
    assert check("5.1", seven, canvas).right
    assert_wrong(check("5.1", [[[y, x] for x, y in stroke] for stroke in seven], canvas), "x and y have changed places")


# 5.2 Which changes show

CHANGES = {
    "moved": to_mnist([stroke + 0.3 for stroke in as_strokes(FOUR)]),
    "half as large": to_mnist([stroke / 2 for stroke in as_strokes(FOUR)]),
    "twice as wide": to_mnist([stroke * [2, 1] for stroke in as_strokes(FOUR)]),
    "turned": to_mnist([stroke @ [[0.8, 0.6], [-0.6, 0.8]] for stroke in as_strokes(FOUR)]),
    "thicker pen": to_mnist(FOUR, pen=0.2),
    "other stroke first": to_mnist(FOUR[::-1]),
}


@pytest.mark.parametrize("form", [list, tuple, set])
def test_changes_that_show(form):
    assert check("5.2", form(["turned", "twice as wide"]), CHANGES, to_mnist(FOUR)).right


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (["moved", "twice as wide", "turned"], "where does the first step put the box"),
        (["half as large", "twice as wide", "turned"], "how long is the longer side"),
        (["thicker pen", "twice as wide", "turned"], "how wide does the second step draw"),
        (["twice as wide"], 'think again about "turned"'),
        ("turned", "scales both directions by the same number"),
        ([], 'think again about "twice as wide"'),
        (["wider"], "'wider' is not one of the names"),
        (2, "TypeError"),
    ],
)
def test_other_changes(answer, words):
    assert_wrong(check("5.2", answer, CHANGES, to_mnist(FOUR)), words)


def test_each_change_has_its_thought():
    assert THOUGHTS.keys() == CHANGES.keys()


# 5.3 A photo

PHOTO = 255 - np.pad(np.rint(255 * to_mnist(FOUR)), ((0, 12), (12, 0))).astype(np.uint8)
INK = 1 - PHOTO / 255


@pytest.mark.parametrize(
    "image",
    [
        centre_by_mass(INK),
        centre_by_mass((255 - PHOTO) / 255),
        to_mnist_from_image(PHOTO),
        centre_by_mass(fit_box(INK)),
        INK[:28, 12:],
        mx.nd.array(centre_by_mass(INK)),
        centre_by_mass(INK).astype(np.float64).tolist(),
    ],
    ids=["by steps", "inverted first", "in one call", "with the box", "cut by hand", "an NDArray", "a list"],
)
def test_photo(image):
    assert check("5.3", image, to_mnist(FOUR)).right


@pytest.mark.parametrize(
    ("image", "words"),
    [
        (PHOTO, "the shape is (40, 40), but it should be (28, 28): this is still the size of the photo"),
        (
            centre_by_mass(INK)[np.newaxis, np.newaxis],
            "the shape is (1, 1, 28, 28), but it should be (28, 28): hand in one image",
        ),
        (255 - PHOTO[:28, 12:], "divide by 255"),
        (1 - PHOTO[:28, 12:].astype(float), "values go down to -254: divide by 255 first"),
        (PHOTO[:28, 12:] / 255, "the paper is bright and the ink is dark"),
        (centre_by_mass(INK) / 255, "divide by 255 only once"),
        (cv2.resize(INK, (28, 28)), "the digit is 14 pixels long"),
        (INK[:28, 8:36], "the centre of mass is at (18.4, 13.9)"),
        (centre_by_mass(INK.T), "did you turn or mirror it?"),
        ("photo", "shape is ()"),
    ],
    ids=["photo", "axes", "bytes", "order", "dark ink", "twice", "resized", "off centre", "on its side", "text"],
)
def test_no_photo(image, words):
    assert_wrong(check("5.3", image, to_mnist(FOUR)), words)


# 5.4 LeNet fooled


@pytest.fixture(scope="module")
def honest():
    return to_mnist(EXAMPLES[17]["strokes"])


@pytest.fixture(scope="module")
def gradient(lenet, honest):
    """Which way log p(7) goes with each pixel, from differences of what is left for the other digits."""
    step = 0.01 * np.where(honest < 0.5, 1, -1).astype(np.float32)
    images = np.repeat(honest[np.newaxis], 784, axis=0)
    images.reshape(784, 784)[np.arange(784), np.arange(784)] += step.ravel()

    def others(probabilities):
        return np.delete(probabilities, 7, axis=-1).sum(axis=-1)

    change = others(lenet.probabilities(honest)) - others(lenet.probabilities_of(images[:, np.newaxis]))
    return change.reshape(28, 28) / step


def test_fooled(lenet, honest, gradient):
    image = np.clip(honest - 0.1 * np.sign(gradient), 0, 1)
    assert check("5.4", image, honest, lenet).right
    assert check("5.4", image.astype(np.float64).tolist(), honest, lenet).right
    assert check("5.4", mx.nd.array(image), honest, lenet).right
    fewer_pixels = np.where(np.abs(gradient) > np.quantile(np.abs(gradient), 0.2), image, honest)
    assert check("5.4", fewer_pixels, honest, lenet).right


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda honest, gradient: honest, "no pixel has changed"),
        (lambda honest, gradient: np.clip(honest + 0.1 * np.sign(gradient), 0, 1), "Go the other way"),
        (lambda honest, gradient: honest - 0.1 * np.sign(gradient), "ink goes from 0 to 1"),
        (
            lambda honest, gradient: np.clip(honest - 0.3 * np.sign(gradient), 0, 1),
            "has changed by 0.3, but no more than 0.1 is allowed",
        ),
        (lambda honest, gradient: np.clip(honest - 0.01 * gradient / np.abs(gradient).max(), 0, 1), "the whole way"),
        (lambda honest, gradient: np.clip(honest + 0.1, 0, 1), "LeNet still reads a 7"),
        (lambda honest, gradient: np.where(honest > 0.5, honest - 0.1, honest), "Go the other way"),
        (lambda honest, gradient: honest[np.newaxis], "the shape is (1, 28, 28), but it should be (28, 28)"),
        (lambda honest, gradient: np.full((28, 28), np.nan), "a pixel has changed by nan"),
    ],
)
def test_not_fooled(lenet, honest, gradient, change, words):
    assert_wrong(check("5.4", change(honest, gradient), honest, lenet), words)


# 5.5 Sheets that lie askew


def turned(strokes, degrees):
    angle = np.radians(degrees)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    return [(np.asarray(stroke) - 0.5) @ turn + 0.5 for stroke in strokes]


ANGLES = range(-50, 51, 20)
SHEETS = [turned(example["strokes"], angle) for angle in ANGLES for example in EXAMPLES[:30]]
LABELS = np.tile([example["label"] for example in EXAMPLES[:30]], len(ANGLES))


def surest(network, angles):
    """The way of which the network is surest."""

    def straightened(strokes):
        ways = [turned(strokes, angle) for angle in angles]
        return ways[int(np.argmax([network.probabilities(to_mnist(way)).max() for way in ways]))]

    return straightened


def test_straightened(cnn):
    assert check("5.5", surest(cnn, range(-40, 41, 10)), cnn, SHEETS, LABELS).right
    in_lists = surest(cnn, range(-45, 46, 15))
    assert check("5.5", lambda strokes: [s.tolist() for s in in_lists(strokes)], cnn, SHEETS, LABELS).right


@pytest.mark.parametrize(
    ("straightened", "words"),
    [
        (lambda strokes: None, "the function returns nothing yet"),
        (lambda strokes: ..., "the function returns nothing yet"),
        (lambda strokes: strokes, "no more than"),
        (lambda strokes: turned(strokes, 10), "no more than"),
        (to_mnist, "the function returns an image"),
        (lambda strokes: 7, "DigitsError"),
        (SHEETS, "the answer should be a function, but it is of type list"),
    ],
)
def test_not_straightened(cnn, straightened, words):
    assert_wrong(check("5.5", straightened, cnn, SHEETS, LABELS), words)


def test_half_the_way(cnn):
    verdict = check("5.5", surest(cnn, [-10, 0, 10]), cnn, SHEETS, LABELS)
    assert_wrong(verdict, "before you straightened them, but at least 93% are needed")
    assert ", up from the " in verdict.text
