"""Pictures of what a drawing does inside the networks of a canvas, as bytes for the browser."""

from collections.abc import Mapping
from functools import cached_property

import numpy as np

from helpers.classifier import Classifier
from helpers.errors import DigitsError
from helpers.inside import FirstLayer, Saliency
from helpers.reading import Reads, one_line


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
