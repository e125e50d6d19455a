"""The digits that the book trains on in the reader's browser, as one file of bytes: book/demo/training.js reads it.

A line of JSON, {"source", "train", "valid"} with the numbers of images; then a byte for each label; then 784 for each
image, row by row, ink bright on 0.
"""

import json

import numpy as np

from helpers.data import Digits, Split

TRAIN, VALID = 5_000, 1_000  # so many of the first images of either part, all there are where there are fewer


def digits_in_bytes(digits: Digits) -> bytes:
    """The content of the file."""
    train, valid = _first(digits.train, TRAIN), _first(digits.valid, VALID)
    head = {"source": digits.source, "train": len(train), "valid": len(valid)}
    labels = np.concatenate([train.labels, valid.labels]).astype(np.uint8)
    pixels = np.round(255 * np.concatenate([train.images, valid.images])).astype(np.uint8)
    return json.dumps(head).encode() + b"\n" + labels.tobytes() + pixels.tobytes()


def _first(split: Split, count: int) -> Split:
    return Split(split.images[:count], split.labels[:count])
