"""The exercises of chapter 1: a batch of one, the best of thirty, a row and a column, an iterator's labels, reading.

And its guesses, and the gaps in its text: all sevens, the size of a file.

Chapter 1.
"""

import struct
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from helpers.data.load import Split, iterator
from helpers.exercises.guesses import Guess
from helpers.exercises.judge import (
    answer_array,
    is_open,
    missing_point,
    not_digits,
    wrong_array,
    wrong_number,
    wrong_shape,
)

if TYPE_CHECKING:
    from helpers.data.load import Digits

FLOOR = 0.92  # share of the validation digits in exercise 5
JUDGED = 1000  # validation digits that exercise 5 takes, where there are as many

GUESSES = {
    "a": Guess(
        "Before you run the cell: where do you expect the shades between, and why are there any?",
        {
            "Where the writer pressed less.": "Thinking of the pen. But inside the stroke nearly all is full ink.",
            "Along the edges of the strokes.": "There the ink covers a pixel only in part.",
            "Nowhere: ink is black and paper is white.": (
                "Taking a pixel for a point. It is a small area, and its grey value is the average over it."
            ),
            "Everywhere a little, from the scanner.": "A good thought, but the paper of MNIST is exactly 0.",
        },
        right="Along the edges of the strokes.",
    ),
    "b": Guess(
        "Which digit will come out sharpest, and which most blurred?",
        {
            "The 1 is sharpest and the 8 most blurred.": (
                "Counting strokes. But each 1 leans as it likes, so the mean spreads like a fan; and what blurs is not "
                "how much ink there is but how differently people place it."
            ),
            "The 0 is sharpest and the 5 most blurred.": (
                "There are few ways to write a 0, and the 5 is written in the most."
            ),
            "The 7 is sharpest and the 0 most blurred.": (
                "Looking at corners, which seem sharp. But sevens come with and without a bar, and at every angle."
            ),
            "All come out alike: a mean is a mean.": (
                "True if everyone wrote alike. But people differ, and in some digits more than in others."
            ),
        },
        right="The 0 is sharpest and the 5 most blurred.",
    ),
    "c": Guess(
        "What do you expect when you compare them with the labels?",
        {
            "An error, because the shapes differ.": (
                "Expecting NumPy to object. It repeats the row and the column until they fit, without a word."
            ),
            "All five are right: 1.0.": "Not seeing that a row and a column have different shapes. Print both.",
            "One in five is right: 0.2.": "Each answer meets each label: 25 comparisons, of which 5 hold.",
        },
        right="One in five is right: 0.2.",
    ),
    "d": Guess(
        "How many will be right?",
        {
            "About 10 %, as by chance.": "Believing that nothing is learnt here. The ten means are learnt.",
            "A third at best.": "Believing that only a network can read. Much of reading is comparing.",
            "Between 80 % and 90 %.": "It is 85.5 % on MNIST, with nothing learnt but ten means.",
            "Nearly all.": "Believing that a digit has one right form. The rest are written in another.",
        },
        right="Between 80 % and 90 %.",
    ),
    "e": Guess(
        "Which one governs what?",
        {
            "NumPy's governs all three.": (
                "Reasoning that everything is Python. But what MXNet computes, it draws itself."
            ),
            "MXNet's governs all three.": (
                "Reasoning that all three are functions of MXNet. But its iterator shuffles with NumPy."
            ),
            "NumPy's governs the order, MXNet's the weights and dropout.": (
                "`NDArrayIter` shuffles with NumPy; MXNet itself draws the first weights and what dropout switches off."
            ),
            "MXNet's governs the order and the weights, NumPy's dropout.": (
                "Taking dropout for a matter of arrays. It is an operator of MXNet, with MXNet's random numbers."
            ),
        },
        right="NumPy's governs the order, MXNet's the weights and dropout.",
    ),
}


