"""The networks of a canvas: they read one image side by side, and show what it does inside them.

Three words: a reader is a network that reads digits; a reading is what one reader makes of an image, its probabilities
and its answer; a result is what all of them make of it. Serves the canvas of chapter 5 and of the demo.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np

from helpers.base.errors import DigitsError
from helpers.canvas.traits import Look
from helpers.classifier.classifier import SURE, Classifier
from helpers.classifier.inside import Layers, Saliency

TITLES = {"mlp": "MLP", "lenet": "LeNet", "dropout-cnn": "CNN"}

FIX = 'give a Classifier, the name of a shipped one such as "lenet", or several by name: {"MLP": a, "LeNet": b}'


class Reader(Protocol):
    """What a network has to offer to read digits: a Classifier, or one of your own making."""

    def probabilities(self, image: np.ndarray) -> np.ndarray:
        """The probability of each digit, (10,), for one image (28, 28) float32 in 0..1."""


class Reading(NamedTuple):
    """What one reader makes of an image: probabilities (10,) float32, and a digit, or None where it is not sure.

    Without ink, and from a reader that fails, zeros and None.
    """

    probabilities: np.ndarray
    answer: int | None


@dataclass(frozen=True)
class Result:
    """What the readers make of an image (28, 28) float32 in 0..1: a reading by the name of each.

    error: what went wrong, "" when nothing did.
    """

    image: np.ndarray
    readings: dict[str, Reading]
    error: str

    @property
    def probabilities(self) -> dict[str, np.ndarray]:
        return {name: reading.probabilities for name, reading in self.readings.items()}

    @property
    def answers(self) -> dict[str, int | None]:
        return {name: reading.answer for name, reading in self.readings.items()}

    @property
    def state(self) -> str:
        """At a glance: "empty", "error", "sure" or "unsure"."""
        if self.error:
            return "error"
        if not self.image.any():
            return "empty"
        return "unsure" if None in self.answers.values() else "sure"

    def message(self) -> dict:
        """As the browser is told it, the image as 784 bytes."""
        readings = {
            name: {"probabilities": [round(float(p), 5) for p in reading.probabilities], "answer": reading.answer}
            for name, reading in self.readings.items()
        }
        return {"state": self.state, "error": self.error, "image": _to_bytes(self.image), "readings": readings}


class Readers:
    """Readers by name, for one image at a time. Not for two threads at once: the canvas holds a lock."""

    def __init__(self, readers: Reader | str | Mapping[str, Reader | str], sure: float = SURE):
        """One reader or a dict of them. A Classifier is copied, anything else with `probabilities` is used as it is.

        sure: the least probability that makes an answer. Raises DigitsError for what cannot read an image.
        """
        if not 0 <= sure <= 1:
            raise DigitsError(
                f"expected the least probability of an answer in 0..1, got sure = {sure!r}: give one such as {SURE}"
            )
        self._sure = sure
        if isinstance(readers, Mapping):
            if not readers:
                raise _no_reader("an empty dict")
            self.by_name = {_name(name): _own(reader) for name, reader in readers.items()}
        else:
            reader = _own(readers)
            network = getattr(reader, "network", type(reader).__name__)
            self.by_name = {TITLES.get(network, network): reader}

    def read(self, image: np.ndarray) -> Result:
        """Ask every reader; one that fails does not keep the others from answering."""
        readings = {name: Reading(np.zeros(10, np.float32), None) for name in self.by_name}
        errors = []
        if image.any():
            for name, reader in self.by_name.items():
                try:
                    probabilities = _checked(reader.probabilities(image))
                except Exception as error:
                    errors.append(f"{name}: {one_line(error)}")
                else:
                    readings[name] = Reading(probabilities, self._answer(probabilities))
        return Result(image, readings, "; ".join(errors))

    def _answer(self, probabilities: np.ndarray) -> int | None:
        best = int(probabilities.argmax())
        return best if probabilities[best] > 0 and probabilities[best] >= self._sure else None


class Inside:
    """What an image does inside readers by name, for the browser (xray.js).

    What computes it is built when a network is first looked into. Not for two threads at once.
    """

    def __init__(self, readers: Mapping[str, Reader]):
        self._readers = readers
        self._layers: dict[str, Layers] = {}
        self._saliencies: dict[str, Saliency] = {}

    def look(self, image: np.ndarray, look: Look) -> dict:
        """What `image` (28, 28) does in the layers of a network, and which of its ink speaks for a digit.

        Returns `network`, the name; where the layers are wanted, `plan`, `values`, the outputs of the layers with
        weights, float32 one after the other, and `saliency`, 784 float32 (`Saliency.signed`); where a unit is, `unit`
        with its `layer`, `index`, `bias` and `weights`, float32; and `error` says what cannot be shown. Empty for an
        image without ink.
        """
        if not image.any():
            return {}
        name = look.network if look.network in self._readers else next(iter(self._readers))
        found = {"network": name, "error": ""}
        try:
            layers = self._of(name, self._layers, Layers)
            if look.layers:
                found["plan"] = layers.plan
                found["values"] = b"".join(values.tobytes() for values in layers(image).values())
                found["saliency"] = self._of(name, self._saliencies, Saliency).signed(image, look.digit).tobytes()
            if look.unit:
                layer, index = look.unit
                weights, bias = layers.unit(layer, index)
                found["unit"] = {"layer": layer, "index": index, "weights": weights.tobytes(), "bias": bias}
        except Exception as error:
            found["error"] = one_line(error)
        return found

    def _of(self, name: str, made: dict, make: type):
        """What looks into this reader, of those made before if it is there."""
        reader = self._readers[name]
        if not isinstance(reader, Classifier):
            raise DigitsError(
                f"expected a Classifier, got {name}, whose layers are not known here: look into a Classifier"
            )
        if name not in made:
            made[name] = make(reader)
        return made[name]


def one_line(error: Exception) -> str:
    """What went wrong on one line; MXNet's messages go on with a stack trace."""
    text = next((line.strip() for line in str(error).splitlines() if line.strip()), "")
    return text if isinstance(error, DigitsError) else f"{type(error).__name__}: {text}".rstrip(": ")


def _name(name: str) -> str:
    if not (isinstance(name, str) and name.strip()):
        raise _no_reader(f"one with the name {name!r}")
    return name


def _own(reader: Reader | str) -> Reader:
    """A copy of a Classifier, bound anew, so that nothing else in the process uses the same module."""
    if isinstance(reader, str):
        return Classifier.load(reader)
    if isinstance(reader, Classifier):
        return type(reader)(reader.network, reader.params)
    if isinstance(reader, type):
        raise _no_reader(f"the class {reader.__name__}")
    if not callable(getattr(reader, "probabilities", None)):
        raise _no_reader(type(reader).__name__)
    return reader


def _no_reader(given: str) -> DigitsError:
    return DigitsError(f"expected a network that reads digits, got {given}: {FIX}")


def _checked(probabilities: np.ndarray) -> np.ndarray:
    probabilities = np.asarray(probabilities, dtype=np.float32)
    if probabilities.shape != (10,) or not np.isfinite(probabilities).all():
        finite = "" if np.isfinite(probabilities).all() else " with NaN or infinite values"
        raise DigitsError(
            f"expected ten finite probabilities, got an array of shape {probabilities.shape}{finite}: "
            "correct what the network answers"
        )
    return probabilities


def _to_bytes(values: np.ndarray) -> bytes:
    """Values in 0..1 as bytes 0..255, row by row."""
    return np.rint(np.clip(values, 0, 1) * 255).astype(np.uint8).tobytes()
