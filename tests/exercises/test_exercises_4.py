"""The checks of chapter 4: right answers in several forms, the typical wrong ones, and the gap left."""

import numpy as np
import pytest

from helpers.drawing.augmentation import augment
from helpers.exercises import check
from helpers.networks.symbols import lenet, mlp
from tests.tools.verdicts import assert_wrong

import mxnet as mx

# 4.1 Dropout by hand

VALUES, STAY, P = np.array([2.0, 4.0, 6.0, 8.0, 10.0]), np.array([1, 0, 1, 1, 1]), 0.2


@pytest.mark.parametrize(
    "after",
    [
        VALUES * STAY / 0.8,
        [2.5, 0, 7.5, 10, 12.5],
        mx.nd.array([2.5, 0, 7.5, 10, 12.5]),
        np.where(STAY, VALUES, 0) * 1.25,
    ],
)
def test_dropped(after):
    assert check("4.1", after, VALUES, STAY, P).right


@pytest.mark.parametrize(
    ("after", "words"),
    [
        (VALUES * STAY, "right places, but the values that stay have to grow"),
        (VALUES * STAY * 0.8, "the values that stay have become smaller"),
        (VALUES * STAY / 0.2, "divide by the share that stays"),
        (VALUES * (1 - STAY) / 0.8, "the zeros are in the wrong places"),
        (VALUES / 0.8, "where is `stay`?"),
        (VALUES[STAY == 1] / 0.8, "the shape is (4,), but it should be (5,): you left out the zeros"),
        (VALUES.sum(), "the shape is (), but it should be (5,)."),
        (STAY, "80% of the values are not, for example at [4]"),
    ],
)
def test_wrong_dropped(after, words):
    assert_wrong(check("4.1", after, VALUES, STAY, P), words)


# 4.2 The vote of three


@pytest.mark.parametrize("share", [0.972, 0.97, np.float32(0.972), 0.9**3 + 3 * 0.9**2 * 0.1])
def test_vote(share):
    assert check("4.2", share).right


def test_vote_is_what_chance_gives():
    """The judge's number, from a million votes."""
    right = np.random.default_rng(0).random((1_000_000, 3)) < 0.9
    assert check("4.2", (right.sum(axis=1) >= 2).mean()).right


@pytest.mark.parametrize(
    ("share", "words"),
    [
        (0.9, "if all three made their mistakes on the same images"),
        (0.729, "two are enough"),
        (0.243, "exactly two are right"),
        (0.081, "can happen in three ways"),
        (0.81, "two particular ones"),
        (0.999, "one against two loses the vote"),
        (0.99, "two networks of which one is enough"),
        (97.2, "is too large"),
    ],
)
def test_wrong_vote(share, words):
    assert_wrong(check("4.2", share), words)


# 4.3 A smoothed loss

S = mx.sym


def parts(scores, label, axis=1, log_softmax=S.log_softmax):
    log_p = log_softmax(scores)
    return -S.pick(log_p, label), -S.mean(log_p, axis=axis)


def weighted(of_label=0.9, of_all=0.1, **settings):
    def loss(scores, label):
        first, second = parts(scores, label, **settings)
        return S.make_loss(of_label * first + of_all * second)

    return loss


def by_soft_targets(scores, label):
    targets = 0.9 * S.one_hot(label, 10) + 0.01
    return S.MakeLoss(-S.sum(S.BlockGrad(targets) * S.log_softmax(scores), axis=1))


def two_losses_added(scores, label):
    first, second = parts(scores, label)
    return 0.9 * S.make_loss(first) + 0.1 * S.make_loss(second)


@pytest.mark.parametrize("loss", [weighted(), by_soft_targets])
def test_loss(loss):
    assert check("4.3", loss).right


def no_make_loss(scores, label):
    first, second = parts(scores, label)
    return 0.9 * first + 0.1 * second


def blocked(scores, label):
    first, second = parts(scores, label)
    return S.make_loss(0.9 * first + 0.1 * S.BlockGrad(second))


def log_of_softmax(scores):
    return S.log(S.softmax(scores))


