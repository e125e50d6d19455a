"""Batches of images for `Module.fit`: in an order that can be repeated, or with a last one that may be short.

Chapter 2 and the command line.
"""

from typing import TYPE_CHECKING

import numpy as np

import mxnet as mx

if TYPE_CHECKING:
    from helpers.data.load import Split


class ShuffledBatches(mx.io.DataIter):
    """Full batches of `split` in a new order each epoch; images that do not fill a batch wait for another epoch.

    A batch is gathered by NumPy in the Python thread while MXNet computes the one before, and handed over as it is:
    `mx.nd.from_numpy` copies nothing. (Gathered by MXNet's `take` it would cost the computing thread time.)

    `iter()` starts an epoch: it seeds the order of the images and MXNet's random numbers (dropout) from `seed`, the
    number of the epoch and `part`, the worker's number; `reset()` goes on to the next epoch. So a run that starts at
    `epoch` 3 sees what one that started at 0 sees from its epoch 3 on, bit for bit.
    """

    def __init__(self, split: "Split", batch_size: int, seed: int = 0, epoch: int = 0, part: int = 0):
        super().__init__(batch_size)
        self._images = split.images
        self._labels = split.labels.astype(np.float32)
        self._seed = seed
        self._epoch = epoch
        self._part = part
        self._order = np.arange(len(self._labels))
        self._start = 0
        self.provide_data = [mx.io.DataDesc("data", (batch_size, *self._images.shape[1:]))]
        self.provide_label = [mx.io.DataDesc("softmax_label", (batch_size,))]

    def __len__(self) -> int:
        """Batches in an epoch."""
        return len(self._labels) // self.batch_size

    def __iter__(self) -> "ShuffledBatches":
        rng = np.random.default_rng([self._seed, self._epoch, self._part])
        mx.random.seed(int(rng.integers(2**31)))
        self._order = rng.permutation(len(self._labels))
        self._start = 0
        return self

    def reset(self) -> None:
        """Go on to the next epoch."""
        self._epoch += 1

    def next(self) -> mx.io.DataBatch:
        """The next full batch. Raises StopIteration where the rest of the images does not fill one."""
        chosen = self._order[self._start : self._start + self.batch_size]
        if len(chosen) < self.batch_size:
            raise StopIteration
        self._start += self.batch_size
        images = mx.nd.from_numpy(self._images[chosen])
        labels = mx.nd.from_numpy(self._labels[chosen])
        return mx.io.DataBatch([images], [labels], pad=0)


class ShortLastBatch(mx.io.NDArrayIter):
    """Batches whose last one is short where NDArrayIter would fill it up with images it has already given.

    For validation in `Module.fit`: every image counts once. (Module reshapes itself to the short batch and back.)
    """

    def next(self) -> mx.io.DataBatch:
        """The next batch, the last one without the images that fill it up. Raises StopIteration after it."""
        batch = super().next()
        kept = self.batch_size - batch.pad
        return mx.io.DataBatch([x[:kept] for x in batch.data], [y[:kept] for y in batch.label], pad=0)