def exercise_1(batch, digits: "Digits") -> str | None:
    """Test image number 7 as a batch of one image, an array with four dimensions."""
    images = digits.test.images
    mistakes = [
        (images[6:7], "this is test image 6: NumPy counts from 0, so number 7 is the one after it."),
        (images[8:9], "this is test image 8: a slice begins at its first number and ends before its second."),
        (digits.train.images[7:8], "this is training image 7: take the one from the test set."),
        (
            255 * images[7:8],
            "these are grey values up to 255: the digits are already scaled to 0..1, so leave them as they are.",
        ),
        (images[7:8].swapaxes(2, 3), "rows and columns have changed places: leave the picture the way it is."),
    ]
    return wrong_array(batch, images[7:8], _no_batch_of_one, mistakes=mistakes)


def _no_batch_of_one(shape: tuple[int, ...]) -> str | None:
    if shape[1:] == (1, 28, 28):
        return f"these are {shape[0]} images: a slice such as [3:4] takes just one."
    return {
        (28, 28): "the batch axis and the channel axis are missing, so try x[np.newaxis, np.newaxis].",
        (1, 28, 28): "the channel is there, but the batch axis is not: an index removes its axis, a slice keeps it.",
        (1, 28, 28, 1): "the channel comes last (NHWC), but MXNet expects it before the rows (NCHW).",
        (28, 28, 1, 1): "MXNet expects the image number and the channel first, NCHW.",
        (784,): "the pixels are all in one row, but the network should see rows and columns.",
        (1, 784): "the pixels are all in one row, but the network should see rows and columns.",
        (): "this is a single number. Take the image, not its label or one of its pixels.",
    }.get(shape)


def exercise_2(words) -> str | None:
    """Two or three sentences between quotation marks."""
    points = [
        (r"\b(chos|choos|cho[is]c|select|pick|kept|keep|tr(y|ied) )", "By which images was the program chosen?"),
        (
            r"\b(luck|chance|random|accident|flatter|too good|too high|overestimat|optimistic|over-?fit)",
            "Why is the best of thirty scores higher than what new digits will bring?",
        ),
        (r"\bvalidation\b", "Which part of the data is there to choose by?"),
    ]
    return missing_point(words, points)


def gap_sevens(sevens, digits: "Digits") -> str | None:
    """All training images with the label 7, an array (N, 1, 28, 28)."""
    images = digits.train.images
    is_seven = digits.train.labels == 7
    found = answer_array(sevens)
    if found.shape == is_seven.shape and found.dtype == bool:
        return "this says for each image whether it is a 7: put it in square brackets after digits.train.images."
    if found.ndim == 1:
        return "these are labels or numbers of images: take the images themselves, digits.train.images[...]."
    if found.shape == images[7].shape:
        return "this is training image 7, whatever it shows: take the images whose label is 7."
    mistakes = [
        (digits.test.images[digits.test.labels == 7], "these are the sevens of the test part: take the training part."),
        (digits.valid.images[digits.valid.labels == 7], "these are the sevens of the validation part: take the other."),
        (images[~is_seven], "these are all images that are not a 7: == is equal, != is not."),
        (images[is_seven, 0], "the channel axis is gone: leave out the 0."),
    ]
    for wrong, thought in mistakes:
        if np.array_equal(found, wrong):
            return thought
    if found.shape != images[is_seven].shape:
        return wrong_shape(found.shape, images[is_seven].shape)
    return wrong_array(found, images[is_seven])


def gap_file(size, header: bytes) -> str | None:
    """The size of the whole file in bytes, a number."""
    count, rows, columns = struct.unpack(">III", header[4:])
    little_count, little_rows, little_columns = struct.unpack("<III", header[4:])
    values = count * rows * columns
    mistakes = [
        (values, "these are the grey values alone: the header takes up bytes, too."),
        (4 + values, "the header does not end with the magic number: three sizes of four bytes each follow it."),
        (
            12 + values,
            "this header is too short: the magic number takes four bytes, and so does each of the three sizes.",
        ),
        (16 + rows * columns, "this would be a file with a single image: bytes 4 to 7 say how many there are."),
        (16 + 28 * 28 * count, "28 rows and 28 columns are what MNIST has: this header gives other sizes."),
        (
            16 + 4 * values,
            "four bytes for each value would be float32: byte 2 says unsigned bytes, so each value takes one.",
        ),
        (
            16 + little_count * little_rows * little_columns,
            "you read the sizes as little-endian: IDX puts the most significant byte first.",
        ),
    ]
    return wrong_number(size, 16 + values, mistakes)


