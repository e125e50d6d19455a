"""Train one of the networks by its recipe and keep the epoch that reads the validation images best."""

import logging
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from helpers.base.errors import DigitsError
from helpers.distributed.worker import Place
from helpers.networks.arrangement import faster
from helpers.networks.symbols import NETWORKS
from helpers.training.batches import ShortLastBatch, ShuffledBatches
from helpers.training.callbacks import History, Progress
from helpers.training.checkpoint import Checkpoint, Checkpoints, ResumableModule
from helpers.training.devices import device
from helpers.training.evaluation import LazyAccuracy
from helpers.training.recipes import PLAIN_SGD, RECIPES, Settings, choose

import mxnet as mx

if TYPE_CHECKING:
    from helpers.data.load import Digits


def train(
    network: str,
    digits: "Digits",
    *,
    epochs: int | None = None,
    batch_size: int | None = None,
    learning_rate: float | None = None,
    seed: int | None = None,
    context: mx.Context | list[mx.Context] | None = None,
    path: Path | str | None = None,
    progress: bool = True,
    checkpoint: Path | None = None,
    start: Checkpoint | None = None,
    place: Place | None = None,
) -> tuple[mx.mod.Module, History]:
    """Train `network` ("mlp", "lenet" or "dropout-cnn") on `digits`; return the module and its history.

    The module holds the parameters of the epoch with the best validation accuracy; with `path` they are saved there as
    well, and Ctrl-C keeps the best epoch so far (see `BestEpoch`). What is None comes from `RECIPES`. `seed` (0 where
    it is None) determines the order of the images, the first parameters and dropout: the same seed on the same
    machine's CPU gives the same parameters, bit for bit. Bad arguments and a training that diverges raise DigitsError.

    With `checkpoint` the state after each epoch is saved there, and the file goes when all epochs are done. `start` is
    such a state to go on from, with its settings, to the same parameters as without the break.

    With `place` this process is one worker of several. It trains on its share of the images; `batch_size` is how many
    of them one step uses, from all workers together ("dist_sync") or from one ("dist_async"). Only worker 0 validates,
    shows progress and saves.
    """
    settings = choose(network, digits, epochs, batch_size, learning_rate, seed, start and start.settings)
    recipe, place, done = RECIPES[network], place or Place(), start.epoch if start else 0
    if settings.epochs <= done:
        raise DigitsError(f"{done} epochs are done already: give more to go on")
    place.agree(vars(settings))
    each = place.batch_of_each(settings.batch_size)
    training = ShuffledBatches(place.share(digits.train), each, settings.seed, done, place.worker)
    validation = ShortLastBatch(digits.valid.images, digits.valid.labels, min(each, len(digits.valid.labels)))
    # A parameter server is busy inside `import mxnet` and cannot import an optimizer of ours. "sgd" takes equal steps.
    optimizer = "sgd" if place.kvstore and recipe.optimizer == PLAIN_SGD else recipe.optimizer
    steps = len(training) * place.steps_per_batch
    rate = {"learning_rate": settings.learning_rate, "begin_num_update": steps * done}
    if recipe.cosine:
        rate["lr_scheduler"] = mx.lr_scheduler.CosineScheduler(
            max_update=steps * settings.epochs, base_lr=settings.learning_rate, final_lr=settings.learning_rate / 100
        )

    mx.random.seed(settings.seed)
    # fit reports through this logger; MXNet's default is the root logger, which it would configure for everyone.
    log = logging.getLogger(__name__)
    symbol, contexts = NETWORKS[network](), context if isinstance(context, list) else [context or device()]
    module = ResumableModule(
        faster(symbol) if all(context.device_type == "cpu" for context in contexts) else symbol,
        context=contexts,
        logger=log,
        states=start and start.states,
    )
    history = History(**start.history.to_dict()) if start else History()
    best = Checkpoints(module, *((path, checkpoint) if place.first else (None, None)), settings, history, start)
    bar = [Progress(len(training), settings.epochs, each * place.workers)] if progress and place.first else []
    with best:
        module.fit(
            training,
            validation if place.first else None,
            eval_metric=LazyAccuracy(),
            num_epoch=settings.epochs,
            begin_epoch=done,
            arg_params=start and start.arrays(),
            kvstore=place.kvstore or "local",
            optimizer=optimizer,
            optimizer_params=rate,
            initializer=recipe.initializer,
            batch_end_callback=[history.batch_end, *bar],
            eval_end_callback=[history.eval_end, best.eval_end],
        )
    # When a process ends, MXNet drops what it has not computed yet; the other workers would wait for those gradients.
    mx.nd.waitall()
    module.reshape(training.provide_data, training.provide_label)  # the last validation batch may have been short
    if place.first:
        _finish(place, best, digits, settings)
    return module, history


def _finish(place: Place, best: Checkpoints, digits: "Digits", settings: Settings) -> None:
    """Remove the checkpoint of a training that has reached its end, and say when it has learnt nothing."""
    if best.ended:
        best.remove_checkpoint()
    elif place.kvstore:  # the other workers wait for this one
        raise DigitsError("the training stopped early; its best epoch is saved")
    guess = np.bincount(digits.valid.labels).max() / len(digits.valid.labels)
    if best.accuracy <= guess:
        print(
            f"{settings.network} has learnt nothing: its validation accuracy is {best.accuracy:.4f}, and always "
            f"answering the commonest digit gives {guess:.4f}; try another learning rate than "
            f"{settings.learning_rate:g}",
            file=sys.stderr,
        )
