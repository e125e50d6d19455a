"""The checks of chapter 2: right answers in several forms, the typical wrong ones, and the gap left."""

import numpy as np
import pytest

from helpers.data.load import Digits, Split
from helpers.exercises import check
from helpers.networks.symbols import mlp
from helpers.training.batches import ShuffledBatches
from tests.tools.verdicts import assert_wrong

import mxnet as mx

# 2.1 The baseline


LABELS = {"train": [1] * 5 + [2] * 4 + [3], "valid": [2] * 5 + [1] * 2 + [3], "test": [1] * 3 + [2]}


@pytest.fixture(scope="module")
def uneven():
    """Digits of which each part has another share of the commonest, and validation another commonest digit."""
    parts = {name: Split(np.zeros((len(labels), 1, 28, 28)), np.array(labels)) for name, labels in LABELS.items()}
    return Digits(**parts, source="digits", origin="a test")


@pytest.mark.parametrize("share", [0.25, 2 / 8, np.float32(0.25), np.array(0.25)])
def test_baseline(uneven, share):
    assert check("2.1", share, uneven).right


def test_baseline_of_the_digits(digits):
    common = max(range(10), key=list(digits.train.labels).count)
    assert check("2.1", list(digits.valid.labels).count(common) / len(digits.valid), digits).right


@pytest.mark.parametrize(
    ("share", "words"),
    [
        (2, "divide it by the number of images"),
        (25, "this is a percentage"),
        (1, "this is the digit that the baseline always answers"),
        (0.75, "the share of the test images"),
        (0.5, "the share of the training images"),
        (5 / 8, "you chose the digit by the validation labels"),
        (0.3, "0.3 is too large"),
        ([True, False], "the answer should be a number"),
    ],
)
def test_wrong_baseline(uneven, share, words):
    assert_wrong(check("2.1", share, uneven), words)


# 2.2 The number of parameters


@pytest.mark.parametrize("number", [25_450, 25_450.0, np.int32(25_450)])
def test_number(number):
    assert check("2.2", number).right


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (784 * 32 + 32 * 10, "you have left out the biases"),
        (784 * 32 + 32 * 10 + 10, "the biases of the hidden layer are missing"),
        (784 * 32 + 32 + 32 * 10, "the biases of the last layer are missing"),
        (784 * 32, "the weights of the first layer alone"),
        (784 * 32 + 32, "this is the first layer alone"),
        (784 + 784 * 32 + 32 + 32 * 10 + 10, "the pixels have no biases"),
        (784 * 32 + 1 + 32 * 10 + 1, "does not have one bias, but one for each"),
        (784 * 32 * 10, "you multiplied the two layers"),
        (784 + 32 + 10, "the values that pass through"),
        (784 * 10 + 10, "no hidden layer"),
        (109_386, "109,386 is too large"),
        ("25450", "the answer should be a number, but it is of type str"),
    ],
)
def test_wrong_number(number, words):
    assert_wrong(check("2.2", number), words)


# 2.3 The loss of a batch


def softmax(z, axis=1):
    return np.exp(z) / np.exp(z).sum(axis=axis, keepdims=True)


def of_label(p, labels):
    return p[np.arange(len(labels)), labels]


def in_numpy(z, labels):
    return -np.log(of_label(softmax(z), labels)).mean()


def image_by_image(z, labels):
    total = 0
    for row, label in zip(z, labels, strict=True):
        total += np.log(np.exp(row).sum()) - row[label]
    return float(total / len(labels))


def in_mxnet(z, labels):
    return -mx.nd.pick(mx.nd.log_softmax(mx.nd.array(z)), mx.nd.array(labels)).mean()


@pytest.mark.parametrize("loss", [in_numpy, image_by_image, in_mxnet])
def test_loss(loss):
    assert check("2.3", loss).right


def scaled_in_place(z, labels):
    z *= 2
    return in_numpy(z, labels)


