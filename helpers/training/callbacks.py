"""Callbacks for `Module.fit`: a progress bar, a history, and the best epoch kept.

They follow MXNet's convention: `fit` calls them with a `mx.model.BatchEndParam` (epoch and nbatch, counted from 0,
eval_metric, and the local variables of `fit`). The metric has to be accuracy (`eval_metric="acc"`).

    history, progress = History(), Progress(batches_per_epoch=550, epochs=10)
    with BestEpoch(module, path="best.params", patience=3) as best:
        module.fit(train, valid, num_epoch=10, batch_end_callback=[history.batch_end, progress],
                   eval_end_callback=[history.eval_end, best.eval_end])

Chapters 2 and 3.
"""

import sys
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
from tqdm import tqdm

from helpers.base.errors import DigitsError
from helpers.base.files import check_writable
from helpers.networks.params import write_params

import mxnet as mx


def read_accuracy(metric: mx.metric.EvalMetric) -> float:
    """The accuracy that `metric` has counted since its last reset, 0 to 1; it may wait for batches under way.

    Raises DigitsError for a metric that does not count accuracy.
    """
    values = dict(metric.get_global_name_value())
    if "accuracy" not in values:
        raise DigitsError(f'expected the metric "accuracy", got {", ".join(values)}: fit with eval_metric="acc"')
    return float(values["accuracy"])


class Progress:
    """`batch_end_callback`: a text bar on stderr with images per second and training accuracy, one line per epoch.

    It is drawn by tqdm's formatter and not by a tqdm object: nothing stays open when training breaks off.
    """

    def __init__(self, batches_per_epoch: int, epochs: int, batch_size: int = 100):
        self.batches_per_epoch = batches_per_epoch
        self.epochs = epochs
        self.batch_size = batch_size
        self._started = 0.0
        self._drawn = 0.0

    def __call__(self, param: mx.model.BatchEndParam) -> None:
        now = time.perf_counter()
        batches = param.nbatch + 1
        if batches == 1:
            self._started = now
        ended = batches == self.batches_per_epoch
        # Reading the metric can make the engine wait, so the bar is drawn twice a second and not after each batch.
        if batches == 1 or ended or now - self._drawn >= 0.5:
            self._drawn = now
            line = tqdm.format_meter(
                n=batches * self.batch_size,
                total=self.batches_per_epoch * self.batch_size,
                initial=self.batch_size,  # the clock starts after the first batch
                elapsed=now - self._started,
                prefix=f"epoch {param.epoch + 1:{len(str(self.epochs))}}/{self.epochs}",
                postfix=f"accuracy {read_accuracy(param.eval_metric):.4f}",
                unit=" images",
                unit_scale=True,
                bar_format="{desc} {percentage:3.0f}%|{bar:20}| {elapsed}, {rate_fmt:>14}{postfix}",
            )
            print(f"\r{line}", end="\n" if ended else "", file=sys.stderr, flush=True)


@dataclass
class History:
    """What each finished epoch brought: training and validation accuracy (0 to 1) and seconds of training.

    `batch_end` is a `batch_end_callback`, `eval_end` an `eval_end_callback`; a hand-written loop appends to the lists.
    """

    train: list[float] = field(default_factory=list)
    valid: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

    def batch_end(self, param: mx.model.BatchEndParam) -> None:
        """Note accuracy and time when this was the last batch of its epoch: `fit` says so in `end_of_batch`."""
        if param.locals["end_of_batch"]:
            self.train.append(read_accuracy(param.eval_metric))
            self.seconds.append(time.time() - param.locals["tic"])

    def eval_end(self, param: mx.model.BatchEndParam) -> None:
        """Note the validation accuracy."""
        self.valid.append(read_accuracy(param.eval_metric))

    def to_dict(self) -> dict[str, list[float]]:
        """The three lists by name, for JSON."""
        return asdict(self)

    @property
    def best_epoch(self) -> int:
        """The number, from 1, of the first epoch with the highest validation accuracy. There has to be an epoch."""
        return self.valid.index(max(self.valid)) + 1


class StopTraining(Exception):
    """Raised by `BestEpoch` to end `fit` early; the message says why."""


class BestEpoch:
    """Keeps the parameters of the epoch with the highest validation accuracy; `eval_end` is an `eval_end_callback`.

    With `path` they are also saved there, as `Module.save_params` writes them, whole or not at all. Training stops
    after `patience` epochs without a rise, and when the parameters are no longer finite numbers.

    Around `fit`, `with BestEpoch(...) as best:` ends by putting the best epoch's parameters into the module, also
    after an early stop or Ctrl-C, of which one line on stderr tells. Where no epoch has been kept yet, an early stop
    becomes a DigitsError and Ctrl-C stays a KeyboardInterrupt.

    `epoch` (counted from 1), `accuracy` (0 to 1) and `params` (the arrays by name) describe the best epoch so far; they
    are None before the first has ended.
    """

    def __init__(self, module: mx.mod.Module, path: Path | str | None = None, patience: int | None = None):
        if patience is not None and patience < 1:
            waiting = "choose how many epochs to wait for a rise"
            raise DigitsError(f"expected a patience of at least 1, or None, got {patience}: {waiting}")
        if path is not None:
            check_writable(path)  # before the minutes of training, not after
        self.module = module
        self.path = path
        self.patience = patience
        self.epoch: int | None = None
        self.accuracy: float | None = None
        self.params: dict[str, mx.nd.NDArray] | None = None
        self._aux_params: dict[str, mx.nd.NDArray] = {}

    def resume(self, history: History, params: dict[str, mx.nd.NDArray]) -> None:
        """Begin with the best epoch of a training that broke off, and its `params`, of which none are auxiliary."""
        self.epoch = history.best_epoch
        self.accuracy = max(history.valid)
        self.params = params

    def eval_end(self, param: mx.model.BatchEndParam) -> None:
        """Keep this epoch when it is the best so far; raise StopTraining when it is time to stop."""
        epoch = param.epoch + 1
        accuracy = read_accuracy(param.eval_metric)
        arg_params, aux_params = self.module.get_params()
        saved = {f"arg:{name}": array.asnumpy() for name, array in arg_params.items()}
        saved |= {f"aux:{name}": array.asnumpy() for name, array in aux_params.items()}
        if not all(np.isfinite(array).all() for array in saved.values()):
            raise StopTraining(f"training diverged in epoch {epoch}: lower the learning rate")
        if self.epoch is None or accuracy > self.accuracy:
            if self.path is not None:
                write_params(self.path, saved)
            self.params = {name: array.copy() for name, array in arg_params.items()}
            self._aux_params = {name: array.copy() for name, array in aux_params.items()}
            self.epoch = epoch
            self.accuracy = accuracy
        elif self.patience is not None and epoch - self.epoch >= self.patience:
            raise StopTraining(f"validation accuracy has not risen for {epoch - self.epoch} epochs")

    def __enter__(self) -> "BestEpoch":
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, traceback: object) -> bool:
        kept = self.epoch is not None
        if kept:
            self.module.set_params(self.params, self._aux_params)
            outcome = f"kept epoch {self.epoch}, validation accuracy {self.accuracy:.4f}"
        else:
            outcome = "no epoch has ended yet, so nothing is kept"
        if isinstance(error, KeyboardInterrupt):
            print(f"\ninterrupted; {outcome}", file=sys.stderr)  # below a bar that is half drawn
            return kept
        if isinstance(error, StopTraining):
            if not kept:
                raise DigitsError(f"expected an epoch to keep, got none: {error}") from error
            print(f"{error}; {outcome}", file=sys.stderr)
            return True
        return False
