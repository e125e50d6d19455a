"""Distorted digits are still those digits, where and about as large as MNIST's, and the same again from a seed."""

import cv2
import numpy as np
import pytest

from helpers.base.errors import DigitsError
from helpers.classifier.classifier import Classifier
from helpers.drawing.augmentation import augment


@pytest.fixture(scope="module")
def images(digits):
    """Handwriting that is on every machine, (300, 1, 28, 28)."""
    return digits.train.images[:300]


@pytest.fixture(scope="module")
def copies(images):
    return augment(images, np.random.default_rng(1))


def test_form(images, copies):
    assert copies.shape == images.shape
    assert copies.dtype == np.float32
    assert copies.min() == 0
    assert copies.max() == 1
    assert copies.any(axis=(1, 2, 3)).all()


def test_the_seed_alone_decides(images, copies):
    assert np.array_equal(augment(images, np.random.default_rng(1)), copies)
    assert not np.array_equal(augment(images, np.random.default_rng(2)), copies)


def test_the_originals_stay(images):
    given = images[:20].copy()
    given.flags.writeable = False
    augment(given, np.random.default_rng(1))
    assert np.array_equal(given, images[:20])


def test_no_images():
    assert augment(np.zeros((0, 1, 28, 28), np.float32), np.random.default_rng(1)).shape == (0, 1, 28, 28)


def test_what_is_blank_stays_blank():
    assert not augment(np.zeros((3, 1, 28, 28), np.float32), np.random.default_rng(1)).any()


def test_a_single_bright_pixel_does_no_harm():
    dots = np.zeros((20, 1, 28, 28), np.float32)
    dots[:, 0, 3, 3] = 1
    found = augment(dots, np.random.default_rng(1))
    assert np.isfinite(found).all()
    assert found.any(axis=(1, 2, 3)).all()


@pytest.mark.parametrize("images", [np.zeros((2, 28, 28)), np.full((2, 1, 28, 28), 255), np.full((2, 1, 28, 28), 7.0)])
def test_what_are_no_images_is_refused(images):
    with pytest.raises(DigitsError, match=r"^expected "):
        augment(images, np.random.default_rng(1))


def measures(images):
    """Centre of mass (x, y), longer side, slant and ink of each image (N, 1, 28, 28)."""
    rows = []
    for (image,) in images:
        m = cv2.moments(image)
        _, _, width, height = cv2.boundingRect((image > 0.25).astype(np.uint8))
        rows.append((m["m10"] / m["m00"], m["m01"] / m["m00"], max(width, height), m["mu11"] / m["mu02"], m["m00"]))
    return np.array(rows).T


def test_each_ends_where_and_about_as_large_as_mnist(copies):
    x, y, side, _, _ = measures(copies)
    assert np.abs([x - 14, y - 14]).max() < 1.5
    assert 18 <= np.percentile(side, 5) < 20 < np.percentile(side, 95) <= 22


def test_one_digit_becomes_many(images):
    many = augment(np.repeat(images[:1], 300, axis=0), np.random.default_rng(1))
    x, y, side, slant, ink = measures(many)
    assert np.ptp(x) > 1.5
    assert np.ptp(y) > 1.5
    assert np.ptp(side) >= 3
    assert np.ptp(slant) > 0.5  # 0.5 is what a rotation by 15 degrees to either side does
    assert np.percentile(ink, 95) > 1.4 * np.percentile(ink, 5)


def test_they_are_still_those_digits(mnist):
    """A network that has seen no distorted digit still reads nearly all of them."""
    images, labels = mnist.valid.images[:1000], mnist.valid.labels[:1000]
    answers = Classifier.load("dropout-cnn").probabilities_of(augment(images, np.random.default_rng(1))).argmax(axis=1)
    assert (answers == labels).mean() > 0.95
