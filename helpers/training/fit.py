"""Train one of the networks by its settings and keep the epoch that reads the validation images best.

Chapters 3 and 4 and the command line.
"""

import logging
import sys
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from helpers.base.errors import DigitsError
from helpers.distributed.worker import Place
from helpers.networks.arrangement import faster
from helpers.networks.symbols import NETWORKS
from helpers.training.batches import ShortLastBatch, ShuffledBatches
from helpers.training.callbacks import BestEpoch, History, Progress
from helpers.training.checkpoint import Checkpoint, CheckpointWriter, ResumableModule
from helpers.training.contexts import device, devices
from helpers.training.recipes import RECIPES, Settings

import mxnet as mx

if TYPE_CHECKING:
    from helpers.data.load import Digits


@dataclass(frozen=True)
class Job:
    """What a training needs beyond its settings: where it runs and what it leaves behind. By default nothing special.

    - `device`: "auto", "cpu" or "gpu" (`helpers.training.devices`). A small network takes one context of it, another
      one as many as there are.
    - `context`: instead of that, one context or a list of those that share each batch.
    - `progress`: whether a bar on stderr shows it.
    - `path`: the parameters of the best epoch so far are saved there after each better epoch.
    - `checkpoint`: the state after each epoch is saved there; the file goes when all epochs are done.
    - `start`: such a state to go on from, with its settings, to the same parameters as without the break.
    - `place`: where this process stands among several workers. Each trains on its share of the images;
      `Settings.batch_size` is how many of them one step uses, from all workers together ("dist_sync") or from one
      ("dist_async"). Only worker 0 validates, shows progress and saves.
    """

    device: str = "auto"
    context: mx.Context | list[mx.Context] | None = None
    progress: bool = True
    path: Path | str | None = None
    checkpoint: Path | None = None
    start: Checkpoint | None = None
    place: Place = field(default_factory=Place)

    @property
    def epochs_done(self) -> int:
        """How many epochs were done before this process began."""
        return self.start.epoch if self.start else 0


def train(settings: Settings, digits: "Digits", job: Job | None = None) -> tuple[mx.mod.Module, History]:
    """Train the network that `settings` name on `digits`; return the module and its history.

    The module holds the parameters of the epoch with the best validation accuracy, and Ctrl-C keeps the best epoch so
    far (see `BestEpoch`). The same settings on the same machine's CPU give the same parameters, bit for bit.

        module, history = train(Settings("lenet", epochs=3), digits)

    Raises DigitsError where settings, images and `job` do not go together, and for a training that diverges.
    """
    job = _of_this_worker(job or Job())
    settings = settings.with_data(digits.train)
    _check(settings, job)
    training, validation = _batches(settings, digits, job)
    mx.random.seed(settings.seed)
    module = _module(settings, job, _contexts(settings, digits, job))
    history = _history(job)
    best = _best_epoch(module, job)
    writer = CheckpointWriter(job.checkpoint, settings, module, history, best)
    with best:
        module.fit(
            training,
            validation,
            begin_epoch=job.epochs_done,
            num_epoch=settings.epochs,
            arg_params=job.start and job.start.arrays(),
            initializer=RECIPES[settings.network].initializer,
            optimizer=RECIPES[settings.network].optimizer,
            optimizer_params=settings.optimizer_params(len(training) * job.place.steps_per_batch, job.epochs_done),
            kvstore=job.place.kvstore or "local",
            eval_metric="acc",
            batch_end_callback=[history.batch_end, *_progress(settings, training, job)],
            eval_end_callback=[history.eval_end, best.eval_end, writer.eval_end],
        )
    # When a process ends, MXNet drops what it has not computed yet; the other workers would wait for those gradients.
    mx.nd.waitall()
    module.reshape(training.provide_data, training.provide_label)  # the last validation batch may have been short
    if job.place.first:
        _conclude(settings, digits, history, best, job)
    return module, history


