"""The exercises of chapter 2: a baseline, how many parameters, the loss of a batch, a network as a symbol, a small one,
overfitting in words. And its guesses, and the gap in its text: a layer for a batch.

Chapter 2.
"""

import json
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from helpers.exercises.guesses import Guess
from helpers.exercises.judge import (
    answer_array,
    is_open,
    missing_point,
    not_trained,
    wrong_array,
    wrong_number,
    wrong_type,
)
from helpers.networks.symbols import layers
from helpers.training.evaluation import accuracy

import mxnet as mx

if TYPE_CHECKING:
    from helpers.data.load import Digits

PIXELS = 28 * 28  # of the network of exercises 2 and 4, as the next two
HIDDEN = 32
CLASSES = 10
MOST = 15_000  # parameters of the network in exercise 5
FLOOR = 0.94  # share of the validation images that it has to read

GUESSES = {
    "a": Guess(
        "How often is that answer right on the test images? Make a guess before you run the cell.",
        {
            "Never: it does not look at the image.": "Forgetting luck. A stopped clock is right twice a day.",
            "About half of the time: right or wrong.": "Taking two outcomes for two equal chances.",
            "A little more than 10 %.": "It is 11.35 % on MNIST, where the most common digit is the 1.",
            "Exactly 10 %.": "Nearly. But the ten digits are not quite equally common.",
        },
        right="A little more than 10 %.",
    ),
    "b": Guess(
        "At $x = 5$, which of the four has a slope that is of any use?",
        {
            "All four: each of them rises everywhere.": (
                "Looking at whether a curve rises, not at how much. At 5 tanh rises by 0.0002 for each 1 to the right."
            ),
            "Sigmoid and tanh, which are smooth.": (
                "Taking smooth for steep. They are nearly flat at 5: their slopes are 0.007 and 0.0002."
            ),
            "ReLU and softrelu.": "Their slopes at 5 are 1 and 0.993; those of sigmoid and tanh 0.007 and 0.0002.",
            "None: 5 is far from 0, and there all are flat.": (
                "True of sigmoid and tanh. ReLU is flat to the left of 0 alone, and to the right it is always as steep."
            ),
        },
        right="ReLU and softrelu.",
    ),
    "c": Guess(
        "How many numbers does this network learn?",
        {
            "202.": "Adding up the outputs, 128 + 64 + 10. But a weight belongs to a pair of input and output.",
            "986.": "Adding up inputs and outputs, 784 + 128 + 64 + 10. But a weight belongs to a pair of both.",
            "109,184.": "Right about the weights, but the biases are missing: one for each output.",
            "109,386.": "784 × 128 + 128 in the first layer, 128 × 64 + 64 in the second, 64 × 10 + 10 in the last.",
        },
        right="109,386.",
    ),
    "d": Guess(
        "Make a guess before you run the cell: of 100 validation images, how many does the network read right after "
        "one epoch?",
        {
            "About 10, as by chance.": "That is before the first step. An epoch is 550 steps.",
            "About 50: nine epochs are still to come.": (
                "Sharing out the progress evenly. The first epoch brings by far the most, as the curves below show."
            ),
            "More than 90.": "On MNIST it reads about 94 of 100.",
        },
        right="More than 90.",
    ),
    "e": Guess(
        "What will the largest of them do?",
        {
            "Get to the bottom first, since its steps are the largest.": (
                "Right up to a point. A step that is longer than the valley is wide does not end in the valley."
            ),
            "Jump from side to side, higher each time.": (
                "It lands on the other side, where the slope is steeper, so the next step is longer still."
            ),
            "Jump from side to side, and settle in the middle.": (
                "So it is with a rate of 0.2. With 0.25 each landing place is steeper than the one before."
            ),
            "Stay where it is.": "That is nearer to what the smallest rate does.",
        },
        right="Jump from side to side, higher each time.",
    ),
    "f": Guess(
        "What will the loss on the validation images do?",
        {
            "Fall all the time, like that of the training images.": (
                "Hoping that whatever is learnt is of use. What is learnt late belongs to these 1,000 images alone."
            ),
            "Fall to a floor and stay there.": (
                "Thinking that learning by heart does no harm. The network also becomes surer of its wrong answers."
            ),
            "Fall, and rise again later.": (
                "On MNIST it is lowest after some 20 to 35 epochs and then rises, while the training loss still falls."
            ),
            "Rise from the beginning.": (
                "Taking 1,000 images for too few to learn from. They are enough to read nearly 90 of 100 digits."
            ),
        },
        right="Fall, and rise again later.",
    ),
    "g": Guess(
        "Of the pairs 4 and 9, 4 and 8, and 0 and 1, which will be taken for each other most often?",
        {
            "0 and 1.": "Thinking of the two with the fewest strokes. They have hardly any ink in common.",
            "4 and 8.": "Thinking of crossing lines. On MNIST they are confused a few times in 10,000 images, no more.",
            "4 and 9.": "On MNIST they are often confused: a stroke at the top makes the difference.",
            "All alike: a mistake is an accident.": (
                "Taking mistakes for noise. They are most frequent where two digits are written alike."
            ),
        },
        right="4 and 9.",
    ),
}