@pytest.mark.parametrize(
    ("loss", "words"),
    [
        (lambda scores, label: None, "the function returns nothing yet"),
        (lambda scores, label: 2.3, "something of type float: build the loss with mx.sym"),
        (
            lambda scores, label: S.make_loss(-S.mean(S.log_softmax(scores), axis=1)),
            "the loss depends on z: it should take",
        ),
        (lambda scores, label: weighted()(scores, S.Variable("softmax_label")), "the loss depends on z, softmax_label"),
        (no_make_loss, "put make_loss around the whole"),
        (two_losses_added, "put make_loss around the whole"),
        (weighted(-0.9, -0.1), "the sign is wrong"),
        (weighted(1, 0), "this is the loss used so far in the chapter"),
        (weighted(0.9, 0), "the second part is missing: a tenth"),
        (weighted(0.9, 1), "not their sum"),
        (weighted(0.1, 0.9), "the weights have changed places"),
        (weighted(1, 0.1), "the first part counts for 0.9"),
        (weighted(0.9, -0.1), "the second part has the wrong sign"),
        (lambda scores, label: S.make_loss(S.mean(no_make_loss(scores, label))), "one number for the batch"),
        (lambda scores, label: S.make_loss(-S.log_softmax(scores) * S.one_hot(label, 10)), "one number for each class"),
        (
            blocked,
            "the losses are right, but their gradients are not: put make_loss around the whole loss, and block nothing",
        ),
        (weighted(log_softmax=log_of_softmax), "with one logit at 200 the loss is inf: use log_softmax"),
        (lambda scores, label: mx.nd.log_softmax(scores), "could not be used"),
    ],
)
def test_wrong_loss(loss, words):
    assert_wrong(check("4.3", loss), words)


# 4.4 Early stopping


def right_way(train_epoch, validate, patience):
    epoch = best_epoch = best = 0
    while epoch - best_epoch < patience:
        train_epoch()
        epoch += 1
        found = validate()
        if found > best:
            best, best_epoch = found, epoch
    return best_epoch


def with_a_list(train_epoch, validate, patience):
    found = []
    while True:
        train_epoch()
        found.append(validate())
        if max(found[-patience:]) <= max(found[:-patience], default=0):
            return np.argmax(found) + 1


def untrained_first(train_epoch, validate, patience):
    best, best_epoch, epoch, left = validate(), 0, 0, patience
    while left:
        train_epoch()
        epoch, left = epoch + 1, left - 1
        if (found := validate()) > best:
            best, best_epoch, left = found, epoch, patience
    return float(best_epoch)


@pytest.mark.parametrize("stop", [right_way, with_a_list, untrained_first])
def test_stop(stop):
    assert check("4.4", stop).right


def at_the_first_fall(train_epoch, validate, patience):
    epoch, before, found = 0, 0, 0.1
    while found > before:
        train_epoch()
        epoch, before, found = epoch + 1, found, validate()
    return epoch - 1


def all_falls_counted(train_epoch, validate, patience):
    epoch, best, falls = 0, 0, 0
    while falls < patience:
        train_epoch()
        epoch, found = epoch + 1, validate()
        falls += found <= best
        best = max(best, found)
    return epoch


def with_the_epoch_before(train_epoch, validate, patience):
    epoch, before, falls = 0, 0, 0
    while falls < patience:
        train_epoch()
        epoch, found = epoch + 1, validate()
        falls, before = (0 if found > before else falls + 1), found
    return epoch - patience


def equal_is_better(train_epoch, validate, patience):
    epoch = best_epoch = best = 0
    while epoch - best_epoch < patience:
        train_epoch()
        epoch += 1
        if (found := validate()) >= best:
            best, best_epoch = found, epoch
    return best_epoch


def one_more(train_epoch, validate, patience):
    return right_way(train_epoch, validate, patience + 1)


def never(train_epoch, validate, patience):
    while True:
        train_epoch()


def answer(change):
    return lambda train_epoch, validate, patience: change(right_way(train_epoch, validate, patience), patience)


@pytest.mark.parametrize(
    ("stop", "words"),
    [
        (lambda train_epoch, validate, patience: None, "the function returns nothing yet"),
        (lambda train_epoch, validate, patience: 4, "nothing was trained"),
        (
            at_the_first_fall,
            "with patience 2 and the accuracies 0.90, 0.93, 0.92, 0.95, 0.94, 0.93: your training stops after epoch 3",
        ),
        (
            all_falls_counted,
            "your training stops after epoch 5, but it should stop after epoch 6. Each epoch that is better",
        ),
        (
            with_the_epoch_before,
            "your training stops after epoch 9, but it should stop after epoch 5. Compare with the best so far",
        ),
        (
            equal_is_better,
            "your training stops after epoch 6, but it should stop after epoch 3. Compare with the best so far",
        ),
        (one_more, "your training stops after epoch 7, one too late. The patience ended with epoch 6"),
        (never, "your training does not stop, although by epoch 6, 2 in a row had not beaten the best"),
        (answer(lambda best, patience: best - 1), "it returns 3, but epochs are counted from 1"),
        (answer(lambda best, patience: best + patience), "it returns 6, the last epoch"),
        (answer(lambda best, patience: 0.95), "it returns 0.95, an accuracy"),
        (answer(lambda best, patience: "four"), "it returns 'four', but it should return the number of the best epoch"),
    ],
)
def test_wrong_stop(stop, words):
    assert_wrong(check("4.4", stop), words)