@pytest.mark.parametrize(
    ("loss", "words"),
    [
        (lambda z, labels: None, "the function returns nothing yet"),
        (lambda z, labels: -np.log(of_label(softmax(z), labels)), "six numbers, the loss of each image"),
        (lambda z, labels: -np.log(softmax(z)[:, labels]), "shape is (6, 6)"),
        (lambda z, labels: -np.log(softmax(z)[:, labels]).mean(), "takes each image with each label"),
        (lambda z, labels: -in_numpy(z, labels), "the sign is wrong"),
        (lambda z, labels: 6 * in_numpy(z, labels), "the sum over the batch"),
        (
            lambda z, labels: -np.log(of_label(softmax(z, None), labels)).mean(),
            "your softmax runs over the whole batch",
        ),
        (lambda z, labels: -np.log(of_label(softmax(z, 0), labels)).mean(), "your softmax runs down the columns"),
        (lambda z, labels: -np.log(softmax(z)).mean(), "the mean over all ten classes"),
        (lambda z, labels: -np.log10(of_label(softmax(z), labels)).mean(), "the logarithm to base 10"),
        (lambda z, labels: -np.log2(of_label(softmax(z), labels)).mean(), "the logarithm to base 2"),
        (lambda z, labels: -np.log(of_label(softmax(z), labels).mean()), "take the logarithm for each image first"),
        (lambda z, labels: of_label(softmax(z), labels).mean(), "the mean probability of the right digit"),
        (lambda z, labels: 1 - of_label(softmax(z), labels).mean(), "this is 1 - p"),
        (lambda z, labels: -of_label(z, labels).mean(), "this comes from the logits themselves"),
        (scaled_in_place, "is too"),
        (lambda z, labels: z[labels, 7, 7], "could not be used, IndexError: too many indices"),
    ],
)
def test_wrong_loss(loss, words):
    assert_wrong(check("2.3", loss), words)


# 2.4 A symbol


def layer(x, width, **settings):
    return mx.sym.FullyConnected(x, num_hidden=width, **settings)


def relu(x):
    return mx.sym.Activation(x, act_type="relu")


def head(x):
    return mx.sym.SoftmaxOutput(x, name="softmax")


DATA = mx.sym.Variable("data")
HIDDEN = relu(layer(mx.sym.Flatten(DATA), 32))

NETWORKS = {
    "as in the chapter": head(layer(HIDDEN, 10)),
    "without Flatten": head(layer(relu(layer(DATA, 32)), 10)),
    "other names": head(layer(mx.sym.relu(layer(DATA, 32, name="first"), name="kink"), 10, name="second")),
    "the label named": mx.sym.SoftmaxOutput(layer(HIDDEN, 10), mx.sym.Variable("softmax_label"), name="end"),
}


@pytest.mark.parametrize("network", NETWORKS.values(), ids=NETWORKS)
def test_network(network):
    assert check("2.4", network).right


NO_NETWORKS = {
    "array": (mx.nd.ones(3), "the answer should be a symbol, but it is of type NDArray"),
    "module": (mx.mod.Module(head(layer(HIDDEN, 10))), "this is a module"),
    "input": (head(layer(relu(layer(mx.sym.Variable("images"), 32)), 10)), "no input named data"),
    "no hidden layer": (head(layer(DATA, 10)), "fully connected layers have 10 outputs"),
    "chapter's": (mlp(), "fully connected layers have 128, 64, 10 outputs"),
    "exchanged": (head(layer(relu(layer(DATA, 10)), 32)), "fully connected layers have 10, 32 outputs"),
    "no layer": (DATA, "fully connected layers have no outputs"),
    "no head": (layer(HIDDEN, 10), "the plan ends with its logits"),
    "ReLU as head": (relu(layer(HIDDEN, 10)), "the plan ends with relu"),
    "softmax": (mx.sym.softmax(layer(HIDDEN, 10)), "softmax gives probabilities but knows no right answer"),
    "softmax twice": (head(mx.sym.softmax(layer(HIDDEN, 10))), "SoftmaxOutput already is a softmax"),
    "no ReLU": (head(layer(layer(DATA, 32), 10)), "nothing between the two layers"),
    "tanh": (head(layer(mx.sym.tanh(layer(DATA, 32)), 10)), "tanh stands between the two layers"),
    "two ReLUs": (head(relu(layer(HIDDEN, 10))), "a ReLU after the last layer"),
    "dropout": (head(layer(mx.sym.Dropout(HIDDEN), 10)), "the order is 32, relu, Dropout, 10"),
    "no name": (mx.sym.SoftmaxOutput(layer(HIDDEN, 10)), "a label named softmax_label"),
    "no bias": (head(layer(HIDDEN, 10, no_bias=True)), "10 parameters are missing: do both layers have biases?"),
}


@pytest.mark.parametrize(("network", "words"), NO_NETWORKS.values(), ids=NO_NETWORKS)
def test_wrong_network(network, words):
    assert_wrong(check("2.4", network), words)


# 2.5 A small network


