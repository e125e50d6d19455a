"""The digits that someone keeps on a canvas: a list in memory and, if wanted, the class's file."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from helpers import kept
from helpers.canvas_traits import points, width
from helpers.drawing import to_mnist
from helpers.errors import DigitsError


class KeptDigit(NamedTuple):
    """A drawing that was kept: its label 0 to 9, its strokes, and its image (28, 28) float32 in 0..1."""

    label: int
    strokes: list[list[list[float]]]
    image: np.ndarray


class Collection:
    """Kept digits, in order. `digits`: those of this canvas; `count`: with those that the file held already."""

    def __init__(self, path: str | Path | None):
        """path: of the file, with or without ".json"; None for no file. DigitsError if it holds something else."""
        self.path = path
        self.digits: list[KeptDigit] = []
        self.count = len(kept.read(path)) if path else 0

    def add(self, label: int, strokes: Sequence, pen: float) -> int:
        """Keep a drawing under its label, and return the new count.

        Its image is the one that all steps make, so that all are of one kind. Raises DigitsError, and keeps nothing,
        for an empty drawing, for a wrong label, and when the file cannot be written.
        """
        if isinstance(label, bool) or not isinstance(label, (int, np.integer)) or not 0 <= label <= 9:
            raise DigitsError(f"label {label!r} was given, wanted is the digit that was drawn, 0 to 9")
        digit = KeptDigit(int(label), points(strokes), to_mnist(strokes, width(pen)))
        if not digit.image.any():
            raise DigitsError("the pad is empty: draw a digit first")
        self.count = kept.append(self.path, *digit, pen) if self.path else self.count + 1
        self.digits.append(digit)
        return self.count

    @property
    def file(self) -> str:
        """The name of the file, "" without one."""
        return f"{Path(self.path).name.removesuffix('.json')}.json" if self.path else ""
