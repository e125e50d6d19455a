"""The functions that chapter 06 writes out, in cells tagged "network", give what those of helpers give, bit for bit."""

from collections import namedtuple
from pathlib import Path

import nbformat
import numpy as np
import pytest

from helpers import by_hand
from helpers import by_hand as by_hand_cnn
from helpers import by_hand as by_hand_layers
from helpers import by_hand as by_hand_training
from helpers.by_hand import IM2COL, OPERATORS
from tests.tools import by_hand_numpy, gradient_check

import mxnet as mx

NOTEBOOK = Path(__file__).parents[2] / "notebooks" / "06_backprop_by_hand.ipynb"
MODULES = (by_hand, by_hand_layers, by_hand_cnn, by_hand_training, gradient_check, by_hand_numpy)
RNG = np.random.default_rng(0)
X, T = mx.nd.array(RNG.random((6, 1, 28, 28))), mx.nd.one_hot(mx.nd.arange(6), 10)
SMALL, FILTERS, BIASES = (mx.nd.array(RNG.normal(size=shape)) for shape in [(2, 3, 12, 12), (4, 3, 5, 5), (4,)])
ERRORS = {2: mx.nd.array(RNG.normal(size=(2, 4, 12, 12))), 0: mx.nd.array(RNG.normal(size=(2, 4, 8, 8)))}


@pytest.fixture(scope="module")
def names():
    found = {"mx": mx, "np": np, "namedtuple": namedtuple}
    for cell in nbformat.read(NOTEBOOK, as_version=4).cells:
        if "network" in cell.metadata.get("tags", []):
            exec(cell.source, found)
    return found


def parameters(name):
    mx.random.seed(0)
    return {"mlp": by_hand.mlp_parameters, "cnn": by_hand_cnn.cnn_parameters}[name](0.1)


def flat(result):
    """All arrays of a result, in NumPy."""
    if isinstance(result, mx.nd.NDArray):
        return [result.asnumpy()]
    if isinstance(result, list | tuple):
        return [array for part in result for array in flat(part)]
    return [np.asarray(result)]


def npy(arrays):
    return [array.asnumpy() for array in arrays]


def seeded(make):
    def call(*arguments):
        mx.random.seed(0)
        return make(*arguments)

    return call


CALLS = {
    "first_parameters": lambda f: seeded(f)([(5, 3), (2, 4, 2, 2)]) + seeded(f)([(5, 3)], 0.01),
    "mlp_parameters": lambda f: seeded(f)() + seeded(f)(0.01),
    "cnn_parameters": lambda f: seeded(f)() + seeded(f)(0.01),
    "softmax": lambda f: f(100 * X[:, 0, 0]),
    "cross_entropy": lambda f: f(mx.nd.softmax(T), T),
    "mlp_forward": lambda f: f(X.reshape((6, 784)), parameters("mlp")),
    "mlp_gradients": lambda f: f(X.reshape((6, 784)), T, parameters("mlp")),
    "mlp_loss": lambda f: f(X.reshape((6, 784)), T, parameters("mlp")),
    "im2col": lambda f: [f(SMALL, 3), f(SMALL, 2, 2), f(SMALL, 5, pad=2)],
    "col2im": lambda f: f(by_hand_layers.im2col(SMALL, 5, pad=2), SMALL.shape, 5, pad=2),
    "rows": lambda f: f(SMALL, 5, 2),
    "choice": lambda f: f(by_hand_layers.im2col(SMALL, 3, 3)),
    "cnn_forward": lambda f: [f(X, parameters("cnn"), layers) for layers in (IM2COL, OPERATORS)],
    "cnn_gradients": lambda f: [f(X, T, parameters("cnn"), layers) for layers in (IM2COL, OPERATORS)],
    "cnn_loss": lambda f: f(X, T, parameters("cnn")),
    "batches": lambda f: list(f(X, T, 4, np.random.default_rng(1))),
    "accuracy": lambda f: f(lambda x, parameters: [parameters], T, X, T),
    "relative_difference": lambda f: [f(np.arange(3.0), np.ones(3)), f(np.zeros(2), np.zeros(2))],
    "finite_differences": lambda f: f(lambda: (SMALL**2).sum(), SMALL, np.array([5, 0])),
    "autograd": lambda f: f(lambda copies: (copies[0] ** 3).sum(), [SMALL]),
    "numpy_softmax": lambda f: f(100 * X[:, 0, 0].asnumpy()),
    "numpy_mlp_gradients": lambda f: f(X.asnumpy().reshape(6, 784), T.asnumpy(), npy(parameters("mlp"))),
    "numpy_cnn_gradients": lambda f: f(X.asnumpy(), T.asnumpy(), npy(parameters("cnn"))),
    "numpy_convolve": lambda f: f(SMALL.asnumpy(), FILTERS.asnumpy(), 2),
    "numpy_pool": lambda f: f(SMALL.asnumpy(), 3),
    "windows": lambda f: f(SMALL.asnumpy(), 5, 2),
    "summed_gradients": lambda f: f(
        by_hand.mlp_gradients, X.reshape((6, 784)), T, parameters("mlp"), [mx.cpu(0), mx.cpu(1)]
    ),
}
for prefix in ("", "operator_"):
    CALLS |= {
        f"{prefix}convolve": lambda f: [f(SMALL, FILTERS, BIASES), f(SMALL, FILTERS, BIASES, 2)],
        f"{prefix}convolve_error": lambda f: [f(s, FILTERS, pad) for pad, s in ERRORS.items()],
        f"{prefix}convolve_gradients": lambda f: [f(s, SMALL, 5, pad) for pad, s in ERRORS.items()],
        f"{prefix}pool": lambda f: [f(SMALL, 2), f(SMALL, 3)],
        f"{prefix}pool_error": lambda f: [f(SMALL[:, :, :6, :6], SMALL, 2), f(SMALL[:, :, :4, :4], SMALL, 3)],
    }


def run_arrays(f):
    split = type("Split", (), {"images": X.asnumpy(), "labels": np.arange(6)})
    return f(split, (784,))


def run_update(f):
    values = [mx.nd.ones((2, 3)), mx.nd.ones(3)]
    moves = [array / 2 for array in values]
    f(values, [array * 3 for array in values], moves, 0.1, 0.75, 0.01)
    return values + moves


CALLS |= {"arrays": run_arrays, "update": run_update}


@pytest.mark.parametrize("name", CALLS)
def test_function_of_the_notebook_is_that_of_helpers(names, name):
    [module] = [
        module for module in MODULES if getattr(getattr(module, name, None), "__module__", "") == module.__name__
    ]
    found, wanted = (flat(CALLS[name](function)) for function in (names[name], getattr(module, name)))
    assert [array.shape for array in found] == [array.shape for array in wanted]
    assert any(array.any() for array in found)
    assert all(np.array_equal(a, b) for a, b in zip(found, wanted, strict=True))


def test_no_function_of_the_notebook_is_left_out(names):
    written = {name for name, value in names.items() if getattr(value, "__code__", None)} - {"namedtuple"}
    assert written == set(CALLS)


def test_the_two_ways_have_the_same_functions(names):
    for way, wanted in {"IM2COL": IM2COL, "OPERATORS": OPERATORS}.items():
        assert names[way]._fields == wanted._fields
        assert [function.__name__ for function in names[way]] == [function.__name__ for function in wanted]
