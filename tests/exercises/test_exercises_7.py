"""The checks of chapter 7: right answers in several forms and the typical wrong ones."""

import numpy as np
import pytest

from helpers.by_hand import (
    first_parameters,
    inputs_and_targets,
    mini_batches,
    mlp_forward,
    mlp_gradients,
    mlp_parameters,
)
from helpers.exercises import check
from tests.tools.verdicts import assert_wrong

import mxnet as mx

P = mx.nd.array([[0.2, 0.7, 0.1]])


# The gaps in the text


@pytest.mark.parametrize("gradient", [-2, -2.0, np.float64(-2), mx.nd.array([-2])])
def test_pencil(gradient):
    assert check("7.pencil", gradient).right


@pytest.mark.parametrize(
    ("gradient", "words"),
    [
        (2, "what sign has the error"),
        (-1, "this is the error of the unit"),
        (1, "which value stands at the start of the edge"),
        (-0.5, "the edge ends at a hidden unit"),
        (0, "ReLU lets the error through"),
        (7, "7 is too large"),
        ("-2", "the answer should be a number"),
    ],
)
def test_another_number(gradient, words):
    assert_wrong(check("7.pencil", gradient), words)


@pytest.mark.parametrize("line", ["gw2 = s2 * a1.trans()", "gw2=s2*a1.trans()", "  gw2 = s2 * a1.trans()\n"])
def test_misprint(line):
    assert check("7.misprint", line).right


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("gw2 = s2 * a2.trans()", "this is the line as it was printed"),
        ("gw1 = s1 * data.trans()", "only one has another shape"),
        ("s2 = a2 - label", "only one has another shape"),
        ("gw2 = s2 * data.trans()", "multiply the values of the hidden layer"),
        ("gw2 = s2 * a1", "one of them has to be transposed"),
        ("gw2 = a1 * s2.trans()", "the shape has to be that of w2"),
        (2, "the answer should be a text"),
    ],
)
def test_another_line(line, words):
    assert_wrong(check("7.misprint", line), words)


# 7.1 The planted mistake


@pytest.fixture(scope="module")
def planted(digits):
    """The gradients with a mask that stops nothing, and the right ones, in float64."""
    mx.random.seed(1)
    parameters = [parameter.astype("float64") for parameter in mlp_parameters()]
    x, t = (array[:8].astype("float64") for array in inputs_and_targets(digits.train, (784,)))
    _, p = mlp_forward(x, parameters)
    s1 = mx.nd.dot(p - t, parameters[2])
    right = mlp_gradients(x, t, parameters)
    return [mx.nd.dot(s1, x, transpose_a=True), s1.sum(axis=0), *right[2:]], right


@pytest.mark.parametrize("names", [["W1", "b1"], ("b1", "W1"), {"w1", "B1"}])
def test_planted(planted, names):
    assert check("7.1", names, *planted).right


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (["W1"], "there is more than W1: what else is made of the same error?"),
        ("b1", "there is more than b1"),
        (["W1", "b1", "W2"], "the gradient of W2 is right"),
        (["b2"], "the gradient of b2 is right"),
        ([], "some are wrong: compare all four"),
        (["S1"], '"s1" is not the name of a parameter'),
        (1, "TypeError"),
    ],
)
def test_not_planted(planted, names, words):
    assert_wrong(check("7.1", names, *planted), words)


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


# 7.3 Pooling by the mean


def by_one_hot(s, k):
    """Another right way: a convolution backwards, with a kernel of equal weights for each map."""
    weights = mx.nd.ones((s.shape[1], 1, k, k), dtype=s.dtype) / (k * k)
    options = {"num_filter": s.shape[1], "num_group": s.shape[1], "no_bias": True}
    return mx.nd.Deconvolution(s, weights, kernel=(k, k), stride=(k, k), **options)


@pytest.mark.parametrize(
    "mean_pool_error",
    [
        lambda s, k: s.repeat(k, axis=2).repeat(k, axis=3) / (k * k),
        lambda s, k: np.kron(s.asnumpy(), np.ones((k, k))) / k**2,
        by_one_hot,
    ],
)
def test_mean_pooling(mean_pool_error):
    assert check("7.3", mean_pool_error).right


def test_mean_pooling_is_that_of_autograd():
    x = mx.nd.random.normal(shape=(2, 3, 6, 4)).astype("float64")
    s = mx.nd.random.normal(shape=(2, 3, 3, 2)).astype("float64")
    x.attach_grad()
    with mx.autograd.record():
        y = mx.nd.Pooling(x, kernel=(2, 2), stride=(2, 2), pool_type="avg")
    y.backward(s)
    assert check("7.3", lambda s, k: s.repeat(k, axis=2).repeat(k, axis=3) / (k * k)).right
    np.testing.assert_allclose(x.grad.asnumpy(), (s.repeat(2, axis=2).repeat(2, axis=3) / 4).asnumpy())


@pytest.mark.parametrize(
    ("mean_pool_error", "words"),
    [
        (lambda s, k: None, "the function returns nothing yet"),
        (lambda s, k: s.repeat(k, axis=2).repeat(k, axis=3), "each value of a window gets the whole error"),
        (lambda s, k: s.repeat(k, axis=2).repeat(k, axis=3) / k, "there are k times k values"),
        (lambda s, k: s.tile((1, 1, k, k)) / (k * k), "so repeat, do not tile"),
        (lambda s, k: s.tile((1, 1, k, k)), "repeat each number instead"),
        (lambda s, k: np.kron(s.asnumpy(), np.eye(1, k * k).reshape(k, k)), "as in max pooling"),
        (lambda s, k: s / (k * k), "the shape is (2, 4, 5, 6), but it should be (2, 4, 15, 18)"),
        (lambda s: s, "TypeError"),
        (1, "the answer should be a function"),
    ],
)
def test_no_mean_pooling(mean_pool_error, words):
    assert_wrong(check("7.3", mean_pool_error), words)


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


# 7.6 In words


def test_to_a_friend():
    answer = (
        "It can still learn with a wrong gradient, only worse, as long as the steps lead downhill on the whole. "
        "Compare some gradients with finite differences."
    )
    assert check("7.6", answer).right


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ("No, it can still be wrong.", "take two or three sentences"),
        (
            "You are wrong, my friend: it is not a proof, and you should compare it all with finite differences.",
            "What can a wrong gradient still do?",
        ),
        (
            "A network can still learn with a wrong gradient, so what you say about it is simply no proof at all.",
            "How could your friend find out?",
        ),
        (85, "the answer should be a text"),
    ],
)
def test_a_poor_friend(answer, words):
    assert_wrong(check("7.6", answer), words)
