"""Shuffled batches: an order of its own for each epoch, seed and worker, and pictures that keep their labels."""

import numpy as np

from helpers.training.batches import ShuffledBatches
from tests.tools.samples import few


def test_an_epoch_has_its_own_order(digits):
    part = few(digits).train

    def labels(batches):
        return np.concatenate([batch.label[0].asnumpy() for batch in batches])

    batches = ShuffledBatches(part, 90, seed=1)
    first = labels(batches)
    assert len(batches) == 5
    assert len(first) == 450, "50 images do not fill a batch"
    assert np.array_equal(labels(batches), first), "without reset() it is the same epoch"
    batches.reset()
    second = labels(batches)
    assert not np.array_equal(second, first)
    assert np.array_equal(labels(ShuffledBatches(part, 90, seed=1, epoch=1)), second)
    assert not np.array_equal(labels(ShuffledBatches(part, 90, seed=1, part=1)), first)
    assert not np.array_equal(labels(ShuffledBatches(part, 90, seed=2)), first)


def test_images_and_labels_stay_together(digits):
    part = few(digits).train
    labels = {image.tobytes(): label for image, label in zip(part.images, part.labels, strict=True)}
    for batch in ShuffledBatches(part, 100):
        for image, label in zip(batch.data[0].asnumpy(), batch.label[0].asnumpy(), strict=True):
            assert labels[image.tobytes()] == label
