"""The network 784-256-10 from NDArrays alone: every formula of its forward and its backward pass, as in chapter 06.

A batch has one image per row. A layer's weights have one row per output, as in `mx.nd.FullyConnected`, and its biases
one number per output. Errors and gradients are of the loss summed over the batch, so shares of a batch add up.
Everything works in float32 and float64, with layers of any size, on any context.
"""

import math

import mxnet as mx

SHAPES = [(256, 784), (10, 256)]  # of the weights


def first_parameters(shapes: list[tuple[int, ...]], scale: float | None = None) -> list[mx.nd.NDArray]:
    """For each shape (outputs, inputs...) of weights: normal weights, then as many biases of 0 as there are outputs.

    `scale` is the standard deviation of all weights. Without it each layer has its own, sqrt(2 / inputs): K. He et
    al., "Delving Deep into Rectifiers", 2015, equation 10. Drawn by MXNet's generator (mx.random.seed), float32.
    """
    parameters = []
    for shape in shapes:
        deviation = math.sqrt(2 / math.prod(shape[1:])) if scale is None else scale
        parameters += [mx.nd.random.normal(0, deviation, shape), mx.nd.zeros(shape[0])]
    return parameters


def softmax(z: mx.nd.NDArray) -> mx.nd.NDArray:
    """Probabilities (N, K) of logits `z` (N, K)."""
    e = mx.nd.exp(z - z.max(axis=1, keepdims=True))  # the largest exponent is 0: nothing overflows
    return e / e.sum(axis=1, keepdims=True)


def cross_entropy(p: mx.nd.NDArray, t: mx.nd.NDArray) -> mx.nd.NDArray:
    """The loss (1,) of probabilities `p` (N, K) for targets `t` (N, K), summed over the batch."""
    return -mx.nd.log((p * t).sum(axis=1)).sum()


def mlp_parameters(scale: float | None = None) -> list[mx.nd.NDArray]:
    """The parameters to begin with: w1 (256, 784), b1 (256,), w2 (10, 256), b2 (10,); see `first_parameters`."""
    return first_parameters(SHAPES, scale)


def mlp_forward(x: mx.nd.NDArray, parameters: list[mx.nd.NDArray]) -> list[mx.nd.NDArray]:
    """Hidden layer a1 (N, 256) and probabilities p (N, 10) of images `x` (N, 784)."""
    w1, b1, w2, b2 = parameters
    a1 = mx.nd.relu(mx.nd.dot(x, w1, transpose_b=True) + b1)
    p = softmax(mx.nd.dot(a1, w2, transpose_b=True) + b2)
    return [a1, p]


def mlp_gradients(x: mx.nd.NDArray, t: mx.nd.NDArray, parameters: list[mx.nd.NDArray]) -> list[mx.nd.NDArray]:
    """The gradient of the summed cross-entropy for each of `parameters`, in its shape; targets `t` (N, 10)."""
    _, _, w2, _ = parameters
    a1, p = mlp_forward(x, parameters)
    s2 = p - t
    s1 = mx.nd.dot(s2, w2) * (a1 > 0)
    gw2, gb2 = mx.nd.dot(s2, a1, transpose_a=True), s2.sum(axis=0)
    gw1, gb1 = mx.nd.dot(s1, x, transpose_a=True), s1.sum(axis=0)
    return [gw1, gb1, gw2, gb2]
