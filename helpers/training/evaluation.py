"""Predict with a bound Module, and measure its accuracy: correct over total.

Chapters 2 to 4 and 6, their exercises, and the command line.
"""

from typing import TYPE_CHECKING

import numpy as np

from helpers.base.arrays import as_batch
from helpers.base.errors import DigitsError

import mxnet as mx

if TYPE_CHECKING:
    from helpers.data.load import Split


def predict(module: mx.mod.Module, images: np.ndarray) -> np.ndarray:
    """Probabilities (N, 10), float32, of `images` (N, 1, 28, 28), in test mode: dropout is off.

    `module` is bound, for training or for prediction, and has parameters. The images pass through in batches of the
    size it is bound for; the last batch is filled up with zeros, whose answers are dropped. So the module keeps its
    shapes and can be trained further. Raises DigitsError when the module is not ready, when the images do not fit it,
    and when it does not answer with probabilities.
    """
    if not (module.binded and module.params_initialized):
        ready = "call module.bind(...) and set or initialise its parameters first"
        raise DigitsError(f"expected a module that is bound and has parameters, got one that is not ready: {ready}")
    size, *image_shape = module.data_shapes[0].shape
    images = as_batch(images, tuple(image_shape))

    probabilities = []
    for start in range(0, len(images), size):
        given = images[start : start + size]
        batch = np.zeros((size, *image_shape), dtype=np.float32)
        batch[: len(given)] = given
        module.forward(mx.io.DataBatch([mx.nd.array(batch)]), is_train=False)
        output = module.get_outputs()[0]
        if output.ndim != 2 or len(output) != size:
            given = f"expected one row of probabilities per image, got answers of shape {output.shape}"
            raise DigitsError(f"{given}: bind helpers.networks.probabilities(symbol) instead")
        probabilities.append(output.asnumpy()[: len(given)])
    return np.concatenate(probabilities)


def accuracy(module: mx.mod.Module, split: "Split") -> float:
    """The share of `split` (its images and labels) that `module` classifies right: correct over total, 0 to 1.

    Raises DigitsError as `predict` does, and where images and labels differ in number.
    """
    if len(split.images) != len(split.labels):
        given = f"expected one label per image, got {len(split.images)} images but {len(split.labels)} labels"
        raise DigitsError(f"{given}: take both from the same part of the data")
    correct = predict(module, split.images).argmax(axis=1) == split.labels
    return int(correct.sum()) / len(correct)
