"""What is seen inside a network is what NumPy computes, and what finite differences say."""

import time

import numpy as np
import pytest

from helpers.base.errors import DigitsError
from helpers.classifier.classifier import Classifier
from helpers.classifier.inside import FirstLayer, Layers, Saliency, plan
from helpers.drawing.strokes import to_mnist
from helpers.networks.symbols import NETWORKS as SYMBOLS

import mxnet as mx

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


def slopes_of(function, count):
    """Places of so many pixels, and how fast function(image) grows with each of them at NOISE, by differences."""
    step = 2e-3  # small, so as to keep clear of the kinks of ReLU and max pooling
    rows, columns = np.random.default_rng(1).integers(0, 28, (count, 2)).T
    slopes = []
    for row, column in zip(rows, columns, strict=True):
        more, less = NOISE.copy(), NOISE.copy()
        more[row, column] += step
        less[row, column] -= step
        slopes.append((function(more) - function(less)) / (2 * step))
    return (rows, columns), np.array(slopes)


@pytest.mark.parametrize("name", NETWORKS)
def test_saliency_is_the_slope_of_the_log_probability(classifiers, name):
    classifier = classifiers[name]
    found = Saliency(classifier)(NOISE)
    assert (found.shape, found.dtype) == ((28, 28), np.float32)
    answer = classifier.probabilities(NOISE).argmax()
    pixels, slopes = slopes_of(lambda image: np.log(float(classifier.probabilities(image)[answer])), 40)
    close = np.isclose(np.abs(slopes), found[pixels], rtol=0.05, atol=0.02 * found.max())
    assert close.mean() >= 0.9  # single pixels that meet a kink are let pass


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


# Every layer


def mxnets_own(classifier):
    """A function that gives the outputs of all layers by name for one image: all of MXNet's internals, bound anew."""
    internals = SYMBOLS[classifier.network]().get_internals()
    names = [name for name in internals.list_outputs() if name.endswith("_output")]
    executor = mx.sym.Group([internals[name] for name in names]).simple_bind(mx.cpu(), data=(1, 1, 28, 28))
    params = {name: mx.nd.array(array) for name, array in classifier.params.items()}
    executor.copy_params_from(params, allow_extra_params=True)

    def outputs(image):
        found = executor.forward(is_train=False, data=mx.nd.array(image[np.newaxis, np.newaxis]))
        return {name.removesuffix("_output"): output[0].asnumpy() for name, output in zip(names, found, strict=True)}

    return outputs


@pytest.mark.parametrize("name", NETWORKS)
def test_layers_are_those_of_mxnet(classifiers, name, mnist):
    layers, outputs = Layers(classifiers[name]), mxnets_own(classifiers[name])
    for image in mnist.test.images[:100, 0]:
        expected = outputs(image)
        for layer, values in layers(image).items():
            assert values.dtype == np.float32
            assert np.allclose(values, expected[layer], atol=1e-4), layer


@pytest.mark.parametrize("name", NETWORKS)
def test_the_plan_has_all_layers_with_their_shapes(classifiers, name):
    expected = mxnets_own(classifiers[name])(SEVEN)
    image, *listed = plan(name)
    assert image == {"name": "data", "kind": "image", "shape": [1, 28, 28]}
    assert {layer["name"]: tuple(layer["shape"]) for layer in listed} == {
        layer: values.shape for layer, values in expected.items() if not layer.startswith(("drop", "flatten"))
    }
    sizes = {(layer["kernel"], layer.get("pad")) for layer in listed if "kernel" in layer}
    assert sizes == {"mlp": set(), "lenet": {(5, 0), (2, None)}, "dropout-cnn": {(3, 1), (2, None)}}[name]


@pytest.mark.parametrize("name", NETWORKS)
def test_a_units_products_and_its_bias_are_its_value(classifiers, name):
    layers = Layers(classifiers[name])
    found, inputs = layers(SEVEN), mxnets_own(classifiers[name])(SEVEN)
    rng = np.random.default_rng(2)
    names = [layer["name"] for layer in layers.plan]
    for i, layer in enumerate(layers.plan):
        if layer["kind"] not in ("convolution", "dense"):
            continue
        below = SEVEN[np.newaxis] if i == 1 else inputs[names[i - 1]]
        for index in rng.integers(0, np.prod(layer["shape"]), 20):
            weights, bias = layers.unit(layer["name"], index)
            if layer["kind"] == "dense":
                window = below.ravel()
            else:
                _, row, column = np.unravel_index(index, layer["shape"])
                padded = np.pad(below, [(0, 0), (layer["pad"],) * 2, (layer["pad"],) * 2])
                window = padded[:, row : row + layer["kernel"], column : column + layer["kernel"]]
            assert weights.shape == window.shape
            assert np.isclose((window * weights).sum() + bias, found[layer["name"]].flat[index], atol=1e-4)


@pytest.mark.parametrize("unit", [("tanh1", 0), ("nowhere", 0), ("logits", 10), ("conv1", -1), ("fc1", 10**400)])
def test_a_unit_that_is_none(classifiers, unit):
    with pytest.raises(DigitsError, match=r"^expected a unit of conv1, conv2, fc1, logits, got .*: choose another$"):
        Layers(classifiers["lenet"]).unit(*unit)


@pytest.mark.parametrize("digit", [None, 3, 8])
@pytest.mark.parametrize("name", NETWORKS)
def test_signed_saliency_is_the_ink_times_the_slope_of_the_log_odds(classifiers, name, digit):
    classifier = classifiers[name]
    found = Saliency(classifier).signed(NOISE, digit)
    assert (found.shape, found.dtype) == ((28, 28), np.float32)
    one = classifier.probabilities(NOISE).argmax() if digit is None else digit

    outputs = mxnets_own(classifier)

    def log_odds(image):
        z = outputs(image)["logits"].astype(np.float64)
        return z[one] - np.logaddexp.reduce(np.delete(z, one))

    pixels, slopes = slopes_of(log_odds, 30)
    near = np.isclose(found[pixels], slopes * NOISE[pixels], rtol=0.05, atol=0.02 * np.abs(found).max())
    assert near.mean() >= 0.9


def test_signed_saliency_shows_where_there_is_ink_only(classifiers):
    signed = Saliency(classifiers["lenet"]).signed(SEVEN)
    assert not signed[SEVEN == 0].any()
    assert signed.min() < 0 < signed.max()
