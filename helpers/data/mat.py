"""MNIST as MATLAB users have it: mnist_all.mat, a file with one variable for each class and part.

Chapter 6.
"""

from io import BytesIO
from pathlib import Path

import numpy as np

from helpers.base.errors import DigitsError
from helpers.base.files import atomic_write, reason
from helpers.data.idx import read_idx
from helpers.data.mnist import mnist_files

CONTENT = "a MATLAB file with train0..train9 and test0..test9, uint8 of shape (N, 784)"

KEYS = {"train": "train", "test": "t10k"}  # how the names of the IDX files begin


def read_mat(path: str | Path) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """The parts "train" and "test", each as images (N, 28, 28) uint8 and labels (N,), in the order of the classes.

    The file has the variables `train0`..`train9` and `test0`..`test9`, each uint8 (N, 784), one image per row, pixels
    row by row. N differs from class to class and may be 0.
    Raises DigitsError for a file that cannot be read or holds something else.
    """
    path = Path(path)
    arrays = _load(path)
    parts = {}
    for part in ("train", "test"):
        classes = [_class_images(arrays, f"{part}{digit}", path) for digit in range(10)]
        parts[part] = np.concatenate(classes), np.repeat(np.arange(10), [len(images) for images in classes])
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


def _load(path: Path) -> dict[str, np.ndarray]:
    from scipy.io import loadmat

    try:
        content = path.read_bytes()
    except OSError as error:
        raise DigitsError(f"cannot read {path}: {reason(error)}") from error
    try:
        return loadmat(BytesIO(content))
    except NotImplementedError as error:  # SciPy's answer to version 7.3, which is HDF5
        raise DigitsError(
            f"expected {CONTENT}, got {path} of version 7.3: save it anew with save(..., '-v7')"
        ) from error
    except Exception as error:  # damaged files bring out almost any exception in SciPy's reader
        found = f"{path}, which is not one or damaged"
        raise DigitsError(f"expected {CONTENT}, got {found}: check that it is the right file") from error


def _class_images(arrays: dict[str, np.ndarray], name: str, path: Path) -> np.ndarray:
    if name not in arrays:
        raise DigitsError(f"expected {CONTENT}, got {path} without {name}: check that it is the right file")
    array = arrays[name]
    if getattr(array, "dtype", None) != np.uint8 or array.ndim != 2 or array.shape[1] != 784:
        kind = f"{array.dtype} of shape {array.shape}" if isinstance(array, np.ndarray) else type(array).__name__
        raise DigitsError(f"expected {CONTENT}, got {path} with {name} of {kind}: check that it is the right file")
    return array.reshape(-1, 28, 28)
