"""Three independent answers to what a gradient is: finite differences, mx.autograd, and NumPy (by_hand_numpy)."""

from collections.abc import Callable

import numpy as np

import mxnet as mx

Arrays = list[mx.nd.NDArray]


def relative_difference(a: np.ndarray, b: np.ndarray) -> float:
    """The largest difference between `a` and `b`, measured by the largest number in either; 0 where all are 0."""
    largest = max(np.abs(a).max(), np.abs(b).max())
    return float(np.abs(a - b).max() / largest) if largest else 0.0


def finite_differences(
    loss: Callable[[], mx.nd.NDArray], array: mx.nd.NDArray, places: np.ndarray, step: float = 1e-5
) -> np.ndarray:
    """How fast `loss()` changes with `array` at `places` (K,), positions in the flattened array: (K,).

    Each number in turn moves a `step` up and a `step` down, and then gets its value back. Wants float64: in float32
    the two losses hardly differ. Where the loss has a corner between the two, as ReLU has at 0, the answer is off.
    """
    flat, slopes = array.reshape((-1,)), []
    for place in map(int, places):
        value = flat[place].asscalar()
        losses = []
        for moved in (value + step, value - step):
            flat[place] = moved
            losses.append(loss().asscalar())
        flat[place] = value
        slopes.append((losses[0] - losses[1]) / (2 * step))
    return np.array(slopes)


def autograd(loss: Callable[[Arrays], mx.nd.NDArray], parameters: Arrays) -> Arrays:
    """The gradients of `loss(parameters)` as MXNet derives them; `parameters` stay as they are."""
    copies = [parameter.copy() for parameter in parameters]
    for copy in copies:
        copy.attach_grad()
    with mx.autograd.record():
        value = loss(copies)
    value.backward()
    return [copy.grad for copy in copies]


def mlp_loss(x: mx.nd.NDArray, t: mx.nd.NDArray, parameters: Arrays) -> mx.nd.NDArray:
    """The summed cross-entropy of the MLP by MXNet's own layers, which share no line with `helpers.by_hand`."""
    w1, b1, w2, b2 = parameters
    a1 = mx.nd.relu(mx.nd.FullyConnected(x, w1, b1, num_hidden=len(w1)))
    return -(t * mx.nd.log_softmax(mx.nd.FullyConnected(a1, w2, b2, num_hidden=len(w2)))).sum()


def cnn_loss(x: mx.nd.NDArray, t: mx.nd.NDArray, parameters: Arrays) -> mx.nd.NDArray:
    """The summed cross-entropy of the convolutional network by MXNet's own layers."""
    w1, b1, w2, b2, w3, b3 = parameters
    a1 = mx.nd.relu(mx.nd.Convolution(x, w1, b1, kernel=(5, 5), num_filter=len(w1)))
    a2 = mx.nd.Pooling(a1, kernel=(2, 2), stride=(2, 2), pool_type="max")
    a3 = mx.nd.relu(mx.nd.Convolution(a2, w2, b2, kernel=(5, 5), pad=(2, 2), num_filter=len(w2)))
    a4 = mx.nd.Pooling(a3, kernel=(3, 3), stride=(3, 3), pool_type="max")
    return -(t * mx.nd.log_softmax(mx.nd.FullyConnected(a4, w3, b3, num_hidden=len(w3)))).sum()
