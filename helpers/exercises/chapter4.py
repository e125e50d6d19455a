"""The guesses of chapter 4 and its exercises: dropout by hand, the vote of three, a smoothed loss, early stopping, few
images, and when dropout is no remedy.

Chapter 4.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from helpers.data.load import Split
from helpers.exercises.guesses import Guess
from helpers.exercises.judge import is_open, missing_point, not_trained, wrong_array, wrong_number
from helpers.training.evaluation import accuracy

import mxnet as mx

if TYPE_CHECKING:
    from helpers.data.load import Digits

FEW = 500  # training images in exercise 5
FLOOR = {"mnist": 0.92, "digits": 0.94}  # share of the validation images that its network has to read
JUDGED = 1000  # validation images that exercise 5 takes, where there are as many

# The trainings of exercise 4: accuracies, patience, the best epoch, the epoch after which the training has to stop.
TRAININGS = [
    ([0.90, 0.93, 0.92, 0.95, 0.94, 0.93, 0.92, 0.96], 2, 4, 6),
    ([0.90, 0.95, 0.91, 0.93, 0.92, 0.94, 0.93, 0.92, 0.91, 0.96], 3, 2, 5),
    ([0.90, 0.90, 0.90, 0.95, 0.94, 0.93, 0.92], 2, 1, 3),
    ([0.90, 0.89, 0.95], 1, 1, 2),
]

POINTS = [  # of exercise 6
    (r"overfit|by heart|memoris|memoriz", "What does dropout help against?"),
    (r"validation|both losses|two losses|equal|as high|gap|apart", "How do the two losses show it, or not?"),
    (r"less|larger|bigger|longer|more epochs|without|remove|lower|underfit", "What would you change instead?"),
]

GUESSES = {
    "a": Guess(
        "What share of the ten thousand will be zero, and what will the mean of all of them be?",
        {
            "About 30 %, and a mean of about 0.7.": "Forgetting that what stays is divided by 0.7.",
            "About 30 %, and a mean of about 1.": "Three in ten go, and the others grow by as much as is lost.",
            "Exactly 30 %, and a mean of exactly 1.": (
                "Each value is drawn by itself, so both hold on average. Over 10,000 values they come close."
            ),
            "About 30 %, and a mean of about 1.43.": "So much becomes of each value that stays. The zeros count, too.",
        },
        right="About 30 %, and a mean of about 1.",
    ),
    "b": Guess(
        "What is the logarithm of the softmax of the first one?",
        {
            "-200, however it is computed.": "On paper, yes. But a float32 cannot hold the number in between.",
            "-200 with one operator for both, minus infinity with two.": (
                "The softmax is rounded to 0, and the logarithm of 0 is minus infinity."
            ),
            "0, however it is computed.": "That is the softmax itself, rounded. Its logarithm is another matter.",
        },
        right="-200 with one operator for both, minus infinity with two.",
    ),
    "c": Guess(
        "What does the test module then answer?",
        {
            "Nearly always 7.": "Both modules read the same memory, so what one is given the other has.",
            "As before: it has its own copy.": "So it would be if nothing were shared.",
            "As before, until the next training step.": "Sharing needs no moment at which something is copied.",
        },
        right="Nearly always 7.",
    ),
    "d": Guess(
        "What is in the last batch?",
        {
            "Two images: 8 and 9.": "A module is bound to batches of four, so four they have to be.",
            "8, 9, 0, 1: it starts again.": 'That is `mode="wrap"`, and how `NDArrayIter` fills its last batch.',
            "8, 9, 9, 9.": "Indices 10 and 11 are clipped to the last one, 9.",
            "An error: there is no image 10.": 'That is the default, `mode="raise"`.',
        },
        right="8, 9, 9, 9.",
    ),
    "e": Guess(
        "With which p will the training loss be lowest after 16 epochs, and with which the validation loss?",
        {
            "Both without dropout: it makes learning harder.": (
                "It does make learning harder. But what is learnt without it holds for the training images alone."
            ),
            "Training without dropout, validation with 0.5.": (
                "Without it the network knows its images by heart, and overfits. The more is dropped, the later it "
                "comes."
            ),
            "Both with 0.5: it makes a better network.": (
                "A better one for new images. For those of the training nothing beats learning by heart."
            ),
        },
        right="Training without dropout, validation with 0.5.",
    ),
    "f": Guess(
        "Which lowers the validation loss more?",
        {
            "Dropout.": "On these 2,000 images it is a good remedy. But it cannot tell the network anything new.",
            "Four times as many images.": "On MNIST by far: a loss of 0.14 against 0.22 with dropout.",
            "Both about the same.": "Dropout takes away some overfitting; new images take away its cause.",
        },
        right="Four times as many images.",
    ),
    "g": Guess(
        "Will dropout help it as well?",
        {
            "Yes, as much: overfitting is overfitting.": "It has far fewer numbers with which to learn by heart.",
            "No: it does not help, and may hurt.": (
                "Its convolutions share their weights, and that is a regularisation already: each weight has to fit "
                "at every place."
            ),
            "It will learn nothing at all.": "It learns, only more slowly.",
        },
        right="No: it does not help, and may hurt.",
    ),
    "h": Guess(
        "Will the hundred answers agree?",
        {
            "Yes, in both modes: it is the same image and the same network.": (
                "It is not the same network: in training mode each copy loses other values."
            ),
            "In test mode yes, in training mode not.": "In a test dropout does nothing, so all hundred are the same.",
            "In neither mode.": "In a test dropout does nothing.",
        },
        right="In test mode yes, in training mode not.",
    ),
    "i": Guess(
        "How good will the five be together?",
        {
            "As their mean.": "Averaging five accuracies. What is averaged are the probabilities, image by image.",
            "Better than their mean, by some tenths of a point.": (
                "On MNIST about 96.5 %, where the five have 95.8 % on average."
            ),
            "With a fifth of the mistakes.": "Taking the five for independent. They have seen the same images.",
        },
        right="Better than their mean, by some tenths of a point.",
    ),
    "j": Guess(
        "So should you do the same with large networks?",
        {
            "Yes: more is better.": "What helped was that they differed. Good networks share many of their mistakes.",
            "It brings little or nothing here.": "The difference is smaller than the interval of a single accuracy.",
            "No: together they will be clearly worse.": "A weaker member costs a little, another brings a little.",
        },
        right="It brings little or nothing here.",
    ),
}


def gap_filled(filled) -> str | None:
    """How many places are filled with repetitions, a number."""
    mistakes = [
        (89, "this is how many images are left for the last batch: the other places are filled."),
        (3, "this is how often the last image stands there: once by itself, the other times as a repetition."),
        (1, "22 batches have 2,002 places: take the 2,000 images away."),
        (21, "this is the number of full batches: how many images are left, and how many places remain?"),
        (22, "this is the number of batches: how many places have they together?"),
        (0, "91 does not divide 2,000: 21 batches hold 1,911 images."),
    ]
    return wrong_number(filled, 2, mistakes)


def exercise_1(after, before: np.ndarray, stay: np.ndarray, share: float) -> str | None:
    """What dropout leaves of the values, an array of the same shape."""
    right = before * stay / (1 - share)
    mistakes = [
        (
            before * stay,
            "the zeros are in the right places, but the values that stay have to grow: their sum is too small.",
        ),
        (before * stay * (1 - share), "the values that stay have become smaller: they have to grow, so divide."),
        (before * stay / share, "divide by the share that stays, not by the share that goes."),
        (
            before * (1 - stay) / (1 - share),
            "the zeros are in the wrong places: a 1 in `stay` means that a value stays.",
        ),
        (before / (1 - share), "all values have grown, and none is zero: where is `stay`?"),
    ]
    left_out = {(int(stay.sum()),): "you left out the zeros, but they have to keep their places."}
    return wrong_array(after, right, left_out.get, tolerance=1e-4, mistakes=mistakes)


def exercise_2(share) -> str | None:
    """The share of images that you expect the vote to read correctly, a number from 0 to 1."""
    right = 0.9
    wrong = 0.1
    mistakes = [
        (
            right,
            "this would hold if all three made their mistakes on the same images: here they make them independently.",
        ),
        (right**3, "this is how often all three are right: two are enough."),
        (3 * right**2 * wrong, "this is how often exactly two are right: add how often all three are."),
        (right**2 * wrong, "two right and one wrong can happen in three ways, and all three may be right, too."),
        (right**2, "this is how often two particular ones are right: any two of the three will do, or all three."),
        (1 - wrong**3, "this is how often at least one is right: one against two loses the vote."),
        (1 - wrong**2, "this would be for two networks of which one is enough: here two of three have to be right."),
    ]
    return wrong_number(share, right**3 + 3 * right**2 * wrong, mistakes, tolerance=0.003)


def exercise_3(smooth_loss: Callable) -> str | None:
    """A function that makes the symbol of the loss."""
    z = np.random.default_rng(0).normal(0, 1, (4, 10))
    labels = np.array([3, 1, 0, 2])
    loss = smooth_loss(mx.sym.Variable("z"), mx.sym.Variable("y"))
    if is_open(loss):
        return "the function returns nothing yet: let it return the symbol of the loss."
    if not isinstance(loss, mx.sym.Symbol):
        return f"the function returns something of type {type(loss).__name__}: build the loss with mx.sym."
    if set(loss.list_arguments()) != {"z", "y"}:
        return f"the loss depends on {', '.join(loss.list_arguments())}: it should take the logits and the label."
    try:
        found, gradient = _evaluate(loss, z, labels)
    except mx.MXNetError as error:
        if "not Loss function" not in str(error):
            raise
        return "MXNet finds no place where the gradients start: put make_loss around the whole loss."
    p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    of_label = -np.log(p[np.arange(4), labels])
    of_all = -np.log(p)
    right = 0.9 * of_label + 0.1 * of_all.mean(axis=1)
    mistakes = [
        (-right, "the sign is wrong: the logarithms of probabilities are negative, and the loss is not."),
        (of_label, "this is the loss used so far in the chapter: the second part is missing."),
        (0.9 * of_label, "the second part is missing: a tenth of the mean over all classes."),
        (0.9 * of_label + 0.1 * of_all.sum(axis=1), "the second part is the mean over the ten classes, not their sum."),
        (0.1 * of_label + 0.9 * of_all.mean(axis=1), "the weights have changed places: the label gets 0.9."),
        (of_label + 0.1 * of_all.mean(axis=1), "the first part counts for 0.9, so that both weights add up to 1."),
        (
            0.9 * of_label - 0.1 * of_all.mean(axis=1),
            "the second part has the wrong sign: both parts should become small.",
        ),
        (0.9 * of_label + 0.1 * of_all.mean(), "take the mean over the classes of each image: see axis=1."),
    ]
    if mistake := wrong_array(found, right, _no_losses, tolerance=1e-4, mistakes=mistakes):
        return mistake
    of_formula = p - 0.01 - 0.9 * np.eye(10)[labels]
    if not np.allclose(gradient, of_formula, atol=1e-4):
        return (
            "the losses are right, but their gradients are not: put make_loss around the whole loss, and block nothing."
        )
    far, _ = _evaluate(loss, 200.0 * np.eye(10)[:1], np.array([1]))
    if not np.isfinite(far).all():
        return f"with one logit at 200 the loss is {far[0]}: use log_softmax instead of the log of softmax."
    return None


def _no_losses(shape: tuple[int, ...]) -> str | None:
    return {
        (): "this is one number for the batch, but each image has its own loss.",
        (1,): "this is one number for the batch, but each image has its own loss: take means along axis=1 only.",
        (4, 10): "this is one number for each class. `pick` that of the label, and take the mean over all with axis=1.",
        (4, 4): "this is each image with each label. `pick` takes one entry of each row.",
    }.get(shape)


def _evaluate(loss: mx.sym.Symbol, z: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The values of the symbol, and the gradient for its variable z."""
    values = {"z": mx.nd.array(z), "y": mx.nd.array(labels)}
    gradient = mx.nd.zeros(z.shape)
    executor = loss.bind(mx.cpu(), values, args_grad={"z": gradient}, grad_req={"z": "write", "y": "null"})
    executor.forward(is_train=True)
    executor.backward()
    return executor.outputs[0].asnumpy(), gradient.asnumpy()


