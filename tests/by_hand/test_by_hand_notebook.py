"""What the script and the cells of chapter 7 tagged "network" both define gives the same results, bit for bit."""

from functools import partial
from types import FunctionType, SimpleNamespace

import numpy as np
import pytest

from helpers import by_hand

import mxnet as mx

RNG = np.random.default_rng(0)
X, T = mx.nd.array(RNG.random((6, 1, 28, 28))), mx.nd.one_hot(mx.nd.arange(6), 10)
SMALL, FILTERS, BIASES = (mx.nd.array(RNG.normal(size=shape)) for shape in [(2, 3, 12, 12), (4, 3, 5, 5), (4,)])
ERRORS = {2: mx.nd.array(RNG.normal(size=(2, 4, 12, 12))), 0: mx.nd.array(RNG.normal(size=(2, 4, 8, 8)))}  # by pad


@pytest.fixture(scope="module")
def notebook(chapter):
    """The notebook's functions by the script's names and with its arguments: it knows only one way of layers."""
    layers = chapter.OPERATORS
    return vars(chapter) | {
        **layers._asdict(),
        "convolve_gradients": lambda s, x, pad=0: layers.convolve_gradients(s, x, 5, pad),
        "cnn_forward": partial(chapter.cnn_forward, layers=layers),
        "cnn_gradients": partial(chapter.cnn_gradients, layers=layers),
    }


def parameters(make):
    mx.random.seed(0)
    return make(0.1)


def flat(result):
    """All arrays of a result, in NumPy."""
    if isinstance(result, mx.nd.NDArray):
        return [result.asnumpy()]
    if isinstance(result, list | tuple):
        return [array for part in result for array in flat(part)]
    return [np.asarray(result)]


def seeded(make):
    def call(*arguments):
        mx.random.seed(0)
        return make(*arguments)

    return call


def updated(update):
    values = [mx.nd.ones((2, 3)), mx.nd.ones(3)]
    moves = [array / 2 for array in values]
    update(values, [array * 3 for array in values], moves, 0.1, 0.75, 0.01)
    return values + moves


FLAT = X.reshape((6, 784))
SPLIT = SimpleNamespace(images=X.asnumpy(), labels=np.arange(6))
MLP, CNN = parameters(by_hand.mlp_parameters), parameters(by_hand.cnn_parameters)
CALLS = {
    "first_parameters": lambda f: seeded(f)([(5, 3), (2, 4, 2, 2)]) + seeded(f)([(5, 3)], 0.01),
    "mlp_parameters": lambda f: seeded(f)() + seeded(f)(0.01),
    "cnn_parameters": lambda f: seeded(f)() + seeded(f)(0.01),
    "softmax": lambda f: f(100 * X[:, 0, 0]),
    "cross_entropy": lambda f: f(mx.nd.softmax(T), T),
    "mlp_forward": lambda f: f(FLAT, MLP),
    "mlp_gradients": lambda f: f(FLAT, T, MLP),
    "convolve": lambda f: [f(SMALL, FILTERS, BIASES), f(SMALL, FILTERS, BIASES, 2)],
    "convolve_error": lambda f: [f(s, FILTERS, pad) for pad, s in ERRORS.items()],
    "convolve_gradients": lambda f: [f(s, SMALL, pad) for pad, s in ERRORS.items()],
    "pool": lambda f: [f(SMALL, 2), f(SMALL, 3)],
    "pool_error": lambda f: [
        f(SMALL[:, :, :6, :6], SMALL, 2),
        f(SMALL[:, :, :4, :4], SMALL, 3),
        f(SMALL[:, :, :4, :4], mx.nd.ones_like(SMALL), 3),  # of equal values the first one counts
    ],
    "cnn_forward": lambda f: f(X, CNN),
    "cnn_gradients": lambda f: f(X, T, CNN),
    "inputs_and_targets": lambda f: f(SPLIT, (784,)),
    "mini_batches": lambda f: list(f(X, T, 4, np.random.default_rng(1))),
    "summed_gradients": lambda f: f(by_hand.mlp_gradients, FLAT, T, MLP, [mx.cpu(0), mx.cpu(1)]),
    "update": updated,
    "share_right": lambda f: f(lambda x, parameters: [parameters], T, X, T),
}


@pytest.mark.parametrize("name", CALLS)
def test_script_and_notebook_agree(notebook, name):
    found, wanted = (flat(CALLS[name](function)) for function in (getattr(by_hand, name), notebook[name]))
    assert [array.shape for array in found] == [array.shape for array in wanted]
    assert any(array.any() for array in found)
    assert all(np.array_equal(a, b) for a, b in zip(found, wanted, strict=True))


def test_all_that_both_define_is_compared(notebook):
    written = {name for name, value in vars(by_hand).items() if isinstance(value, FunctionType)}
    assert written & notebook.keys() == CALLS.keys()
