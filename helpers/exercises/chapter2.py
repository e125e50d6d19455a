"""Chapter 2: the baseline, how many parameters, the loss of a batch, a network as a symbol, a small network."""

import json
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from helpers.exercises.judge import as_array, is_open, not_trained, wrong_number
from helpers.networks.symbols import layers
from helpers.training.evaluation import accuracy

import mxnet as mx

if TYPE_CHECKING:
    from helpers.data.load import Digits

PIXELS, HIDDEN, CLASSES = 28 * 28, 32, 10  # of the network of exercises 2 and 4
MOST = 15_000  # parameters of the network in exercise 5
WANTED = 0.94  # share of the validation images that it has to read


def exercise_1(share, digits: "Digits") -> str | None:
    """The baseline on the validation images, a share from 0 to 1."""
    common = np.bincount(digits.train.labels).argmax()
    right = digits.valid.labels == common
    counted = np.bincount(digits.valid.labels)
    mistakes = [
        (right.sum(), "this is the number of right answers: divide it by the number of images."),
        (100 * right.mean(), "this is a percentage: a share from 0 to 1 is wanted."),
        (common, "this is the digit that is answered: how often is that right?"),
        ((digits.test.labels == common).mean(), "this is the share of the test images: it comes from the other part."),
        (np.mean(digits.train.labels == common), "this is the share of the training images: judge on the other part."),
        (counted.max() / len(right), "the digit is chosen by the validation labels: it has to come from the training."),
        (1 - right.mean(), "this is the share of wrong answers."),
    ]
    return wrong_number(share, right.mean(), mistakes, tolerance=0.0005)


def exercise_2(number) -> str | None:
    """The number of parameters that you expect."""
    first, second = PIXELS * HIDDEN, HIDDEN * CLASSES
    mistakes = [
        (first + second, "these are the weights: you have left out the biases, one for each output of a layer."),
        (first + second + CLASSES, "the hidden layer's biases are missing: each of its outputs has one, too."),
        (first + second + HIDDEN, "the last layer's biases are missing: each logit has one, too."),
        (first, "these are the weights of the first layer alone."),
        (first + HIDDEN, "this is the first layer alone: the logits are a layer with parameters of their own."),
        (first + second + PIXELS + HIDDEN + CLASSES, "the pixels have no biases: only what a layer puts out has one."),
        (first + second + 1 + 1, "a layer has not one bias, but one for each of its outputs."),
        (first * CLASSES, "the two layers are multiplied: count each by itself, then add."),
        (PIXELS + HIDDEN + CLASSES, "these are the values that pass through: a weight belongs to each pair of them."),
        (PIXELS * CLASSES + CLASSES, "this network would have no hidden layer."),
    ]
    return wrong_number(number, first + HIDDEN + second + CLASSES, mistakes)


def exercise_3(cross_entropy: Callable) -> str | None:
    """A function of the logits `z` and the labels."""
    rng = np.random.default_rng(0)
    z, labels = rng.normal(0, 2, (6, 10)), np.array([3, 0, 3, 9, 1, 5])
    found = cross_entropy(z.copy(), labels.copy())
    if is_open(found):
        return "the function returns nothing yet: let it return the mean loss, one number."
    shape = as_array(found).shape
    if shape == (6,):
        return "six numbers, the loss of each image: their mean is wanted."
    if shape == (6, 6):
        return "shape is (6, 6), each image with each label: p[np.arange(6), labels] takes the pairs."
    e, pairs = np.exp(z), (np.arange(6), labels)
    p, over_all, down = e / e.sum(axis=1, keepdims=True), e / e.sum(), e / e.sum(axis=0)
    losses = -np.log(p[pairs])
    mistakes = [
        (-losses.mean(), "the sign is turned: the logarithm of a probability is negative, and the loss is not."),
        (losses.sum(), "this is the sum over the batch: with the mean, the batch size does not matter."),
        (-np.log(over_all)[pairs].mean(), "the softmax runs over the whole batch: each row has to add up to 1."),
        (-np.log(down)[pairs].mean(), "the softmax runs down the columns: see axis=1."),
        (
            -np.log(p[:, labels]).mean(),
            "this takes each image with each label: p[np.arange(N), labels] takes the pairs.",
        ),
        (-np.log(p).mean(), "this is the mean over all ten classes: only the right one counts."),
        (losses.mean() / np.log(10), "this is the logarithm to base 10: the natural one is wanted, np.log."),
        (losses.mean() / np.log(2), "this is the logarithm to base 2: the natural one is wanted, np.log."),
        (-np.log(p[pairs].mean()), "first the logarithm for each image, then the mean."),
        (p[pairs].mean(), "this is the mean probability of the right digit: take its logarithm."),
        (1 - p[pairs].mean(), "this is 1 - p: the loss is the negative logarithm of p."),
        (-z[pairs].mean(), "these are the logits themselves: softmax makes probabilities of them first."),
    ]
    return wrong_number(found, losses.mean(), mistakes, tolerance=1e-4)


def exercise_4(network) -> str | None:
    """The network as a symbol."""
    if isinstance(network, mx.mod.Module):
        return "this is a module: hand in its plan, the symbol."
    if not isinstance(network, mx.sym.Symbol):
        return f"a symbol is wanted, this is of type {type(network).__name__}: build it with mx.sym, not with mx.nd."
    if "data" not in network.list_arguments():
        return 'the plan has no input of the name data: begin with mx.sym.Variable("data").'
    steps, wanted = _steps(network), [str(HIDDEN), "relu", str(CLASSES), "SoftmaxOutput"]
    widths, last = [step for step in steps if step.isdigit()], steps[-1] if steps else "data"
    if widths != [str(HIDDEN), str(CLASSES)]:
        return f"fully connected layers of {', '.join(widths) or 'no'} outputs: {HIDDEN} and then {CLASSES} are wanted."
    if last in ("softmax", "log_softmax"):
        return f"{last} makes probabilities but knows no right answer: to be trained, the plan ends in SoftmaxOutput."
    if last != "SoftmaxOutput":
        return f"the plan ends in {'its logits' if last.isdigit() else last}: SoftmaxOutput has to complete it."
    between, after = (steps[steps.index(width) + 1] for width in widths)
    if between == str(CLASSES):
        return "nothing stands between the two layers: without a ReLU they are no better than one."
    if between != "relu":
        return f"{between} stands between the two layers: a ReLU is wanted."
    if after == "relu":
        return "a ReLU stands after the last layer: a logit may well be negative, so leave it out."
    if after == "softmax":
        return "SoftmaxOutput is a softmax already: give it the logits themselves."
    if steps != wanted:
        return f"the order is {', '.join(steps)}: {', '.join(wanted)} is wanted."
    if "softmax_label" not in network.list_arguments():
        return (
            'Module looks for a label of the name softmax_label, and here is none: SoftmaxOutput(..., name="softmax").'
        )
    missing = PIXELS * HIDDEN + HIDDEN + HIDDEN * CLASSES + CLASSES - sum(layer.parameters for layer in layers(network))
    return f"{missing} parameters are missing: do both layers have biases?" if missing else None


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
        return f"{size:,} parameters are too many, fewer than {MOST:,} are wanted: which layer has most of them?"
    right = accuracy(module, digits.valid)
    if right < 0.2:
        return (
            f"{right:.1%} of the validation images are read correctly, about as by a guess: "
            "have you given fit the initializer and the learning rate of this chapter?"
        )
    if right < WANTED:
        return (
            f"{size:,} parameters read {right:.1%} of the validation images, {WANTED:.0%} are wanted: "
            "use more of the parameters that are allowed, or train longer."
        )
    return None