def exercise_4(stop_early: Callable) -> str | None:
    """A function that trains until it no longer pays off."""
    for accuracies, patience, best, last in TRAININGS:
        training = _ScriptedTraining(accuracies)
        try:
            found = stop_early(training.train_epoch, training.validate, patience)
        except _Endless:
            mistake = (
                f"your training does not stop, although by epoch {last}, {patience} in a row had not beaten the best."
            )
        else:
            if is_open(found):
                return "the function returns nothing yet: let it return the number of the best epoch."
            mistake = _wrong_epochs(training.epochs, last) or _wrong_best(found, best, last, accuracies)
        if mistake:
            known = ", ".join(f"{each:.2f}" for each in accuracies[: max(last, training.epochs)])
            return f"with patience {patience} and the accuracies {known}: {mistake}"
    return None


class _Endless(Exception):
    """The training went on after the last accuracy that is known."""


class _ScriptedTraining:
    """A training whose validation accuracies are known beforehand; it only counts its epochs."""

    def __init__(self, accuracies: list[float]):
        self._accuracies = accuracies
        self.epochs = 0

    def train_epoch(self) -> None:
        if self.epochs == len(self._accuracies):
            raise _Endless
        self.epochs += 1

    def validate(self) -> float:
        return self._accuracies[self.epochs - 1] if self.epochs else 0.1  # a guess before the first epoch


