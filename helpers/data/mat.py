"""MNIST as MATLAB users have it: mnist_all.mat, with a variable for each class and part, and two other layouts.

Chapter 7.
"""

import math
import struct
import zlib
from io import BytesIO
from pathlib import Path

import numpy as np

from helpers.base.errors import DigitsError
from helpers.base.files import atomic_write, read_file
from helpers.data.idx import read_idx
from helpers.data.mnist import mnist_files

CLASSES = [f"{part}{digit}" for part in ("train", "test") for digit in range(10)]

ORIGINAL = ["data", "label"]

PARTS = ["train_x", "train_y", "test_x", "test_y"]

CONTENT = (
    f"a MATLAB file with train0..train9 and test0..test9, with {' and '.join(ORIGINAL)}, or with {', '.join(PARTS)}, "
    "the images uint8 with 784 pixels"
)

# Bytes of a file, and of what it unpacks to: MNIST's images, ten numbers for each label, and names and sizes.
MOST = 70_000 * (784 + 10 * 8) + 2**20

CHECK = "check that it is the right file"

# Images are uint8, and labels of any of these. Version 4 calls every array of numbers double.
NUMBERS = ("uint8", "double", "single", "int8", "int16", "int32", "int64", "uint16", "uint32", "uint64")

# MATLAB's numbers for types, and for what an array is.
TYPES = (1, 2, 3, 4, 5, 6, 7, 9, 12, 13)
ARRAYS_OF_NUMBERS = range(6, 16)
FLAGS = (6, 8)  # what tells the kind of an array: eight bytes of uint32
COMPRESSED = 15  # a variable that zlib has made smaller

KEYS = {"train": "train", "test": "t10k"}  # how the names of the IDX files begin


def read_mat(path: str | Path) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """The parts "train" and "test", each as images (N, 28, 28) uint8 and labels (N,).

    The images are uint8, 784 pixels each, row by row, in one of three layouts:

    - `train0`..`train9` and `test0`..`test9`, each (N, 784), N differing from class to class, perhaps 0; they come in
      the order of the classes;
    - `data` (784, N) and `label` (1, N), as in the file "MNIST original": the last seventh of them, 10,000 of its
      70,000, is the test part;
    - `train_x` (N, 784), `train_y` (N, 10) with a 1 in the place of the digit, or the digits themselves; `test_x` and
      `test_y` likewise.

    Raises DigitsError for a file that cannot be read, holds something else, or more than 62 MB of it.
    """
    path = Path(path)
    arrays = _load(path)
    if not arrays:
        raise DigitsError(f"expected {CONTENT}, got {path} without any of them: {CHECK}")
    if any(name in arrays for name in CLASSES):
        return {part: _by_class(arrays, part, path) for part in ("train", "test")}
    if any(name in arrays for name in ORIGINAL):
        images = _images(arrays, "data", path, across=True)
        labels = _labels(arrays, "label", len(images), path)
        training = len(images) * 6 // 7
        return {"train": (images[:training], labels[:training]), "test": (images[training:], labels[training:])}
    parts = {}
    for part in ("train", "test"):
        images = _images(arrays, f"{part}_x", path)
        parts[part] = images, _labels(arrays, f"{part}_y", len(images), path)
    return parts


def write_mat(path: str | Path, parts: dict[str, tuple[np.ndarray, np.ndarray]]) -> None:
    """Write `parts`, as `read_mat` returns them: images (N, 28, 28) uint8 and labels (N,) in any order.

    The file is compressed, of version 7 like the published one, and gets the name `path` when it is whole. Within a
    class the images keep their order. Raises DigitsError for images of another kind, and when it cannot be written.
    """
    from scipy.io import savemat

    arrays = {}
    for part in ("train", "test"):
        images, labels = parts[part]
        if images.dtype != np.uint8 or images.shape != (len(labels), 28, 28):
            found = f"{images.dtype} of shape {images.shape} with {len(labels)} labels"
            raise DigitsError(
                f"expected {part} images of uint8 and shape (N, 28, 28), one label for each, got {found}: convert them"
            )
        if not np.isin(labels, range(10)).all():
            raise DigitsError(f"expected {part} labels from 0 to 9, got others, too: choose whole numbers")
        arrays |= {f"{part}{digit}": images[labels == digit].reshape(-1, 784) for digit in range(10)}
    with atomic_write(path) as partial, partial.open("wb") as file:
        savemat(file, arrays, do_compression=True)


def mnist_to_mat(path: str | Path, files: dict[str, Path] | None = None) -> None:
    """Write the four IDX files as one MATLAB file, which `read_mat` and MATLAB read: MNIST's 70,000 images, 13 MB.

    `files` are their paths by the keys of `mnist_files`, which finds them where they are not given.
    Raises DigitsError for files that are missing, are damaged or hold something else.
    """
    files = files or mnist_files()
    read = {key: read_idx(file) for key, file in files.items()}
    write_mat(path, {part: (read[f"{key}-images"], read[f"{key}-labels"]) for part, key in KEYS.items()})


class _TooMuch(Exception):
    """More than there can honestly be."""


