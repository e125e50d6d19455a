"""The exercises of chapter 8: a sum's factor, how many machines pay off, means of unequal shares, a job of few bytes,
and in words why thirty machines are not sixteen times as fast. And its guesses.

Chapter 8.
"""

import contextlib
import io
import shlex
from argparse import Namespace
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from helpers.cli.parser import make_parser
from helpers.exercises.guesses import Guess
from helpers.exercises.judge import is_open, missing_point, wrong_array, wrong_number, wrong_type
from helpers.networks.symbols import NETWORKS, layers
from helpers.training.recipes import RECIPES

if TYPE_CHECKING:
    from helpers.data.load import Digits

COMPUTE = 100  # milliseconds of a step in exercise 2 on one machine
EXCHANGE = 14  # milliseconds in which each machine exchanges with the server
MOST = 400  # megabytes that the job of exercise 4 may move
FLOOR = 0.94  # the test accuracy that it has to reach

GUESSES = {
    "a": Guess(
        "How can both end with the same parameters?",
        {
            "They cannot: there will be two networks.": "So it would be without the sum after each batch.",
            "By averaging their parameters at the end.": (
                "Some do, more rarely than after each batch. It is another method, with another result."
            ),
            "They add up their gradients before each step.": "Both then take the same step from the same parameters.",
        },
        right="They add up their gradients before each step.",
    ),
    "b": Guess(
        "With twice the devices, do you wait half as long, for LeNet, and for the MLP, whose work for an image is 29 "
        "times smaller (13.18 and 0.45 million operations, see Measurements)?",
        {
            "Half as long, for both.": "Forgets that the devices have to agree after every batch.",
            "LeNet gains, but less than half; the MLP does not.": (
                "Where there is a second core. The less there is to compute, the more the agreeing weighs."
            ),
            "The MLP gains more: it is easier.": "There is less to share out, and as much to agree on for each number.",
        },
        right="LeNet gains, but less than half; the MLP does not.",
    ),
    "c": Guess(
        "How much does each worker send in all?",
        {
            "1.72 MB: its gradient, once.": "That gives each gradient to one neighbour, and no sum to all.",
            "2.59 MB: one and a half times its gradient.": (
                "Six steps with a quarter each: 2 (n - 1) / n of the gradient. With a thousand workers it is still "
                "less than twice."
            ),
            "5.17 MB: its gradient to each of the three others.": (
                "So it would be if each sent to all. In the ring sums travel, not single gradients."
            ),
        },
        right="2.59 MB: one and a half times its gradient.",
    ),
    "d": Guess(
        "What does the job do when a worker disappears in the middle of an epoch?",
        {
            "It goes on with one worker less.": "In step, a server waits for the gradients of all.",
            "It starts again from the beginning.": "From the last checkpoint, when you ask for it with `--resume`.",
            "It ends, and says which worker it was.": "Within seconds. MXNet alone would wait for ever.",
        },
        right="It ends, and says which worker it was.",
    ),
}


def exercise_1(rescale) -> str | None:
    """The number that the sum is multiplied by."""
    mistakes = [
        (1 / 40, "40 images are the share of one device: the sum is over the images of all three."),
        (1 / 3, "the three devices hold sums, not means: what is missing is not a mean over devices."),
        (1 / 360, "the three devices split the 120 images: nothing is counted three times."),
        (1, "with 1 the step would grow with the size of the batch."),
        (120, "this makes the step 120 times as large: it should become smaller."),
        (3, "this makes the step larger: it should become the mean over the images."),
    ]
    return wrong_number(rescale, 1 / 120, mistakes, tolerance=1e-6)


def exercise_2(machines) -> str | None:
    """The number of machines, 1 to 8."""

    def step(number: int) -> float:
        return COMPUTE / number + EXCHANGE * number

    best = min(range(1, 9), key=step)
    mistakes = [
        (8, f"the exchanges take place one after the other: with 8 machines the server is busy for 8 x {EXCHANGE} ms."),
        (
            7,
            "with 7 the exchanges alone take nearly as long as one machine computes: the best number is far smaller.",
        ),
        (1, f"one machine needs {COMPUTE} + {EXCHANGE} ms: add up the same for two."),
        *((near, "that is close: add up both parts for its neighbours, too.") for near in (best - 1, best + 1)),
    ]
    if not float(machines).is_integer():
        return "this may be the lowest point of the curve, but machines come whole: compare the numbers on either side."
    return wrong_number(machines, best, mistakes)


