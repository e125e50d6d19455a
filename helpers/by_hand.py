"""The two networks of chapter 7 as one script: every formula from arrays alone, without Symbol, Module or autograd.

Read it from top to bottom: the first parameters; forward, loss and backward of the fully connected network; the
convolutional layers; forward and backward of the convolutional network; batches; the update; the accuracy; and the
training, which puts all of them together.

A batch holds one image per row. Weights have one row per output, as in `mx.nd.FullyConnected`, and biases have one
number per output. Errors and gradients belong to the loss summed over the batch, so the gradients of shares of a
batch add up. Everything works in float32 and float64, with layers of any size, on any context.

The notebook develops these formulas and checks every gradient against three independent answers. It also computes the
convolutional layers as matrix products of patches; here MXNet's operators do that, which is faster.

Chapter 7 and the command line.
"""

import math
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from helpers.base.errors import DigitsError

import mxnet as mx

if TYPE_CHECKING:
    from helpers.data.load import Digits, Split

NDArrays = list[mx.nd.NDArray]

MLP_SHAPES = [(256, 784), (10, 256)]  # of the weights
CNN_SHAPES = [(16, 1, 5, 5), (32, 16, 5, 5), (10, 512)]


# The first parameters


def first_parameters(shapes: list[tuple[int, ...]], scale: float | None = None) -> NDArrays:
    """For each shape (outputs, inputs...): weights from a normal distribution, then a bias of 0 for each output.

    `scale` is the standard deviation of all weights. Without it each layer has its own, sqrt(2 / inputs): K. He et
    al., "Delving Deep into Rectifiers", 2015, equation 10. Drawn by MXNet's generator (mx.random.seed), float32.
    """
    parameters = []
    for shape in shapes:
        inputs = math.prod(shape[1:])
        deviation = math.sqrt(2 / inputs) if scale is None else scale
        parameters += [mx.nd.random.normal(0, deviation, shape), mx.nd.zeros(shape[0])]
    return parameters


def mlp_parameters(scale: float | None = None) -> NDArrays:
    """The parameters to begin with: w1 (256, 784), b1 (256,), w2 (10, 256), b2 (10,); see `first_parameters`."""
    return first_parameters(MLP_SHAPES, scale)


def cnn_parameters(scale: float | None = None) -> NDArrays:
    """The parameters to begin with: weights of `CNN_SHAPES`, each followed by its biases; see `first_parameters`."""
    return first_parameters(CNN_SHAPES, scale)


# The fully connected network: forward


def softmax(z: mx.nd.NDArray) -> mx.nd.NDArray:
    """Probabilities (N, K) of logits `z` (N, K)."""
    e = mx.nd.exp(z - z.max(axis=1, keepdims=True))  # the largest exponent is 0: nothing overflows
    return e / e.sum(axis=1, keepdims=True)


def mlp_forward(x: mx.nd.NDArray, parameters: NDArrays) -> NDArrays:
    """Hidden layer a1 (N, 256) and probabilities p (N, 10) of images `x` (N, 784)."""
    w1, b1, w2, b2 = parameters
    a1 = mx.nd.relu(mx.nd.dot(x, w1, transpose_b=True) + b1)
    p = softmax(mx.nd.dot(a1, w2, transpose_b=True) + b2)
    return [a1, p]


# The loss


def cross_entropy(p: mx.nd.NDArray, t: mx.nd.NDArray) -> mx.nd.NDArray:
    """The loss (1,) of probabilities `p` (N, K) for targets `t` (N, K), summed over the batch.

    The training needs only its gradients, which the next functions hold as formulas.
    """
    return -mx.nd.log((p * t).sum(axis=1)).sum()


# The fully connected network: backward


def mlp_gradients(x: mx.nd.NDArray, t: mx.nd.NDArray, parameters: NDArrays) -> NDArrays:
    """The gradient of the summed cross-entropy for each of `parameters`, in its shape; targets `t` (N, 10)."""
    _, _, w2, _ = parameters
    a1, p = mlp_forward(x, parameters)
    s2 = p - t  # (N, 10)
    s1 = mx.nd.dot(s2, w2) * (a1 > 0)  # (N, 256)
    gw2 = mx.nd.dot(s2, a1, transpose_a=True)
    gb2 = s2.sum(axis=0)
    gw1 = mx.nd.dot(s1, x, transpose_a=True)
    gb1 = s1.sum(axis=0)
    return [gw1, gb1, gw2, gb2]


