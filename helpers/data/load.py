"""The digits as arrays, in three parts, from whichever source is at hand; and as batches for MXNet.

All chapters.
"""

import operator
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from helpers.base.errors import DigitsError
from helpers.data.idx import read_idx
from helpers.data.mat import read_mat
from helpers.data.mnist import DownloadError, mnist_files

if TYPE_CHECKING:
    import mxnet as mx

SOURCES = ("mnist", "digits", "auto")

MAT_SEED = 0  # for the order of the training images of a MATLAB file


@dataclass(frozen=True)
class Split:
    """One part of the data: images (N, 1, 28, 28) float32 in 0..1, ink bright on 0; labels (N,) int32 in 0..9."""

    images: np.ndarray
    labels: np.ndarray

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True)
class Digits:
    """Training, validation and test part. `source` is "mnist" or "digits"; `origin` says in words where they lay."""

    train: Split
    valid: Split
    test: Split
    source: str
    origin: str


def load_mnist(source: str = "auto") -> Digits:
    """Load the digits from "mnist", from scikit-learn's handwriting ("digits"), or from what is at hand ("auto").

    "auto" takes the source that the variable DIGITS_SOURCE names; else MNIST; else, where MNIST is neither on this
    machine nor to be downloaded, the handwriting that comes with scikit-learn, and says so on stderr.
    MNIST is split as 55,000 (the first of the training file), 5,000 (its last) and 10,000 (the test file).
    Raises DigitsError for an unknown source, a wrong MNIST_DIR, or, with "mnist", when the download fails.
    """
    source = _choose(source)
    if source != "digits":
        try:
            return _mnist()
        except DownloadError as error:
            if source == "mnist":
                raise
            print(f"Notice: {error}.", file=sys.stderr)
            print("This is NOT MNIST: the digits now in use are scikit-learn's, fewer and coarser.", file=sys.stderr)
    from helpers.data.sklearn_digits import offline_digits  # needs OpenCV and scikit-learn, which MNIST does not

    parts = [_split(images, labels) for images, labels in offline_digits()]
    return Digits(*parts, source="digits", origin="scikit-learn's handwritten digits, scaled to 28 x 28; not MNIST")


def load_mat(path: str | Path) -> Digits:
    """Load a MATLAB file like mnist_all.mat: `train0`..`train9`, `test0`..`test9`, each uint8 (N, 784) row by row.

    The training images, which lie there in the order of their classes, are shuffled with a fixed seed before the last
    twelfth of them becomes the validation part. The test images keep their order.
    Raises DigitsError for a file that cannot be read, holds something else, or has too few images.
    """
    parts = read_mat(path)
    images, labels = parts["train"]
    tests = len(parts["test"][1])
    if len(labels) < 12 or tests == 0:
        expected = "at least 12 images for training and 1 for testing"
        raise DigitsError(f"expected {expected}, got {len(labels)} and {tests} in {path}: choose a file with more")
    order = np.random.default_rng(MAT_SEED).permutation(len(labels))
    train, valid = _hold_back(images[order], labels[order])
    return Digits(train, valid, _split(*parts["test"]), source="mnist", origin=f"the MATLAB file {path}")


def iterator(split: Split, batch_size: int = 100, shuffle: bool = False) -> "mx.io.NDArrayIter":
    """Batches of `split` for MXNet: `data` (batch_size, 1, 28, 28) and `softmax_label` (batch_size,), both float32.

    A last batch that is not full is filled up from the beginning; its `pad` says by how many. `shuffle` draws a new
    order now and at every reset, from NumPy's global generator (np.random.seed).
    Raises DigitsError unless 1 <= batch_size <= len(split).
    """
    try:
        size = operator.index(batch_size)
    except TypeError:
        size = 0
    if not 1 <= size <= len(split):
        fix = "choose a whole number of images, at most all of them"
        raise DigitsError(f"expected a batch size from 1 to {len(split)}, got {batch_size!r}: {fix}")
    import mxnet as mx  # takes a second, for which nobody has to wait who needs the arrays only

    return mx.io.NDArrayIter(split.images, split.labels, size, shuffle, label_name="softmax_label")


def _choose(source: str) -> str:
    if source not in SOURCES:
        raise DigitsError(f"expected a source of {', '.join(SOURCES)}, got {source!r}: choose one of them")
    if source != "auto":
        return source
    source = os.environ.get("DIGITS_SOURCE") or "auto"
    if source not in SOURCES:
        raise DigitsError(f"expected {', '.join(SOURCES)} in DIGITS_SOURCE, got {source!r}: choose one or unset it")
    return source


def _mnist() -> Digits:
    files = mnist_files()
    arrays = {key: read_idx(path) for key, path in files.items()}
    train, valid = _hold_back(arrays["train-images"], arrays["train-labels"])
    test = _split(arrays["t10k-images"], arrays["t10k-labels"])
    return Digits(train, valid, test, source="mnist", origin=f"MNIST, read from {files['train-images'].parent}")


def _hold_back(images: np.ndarray, labels: np.ndarray) -> tuple[Split, Split]:
    """The training images but for the last twelfth, and that twelfth."""
    whole = _split(images, labels)
    end = len(whole) - len(whole) // 12  # 55,000 of MNIST's 60,000
    return Split(whole.images[:end], whole.labels[:end]), Split(whole.images[end:], whole.labels[end:])


def _split(images: np.ndarray, labels: np.ndarray) -> Split:
    """Images (N, 28, 28) uint8 and labels (N,) of any integer type, as the networks take them."""
    return Split(np.divide(images[:, np.newaxis], 255, dtype=np.float32), labels.astype(np.int32))