def exercise_1(share, digits: "Digits") -> str | None:
    """The baseline on the validation images, a share from 0 to 1."""
    common = np.bincount(digits.train.labels).argmax()
    right = digits.valid.labels == common
    counted = np.bincount(digits.valid.labels)
    mistakes = [
        (right.sum(), "this is the number of right answers: divide it by the number of images."),
        (100 * right.mean(), "this is a percentage: give a share from 0 to 1."),
        (common, "this is the digit that the baseline always answers: how often is it right?"),
        (
            (digits.test.labels == common).mean(),
            "this is the share of the test images: measure on the validation images.",
        ),
        (
            np.mean(digits.train.labels == common),
            "this is the share of the training images: measure on the validation images.",
        ),
        (counted.max() / len(right), "you chose the digit by the validation labels: choose it by the training labels."),
        (1 - right.mean(), "this is the share of wrong answers."),
    ]
    return wrong_number(share, right.mean(), mistakes, tolerance=0.0005)


def exercise_2(number) -> str | None:
    """The number of parameters that you expect."""
    first = PIXELS * HIDDEN
    second = HIDDEN * CLASSES
    mistakes = [
        (first + second, "these are the weights: you have left out the biases, one for each output of a layer."),
        (first + second + CLASSES, "the biases of the hidden layer are missing: each of its outputs has one, too."),
        (first + second + HIDDEN, "the biases of the last layer are missing: each logit has one, too."),
        (first, "these are the weights of the first layer alone."),
        (first + HIDDEN, "this is the first layer alone: the logits come from a layer with parameters of its own."),
        (
            first + second + PIXELS + HIDDEN + CLASSES,
            "the pixels have no biases: only the outputs of a layer have them.",
        ),
        (first + second + 1 + 1, "a layer does not have one bias, but one for each of its outputs."),
        (first * CLASSES, "you multiplied the two layers: count each by itself, then add."),
        (
            PIXELS + HIDDEN + CLASSES,
            "these are the values that pass through the network: there is a weight for each pair of them.",
        ),
        (PIXELS * CLASSES + CLASSES, "this network would have no hidden layer."),
    ]
    return wrong_number(number, first + HIDDEN + second + CLASSES, mistakes)


def exercise_3(cross_entropy: Callable) -> str | None:
    """A function of the logits `z` and the labels."""
    rng = np.random.default_rng(0)
    z = rng.normal(0, 2, (6, 10))
    labels = np.array([3, 0, 3, 9, 1, 5])
    found = cross_entropy(z.copy(), labels.copy())
    if is_open(found):
        return "the function returns nothing yet: let it return the mean loss, one number."
    shape = answer_array(found).shape
    if shape == (6,):
        return "these are six numbers, the loss of each image: return their mean."
    if shape == (6, 6):
        return "the shape is (6, 6), each image with each label: p[np.arange(6), labels] takes the pairs."
    e = np.exp(z)
    p = e / e.sum(axis=1, keepdims=True)
    over_all = e / e.sum()
    down = e / e.sum(axis=0)
    pairs = (np.arange(6), labels)
    losses = -np.log(p[pairs])
    mistakes = [
        (-losses.mean(), "the sign is wrong: the logarithm of a probability is negative, and the loss is not."),
        (losses.sum(), "this is the sum over the batch: take the mean, so that the batch size does not matter."),
        (-np.log(over_all)[pairs].mean(), "your softmax runs over the whole batch: each row has to add up to 1."),
        (-np.log(down)[pairs].mean(), "your softmax runs down the columns: see axis=1."),
        (
            -np.log(p[:, labels]).mean(),
            "this takes each image with each label: p[np.arange(N), labels] takes the pairs.",
        ),
        (-np.log(p).mean(), "this is the mean over all ten classes: only the right one counts."),
        (losses.mean() / np.log(10), "this is the logarithm to base 10: take the natural one, np.log."),
        (losses.mean() / np.log(2), "this is the logarithm to base 2: take the natural one, np.log."),
        (-np.log(p[pairs].mean()), "take the logarithm for each image first, then the mean."),
        (p[pairs].mean(), "this is the mean probability of the right digit: the loss is a mean of logarithms."),
        (1 - p[pairs].mean(), "this is 1 - p: the loss is the negative logarithm of p."),
        (-z[pairs].mean(), "this comes from the logits themselves: softmax turns them into probabilities first."),
    ]
    return wrong_number(found, losses.mean(), mistakes, tolerance=1e-4)


