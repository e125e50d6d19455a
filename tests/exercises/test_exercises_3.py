"""The checks of chapter 3: right answers in several forms, the typical wrong ones, and the gap left."""

import numpy as np
import pytest

from helpers.classifier.classifier import Classifier
from helpers.drawing.field import centre_by_mass
from helpers.exercises import check
from tests.tools.verdicts import assert_wrong

import mxnet as mx

# 3.1 The sides


@pytest.mark.parametrize("sides", [[26, 13, 10, 5], (26.0, 13.0, 10.0, 5.0), mx.nd.array([26, 13, 10, 5])])
def test_sides(sides):
    assert check("3.1", sides).right


@pytest.mark.parametrize(
    ("sides", "words"),
    [
        ([28, 26, 13, 10, 5], "the first number, 28, is the side of the image"),
        ([26, 13, 10], "the shape is (3,), but it should be (4,): give four numbers"),
        (26, "the shape is (), but it should be (4,): give four numbers"),
        (
            [25, 12, 8, 4],
            "step 1 is a convolution from 28 with windows of 3, and then the side is not 25. Count the places",
        ),
        ([28, 14, 14, 7], "without `pad` there is no border"),
        ([9, 4, 1, 0], "It moves on by one pixel"),
        ([24, 12, 9, 4], "At how many places does the window fit?"),
        (
            [26, 25, 22, 21],
            "step 2 is a pooling from 26 with windows of 2, and then the side is not 25. Its windows do not overlap",
        ),
        ([26, 26, 23, 23], "It puts one number in place of each square"),
        (
            [26, 13, 9, 4],
            "step 3 is a convolution from 13 with windows of 4, and then the side is not 9. Count the places",
        ),
        ([26, 13, 10, 9], "step 4"),
    ],
)
def test_wrong_sides(sides, words):
    assert_wrong(check("3.1", sides), words)


# 3.2 A kernel

LEVEL = np.array([[-1, -1, -1], [0, 0, 0], [1, 1, 1]])

KERNELS = {
    "rows": -LEVEL,
    "a list": [[1, 2, 1], [0, 0, 0], [-1, -2, -1]],
    "a narrow one": np.array([[0, 1, 0], [0, -1, 0], [0, 0, 0]]),
    "half the size": mx.nd.array(-0.5 * LEVEL),
    "thirds": np.array([[1, 1, 1], [1, 1, 1], [-2, -2, -2]]) / 3,
}


@pytest.mark.parametrize("kernel", KERNELS.values(), ids=KERNELS)
def test_kernel(kernel):
    assert check("3.2", kernel).right


@pytest.mark.parametrize(
    ("kernel", "words"),
    [
        (LEVEL, "it is positive at upper edges"),
        (-LEVEL.T, "it also answers to vertical edges"),
        ([[2, 1, 0], [1, 0, -1], [0, -1, -2]], "it also answers to vertical edges"),
        ([[1, 1, 1], [0, 0, 0], [0, 0, 0]], "on an even area of full ink it answers 3, not 0"),
        (np.full((3, 3), 1 / 9), "on an even area of full ink it answers 1, not 0"),
        (np.zeros((3, 3)), "your kernel answers 0 everywhere"),
        ([[1, -1, 0], [-1, 1, 0], [0, 0, 0]], "the rows have to differ"),
        ([[1, 1, 1], [-2, -2, -2], [1, 1, 1]], "neither answer may be negative"),
        (-LEVEL.reshape(1, 1, 3, 3), "the shape is (1, 1, 3, 3), but it should be (3, 3): leave out"),
        (np.ones((5, 5)), "the shape is (5, 5), but it should be (3, 3)."),
    ],
)
def test_wrong_kernel(kernel, words):
    assert_wrong(check("3.2", kernel), words)


# 3.3 Larger images


