"""The networks written by hand: every gradient against finite differences, MXNet's autograd and NumPy."""

from functools import partial

import numpy as np
import pytest
from scipy.signal import correlate2d

from helpers import by_hand
from helpers.by_hand import (
    cnn_parameters,
    cross_entropy,
    first_parameters,
    mlp_forward,
    mlp_gradients,
    mlp_parameters,
    softmax,
)

import mxnet as mx

TOLERANCE = 1e-4


@pytest.fixture(params=["im2col", "operators"])
def layers(request, chapter):
    """The notebook's two ways to compute the convolutional layers. The script has the second, bit for bit."""
    return {"im2col": chapter.IM2COL, "operators": chapter.OPERATORS}[request.param]


@pytest.fixture(params=["im2col", "operators", "script"])
def cnn(request, chapter):
    """Forward and gradients of the convolutional network, as the notebook has them in two ways, and as the script."""
    if request.param == "script":
        return by_hand.cnn_forward, by_hand.cnn_gradients
    layers = {"im2col": chapter.IM2COL, "operators": chapter.OPERATORS}[request.param]
    return partial(chapter.cnn_forward, layers=layers), partial(chapter.cnn_gradients, layers=layers)


@pytest.fixture
def assert_same(chapter):
    def assert_same(found, wanted, tolerance=1e-12):
        assert [array.shape for array in found] == [array.shape for array in wanted]
        assert max(chapter.relative_difference(a, b) for a, b in zip(found, wanted, strict=True)) < tolerance

    return assert_same


def normal(*shape, dtype="float64", seed=0):
    return mx.nd.array(np.random.default_rng(seed).normal(size=shape), dtype=dtype)


def answers(count, dtype="float64"):
    return mx.nd.one_hot(mx.nd.arange(count) % 10, 10, dtype=dtype)


def in_float64(parameters):
    """With biases other than 0: ReLU has a corner there."""
    for biases in parameters[1::2]:
        biases[:] = mx.nd.random.normal(0, 0.1, biases.shape)
    return [parameter.astype("float64") for parameter in parameters]


def to_numpy(arrays):
    return [array.asnumpy() for array in arrays]


# The fully connected network


def test_softmax():
    p = softmax(mx.nd.array([[0, 0, 0, 0], [1e4, 0, -1e4, 1e4], [np.log(3), 0, -1e9, -1e9]])).asnumpy()
    np.testing.assert_allclose(p, [[0.25] * 4, [0.5, 0, 0, 0.5], [0.75, 0.25, 0, 0]], rtol=1e-6)


def test_first_parameters():
    mx.random.seed(0)
    w1, b1, w2, b2 = mlp_parameters(scale=0.01)
    assert (w1.shape, b1.shape, w2.shape, b2.shape) == ((256, 784), (256,), (10, 256), (10,))
    assert w1.asnumpy().std() == pytest.approx(0.01, rel=0.01)
    assert not b1.asnumpy().any()
    w1, _, w2, _, w3, _ = cnn_parameters()
    assert [w.shape for w in (w1, w2, w3)] == [(16, 1, 5, 5), (32, 16, 5, 5), (10, 512)]
    for weights, inputs in [(w1, 25), (w2, 400), (w3, 512)]:
        assert weights.asnumpy().std() == pytest.approx(np.sqrt(2 / inputs), rel=0.1)


def test_mlp_gradients_of_every_weight_of_a_small_network(chapter, assert_same):
    mx.random.seed(0)
    parameters = in_float64(first_parameters([(5, 7), (10, 5)]))
    x, t = normal(6, 7), answers(6)
    gradients = to_numpy(mlp_gradients(x, t, parameters))
    for parameter, gradient in zip(parameters, gradients, strict=True):
        found = chapter.finite_differences(
            lambda: cross_entropy(mlp_forward(x, parameters)[-1], t), parameter, np.arange(parameter.size)
        )
        assert chapter.relative_difference(found, gradient.ravel()) < TOLERANCE
    assert_same(gradients, chapter.numpy_mlp_gradients(x.asnumpy(), t.asnumpy(), to_numpy(parameters)))
    assert_same(gradients, to_numpy(chapter.autograd(lambda copies: chapter.mlp_loss(x, t, copies), parameters)))


