"""A classifier answers as its network computes, on its own, and refuses what it cannot answer."""

import re
import subprocess
import sys

import numpy as np
import pytest

from helpers.base.errors import DigitsError
from helpers.classifier.classifier import Classifier, load_params
from helpers.networks.params import write_params
from helpers.networks.symbols import NETWORKS

import mxnet as mx

# The shapes of the parameters, worked out by hand.
SHAPES = {
    "mlp": {
        "fc1_weight": (128, 784),
        "fc1_bias": (128,),
        "fc2_weight": (64, 128),
        "fc2_bias": (64,),
        "logits_weight": (10, 64),
        "logits_bias": (10,),
    },
    "lenet": {
        "conv1_weight": (20, 1, 5, 5),
        "conv1_bias": (20,),
        "conv2_weight": (50, 20, 5, 5),
        "conv2_bias": (50,),
        "fc1_weight": (500, 50 * 4 * 4),
        "fc1_bias": (500,),
        "logits_weight": (10, 500),
        "logits_bias": (10,),
    },
    "dropout-cnn": {
        "conv1_weight": (32, 1, 3, 3),
        "conv1_bias": (32,),
        "conv2_weight": (64, 32, 3, 3),
        "conv2_bias": (64,),
        "conv3_weight": (128, 64, 3, 3),
        "conv3_bias": (128,),
        "fc1_weight": (625, 128 * 3 * 3),
        "fc1_bias": (625,),
        "logits_weight": (10, 625),
        "logits_bias": (10,),
    },
}
IMAGES = np.random.default_rng(1).random((205, 1, 28, 28), dtype=np.float32)


def some_params(network, seed=0):
    random = np.random.default_rng(seed)
    return {name: random.normal(0, 0.1, shape).astype(np.float32) for name, shape in SHAPES[network].items()}


@pytest.fixture(scope="module")
def classifier():
    return Classifier("mlp", some_params("mlp"))


@pytest.fixture(params=SHAPES)
def saved(request, tmp_path):
    """A file that a Module has saved, the name of its network, and the Module."""
    symbol = NETWORKS[request.param]()
    module = mx.mod.Module(symbol)
    module.bind([("data", (5, 1, 28, 28))], [("softmax_label", (5,))], for_training=False)
    module.init_params(mx.init.Xavier())
    path = tmp_path / "saved.params"
    module.save_params(str(path))
    return path, request.param, module


def test_the_mlp_agrees_with_numpy(classifier):
    p = some_params("mlp")
    x = np.maximum(IMAGES.reshape(-1, 784) @ p["fc1_weight"].T + p["fc1_bias"], 0)
    x = np.maximum(x @ p["fc2_weight"].T + p["fc2_bias"], 0)
    e = np.exp(x @ p["logits_weight"].T + p["logits_bias"])
    wanted = e / e.sum(axis=1, keepdims=True)
    found = classifier.probabilities_of(IMAGES)
    assert found.dtype == np.float32
    assert np.allclose(found, wanted, atol=1e-5)
    one = classifier.probabilities(IMAGES[7, 0])
    assert one.shape == (10,)
    assert one.dtype == np.float32
    assert np.allclose(one, wanted[7], atol=1e-5)


def test_each_network_is_told_by_its_parameters_and_answers_as_the_module(saved):
    path, network, module = saved
    classifier = Classifier.load(path)
    assert classifier.network == network
    module.forward(mx.io.DataBatch([mx.nd.array(IMAGES[:5])]), is_train=False)
    assert np.allclose(classifier.probabilities_of(IMAGES[:5]), module.get_outputs()[0].asnumpy(), atol=1e-5)


def test_saving_gives_the_file_back(saved, tmp_path):
    path, _, _ = saved
    Classifier.load(str(path)).save(tmp_path / "again.params")
    assert (tmp_path / "again.params").read_bytes() == path.read_bytes()