# The convolutional layers, forward and backward, with a stride of 1 and `pad` rows of zeros around


def convolve(x: mx.nd.NDArray, w: mx.nd.NDArray, b: mx.nd.NDArray, pad: int = 0) -> mx.nd.NDArray:
    """The maps (N, F, h, w) of `x` (N, C, H, W) under F filters `w` (F, C, k, k) with biases `b` (F,)."""
    return mx.nd.Convolution(x, w, b, kernel=w.shape[2:], pad=(pad, pad), num_filter=len(w))


def convolve_error(s: mx.nd.NDArray, w: mx.nd.NDArray, pad: int = 0) -> mx.nd.NDArray:
    """The error of `x` (N, C, H, W), from the error `s` (N, F, h, w) of what `convolve` returned.

    It is a convolution of the error: the filters are turned by 180 degrees, inputs and outputs change places.
    """
    k = w.shape[2]
    turned = mx.nd.flip(w.swapaxes(0, 1), axis=(2, 3))
    around = k - 1 - pad
    return mx.nd.Convolution(s, turned, kernel=(k, k), pad=(around, around), num_filter=w.shape[1], no_bias=True)


def convolve_gradients(s: mx.nd.NDArray, x: mx.nd.NDArray, pad: int = 0) -> tuple[mx.nd.NDArray, mx.nd.NDArray]:
    """The gradients of the filters (F, C, k, k) and of the biases (F,), from the error `s` and the input `x`.

    The first is a convolution of the input with the error as its filters: images and channels change places.
    """
    channels = x.swapaxes(0, 1)
    filters = s.swapaxes(0, 1)
    gw = mx.nd.Convolution(channels, filters, kernel=s.shape[2:], pad=(pad, pad), num_filter=len(filters), no_bias=True)
    gb = s.sum(axis=(2, 3)).sum(axis=0)
    return gw.swapaxes(0, 1), gb


def pool(x: mx.nd.NDArray, k: int) -> mx.nd.NDArray:
    """The largest value of each window of k x k; windows lie side by side. What does not fill one is left out."""
    return mx.nd.Pooling(x, kernel=(k, k), stride=(k, k), pool_type="max")


def pool_error(s: mx.nd.NDArray, x: mx.nd.NDArray, k: int) -> mx.nd.NDArray:
    """The error of `x`, from the error `s` of what `pool` returned.

    The largest value of a window gets the window's error; of equal values it is the first one.
    """
    n, channels = s.shape[:2]
    windows = mx.nd.im2col(x, kernel=(k, k), stride=(k, k)).reshape((n, channels, k * k, -1))
    chosen = mx.nd.one_hot(windows.argmax(axis=2), k * k, dtype=x.dtype)
    errors = (chosen * s.reshape((n, channels, -1, 1))).transpose((0, 1, 3, 2)).reshape((n, channels * k * k, -1))
    return mx.nd.col2im(errors, output_size=x.shape[2:], kernel=(k, k), stride=(k, k))


# The convolutional network: 16 filters of 5 x 5, pooling 2 x 2, 32 filters of 5 x 5 with a border of 2, pooling 3 x 3


def cnn_forward(x: mx.nd.NDArray, parameters: NDArrays) -> NDArrays:
    """The output of each layer for images `x` (N, 1, 28, 28): a1 to a4, and the probabilities p (N, 10)."""
    w1, b1, w2, b2, w3, b3 = parameters
    a1 = mx.nd.relu(convolve(x, w1, b1))  # (N, 16, 24, 24)
    a2 = pool(a1, 2)  # (N, 16, 12, 12)
    a3 = mx.nd.relu(convolve(a2, w2, b2, pad=2))  # (N, 32, 12, 12)
    a4 = pool(a3, 3)  # (N, 32, 4, 4)
    p = softmax(mx.nd.dot(a4.flatten(), w3, transpose_b=True) + b3)
    return [a1, a2, a3, a4, p]


