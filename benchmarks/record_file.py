"""MXNet's own file for images that are too many for the memory: written once, then streamed batch by batch."""

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from helpers.base.errors import DigitsError

import mxnet as mx

if TYPE_CHECKING:
    from helpers.data import Split


def write_recordio(split: "Split", path: str | Path) -> None:
    """Write `split` to `path` (.rec), each image as a grey PNG with its label, and where each lies beside it (.idx).

    The images, 0..1, are rounded to 256 levels: those of MNIST come back as they were. Both files are written whole
    or not at all. Raises DigitsError where `path` does not end in .rec or its folder does not exist.
    """
    path = Path(path)
    if path.suffix != ".rec" or not path.parent.is_dir():
        raise DigitsError(f"cannot write {path}: give a name that ends in .rec, in a folder that exists")
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        records, index = Path(folder, path.name), Path(folder, path.with_suffix(".idx").name)
        file = mx.recordio.MXIndexedRecordIO(str(index), str(records), "w")
        for number, (image, label) in enumerate(zip(split.images, split.labels, strict=True)):
            _, png = cv2.imencode(".png", np.rint(image[0] * 255).astype(np.uint8))
            header = mx.recordio.IRHeader(0, float(label), number, 0)
            file.write_idx(number, mx.recordio.pack(header, png.tobytes()))
        file.close()
        index.replace(path.with_suffix(".idx"))
        records.replace(path)


def stream(path: str | Path, batch_size: int = 100, seed: int = 0) -> mx.io.DataIter:
    """Shuffled batches from the file at `path`, as `helpers.data.iterator` gives them, decoded by MXNet's own threads.

    `data` (batch_size, 1, 28, 28) in 0..1 and `softmax_label` (batch_size,), both float32; a last batch that is not
    full is filled up from the beginning. `seed` determines the order. Raises DigitsError where a file is missing.
    """
    path = Path(path)
    for file in (path, path.with_suffix(".idx")):
        if not file.is_file():
            raise DigitsError(f"there is no file {file}: helpers.recordio.write_recordio(split, path) makes both")
    return mx.io.ImageRecordIter(
        path_imgrec=str(path),
        path_imgidx=str(path.with_suffix(".idx")),
        data_shape=(1, 28, 28),
        batch_size=batch_size,
        shuffle=True,
        seed=seed,
        scale=1 / 255,
        preprocess_threads=2,
        verbose=False,
    )
