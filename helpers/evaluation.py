"""Predict with a bound Module, and score it: correct over total on any number of images."""

from typing import TYPE_CHECKING

import numpy as np

from helpers.errors import DigitsError

import mxnet as mx

if TYPE_CHECKING:
    from helpers.data import Split


def predict(module: mx.mod.Module, images: np.ndarray) -> np.ndarray:
    """Probabilities (N, 10), float32, of `images` (N, 1, 28, 28), in test mode: dropout is off.

    `module` is bound, for training or for prediction, and has parameters. The images pass through in batches of the
    size it is bound for; the last batch is filled up with zeros, whose answers are dropped. So the module keeps its
    shapes and can be trained further. Raises DigitsError when the module is not ready or the images do not fit it.
    """
    if not (module.binded and module.params_initialized):
        raise DigitsError("the module is not ready: call module.bind(...) and set or initialise its parameters first")
    size, *image_shape = module.data_shapes[0].shape
    images = np.asarray(images, dtype=np.float32)
    if list(images.shape[1:]) != image_shape or len(images) == 0:
        wanted = ", ".join(map(str, ["N", *image_shape]))
        raise DigitsError(f"images of shape {images.shape} were given: this module takes ({wanted}) with N at least 1")

    probabilities = []
    for start in range(0, len(images), size):
        given = images[start : start + size]
        batch = np.zeros((size, *image_shape), dtype=np.float32)
        batch[: len(given)] = given
        module.forward(mx.io.DataBatch([mx.nd.array(batch)]), is_train=False)
        output = module.get_outputs()[0]
        if output.ndim != 2 or len(output) != size:
            raise DigitsError(
                f"the module answers with shape {output.shape}, not with one row of probabilities per image: "
                "bind helpers.networks.probabilities(symbol) instead"
            )
        probabilities.append(output.asnumpy()[: len(given)])
    return np.concatenate(probabilities)


def answers(executor: mx.executor.Executor, images: np.ndarray) -> np.ndarray:
    """The probabilities (N, 10) of `images` (N, 1, 28, 28), float32, N at least 1, in batches of the executor's size.

    All batches are handed over before the first answer is read, so that MXNet never waits for Python.
    """
    size, count = executor.arg_dict["data"].shape[0], len(images)
    if short := -count % size:
        images = np.concatenate([images, np.zeros((short, *images.shape[1:]), np.float32)])
    batches = [mx.nd.from_numpy(images[start : start + size]) for start in range(0, count, size)]
    found = [executor.forward(is_train=False, data=batch)[0].copy() for batch in batches]
    return np.concatenate([answer.asnumpy() for answer in found])[:count]


def accuracy(module: mx.mod.Module, split: "Split") -> float:
    """The share of `split` (its images and labels) that `module` classifies right: correct over total, 0 to 1."""
    if len(split.images) != len(split.labels):
        raise DigitsError(f"{len(split.images)} images but {len(split.labels)} labels: one label per image is wanted")
    correct = predict(module, split.images).argmax(axis=1) == split.labels
    return int(correct.sum()) / len(correct)


class ShortLastBatch(mx.io.NDArrayIter):
    """Batches whose last one is short where NDArrayIter would fill it up with images it has already given.

    For validation in `Module.fit`: every image counts once. (Module reshapes itself to the short batch and back.)
    """

    def next(self) -> mx.io.DataBatch:
        batch = super().next()
        kept = self.batch_size - batch.pad
        return mx.io.DataBatch([x[:kept] for x in batch.data], [y[:kept] for y in batch.label], pad=0)
