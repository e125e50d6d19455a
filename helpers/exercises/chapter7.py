"""The exercises of chapter 7: the last layer's error, weights of zero, the size of a matrix, tanh, a small network.

Chapter 7.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from helpers.by_hand import inputs_and_targets, mlp_forward, share_right
from helpers.exercises.judge import answer_array, is_open, wrong_array, wrong_number, wrong_type

import mxnet as mx

if TYPE_CHECKING:
    from helpers.data.load import Digits

NAMES = ("W1", "b1", "W2", "b2")
MOST = 10_000  # parameters of the network in exercise 5
FLOOR = 0.92  # share of the validation images that it has to read


def exercise_1(error, p, t) -> str | None:
    """The error of the last layer, three numbers."""
    p = answer_array(p)[0]
    t = answer_array(t)[0]
    if answer_array(error).shape == (1, 3):
        error = answer_array(error)[0]
    mistakes = [
        (t - p, "the sign is wrong: this is T - P, and a step against it would make the right class less likely."),
        (p, "these are the probabilities themselves: where is the target T?"),
        (t, "this is the target itself: where are the probabilities P?"),
        ((p - t) / 3, "you divided by the number of classes: nothing is averaged over the classes."),
        (
            -t * np.log(p),
            "this is the loss of each class: take its derivative with respect to the sums before softmax.",
        ),
        (p - p * t, "the right class gets the error p - 1, not 0."),
    ]
    one_for_each = "give one number for each of the three classes."
    return wrong_array(error, p - t, lambda shape: one_for_each, tolerance=1e-5, mistakes=mistakes)


def exercise_2(names, gradients: list[mx.nd.NDArray]) -> str | None:
    """The names of the gradients that are not zero throughout, a list."""
    names = {str(name).lower() for name in ([names] if isinstance(names, str) else names)}
    unknown = names - {name.lower() for name in NAMES}
    if unknown:
        return f'"{min(unknown)}" is not the name of a parameter: choose from {", ".join(NAMES)}.'
    learn = {name.lower() for name, gradient in zip(NAMES, gradients, strict=True) if gradient.asnumpy().any()}
    if names - learn & {"w1", "b1"}:
        return "what comes back to the first layer is S2 W2: how large is that while W2 is 0?"
    if names - learn:
        return "the gradient of W2 is S2' A1: what are the values A1 while W1 and b1 are 0?"
    if learn - names:
        return "each digit gets the probability 0.1, so P - T is not 0: which gradient depends on it alone?"
    return None


def exercise_3(megabytes) -> str | None:
    """The size of the matrix of patches in megabytes, a number."""
    images = 100
    channels = 20
    places = 8 * 8
    patch = 5 * 5
    bytes_each = 4
    right = images * places * channels * patch * bytes_each / 1e6
    mistakes = [
        (right / 4, "these are millions of numbers: how many bytes does each have in float32?"),
        (right * 2, "this would be right for float64: float32 has 4 bytes."),
        (right * 144 / 64, "a filter of 5 x 5 does not fit at 12 x 12 places: without a border some are lost."),
        (right / 20, "this is for one channel: a patch goes through all the maps."),
        (right / 100, "this is for one image: how many are in the batch?"),
        (right / 25, "this is as if each pixel stood in one row only: how many numbers does a filter look at?"),
        (right * 50, "the filters are not part of it: the matrix is the same for all of them."),
        (right * 8, "these are megabits: a byte has 8 of them."),
        (right * 1e6, "these are bytes: a megabyte is a million of them."),
    ]
    return wrong_number(megabytes, right, mistakes, tolerance=right / 1000)


def exercise_4(tanh_error: Callable) -> str | None:
    """A function of the error `e` that comes back and the values `a` of the layer."""
    if not callable(tanh_error):
        return wrong_type(tanh_error, "a function")
    step = 1e-6
    e, z = np.random.default_rng(0).normal(size=(2, 4, 5))
    a = np.tanh(z)
    found = tanh_error(mx.nd.array(e, dtype="float64"), mx.nd.array(a, dtype="float64"))
    if is_open(found):
        return "the function returns nothing yet: let it return the error of the layer, in the shape of `e`."
    by_differences = e * (np.tanh(z + step) - np.tanh(z - step)) / (2 * step)
    mistakes = [
        (e * (a > 0), "this is how ReLU does it, on or off: the slope of tanh takes all values between 0 and 1."),
        (e * a * (1 - a), "this is the slope of the logistic function: tanh has a different one."),
        (e * (1 - np.tanh(a) ** 2), "`a` already is the tanh of the sums: do not apply it a second time."),
        (1 - a * a, "this is the slope alone: where is the error `e` that comes back?"),
        (e * (1 - a), "there is a square in the derivative of tanh."),
        (e * a * a, "you multiply by tanh squared: the slope is 1 minus that."),
        (e * a, "you multiply by the value: multiply by the slope."),
        (e, "this is the error as it came in: how much does tanh let through where it is flat?"),
    ]
    return wrong_array(found, by_differences, tolerance=1e-6, mistakes=mistakes)


def exercise_5(parameters, digits: "Digits") -> str | None:
    """The parameters of your trained network, a list [W1, b1, W2, b2]."""
    if all(isinstance(parameter, float) for parameter in parameters):
        return "these are the accuracies that `train_mlp` returns: hand in the parameters that it has changed."
    if len(parameters) != 4:
        return f"the answer should be four arrays, W1, b1, W2 and b2, but there are {len(parameters)}."
    parameters = [mx.nd.array(answer_array(parameter)) for parameter in parameters]
    shapes = [parameter.shape for parameter in parameters]
    w1, b1, w2, b2 = shapes
    hidden = b1[0]
    if w1 == (784, hidden) or (w2 == (hidden, 10) and hidden != 10):
        return "the weights have one row per output here: W1 is hidden x 784, W2 is 10 x hidden."
    if shapes != [(hidden, 784), (hidden,), (10, hidden), (10,)]:
        return f"the shapes {w1}, {b1}, {w2} and {b2} do not fit 784 pixels, {hidden} hidden units and 10 digits."
    size = sum(parameter.size for parameter in parameters)
    if size >= MOST:
        return f"{size:,} parameters are too many, there should be fewer than {MOST:,}: use fewer hidden units."
    if not all(np.isfinite(parameter.asnumpy()).all() for parameter in parameters):
        return "some parameters are infinite or not numbers: the steps were too large, so lower the learning rate."
    right = share_right(mlp_forward, parameters, *inputs_and_targets(digits.valid, (784,)))
    if right < 0.2:
        return (
            f"{right:.1%} of the validation images are right, which is no better than guessing: "
            "is it not trained, or were the steps too large?"
        )
    if right < FLOOR:
        return f"{right:.1%} of the validation images are right, but at least {FLOOR:.0%} are needed: train longer."
    return None