@pytest.mark.parametrize("more", [2_625_000, 2_625_000.0, np.int64(50 * (11 * 11 - 4 * 4) * 500)])
def test_more(more):
    assert check("3.3", more).right


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (0, "but what does fc1 receive?"),
        (431_080 + 2_625_000, "these are all its parameters"),
        (3 * 431_080, "does a kernel grow with the image?"),
        (4 * 431_080, "does a kernel grow with the image?"),
        (50 * (8 * 8 - 4 * 4) * 500, "follow the side from 56"),
        (50 * 121 * 500 + 500, "this is the whole of fc1"),
        (50 * (121 - 16), "how many weights does each of them have?"),
        ((121 - 16) * 500, "this is for one of the 50 maps"),
        (2_625_500, "the biases belong to the outputs"),
        (20 * (52 * 52 - 24 * 24), "they are results, not parameters"),
        (1_000_000, "1,000,000 is too small"),
    ],
)
def test_wrong_more(more, words):
    assert_wrong(check("3.3", more), words)


# 3.4 Max pooling


def squares(maps):
    count, height, width = maps.shape
    return maps.reshape(count, height // 2, 2, width // 2, 2)


def by_loops(maps):
    pooled = np.full((len(maps), maps.shape[1] // 2, maps.shape[2] // 2), -np.inf)
    for (k, row, column), value in np.ndenumerate(maps):
        pooled[k, row // 2, column // 2] = max(value, pooled[k, row // 2, column // 2])
    return pooled.tolist()


def by_mxnet(maps):
    return mx.nd.Pooling(mx.nd.array(maps[np.newaxis]), kernel=(2, 2), stride=(2, 2), pool_type="max")[0]


def by_slices(maps):
    return np.max([maps[:, row::2, column::2] for row in (0, 1) for column in (0, 1)], axis=0)


@pytest.mark.parametrize("pool", [lambda maps: squares(maps).max(axis=(2, 4)), by_loops, by_mxnet, by_slices])
def test_pool(pool):
    assert check("3.4", pool).right


def overlapping(maps):
    return np.max([maps[:, a : a + 5, b : b + 7] for a in (0, 1) for b in (0, 1)], axis=0)


@pytest.mark.parametrize(
    ("pool", "words"),
    [
        (lambda maps: None, "the function returns nothing yet"),
        (lambda maps: squares(maps).mean(axis=(2, 4)), "these are the means"),
        (lambda maps: squares(maps).sum(axis=(2, 4)), "these are the sums"),
        (lambda maps: squares(maps).min(axis=(2, 4)), "these are the smallest numbers"),
        (lambda maps: maps[:, ::2, ::2], "the upper left number of each square"),
        (lambda maps: np.maximum(squares(maps).max(axis=(2, 4)), 0), "negative numbers have become 0"),
        (lambda maps: maps.reshape(3, 3, 4, 4).max(axis=-1), "four numbers that lie side by side"),
        (lambda maps: maps.reshape(3, 2, 3, 2, 4).max(axis=(1, 3)), "reshape has split the rows into two halves"),
        (lambda maps: np.stack([squares(maps)[0].max(axis=(1, 3))] * 3), "all maps have become the same"),
        (overlapping, "the shape is (3, 5, 7), but it should be (3, 3, 4): the squares overlap"),
        (lambda maps: maps, "the maps are as large as before"),
        (lambda maps: squares(maps).max(axis=2).reshape(3, 3, 8), "the rows are paired, the columns are not"),
        (lambda maps: squares(maps).max(axis=4).reshape(3, 6, 4), "the columns are paired, the rows are not"),
        (lambda maps: squares(maps).max(axis=(0, 2, 4)), "the maps are mixed as well"),
        (lambda maps: by_mxnet(maps)[None], "a batch axis has slipped in"),
        (lambda maps: maps.max(axis=(1, 2)), "one number for each map"),
        (lambda maps: maps.max(), "one number for everything"),
        (lambda maps: squares(maps[0]), "could not be used, ValueError: not enough values to unpack"),
    ],
)
def test_wrong_pool(pool, words):
    assert_wrong(check("3.4", pool), words)


# 3.5 Digits that were moved


@pytest.fixture(scope="module")
def lenet():
    return Classifier.load("lenet")


def by_mass(images):
    return np.stack([centre_by_mass(image[0]) for image in images])[:, np.newaxis]


def rolled(images):
    """By whole pixels, as in the notebook's solution."""
    centred = np.zeros_like(images)
    for image, found in zip(images[:, 0], centred[:, 0], strict=True):
        down, right = (14 - image.sum(axis=axis) @ np.arange(28) / image.sum() for axis in (1, 0))
        found[:] = np.roll(image, (round(down), round(right)), axis=(0, 1))
    return centred


@pytest.mark.parametrize("centred", [by_mass, rolled])
def test_read_moved(digits, lenet, centred):
    assert check("3.5", lambda images: lenet.probabilities_of(centred(images)).argmax(axis=1), digits).right


@pytest.mark.parametrize("network", ["lenet", "mlp"])
def test_read_moved_mnist(mnist, network):
    classifier = Classifier.load(network)
    assert check("3.5", lambda images: classifier.probabilities_of(rolled(images)).argmax(axis=1).tolist(), mnist).right


def test_lenet_as_it_is_does_not_do(mnist, lenet):
    verdict = check("3.5", lambda images: lenet.probabilities_of(images).argmax(axis=1), mnist)
    assert "That makes 6" in verdict.text
    assert "at least 96% are needed" in verdict.text


@pytest.mark.parametrize(
    ("read", "words"),
    [
        (lambda lenet, images: None, "the function returns nothing yet"),
        (lambda lenet, images: lenet.probabilities_of(rolled(images)), "ten numbers for each image"),
        (
            lambda lenet, images: rolled(images),
            "the shape is (200, 1, 28, 28), but it should be (200,): return one digit",
        ),
        (
            lambda lenet, images: lenet.probabilities_of(images).argmax(axis=1),
            "moved by 4 pixels, these shares are read correctly: 56.5% to the right",
        ),
        (
            lambda lenet, images: lenet.probabilities_of(images - images).argmax(axis=1),
            "that makes 10.0%, but at least 92% are needed",
        ),
        (
            lambda lenet, images: lenet.probabilities_of(images[:, 0]),
            "not be used, DigitsError: expected images of shape (N, 1, 28, 28), got an array of shape (200, 28, 28)",
        ),
    ],
)
def test_read_moved_in_a_wrong_way(digits, lenet, read, words):
    assert_wrong(check("3.5", lambda images: read(lenet, images), digits), words)


# The gap in the text


@pytest.mark.parametrize("side", [14, 14.0, np.int64((28 + 2 * 2 - 5) // 2 + 1)])
def test_side(side):
    assert check("3.side", side).right


def test_side_is_what_mxnet_makes():
    data = mx.sym.Convolution(mx.sym.Variable("data"), kernel=(5, 5), num_filter=1, pad=(2, 2), stride=(2, 2))
    _, [(_, _, height, width)], _ = data.infer_shape(data=(1, 1, 28, 28))
    assert height == width
    assert check("3.side", height).right


@pytest.mark.parametrize(
    ("side", "words"),
    [
        (12, "without padding"),
        (24, "without padding and stride"),
        (28, "right with stride 1"),
        (14.5, "no half place"),
        (13, "add 1, for the first place"),
        (16, "half of the padded side"),
        (27, "is too large"),
    ],
)
def test_wrong_side(side, words):
    assert_wrong(check("3.side", side), words)


# 3.6 In words

RIGHT = [
    "The maps do move along with the digit. But fc1 has a weight for each cell, so the answer is not invariant.",
    "Convolution is equivariant, that much is true; yet the fully connected layer has learnt where the features lie.",
]


@pytest.mark.parametrize("answer", RIGHT)
def test_words(answer):
    assert check("3.6", answer).right


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ("It is wrong.", "these are 3 words: take two or three sentences"),
        ("My friend is mistaken, since a network knows nothing but what it has been shown before.", "feature map"),
        ("The maps move along with the digit, all of them, and so my friend has it quite right.", "Which layer"),
        (42, "write your sentences between the quotation marks"),
    ],
)
def test_wrong_words(answer, words):
    assert_wrong(check("3.6", answer), words)
