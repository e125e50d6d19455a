"""Chapter 7: the factor of a sum, how many machines pay, means of unequal shares, a job that moves few bytes."""

import contextlib
import io
import shlex
from argparse import Namespace
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from helpers.cli.parser import make_parser
from helpers.exercises.judge import is_open, wrong_array, wrong_number
from helpers.networks.symbols import NETWORKS, layers
from helpers.training.recipes import RECIPES

if TYPE_CHECKING:
    from helpers.data.load import Digits

COMPUTE, EXCHANGE = 100, 14  # milliseconds of a step in exercise 2: on one machine, and of each with the server
MOST = 400  # megabytes that the job of exercise 4 may move
FLOOR = 0.94  # the test accuracy that it has to reach


def exercise_1(rescale) -> str | None:
    """The number that the sum is multiplied by."""
    mistakes = [
        (1 / 40, "40 images are one device's share: the sum is over the images of all three."),
        (1 / 3, "the three devices hold sums, not means: a mean over devices is not what is missing."),
        (1 / 360, "the three devices have split the 120 images: nothing is counted three times."),
        (1, "with 1 the step grows with the size of the batch."),
        (120, "this makes the step 120 times as large: it is to become smaller."),
        (3, "this makes the step larger: it is to become the mean over images."),
    ]
    return wrong_number(rescale, 1 / 120, mistakes, tolerance=1e-6)


def exercise_2(machines) -> str | None:
    """The number of machines, 1 to 8."""

    def step(number: int) -> float:
        return COMPUTE / number + EXCHANGE * number

    best = min(range(1, 9), key=step)
    mistakes = [
        (8, f"the exchanges come one after the other: with 8 machines the server is busy for 8 x {EXCHANGE} ms."),
        (7, "with 7 the exchanges alone take nearly as long as one machine would compute: the best comes far earlier."),
        (1, f"one machine needs {COMPUTE} + {EXCHANGE} ms: add up the same for two."),
        *((near, "close: add up both parts for its neighbours, too.") for near in (best - 1, best + 1)),
    ]
    if not float(machines).is_integer():
        return "this may be the lowest point of the curve, but machines are whole: compare the numbers on either side."
    return wrong_number(machines, best, mistakes)


def exercise_3(whole_batch: Callable) -> str | None:
    """A function of the devices' mean gradients and of how many images each had."""
    if not callable(whole_batch):
        return f"a function is wanted, this is of type {type(whole_batch).__name__}."
    of_images = np.random.default_rng(0).normal(size=(10, 2, 3))
    shares = np.split(of_images, [5, 8])
    means, counts = [share.mean(axis=0) for share in shares], [len(share) for share in shares]
    found = whole_batch([mean.copy() for mean in means], list(counts))
    if is_open(found):
        return "the function returns nothing yet: let it return an array of the shape of each mean."
    weighted = sum(count * mean for count, mean in zip(counts, means, strict=True))
    mistakes = [
        (np.mean(means, axis=0), "an image counts for more in a small share than in a large one: use the counts."),
        (np.sum(means, axis=0), "the means are added up: devices that hold means need another rule than sums."),
        (weighted, "this is the sum over all images: divide it by their number."),
        (weighted / len(counts), "divided by the number of devices: how many images are there?"),
        (np.mean([m / c for m, c in zip(means, counts, strict=True)], axis=0), "the counts have to multiply a mean."),
    ]
    return wrong_array(found, of_images.mean(axis=0), mistakes=mistakes)


def exercise_4(arguments, launch: Callable, digits: "Digits") -> str | None:
    """What stands after the word `train` in the command of a job, a list of words."""
    words = shlex.split(arguments) if isinstance(arguments, str) else [str(word) for word in arguments]
    words = words[1:] if words[:1] == ["train"] else words
    said = io.StringIO()
    try:
        with contextlib.redirect_stderr(said), contextlib.redirect_stdout(said):
            options = make_parser().parse_args(["train", *words])
    except SystemExit:  # argparse ends the program that it is given wrong words
        return f"`train` does not take these words: {said.getvalue().strip().rpartition('error: ')[2]}."
    moved = _megabytes(options, len(digits.train))
    if moved >= MOST:
        return (
            f"this job would move {moved:,.0f} MB, fewer than {MOST} are wanted. It was not started: "
            "agree less often, or have less to agree on."
        )
    try:
        accuracy = launch(2, *words)["test_accuracy"]
    except AssertionError as error:
        return f"the job failed: {str(error).strip().splitlines()[-1]}"
    if accuracy < FLOOR:
        return (
            f"the job moved {moved:,.0f} MB and reached {accuracy:.1%} on the test images, "
            f"{FLOOR:.0%} are wanted: what makes each step count for more?"
        )
    return None


def _megabytes(options: Namespace, images: int) -> float:
    """What two workers push and pull in all: every parameter, 4 bytes, there and back, at each of their steps."""
    recipe = RECIPES[options.network]
    steps = images // (options.batch_size or recipe.batch_size) * (options.epochs or recipe.epochs)
    workers_in_a_step = 1 if options.kvstore == "dist_async" else 2
    parameters = sum(layer.parameters for layer in layers(NETWORKS[options.network]()))
    return parameters * 4 * 2 * workers_in_a_step * steps / 1e6
