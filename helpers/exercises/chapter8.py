"""The exercises of chapter 8: a sum's factor, how many machines pay off, means of unequal shares, a job of few bytes.

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
from helpers.exercises.judge import is_open, wrong_array, wrong_number, wrong_type
from helpers.networks.symbols import NETWORKS, layers
from helpers.training.recipes import RECIPES

if TYPE_CHECKING:
    from helpers.data.load import Digits

COMPUTE = 100  # milliseconds of a step in exercise 2 on one machine
EXCHANGE = 14  # milliseconds in which each machine exchanges with the server
MOST = 400  # megabytes that the job of exercise 4 may move
FLOOR = 0.94  # the test accuracy that it has to reach


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


def _megabytes(options: Namespace, images: int) -> float:
    """What two workers push and pull in all: every parameter, 4 bytes each, there and back, at each of their steps."""
    recipe = RECIPES[options.network]
    steps = images // (options.batch_size or recipe.batch_size) * (options.epochs or recipe.epochs)
    workers_in_a_step = 1 if options.kvstore == "dist_async" else 2
    parameters = sum(layer.parameters for layer in layers(NETWORKS[options.network]()))
    return parameters * 4 * 2 * workers_in_a_step * steps / 1e6
