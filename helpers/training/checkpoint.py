"""A checkpoint: all that a training needs to go on from its last epoch as if it had never stopped.

`Module.save_checkpoint` and `Module.save_optimizer_states` write two files, of which a killed process may leave one of
each epoch, and the second is a pickle, which runs whatever code it holds. Here it is one file, written whole or not at
all, and made of arrays and JSON only.

Serves training and the command line.
"""

import io
import json
import math
import zipfile
from dataclasses import asdict, dataclass, field
from itertools import chain
from pathlib import Path

import numpy as np

from helpers.base.errors import DigitsError
from helpers.base.files import MissingFile, atomic_write, read_file
from helpers.distributed.worker import Place
from helpers.networks.symbols import parameter_shapes
from helpers.training.callbacks import BestEpoch, History
from helpers.training.recipes import Settings

import mxnet as mx

MOST = 2**24  # bytes of a file, and of what it unpacks to: the largest network four times, and 60,000 epochs

ANEW = "train anew without --resume"

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
        return _to_mxnet(self.params)

    def best_arrays(self) -> dict[str, mx.nd.NDArray]:
        """Those of the best epoch, as `BestEpoch.resume` takes them."""
        return _to_mxnet(self.best_params)

    def to_bytes(self) -> bytes:
        """The content of a file: the arrays as NumPy stores them, settings and history as JSON beside them."""
        groups = {"params": self.params, "best": self.best_params, "states": self.states}
        arrays = {f"{group}/{name}": array for group, found in groups.items() for name, array in found.items()}
        about = json.dumps({"settings": asdict(self.settings), "history": self.history.to_dict()})
        file = io.BytesIO()
        np.savez(file, about=np.frombuffer(about.encode(), np.uint8), **arrays)
        return file.getvalue()

    @classmethod
    def from_bytes(cls, content: bytes, name: str | Path) -> "Checkpoint":
        """The checkpoint that `to_bytes` made. Raises DigitsError with the `name` of the file where it is not whole.

        Nothing is unpacked or allocated but what a network's arrays and its history can need.
        """
        groups = {"params": {}, "best": {}, "states": {}}
        try:
            arrays = _unpack(content)
            about = json.loads(arrays.pop("about").tobytes())
            for key, array in arrays.items():
                group, _, of = key.partition("/")
                groups[group][of] = array
            found = cls(Settings(**about["settings"]), History(**about["history"]), *groups.values())
            found._check()
            return found
        except Exception as error:  # damaged files bring out almost any exception
            given = f"expected a whole checkpoint in {name}, got another file or a damaged one"
            raise DigitsError(f"{given}: {ANEW}") from error

    def _check(self) -> None:
        """Raise ValueError or TypeError unless the numbers are those of a training of this network."""
        about = self.settings
        lists = self.history.to_dict().values()
        if [type(number) for number in (about.epochs, about.batch_size, about.seed, about.data)] != [
            int,
            int,
            int,
            str,
        ]:
            raise ValueError("other settings")
        if not self.epoch or {len(numbers) for numbers in lists} != {self.epoch}:
            raise ValueError("another history")
        if not all(math.isfinite(number) for number in chain([about.learning_rate], *lists)):
            raise ValueError("a history with numbers that are none")
        shapes = parameter_shapes(about.network)
        if not self.params.keys() == self.best_params.keys() == shapes.keys():
            raise ValueError("the parameters of something else")
        for key, array in [*self.params.items(), *self.best_params.items(), *self.states.items()]:
            if (
                array.shape != shapes[key.partition(":")[0]]
                or array.dtype != np.float32
                or not np.isfinite(array).all()
            ):
                raise ValueError("an array of something else")


def read_checkpoint(path: Path, place: Place | None = None) -> Checkpoint:
    """The checkpoint at `path`; with `place`, at each worker the one that worker 0 finds there.

    Raises DigitsError where there is none, or where it cannot be read.
    """
    place = place or Place()
    content = b""
    if place.first:
        try:
            content = read_file(path, MOST, "a checkpoint", ANEW)
        except MissingFile as error:
            given = f"expected a checkpoint at {path}, got none, as the training has ended or --out was another"
            raise DigitsError(f"{given}: give its --out, or {ANEW}") from error
    return Checkpoint.from_bytes(place.broadcast("checkpoint", content), path)


