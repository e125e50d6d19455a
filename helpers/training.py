"""Train one of the networks by its recipe and keep the epoch that reads the validation images best."""

import logging
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from helpers.callbacks import BestEpoch, History, Progress
from helpers.errors import DigitsError
from helpers.evaluation import ShortLastBatch
from helpers.networks import NETWORKS

import mxnet as mx

if TYPE_CHECKING:
    from helpers.data import Digits


@dataclass(frozen=True)
class Recipe:
    """How a network is trained: MXNet's name of the optimizer, its learning rate, epochs, images per batch.

    With `cosine` the learning rate falls to a hundredth along a cosine. With `all_devices` each batch is shared;
    the work of the MLP is too small for that.
    """

    optimizer: str
    learning_rate: float
    epochs: int
    batch_size: int
    initializer: mx.init.Initializer
    cosine: bool = False
    all_devices: bool = True


RECIPES = {
    "mlp": Recipe("sgd", 0.1, epochs=10, batch_size=100, initializer=mx.init.Xavier(), all_devices=False),
    "lenet": Recipe("sgd", 0.1, epochs=10, batch_size=100, initializer=mx.init.Xavier()),
    "dropout-cnn": Recipe("adam", 0.001, epochs=15, batch_size=100, initializer=mx.init.Xavier(), cosine=True),
}


def device(name: str = "auto") -> mx.Context:
    """Where to compute: "cpu", "gpu" (DigitsError where MXNet finds none), or "auto", the GPU where there is one."""
    if name not in ("auto", "cpu", "gpu"):
        raise DigitsError(f'unknown device "{name}": choose "auto", "cpu" or "gpu"')
    if name == "cpu":
        return mx.cpu()
    if mx.context.num_gpus():
        return mx.gpu()
    if name == "gpu":
        raise DigitsError('MXNet finds no GPU here: use device(name="auto") or "cpu"')
    return mx.cpu()


def devices() -> list[mx.Context]:
    """Every device that a Module can share its batches among: the GPU where there is one, else one per CPU core.

    By itself MXNet uses one of two cores, so a convolutional network trains faster on a context for each; more than
    four of them make the shares of a batch of 100 too small to be worth it.
    """
    if mx.context.num_gpus():
        return [mx.gpu()]
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return [mx.cpu(i) for i in range(min(4, cores))]


def train(
    network: str,
    digits: "Digits",
    *,
    epochs: int | None = None,
    batch_size: int | None = None,
    learning_rate: float | None = None,
    seed: int = 0,
    context: mx.Context | list[mx.Context] | None = None,
    path: Path | str | None = None,
    progress: bool = True,
) -> tuple[mx.mod.Module, History]:
    """Train `network` ("mlp", "lenet" or "dropout-cnn") on `digits`; return the module and its history.

    The module holds the parameters of the epoch with the best validation accuracy; with `path` they are saved there as
    well, and Ctrl-C keeps the best epoch so far (see `BestEpoch`). What is None comes from `RECIPES`. `seed` is given
    to NumPy (order of the images) and MXNet (first parameters, dropout): the same seed on the same machine's CPU gives
    the same parameters, bit for bit. Bad arguments and a training that diverges raise DigitsError.
    """
    if network not in NETWORKS:
        raise DigitsError(f'unknown network "{network}": choose {", ".join(NETWORKS)}')
    recipe = RECIPES[network]
    epochs = recipe.epochs if epochs is None else epochs
    batch_size = recipe.batch_size if batch_size is None else batch_size
    learning_rate = recipe.learning_rate if learning_rate is None else learning_rate
    images = len(digits.train.images)
    if epochs < 1:
        raise DigitsError(f"epochs = {epochs}: train for at least 1")
    if not 1 <= batch_size <= images:
        raise DigitsError(f"batch size = {batch_size}: choose 1 to {images}, the number of training images")
    if not 0 < learning_rate < float("inf"):
        raise DigitsError(f"learning rate = {learning_rate}: give a number above 0, for example {recipe.learning_rate}")
    if not 0 <= seed < 2**31:
        raise DigitsError(f"seed = {seed}: choose a whole number from 0 to {2**31 - 1}")

    validation = ShortLastBatch(digits.valid.images, digits.valid.labels, min(batch_size, len(digits.valid.labels)))
    if context is None:
        # A batch can be shared among at most as many devices as it has images, also the last one of the validation.
        smallest = min(batch_size, len(digits.valid.labels) % validation.batch_size or validation.batch_size)
        context = devices()[:smallest] if recipe.all_devices else device()
    rate = {"learning_rate": learning_rate}
    if recipe.cosine:
        rate["lr_scheduler"] = mx.lr_scheduler.CosineScheduler(
            max_update=images // batch_size * epochs, base_lr=learning_rate, final_lr=learning_rate / 100
        )

    np.random.seed(seed)
    mx.random.seed(seed)
    training = mx.io.NDArrayIter(
        digits.train.images, digits.train.labels, batch_size, shuffle=True, last_batch_handle="discard"
    )
    # fit reports through this logger; MXNet's default is the root logger, which it would configure for everyone.
    module = mx.mod.Module(NETWORKS[network](), context=context, logger=logging.getLogger(__name__))
    history, best = History(), BestEpoch(module, path)
    bar = [Progress(images // batch_size, epochs, batch_size)] if progress else []
    with best:
        module.fit(
            training,
            validation,
            num_epoch=epochs,
            optimizer=recipe.optimizer,
            optimizer_params=rate,
            initializer=recipe.initializer,
            batch_end_callback=[history.batch_end, *bar],
            eval_end_callback=[history.eval_end, best.eval_end],
        )
    module.reshape(training.provide_data, training.provide_label)  # the last validation batch may have been short
    guess = np.bincount(digits.valid.labels).max() / len(digits.valid.labels)
    if best.accuracy <= guess:
        print(
            f"{network} has learnt nothing: its validation accuracy is {best.accuracy:.4f}, and always answering the "
            f"commonest digit gives {guess:.4f}; try another learning rate than {learning_rate:g}",
            file=sys.stderr,
        )
    return module, history
