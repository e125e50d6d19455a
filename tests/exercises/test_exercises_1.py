"""The checks of chapter 1: right answers in several forms, the typical wrong ones, and the gap left."""

import numpy as np
import pytest

from helpers.data.load import iterator
from helpers.exercises import check
from tests.tools.verdicts import assert_wrong

import mxnet as mx

HEADER = bytes.fromhex("00000803 0000012c 00000010 00000014")
DIGITS = np.array([7, 7, 1, 0])


# 1.1 A batch of one

BATCH = {
    "a slice": lambda images: images[7:8],
    "an axis put back": lambda images: images[7][np.newaxis],
    "a list as index": lambda images: images[[7]],
    "an NDArray": lambda images: mx.nd.array(images[7:8]),
    "float64": lambda images: images[7:8].astype(float),
    "a list": lambda images: images[7:8].tolist(),
}


@pytest.mark.parametrize("take", BATCH.values(), ids=BATCH)
def test_batch_of_one(digits, take):
    assert check("1.1", take(digits.test.images), digits).right


NO_BATCH = {
    "no batch axis": (
        lambda d: d.test.images[7],
        "the shape is (1, 28, 28), but it should be (1, 1, 28, 28): the channel is",
    ),
    "no channel": (
        lambda d: d.test.images[7, 0],
        "the shape is (28, 28), but it should be (1, 1, 28, 28): the batch axis and",
    ),
    "channel last": (lambda d: d.test.images[7:8].transpose(0, 2, 3, 1), "the channel comes last (NHWC)"),
    "a row": (
        lambda d: d.test.images[7].reshape(-1),
        "(784,), but it should be (1, 1, 28, 28): the pixels are all in one row",
    ),
    "a batch of a row": (
        lambda d: d.test.images[7:8].reshape(1, -1),
        "(1, 784), but it should be (1, 1, 28, 28): the pixels are all in one row",
    ),
    "all": (lambda d: d.test.images[:8], "these are 8 images"),
    "counted from 1": (lambda d: d.test.images[6:7], "this is test image 6: NumPy counts from 0"),
    "the next": (lambda d: d.test.images[8:9], "this is test image 8: a slice begins at its first number"),
    "training": (lambda d: d.train.images[7:8], "this is training image 7"),
    "the label": (lambda d: d.test.labels[7], "this is a single number. Take the image"),
    "bytes": (lambda d: 255 * d.test.images[7:8], "grey values up to 255"),
    "on its side": (lambda d: d.test.images[7:8].transpose(0, 1, 3, 2), "rows and columns have changed places"),
    "a name": (lambda d: "images", "the answer should be an array of numbers, but it is of type str"),
}


@pytest.mark.parametrize(("take", "words"), NO_BATCH.values(), ids=NO_BATCH)
def test_no_batch_of_one(digits, take, words):
    assert_wrong(check("1.1", take(digits), digits), words)


# 1.2 In words

CHOSEN_BY_LUCK = "It was chosen by the test images, so luck is in the score. Choose on the validation images instead."


@pytest.mark.parametrize(
    "words",
    [
        CHOSEN_BY_LUCK,
        "The best of thirty was selected for its score, which is therefore too high. Use validation images to compare.",
        "He kept the best one, and by chance the best one looks better than it is; use the validation part to pick it.",
    ],
)
def test_words(words):
    assert check("1.2", words).right


@pytest.mark.parametrize(
    ("words", "mistake"),
    [
        ("He should use the validation images.", "these are 6 words"),
        (CHOSEN_BY_LUCK.replace("validation", "other"), "which part of the data is there to choose by?"),
        (CHOSEN_BY_LUCK.replace("luck", "something"), "why is the best of thirty scores higher"),
        (
            "It is luck to read exactly so many of them. I would rather measure it on the validation images.",
            "by which images was the program chosen?",
        ),
        (97.3, "the answer should be a text, but it is of type float"),
    ],
)
def test_words_that_miss_a_point(words, mistake):
    assert_wrong(check("1.2", words), mistake)


# 1.sevens All images of one digit