def _wrong_epochs(epochs: int, last: int) -> str | None:
    if epochs == 0:
        return "nothing was trained. Call train_epoch() in a loop."
    if epochs < last:
        return (
            f"your training stops after epoch {epochs}, but it should stop after epoch {last}. "
            "Each epoch that is better than all before it starts the patience anew."
        )
    if epochs == last + 1:
        return f"your training stops after epoch {epochs}, one too late. The patience ended with epoch {last}."
    if epochs > last:
        return (
            f"your training stops after epoch {epochs}, but it should stop after epoch {last}. "
            "Compare with the best so far, not with the epoch before, and equal is not better."
        )
    return None


def _wrong_best(found, best: int, last: int, accuracies: list[float]) -> str | None:
    if found == best:
        return None
    if found == best - 1:
        return f"it returns {found}, but epochs are counted from 1."
    if found == last:
        return f"it returns {found}, the last epoch, but it should return the best one."
    if found == accuracies[best - 1]:
        return f"it returns {found}, an accuracy, but it should return the number of its epoch."
    return f"it returns {found!r}, but it should return the number of the best epoch."


def exercise_5(learn: Callable, digits: "Digits") -> str | None:
    """A function that trains with few images and returns its module."""
    few = Split(digits.train.images[:FEW], digits.train.labels[:FEW])
    module = learn(few.images.copy(), few.labels.copy())
    if is_open(module):
        return "the function returns nothing yet: let it return the trained module."
    if mistake := not_trained(module):
        return mistake
    valid = Split(digits.valid.images[:JUDGED], digits.valid.labels[:JUDGED])
    by_heart = accuracy(module, few)
    right = accuracy(module, valid)
    floor = FLOOR[digits.source]
    if right >= floor:
        return None
    found = (
        f"it reads {by_heart:.1%} of the {FEW} images and {right:.1%} of the validation images, "
        f"of which at least {floor:.0%} are needed"
    )
    if by_heart < 0.2:
        return f"{found}: it has learnt nothing. Check the initializer, the optimizer and the learning rate."
    if by_heart < floor:
        return f"{found}: it has not even learnt what it has seen. Train longer."
    return f"{found}: it knows its images by heart. What keeps a network from that, or makes more of the images?"


def exercise_6(reply) -> str | None:
    """Two or three sentences to your friend."""
    return missing_point(reply, POINTS)