def cnn_gradients(x: mx.nd.NDArray, t: mx.nd.NDArray, parameters: NDArrays) -> NDArrays:
    """The gradient of the summed cross-entropy for each of `parameters`, in its shape; targets `t` (N, 10)."""
    _, _, w2, _, w3, _ = parameters
    a1, a2, a3, a4, p = cnn_forward(x, parameters)
    s3 = p - t
    e4 = mx.nd.dot(s3, w3).reshape(a4.shape)
    s2 = pool_error(e4, a3, 3) * (a3 > 0)
    e2 = convolve_error(s2, w2, pad=2)
    s1 = pool_error(e2, a1, 2) * (a1 > 0)
    gw3 = mx.nd.dot(s3, a4.flatten(), transpose_a=True)
    gb3 = s3.sum(axis=0)
    gw2, gb2 = convolve_gradients(s2, a2, pad=2)
    gw1, gb1 = convolve_gradients(s1, x)
    return [gw1, gb1, gw2, gb2, gw3, gb3]


# Batches


def inputs_and_targets(split: "Split", image: tuple[int, ...]) -> tuple[mx.nd.NDArray, mx.nd.NDArray]:
    """Images (N, *image) and targets (N, 10): each row is 0 but for a 1 at the label."""
    inputs = mx.nd.array(split.images).reshape((-1, *image))
    targets = mx.nd.one_hot(mx.nd.array(split.labels), 10)
    return inputs, targets


def mini_batches(x: mx.nd.NDArray, t: mx.nd.NDArray, size: int, rng: np.random.Generator) -> Iterator[NDArrays]:
    """Images and targets in a new order, `size` at a time; the last batch may be short."""
    order = mx.nd.array(rng.permutation(len(x)), ctx=x.context, dtype="int32")
    for start in range(0, len(x), size):
        chosen = order[start : start + size]
        yield [x.take(chosen), t.take(chosen)]


def summed_gradients(
    gradients: Callable, x: mx.nd.NDArray, t: mx.nd.NDArray, parameters: NDArrays, devices: list[mx.Context]
) -> NDArrays:
    """What `gradients(x, t, parameters)` returns, within rounding, computed on all `devices` at once.

    Each device gets its share of the images and a copy of the parameters. The gradients of the shares are added up
    where the parameters are. If there are more devices than images, the last ones have nothing to do.
    """
    ends = np.linspace(0, len(x), min(len(devices), len(x)) + 1).astype(int)
    shares = []
    for device, start, end in zip(devices, ends[:-1], ends[1:], strict=False):
        copies = [parameter.as_in_context(device) for parameter in parameters]
        shares.append(gradients(x[start:end].as_in_context(device), t[start:end].as_in_context(device), copies))
    home = parameters[0].context
    return [mx.nd.add_n(*[part.as_in_context(home) for part in parts]) for parts in zip(*shares, strict=True)]


# The update


def update(
    parameters: NDArrays, gradients: NDArrays, moves: NDArrays, rate: float, momentum: float = 0, decay: float = 0
) -> None:
    """Move `parameters` in place, and keep each move in `moves`, which are zeros at first.

    `gradients` are means over the batch. `momentum` in [0, 1) is how much of the last move goes on; `decay` pulls the
    weights towards 0, not the biases.
    """
    for parameter, gradient, move in zip(parameters, gradients, moves, strict=True):
        pull = decay * parameter if parameter.ndim > 1 else 0
        move[:] = momentum * move - rate * (gradient + pull)
        parameter += move


# The accuracy


def share_right(forward: Callable, parameters: NDArrays, x: mx.nd.NDArray, t: mx.nd.NDArray) -> float:
    """The share of the images whose largest probability is at their target, 0 to 1."""
    right = 0
    for start in range(0, len(x), 1000):  # the layers of all images at once would need gigabytes
        p = forward(x[start : start + 1000], parameters)[-1]
        right += (p.argmax(axis=1) == t[start : start + 1000].argmax(axis=1)).sum().asscalar()
    return float(right / len(x))


# The training


@dataclass(frozen=True)
class HandmadeNetwork:
    """A network as its functions and the shape of an image for it, and the settings with which it learns well."""

    parameters: Callable
    forward: Callable
    gradients: Callable
    image: tuple[int, ...]
    rate: float
    momentum: float
    decay: float
    epochs: int


HANDMADE_NETWORKS = {
    "mlp": HandmadeNetwork(
        mlp_parameters, mlp_forward, mlp_gradients, (784,), rate=0.5, momentum=0, decay=0, epochs=10
    ),
    "cnn": HandmadeNetwork(
        cnn_parameters, cnn_forward, cnn_gradients, (1, 28, 28), rate=0.05, momentum=0.75, decay=5e-4, epochs=6
    ),
}


