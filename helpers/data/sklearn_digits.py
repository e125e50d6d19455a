"""Handwritten digits for a room without a network: scikit-learn's small digits, made over as MNIST was made.

The package scikit-learn carries 1,797 digits by 13 people, 8 x 8 pixels each (E. Alpaydin, C. Kaynak: "Optical
Recognition of Handwritten Digits", UCI Machine Learning Repository, 1998). They are real handwriting, but they are not
MNIST: far fewer and coarser.
All chapters.
"""

import cv2
import numpy as np

from helpers.drawing.field import FIELD, centre_by_mass, fit_box

SPLIT_SEED = 0

VARIATION_SEED = 0

VALID = 200  # images

TEST = 300  # images; the other 1,297 are for training

COPIES = 4  # varied copies of each training image, beside the image itself

TURN = 12  # degrees, the most that a copy is turned to either side

STRETCH = 0.1  # the most that a copy's size changes, as a share of it

SHIFT = 1.5  # pixels, the most that a copy is moved along each axis


def offline_digits() -> list[tuple[np.ndarray, np.ndarray]]:
    """Training, validation and test part, each as images (N, 28, 28) uint8 and labels (N,) in 0..9.

    N is 6,485, 200 and 300. Every part has the classes in the same proportions, and a varied copy is in the training
    part only, behind all the images it could be a copy of. The same on every call.
    """
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    small = load_digits()
    images = np.stack([enlarge(counts) for counts in small.images])
    rest, test, rest_labels, test_labels = train_test_split(
        images, small.target, test_size=TEST, stratify=small.target, random_state=SPLIT_SEED
    )
    train, valid, train_labels, valid_labels = train_test_split(
        rest, rest_labels, test_size=VALID, stratify=rest_labels, random_state=SPLIT_SEED
    )
    random = np.random.default_rng(VARIATION_SEED)
    copies = [vary(image, random) for _ in range(COPIES) for image in train]
    train = np.concatenate([train, copies])
    train_labels = np.tile(train_labels, 1 + COPIES)
    return [(train, train_labels), (valid, valid_labels), (test, test_labels)]


def enlarge(counts: np.ndarray) -> np.ndarray:
    """One of the small digits, (8, 8) counts of ink in 0..16, as MNIST would have it: (28, 28) uint8."""
    coverage = np.pad(counts.astype(np.float32) / 16, 1)
    # A thin line covers no pixel of 8 x 8 wholly, so ink is what comes near the strongest pixel around it.
    nearby = np.maximum(cv2.dilate(coverage, np.ones((3, 3), np.uint8)), 0.5)
    size = tuple(10 * side for side in coverage.shape)
    sharpness = cv2.resize(coverage, size, interpolation=cv2.INTER_CUBIC) / cv2.resize(nearby, size)
    ink = np.clip((sharpness - 0.62) / 0.3 + 0.5, 0, 1)  # 0.62 gives lines as wide as those of MNIST, 0.3 edges as soft
    image = centre_by_mass(fit_box(ink))
    return np.round(255 * image).astype(np.uint8)


def vary(image: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """The image (28, 28) uint8 a little turned, stretched and shifted, by amounts drawn from `random`."""
    centre = (FIELD / 2, FIELD / 2)
    matrix = cv2.getRotationMatrix2D(centre, random.uniform(-TURN, TURN), 1 + random.uniform(-STRETCH, STRETCH))
    matrix[:, 2] += random.uniform(-SHIFT, SHIFT, size=2)
    return cv2.warpAffine(image, matrix, image.shape, flags=cv2.INTER_CUBIC)