def test_load_params_fits_set_params(saved):
    path, network, module = saved
    arg_params, aux_params = load_params(path)
    other = mx.mod.Module(NETWORKS[network]())
    other.bind([("data", (5, 1, 28, 28))], [("softmax_label", (5,))], for_training=False)
    other.set_params(arg_params, aux_params)
    wanted, _ = module.get_params()
    found, _ = other.get_params()
    assert found.keys() == wanted.keys()
    assert all(np.array_equal(found[name].asnumpy(), wanted[name].asnumpy()) for name in wanted)


@pytest.mark.parametrize("count", [0, 1, 99, 100, 101, 205])
def test_any_number_of_images(classifier, count):
    found = classifier.probabilities_of(IMAGES[:count])
    assert found.shape == (count, 10)
    assert np.allclose(found, classifier.probabilities_of(IMAGES)[:count], atol=1e-6)


@pytest.mark.parametrize("convert", [np.float16, np.float64, np.asfortranarray, mx.nd.array, np.ndarray.tolist])
def test_floats_in_any_form(classifier, convert):
    wanted = classifier.probabilities(IMAGES[0, 0])
    assert np.allclose(classifier.probabilities(convert(IMAGES[0, 0])), wanted, atol=1e-3)


def test_nothing_else_changes_its_answers():
    params = {name: mx.nd.array(array) for name, array in some_params("mlp").items()}
    classifier, other = Classifier("mlp", params), Classifier("mlp", some_params("mlp", seed=9))
    before = classifier.probabilities_of(IMAGES)
    assert not np.allclose(before, other.probabilities_of(IMAGES))
    for array in params.values():
        array[:] = 0
    training = mx.io.NDArrayIter(IMAGES, np.zeros(len(IMAGES)), 41)
    module = mx.mod.Module(NETWORKS["mlp"]())
    module.fit(training, num_epoch=2, arg_params={name: mx.nd.array(a) for name, a in some_params("mlp").items()})
    assert np.array_equal(classifier.probabilities_of(IMAGES), before)
    assert np.allclose(classifier.probabilities(IMAGES[3, 0]), before[3], atol=1e-6)


def test_dropout_is_off():
    classifier = Classifier("dropout-cnn", some_params("dropout-cnn"))
    assert np.array_equal(classifier.probabilities(IMAGES[0, 0]), classifier.probabilities(IMAGES[0, 0]))


def test_bright_and_dark_edges_of_the_range(classifier):
    for value in (0.0, 1.0, 1 + 1e-6, -1e-6):
        assert classifier.probabilities(np.full((28, 28), value)).sum() == pytest.approx(1, abs=1e-5)


ONE = np.zeros((28, 28))
NOT_ONE_IMAGE = {
    "bytes": (np.zeros((28, 28), np.uint8), "values of type uint8", "divide by 255, as in image / 255"),
    "integers": (np.zeros((28, 28), int), "values of type int64", "divide by 255, as in image / 255"),
    "booleans": (np.zeros((28, 28), bool), "values of type bool", 'convert them, as .astype("float32")'),
    "objects": (np.full((28, 28), None), "values of type object", 'convert them, as .astype("float32")'),
    "text": (np.full((28, 28), "0.5"), "values of type <U3", 'convert them, as .astype("float32")'),
    "complex": (ONE * 1j, "values of type complex128", 'convert them, as .astype("float32")'),
    "0 to 255": (ONE + 255.0, "values from 0 to 255", "divide by 255, as in image / 255"),
    "-1 to 1": (ONE - 1, "values from -1 to 0", "np.clip(image, 0, 1)"),
    "a little above 1": (ONE + 1.5, "values from 0 to 1.5", "np.clip(image, 0, 1)"),
    "beyond 255": (ONE + 1000, "values from 0 to 1000", "np.clip(image, 0, 1)"),
    "NaN": (np.full((28, 28), np.nan), "NaN or infinite", "np.nan_to_num(image)"),
    "infinite": (np.full((28, 28), -np.inf), "NaN or infinite", "np.nan_to_num(image)"),
    "a row": (np.zeros(784), "shape (784,)", "image.reshape(28, 28)"),
    "a row of a table": (np.zeros((1, 784)), "shape (1, 784)", "image.reshape(28, 28)"),
    "inverted": (np.pad(np.zeros((20, 20)), 4, constant_values=1), "dark ink on bright paper", "as in 1 - image"),
    "a channel first": (np.zeros((1, 28, 28)), "shape (1, 28, 28)", "image[0]"),
    "a channel last": (np.zeros((28, 28, 1)), "shape (28, 28, 1)", "image[:, :, 0]"),
    "a batch": (np.zeros((3, 1, 28, 28)), "shape (3, 1, 28, 28)", "images[0, 0]"),
    "a photo": (np.zeros((480, 640, 3)), "shape (480, 640, 3)", "to_mnist_from_image(picture)"),
    "another size": (np.zeros((32, 32)), "shape (32, 32)", "to_mnist_from_image(picture)"),
    "a number": (0.5, "shape ()", "choose one image"),
    "ragged lists": ([[0.0], [0.0, 1.0]], "got a list with rows of unequal length", "the same length"),
}


