"""A trained network that answers: load its parameters, give it images, get probabilities.

Chapters 2 to 5 and 9, the canvas and the demo.
"""

import json
import os
from collections.abc import Collection, Mapping
from functools import cached_property
from itertools import islice
from pathlib import Path

import numpy as np

from helpers.base.arrays import as_array, many_images, one_image
from helpers.base.errors import DigitsError
from helpers.base.files import read_file
from helpers.networks.arrangement import faster
from helpers.networks.params import FIX, read_params, write_params
from helpers.networks.symbols import NETWORKS, parameter_shapes, probabilities

import mxnet as mx

BATCH_SIZE = 200

# The least probability of an answer: with less the pad and `predict` say that they are not sure. Two aims meet here: at
# most 1 % of people's pen digits are turned away, and of each kind of photo at most 1 % is surely misread.
SURE = 0.55

LARGEST_CARD = 2**16  # bytes

# oneDNN computes a convolution and its ReLU in one pass, which makes the CNN 1.3 times as fast. It has no such pass for
# LeNet's tanh, and falls back to one that is four times as slow.
FUSED = {"dropout-cnn"}

SHIPPED = (*NETWORKS, "canvas")  # the names of the trained parameters that ship; "canvas" is another dropout CNN


class Classifier:
    """One of the three networks with its parameters, in test mode: dropout is off.

    Its executors and its copy of the parameters are its own, so nothing else that runs in the process changes its
    answers. Like everything that is bound in MXNet, it must not be called from two threads at once.
    """

    def __init__(self, network: str, params: Mapping[str, np.ndarray | mx.nd.NDArray]):
        """network: "mlp", "lenet" or "dropout-cnn"; params: its arrays by name, as in `Module.get_params()[0]`.

        Raises DigitsError unless these are the network's parameters, each of its shape and finite.
        """
        self.network = _known(network)
        params = {name: as_array(array, name) for name, array in params.items()}
        _check(network, params)
        self._params = {name: array.astype(np.float32) for name, array in params.items()}  # copies
        # One image is written straight into the memory that its executor reads: a copy by MXNet would take longer than
        # the network. from_numpy locks the array that it is given, not another view of the same memory.
        self._image = np.zeros((1, 1, 28, 28), np.float32)
        self._one = self._bind(mx.nd.from_numpy(self._image.view()))

    @classmethod
    def load(cls, source: str | Path) -> "Classifier":
        """Load a shipped network by its name, or any of the three from a .params file, told by names and shapes.

        source: "mlp", "lenet", "dropout-cnn", "canvas" (the dropout CNN that reads drawings best) or a path. A card
        beside the file, as those that ship have one, tells its SHA-256. Raises DigitsError that names the file when it
        cannot be read, is damaged, is not the one of its card, or holds the parameters of something else.
        """
        path = _find(source)
        arg_params, aux_params = _read(path)
        params = arg_params | aux_params
        network = _recognise(params, path)
        _check(network, params, path)  # the constructor does not know the file's name
        return cls(network, params)

    def save(self, path: str | Path) -> None:
        """Save the parameters to `path`, whole or not at all, in the format of `Module.save_params`."""
        write_params(path, {f"arg:{name}": array for name, array in self._params.items()})

    @property
    def params(self) -> dict[str, np.ndarray]:
        """A copy of the parameters, float32 arrays by name."""
        return {name: array.copy() for name, array in self._params.items()}

    def probabilities(self, image: np.ndarray) -> np.ndarray:
        """The probability of each digit, (10,) float32, for one image: (28, 28) floats in 0..1, bright ink on 0.

        Raises DigitsError for any other shape, type or range, and where the parameters are too large to compute with.
        """
        self._image[0, 0] = one_image(image)
        return _answers(self._one.forward(is_train=False)[0].asnumpy()[0])  # asnumpy waits: the image may change then

    def probabilities_of(self, images: np.ndarray) -> np.ndarray:
        """The same for many images (N, 1, 28, 28) with any N, 0 included: (N, 10) float32."""
        images = many_images(images)
        return _answers(run_batches(self._many, images)) if len(images) else np.zeros((0, 10), np.float32)

    @cached_property
    def _many(self) -> mx.executor.Executor:
        """The network bound for batches; made when it is first needed, since it takes 100 times the memory."""
        return self._bind(mx.nd.zeros((BATCH_SIZE, 1, 28, 28)))

    def _bind(self, data: mx.nd.NDArray) -> mx.executor.Executor:
        symbol = probabilities(NETWORKS[self.network]())
        if self.network in FUSED:
            symbol = symbol.optimize_for("MKLDNN")  # it keeps the parameters of the first pass, which never change here
        elif len(data) > 1:
            symbol = faster(symbol)
        else:
            symbol = faster(symbol, together=1)  # for a single image even channels cost more than they bring
        return symbol.bind(mx.cpu(), _as_ndarrays(self._params) | {"data": data}, grad_req="null")


def load_params(source: str | Path) -> tuple[dict[str, mx.nd.NDArray], dict[str, mx.nd.NDArray]]:
    """The parameters of a shipped network or a .params file, as `Module.set_params(arg_params, aux_params)` takes them.

    Raises DigitsError when the file is missing or damaged, has numbers that are not finite, or is not the one of its
    card.
    """
    path = _find(source)
    arg_params, aux_params = _read(path)
    for name, array in (arg_params | aux_params).items():
        _check_finite(name, array, f" in {path}")
    return _as_ndarrays(arg_params), _as_ndarrays(aux_params)