def test_mlp_gradients_on_digits(digits, chapter, assert_same):
    mx.random.seed(0)
    parameters = in_float64(mlp_parameters())
    x = mx.nd.array(digits.train.images[:20], dtype="float64").reshape((20, 784))
    t = mx.nd.one_hot(mx.nd.array(digits.train.labels[:20]), 10, dtype="float64")
    gradients = to_numpy(mlp_gradients(x, t, parameters))
    assert_same(gradients, chapter.numpy_mlp_gradients(x.asnumpy(), t.asnumpy(), to_numpy(parameters)))
    assert_same(gradients, to_numpy(chapter.autograd(lambda copies: chapter.mlp_loss(x, t, copies), parameters)))
    single = mlp_gradients(*(array.astype("float32") for array in (x, t)), [p.astype("float32") for p in parameters])
    assert_same(to_numpy(single), gradients, TOLERANCE)


# Patches


def test_patches_lie_in_rows(chapter):
    x = mx.nd.arange(2 * 3 * 4 * 5).reshape((2, 3, 4, 5))
    patches = chapter.im2col(x, 2)
    assert patches.shape == (2, 3, 3, 4, 4)
    for n, c, i, j in [(0, 0, 0, 0), (1, 2, 2, 3), (0, 1, 1, 2)]:
        np.testing.assert_array_equal(patches[n, c, i, j].asnumpy(), x.asnumpy()[n, c, i : i + 2, j : j + 2].ravel())


@pytest.mark.parametrize(("k", "stride", "pad"), [(3, 1, 0), (3, 1, 2), (2, 2, 0), (3, 3, 0), (1, 1, 0)])
def test_col2im_is_the_transpose_of_im2col(chapter, k, stride, pad):
    """<im2col(x), y> = <x, col2im(y)> for any x and y."""
    x = normal(2, 3, 7, 8)
    patches = chapter.im2col(x, k, stride, pad)
    y = normal(*patches.shape, seed=1)
    back = chapter.col2im(y, x.shape, k, stride, pad)
    assert back.shape == x.shape
    assert (patches * y).sum().asscalar() == pytest.approx((x * back).sum().asscalar(), rel=1e-12)


# Layers


@pytest.mark.parametrize("pad", [0, 1, 2])
def test_convolution_is_scipys(layers, pad):
    x, w, b = normal(2, 3, 8, 9), normal(4, 3, 5, 5, seed=1), normal(4, seed=2)
    padded = np.pad(x.asnumpy(), [(0, 0), (0, 0), (pad, pad), (pad, pad)])
    wanted = [
        [sum(correlate2d(padded[n, c], w.asnumpy()[f, c], mode="valid") for c in range(3)) for f in range(4)]
        for n in range(2)
    ]
    found = layers.convolve(x, w, b, pad=pad).asnumpy()
    np.testing.assert_allclose(found, np.array(wanted) + b.asnumpy()[:, None, None], rtol=1e-10)


@pytest.mark.parametrize("pad", [0, 1, 2])
def test_convolution_backward_is_autograds(chapter, assert_same, layers, pad):
    x, w, b = normal(2, 3, 8, 9), normal(4, 3, 5, 5, seed=1), normal(4, seed=2)
    s = normal(*layers.convolve(x, w, b, pad=pad).shape, seed=3)

    def loss(copies):
        return (s * mx.nd.Convolution(*copies, kernel=(5, 5), pad=(pad, pad), num_filter=4)).sum()

    found = [layers.convolve_error(s, w, pad=pad), *layers.convolve_gradients(s, x, 5, pad=pad)]
    assert_same(to_numpy(found), to_numpy(chapter.autograd(loss, [x, w, b])))