def _unpack(content: bytes) -> Arrays:
    """The arrays by name in what `np.savez` wrote. `np.load` allocates what a header claims; this reads what is there.

    Raises almost anything for what is something else, and ValueError where it unpacks to more than `MOST`.
    """
    with zipfile.ZipFile(io.BytesIO(content)) as file:
        members = file.infolist()
        if sum(member.file_size for member in members) > MOST:  # zipfile unpacks no more than that of each
            raise ValueError("more than a checkpoint has")
        return {member.filename.removesuffix(".npy"): _array(file.read(member)) for member in members}


def _array(content: bytes) -> np.ndarray:
    """The array in a file of NumPy's format. Raises ValueError where it is not as long as its header claims."""
    stream = io.BytesIO(content)
    if np.lib.format.read_magic(stream) != (1, 0):
        raise ValueError("another version than np.savez writes for such arrays")
    shape, fortran, dtype = np.lib.format.read_array_header_1_0(stream)
    values = content[stream.tell() :]
    if dtype.hasobject or len(values) != math.prod(shape) * dtype.itemsize:
        raise ValueError("cut off, too long, or a pickle")
    return np.frombuffer(values, dtype).reshape(shape, order="F" if fortran else "C")


class ResumableModule(mx.mod.Module):
    """A Module that can tell the state of its optimizer, and start with that of another."""

    def __init__(self, *args, states: Arrays | None = None, **options):
        super().__init__(*args, **options)
        self._states = states or {}

    def init_optimizer(self, *args, **options) -> None:
        """Do what Module does, then put the other optimizer's states into the new one."""
        super().init_optimizer(*args, **options)
        keeper = self._state_keeper()
        if keeper is None:  # "dist_async": the servers keep the states, and start with new ones
            return
        # The updater names a state by parameter, or, without a kvstore, by a number for each parameter and device.
        for key, name in self._optimizer.idx2name.items():
            found = [mx.nd.array(array) for of, array in sorted(self._states.items()) if of.startswith(f"{name}:")]
            if not found:
                continue
            if self._update_on_kvstore:
                key = name
            keeper.states[key] = found[0] if len(found) == 1 else tuple(found)
            keeper.states_synced[key] = False  # it will be moved to its device

    def optimizer_states(self) -> Arrays:
        """By name of parameter and number; every device has the same. Empty where the servers keep them."""
        arrays = {}
        for key, state in getattr(self._state_keeper(), "states", {}).items():
            name = self._optimizer.idx2name.get(key, key)
            parts = state if isinstance(state, tuple) else (state,)
            arrays |= {f"{name}:{i}": array.asnumpy() for i, array in enumerate(parts) if array is not None}
        return arrays

    def _state_keeper(self) -> mx.optimizer.Updater | None:
        return self._kvstore._updater if self._update_on_kvstore else self._updater


class CheckpointWriter:
    """Writes a checkpoint to `path` after each epoch; with None it writes nothing.

    `eval_end` is an `eval_end_callback`; list it after those of `history` and `best`, which it saves.
    """

    def __init__(
        self, path: Path | None, settings: Settings, module: ResumableModule, history: History, best: BestEpoch
    ):
        self.path = path
        self.settings = settings
        self.module = module
        self.history = history
        self.best = best

    def eval_end(self, param: mx.model.BatchEndParam) -> None:
        """Replace the checkpoint of the epoch before. Raises DigitsError where the file system refuses."""
        if self.path is None:
            return
        params, _ = self.module.get_params()
        states = self.module.optimizer_states()
        state = Checkpoint(self.settings, self.history, _to_numpy(params), _to_numpy(self.best.params), states)
        with atomic_write(self.path) as temporary:
            temporary.write_bytes(state.to_bytes())


def _to_numpy(params: dict[str, mx.nd.NDArray]) -> Arrays:
    return {name: array.asnumpy() for name, array in params.items()}


def _to_mxnet(arrays: Arrays) -> dict[str, mx.nd.NDArray]:
    return {name: mx.nd.array(array) for name, array in arrays.items()}