def exercise_4(network) -> str | None:
    """The network as a symbol."""
    if isinstance(network, mx.mod.Module):
        return "this is a module: hand in its plan, which is the symbol."
    if not isinstance(network, mx.sym.Symbol):
        return wrong_type(network, "a symbol", "build it with mx.sym, not with mx.nd.")
    if "data" not in network.list_arguments():
        return 'the plan has no input named data: begin with mx.sym.Variable("data").'
    steps = _steps(network)
    right = [str(HIDDEN), "relu", str(CLASSES), "SoftmaxOutput"]
    widths = [step for step in steps if step.isdigit()]
    last = steps[-1] if steps else "data"
    if widths != [str(HIDDEN), str(CLASSES)]:
        return (
            f"the fully connected layers have {', '.join(widths) or 'no'} outputs, "
            f"but they should have {HIDDEN} and then {CLASSES}."
        )
    if last in ("softmax", "log_softmax"):
        return f"{last} gives probabilities but knows no right answers: for training, end the plan with SoftmaxOutput."
    if last != "SoftmaxOutput":
        return f"the plan ends with {'its logits' if last.isdigit() else last}: complete it with SoftmaxOutput."
    between, after = (steps[steps.index(width) + 1] for width in widths)
    if between == str(CLASSES):
        return "there is nothing between the two layers: without a ReLU they are no better than one."
    if between != "relu":
        return f"{between} stands between the two layers, but it should be a ReLU."
    if after == "relu":
        return "there is a ReLU after the last layer: a logit may well be negative, so leave it out."
    if after == "softmax":
        return "SoftmaxOutput already is a softmax: give it the logits themselves."
    if steps != right:
        return f"the order is {', '.join(steps)}, but it should be {', '.join(right)}."
    if "softmax_label" not in network.list_arguments():
        return (
            'Module looks for a label named softmax_label, and there is none: see SoftmaxOutput(..., name="softmax").'
        )
    missing = PIXELS * HIDDEN + HIDDEN + HIDDEN * CLASSES + CLASSES - sum(layer.parameters for layer in layers(network))
    if missing:
        return f"{missing} parameters are missing: do both layers have biases?"
    return None


def _steps(network: mx.sym.Symbol) -> list[str]:
    """The operators in their order: the width of a fully connected layer, the kind of an activation, else the name."""
    steps = []
    for node in json.loads(network.tojson())["nodes"]:
        if node["op"] not in ("null", "Flatten", "Reshape"):
            attributes = node.get("attrs", {})
            steps.append(attributes.get("num_hidden") or attributes.get("act_type") or node["op"])
    return steps


def exercise_5(module, digits: "Digits") -> str | None:
    """Your trained module."""
    if mistake := not_trained(module):
        return mistake
    size = sum(array.size for array in module.get_params()[0].values())
    if size >= MOST:
        return f"{size:,} parameters are too many, there should be fewer than {MOST:,}: which layer has most of them?"
    right = accuracy(module, digits.valid)
    if right < 0.2:
        return (
            f"{right:.1%} of the validation images are read correctly, which is no better than guessing: "
            "did you give fit the initializer and the learning rate of this chapter?"
        )
    if right < FLOOR:
        return (
            f"{size:,} parameters read {right:.1%} of the validation images, but at least {FLOOR:.0%} are needed: "
            "use more of the parameters you are allowed, or train longer."
        )
    return None


def exercise_6(words) -> str | None:
    """Two or three sentences between quotation marks."""
    points = [
        (r"over-?fit", "What is it called when a network learns its images by heart?"),
        (
            r"validation\W+(\w+\W+){0,8}?(loss|ris|increas|go|grow|climb|up\b)|loss\W+(\w+\W+){0,4}?validation",
            "Which of the numbers is it that shows it?",
        ),
        (
            r"\b(more|other|varied|additional|augment\w*|collect|stop\w*|earl\w+|epoch 20|20 epochs|smaller|dropout)\b"
            r"|\bfewer\b",
            "What would you try?",
        ),
    ]
    return missing_point(words, points)


def gap_batch(outputs, inputs: np.ndarray, weights: np.ndarray, bias: np.ndarray) -> str | None:
    """The outputs of the layer for the three inputs, an array (3, 3)."""
    right = inputs @ weights.T + bias
    mistakes = [
        (inputs @ weights.T, "this is the product alone: the biases are missing."),
        (inputs @ weights.T - bias, "the biases are added, not subtracted."),
        (right.T, "rows and columns have changed places: each input should have a row of its own."),
        ((weights @ inputs.T + bias).T, "the biases were added along the wrong axis: begin with X, then @, then W.T."),
        (weights @ inputs.T + bias, "the biases were added along the wrong axis: begin with X, then @, then W.T."),
        (np.maximum(right, 0), "this has gone through a ReLU as well: the layer alone comes first."),
    ]

    def no_batch(shape: tuple[int, ...]) -> str | None:
        return {
            (3,): "this is the answer for a single input: the formula takes all of X at once.",
            (1, 3): "this is the answer for a single input: the formula takes all of X at once.",
            (3, 2): "this has the shape of X: the product with W.T makes three numbers out of two.",
        }.get(shape)

    return wrong_array(outputs, right, no_batch, mistakes=mistakes)
