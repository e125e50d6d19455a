"""Train the networks that chapter 06 writes by hand: batches, momentum, weight decay, shares of a batch on devices."""

import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from helpers.by_hand import mlp_forward, mlp_gradients, mlp_parameters
from helpers.by_hand_cnn import cnn_forward, cnn_gradients, cnn_parameters
from helpers.errors import DigitsError

import mxnet as mx

if TYPE_CHECKING:
    from helpers.data import Digits, Split

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