def exercise_3(whole_batch: Callable) -> str | None:
    """A function of the devices' mean gradients and of how many images each had."""
    if not callable(whole_batch):
        return wrong_type(whole_batch, "a function")
    of_images = np.random.default_rng(0).normal(size=(10, 2, 3))
    shares = np.split(of_images, [5, 8])
    means = [share.mean(axis=0) for share in shares]
    counts = [len(share) for share in shares]
    found = whole_batch([mean.copy() for mean in means], list(counts))
    if is_open(found):
        return "the function returns nothing yet: let it return an array of the same shape as each mean."
    weighted = sum(count * mean for count, mean in zip(counts, means, strict=True))
    mistakes = [
        (
            np.mean(means, axis=0),
            "this way an image counts for more in a small share than in a large one: use the counts.",
        ),
        (
            np.sum(means, axis=0),
            "you added up the means: devices that hold means need a different rule than devices that hold sums.",
        ),
        (weighted, "this is the sum over all images: divide it by their number."),
        (weighted / len(counts), "you divided by the number of devices: how many images are there?"),
        (
            np.mean([m / c for m, c in zip(means, counts, strict=True)], axis=0),
            "you divided each mean by its count: multiply it.",
        ),
    ]
    return wrong_array(found, of_images.mean(axis=0), mistakes=mistakes)


def exercise_4(arguments, launch: Callable, digits: "Digits") -> str | None:
    """The words after `train` in the command of a job, a list."""
    words = shlex.split(arguments) if isinstance(arguments, str) else [str(word) for word in arguments]
    words = words[1:] if words[:1] == ["train"] else words
    said = io.StringIO()
    try:
        with contextlib.redirect_stderr(said), contextlib.redirect_stdout(said):
            options = make_parser().parse_args(["train", *words])
    except SystemExit:  # argparse ends the program when it is given wrong words
        return f"`train` does not take these words: {said.getvalue().strip().rpartition('error: ')[2]}."
    moved = _megabytes(options, len(digits.train))
    if moved >= MOST:
        return (
            f"this job would move {moved:,.0f} MB, but fewer than {MOST} are allowed, so it was not started: "
            "let the workers agree less often, or on less."
        )
    try:
        reached = launch(2, *words)["test_accuracy"]
    except AssertionError as error:
        return f"the job failed: {str(error).strip().splitlines()[-1]}"
    if reached < FLOOR:
        return (
            f"the job moved {moved:,.0f} MB and reached {reached:.1%} on the test images, "
            f"but at least {FLOOR:.0%} are needed: what makes each step count for more?"
        )
    return None


def exercise_5(words) -> str | None:
    """Two or three sentences between quotation marks."""
    points = [
        (
            r"\b(agree|cable|network|server|bytes|traffic|communicat|exchang|bandwidth|amdahl|wait)",
            "What do the machines have to do after each batch, beside computing?",
        ),
        (
            r"\b(measur|larger batch|bigger batch|batch size|ring|all-?reduce|more servers|faster cable|less often)",
            "What would you do first, or instead?",
        ),
    ]
    return missing_point(words, points)


def _megabytes(options: Namespace, images: int) -> float:
    """What two workers push and pull in all: every parameter, 4 bytes each, there and back, at each of their steps."""
    recipe = RECIPES[options.network]
    steps = images // (options.batch_size or recipe.batch_size) * (options.epochs or recipe.epochs)
    workers_in_a_step = 1 if options.kvstore == "dist_async" else 2
    parameters = sum(layer.parameters for layer in layers(NETWORKS[options.network]()))
    return parameters * 4 * 2 * workers_in_a_step * steps / 1e6
