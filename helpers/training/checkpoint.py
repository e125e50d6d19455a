"""Checkpoints: all that a training needs to go on from its last epoch as if it had never stopped.

`Module.save_checkpoint` and `Module.save_optimizer_states` write two files, of which a killed process may leave one of
each epoch, and the second is a pickle, which runs whatever code it holds. Here it is one file, written whole or not at
all, and made of arrays and JSON only.
"""

import io
import json
import zipfile
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np

from helpers.base.errors import DigitsError
from helpers.base.files import atomic_write, reason
from helpers.distributed.worker import Place
from helpers.training.callbacks import BestEpoch, History
from helpers.training.recipes import Settings

import mxnet as mx

Arrays = dict[str, np.ndarray]


@dataclass(frozen=True)
class Checkpoint:
    """The state after `len(history.valid)` epochs.

    params, best_params: the network's arrays now and after its best epoch. states: the arrays of the optimizer by name
    of parameter and number, such as "fc1_weight:0"; none where the optimizer keeps none, or the servers keep them.
    """

    settings: Settings
    history: History
    params: Arrays
    best_params: Arrays
    states: Arrays = field(default_factory=dict)

    @property
    def epoch(self) -> int:
        """How many epochs are done."""
        return len(self.history.valid)

    def arrays(self) -> dict[str, mx.nd.NDArray]:
        """The parameters, as `Module.fit` takes them."""
        return {name: mx.nd.array(array) for name, array in self.params.items()}

    def to_bytes(self) -> bytes:
        groups = {"params": self.params, "best": self.best_params, "states": self.states}
        arrays = {f"{group}/{name}": array for group, found in groups.items() for name, array in found.items()}
        about = json.dumps({"settings": asdict(self.settings), "history": self.history.to_dict()})
        file = io.BytesIO()
        np.savez(file, about=np.frombuffer(about.encode(), np.uint8), **arrays)
        return file.getvalue()

    @classmethod
    def from_bytes(cls, content: bytes, name: str | Path) -> "Checkpoint":
        """Raises DigitsError that names the file where the content is not a whole checkpoint."""
        groups = {"params": {}, "best": {}, "states": {}}
        try:
            with np.load(io.BytesIO(content), allow_pickle=False) as file:
                about = json.loads(file["about"].tobytes())
                for key in set(file.files) - {"about"}:
                    group, _, array = key.partition("/")
                    groups[group][array] = file[key]
            return cls(Settings(**about["settings"]), History(**about["history"]), *groups.values())
        except (ValueError, KeyError, TypeError, EOFError, OSError, zipfile.BadZipFile) as error:
            raise DigitsError(f"{name} is not a checkpoint, or damaged: train anew without --resume") from error


def read_checkpoint(path: Path, place: Place | None = None) -> Checkpoint:
    """The checkpoint at `path`; with `place`, at each worker the one that worker 0 finds there.

    Raises DigitsError where there is none, or where it cannot be read.
    """
    place, content = place or Place(), b""
    if place.first:
        try:
            content = path.read_bytes()
        except FileNotFoundError as error:
            raise DigitsError(f"there is no checkpoint {path}: the training has ended, or --out was another") from error
        except OSError as error:
            raise DigitsError(f"cannot read {path}: {reason(error)}") from error
    return Checkpoint.from_bytes(place.broadcast("checkpoint", content), path)


class ResumableModule(mx.mod.Module):
    """A Module that can tell the state of its optimizer, and start with that of another."""

    def __init__(self, *args, states: Arrays | None = None, **options):
        super().__init__(*args, **options)
        self._states = states or {}

    def init_optimizer(self, *args, **options) -> None:
        super().init_optimizer(*args, **options)
        keeper = self._state_keeper()
        if keeper is None:  # "dist_async": the servers keep the states, and start with new ones
            return
        # The updater names a state by parameter, or, without a kvstore, by a number for each parameter and device.
        for key, name in self._optimizer.idx2name.items():
            found = [mx.nd.array(array) for of, array in sorted(self._states.items()) if of.startswith(f"{name}:")]
            if found:
                key = name if self._update_on_kvstore else key
                keeper.states[key] = found[0] if len(found) == 1 else tuple(found)
                keeper.states_synced[key] = False  # it will be moved to its device

    def optimizer_states(self) -> Arrays:
        """By name of parameter and number; every device has the same. Empty where the servers keep them."""
        arrays = {}
        for key, state in getattr(self._state_keeper(), "states", {}).items():
            name = self._optimizer.idx2name.get(key, key)
            state = state if isinstance(state, tuple) else (state,)
            arrays |= {f"{name}:{i}": array.asnumpy() for i, array in enumerate(state) if array is not None}
        return arrays

    def _state_keeper(self) -> mx.optimizer.Updater | None:
        return self._kvstore._updater if self._update_on_kvstore else self._updater


class Checkpoints(BestEpoch):
    """A BestEpoch that writes a checkpoint after each epoch. List `eval_end` after that of `history`."""

    def __init__(
        self,
        module: ResumableModule,
        path: Path | str | None,
        checkpoint: Path | None,
        settings: Settings,
        history: History,
        start: Checkpoint | None,
    ):
        super().__init__(module, path)
        self._checkpoint, self._settings, self._history = checkpoint, settings, history
        if start:
            self.accuracy = max(start.history.valid)
            self.epoch = start.history.valid.index(self.accuracy) + 1
            self._params = [{name: mx.nd.array(array) for name, array in start.best_params.items()}, {}]

    @property
    def ended(self) -> bool:
        """Whether all epochs are done."""
        return len(self._history.valid) == self._settings.epochs

    def remove_checkpoint(self) -> None:
        if self._checkpoint:
            self._checkpoint.unlink(missing_ok=True)

    def eval_end(self, param: mx.model.BatchEndParam) -> None:
        super().eval_end(param)
        if self._checkpoint:
            params, best = (_arrays(group) for group in (self.module.get_params()[0], self._params[0]))
            state = Checkpoint(self._settings, self._history, params, best, self.module.optimizer_states())
            with atomic_write(self._checkpoint) as temporary:
                temporary.write_bytes(state.to_bytes())


def _arrays(params: dict[str, mx.nd.NDArray]) -> Arrays:
    return {name: array.asnumpy() for name, array in params.items()}
