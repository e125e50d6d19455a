"""Read MNIST as MATLAB users have it: mnist_all.mat, one variable per class and part."""

from io import BytesIO
from pathlib import Path

import numpy as np

from helpers.errors import DigitsError
from helpers.files import reason


def read_mat(path: str | Path) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """The parts "train" and "test", each as images (N, 28, 28) uint8 and labels (N,), in the order of the classes.

    The file has the variables `train0`..`train9` and `test0`..`test9`, each uint8 (N, 784), one image per row, pixels
    row by row. N differs from class to class and may be 0.
    Raises DigitsError for a file that cannot be read or is not such a one.
    """
    path = Path(path)
    arrays = _load(path)
    parts = {}
    for part in ("train", "test"):
        classes = [_class_images(arrays, f"{part}{digit}", path) for digit in range(10)]
        parts[part] = np.concatenate(classes), np.repeat(np.arange(10), [len(images) for images in classes])
    return parts


def _load(path: Path) -> dict[str, np.ndarray]:
    from scipy.io import loadmat

    try:
        content = path.read_bytes()
    except OSError as error:
        raise DigitsError(f"cannot read {path}: {reason(error)}") from error
    try:
        return loadmat(BytesIO(content))
    except NotImplementedError as error:  # SciPy's answer to version 7.3, which is HDF5
        raise DigitsError(f"{path} is a MATLAB file of version 7.3: save it anew with save(..., '-v7')") from error
    except Exception as error:  # damaged files bring out almost any exception in SciPy's reader
        raise DigitsError(f"{path} is not a MATLAB file, or damaged: check that it is the right one") from error


def _class_images(arrays: dict[str, np.ndarray], name: str, path: Path) -> np.ndarray:
    wanted = "wanted are train0..train9 and test0..test9, uint8 of shape (N, 784)"
    if name not in arrays:
        raise DigitsError(f"{path} has no variable {name}: {wanted}")
    array = arrays[name]
    if getattr(array, "dtype", None) != np.uint8 or array.ndim != 2 or array.shape[1] != 784:
        kind = f"{array.dtype} of shape {array.shape}" if isinstance(array, np.ndarray) else type(array).__name__
        raise DigitsError(f"{path} has {name} as {kind}: {wanted}")
    return array.reshape(-1, 28, 28)