# 4.5 Few images


def trained(network, images, labels, epochs, **settings):
    np.random.seed(0)
    mx.random.seed(0)
    module = mx.mod.Module(network)
    batches = mx.io.NDArrayIter(images, labels, batch_size=25, shuffle=True)
    module.fit(batches, num_epoch=epochs, initializer=mx.init.Xavier(), **settings)
    return module


SGD = {"optimizer_params": {"learning_rate": 0.1}}


def by_dropout(images, labels):
    x = mx.sym.Variable("data")
    for filters in (16, 32, 64):
        x = mx.sym.Convolution(x, kernel=(3, 3), pad=(1, 1), num_filter=filters)
        x = mx.sym.Pooling(mx.sym.relu(x), kernel=(2, 2), stride=(2, 2), pool_type="max")
        x = mx.sym.Dropout(x, p=0.3)
    x = mx.sym.SoftmaxOutput(mx.sym.FullyConnected(x, num_hidden=10), name="softmax")
    return trained(x, images, labels, 20, optimizer="adam", optimizer_params={"learning_rate": 0.002})


def by_varied_copies(images, labels):
    rng = np.random.default_rng(0)
    varied = np.concatenate([images, *(augment(images, rng) for _ in range(3))])
    return trained(lenet(), varied, np.tile(labels, 4), 2, **SGD)


def by_heart(images, labels):
    return trained(mlp(), images, labels, 30, **SGD)


def test_few_images_mnist(mnist):
    """The solution of the notebook, and what its task says of the network of chapter 2."""
    assert check("4.5", by_dropout, mnist).right
    of_mlp = check("4.5", by_heart, mnist)
    assert "not yet. It reads 100.0% of the 500 images and 8" in of_mlp.text
    assert "it knows its images by heart" in of_mlp.text


def test_few_images_in_another_way(digits):
    assert check("4.5", by_varied_copies, digits).right


@pytest.mark.parametrize(
    ("learn", "words"),
    [
        (lambda images, labels: None, "the function returns nothing yet"),
        (lambda images, labels: mlp(), "this is only the plan"),
        (lambda images, labels: mx.mod.Module(mlp()), "the module has no parameters yet"),
        (lambda images, labels: 0.95, "the answer should be a module, but it is of type float"),
        (lambda images, labels: trained(mlp(), 0 * images, labels, 1, **SGD), "it has learnt nothing"),
        (lambda images, labels: trained(mlp(), images, labels, 1, **SGD), "it has not even learnt what it has seen"),
        (lambda images, labels: trained(mlp(), images[:60], labels[:60], 30, **SGD), "are needed: it"),
    ],
)
def test_few_images_in_a_wrong_way(digits, learn, words):
    assert_wrong(check("4.5", learn, digits), words)


# The gap in the text


@pytest.mark.parametrize("filled", [2, 2.0, -2000 % 91])
def test_filled(filled):
    assert check("4.filled", filled).right


def test_filled_is_what_take_repeats():
    last = np.take(np.arange(2000), range(21 * 91, 22 * 91), mode="clip")
    assert check("4.filled", len(last) - len(set(last))).right


@pytest.mark.parametrize(
    ("filled", "words"),
    [
        (89, "left for the last batch"),
        (3, "once by itself"),
        (21, "the number of full batches"),
        (22, "the number of batches"),
        (0, "91 does not divide 2,000"),
        (91, "is too large"),
    ],
)
def test_wrong_filled(filled, words):
    assert_wrong(check("4.filled", filled), words)


# 4.6 In words


@pytest.mark.parametrize(
    "reply",
    [
        "Dropout is against overfitting, and you have none: both losses are equal. Take less, or a larger network.",
        "Your network does not learn by heart, or the validation loss would be far above. So train for longer.",
    ],
)
def test_words(reply):
    assert check("4.6", reply).right


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        ("No.", "these are 1 words"),
        ("More dropout never helps anybody, so take something else and see what comes of it.", "What does dropout"),
        ("Dropout is a remedy against overfitting, and that is a thing you surely do not have at all.", "two losses"),
        (
            "Dropout is a remedy against overfitting, and since your validation loss is fine there is nothing to do.",
            "What would you change",
        ),
    ],
)
def test_wrong_words(reply, words):
    assert_wrong(check("4.6", reply), words)
