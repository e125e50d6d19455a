"""scikit-learn's digits, made over as MNIST was: held against the originals and against the real MNIST."""

import numpy as np
from sklearn.datasets import load_digits

from helpers.data import sklearn_digits as offline
from helpers.data.sklearn_digits import enlarge, offline_digits, vary


def test_offline_digits_are_split_by_image_before_they_are_varied():
    (train, train_labels), (valid, valid_labels), (test, test_labels) = offline_digits()
    small = load_digits()
    made = {enlarge(image).tobytes(): label for image, label in zip(small.images, small.target, strict=True)}
    parts = [(train[:1297], train_labels[:1297]), (valid, valid_labels), (test, test_labels)]
    of_part = [{image.tobytes() for image in images} for images, _ in parts]
    assert [len(images) for images, _ in parts] == [1297, 200, 300]
    for i in range(3):  # each of the 1,797 in one part, with its own label
        assert not of_part[i] & set().union(*of_part[:i])
        assert all(made[image.tobytes()] == label for image, label in zip(*parts[i], strict=True))
    assert set().union(*of_part) == set(made)
    for _, labels in parts:  # stratified: 1,797 / 10, give or take the classes' own differences
        share = np.bincount(labels) / len(labels)
        np.testing.assert_allclose(share, np.bincount(small.target) / 1797, atol=0.005)
    np.testing.assert_array_equal(train_labels.reshape(5, 1297), np.tile(train_labels[:1297], (5, 1)))


def test_varied_copies_stay_near_their_original():
    train, _ = offline_digits()[0]
    originals, copies = train[:1297].reshape(1297, -1) / 255.0, train[1297:].reshape(4, 1297, -1) / 255.0
    assert not (copies == originals).all(axis=2).any()
    own = np.sqrt(((copies[0] - originals) ** 2).sum(axis=1))
    other = np.sqrt(((copies[0] - np.roll(originals, 1, axis=0)) ** 2).sum(axis=1))
    assert own.mean() < 0.7 * other.mean()
    assert np.abs(copies.sum(axis=2) / originals.sum(axis=1) - 1).max() < 0.35  # ink is neither lost nor made


def test_no_variation_is_the_same_image(monkeypatch):
    for name in ("TURN", "STRETCH", "SHIFT"):
        monkeypatch.setattr(offline, name, 0)
    image = enlarge(load_digits().images[7])
    np.testing.assert_array_equal(vary(image, np.random.default_rng(0)), image)


def test_offline_digits_are_made_as_mnist_was():
    images = np.stack([enlarge(image) for image in load_digits().images]).astype(float)
    y, x = np.mgrid[:28, :28]
    mass = images.sum(axis=(1, 2))
    for axis in (y, x):
        assert np.abs((images * axis).sum(axis=(1, 2)) / mass - 14).max() <= 0.51  # pixels hold whole numbers
    extent = [np.ptp(np.nonzero(image.any(axis=a))[0]) + 1 for image in images for a in (0, 1)]
    assert (np.reshape(extent, (-1, 2)).max(axis=1) == 20).mean() > 0.95  # a faint last line may round to 0
    assert (images.max(axis=(1, 2)) == 255).all()


def test_offline_digits_have_the_ink_of_mnist(mnist):
    images = np.stack([enlarge(image) for image in load_digits().images]) / 255
    real = mnist.test.images
    assert abs(images.mean() / real.mean() - 1) < 0.05
    assert abs(images.std() / real.std() - 1) < 0.05
    edge = [((i > 0.1) & (i < 0.9)).sum() / (i > 0.1).sum() for i in (images, real)]  # how soft the lines' edges are
    assert abs(edge[0] / edge[1] - 1) < 0.1