@pytest.mark.parametrize(("image", "given", "fix"), NOT_ONE_IMAGE.values(), ids=NOT_ONE_IMAGE)
def test_what_is_not_one_image_is_refused_with_the_fix(classifier, image, given, fix):
    with pytest.raises(DigitsError) as caught:
        classifier.probabilities(image)
    message = str(caught.value)
    assert given in message
    assert fix in message
    assert message.startswith("expected ")
    assert "\n" not in message
    assert classifier.probabilities(ONE).shape == (10,)  # and it still answers


def test_inverted_images_are_told_to_turn_round(classifier, digits):
    images = digits.test.images[:20]
    with pytest.raises(DigitsError, match=r"got dark ink on bright paper: invert them, as in 1 - images"):
        classifier.probabilities_of(1 - images)
    for image in images[:, 0]:
        assert classifier.probabilities(image).shape == (10,)
        with pytest.raises(DigitsError, match=r"got dark ink on bright paper: invert it, as in 1 - image"):
            classifier.probabilities(1 - image)


NOT_IMAGES = {
    "one image": (ONE, "probabilities(image)"),
    "no channel": (np.zeros((5, 28, 28)), "images[:, np.newaxis]"),
    "channels last": (np.zeros((5, 28, 28, 1)), "images.transpose(0, 3, 1, 2)"),
    "images last": (np.zeros((28, 28, 5)), "images.transpose(2, 0, 1)[:, np.newaxis]"),
    "rows": (np.zeros((5, 784)), "images.reshape(-1, 1, 28, 28)"),
    "columns": (np.zeros((784, 5)), "images.T.reshape(-1, 1, 28, 28)"),
    "colour": (np.zeros((5, 3, 28, 28)), "one channel"),
    "another size": (np.zeros((5, 1, 32, 32)), "28 rows and 28 columns"),
}


@pytest.mark.parametrize(("images", "fix"), NOT_IMAGES.values(), ids=NOT_IMAGES)
def test_what_is_not_a_batch_is_refused_with_the_fix(classifier, images, fix):
    with pytest.raises(DigitsError) as caught:
        classifier.probabilities_of(images)
    assert f"expected images of shape (N, 1, 28, 28), got an array of shape {images.shape}: " in str(caught.value)
    assert fix in str(caught.value)


@pytest.mark.parametrize("name", ["no channel", "channels last", "images last", "rows", "columns"])
def test_the_fix_is_right(classifier, name):
    images, fix = NOT_IMAGES[name]
    expression = fix.removeprefix("use ")
    assert classifier.probabilities_of(eval(expression, {"images": images, "np": np})).shape == (5, 10)


def foreign(**changes):
    params = {f"arg:{name}": array for name, array in some_params("mlp").items()} | changes
    return {name: array for name, array in params.items() if array is not None}


