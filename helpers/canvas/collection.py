"""The collection of the class's own digits: labelled drawings in one file that several notebooks may add to at once.

`my_digits.json` is the truth, a list with one item per line:

    {"label": 7, "pen": 0.06, "strokes": [[[0.1, 0.2], ...], ...], "image": [0, 0, 96, ...]}

with strokes as in helpers.drawing and the 784 bytes of the image, row by row, that the networks received. Beside it
`my_digits.npz` holds the same images (N, 28, 28) uint8 and labels (N,) int64 for NumPy; it is written anew each time.

Chapter 5.
"""

import json
import operator
import os
import reprlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from helpers.base.errors import DigitsError
from helpers.base.files import MissingFile, atomic_write, locked, read_file
from helpers.canvas.traits import points, width
from helpers.data.load import Split
from helpers.drawing.strokes import as_strokes, to_mnist

MOST = 2**24  # bytes of a file: some 4,000 digits

FIX = "it is left as it is, so move it away or choose another name, and a new collection begins"


class Item(NamedTuple):
    """A labelled drawing: a digit 0 to 9, strokes and pen as on the pad, and the image (28, 28) float32 in 0..1."""

    label: int
    strokes: list[list[list[float]]]
    pen: float
    image: np.ndarray


@dataclass(frozen=True)
class Collection:
    """N items: labels (N,) int64; strokes, a list for each drawing; images (N, 28, 28) uint8, ink bright on 0."""

    labels: np.ndarray
    strokes: list[list[list[list[float]]]]
    images: np.ndarray

    def __len__(self) -> int:
        return len(self.labels)

    def as_split(self) -> Split:
        """The items as the networks take them: images (N, 1, 28, 28) float32 in 0..1, labels (N,) int32.

        Raises DigitsError when there are none.
        """
        if not len(self):
            raise DigitsError(
                "expected a collection of at least one digit, got an empty one: "
                "draw a digit, choose its label and press Keep"
            )
        images = np.divide(self.images[:, np.newaxis], 255, dtype=np.float32)
        return Split(images, self.labels.astype(np.int32))


class Collector:
    """What one canvas collects: its items in order, and the file that they are added to, if any."""

    def __init__(self, path: str | Path | None):
        """path: of the file, with or without ".json"; None for no file. DigitsError if it holds something else."""
        self.path = path
        self.items: list[Item] = []
        self.count = len(read_collection(path)) if path else 0  # items in the file, or of this canvas without one

    @property
    def file(self) -> str:
        """The name of the file, "" without one."""
        return _json_name(self.path) if self.path else ""

    def add(self, label: int, strokes: Sequence, pen: float) -> int:
        """Add a drawing with its label, as `make_item` takes them, and return the new count.

        Raises DigitsError, and adds nothing, where `make_item` or `append_item` does.
        """
        item = make_item(label, strokes, pen)
        self.count = append_item(self.path, item) if self.path else self.count + 1
        self.items.append(item)
        return self.count


def make_item(label: int, strokes: Sequence, pen: float) -> Item:
    """A drawing with its label 0 to 9; strokes and pen as `helpers.drawing.to_mnist` takes them.

    Its image is the one that all steps make, so that all items are of one kind.
    Raises DigitsError for an empty drawing, a wrong label, and for what are no strokes or no pen.
    """
    try:
        digit = operator.index(label)
    except TypeError:
        digit = -1
    if isinstance(label, bool) or not 0 <= digit <= 9:
        raise DigitsError(f"expected a label from 0 to 9, got {reprlib.repr(label)}: give the digit that was drawn")
    pen = width(pen)
    image = to_mnist(strokes, pen)
    if not image.any():
        raise DigitsError("expected a drawing, got an empty pad: draw a digit first")
    return Item(digit, points(strokes), pen, image)


def append_item(path: str | Path, item: Item) -> int:
    """Add an item to the collection in the file at `path` and return how many it holds now.

    path: with or without ".json". Other processes may append at the same time. Raises DigitsError, and changes nothing,
    for a file that holds something else or is damaged, and where the file system refuses.
    """
    json_path = _json_path(path)
    with locked(json_path):
        records = [*_read_records(json_path), _to_record(item)]
        content = "[\n" + ",\n".join(map(json.dumps, records)) + "\n]\n"
        if len(content) > MOST:
            full = f"expected a collection of at most {MOST / 1e6:.0f} MB, got {json_path}, which would have more"
            raise DigitsError(f"{full}: choose another name, and a new collection begins")
        collection = _to_collection(records)
        # Both files are whole on the disk before either takes its place, so a full disk leaves both as they were.
        with atomic_write(json_path.with_suffix(".npz")) as arrays:
            with arrays.open("wb") as file:
                np.savez_compressed(file, images=collection.images, labels=collection.labels)
                file.flush()
                os.fsync(file.fileno())
            with atomic_write(json_path) as text:
                text.write_text(content, encoding="utf-8")
    return len(records)


def read_collection(path: str | Path) -> Collection:
    """The collection in the file at `path`, with or without ".json"; an empty one where there is no file yet.

    Raises DigitsError for a file that cannot be read, is damaged or holds something else.
    """
    return _to_collection(_read_records(_json_path(path)))


def _json_name(path: str | Path) -> str:
    return Path(path).name.removesuffix(".json") + ".json"


def _json_path(path: str | Path) -> Path:
    """The JSON file itself: links are followed, so that all who write to it wait for the same lock."""
    path = Path(os.path.realpath(path))
    return path.with_name(_json_name(path))


def _to_record(item: Item) -> dict:
    """An item as it stands in the file."""
    pixels = np.rint(item.image * 255).astype(int).ravel().tolist()
    return {"label": item.label, "pen": item.pen, "strokes": item.strokes, "image": pixels}


def _to_collection(records: list[dict]) -> Collection:
    labels = np.array([record["label"] for record in records], np.int64)
    images = np.array([record["image"] for record in records], np.uint8).reshape(-1, 28, 28)
    return Collection(labels, [record["strokes"] for record in records], images)


def _read_records(path: Path) -> list[dict]:
    """The records of the file, checked one by one; none where there is no file."""
    try:
        content = read_file(path, MOST, "a collection of digits", FIX)
    except MissingFile:
        return []
    try:
        records = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise _no_collection(path, "is cut off or damaged") from error
    if not isinstance(records, list):
        raise _no_collection(path, "holds something else")
    for number, record in enumerate(records, start=1):
        try:
            _check_record(record)
        except (TypeError, ValueError, KeyError, OverflowError, DigitsError) as error:
            raise _no_collection(path, f"holds something else at entry {number}") from error
    return records


def _no_collection(path: Path, found: str) -> DigitsError:
    return DigitsError(f"expected a collection of digits, got {path}, which {found}: {FIX}")


def _check_record(record: dict) -> None:
    """Raise TypeError, ValueError, KeyError, OverflowError or DigitsError unless this is one labelled drawing."""
    label = record["label"]
    if type(label) is not int or not 0 <= label <= 9:
        raise ValueError("not a digit")
    pen = record["pen"]
    if type(pen) not in (int, float) or not 0 < pen <= 1:
        raise ValueError("not a width")
    image = record["image"]
    if len(image) != 784 or not all(type(value) is int and 0 <= value <= 255 for value in image):
        raise ValueError("not an image")
    if not as_strokes(record["strokes"]):
        raise ValueError("not a drawing")
