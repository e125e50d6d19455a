"""The digits that the book trains on in the reader's browser, as one file of bytes: book/demo/training.js reads it.

A line of JSON, {"source", "train", "valid"} with the numbers of images; then a byte for each label; then 784 for each
image, row by row, ink bright on 0. All of it is packed by gzip.
"""

import gzip
import json

import numpy as np

from helpers.data import Digits, Split, load_mnist

TRAIN, VALID = 5_000, 1_000  # so many of the first images of either part, all there are where there are fewer


def packed_digits(digits: Digits | None = None) -> bytes:
    """The file, of what load_mnist() finds unless `digits` are given: the same digits make the same file."""
    digits = digits or load_mnist()
    train, valid = _first(digits.train, TRAIN), _first(digits.valid, VALID)
    head = {"source": digits.source, "train": len(train), "valid": len(valid)}
    labels = np.concatenate([train.labels, valid.labels]).astype(np.uint8)
    pixels = np.round(255 * np.concatenate([train.images, valid.images])).astype(np.uint8)
    content = json.dumps(head).encode() + b"\n" + labels.tobytes() + pixels.tobytes()
    return gzip.compress(content, mtime=0)


def _first(split: Split, count: int) -> Split:
    return Split(split.images[:count], split.labels[:count])