@pytest.mark.parametrize("k", [2, 3])
def test_pooling_backward_is_autograds(chapter, layers, k):
    x, s = normal(2, 3, 6, 12), normal(2, 3, 6 // k, 12 // k, seed=1)
    [wanted] = chapter.autograd(lambda copies: (s * mx.nd.Pooling(*copies, kernel=(k, k), stride=(k, k))).sum(), [x])
    values, _ = chapter.numpy_pool(x.asnumpy(), k)
    np.testing.assert_array_equal(layers.pool(x, k).asnumpy(), values)
    np.testing.assert_array_equal(layers.pool_error(s, x, k).asnumpy(), wanted.asnumpy())


def test_of_equal_values_the_first_gets_the_error(layers):
    x = mx.nd.array([[[[0, 0, 5, 7], [0, 0, 7, 1]]]])
    found = layers.pool_error(mx.nd.array([[[[3, 4]]]]), x, 2).asnumpy()
    np.testing.assert_array_equal(found, [[[[3, 0, 0, 4], [0, 0, 0, 0]]]])


def test_im2col_and_operators_agree_element_by_element_in_float32(chapter, assert_same):
    x, w, b = (normal(*shape, dtype="float32") for shape in [(32, 16, 12, 12), (32, 16, 5, 5), (32,)])
    s = normal(32, 32, 12, 12, dtype="float32", seed=1)
    for name, arguments in {
        "convolve": (x, w, b, 2),
        "convolve_error": (s, w, 2),
        "convolve_gradients": (s, x, 5, 2),
        "pool": (x, 3),
        "pool_error": (s[:, :16, :4, :4], x, 3),
    }.items():
        ours, mxnets = (getattr(layers, name)(*arguments) for layers in (chapter.IM2COL, chapter.OPERATORS))
        both = (ours, mxnets) if name == "convolve_gradients" else ([ours], [mxnets])
        assert_same(*map(to_numpy, both), TOLERANCE)


# The convolutional network


def test_cnn_gradients_three_ways(cnn, digits, chapter, assert_same):
    forward, gradients_of = cnn
    mx.random.seed(0)
    parameters = in_float64(cnn_parameters())
    x = mx.nd.array(digits.train.images[:5], dtype="float64")
    t = mx.nd.one_hot(mx.nd.array(digits.train.labels[:5]), 10, dtype="float64")
    gradients = to_numpy(gradients_of(x, t, parameters))
    assert_same(gradients, chapter.numpy_cnn_gradients(x.asnumpy(), t.asnumpy(), to_numpy(parameters)))
    assert_same(gradients, to_numpy(chapter.autograd(lambda copies: chapter.cnn_loss(x, t, copies), parameters)))
    rng = np.random.default_rng(0)
    for parameter, gradient in zip(parameters, gradients, strict=True):
        places = rng.choice(parameter.size, min(10, parameter.size), replace=False)
        found = chapter.finite_differences(lambda: cross_entropy(forward(x, parameters)[-1], t), parameter, places)
        assert chapter.relative_difference(found, gradient.ravel()[places]) < TOLERANCE


def test_a_wrong_gradient_is_found(chapter):
    """Pooling that sends the error to the smallest value of a window."""
    mx.random.seed(0)
    parameters, x, t = in_float64(cnn_parameters()), normal(4, 1, 28, 28), answers(4)
    right = chapter.numpy_cnn_gradients(x.asnumpy(), t.asnumpy(), to_numpy(parameters))
    wrong = chapter.OPERATORS._replace(pool_error=lambda s, x, k: chapter.operator_pool_error(s, -x, k))
    found = to_numpy(chapter.cnn_gradients(x, t, parameters, wrong))
    assert chapter.relative_difference(found[0], right[0]) > 0.01


# The checks themselves


def test_relative_difference(chapter):
    assert chapter.relative_difference(np.zeros(3), np.zeros(3)) == 0
    assert chapter.relative_difference(np.array([1.0, -4.0]), np.array([1.0, -3.0])) == 0.25
    assert chapter.relative_difference(np.array([0.0]), np.array([1e-9])) == 1


def test_finite_differences_put_every_number_back(chapter):
    array = normal(2, 3)
    before = array.asnumpy()
    slopes = chapter.finite_differences(lambda: (array**3).sum(), array, np.array([4, 0]))
    np.testing.assert_allclose(slopes, 3 * before.ravel()[[4, 0]] ** 2, rtol=1e-6)
    np.testing.assert_array_equal(array.asnumpy(), before)


def test_autograd_leaves_the_parameters_alone(chapter):
    [gradient] = chapter.autograd(lambda copies: (copies[0] ** 2).sum(), [mx.nd.array([1, -2])])
    assert gradient.asnumpy().tolist() == [2, -4]
