"""Convolution and max pooling, forward and backward, twice: as matrix products of patches, and by MXNet's operators.

`IM2COL` and `OPERATORS` hold the same five functions:

- convolve(x, w, b, pad): x (N, C, H, W), w (F, C, k, k), b (F,) -> (N, F, h, w)
- convolve_error(s, w, pad): the error of x from the error s of what `convolve` returned
- convolve_gradients(s, x, k, pad): the gradients of w and b
- pool(x, k): the largest value of each window of k x k, windows side by side
- pool_error(s, x, k): the error of x; of equal values in a window the first one gets it

Convolutions have stride 1 and `pad` rows of zeros around. What does not fill a window at the end is left out.
"""

import math
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from helpers.base.errors import DigitsError

import mxnet as mx

if TYPE_CHECKING:
    from helpers.data.load import Digits, Split


class Layers(NamedTuple):
    """One way to compute the five functions that this module's docstring lists."""

    convolve: Callable
    convolve_error: Callable
    convolve_gradients: Callable
    pool: Callable
    pool_error: Callable


# As matrix products


def im2col(x: mx.nd.NDArray, k: int, stride: int = 1, pad: int = 0) -> mx.nd.NDArray:
    """The patches of k x k of each channel of `x` (N, C, H, W), laid out in rows: (N, C, h, w, k * k)."""
    if pad:
        x = mx.nd.pad(x, mode="constant", pad_width=(0, 0, 0, 0, pad, pad, pad, pad))
    h, w = (stride * ((size - k) // stride + 1) for size in x.shape[2:])
    corners = [(i, j) for i in range(k) for j in range(k)]
    return mx.nd.stack(*[x[:, :, i : i + h : stride, j : j + w : stride] for i, j in corners], axis=-1)


def col2im(patches: mx.nd.NDArray, shape: tuple[int, ...], k: int, stride: int = 1, pad: int = 0) -> mx.nd.NDArray:
    """The way back: an array of `shape` (N, C, H, W), in each place the sum of what the patches hold for it."""
    n, c, height, width = shape
    x = mx.nd.zeros((n, c, height + 2 * pad, width + 2 * pad), patches.context, patches.dtype)
    h, w = (stride * size for size in patches.shape[2:4])
    for place in range(k * k):
        i, j = divmod(place, k)
        x[:, :, i : i + h : stride, j : j + w : stride] += patches[:, :, :, :, place]
    return x[:, :, pad : pad + height, pad : pad + width]


def rows(x: mx.nd.NDArray, k: int, pad: int = 0) -> mx.nd.NDArray:
    """What each output of a convolution sees, one row per image and place: (N * h * w, C * k * k)."""
    patches = im2col(x, k, pad=pad)
    return patches.transpose((0, 2, 3, 1, 4)).reshape((-1, x.shape[1] * k * k))


def convolve(x, w, b, pad=0):
    n, filters, k = len(x), len(w), w.shape[2]
    y = mx.nd.dot(rows(x, k, pad), w.reshape((filters, -1)), transpose_b=True) + b
    return y.reshape((n, x.shape[2] + 2 * pad - k + 1, -1, filters)).transpose((0, 3, 1, 2))


def convolve_error(s, w, pad=0):
    n, filters, height, width = s.shape
    channels, k = w.shape[1:3]
    e = mx.nd.dot(s.transpose((0, 2, 3, 1)).reshape((-1, filters)), w.reshape((filters, -1)))
    patches = e.reshape((n, height, width, channels, k * k)).transpose((0, 3, 1, 2, 4))
    return col2im(patches, (n, channels, height + k - 1 - 2 * pad, width + k - 1 - 2 * pad), k, pad=pad)


def convolve_gradients(s, x, k, pad=0):
    s = s.transpose((0, 2, 3, 1)).reshape((-1, s.shape[1]))
    gw = mx.nd.dot(s, rows(x, k, pad), transpose_a=True)
    return gw.reshape((-1, x.shape[1], k, k)), s.sum(axis=0)


def choice(windows: mx.nd.NDArray) -> mx.nd.NDArray:
    """1 at the largest value of each window (the last axis), 0 elsewhere; of equal values the first one counts."""
    return mx.nd.one_hot(windows.argmax(axis=-1), windows.shape[-1], dtype=windows.dtype)


def pool(x, k):
    windows = im2col(x, k, stride=k)
    return (choice(windows) * windows).sum(axis=-1)


def pool_error(s, x, k):
    chosen = choice(im2col(x, k, stride=k))
    return col2im(chosen * s.expand_dims(-1), x.shape, k, stride=k)


IM2COL = Layers(convolve, convolve_error, convolve_gradients, pool, pool_error)


# By MXNet's operators


def operator_convolve(x, w, b, pad=0):
    return mx.nd.Convolution(x, w, b, kernel=w.shape[2:], pad=(pad, pad), num_filter=len(w))


def operator_convolve_error(s, w, pad=0):
    """A convolution of the error: with filters turned by half a turn, inputs and outputs exchanged."""
    k = w.shape[2]
    turned, around = mx.nd.flip(w.swapaxes(0, 1), axis=(2, 3)), (k - 1 - pad, k - 1 - pad)
    return mx.nd.Convolution(s, turned, kernel=(k, k), pad=around, num_filter=w.shape[1], no_bias=True)


def operator_convolve_gradients(s, x, k, pad=0):
    """A convolution of the input with the error as its filters, images and channels exchanged."""
    x, filters = x.swapaxes(0, 1), s.swapaxes(0, 1)
    gw = mx.nd.Convolution(x, filters, kernel=s.shape[2:], pad=(pad, pad), num_filter=len(filters), no_bias=True)
    return gw.swapaxes(0, 1), s.sum(axis=(2, 3)).sum(axis=0)


def operator_pool(x, k):
    return mx.nd.Pooling(x, kernel=(k, k), stride=(k, k), pool_type="max")


def operator_pool_error(s, x, k):
    n, channels = s.shape[:2]
    windows = mx.nd.im2col(x, kernel=(k, k), stride=(k, k)).reshape((n, channels, k * k, -1))
    chosen = mx.nd.one_hot(windows.argmax(axis=2), k * k, dtype=x.dtype)
    errors = (chosen * s.reshape((n, channels, -1, 1))).transpose((0, 1, 3, 2)).reshape((n, channels * k * k, -1))
    return mx.nd.col2im(errors, output_size=x.shape[2:], kernel=(k, k), stride=(k, k))


OPERATORS = Layers(
    operator_convolve, operator_convolve_error, operator_convolve_gradients, operator_pool, operator_pool_error
)


# MERGED by_hand: The network 784-256-10 from NDArrays alone: every formula of its forward and its backward pass, as in chapter 06.
#
# A batch has one image per row. A layer's weights have one row per output, as in `mx.nd.FullyConnected`, and its biases
# one number per output. Errors and gradients are of the loss summed over the batch, so shares of a batch add up.
# Everything works in float32 and float64, with layers of any size, on any context.
#

MLP_SHAPES = [(256, 784), (10, 256)]  # of the weights


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
    return first_parameters(MLP_SHAPES, scale)


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


# MERGED by_hand_cnn: The convolutional network of chapter 06 from NDArrays alone.
#
# 16 filters of 5 x 5, pooling 2 x 2, 32 filters of 5 x 5 with a border of 2, pooling 3 x 3, softmax of ten.
#

CNN_SHAPES = [(16, 1, 5, 5), (32, 16, 5, 5), (10, 512)]  # of the weights


def cnn_parameters(scale: float | None = None) -> list[mx.nd.NDArray]:
    """The parameters to begin with: weights of `CNN_SHAPES`, each followed by its biases; see `first_parameters`."""
    return first_parameters(CNN_SHAPES, scale)


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


# MERGED by_hand_training: Train the networks that chapter 06 writes by hand: batches, momentum, weight decay, shares of a batch on devices.

Arrays = list[mx.nd.NDArray]


@dataclass(frozen=True)
class Network:
    """A network by its functions and the shape of an image for it, and the values with which it learns well."""

    parameters: Callable
    forward: Callable
    gradients: Callable
    image: tuple[int, ...]
    rate: float
    momentum: float
    decay: float
    epochs: int


NETWORKS = {
    "mlp": Network(mlp_parameters, mlp_forward, mlp_gradients, (784,), rate=0.5, momentum=0, decay=0, epochs=10),
    "cnn": Network(
        cnn_parameters, cnn_forward, cnn_gradients, (1, 28, 28), rate=0.05, momentum=0.75, decay=5e-4, epochs=6
    ),
}


@dataclass
class Run:
    """A training: the parameters in the end, and accuracies, 0 to 1, of every 20th batch and after every epoch."""

    parameters: Arrays
    batches: list[float] = field(default_factory=list)  # before the network learns from the batch
    valid: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)  # of each epoch


def arrays(split: "Split", image: tuple[int, ...]) -> tuple[mx.nd.NDArray, mx.nd.NDArray]:
    """Images (N, *image) and targets (N, 10), each row 0 but for a 1 at the label."""
    return mx.nd.array(split.images).reshape((-1, *image)), mx.nd.one_hot(mx.nd.array(split.labels), 10)


def batches(x: mx.nd.NDArray, t: mx.nd.NDArray, size: int, rng: np.random.Generator) -> Iterator[Arrays]:
    """Images and targets in a new order, `size` at a time; the last batch may be short."""
    order = mx.nd.array(rng.permutation(len(x)), dtype="int32")
    for start in range(0, len(x), size):
        chosen = order[start : start + size]
        yield [x.take(chosen), t.take(chosen)]


def summed_gradients(
    gradients: Callable, x: mx.nd.NDArray, t: mx.nd.NDArray, parameters: Arrays, devices: list[mx.Context]
) -> Arrays:
    """What `gradients(x, t, parameters)` gives, within rounding, computed on all `devices` at once.

    Each device gets its share of the images and a copy of the parameters; the gradients of the shares are added up
    where the parameters are. There are at most as many devices as images (others have nothing to do).
    """
    ends = np.linspace(0, len(x), min(len(devices), len(x)) + 1).astype(int)
    shares = []
    for device, start, end in zip(devices, ends[:-1], ends[1:], strict=False):
        copies = [parameter.as_in_context(device) for parameter in parameters]
        shares.append(gradients(x[start:end].as_in_context(device), t[start:end].as_in_context(device), copies))
    home = parameters[0].context
    return [mx.nd.add_n(*[part.as_in_context(home) for part in parts]) for parts in zip(*shares, strict=True)]


def update(
    parameters: Arrays, gradients: Arrays, moves: Arrays, rate: float, momentum: float = 0, decay: float = 0
) -> None:
    """Change `parameters` in place by `moves`, which hold the last moves, at first zeros, and are changed as well.

    `gradients` are means over the batch. `momentum` in [0, 1) is how much of the last move goes on; `decay` pulls the
    weights towards 0, not the biases.
    """
    for parameter, gradient, move in zip(parameters, gradients, moves, strict=True):
        pull = decay * parameter if parameter.ndim > 1 else 0
        move[:] = momentum * move - rate * (gradient + pull)
        parameter += move


def accuracy(forward: Callable, parameters: Arrays, x: mx.nd.NDArray, t: mx.nd.NDArray) -> float:
    """The share of the images whose largest probability is at their target, 0 to 1."""
    right = 0
    for start in range(0, len(x), 1000):  # the patches of all images at once would need gigabytes
        p = forward(x[start : start + 1000], parameters)[-1]
        right += (p.argmax(axis=1) == t[start : start + 1000].argmax(axis=1)).sum().asscalar()
    return float(right / len(x))


def train(
    name: str,
    digits: "Digits",
    *,
    epochs: int | None = None,
    batch_size: int = 256,
    rate: float | None = None,
    scale: float | None = None,
    devices: int = 1,
    seed: int = 0,
) -> Run:
    """Train "mlp" or "cnn"; a line on stderr for each epoch. What is None comes from `NETWORKS`.

    `scale` is the standard deviation of all first weights, by default He's for each layer. `devices` is how many
    contexts share each batch. The walkthrough's MLP has scale=0.01 and rate=0.01.
    Raises DigitsError for an impossible batch size or number of devices, and when the training diverges.
    """
    network, images = NETWORKS[name], len(digits.train)
    epochs, rate = epochs or network.epochs, rate or network.rate
    if not 1 <= batch_size <= images:
        raise DigitsError(f"batch size = {batch_size}: choose 1 to {images}, the number of training images")
    if not 1 <= devices <= batch_size:
        raise DigitsError(f"{devices} devices: choose 1 to {batch_size}, the batch size, so that each has an image")
    mx.random.seed(seed)
    rng, contexts = np.random.default_rng(seed), [mx.cpu(number) for number in range(devices)]
    run = Run(network.parameters(scale))
    moves = [mx.nd.zeros_like(parameter) for parameter in run.parameters]
    x, t = arrays(digits.train, network.image)
    held_back = arrays(digits.valid, network.image)
    for epoch in range(epochs):
        start, first = time.perf_counter(), len(run.batches)
        for number, batch in enumerate(batches(x, t, batch_size, rng)):
            if number % 20 == 0:
                run.batches.append(accuracy(network.forward, run.parameters, *batch))
            gradients = summed_gradients(network.gradients, *batch, run.parameters, contexts)
            means = [gradient / len(batch[0]) for gradient in gradients]
            update(run.parameters, means, moves, rate, network.momentum, network.decay)
        mx.nd.waitall()
        run.seconds.append(time.perf_counter() - start)
        if not all(np.isfinite(parameter.asnumpy()).all() for parameter in run.parameters):
            raise DigitsError(f"the training diverged in epoch {epoch + 1}: lower the learning rate {rate:g}")
        run.valid.append(accuracy(network.forward, run.parameters, *held_back))
        print(
            f"epoch {epoch + 1:{len(str(epochs))}}/{epochs}: {images / run.seconds[-1]:,.0f} images/s, accuracy "
            f"{np.mean(run.batches[first:]):.4f} on batches, {run.valid[-1]:.4f} on validation images",
            file=sys.stderr,
        )
    return run