def checkpoint_path(name: str) -> Path:
    """Where the parameters of "mlp", "lenet", "dropout-cnn" or "canvas" lie that ship with the project."""
    return Path(__file__).parents[1] / "checkpoints" / f"{_known(name, SHIPPED)}.params"


def _known(name: str, names: Collection[str] = tuple(NETWORKS)) -> str:
    if name not in names:
        raise DigitsError(f'expected one of the networks {", ".join(names)}, got "{name}": check the name')
    return name


def _find(source: str | Path) -> Path:
    """The file of a shipped network, or the path itself."""
    path = Path(source)
    if source in SHIPPED:
        path = checkpoint_path(source)
        if not path.exists():
            train = f"python -m helpers train {source} --out {source}.params"
            command = train if source in NETWORKS else f"python tools/make_checkpoints.py {source}"
            cause = f"the trained {source} is missing"
            raise DigitsError(f"cannot read {path}: {cause}: install the project again, or run `{command}`")
    elif not path.suffix and not os.access(path, os.F_OK):  # path.exists() raises for a name that is too long
        raise DigitsError(f'expected {", ".join(SHIPPED)} or a .params file, got "{source}": check the name')
    return path


def _read(path: Path) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """The arrays of a file without their prefixes: what is learnt ("arg:"), and auxiliary states ("aux:")."""
    params = read_params(path, _checksum(path))
    groups = {"arg": {}, "aux": {}}
    for name, array in params.items():
        prefix, _, rest = name.partition(":")
        if prefix not in groups:
            raise DigitsError(f'expected a file that a Module has written, got {path} with an array "{name}": {FIX}')
        groups[prefix][rest] = array
    return groups["arg"], groups["aux"]


def _recognise(params: Mapping[str, np.ndarray], path: Path) -> str:
    """The network whose parameters have these names; `path` is where they come from."""
    for network in NETWORKS:
        if parameter_shapes(network).keys() == params.keys():
            return network
    wanted = f"the parameters of one of {', '.join(NETWORKS)} in {path}"
    raise DigitsError(f"expected {wanted}, got {_listed(params)}: {FIX}")


def _listed(names: Collection[str]) -> str:
    """The first names and how many more there are, so that it stays one line."""
    more = len(names) - 5
    return ", ".join(islice(names, 5)) + (f" and {more} more" if more > 0 else "")


def _check(network: str, params: Mapping[str, np.ndarray], path: Path | None = None) -> None:
    """Raise DigitsError unless these are the network's parameters; it names the file that they come from, if any."""
    where = f" in {path}" if path else ""
    wanted = parameter_shapes(network)
    if params.keys() != wanted.keys():
        fix = f"give those of a trained {network}"
        raise DigitsError(
            f"expected the parameters {_listed(wanted)} of {network}, got {_listed(params)}{where}: {fix}"
        )
    for name, array in params.items():
        if array.shape != wanted[name] or array.dtype.kind not in "fiu":
            given = f"{array.dtype} of shape {array.shape}"
            raise DigitsError(
                f"expected floats of shape {wanted[name]} as {network}'s {name}, got {given}{where}: {FIX}"
            )
        _check_finite(name, array, where)


def _check_finite(name: str, array: np.ndarray, where: str) -> None:
    """Raise DigitsError unless float32, which MXNet computes with, can hold each number."""
    if not (np.abs(array.astype(np.float64)) <= np.finfo(np.float32).max).all():  # which NaN is not, either
        fix = "train it again with a lower learning rate, or copy the file again"
        raise DigitsError(f"expected finite numbers in {name}, got NaN or infinite values{where}: {fix}")


def _checksum(path: Path) -> str | None:
    """The SHA-256 on the card beside a file, `lenet.json` beside `lenet.params`; None without card or checksum.

    What else is of that name is no card.
    """
    try:
        card = json.loads(read_file(path.with_suffix(".json"), LARGEST_CARD, "a card", FIX))
    except (DigitsError, ValueError, RecursionError):
        return None
    sha256 = card.get("sha256") if isinstance(card, dict) else None
    return sha256 if isinstance(sha256, str) else None


def _answers(probabilities: np.ndarray) -> np.ndarray:
    """The probabilities, if they are some. Raises DigitsError where the network computed NaN."""
    if not np.isfinite(probabilities).all():
        found = "NaN, as the parameters are too large to compute with"
        raise DigitsError(f"expected probabilities, got {found}: give those of a network that was trained well")
    return probabilities


def _as_ndarrays(params: Mapping[str, np.ndarray]) -> dict[str, mx.nd.NDArray]:
    return {name: mx.nd.array(array) for name, array in params.items()}


def run_batches(executor: mx.executor.Executor, images: np.ndarray) -> np.ndarray:
    """The probabilities (N, 10) of `images` (N, 1, 28, 28), float32, N at least 1, in batches of the executor's size.

    All batches are handed over before the first answer is read, so that MXNet never waits for Python. Prediction with a
    Module (helpers.training) is another loop for a reason: the reader has bound it, to any network, so each batch's
    answer is looked at before the next one goes in.
    """
    size = executor.arg_dict["data"].shape[0]
    count = len(images)
    missing = -count % size
    if missing:
        images = np.concatenate([images, np.zeros((missing, *images.shape[1:]), np.float32)])
    batches = [mx.nd.from_numpy(images[start : start + size]) for start in range(0, count, size)]
    outputs = [executor.forward(is_train=False, data=batch)[0].copy() for batch in batches]
    return np.concatenate([output.asnumpy() for output in outputs])[:count]