def test_sevens(digits):
    sevens = digits.train.images[digits.train.labels == 7]
    assert check("1.sevens", sevens, digits).right
    assert check("1.sevens", list(sevens), digits).right


@pytest.mark.parametrize(
    ("take", "words"),
    [
        (lambda d: d.train.labels == 7, "put it in square brackets"),
        (lambda d: d.train.labels[d.train.labels == 7], "these are labels or numbers of images"),
        (lambda d: np.flatnonzero(d.train.labels == 7), "these are labels or numbers of images"),
        (lambda d: d.train.images[7], "this is training image 7"),
        (lambda d: d.test.images[d.test.labels == 7], "the sevens of the test part"),
        (lambda d: d.valid.images[d.valid.labels == 7], "the sevens of the validation part"),
        (lambda d: d.train.images[d.train.labels != 7], "all images that are not a 7"),
        (lambda d: d.train.images[d.train.labels == 7, 0], "the channel axis is gone"),
        (lambda d: d.train.images[d.train.labels == 7][:10], "the shape is (10, 1, 28, 28)"),
        (lambda d: d.train.images[d.train.labels == 7][::-1], "the shape is right, but"),
    ],
)
def test_wrong_sevens(digits, take, words):
    assert_wrong(check("1.sevens", take(digits), digits), words)


# 1.file The size of a file


@pytest.mark.parametrize("size", [96_016, 96_016.0, np.int64(96_016), np.array([96_016])])
def test_size(size):
    assert check("1.file", size, HEADER).right


@pytest.mark.parametrize(
    ("size", "words"),
    [
        (300 * 16 * 20, "the header takes up bytes, too"),
        (4 + 300 * 16 * 20, "does not end with the magic number"),
        (12 + 300 * 16 * 20, "this header is too short"),
        (16 + 16 * 20, "a file with a single image"),
        (16 + 300 * 784, "28 rows and 28 columns are what MNIST has"),
        (16 + 4 * 300 * 16 * 20, "byte 2 says unsigned bytes"),
        (16 + 0x2C010000 * 0x10000000 * 0x14000000, "read the sizes as little-endian"),
        (95_000, "95,000 is too small"),
        ("96,016", "the answer should be a number, but it is of type str"),
    ],
)
def test_wrong_size(size, words):
    assert_wrong(check("1.file", size, HEADER), words)


# 1.3 A column meets a row


@pytest.mark.parametrize("share", [0.375, 6 / 16, np.float32(0.375), mx.nd.array([0.375])])
def test_share(share):
    assert check("1.3", share, DIGITS.reshape(-1, 1), DIGITS).right


@pytest.mark.parametrize(
    ("share", "words"),
    [
        (1, "here a column meets a row"),
        (0.25, "do other labels equal it, too?"),
        (6, "the number of matches"),
        (1.5, "more comparisons than labels"),
        (37.5, "this is a percentage"),
        (0.5, "0.5 is too large"),
    ],
)
def test_wrong_share(share, words):
    assert_wrong(check("1.3", share, DIGITS.reshape(-1, 1), DIGITS), words)


# 1.4 Count what an iterator gives


def labels_in(batches, cut=lambda labels, pad: labels[: len(labels) - pad]):
    return [cut(batch.label[0].asnumpy().astype(int), batch.pad) for batch in batches]


def counted(labels):
    return np.bincount(np.concatenate(labels), minlength=10)


def with_reset(batches):
    batches.reset()
    return counted(labels_in(batches))


def reset_afterwards(batches):
    found = [0] * 10
    for labels in labels_in(batches):
        for label in labels:
            found[label] += 1
    batches.reset()
    return found


def as_ndarray(batches):
    return mx.nd.array(with_reset(batches))


@pytest.mark.parametrize("count", [with_reset, reset_afterwards, as_ndarray])
def test_count(digits, count):
    assert check("1.4", count, digits).right
    assert np.array_equal(np.bincount(digits.valid.labels), as_plain(count(iterator(digits.valid, 64))))


def as_plain(array):
    return array.asnumpy() if isinstance(array, mx.nd.NDArray) else array


