"""The guesses of chapter 3 and its exercises: sides of maps, a kernel for lower edges, larger images, max pooling,
shifted digits, and why LeNet is not invariant.

Chapter 3.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

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
from helpers.networks.symbols import layers, lenet

if TYPE_CHECKING:
    from helpers.data.load import Digits

SIDE = 28
STEPS = ("convolution", 3), ("pooling", 2), ("convolution", 4), ("pooling", 2)  # with the side of the window
LARGE = 56  # side of the images in exercise 3
SHIFT = 4  # pixels, in exercise 5
FLOOR = {"mnist": 0.96, "digits": 0.92}  # share of the moved validation digits
JUDGED = 1000  # validation digits that exercise 5 takes, where there are as many

POINTS = [  # of exercise 6
    (r"equivarian|move|shift|along", "What becomes of a feature map when the digit moves?"),
    (r"fully connected|fc1|dense|last layer", "Which layer expects the features in their places?"),
    (r"invarian|same answer|stay|in place|where", "What should the answer do when the digit moves?"),
]

GUESSES = {
    "a": Guess(
        "How often is it right at 1 pixel? At 2? At 4?",
        {
            "About the same each time.": "Reading as people do. But the network has learnt places, not forms.",
            "Little worse at 1 pixel, clearly worse at 2, and at 4 wrong more often than right.": (
                "On MNIST 94 %, 78 % and 28 % after a training, and 97 %, 85 % and 35 % with `TRAIN = False`."
            ),
            "Hardly ever, from 1 pixel on.": (
                "Thinking that it compares pixel by pixel. Strokes are two or three pixels wide, so after a move by "
                "one most of the ink still meets its weights."
            ),
            "A little worse each time, but always better than 80 %.": (
                "Thinking of blurred vision, which fades slowly. This falls steeply."
            ),
        },
        right="Little worse at 1 pixel, clearly worse at 2, and at 4 wrong more often than right.",
    ),
    "b": Guess(
        "What becomes of its map?",
        {
            "It stays as it is: the kernel finds the same edges.": (
                "The same edges, yes. But a map says where they are, and they are somewhere else."
            ),
            "It moves by two pixels.": "The same window with the same weights meets the same ink two places later.",
            "It changes altogether, as every pixel meets another weight.": (
                "That is the fully connected layer. Here every place has the same weights."
            ),
        },
        right="It moves by two pixels.",
    ),
    "c": Guess(
        "What does pooling leave of it?",
        {
            "7 and 5 above, 1 and 3 below.": "The largest number of each square.",
            "1.75 and 1.25 above, 0.25 and 0.75 below.": "The means. Some networks do take them.",
            "A table of 3 x 3: 7, 0, 5; 7, 3, 3; 1, 3, 3.": (
                "Moving the square by one. Here it moves by two, its own width."
            ),
            "7, the largest number.": "That would be pooling over the whole map at once, which also exists.",
        },
        right="7 and 5 above, 1 and 3 below.",
    ),
    "d": Guess(
        "What happens when the table moves by one column to the right?",
        {
            "Nothing: pooling takes care of shifts.": "Only of those within a square.",
            "The 7 and the 3 keep their places, the 1 and the 5 are gone.": (
                "The 1 crosses a border and meets the 3, which is larger; the 5 leaves the table."
            ),
            "All four numbers move by one.": "The squares do not move with the table.",
        },
        right="The 7 and the 3 keep their places, the 1 and the 5 are gone.",
    ),
    "e": Guess(
        "Work out the next two sides before you run the cell.",
        {
            "8, then 4.": "12 − 5 + 1, and half of it.",
            "7, then 3.": "Leaving out the + 1: a window that just fits has one place.",
            "12, then 6.": "Thinking that a convolution keeps the side. It would with padding 2.",
            "24, then 12.": "Following the first convolution once more. This one starts from 12.",
        },
        right="8, then 4.",
    ),
    "f": Guess(
        "On how many pixels does one number of `pool2` depend, after two convolutions and two poolings?",
        {
            "5 x 5.": "That is the first convolution alone. The second spans five such numbers side by side.",
            "10 x 10.": "Adding 5 and 5. But pooling has made the second step of one into a step of two pixels.",
            "16 x 16.": "5, then 6, then 6 + 4 · 2 = 14, then 16: see below.",
            "28 x 28, all of them.": "That comes one layer later, in `fc1`.",
        },
        right="16 x 16.",
    ),
    "g": Guess(
        "Where do you expect most of the weights: in the two convolutions, or in the fully connected layer after them?",
        {
            "In the convolutions, since they make the most numbers.": (
                "They make them with the same few weights, at every place."
            ),
            "In the convolutions, since they take the most time.": (
                "Each weight is used hundreds of times. Storing and computing are two costs."
            ),
            "In the fully connected layer.": "93 % of all parameters are in `fc1`.",
        },
        right="In the fully connected layer.",
    ),
    "h": Guess(
        "After how many will LeNet read as many?",
        {
            "1 or 2.": "On MNIST its first epoch ends at 97.6 %. It need not learn an edge anew for each place.",
            "About 5.": "Halving the ten, to be careful. It is faster than that.",
            "About 10: the recipe is the same.": "The recipe, but not the network.",
            "More than 10, as it has more parameters.": "More of them, and they are better used.",
        },
        right="1 or 2.",
    ),
    "i": Guess(
        "What does the formula at the top of the chapter give where all pixels are 0?",
        {
            "0.": "So it is with the kernels by hand. But the formula has one more term.",
            "The bias.": "All products are 0, and the bias is left. The tanh of it is the grey of the background.",
            "The sum of the weights.": "That is the answer to a window full of ink.",
        },
        right="The bias.",
    ),
    "j": Guess(
        "How well will the large MLP read digits that were moved by 2 pixels, compared with the small one and with "
        "LeNet?",
        {
            "About as well as LeNet: it has as many parameters.": (
                "Taking size for the cause. Its weights are still tied to places."
            ),
            "A little better than the small MLP, and much worse than LeNet.": (
                "On MNIST 81 % against 78 % and 94 %. What makes the difference is how the weights are used."
            ),
            "Worse than the small MLP: it learns the places by heart even better.": (
                "A good thought, but on MNIST it reads 81 % against 78 %."
            ),
        },
        right="A little better than the small MLP, and much worse than LeNet.",
    ),
}


def gap_side(side) -> str | None:
    """The side of the map, a number."""
    mistakes = [
        (12, "this is without padding: 28 becomes 32 first."),
        (24, "this is without padding and stride: put p = 2 and s = 2 into the formula."),
        (28, "this is right with stride 1: the window moves on by two pixels."),
        (13.5, "there is no half place: round the fraction down, and then add 1."),
        (14.5, "there is no half place: round the fraction down, and then add 1."),
        (13, "the fraction rounded down is 13: add 1, for the first place."),
        (16, "this is half of the padded side: not every pixel has a whole window to the right of it."),
    ]
    return wrong_number(side, 14, mistakes)


def exercise_1(sides) -> str | None:
    """The four sides one after the other, a list of four numbers."""
    sides = answer_array(sides)
    if sides.shape == (len(STEPS) + 1,) and sides[0] == SIDE:
        return f"the first number, {SIDE}, is the side of the image itself: leave it out."
    if sides.shape != (len(STEPS),):
        return wrong_shape(sides.shape, (len(STEPS),), "give four numbers, one after each step.")
    before = SIDE
    for number, ((kind, window), side) in enumerate(zip(STEPS, sides, strict=True), start=1):
        right = before - window + 1 if kind == "convolution" else before // window
        if side != right:
            where = (
                f"step {number} is a {kind} from {before} with windows of {window}, and then the side is not {side:g}. "
            )
            return where + _wrong_side(kind, window, before, side)
        before = right
    return None


def _wrong_side(kind: str, window: int, before: int, side: float) -> str:
    if kind == "pooling" and side == before - window + 1:
        return "Its windows do not overlap: the stride is 2."
    if kind == "pooling":
        return "It puts one number in place of each square."
    if side == before:
        return "The window has to stay inside, and without `pad` there is no border around the image."
    if side == before - window:
        return "Count the places where the window can start: there is one more than that."
    if side == before // window:
        return "It moves on by one pixel, not by a whole window."
    return "At how many places does the window fit?"


def exercise_2(kernel) -> str | None:
    """The kernel, an array (3, 3)."""
    kernel = answer_array(kernel)
    if kernel.shape != (3, 3):
        thought = "leave out the axes of size 1." if kernel.size == 9 else None
        return wrong_shape(kernel.shape, (3, 3), thought)
    if not kernel.any():
        return "your kernel answers 0 everywhere: give it some weights."
    if abs(kernel.sum()) > 1e-6:
        return f"on an even area of full ink it answers {kernel.sum():.3g}, not 0: its weights have to add up to 0."
    of_rows = kernel.sum(axis=1)
    of_columns = kernel.sum(axis=0)
    if np.abs(of_columns).max() > 1e-6:
        return "it also answers to vertical edges: ink on one side only must give 0, so look at the sum of each column."
    # With ink in the upper row, then in the upper two rows, and paper below.
    answers = of_rows[0], of_rows[:2].sum()
    if min(answers) >= -1e-6 and max(answers) > 1e-6:
        return None
    if max(answers) <= 1e-6 and min(answers) < -1e-6:
        return "it is positive at upper edges, where there is paper above ink: turn it upside down."
    if max(answers) <= 1e-6:
        return "it answers 0 at an edge with ink above and paper below: the rows have to differ."
    return (
        f"with ink in the upper row it answers {answers[0]:.3g}, with ink in the upper two rows {answers[1]:.3g}: "
        "both are a lower edge, so neither answer may be negative."
    )


def exercise_3(more) -> str | None:
    """The number of additional parameters that you expect."""
    small, large = (
        {layer.name: layer.parameters for layer in layers(lenet(), (1, 1, side, side))} for side in (SIDE, LARGE)
    )
    total = sum(small.values())
    outputs = 500
    cells = 11 * 11
    mistakes = [
        (0, "the convolutions stay as they are, yes, but what does fc1 receive?"),
        (sum(large.values()), "these are all its parameters: how many more is that than before?"),
        (3 * total, "not everything becomes four times as large: does a kernel grow with the image?"),
        (4 * total, "not everything becomes four times as large: does a kernel grow with the image?"),
        (3 * 16 * 50 * outputs, "the last maps are not simply twice as wide: follow the side from 56, step by step."),
        (large["fc1"], "this is the whole of fc1: subtract what it had before."),
        (50 * (cells - 16), "this is how many more inputs fc1 gets: how many weights does each of them have?"),
        ((cells - 16) * outputs, "this is for one of the 50 maps: fc1 takes all of them."),
        (
            large["fc1"] - small["fc1"] + outputs,
            "the biases belong to the outputs, and there are as many of those as before.",
        ),
        (20 * (52 * 52 - 24 * 24), "these are the outputs of conv1: they are results, not parameters."),
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
        (squares.mean(axis=(2, 4)), "these are the means of the squares: take their largest numbers."),
        (squares.sum(axis=(2, 4)), "these are the sums of the squares: take their largest numbers."),
        (squares.min(axis=(2, 4)), "these are the smallest numbers: take the largest."),
        (maps[:, ::2, ::2], "this takes the upper left number of each square, not the largest one."),
        (
            np.maximum(right, 0),
            "negative numbers have become 0: after tanh there are many of them, so do not start from zero.",
        ),
        (
            maps.reshape(3, 3, 4, 4).max(axis=-1),
            "you take four numbers that lie side by side in a row: a square has two rows.",
        ),
        (
            maps.reshape(3, 2, 3, 2, 4).max(axis=(1, 3)),
            "reshape has split the rows into two halves: the pair of neighbours comes after the number of pairs.",
        ),
        (np.broadcast_to(right[:1], right.shape), "all maps have become the same: pool each by itself."),
    ]
    return wrong_array(found, right, _no_pooled_maps, mistakes=mistakes)


def _no_pooled_maps(shape: tuple[int, ...]) -> str | None:
    return {
        (3, 5, 7): "the squares overlap, so move on by 2.",
        (3, 6, 8): "the maps are as large as before. One number takes the place of a square of 2 x 2.",
        (3, 3, 8): "the rows are paired, the columns are not.",
        (3, 6, 4): "the columns are paired, the rows are not.",
        (3, 4): "the maps are mixed as well. Pool each by itself.",
        (1, 3, 3, 4): "a batch axis has slipped in. Leave it out again.",
        (3,): "this is one number for each map. Take one for each square.",
        (): "this is one number for everything. Take one for each square.",
    }.get(shape)


def exercise_5(read: Callable, digits: "Digits") -> str | None:
    """A function that reads digits wherever they lie."""
    images = digits.valid.images[:JUDGED]
    labels = digits.valid.labels[:JUDGED]
    sides = [(0, SHIFT), (0, -SHIFT), (SHIFT, 0), (-SHIFT, 0)]
    shares = []
    for down, right in sides:
        answers = read(_shifted(images, down, right))
        if mistake := not_digits(answers, len(labels)):
            return mistake
        shares.append((answer_array(answers) == labels).mean())
    floor = FLOOR[digits.source]
    if np.mean(shares) >= floor:
        return None
    names = ("to the right", "to the left", "down", "up")
    each = ", ".join(f"{share:.1%} {name}" for name, share in zip(names, shares, strict=True))
    return (
        f"of the digits moved by {SHIFT} pixels, these shares are read correctly: {each}. "
        f"That makes {np.mean(shares):.1%}, but at least {floor:.0%} are needed."
    )


def _shifted(images: np.ndarray, down: int, right: int) -> np.ndarray:
    """The images shifted by whole pixels, at most `SHIFT`; blank pixels come in at the other side."""
    padded = np.pad(images, [(0, 0), (0, 0), (SHIFT, SHIFT), (SHIFT, SHIFT)])
    return padded[..., SHIFT - down :, SHIFT - right :][..., :SIDE, :SIDE]


def exercise_6(answer) -> str | None:
    """Two or three sentences on where the friend is right, and where not."""
    return missing_point(answer, POINTS)
