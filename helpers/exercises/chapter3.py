"""Chapter 3: the sides of the maps, a kernel for lower edges, larger images, max pooling, digits that were moved."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from helpers.exercises.judge import as_array, is_open, not_digits, wrong_array, wrong_number
from helpers.networks.symbols import layers, lenet

if TYPE_CHECKING:
    from helpers.data.load import Digits

SIDE = 28
STEPS = ("convolution", 3), ("pooling", 2), ("convolution", 4), ("pooling", 2)  # with the side of the window
LARGE = 56  # side of the images in exercise 3
MOVED = 4  # pixels, in exercise 5
WANTED = {"mnist": 0.96, "digits": 0.92}  # share of the moved validation digits
JUDGED = 1000  # validation digits that exercise 5 takes, where there are as many


def exercise_1(sides) -> str | None:
    """The four sides one after the other, a list of four numbers."""
    sides = as_array(sides)
    if sides.shape == (len(STEPS) + 1,) and sides[0] == SIDE:
        return f"the side of the image, {SIDE}, is given: leave it out."
    if sides.shape != (len(STEPS),):
        return f"shape is {sides.shape}: four numbers are wanted, one after each step."
    before = SIDE
    for number, ((kind, window), side) in enumerate(zip(STEPS, sides, strict=True), start=1):
        right = before - window + 1 if kind == "convolution" else before // window
        if side != right:
            where = f"step {number}, a {kind} from {before} with windows of {window}: {side:g} is not the side. "
            return where + _wrong_side(kind, window, before, side)
        before = right
    return None


def _wrong_side(kind: str, window: int, before: int, side: float) -> str:
    if kind == "pooling" and side == before - window + 1:
        return "Its windows do not overlap: the stride is 2."
    if kind == "pooling":
        return "It puts one number in the place of each square."
    if side == before:
        return "The window has to stay inside, and without `pad` there is no rim around the image."
    if side == before - window:
        return "Count the places where the window can begin: there is one more than that."
    if side == before // window:
        return "It moves on by one pixel, not by a whole window."
    return "At how many places does the window fit?"


def exercise_2(kernel) -> str | None:
    """The kernel, an array (3, 3)."""
    kernel = as_array(kernel)
    if kernel.shape != (3, 3):
        axes = "; leave out the axes of size 1." if kernel.size == 9 else "."
        return f"shape is {kernel.shape}, (3, 3) is wanted{axes}"
    if not kernel.any():
        return "it answers 0 everywhere: give it some weights."
    if abs(kernel.sum()) > 1e-6:
        return f"on an even area of full ink it answers {kernel.sum():.3g}, not 0: its weights have to add up to 0."
    of_rows, of_columns = kernel.sum(axis=1), kernel.sum(axis=0)
    if np.abs(of_columns).max() > 1e-6:
        return "it answers to upright edges, too: ink on one side only must give 0, so look at the sum of each column."
    # With ink in the upper row, then in the upper two rows, and paper below.
    answers = of_rows[0], of_rows[:2].sum()
    if min(answers) >= -1e-6 and max(answers) > 1e-6:
        return None
    if max(answers) <= 1e-6 and min(answers) < -1e-6:
        return "it is positive at the upper edges, where paper lies above ink: turn it round."
    if max(answers) <= 1e-6:
        return "it answers 0 at an edge between ink above and paper below: the rows have to differ."
    return (
        f"with ink in the upper row it answers {answers[0]:.3g}, in the upper two rows {answers[1]:.3g}: "
        "both belong to a lower edge, and neither may be negative."
    )


def exercise_3(more) -> str | None:
    """How many parameters more you expect, a number."""
    small, large = (
        {layer.name: layer.parameters for layer in layers(lenet(), (1, 1, side, side))} for side in (SIDE, LARGE)
    )
    total, outputs, cells = sum(small.values()), 500, 11 * 11
    mistakes = [
        (0, "the convolutions stay as they are, yes: but what does fc1 receive?"),
        (sum(large.values()), "these are all its parameters: how many are that more than before?"),
        (3 * total, "not all becomes four times as large: does a kernel grow with the image?"),
        (4 * total, "not all becomes four times as large: does a kernel grow with the image?"),
        (3 * 16 * 50 * outputs, "the last maps are not just twice as wide: follow the side from 56, step by step."),
        (large["fc1"], "this is the whole of fc1: subtract what it had before."),
        (50 * (cells - 16), "fc1 gets so many more inputs: how many weights has each of them?"),
        ((cells - 16) * outputs, "this is one of the 50 maps: fc1 takes them all."),
        (large["fc1"] - small["fc1"] + outputs, "the biases belong to the outputs, and there are as many as before."),
        (20 * (52 * 52 - 24 * 24), "these are the numbers that conv1 puts out: they are results, not parameters."),
    ]
    return wrong_number(more, sum(large.values()) - total, mistakes)


def exercise_4(max_pool: Callable) -> str | None:
    """A function that pools maps (C, H, W)."""
    maps = np.random.default_rng(0).normal(-1, 1, (3, 6, 8))
    found = max_pool(maps.copy())
    if is_open(found):
        return "the function returns nothing yet: let it return the pooled maps, here of shape (3, 3, 4)."
    squares = maps.reshape(3, 3, 2, 4, 2)
    right = squares.max(axis=(2, 4))
    mistakes = [
        (squares.mean(axis=(2, 4)), "these are the means of the squares: their largest numbers are wanted."),
        (squares.sum(axis=(2, 4)), "these are the sums of the squares: their largest numbers are wanted."),
        (squares.min(axis=(2, 4)), "these are the smallest numbers: the largest are wanted."),
        (maps[:, ::2, ::2], "this takes the upper left number of each square, not the largest."),
        (np.maximum(right, 0), "negative numbers have become 0: after tanh there are many, so do not start at zero."),
        (maps.reshape(3, 3, 4, 4).max(axis=-1), "these four numbers lie side by side in a row: a square has two rows."),
        (
            maps.reshape(3, 2, 3, 2, 4).max(axis=(1, 3)),
            "reshape has split the rows into two halves: the pair of neighbours comes after the number of pairs.",
        ),
        (np.broadcast_to(right[:1], right.shape), "all maps are the same: pool each by itself."),
    ]
    return wrong_array(found, right, _no_pooled_maps, mistakes=mistakes)


def _no_pooled_maps(shape: tuple[int, ...]) -> str | None:
    return {
        (3, 5, 7): "the squares overlap: move on by 2.",
        (3, 6, 8): "the maps are as large as before: one number takes the place of a square of 2 x 2.",
        (3, 3, 8): "the rows are paired, the columns are not.",
        (3, 6, 4): "the columns are paired, the rows are not.",
        (3, 4): "the maps are mixed, too: each is pooled by itself.",
        (1, 3, 3, 4): "a batch axis has come in: leave it out again.",
        (3,): "one number for each map: one for each square is wanted.",
        (): "one number for all: one for each square is wanted.",
    }.get(shape)


def exercise_5(read: Callable, digits: "Digits") -> str | None:
    """A function that reads digits wherever they lie."""
    images, labels = digits.valid.images[:JUDGED], digits.valid.labels[:JUDGED]
    sides = [(0, MOVED), (0, -MOVED), (MOVED, 0), (-MOVED, 0)]
    shares = []
    for down, right in sides:
        answers = read(_moved(images, down, right))
        if mistake := not_digits(answers, len(labels)):
            return mistake
        shares.append((as_array(answers) == labels).mean())
    if np.mean(shares) >= WANTED[digits.source]:
        return None
    names = ("right", "left", "down", "up")
    each = ", ".join(f"{share:.1%} {name}" for name, share in zip(names, shares, strict=True))
    return f"moved by {MOVED} pixels, {each}: that makes {np.mean(shares):.1%}, {WANTED[digits.source]:.0%} are wanted."


def _moved(images: np.ndarray, down: int, right: int) -> np.ndarray:
    """The images moved by whole pixels, at most `MOVED`; blank pixels come in at the other side."""
    padded = np.pad(images, [(0, 0), (0, 0), (MOVED, MOVED), (MOVED, MOVED)])
    return padded[..., MOVED - down :, MOVED - right :][..., :SIDE, :SIDE]