def _of_this_worker(job: Job) -> Job:
    """What of the job is for this worker: only worker 0 shows progress and saves."""
    if job.place.first:
        return job
    return replace(job, progress=False, path=None, checkpoint=None)


def _check(settings: Settings, job: Job) -> None:
    """Raise DigitsError unless the settings fit those before a break and those of the other workers."""
    if job.start:
        settings.check_unchanged(job.start.settings)
        if settings.epochs <= job.epochs_done:
            given = f"expected more than the {job.epochs_done} epochs that are done already, got {settings.epochs}"
            raise DigitsError(f"{given}: give more to go on")
    job.place.agree(vars(settings))


def _contexts(settings: Settings, digits: "Digits", job: Job) -> list[mx.Context]:
    """The devices that share each batch, as many as every batch has images for, a short last one, too."""
    if job.context:
        return job.context if isinstance(job.context, list) else [job.context]
    if RECIPES[settings.network].small:
        return [device(job.device)]
    size = min(job.place.batch_of_each(settings.batch_size), len(digits.valid.images))
    found = devices(job.device)[:size]
    while 0 < len(digits.valid.images) % size < len(found):
        found.pop()
    return found


def _batches(settings: Settings, digits: "Digits", job: Job) -> tuple[ShuffledBatches, ShortLastBatch | None]:
    """This worker's batches for training, and at worker 0 those for validation."""
    place = job.place
    size = place.batch_of_each(settings.batch_size)
    training = ShuffledBatches(place.share(digits.train), size, settings.seed, job.epochs_done, place.worker)
    if not place.first:
        return training, None
    images = digits.valid.images
    return training, ShortLastBatch(images, digits.valid.labels, min(size, len(images)))


def _module(settings: Settings, job: Job, contexts: list[mx.Context]) -> ResumableModule:
    """The network on its devices, rearranged where all of them are CPUs."""
    symbol = NETWORKS[settings.network]()
    if all(context.device_type == "cpu" for context in contexts):
        symbol = faster(symbol)
    # fit reports through this logger; MXNet's default is the root logger, which it would configure for everyone.
    log = logging.getLogger(__name__)
    log.setLevel(logging.WARNING)  # the bar shows what fit would log
    return ResumableModule(symbol, context=contexts, logger=log, states=job.start and job.start.states)


def _history(job: Job) -> History:
    """A new one, or one that goes on from before a break."""
    return History(**job.start.history.to_dict()) if job.start else History()


def _best_epoch(module: ResumableModule, job: Job) -> BestEpoch:
    """The keeper of the best epoch, which knows the one from before a break."""
    best = BestEpoch(module, job.path)
    if job.start:
        best.resume(job.start.history, job.start.best_arrays())
    return best


def _progress(settings: Settings, training: ShuffledBatches, job: Job) -> list[Progress]:
    """The bar for the images of all workers; an empty list where none is to be drawn."""
    images = training.batch_size * job.place.workers
    return [Progress(len(training), settings.epochs, images)] if job.progress else []


def _conclude(settings: Settings, digits: "Digits", history: History, best: BestEpoch, job: Job) -> None:
    """Remove the checkpoint of a training that has reached its end, and say when it has learnt nothing."""
    if len(history.valid) == settings.epochs:
        if job.checkpoint:
            job.checkpoint.unlink(missing_ok=True)
    elif job.place.kvstore:  # the other workers wait for this one
        given = f"expected {settings.epochs} epochs, got {len(history.valid)}, as the training stopped early"
        raise DigitsError(f"{given}: use its best epoch, which is saved")
    guess = np.bincount(digits.valid.labels).max() / len(digits.valid.labels)
    if best.accuracy <= guess:
        print(
            f"{settings.network} has learnt nothing: its validation accuracy is {best.accuracy:.4f}, and always "
            f"answering the commonest digit gives {guess:.4f}; try another learning rate than "
            f"{settings.learning_rate:g}",
            file=sys.stderr,
        )