def trained(digits, network, epochs=6, learning_rate=0.1, initializer=None):
    mx.random.seed(0)
    module = mx.mod.Module(network)
    module.fit(
        ShuffledBatches(digits.train, batch_size=100),
        num_epoch=epochs,
        optimizer="sgd",
        optimizer_params={"learning_rate": learning_rate},
        initializer=initializer or mx.init.Xavier(),
    )
    return module


def small(hidden=16):
    return head(layer(relu(layer(DATA, hidden)), 10))


def after_pooling():
    half = mx.sym.Pooling(DATA, kernel=(2, 2), stride=(2, 2), pool_type="avg")
    return head(layer(relu(layer(half, 64)), 10))


@pytest.mark.parametrize("network", [small(), after_pooling()], ids=["narrow", "coarse"])
def test_small(digits, network):
    assert check("2.5", trained(digits, network), digits).right


def test_small_mnist(mnist):
    """The chapter's words: 16 hidden outputs are enough, and without a hidden layer it does not go."""
    assert check("2.5", trained(mnist, small()), mnist).right
    verdict = check("2.5", trained(mnist, head(layer(DATA, 10)), epochs=2), mnist)
    assert "7,850 parameters read 92." in verdict.text


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda digits: small(), "this is only the plan"),
        (lambda digits: mx.mod.Module(small()), "the module has no parameters yet"),
        (lambda digits: 0.95, "the answer should be a module, but it is of type float"),
        (lambda digits: trained(digits, mlp(), epochs=1), "109,386 parameters are too many"),
        (lambda digits: trained(digits, small(), epochs=1, initializer=mx.init.Zero()), "no better than guessing"),
        (lambda digits: trained(digits, small(4), epochs=2), "use more of the parameters you are allowed"),
    ],
)
def test_wrong_module(digits, make, words):
    assert_wrong(check("2.5", make(digits), digits), words)


# 2.6 In words

OVERFITTING = (
    "It is overfitting, since the validation loss rises. I would collect more photographs or stop at epoch 20."
)


@pytest.mark.parametrize(
    "words",
    [
        OVERFITTING,
        "That is called over-fitting: the loss of validation goes up after epoch 20. Dropout may help.",
        "The network overfits. One sees it by the validation loss, which is rising, so I would have stopped earlier.",
    ],
)
def test_words(words):
    assert check("2.6", words).right


@pytest.mark.parametrize(
    ("words", "mistake"),
    [
        ("Overfitting. Take more.", "these are 3 words"),
        (OVERFITTING.replace("overfitting", "bad"), "what is it called when a network learns its images by heart?"),
        (OVERFITTING.replace("validation loss rises", "accuracy stays"), "which of the numbers is it that shows it?"),
        (
            "It is overfitting, and one sees that by the validation loss, which has been rising all the time.",
            "would you try?",
        ),
        (0.88, "the answer should be a text, but it is of type float"),
    ],
)
def test_words_that_miss_a_point(words, mistake):
    assert_wrong(check("2.6", words), mistake)


# 2.batch A layer for a batch

INPUTS = np.array([[2.0, 3.0], [0.0, 0.0], [-1.0, 1.0]])
WEIGHTS = np.array([[1.0, 0.0], [0.5, -1.0], [-1.0, -1.0]])
BIAS = np.array([0.0, 1.0, 6.0])


def test_batch():
    by_mxnet = mx.nd.FullyConnected(*map(mx.nd.array, (INPUTS, WEIGHTS, BIAS)), num_hidden=3)
    for outputs in (INPUTS @ WEIGHTS.T + BIAS, by_mxnet, [[2, -1, 1], [0, 1, 6], [-1, -0.5, 6]]):
        assert check("2.batch", outputs, INPUTS, WEIGHTS, BIAS).right


@pytest.mark.parametrize(
    ("outputs", "words"),
    [
        (INPUTS @ WEIGHTS.T, "the biases are missing"),
        (INPUTS @ WEIGHTS.T - BIAS, "the biases are added, not subtracted"),
        ((INPUTS @ WEIGHTS.T + BIAS).T, "rows and columns have changed places"),
        (WEIGHTS @ INPUTS.T + BIAS, "along the wrong axis"),
        (np.maximum(INPUTS @ WEIGHTS.T + BIAS, 0), "gone through a ReLU"),
        (WEIGHTS @ INPUTS[0] + BIAS, "the answer for a single input"),
        (INPUTS, "this has the shape of X"),
        (None, "still open"),
    ],
)
def test_wrong_batch(outputs, words):
    assert_wrong(check("2.batch", outputs, INPUTS, WEIGHTS, BIAS), words)