def exercise_3(share, column: np.ndarray, labels: np.ndarray) -> str | None:
    """The share that you expect, a number from 0 to 1."""
    equal = column == labels
    mistakes = [
        (1, "all four answers are right, yes, but here a column meets a row: what shape does the comparison have?"),
        (1 / len(labels), "this compares each answer only with its own label: do other labels equal it, too?"),
        (equal.sum(), "this is the number of matches: the mean divides it by the number of comparisons."),
        (equal.sum() / len(labels), "the number of matches is right, but there are more comparisons than labels."),
        (100 * equal.mean(), "this is a percentage: give a share from 0 to 1."),
    ]
    return wrong_number(share, equal.mean(), mistakes, tolerance=0.001)


def exercise_4(count: Callable, digits: "Digits") -> str | None:
    """A function that counts how often an iterator gives each digit."""
    no_nine = np.flatnonzero(digits.train.labels < 9)
    for length, batch_size in ((250, 100), (130, 64)):  # the last batch has 50 of 100, then 2 of 64
        chosen = Split(digits.train.images[no_nine[:length]], digits.train.labels[no_nine[:length]])
        batches = iterator(chosen, batch_size)
        right = np.bincount(chosen.labels, minlength=10)
        for time in ("first", "second"):
            try:
                found = count(batches)
            except TypeError as error:
                if "Cannot cast" not in str(error):
                    raise
                return "an iterator's labels are float32, but np.bincount needs whole numbers: see astype(int)."
            if is_open(found):
                return "the function returns nothing yet: let it return ten numbers, one for each digit."
            if mistake := _wrong_count(answer_array(found), right, batch_size, time):
                return mistake
    return None


def _wrong_count(found: np.ndarray, right: np.ndarray, batch_size: int, time: str) -> str | None:
    if found.shape == (9,):
        return "there are only nine numbers. If there is no 9, its count should be 0: np.bincount takes a minlength."
    total = right.sum()
    counted = found.sum()
    if time == "second" and counted != total:
        return (
            f"called a second time with the same iterator, your function counts {counted:g} instead of {total} labels: "
            "an iterator is used up after one pass, so reset it."
        )
    if counted == -(-total // batch_size) * batch_size:
        return (
            f"your function counts {counted:g} labels, but there are {total}: "
            "the pad fills up the last batch, so cut it off."
        )
    if counted == total % batch_size:
        return "your function counts only the last batch. With a pad of 0, x[:-pad] is x[:0], which is empty."
    if counted == batch_size:
        return (
            f"your function counts only one batch of {batch_size}: add up over all of them, and return after the loop."
        )
    if abs(counted - 1) < 1e-6:
        return "these are shares, which add up to 1: return the counts themselves."
    if counted != total:
        return (
            f"your function counts {counted:g} labels, but there are {total} in batches of {batch_size}: "
            "does it assume batches of 100?"
        )
    return wrong_array(found, right)


def exercise_5(read: Callable, digits: "Digits") -> str | None:
    """A function that reads images with NumPy alone."""
    order = np.random.default_rng(0).permutation(len(digits.valid))[:JUDGED]
    labels = digits.valid.labels[order]
    answers = read(digits.valid.images[order])
    if mistake := not_digits(answers, len(labels)):
        return mistake
    answers = answer_array(answers)
    right = (answers == labels).mean()
    if np.array_equal(answers, digits.valid.labels[: len(labels)]):
        return "these are the validation labels in their own order, but the images came in another: look at the images."
    if right == 1 and len(labels) == JUDGED:
        return "no mistakes at all is too good to be true: does it know the validation digits? Use the training set."
    if right < FLOOR:
        return (
            f"{right:.1%} are read correctly, but at least {FLOOR:.0%} are needed: "
            "a single mean for each digit is not enough."
        )
    return None
