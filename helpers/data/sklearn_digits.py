"""Handwritten digits for a room without a network: scikit-learn's small digits, made over as MNIST was made.

The package scikit-learn carries 1,797 digits by 13 people, 8 x 8 pixels each (E. Alpaydin, C. Kaynak: "Optical
Recognition of Handwritten Digits", UCI Machine Learning Repository, 1998). They are real handwriting, but they are not
MNIST: far fewer and coarser.
"""

import cv2
import numpy as np

from helpers.drawing import field

SEED = 0

VALID, TEST = 200, 300  # images; the other 1,297 are for training

COPIES = 4  # varied copies of each training image, beside the image itself

TURN, STRETCH, SHIFT = 12, 0.1, 1.5  # largest variation: degrees, share of the size, pixels


def offline_digits() -> list[tuple[np.ndarray, np.ndarray]]:
    """Training, validation and test part, each as images (N, 28, 28) uint8 and labels (N,) in 0..9.

    N is 6,485, 200 and 300. Every part has the classes in the same proportions, and a varied copy is in the training
    part only, behind all the images it could be a copy of. The same on every call.
    """
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    small = load_digits()
    images = np.stack([to_mnist(image) for image in small.images])
    rest, test, rest_labels, test_labels = train_test_split(
        images, small.target, test_size=TEST, stratify=small.target, random_state=SEED
    )
    train, valid, train_labels, valid_labels = train_test_split(
        rest, rest_labels, test_size=VALID, stratify=rest_labels, random_state=SEED
    )
    random = np.random.default_rng(SEED)
    varied = [vary(image, random) for _ in range(COPIES) for image in train]
    train, train_labels = np.concatenate([train, varied]), np.tile(train_labels, 1 + COPIES)
    return [(train, train_labels), (valid, valid_labels), (test, test_labels)]


def to_mnist(counts: np.ndarray) -> np.ndarray:
    """One small digit, (8, 8) counts of ink in 0..16, as MNIST would have it: (28, 28) uint8."""
    coverage = np.pad(counts.astype(np.float32) / 16, 1)
    # A thin line covers no pixel of 8 x 8 wholly, so ink is what comes near the strongest pixel around it.
    nearby = np.maximum(cv2.dilate(coverage, np.ones((3, 3), np.uint8)), 0.5)
    size = tuple(10 * side for side in coverage.shape)
    sharpness = cv2.resize(coverage, size, interpolation=cv2.INTER_CUBIC) / cv2.resize(nearby, size)
    ink = np.clip((sharpness - 0.62) / 0.3 + 0.5, 0, 1)  # 0.62 gives lines as wide as those of MNIST, 0.3 edges as soft
    return _to_bytes(field.centre_by_mass(field.fit_box(ink)))


def vary(image: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """The image (28, 28) uint8 a little turned, stretched and shifted, by amounts drawn from `random`."""
    centre = (field.FIELD / 2, field.FIELD / 2)
    matrix = cv2.getRotationMatrix2D(centre, random.uniform(-TURN, TURN), 1 + random.uniform(-STRETCH, STRETCH))
    matrix[:, 2] += random.uniform(-SHIFT, SHIFT, size=2)
    return cv2.warpAffine(image, matrix, image.shape, flags=cv2.INTER_CUBIC)


def _to_bytes(ink: np.ndarray) -> np.ndarray:
    return np.round(255 * ink).astype(np.uint8)