@dataclass
class Outcome:
    """The outcome of a training: the parameters at its end, accuracies (0 to 1) on the way there, and its times."""

    parameters: NDArrays
    of_batches: list[float] = field(default_factory=list)  # of every 20th, before the network learns from it
    of_valid: list[float] = field(default_factory=list)  # of the validation images after each epoch
    seconds: list[float] = field(default_factory=list)  # of each epoch


def train_by_hand(
    name: str,
    digits: "Digits",
    *,
    epochs: int | None = None,
    batch_size: int = 256,
    rate: float | None = None,
    scale: float | None = None,
    devices: int = 1,
    device: str = "cpu",
    seed: int = 0,
) -> Outcome:
    """Train "mlp" or "cnn"; a line on stderr for each epoch. What is None comes from `HANDMADE_NETWORKS`.

    `scale` is the standard deviation of all first weights, by default He's for each layer. `devices` is how many
    contexts of the kind `device`, "cpu" or "gpu", share each batch. The walkthrough's MLP has scale=0.01 and rate=0.01.
    Raises DigitsError for an impossible batch size or number of devices, for more GPUs than MXNet sees, and when the
    training diverges.
    """
    network = HANDMADE_NETWORKS[name]
    epochs = epochs or network.epochs
    rate = rate or network.rate
    _check_sizes(len(digits.train), batch_size, devices)

    contexts = contexts_of(device, devices)
    home = contexts[0]  # where the parameters are, and the images between two batches

    mx.random.seed(seed)
    rng = np.random.default_rng(seed)
    outcome = Outcome([parameter.as_in_context(home) for parameter in network.parameters(scale)])
    moves = [mx.nd.zeros_like(parameter) for parameter in outcome.parameters]
    x, t = (array.as_in_context(home) for array in inputs_and_targets(digits.train, network.image))
    held_back = [array.as_in_context(home) for array in inputs_and_targets(digits.valid, network.image)]

    for epoch in range(1, epochs + 1):
        start = time.perf_counter()
        first = len(outcome.of_batches)
        for number, batch in enumerate(mini_batches(x, t, batch_size, rng)):
            if number % 20 == 0:
                outcome.of_batches.append(share_right(network.forward, outcome.parameters, *batch))
            gradients = summed_gradients(network.gradients, *batch, outcome.parameters, contexts)
            means = [gradient / len(batch[0]) for gradient in gradients]
            update(outcome.parameters, means, moves, rate, network.momentum, network.decay)
        mx.nd.waitall()
        outcome.seconds.append(time.perf_counter() - start)
        _check_finite(outcome.parameters, epoch, rate)
        outcome.of_valid.append(share_right(network.forward, outcome.parameters, *held_back))
        print(
            f"epoch {epoch:{len(str(epochs))}}/{epochs}: {len(x) / outcome.seconds[-1]:,.0f} images/s, accuracy "
            f"{np.mean(outcome.of_batches[first:]):.4f} on batches, {outcome.of_valid[-1]:.4f} on validation images",
            file=sys.stderr,
        )
    return outcome


def contexts_of(device: str, count: int) -> list[mx.Context]:
    """The first `count` contexts of the kind `device`, "cpu" or "gpu".

    The processor takes any number. Raises DigitsError for more graphics cards than MXNet sees.
    """
    if device == "gpu":
        seen = mx.context.num_gpus()
        if seen < count:
            raise DigitsError(
                f"expected {count} GPU{'s' * (count > 1)} for --device gpu, got {seen} that MXNet sees: "
                "leave the option out, or install a build of MXNet for CUDA"
            )
    return [mx.Context(device, number) for number in range(count)]


def _check_sizes(images: int, batch_size: int, devices: int) -> None:
    """DigitsError unless the training images fill a batch, and the batch has an image for each device."""
    if not 1 <= batch_size <= images:
        raise DigitsError(
            f"expected a batch size from 1 to {images}, the number of training images, got {batch_size}: "
            "choose one in this range"
        )
    if not 1 <= devices <= batch_size:
        raise DigitsError(
            f"expected from 1 to {batch_size} devices, the batch size, got {devices}: "
            "choose a number in this range, so that each device has an image"
        )


def _check_finite(parameters: NDArrays, epoch: int, rate: float) -> None:
    """DigitsError if a parameter is NaN or infinite."""
    if not all(np.isfinite(parameter.asnumpy()).all() for parameter in parameters):
        raise DigitsError(
            f"expected finite parameters after epoch {epoch}, got infinity or NaN, as the training diverged: "
            f"lower the learning rate {rate:g}"
        )
