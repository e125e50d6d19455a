"""helpers.recordio: what is written comes back, image by image."""

import numpy as np
import pytest

from benchmarks.record_file import stream, write_recordio
from helpers.base.errors import DigitsError
from helpers.data.load import Split


@pytest.fixture(scope="module")
def split(digits):
    return Split(np.rint(digits.test.images[:60] * 255).astype(np.float32) / 255, digits.test.labels[:60])


@pytest.fixture
def file(split, tmp_path):
    path = tmp_path / "digits.rec"
    write_recordio(split, path)
    return path


def epoch(batches):
    images, labels = zip(*((b.data[0].asnumpy(), b.label[0].asnumpy()) for b in batches), strict=True)
    return np.concatenate(images), np.concatenate(labels)


def key(images, labels):
    return sorted(
        (np.rint(image * 255).astype(np.uint8).tobytes(), int(label))
        for image, label in zip(images, labels, strict=True)
    )


def test_every_image_comes_back_with_its_label(split, file):
    images, labels = epoch(stream(file, 20))
    assert images.dtype == labels.dtype == np.float32
    assert images.shape == (60, 1, 28, 28)
    assert key(images, labels) == key(split.images, split.labels)


def test_another_order_each_epoch_and_the_same_by_seed(file):
    batches = stream(file, 20, seed=1)
    first = epoch(batches)[1]
    batches.reset()
    assert not np.array_equal(epoch(batches)[1], first)
    assert np.array_equal(epoch(stream(file, 20, seed=1))[1], first)


def test_only_the_two_files_are_left(file):
    assert sorted(path.name for path in file.parent.iterdir()) == ["digits.idx", "digits.rec"]


@pytest.mark.parametrize("name", ["digits.bin", "missing/digits.rec"])
def test_a_place_that_cannot_be_written(split, tmp_path, name):
    with pytest.raises(DigitsError, match=r"give a name that ends in \.rec, in a folder that exists"):
        write_recordio(split, tmp_path / name)


@pytest.mark.parametrize("suffix", [".rec", ".idx"])
def test_a_missing_file_is_named(file, suffix):
    file.with_suffix(suffix).unlink()
    with pytest.raises(DigitsError, match=rf"digits\{suffix}: helpers\.recordio\.write_recordio"):
        stream(file)
