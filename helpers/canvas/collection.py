"""The class's own digits: drawings with their labels in one file that several notebooks may add to at once.

`my_digits.json` is the truth, a list with one digit per line:

    {"label": 7, "pen": 0.06, "strokes": [[[0.1, 0.2], ...], ...], "image": [0, 0, 96, ...]}

with strokes as in helpers.drawing and the 784 bytes of the image, row by row, that the networks received. Beside it
`my_digits.npz` holds the same images (N, 28, 28) uint8 and labels (N,) int64 for NumPy; it is written anew each time.
"""

import json
import operator
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from helpers.base.arrays import one_image
from helpers.base.errors import DigitsError
from helpers.base.files import atomic_write, locked, reason
from helpers.canvas.traits import points, width
from helpers.data.load import Split
from helpers.drawing.strokes import PEN_WIDTH, as_strokes, to_mnist

FIX = "move it away or give another name, and the digits begin in a new file"


@dataclass(frozen=True)
class Kept:
    """N kept digits: labels (N,) int64; strokes, a list for each drawing; images (N, 28, 28) uint8, ink bright on 0."""

    labels: np.ndarray
    strokes: list[list[list[list[float]]]]
    images: np.ndarray

    def __len__(self) -> int:
        return len(self.labels)


def append(path: str | Path, label: int, strokes: Sequence, image: np.ndarray, pen: float = PEN_WIDTH) -> int:
    """Add one digit to the file at `path` and return how many it holds now.

    path: with or without ".json". label: 0 to 9. strokes and pen: as `helpers.drawing.to_mnist` takes them. image:
    (28, 28) float in 0..1, what the networks received. Other processes may append at the same time.
    Raises DigitsError, and changes nothing, for an empty drawing, a wrong label, a file that holds something else or is
    damaged, and where the file system refuses.
    """
    json_path = _json_path(path)
    record = _record(label, strokes, image, pen)
    with locked(json_path):
        records = [*_read(json_path), record]
        kept = _kept(records)
        # Both files are whole on the disk before either takes its place, so a full disk leaves both as they were.
        with atomic_write(json_path.with_suffix(".npz")) as arrays:
            with arrays.open("wb") as file:
                np.savez_compressed(file, images=kept.images, labels=kept.labels)
                file.flush()
                os.fsync(file.fileno())
            with atomic_write(json_path) as text:
                text.write_text("[\n" + ",\n".join(map(json.dumps, records)) + "\n]\n", encoding="utf-8")
    return len(records)


def read(path: str | Path) -> Kept:
    """The digits of the file at `path`, with or without ".json"; none where there is no file yet.

    Raises DigitsError for a file that cannot be read, is damaged or holds something else.
    """
    return _kept(_read(_json_path(path)))


def as_split(kept: Kept) -> Split:
    """The kept digits as the networks take them: images (N, 1, 28, 28) float32 in 0..1, labels (N,) int32.

    Raises DigitsError when there are none.
    """
    if not len(kept):
        raise DigitsError("no digit is kept yet: draw one, choose its label and press Keep")
    return Split(np.divide(kept.images[:, np.newaxis], 255, dtype=np.float32), kept.labels.astype(np.int32))


def _json_path(path: str | Path) -> Path:
    """The JSON file itself: links are followed, so that all who write to it wait for the same lock."""
    path = Path(os.path.realpath(path))
    return path.with_name(path.name.removesuffix(".json") + ".json")


def _record(label: int, strokes: Sequence, image: np.ndarray, pen: float) -> dict:
    """One digit as it stands in the file. Raises DigitsError for what is not a labelled drawing."""
    strokes, image = as_strokes(strokes), one_image(image)
    if not strokes or not image.any():
        raise DigitsError("the pad is empty: draw a digit first")
    pixels = np.rint(np.clip(image, 0, 1) * 255).astype(int)
    try:
        record = {"label": operator.index(label), "pen": float(pen)}
        record |= {"strokes": [stroke.tolist() for stroke in strokes], "image": pixels.ravel().tolist()}
        _check(record)
    except (TypeError, ValueError):
        wanted = "a label from 0 to 9 and a pen of a width above 0 and up to 1 are wanted"
        raise DigitsError(f"label {label!r} and pen {pen!r} were given: {wanted}") from None
    return record


def _read(path: Path) -> list[dict]:
    """The records of the file, checked one by one; none where there is no file."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return []
    except OSError as error:
        raise DigitsError(f"cannot read {path}: {reason(error)}") from error
    try:
        records = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise DigitsError(f"{path} is cut off or damaged, it is left as it is: {FIX}") from error
    if not isinstance(records, list):
        raise DigitsError(f"{path} does not hold kept digits, it is left as it is: {FIX}")
    for number, record in enumerate(records, start=1):
        try:
            _check(record)
        except (TypeError, ValueError, KeyError, DigitsError) as error:
            raise DigitsError(f"{path} holds something else than a kept digit at entry {number}: {FIX}") from error
    return records


def _check(record: dict) -> None:
    """Raise TypeError, ValueError, KeyError or DigitsError unless this is one labelled drawing."""
    label, pen, image = record["label"], record["pen"], record["image"]
    if type(label) is not int or not 0 <= label <= 9:
        raise ValueError("not a digit")
    if type(pen) not in (int, float) or not 0 < pen <= 1:
        raise ValueError("not a width")
    if len(image) != 784 or not all(type(value) is int and 0 <= value <= 255 for value in image):
        raise ValueError("not an image")
    if not as_strokes(record["strokes"]):
        raise ValueError("not a drawing")


def _kept(records: list[dict]) -> Kept:
    images = np.array([record["image"] for record in records], np.uint8).reshape(-1, 28, 28)
    labels = np.array([record["label"] for record in records], np.int64)
    return Kept(labels, [record["strokes"] for record in records], images)


# MERGED keeping: The digits that someone keeps on a canvas: a list in memory and, if wanted, the class's file.


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
        self.count = len(read(path)) if path else 0

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
        self.count = append(self.path, *digit, pen) if self.path else self.count + 1
        self.digits.append(digit)
        return self.count

    @property
    def file(self) -> str:
        """The name of the file, "" without one."""
        return f"{Path(self.path).name.removesuffix('.json')}.json" if self.path else ""