def _load(path: Path) -> dict[str, np.ndarray]:
    """Of the variables of the three layouts those that are there; others are left where they are."""
    from scipy.io import loadmat, whosmat

    content = read_file(path, MOST, CONTENT, CHECK)
    names = [*CLASSES, *ORIGINAL, *PARTS]
    try:
        content = _unpacked(content)
        listed = {name: (shape, kind) for name, shape, kind in whosmat(BytesIO(content)) if name in names}
        for name, (shape, kind) in listed.items():  # SciPy makes room for whatever is claimed
            if kind not in NUMBERS or math.prod(shape) > MOST:
                raise _wrong_kind(path, name, f"{kind} of shape {tuple(shape)}")
        found = loadmat(BytesIO(content), variable_names=list(listed))
        return {name: found[name] for name in listed}
    except _TooMuch as error:
        found = f"{path}, which unpacks to more"
        raise DigitsError(f"expected {CONTENT}, of at most {MOST / 1e6:.0f} MB, got {found}: {CHECK}") from error
    except DigitsError:
        raise
    except NotImplementedError as error:  # SciPy's answer to version 7.3, which is HDF5
        raise DigitsError(
            f"expected {CONTENT}, got {path} of version 7.3: save it anew with save(..., '-v7')"
        ) from error
    except Exception as error:  # damaged files bring out almost any exception in SciPy's reader
        found = f"{path}, which is not one or damaged"
        raise DigitsError(f"expected {CONTENT}, got {found}: {CHECK}") from error


def _unpacked(content: bytes) -> bytes:
    """The same file with its variables unpacked. Raises _TooMuch, before it is done, where that is more than `MOST`,
    and ValueError or struct.error where a variable is damaged in a way that SciPy does not survive.

    Version 5 alone, which MATLAB calls 5 to 7, packs variables; what is of another version is returned as it is.
    """
    if len(content) < 128 or 0 in content[:4] or content[124 + (content[126] == ord("I"))] != 1:
        return content
    order = "<" if content[126:128] == b"IM" else ">"
    parts = [content[:128]]
    position = 128
    room = MOST
    while position + 8 <= len(content):
        kind, size = struct.unpack_from(f"{order}II", content, position)
        end = position + 8 + size
        part = content[position:end]
        if kind == COMPRESSED:
            part = zlib.decompressobj().decompress(part[8:], room + 1)
        room -= len(part)
        if room < 0:
            raise _TooMuch
        _check_types(part, order)
        parts.append(part)
        position = end
    return b"".join(parts)


def _check_types(part: bytes, order: str) -> None:
    """Raise ValueError where an array of numbers names no type of numbers: SciPy looks that up beyond its table."""
    if len(part) < 24:
        raise ValueError("cut off")
    kind_of_array = struct.unpack_from(f"{order}I", part, 16)[0] & 0xFF
    if kind_of_array not in ARRAYS_OF_NUMBERS:
        return
    if struct.unpack_from(f"{order}II", part, 8) != FLAGS:
        raise ValueError("SciPy takes these for granted, and would look for all that follows elsewhere")
    position = 24
    for what in ("sizes", "name", "numbers", "imaginary numbers"):
        if position + 8 > len(part):
            if what == "imaginary numbers":
                return
            raise ValueError("cut off")
        kind, size = struct.unpack_from(f"{order}II", part, position)
        small = kind >> 16  # up to four bytes stand in the place of their size
        position += 8 if small else 8 + size + -size % 8
        if (kind & 0xFFFF if small else kind) not in TYPES:
            raise ValueError("no type of numbers")


def _by_class(arrays: dict[str, np.ndarray], part: str, path: Path) -> tuple[np.ndarray, np.ndarray]:
    classes = [_images(arrays, f"{part}{digit}", path) for digit in range(10)]
    return np.concatenate(classes), np.repeat(np.arange(10), [len(images) for images in classes])


def _images(arrays: dict[str, np.ndarray], name: str, path: Path, across: bool = False) -> np.ndarray:
    """(N, 28, 28) uint8, from N rows of 784, or from N columns of them."""
    array = _variable(arrays, name, path)
    rows = array.T if across and array.ndim == 2 else array
    if array.dtype != np.uint8 or rows.ndim != 2 or rows.shape[1] != 784:
        raise _wrong_kind(path, name, f"{array.dtype} of shape {array.shape}")
    return rows.reshape(-1, 28, 28)


def _labels(arrays: dict[str, np.ndarray], name: str, count: int, path: Path) -> np.ndarray:
    """(count,) digits, from a row or a column of them, or from rows with a 1 in the place of the digit."""
    array = _variable(arrays, name, path)
    labels = array.argmax(axis=1) if array.shape == (count, 10) and count else array.ravel()
    if array.dtype.kind not in "uif" or len(labels) != count or not np.isin(labels, range(10)).all():
        raise _wrong_kind(path, name, f"{array.dtype} of shape {array.shape}, no digit for each of {count} images")
    return labels.astype(int)


def _variable(arrays: dict[str, np.ndarray], name: str, path: Path) -> np.ndarray:
    if name not in arrays:
        raise DigitsError(f"expected {CONTENT}, got {path} without {name}: {CHECK}")
    if not isinstance(arrays[name], np.ndarray):
        raise _wrong_kind(path, name, type(arrays[name]).__name__)
    return arrays[name]


def _wrong_kind(path: Path, name: str, kind: str) -> DigitsError:
    return DigitsError(f"expected {CONTENT}, got {path} with {name} of {kind}: {CHECK}")