def nothing(batches):
    pass


def with_pad(batches):
    return counted(labels_in(batches, lambda labels, pad: labels))


def cut_by_minus_pad(batches):
    return counted(labels_in(batches, lambda labels, pad: labels[:-pad]))


def returns_in_the_loop(batches):
    for batch in batches:
        return counted([batch.label[0].asnumpy().astype(int)])


def fixed_to_100(batches):
    batches.reset()
    return counted(labels_in(batches, lambda labels, pad: labels[: 100 - pad]))


def without_minlength(batches):
    return np.bincount(np.concatenate(labels_in(batches)))


def floats(batches):
    return np.bincount(np.concatenate([batch.label[0].asnumpy() for batch in batches]))


def without_reset(batches):
    return counted([*labels_in(batches), np.zeros(0, int)])


def shares(batches):
    found = with_reset(batches)
    return found / found.sum()


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (nothing, "the function returns nothing yet"),
        (with_pad, "your function counts 300 labels, but there are 250: the pad fills up the last batch"),
        (cut_by_minus_pad, "counts only the last batch. With a pad of 0, x[:-pad] is x[:0]"),
        (returns_in_the_loop, "counts only one batch of 100"),
        (fixed_to_100, "your function counts 166 labels, but there are 130 in batches of 64"),
        (without_minlength, "np.bincount takes a minlength"),
        (floats, "see astype(int)"),
        (without_reset, "called a second time with the same iterator, your function counts 0 instead of 250"),
        (shares, "these are shares, which add up to 1"),
        (lambda batches: undefined, "NameError: name 'undefined' is not defined"),  # noqa: F821
    ],
)
def test_wrong_count(digits, count, words):
    assert_wrong(check("1.4", count, digits), words)


# 1.5 Read without a network


def distances(digits, images, count):
    known = digits.train.images[:count].reshape(count, -1)
    return (known**2).sum(axis=1) - 2 * images.reshape(len(images), -1) @ known.T


def nearest(digits, images):
    return digits.train.labels[distances(digits, images, 3000).argmin(axis=1)]


def vote_of_three(digits, images):
    near = digits.train.labels[np.argsort(distances(digits, images, 2000), axis=1)[:, :3]]
    return [int(np.bincount(three).argmax()) for three in near]


def ten_averages(digits, images):
    labels = digits.train.labels
    means = np.stack([digits.train.images[labels == digit].mean(axis=0).reshape(-1) for digit in range(10)])
    return (means**2).sum(axis=1) - 2 * images.reshape(len(images), -1) @ means.T


@pytest.mark.parametrize("way", [nearest, vote_of_three])
def test_read(digits, way):
    assert check("1.5", lambda images: way(digits, images), digits).right


def test_read_mnist(mnist):
    assert check("1.5", lambda images: nearest(mnist, images), mnist).right


@pytest.mark.parametrize(
    ("way", "words"),
    [
        (lambda digits, images: None, "the function returns nothing yet"),
        (ten_averages, "ten numbers for each image"),
        (lambda digits, images: nearest(digits, images).reshape(-1, 1), "the answers come as a column"),
        (
            lambda digits, images: ten_averages(digits, images).argmin(axis=1),
            "a single mean for each digit is not enough",
        ),
        (lambda digits, images: ten_averages(digits, images).argmin(), "the shape is (), but it should be (200,)"),
        (lambda digits, images: digits.valid.labels, "the validation labels in their own order"),
        (lambda digits, images: np.full(len(images), 1), "10.0% are read correctly, but at least 92% are needed"),
    ],
)
def test_read_in_a_wrong_way(digits, way, words):
    assert_wrong(check("1.5", lambda images: way(digits, images), digits), words)


def test_read_with_the_answers_at_hand(mnist):
    """Whoever learns from the validation images finds each of them again."""
    answer_of = {image.tobytes(): label for image, label in zip(mnist.valid.images, mnist.valid.labels, strict=True)}
    verdict = check("1.5", lambda images: np.array([answer_of[image.tobytes()] for image in images]), mnist)
    assert "too good to be true" in verdict.text