FOREIGN = {
    "another network": (
        {"arg:w": np.ones((2, 2))},
        "expected the parameters of one of mlp, lenet, dropout-cnn in {path}, got w: give",
    ),
    "a layer is missing": (
        foreign(**{"arg:fc2_bias": None}),
        "in {path}, got fc1_weight, fc1_bias, fc2_weight, logits_weight, logits_bias: give",
    ),
    "a layer too many": (
        foreign(**{"arg:fc3_bias": np.ones(3)}),
        "in {path}, got fc1_weight, fc1_bias, fc2_weight, fc2_bias, logits_weight and 2 more: give",
    ),
    "an auxiliary state": (
        foreign(**{"aux:mean": np.ones(3)}),
        "in {path}, got fc1_weight, fc1_bias, fc2_weight, fc2_bias, logits_weight and 2 more: give",
    ),
    "no prefix": (
        {"fc1_weight": np.ones((2, 2))},
        'expected a file that a Module has written, got {path} with an array "fc1_weight": give',
    ),
    "another width": (
        foreign(**{"arg:fc1_bias": np.ones(100)}),
        "expected floats of shape (128,) as mlp's fc1_bias, got float32 of shape (100,) in {path}: give",
    ),
    "NaN": (
        foreign(**{"arg:logits_bias": np.full(10, np.nan)}),
        "expected finite numbers in logits_bias, got NaN or infinite values in {path}: train",
    ),
    "infinite": (
        foreign(**{"arg:logits_bias": np.full(10, np.inf)}),
        "expected finite numbers in logits_bias, got NaN or infinite values in {path}: train",
    ),
}


@pytest.mark.parametrize(("params", "problem"), FOREIGN.values(), ids=FOREIGN)
def test_foreign_parameters_are_refused_by_name(tmp_path, params, problem):
    path = tmp_path / "x.params"
    write_params(path, params)
    before = path.read_bytes()
    with pytest.raises(DigitsError) as caught:
        Classifier.load(path)
    message = str(caught.value)
    assert message.startswith("expected ")
    assert problem.format(path=path) in message
    assert "\n" not in message
    assert path.read_bytes() == before


NOT_LOADED = {
    "misspelt": (
        "lenett",
        'expected mlp, lenet, dropout-cnn, canvas or a .params file, got "lenett": check the name',
    ),
    "missing": ("none.params", "cannot read none.params: there is no such file or folder: check the path"),
    "a folder": (".", "cannot read .: it is a folder: give the path of a file"),
}


@pytest.mark.parametrize(("source", "message"), NOT_LOADED.values(), ids=NOT_LOADED)
def test_what_cannot_be_loaded(source, message):
    for load in (Classifier.load, load_params):
        with pytest.raises(DigitsError, match=f"^{re.escape(message)}$"):
            load(source)


def test_a_damaged_file_costs_one_line(tmp_path):
    path = tmp_path / "x.params"
    Classifier("mlp", some_params("mlp")).save(path)
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(DigitsError, match=r"x.params, got a file that is cut off or damaged: copy it again"):
        Classifier.load(path)


@pytest.mark.parametrize(
    ("network", "problem"),
    [
        ("lenet", "^expected the parameters conv1_weight, .* of lenet, got fc1_weight, .*: give"),
        ("net", '^expected one of the networks mlp, lenet, dropout-cnn, got "net": check'),
    ],
)
def test_a_classifier_of_other_parameters_is_not_made(network, problem):
    with pytest.raises(DigitsError, match=problem):
        Classifier(network, some_params("mlp"))


def test_parameters_that_are_no_numbers_are_refused():
    with pytest.raises(
        DigitsError, match=r"^expected floats of shape \(128,\) as mlp's fc1_bias, got <U1 of shape \(128,\): give"
    ):
        Classifier("mlp", some_params("mlp") | {"fc1_bias": np.full(128, "x")})


def test_a_failed_save_leaves_what_was_there(classifier, tmp_path):
    path = tmp_path / "x.params"
    classifier.save(path)
    before = path.read_bytes()
    with pytest.raises(DigitsError, match=r"^cannot write .*x.params/y.params"):
        classifier.save(path / "y.params")
    with pytest.raises(DigitsError, match=r"^cannot write .*: it is a folder"):
        classifier.save(tmp_path)
    assert path.read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["x.params"]


def test_whoever_asks_a_network_waits_for_no_drawing_and_needs_no_onnx():
    program = """
import sys
sys.modules["onnx"] = None  # as if it were not installed
from helpers.classifier import Classifier
from helpers.networks import faster
Classifier.load("mlp")
assert "matplotlib" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=120)
