"""The exercises of chapter 7: planted gradients, weights of zero, pooling by the mean, tanh, a small network, a friend.

Its text has two gaps: a gradient to work out with a pencil, and a misprint to mend.

Chapter 7.
"""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from helpers.by_hand import inputs_and_targets, mlp_forward, share_right
from helpers.exercises.guesses import Guess
from helpers.exercises.judge import answer_array, is_open, missing_point, wrong_array, wrong_number, wrong_type

import mxnet as mx

if TYPE_CHECKING:
    from helpers.data.load import Digits

NAMES = ("W1", "b1", "W2", "b2")
MOST = 10_000  # parameters of the network in exercise 5
FLOOR = 0.92  # share of the validation images that it has to read


GUESSES = {
    "a": Guess(
        "What will the loss do?",
        {
            "It falls by exactly 0.15.": "Taking the loss for a straight line. It curves; a slope holds nearby only.",
            "It falls by a little less than 0.15.": "By 0.1385: the slope grows smaller on the way down.",
            "It rises: all weights change at once.": (
                "Fearing that seventeen changes get in one another's way. Nearby, what they bring simply adds up."
            ),
            "It falls to 0.": "Taking a step for the whole way. That would be nearer with a rate of 1.",
        },
        right="It falls by a little less than 0.15.",
    ),
    "b": Guess(
        "Does it have to be turned, number by number?",
        {
            "Yes: a transposed matrix is another matrix.": (
                "Thinking of the numbers on paper. In memory it is another view of the same row of numbers."
            ),
            "Yes, but only once for each batch.": "The same thought, and a worry about the time that it takes.",
            "No: it is the same memory, read differently.": "Rows read as columns, with other strides.",
            "No: all images are square.": "Mixing up an image and the batch. Other sizes would not matter either.",
        },
        right="No: it is the same memory, read differently.",
    ),
    "c": Guess(
        "What shape does it give to the same memory?",
        {
            "The same, (256, 1, 28, 28).": "Taking the shape for a property of the memory. It is a way to read it.",
            "All turned round, (28, 28, 1, 256).": "All axes in the opposite order: width, height, channels, batch.",
            "In two halves, (28, 28, 256, 1).": "Turning image and batch each by itself. All four are turned.",
            "The first two swapped, (1, 256, 28, 28).": "Swapping as for a matrix. There are four axes to turn.",
        },
        right="All turned round, (28, 28, 1, 256).",
    ),
    "d": Guess(
        "What do you expect here?",
        {
            "10 %: gradients by hand cannot be right.": (
                "They are; the checks above say so. Right gradients are not yet a good training."
            ),
            "About 89 %.": "It learns, but its steps are small, and so are its first weights.",
            "More than 97 %: it is larger.": "Taking size for skill. It is of no use while the steps are too small.",
        },
        right="About 89 %.",
    ),
    "e": Guess(
        "Where will the best one be, and is there a rate that is too large?",
        {
            "At the smallest rate, which is the most careful.": "But in one epoch it does not get far.",
            "At the largest rate, which goes farthest.": "A step can jump over the valley.",
            "In the middle: all rates learn, some faster.": "Taking a large rate for rough, no more. It may be fatal.",
            "Near 1, and 3 is too large.": "The best is close to the cliff, and beyond it nothing is learnt.",
        },
        right="Near 1, and 3 is too large.",
    ),
    "f": Guess(
        "How long does the call take?",
        {
            "The same four times.": "Thinking that a call ends when the work is done. Here it only hands it over.",
            "Next to nothing without waiting, and long with each of the other three.": (
                "About a millisecond against more than a hundred: all the rest is waiting for the engine."
            ),
            "Longest where the result is copied; the other three are quick.": (
                "Right that it copies. But 16 MB are copied in a few milliseconds; the product is what takes long."
            ),
        },
        right="Next to nothing without waiting, and long with each of the other three.",
    ),
    "g": Guess(
        "If the numbers come later, when does an error come?",
        {
            "Always at the line that is wrong.": "It was so in every language until now.",
            "Always later, where one waits.": "Consistent, but shapes are known before any number is.",
            "A wrong shape at once, a wrong value where one waits.": (
                "The call checks what it can know, the shapes; the engine finds the rest."
            ),
            "Never: MXNet goes on with nonsense.": "Nearly, where nobody waits. Whoever waits is told.",
        },
        right="A wrong shape at once, a wrong value where one waits.",
    ),
    "h": Guess(
        "What will the first one do?",
        {
            "The same: Python waits for all work before it ends.": (
                "Trusting that somebody waits. Python does not know about the work, and MXNet drops it."
            ),
            "End early, with an error that says so.": "The error is in work that is never looked at.",
            "End early, as if all had gone well.": "Exit code 0, no error, and the products not computed.",
            "Hang.": "A good guess for threads of Python, which the interpreter waits for. These are MXNet's.",
        },
        right="End early, as if all had gone well.",
    ),
    "i": Guess(
        "How much does the matrix of patches need?",
        {
            "2.4 MB: the numbers are only laid out anew.": "Forgetting that patches overlap: a pixel is in many rows.",
            "9.4 MB, four times as much.": "Thinking of pooling 2 x 2. A filter of 5 x 5 moves by one pixel.",
            "59 MB, 25 times as much.": "There is a row for each of the places, with 25 numbers for each of the maps.",
            "1,887 MB, with all 32 filters.": "The filters are not part of it: the matrix is the same for all of them.",
        },
        right="59 MB, 25 times as much.",
    ),
    "j": Guess(
        "Which way is faster, and by how much?",
        {
            "With im2col: one large product is what processors do best.": (
                "True of the product. But 15 million numbers have to be written and read first."
            ),
            "No difference: both compute the same.": "The same sums, but much more to carry to and from memory.",
            "The operators, by a tenth or so.": "Right about which. It is more: the matrix is never written down.",
            "The operators, several times.": "They read the overlapping patches where they lie.",
        },
        right="The operators, several times.",
    ),
    "k": Guess(
        "And the whole network, from the batch to its gradients?",
        {
            "Equal within rounding, since each step is.": (
                "Where two values of a window agree in all digits, rounding decides, and the error goes another way."
            ),
            "Equal in float64; in float32 at times off by far more.": (
                "Two values that agree in seven digits are rare, but there are hundreds of thousands of windows."
            ),
            "Different in both: errors add up from layer to layer.": "They do add up a little, but not to much.",
        },
        right="Equal in float64; in float32 at times off by far more.",
    ),
    "l": Guess(
        "What will this one do with the printed numbers?",
        {
            "Better: it is a convolutional network.": "True of such networks once they learn.",
            "About the same: the settings are the same.": "It has one more layer, and each makes the values smaller.",
            "Stay at chance.": "What small weights in three layers leave is the same answer to every image.",
            "Diverge: the rate is too large.": "The rate is small, and so are the gradients.",
        },
        right="Stay at chance.",
    ),
}


