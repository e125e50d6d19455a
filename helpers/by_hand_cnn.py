"""The convolutional network of chapter 06 from NDArrays alone.

16 filters of 5 x 5, pooling 2 x 2, 32 filters of 5 x 5 with a border of 2, pooling 3 x 3, softmax of ten.
"""

from helpers.by_hand import first_parameters, softmax
from helpers.by_hand_layers import OPERATORS, Layers

import mxnet as mx

SHAPES = [(16, 1, 5, 5), (32, 16, 5, 5), (10, 512)]  # of the weights


def cnn_parameters(scale: float | None = None) -> list[mx.nd.NDArray]:
    """The parameters to begin with: weights of `SHAPES`, each followed by its biases; see `first_parameters`."""
    return first_parameters(SHAPES, scale)


def cnn_forward(x: mx.nd.NDArray, parameters: list[mx.nd.NDArray], layers: Layers = OPERATORS) -> list[mx.nd.NDArray]:
    """What each layer makes of images `x` (N, 1, 28, 28): a1 to a4, and the probabilities p (N, 10)."""
    w1, b1, w2, b2, w3, b3 = parameters
    a1 = mx.nd.relu(layers.convolve(x, w1, b1))  # (N, 16, 24, 24)
    a2 = layers.pool(a1, 2)  # (N, 16, 12, 12)
    a3 = mx.nd.relu(layers.convolve(a2, w2, b2, pad=2))  # (N, 32, 12, 12)
    a4 = layers.pool(a3, 3)  # (N, 32, 4, 4)
    p = softmax(mx.nd.dot(a4.flatten(), w3, transpose_b=True) + b3)
    return [a1, a2, a3, a4, p]


def cnn_gradients(
    x: mx.nd.NDArray, t: mx.nd.NDArray, parameters: list[mx.nd.NDArray], layers: Layers = OPERATORS
) -> list[mx.nd.NDArray]:
    """The gradient of the summed cross-entropy for each of `parameters`, in its shape; targets `t` (N, 10)."""
    _, _, w2, _, w3, _ = parameters
    a1, a2, a3, a4, p = cnn_forward(x, parameters, layers)
    s3 = p - t
    e4 = mx.nd.dot(s3, w3).reshape(a4.shape)
    s2 = layers.pool_error(e4, a3, 3) * (a3 > 0)
    e2 = layers.convolve_error(s2, w2, pad=2)
    s1 = layers.pool_error(e2, a1, 2) * (a1 > 0)
    gw3, gb3 = mx.nd.dot(s3, a4.flatten(), transpose_a=True), s3.sum(axis=0)
    gw2, gb2 = layers.convolve_gradients(s2, a2, 5, pad=2)
    gw1, gb1 = layers.convolve_gradients(s1, x, 5)
    return [gw1, gb1, gw2, gb2, gw3, gb3]
