"""Read one image with one or several networks, each a copy of its own: the work behind a canvas."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np

from helpers.base.errors import DigitsError
from helpers.classifier.classifier import Classifier
from helpers.classifier.inside import FirstLayer, Saliency

TITLES = {"mlp": "MLP", "lenet": "LeNet", "dropout-cnn": "CNN"}

WANTED = 'a classifier, a shipped one by its name such as "lenet", or several by name: {"MLP": a, "LeNet": b}'


class Reads(Protocol):
    """What a network has to offer to read digits: a Classifier, or one of your own making."""

    def probabilities(self, image: np.ndarray) -> np.ndarray:
        """The probability of each digit, (10,), for one image (28, 28) float32 in 0..1."""


@dataclass(frozen=True)
class Reading:
    """What the networks make of an image (28, 28) float32 in 0..1.

    By name: probabilities (10,) float32, and the answer, a digit, or None where the network is not sure. Without ink,
    and from a network that fails, zeros and None; `error` then says why, and is "" when nothing went wrong.
    """

    image: np.ndarray
    probabilities: dict[str, np.ndarray]
    answers: dict[str, int | None]
    error: str

    @property
    def state(self) -> str:
        """At a glance: "empty", "error", "sure" or "unsure"."""
        if self.error or not self.image.any():
            return "error" if self.error else "empty"
        return "unsure" if None in self.answers.values() else "sure"

    def message(self) -> dict:
        """As the browser is told it, the image as 784 bytes."""
        readings = {
            name: {"probabilities": [round(float(p), 5) for p in values], "answer": self.answers[name]}
            for name, values in self.probabilities.items()
        }
        image = np.rint(self.image * 255).astype(np.uint8).tobytes()
        return {"state": self.state, "error": self.error, "image": image, "readings": readings}


class Readers:
    """Networks by name that read the same image. Not for two threads at once: the canvas holds a lock."""

    def __init__(self, classifiers: Reads | str | Mapping[str, Reads | str], sure: float):
        """One network or a dict of them. A Classifier is copied, anything else with `probabilities` is used as it is.

        sure: the least probability that makes an answer. Raises DigitsError for what cannot read an image.
        """
        if not 0 <= sure <= 1:
            raise DigitsError(f"sure = {sure!r} was given, wanted is a probability in 0..1, as 0.6")
        self._sure = sure
        if not isinstance(classifiers, Mapping):
            reader = _own(classifiers)
            network = getattr(reader, "network", type(reader).__name__)
            self.networks = {TITLES.get(network, network): reader}
        elif not classifiers:
            raise DigitsError(f"no network was given, wanted is {WANTED}")
        else:
            self.networks = {_name(name): _own(each) for name, each in classifiers.items()}

    def read(self, image: np.ndarray) -> Reading:
        """Ask every network; one that fails does not keep the others from answering."""
        probabilities, errors = {name: np.zeros(10, np.float32) for name in self.networks}, []
        for name, network in self.networks.items() if image.any() else ():
            try:
                probabilities[name] = _checked(network.probabilities(image))
            except Exception as error:
                errors.append(f"{name}: {one_line(error)}")
        answers = {name: self._answer(values) for name, values in probabilities.items()}
        return Reading(image, probabilities, answers, "; ".join(errors))

    def _answer(self, probabilities: np.ndarray) -> int | None:
        best = int(probabilities.argmax())
        return best if probabilities[best] > 0 and probabilities[best] >= self._sure else None


def one_line(error: Exception) -> str:
    """What went wrong on one line; MXNet's messages go on with a stack trace."""
    text = next((line.strip() for line in str(error).splitlines() if line.strip()), "")
    return text if isinstance(error, DigitsError) else f"{type(error).__name__}: {text}".rstrip(": ")


def _name(name: str) -> str:
    if not (isinstance(name, str) and name.strip()):
        raise DigitsError(f"a network with the name {name!r} was given, wanted is {WANTED}")
    return name


def _own(classifier: Reads | str) -> Reads:
    """A copy of a Classifier, bound anew, so that nothing else in the process uses the same module."""
    if isinstance(classifier, str):
        return Classifier.load(classifier)
    if isinstance(classifier, Classifier):
        return type(classifier)(classifier.network, classifier.params)
    if isinstance(classifier, type) or not callable(getattr(classifier, "probabilities", None)):
        given = f"the class {classifier.__name__}" if isinstance(classifier, type) else type(classifier).__name__
        raise DigitsError(f"{given} was given as a network, wanted is {WANTED}")
    return classifier


def _checked(probabilities: np.ndarray) -> np.ndarray:
    probabilities = np.asarray(probabilities, dtype=np.float32)
    if probabilities.shape != (10,) or not np.isfinite(probabilities).all():
        raise DigitsError(f"ten finite probabilities are wanted, shape {probabilities.shape} was answered")
    return probabilities


# MERGED looking: Pictures of what a drawing does inside the networks of a canvas, as bytes for the browser.


class Looks:
    """Looks inside networks by name. Each look is made when it is first asked for. Not for two threads at once."""

    def __init__(self, networks: Mapping[str, Reads]):
        self._networks = networks
        self._saliencies: dict[str, Saliency] = {}

    def look(self, image: np.ndarray, name: str | None = None) -> dict:
        """What `image` (28, 28) does in the first layer of LeNet, and which of its pixels an answer hangs on.

        name: of the network whose answer it is, the first one if None. Returns `maps`, 20 * 24 * 24 bytes where 128 is
        0 and 255 is 1, and `saliency`, 28 * 28 bytes where 255 is the largest; `maps_of` and `saliency_of` name the
        networks, and `error` says what cannot be shown. Empty for an image without ink.
        """
        if not image.any():
            return {}
        name = name if name in self._networks else next(iter(self._networks))
        found = {"maps_of": "", "saliency_of": name, "error": ""}
        try:
            of, layer = self._first_layer
            maps = layer(image)
            found |= {"maps": _as_bytes((maps + 1) / 2), "maps_shape": list(maps.shape), "maps_of": of}
            saliency = self._saliency(name)(image)
            found["saliency"] = _as_bytes(saliency / (saliency.max() or 1))
        except Exception as error:
            found["error"] = one_line(error)
        return found

    @cached_property
    def _first_layer(self) -> tuple[str, FirstLayer]:
        """The first layer of the LeNet among the networks, else of the one that ships, and its name."""
        for name, network in self._networks.items():
            if isinstance(network, Classifier) and network.network == "lenet":
                return name, FirstLayer(network)
        return "the LeNet of this series", FirstLayer(Classifier.load("lenet"))

    def _saliency(self, name: str) -> Saliency:
        network = self._networks[name]
        if not isinstance(network, Classifier):
            raise DigitsError(f"{name} is no Classifier, so its gradient is not known here")
        if name not in self._saliencies:
            self._saliencies[name] = Saliency(network)
        return self._saliencies[name]


def _as_bytes(values: np.ndarray) -> bytes:
    """Values in 0..1 as bytes 0..255, row by row."""
    return np.rint(np.clip(values, 0, 1) * 255).astype(np.uint8).tobytes()
