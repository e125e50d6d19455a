"""The exercises of notebook 8: right answers in several forms pass, and a wrong one is told what is wrong with it."""

from types import SimpleNamespace

import numpy as np
import pytest

from helpers.classifier.classifier import Classifier
from helpers.classifier.onnx_export import export_onnx
from helpers.exercises import check
from tests.tools.verdicts import assert_wrong

import mxnet as mx

PHOTO = np.random.default_rng(0).integers(0, 256, (28, 28)).astype(np.uint8)
X = (PHOTO / 255).astype(np.float32)


@pytest.mark.parametrize(
    "batch", [X[None, None], (PHOTO / np.float32(255)).reshape(1, 1, 28, 28), np.stack([X[np.newaxis]])]
)
def test_an_image_for_onnx_runtime(batch):
    assert check("9.1", batch, PHOTO).right


WRONG_IMAGES = {
    "no batch, no channel": (X, "axes of the batch and of the channel are missing"),
    "one axis too few": (X[None], "one axis is missing"),
    "channel last": (X[None, :, :, None], "the channel comes last"),
    "a line": (X.reshape(1, 784), "rows and columns"),
    "several": (np.stack([X[None]] * 2), "the shape is (2, 1, 28, 28), but it should be (1, 1, 28, 28)."),
    "0 to 255": (PHOTO[None, None], "divide by 255"),
    "double": ((PHOTO / 255)[None, None], "the type is float64, but the file says float32"),
    "divided twice": (X[None, None] / 255, "only once"),
    "turned": (X.T[None, None], "not the photo"),
    "MXNet's": (mx.nd.array(X[None, None]), "the answer should be a NumPy array, but it is of type NDArray"),
    "open": (..., "still open. The photo as ONNX Runtime takes it"),
}


@pytest.mark.parametrize(("batch", "words"), WRONG_IMAGES.values(), ids=WRONG_IMAGES)
def test_no_image_for_onnx_runtime(batch, words):
    assert_wrong(check("9.1", batch, PHOTO), words)


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    import onnx

    path = tmp_path_factory.mktemp("dropout") / "cnn.onnx"
    export_onnx(Classifier.load("dropout-cnn"), path)
    return onnx.load(path)


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (0, None),
        (np.int64(0), None),
        (0.0, None),
        (4, "four layers of dropout"),
        (3, "three follow the convolutions"),
        (1, "one for all four"),
        (7, "too large"),
        ("none", "the answer should be a number"),
        (..., "still open"),
    ],
)
def test_what_becomes_of_dropout(model, count, words):
    verdict = check("9.2", count, model)
    if words:
        assert_wrong(verdict, words)
    else:
        assert verdict.right


def test_the_truth_about_dropout_comes_from_the_file():
    nodes = [SimpleNamespace(op_type=name) for name in ("Conv", "Dropout", "Dropout")]
    assert check("9.2", 2, SimpleNamespace(graph=SimpleNamespace(node=nodes))).right


def dense(x, p, name):
    return x @ p[f"{name}_weight"].T + p[f"{name}_bias"]


def relu(z):
    return np.maximum(z, 0)


def softmax(z, axis=1):
    e = np.exp(z)
    return e / e.sum(axis=axis, keepdims=True)


def mlp(activation=relu, end=softmax):
    def forward(x, p):
        x = x.reshape(len(x), -1)
        return end(dense(activation(dense(activation(dense(x, p, "fc1")), p, "fc2")), p, "logits"))

    return forward


def double(x, p):
    x = x.astype(np.float64).reshape(-1, 784)
    for name in ("fc1", "fc2"):
        x = dense(x, p, name)
        x = x * (x > 0)
    z = dense(x, p, "logits")
    z = np.exp(z - z.max(axis=1)[:, None])
    return mx.nd.array((z.T / z.sum(axis=1)).T)


@pytest.mark.parametrize("function", [mlp(), double])
def test_the_mlp_in_numpy(function):
    assert check("9.3", function).right


WRONG_MLPS = {
    "no softmax": (mlp(end=lambda z: z), "these are the logits"),
    "columns": (mlp(end=lambda z: softmax(z, axis=0)), "each column adds up to 1"),
    "no sum": (mlp(end=np.exp), "divide each row by its sum"),
    "no ReLU": (mlp(lambda z: z), "without ReLU"),
    "tanh": (mlp(np.tanh), "LeNet's tanh"),
    "ReLU at the end": (mlp(end=lambda z: softmax(relu(z))), "the logits have no ReLU"),
    "columns as images": (lambda x, p: mlp()(x, p).T, "images go in rows"),
    "the digits": (lambda x, p: mlp()(x, p).argmax(axis=1), "the shape is (5,), but it should be (5, 10)"),
    "weights not turned": (lambda x, p: x.reshape(5, -1) @ p["fc1_weight"], "could not be used, ValueError"),
    "something else": (mlp(lambda z: np.maximum(z, 0.5)), "the shape is right, but"),
    "no function": (7, "the answer should be a function, but it is of type int"),
    "open inside": (lambda x, p: ..., "returns nothing yet"),
    "open": (..., "still open"),
}


@pytest.mark.parametrize(("function", "words"), WRONG_MLPS.values(), ids=WRONG_MLPS)
def test_no_mlp(function, words):
    assert_wrong(check("9.3", function), words)


LENET = Classifier.load("lenet").params


def pruned(array):
    """Nine in ten of the weights of the large layer are 0, which compresses well."""
    return np.where(np.abs(array) > np.quantile(np.abs(array), 0.75 if array.size > 50_000 else 0), array, 0)


@pytest.mark.parametrize(
    "smaller",
    [lambda a: a.astype(np.float16), lambda a: mx.nd.array(a.round(2)), pruned],
    ids=["half precision", "two decimals", "pruned"],
)
def test_a_smaller_lenet(digits, smaller):
    verdict = check("9.4", {name: smaller(array) for name, array in LENET.items()}, digits)
    assert verdict.right, verdict.text


WRONG_LENETS = {
    "as it is": (LENET, "there should be fewer than 862,160"),
    "larger": ({name: array.astype(np.float64) for name, array in LENET.items()}, "there should be fewer than 862,160"),
    "too coarse": ({name: array.round() for name, array in LENET.items()}, "that loses too much"),
    "without a layer": ({name: LENET[name] for name in LENET if "fc1" not in name}, "exactly these names"),
    "other network": (Classifier.load("mlp").params, "exactly these names"),
    "fewer filters": (LENET | {"conv1_bias": np.zeros(10)}, "conv1_bias has the shape (10,), but it should be (20,)"),
    "a list": (list(LENET.values()), "exactly these names"),
    "open": (..., "still open"),
}


@pytest.mark.parametrize(("small", "words"), WRONG_LENETS.values(), ids=WRONG_LENETS)
def test_no_smaller_lenet(digits, small, words):
    assert_wrong(check("9.4", small, digits), words)
