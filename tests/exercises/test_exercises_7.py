"""The checks of chapter 7: right answers in several forms and the typical wrong ones."""

import numpy as np
import pytest

from helpers.by_hand import first_parameters, inputs_and_targets, mini_batches, mlp_gradients, mlp_parameters
from helpers.exercises import check
from tests.tools.verdicts import assert_wrong

import mxnet as mx

# 7.1 The error of the last layer

P, T = mx.nd.array([[0.2, 0.7, 0.1]]), mx.nd.array([[0, 0, 1]])


@pytest.mark.parametrize("error", [P - T, [0.2, 0.7, -0.9], (0.2, 0.7, -0.9), np.array([[0.2, 0.7, -0.9]])])
def test_error(error):
    assert check("7.1", error, P, T).right


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (T - P, "this is T - P"),
        (P, "where is the target T?"),
        (T, "where are the probabilities P?"),
        (-T * mx.nd.log(P), "this is the loss of each class"),
        ((P - T) / 3, "nothing is averaged"),
        ([0.2, 0.7, 0], "the right class gets the error p - 1, not 0"),
        ([0.2, 0.7], "one number for each of the three classes"),
        (-0.9, "the shape is (), but it should be (3,)"),
        ("P - T", "the answer should be an array of numbers, but it is of type str"),
    ],
)
def test_no_error(error, words):
    assert_wrong(check("7.1", error, P, T), words)


# 7.2 Weights of zero


@pytest.fixture(scope="module")
def gradients(digits):
    x, t = inputs_and_targets(digits.train, (784,))
    return mlp_gradients(x[:256], t[:256], [mx.nd.zeros_like(parameter) for parameter in mlp_parameters()])


@pytest.mark.parametrize("names", [["b2"], "b2", {"b2"}, ("B2",)])
def test_zeros(gradients, names):
    assert check("7.2", names, gradients).right


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (["W2", "b2"], "what are the values A1"),
        (["W1", "b1", "W2", "b2"], "how large is that while W2 is 0?"),
        (["b1", "b2"], "how large is that while W2 is 0?"),
        ([], "P - T is not 0"),
        (["S2"], '"s2" is not the name of a parameter'),
        (1, "TypeError"),
    ],
)
def test_not_zero(gradients, names, words):
    assert_wrong(check("7.2", names, gradients), words)


# 7.3 The size of the matrix of patches


@pytest.mark.parametrize("megabytes", [12.8, 100 * 8 * 8 * 500 * 4 / 1e6, np.float32(12.8), mx.nd.array([12.8])])
def test_megabytes(megabytes):
    assert check("7.3", megabytes).right


@pytest.mark.parametrize(
    ("megabytes", "words"),
    [
        (3.2, "how many bytes does each have"),
        (28.8, "without a border some are lost"),
        (0.64, "this is for one channel"),
        (0.128, "this is for one image"),
        (0.512, "as if each pixel stood in one row only"),
        (640, "the filters are not part of it"),
        (25.6, "this would be right for float64"),
        (102.4, "these are megabits"),
        (12_800_000, "these are bytes"),
        (13, "13 is too large"),
        ("12.8", "the answer should be a number"),
    ],
)
def test_other_megabytes(megabytes, words):
    assert_wrong(check("7.3", megabytes), words)


# 7.4 tanh


def in_place(e, a):
    e *= 1 - a**2
    return e


@pytest.mark.parametrize(
    "tanh_error",
    [
        lambda e, a: e * (1 - a * a),
        lambda e, a: e - e * mx.nd.square(a),
        lambda e, a: e.asnumpy() * (1 - a.asnumpy() ** 2),
        lambda e, a: e * (1 - a) * (1 + a),
        in_place,
    ],
)
def test_tanh(tanh_error):
    assert check("7.4", tanh_error).right


@pytest.mark.parametrize(
    ("tanh_error", "words"),
    [
        (lambda e, a: None, "the function returns nothing yet"),
        (lambda e, a: e * (a > 0), "this is how ReLU does it"),
        (lambda e, a: e * a * (1 - a), "the slope of the logistic function"),
        (lambda e, a: e * (1 - mx.nd.tanh(a) ** 2), "do not apply it a second time"),
        (lambda e, a: 1 - a * a, "where is the error `e`"),
        (lambda e, a: e * (1 - a), "there is a square"),
        (lambda e, a: e, "this is the error as it came"),
        (lambda e, a: (e * (1 - a * a)).sum(axis=0), "the shape is (5,), but it should be (4, 5)"),
        (lambda e, a: mx.nd.dot(e, a), "MXNetError: "),
        (lambda e: e, "TypeError"),
        (1 - P * P, "the answer should be a function, but it is of type NDArray"),
    ],
)
def test_not_tanh(tanh_error, words):
    verdict = check("7.4", tanh_error)
    assert_wrong(verdict, words)
    assert "Traceback" not in verdict.text


# 7.5 A small network


def trained(digits, hidden, rate, epochs=10):
    mx.random.seed(0)
    parameters, rng = first_parameters([(hidden, 784), (10, hidden)]), np.random.default_rng(0)
    x, t = inputs_and_targets(digits.train, (784,))
    for _ in range(epochs):
        for images, targets in mini_batches(x, t, 256, rng):
            for parameter, gradient in zip(parameters, mlp_gradients(images, targets, parameters), strict=True):
                parameter -= rate / len(images) * gradient
    return parameters


@pytest.fixture(scope="module")
def small(digits):
    return trained(digits, hidden=12, rate=0.2)


def test_small(digits, small):
    assert check("7.5", small, digits).right
    assert check("7.5", tuple(parameter.asnumpy() for parameter in small), digits).right


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda w1, b1, w2, b2: [0.1, 0.5, 0.9], "the accuracies that `train_mlp` returns"),
        (lambda w1, b1, w2, b2: [w1, w2], "the answer should be four arrays, W1, b1, W2 and b2, but there are 2"),
        (lambda w1, b1, w2, b2: [w1.T, b1, w2, b2], "one row per output"),
        (lambda w1, b1, w2, b2: [w1, b1, w2.T, b2], "one row per output"),
        (lambda w1, b1, w2, b2: [w1, w2, b1, b2], "do not fit"),
        (lambda w1, b1, w2, b2: mlp_parameters(), "203,530 parameters are too many"),
        (lambda w1, b1, w2, b2: [w1 * np.nan, b1, w2, b2], "lower the learning rate"),
        (lambda w1, b1, w2, b2: [w1, b1, -w2, b2], "no better than guessing"),
        (lambda w1, b1, w2, b2: 7, "TypeError"),
    ],
)
def test_not_small(digits, small, change, words):
    assert_wrong(check("7.5", change(*small), digits), words)


def test_too_short(digits):
    assert_wrong(
        check("7.5", trained(digits, hidden=12, rate=0.05, epochs=2), digits), "at least 92% are needed: train longer"
    )