# The gaps in the text


def gap_pencil(gradient) -> str | None:
    """The number in place of the question mark."""
    mistakes = [
        (2, "the size is right: what sign has the error at the end of the edge?"),
        (-1, "this is the error of the unit, and the gradient of its bias: which value does the edge bring it?"),
        (1, "which value stands at the start of the edge, and which error at its end?"),
        (-0.5, "this is the error of an output: the edge ends at a hidden unit."),
        (0, "the first hidden unit has a sum above 0, so ReLU lets the error through."),
    ]
    return wrong_number(gradient, -2, mistakes)


def gap_misprint(line) -> str | None:
    """The line as it should be, a text."""
    if not isinstance(line, str):
        return wrong_type(line, "a text", 'write it between quotation marks, such as "gw1 = s1 * data.trans()".')
    written = re.sub(r"\s", "", line)
    if written in ("gw2=s2*a1.trans()", "gw2=(a1*s2.trans()).trans()"):
        return None
    if written == "gw2=s2*a2.trans()":
        return "this is the line as it was printed: whose values do the weights w2 multiply?"
    if not written.startswith("gw2="):
        return "of the four gradients that were computed above, only one has another shape than its parameters."
    if "a1" not in written:
        return "the weights w2 multiply the values of the hidden layer: under which name are they in the table?"
    if ".trans()" not in written:
        return "s2 is 10 x N and a1 is 256 x N: one of them has to be transposed."
    return "the shape has to be that of w2, 10 x 256: s2 is 10 x N, a1 is 256 x N, and `*` multiplies matrices."


