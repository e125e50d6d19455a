"""What is seen inside a network is what NumPy computes, and what finite differences say."""

import time

import numpy as np
import pytest

from helpers.base.errors import DigitsError
from helpers.classifier.classifier import Classifier
from helpers.classifier.inside import FirstLayer, Saliency
from helpers.drawing.strokes import to_mnist

SEVEN = to_mnist([[[0.1, 0.1], [0.7, 0.1], [0.3, 0.9]]])
NOISE = np.random.default_rng(0).uniform(0.1, 0.9, (28, 28)).astype(np.float32)  # no network is sure of it
NETWORKS = ("mlp", "lenet", "dropout-cnn")


@pytest.fixture(scope="module")
def classifiers():
    return {name: Classifier.load(name) for name in NETWORKS}


def convolve(image, kernels, biases):
    windows = np.lib.stride_tricks.sliding_window_view(image, kernels.shape[2:])
    return np.einsum("rcij,fij->frc", windows, kernels[:, 0]) + biases[:, np.newaxis, np.newaxis]


@pytest.mark.parametrize("image", [SEVEN, NOISE, np.zeros((28, 28), np.float32)])
def test_feature_maps_of_lenet(classifiers, image):
    lenet = classifiers["lenet"]
    maps = FirstLayer(lenet)(image)
    assert (maps.shape, maps.dtype) == ((20, 24, 24), np.float32)
    expected = np.tanh(convolve(image, lenet.params["conv1_weight"], lenet.params["conv1_bias"]))
    assert np.allclose(maps, expected, atol=1e-5)


def test_feature_maps_of_the_dropout_cnn(classifiers):
    cnn = classifiers["dropout-cnn"]
    padded = np.pad(SEVEN, 1)
    expected = np.maximum(convolve(padded, cnn.params["conv1_weight"], cnn.params["conv1_bias"]), 0)
    assert np.allclose(FirstLayer(cnn)(SEVEN), expected, atol=1e-5)


def test_the_mlp_has_no_convolution(classifiers):
    with pytest.raises(DigitsError, match=r"^expected a network with a convolution, got mlp: choose lenet or"):
        FirstLayer(classifiers["mlp"])


@pytest.mark.parametrize("name", NETWORKS)
def test_saliency_is_the_slope_of_the_log_probability(classifiers, name):
    classifier = classifiers[name]
    found = Saliency(classifier)(NOISE)
    assert (found.shape, found.dtype) == ((28, 28), np.float32)
    answer = classifier.probabilities(NOISE).argmax()

    # Small steps keep clear of the kinks of ReLU and max pooling, and single pixels that meet one are let pass.
    step = 2e-3
    pixels = np.random.default_rng(1).integers(0, 28, (40, 2))
    slopes = []
    for row, column in pixels:
        up, down = NOISE.copy(), NOISE.copy()
        up[row, column] += step
        down[row, column] -= step
        high, low = (np.log(float(classifier.probabilities(image)[answer])) for image in (up, down))
        slopes.append(abs(high - low) / (2 * step))
    expected = found[tuple(pixels.T)]
    close = np.isclose(slopes, expected, rtol=0.05, atol=0.02 * found.max())
    assert close.mean() >= 0.9


def test_saliency_of_a_certain_answer_is_not_lost_in_rounding(classifiers):
    # The probability of the answer rounds to 1 in float32. NumPy computes the same gradient in float64.
    params = classifiers["mlp"].params
    params["logits_weight"] *= 3
    sure = Classifier("mlp", params)
    assert sure.probabilities(SEVEN).max() == 1

    weights = {name: array.astype(np.float64) for name, array in params.items()}
    x = SEVEN.ravel().astype(np.float64)
    a = weights["fc1_weight"] @ x + weights["fc1_bias"]
    b = weights["fc2_weight"] @ np.maximum(a, 0) + weights["fc2_bias"]
    z = weights["logits_weight"] @ np.maximum(b, 0) + weights["logits_bias"]
    shares = np.exp(z - z.max())
    answer = z.argmax()
    others = np.delete(shares, answer).sum()
    slope = -shares / shares.sum()
    slope[answer] = others / shares.sum()  # 1 - p without the rounding
    slope = weights["logits_weight"].T @ slope * (b > 0)
    slope = weights["fc2_weight"].T @ slope * (a > 0)
    expected = np.abs(weights["fc1_weight"].T @ slope).reshape(28, 28)

    found = Saliency(sure)(SEVEN)
    assert 0 < found.max() < 1e-9
    assert np.allclose(found, expected, rtol=1e-3, atol=1e-3 * expected.max())


def test_dropout_is_off(classifiers):
    saliency = Saliency(classifiers["dropout-cnn"])
    assert np.array_equal(saliency(SEVEN), saliency(SEVEN))


def test_a_look_changes_no_answer(classifiers):
    for classifier in classifiers.values():
        before = classifier.probabilities(SEVEN)
        Saliency(classifier)(NOISE)
        assert np.array_equal(classifier.probabilities(SEVEN), before)


def test_a_wrong_image_is_refused(classifiers):
    for look in (FirstLayer(classifiers["lenet"]), Saliency(classifiers["mlp"])):
        with pytest.raises(DigitsError, match=r"\(28, 28\)"):
            look(np.zeros((1, 28, 28), np.float32))
        with pytest.raises(DigitsError, match="divide by 255"):
            look(np.zeros((28, 28), np.uint8))


@pytest.mark.quiet
def test_fast_enough_to_look_while_drawing(classifiers):
    looks = [FirstLayer(classifiers["lenet"]), *(Saliency(classifier) for classifier in classifiers.values())]
    for look in looks:
        look(SEVEN)
        times = []
        for _ in range(20):
            start = time.perf_counter()
            look(SEVEN)
            times.append(time.perf_counter() - start)
        assert np.median(times) < 0.02
