"""Chapter 4: dropout by hand, the vote of three, a smoothed loss, when to stop, few images."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from helpers.data.load import Split
from helpers.exercises.judge import is_open, not_trained, wrong_array, wrong_number
from helpers.exercises.stopping import wrong_stop
from helpers.training.evaluation import accuracy

import mxnet as mx

if TYPE_CHECKING:
    from helpers.data.load import Digits

FEW = 500  # training images in exercise 5
WANTED = {"mnist": 0.92, "digits": 0.94}  # share of the validation images
JUDGED = 1000  # validation images that exercise 5 takes, where there are as many


def exercise_1(after, before: np.ndarray, stay: np.ndarray, share: float) -> str | None:
    """What dropout leaves of the values, an array of the same shape."""
    right = before * stay / (1 - share)
    mistakes = [
        (before * stay, "the right ones are zero, but those that stay have to grow: their sum is too small."),
        (before * stay * (1 - share), "those that stay have become smaller: they have to grow, so divide."),
        (before * stay / share, "divide by the share that stays, not by the share that goes."),
        (before * (1 - stay) / (1 - share), "the wrong ones are zero: 1 in `stay` means that a value stays."),
        (before / (1 - share), "all have grown, and none is zero: where is `stay`?"),
    ]
    left_out = {(int(stay.sum()),): "the zeros have been left out, and they have to keep their places."}
    return wrong_array(after, right, left_out.get, tolerance=1e-4, mistakes=mistakes)


def exercise_2(share) -> str | None:
    """The share of images that you expect the vote to read correctly, a number from 0 to 1."""
    right, wrong = 0.9, 0.1
    mistakes = [
        (right, "so it would be if all three erred on the same images: here each errs on its own."),
        (right**3, "this is how often all three are right: two are enough."),
        (3 * right**2 * wrong, "this is how often exactly two are right: add how often all three are."),
        (right**2 * wrong, "two right and one wrong happens in three ways, and all three may be right, too."),
        (right**2, "this is how often two given ones are right: any two of the three will do, and all three as well."),
        (1 - wrong**3, "this is how often at least one is right: one against two loses the vote."),
        (1 - wrong**2, "this would be two networks of which one is enough: here two of three have to be right."),
    ]
    return wrong_number(share, right**3 + 3 * right**2 * wrong, mistakes, tolerance=0.003)


def exercise_3(smooth_loss: Callable) -> str | None:
    """A function that makes the symbol of the loss."""
    z, labels = np.random.default_rng(0).normal(0, 1, (4, 10)), np.array([3, 1, 0, 2])
    loss = smooth_loss(mx.sym.Variable("z"), mx.sym.Variable("y"))
    if is_open(loss):
        return "the function returns nothing yet: let it return the symbol of the loss."
    if not isinstance(loss, mx.sym.Symbol):
        return f"the function returns something of type {type(loss).__name__}: build the loss with mx.sym."
    if set(loss.list_arguments()) != {"z", "y"}:
        return f"the loss depends on {', '.join(loss.list_arguments())}: it takes the logits and the label."
    try:
        found, gradient = _evaluate(loss, z, labels)
    except mx.MXNetError as error:
        if "not Loss function" not in str(error):
            raise
        return "MXNet finds no place where the gradients start: put make_loss around the whole."
    p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    of_label, of_all = -np.log(p[np.arange(4), labels]), -np.log(p)
    right = 0.9 * of_label + 0.1 * of_all.mean(axis=1)
    mistakes = [
        (-right, "the sign is turned: the logarithms of probabilities are negative, and the loss is not."),
        (of_label, "this is the loss of the chapter: the second part is missing."),
        (0.9 * of_label, "the second part is missing: a tenth of the mean over all classes."),
        (0.9 * of_label + 0.1 * of_all.sum(axis=1), "the second part is the mean over the ten classes, not their sum."),
        (0.1 * of_label + 0.9 * of_all.mean(axis=1), "the weights have changed places: the label gets 0.9."),
        (of_label + 0.1 * of_all.mean(axis=1), "the first part counts for 0.9, so that both add up to 1."),
        (0.9 * of_label - 0.1 * of_all.mean(axis=1), "the second part has the wrong sign: both parts are to be small."),
        (0.9 * of_label + 0.1 * of_all.mean(), "the mean goes over the classes of each image: see axis=1."),
    ]
    if mistake := wrong_array(found, right, _no_losses, tolerance=1e-4, mistakes=mistakes):
        return mistake
    of_formula = p - 0.01 - 0.9 * np.eye(10)[labels]
    if not np.allclose(gradient, of_formula, atol=1e-4):
        return "the losses are right, but not their gradients: put make_loss around the whole, and block nothing."
    far, _ = _evaluate(loss, 200.0 * np.eye(10)[:1], np.array([1]))
    if not np.isfinite(far).all():
        return f"with one logit at 200 the loss is {far[0]}: use log_softmax instead of the log of softmax."
    return None


def _no_losses(shape: tuple[int, ...]) -> str | None:
    return {
        (): "one number for the batch: each image has its loss.",
        (1,): "one number for the batch: each image has its loss, so take means over the classes only, axis=1.",
        (4, 10): "one number for each class: `pick` the label's, and take the mean of the others with axis=1.",
        (4, 4): "each image with each label: `pick` takes one entry of each row.",
    }.get(shape)


def _evaluate(loss: mx.sym.Symbol, z: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The values of the symbol and the gradient by its variable z."""
    values = {"z": mx.nd.array(z), "y": mx.nd.array(labels)}
    gradient = mx.nd.zeros(z.shape)
    executor = loss.bind(mx.cpu(), values, args_grad={"z": gradient}, grad_req={"z": "write", "y": "null"})
    executor.forward(is_train=True)
    executor.backward()
    return executor.outputs[0].asnumpy(), gradient.asnumpy()


def exercise_4(stop_early: Callable) -> str | None:
    """A function that trains until it does not pay any more."""
    return wrong_stop(stop_early)


def exercise_5(learn: Callable, digits: "Digits") -> str | None:
    """A function that trains with few images and returns its module."""
    few = Split(digits.train.images[:FEW], digits.train.labels[:FEW])
    module = learn(few.images.copy(), few.labels.copy())
    if is_open(module):
        return "the function returns nothing yet: let it return the trained module."
    if mistake := not_trained(module):
        return mistake
    valid = Split(digits.valid.images[:JUDGED], digits.valid.labels[:JUDGED])
    by_heart, right, wanted = accuracy(module, few), accuracy(module, valid), WANTED[digits.source]
    if right >= wanted:
        return None
    found = f"{by_heart:.1%} of the {FEW} images, {right:.1%} of the validation images, {wanted:.0%} are wanted"
    if by_heart < 0.2:
        return f"{found}: it has learnt nothing. Look at the initializer, the optimizer and the learning rate."
    if by_heart < wanted:
        return f"{found}: it has not even learnt what it has seen. Train longer."
    return f"{found}: it knows its images by heart. What keeps a network from that, or makes more of the images?"