# The exercises


def exercise_1(names, found: list[mx.nd.NDArray], right: list[mx.nd.NDArray]) -> str | None:
    """The names of the gradients that are wrong, a list."""
    names = _names(names)
    if isinstance(names, str):
        return names
    pairs = zip(NAMES, found, right, strict=True)
    wrong = {name for name, a, b in pairs if not np.allclose(a.asnumpy(), b.asnumpy(), rtol=1e-4, atol=1e-8)}
    for name in NAMES:
        if name in names - wrong:
            return f"the gradient of {name} is right: compare it with that of `numpy_mlp_gradients`."
    if wrong - names and names:
        return f"there is more than {' and '.join(sorted(names))}: what else is made of the same error?"
    return "some are wrong: compare all four." if wrong - names else None


def exercise_2(names, gradients: list[mx.nd.NDArray]) -> str | None:
    """The names of the gradients that are not zero throughout, a list."""
    names = _names(names)
    if isinstance(names, str):
        return names
    learn = {name for name, gradient in zip(NAMES, gradients, strict=True) if gradient.asnumpy().any()}
    if names - learn & {"W1", "b1"}:
        return "what comes back to the first layer is S2 W2: how large is that while W2 is 0?"
    if names - learn:
        return "the gradient of W2 is S2' A1: what are the values A1 while W1 and b1 are 0?"
    if learn - names:
        return "each digit gets the probability 0.1, so P - T is not 0: which gradient depends on it alone?"
    return None


def exercise_3(mean_pool_error: Callable) -> str | None:
    """A function of the error `s` of what the pooling returned, and of the side `k` of a window."""
    if not callable(mean_pool_error):
        return wrong_type(mean_pool_error, "a function")
    k = 3
    s = np.random.default_rng(0).normal(size=(2, 4, 5, 6))
    found = mean_pool_error(mx.nd.array(s, dtype="float64"), k)
    if is_open(found):
        return "the function returns nothing yet: let it return the error, k times as high and wide as `s`."
    spread = s.repeat(k, axis=2).repeat(k, axis=3)
    tiled = np.tile(s, (1, 1, k, k))
    first = np.kron(s, np.eye(1, k * k).reshape(k, k))
    mistakes = [
        (spread, "each value of a window gets the whole error: how large is its share in the mean?"),
        (spread / k, "there are k times k values in a window, not k."),
        (
            tiled / (k * k),
            "the maps stand side by side: a window's values have to stay together, so repeat, do not tile.",
        ),
        (tiled, "the maps stand side by side: repeat each number instead; and each value has a share only."),
        (first, "only one value of each window gets the error, as in max pooling: in a mean all of them count."),
    ]
    fix = "each window of k x k gets its part of one error."
    return wrong_array(found, spread / (k * k), lambda shape: fix, tolerance=1e-6, mistakes=mistakes)


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


def exercise_6(answer) -> str | None:
    """Two or three sentences, a text."""
    points = [
        (
            r"\b(?:still|even|also|nevertheless|anyway|slow|worse|less|partly|downhill)",
            "What can a wrong gradient still do?",
        ),
        (
            r"check|compar|differenc|autograd|numpy|second program|another (?:program|way)",
            "How could your friend find out?",
        ),
    ]
    return missing_point(answer, points)


def _names(names) -> set[str] | str:
    """The names of parameters in an answer, as the chapter writes them; or the mistake in it."""
    written = {name.lower(): name for name in NAMES}
    given = {str(name).lower() for name in ([names] if isinstance(names, str) else names)}
    unknown = given - written.keys()
    if unknown:
        return f'"{min(unknown)}" is not the name of a parameter: choose from {", ".join(NAMES)}.'
    return {written[name] for name in given}
