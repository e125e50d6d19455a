"""The three networks: shapes and parameters by arithmetic, answers by NumPy alone."""

import json
import re

import numpy as np
import pytest

from helpers.base.errors import DigitsError
from helpers.networks.symbols import NETWORKS, Layer, dropout_cnn, layer_table, layers, lenet, probabilities

import mxnet as mx

# ---- names, shapes, parameters ----

LAYERS = {
    "mlp": [
        ("flatten", "Flatten", (1, 784), 0),
        ("fc1", "FullyConnected", (1, 128), 784 * 128 + 128),
        ("relu1", "Activation", (1, 128), 0),
        ("fc2", "FullyConnected", (1, 64), 128 * 64 + 64),
        ("relu2", "Activation", (1, 64), 0),
        ("logits", "FullyConnected", (1, 10), 64 * 10 + 10),
        ("softmax", "SoftmaxOutput", (1, 10), 0),
    ],
    "lenet": [
        ("conv1", "Convolution", (1, 20, 24, 24), 20 * (1 * 5 * 5) + 20),
        ("tanh1", "Activation", (1, 20, 24, 24), 0),
        ("pool1", "Pooling", (1, 20, 12, 12), 0),
        ("conv2", "Convolution", (1, 50, 8, 8), 50 * (20 * 5 * 5) + 50),
        ("tanh2", "Activation", (1, 50, 8, 8), 0),
        ("pool2", "Pooling", (1, 50, 4, 4), 0),
        ("flatten", "Flatten", (1, 50 * 4 * 4), 0),
        ("fc1", "FullyConnected", (1, 500), 800 * 500 + 500),
        ("tanh3", "Activation", (1, 500), 0),
        ("logits", "FullyConnected", (1, 10), 500 * 10 + 10),
        ("softmax", "SoftmaxOutput", (1, 10), 0),
    ],
    "dropout-cnn": [
        ("conv1", "Convolution", (1, 32, 28, 28), 32 * (1 * 3 * 3) + 32),
        ("relu1", "Activation", (1, 32, 28, 28), 0),
        ("pool1", "Pooling", (1, 32, 14, 14), 0),
        ("drop1", "Dropout", (1, 32, 14, 14), 0),
        ("conv2", "Convolution", (1, 64, 14, 14), 64 * (32 * 3 * 3) + 64),
        ("relu2", "Activation", (1, 64, 14, 14), 0),
        ("pool2", "Pooling", (1, 64, 7, 7), 0),
        ("drop2", "Dropout", (1, 64, 7, 7), 0),
        ("conv3", "Convolution", (1, 128, 7, 7), 128 * (64 * 3 * 3) + 128),
        ("relu3", "Activation", (1, 128, 7, 7), 0),
        ("pool3", "Pooling", (1, 128, 3, 3), 0),
        ("drop3", "Dropout", (1, 128, 3, 3), 0),
        ("flatten", "Flatten", (1, 128 * 3 * 3), 0),
        ("fc1", "FullyConnected", (1, 625), 1152 * 625 + 625),
        ("relu4", "Activation", (1, 625), 0),
        ("drop4", "Dropout", (1, 625), 0),
        ("logits", "FullyConnected", (1, 10), 625 * 10 + 10),
        ("softmax", "SoftmaxOutput", (1, 10), 0),
    ],
}
TOTALS = {"mlp": 109_386, "lenet": 431_080, "dropout-cnn": 819_557}


@pytest.mark.parametrize("name", NETWORKS)
def test_layers_by_arithmetic(name):
    assert layers(NETWORKS[name]()) == [Layer(*row) for row in LAYERS[name]]


@pytest.mark.parametrize("name", NETWORKS)
def test_the_total_is_what_a_module_holds(name):
    module, _ = bound(NETWORKS[name](), 1)
    held = sum(array.size for array in module.get_params()[0].values())
    assert sum(row[3] for row in LAYERS[name]) == TOTALS[name] == held


def test_shapes_follow_the_batch():
    assert [layer.output_shape for layer in layers(lenet(), (100, 1, 28, 28))][-1] == (100, 10)


def test_the_table_has_a_line_per_layer_and_the_total():
    lines = layer_table(lenet()).splitlines()
    assert len(lines) == 1 + 1 + len(LAYERS["lenet"]) + 1 + 1
    assert len({len(line) for line in lines}) == 1  # columns in line
    assert lines[2].split() == ["conv1", "Convolution", "(1,", "20,", "24,", "24)", "520"]
    assert lines[-1].split() == ["total", "431,080"]


def test_a_layer_without_bias_counts_its_weights_alone():
    x = mx.sym.FullyConnected(mx.sym.Variable("data"), num_hidden=10, no_bias=True, name="logits")
    assert layers(x) == [Layer("logits", "FullyConnected", (1, 10), 7840)]


@pytest.mark.parametrize("shape", [(28, 28), (1, 1, 8, 8), (1, 784)])
def test_images_that_do_not_fit(shape, capfd):
    with pytest.raises(
        DigitsError, match=rf"^expected images that fit .*, got shape {re.escape(str(shape))}: \(N, 1, 28, 28\) fits"
    ):
        layer_table(lenet(), shape)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("p", [1, 1.5, -0.1, float("nan"), "0.3", None])
def test_a_share_that_cannot_be_dropped(p):
    with pytest.raises(
        DigitsError, match=rf"^expected p of at least 0 and below 1, got {re.escape(repr(p))}: give the share to drop"
    ):
        dropout_cnn(p)


def test_the_share_dropped_reaches_every_dropout_layer():
    nodes = json.loads(dropout_cnn(np.float32(0.5)).tojson())["nodes"]
    assert [float(node["attrs"]["p"]) for node in nodes if node["op"] == "Dropout"] == [0.5] * 4
    assert len(layers(dropout_cnn(0))) == 18


# ---- forward, in NumPy ----


def convolve(x, weight, bias, pad=0):
    """Cross-correlation, window by window: x (N, C, H, W), weight (F, C, h, w)."""
    x = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    windows = np.lib.stride_tricks.sliding_window_view(x, weight.shape[2:], axis=(2, 3))  # N, C, H', W', h, w
    return np.einsum("ncijhw,fchw->nfij", windows, weight) + bias[:, None, None]


def pool(x):
    """The largest of each 2 x 2; an odd last row or column is left out."""
    height, width = x.shape[2] // 2, x.shape[3] // 2
    return x[:, :, : 2 * height, : 2 * width].reshape(*x.shape[:2], height, 2, width, 2).max(axis=(3, 5))


def dense(x, weight, bias):
    return x.reshape(len(x), -1) @ weight.T + bias


def relu(x):
    return np.maximum(x, 0)


def softmax(x):
    e = np.exp(x - x.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def numpy_answer(name, x, p):
    def layer(function, x, name, **options):
        return function(x, p[f"{name}_weight"], p[f"{name}_bias"], **options)

    if name == "mlp":
        x = relu(layer(dense, x, "fc1"))
        x = relu(layer(dense, x, "fc2"))
    elif name == "lenet":
        x = pool(np.tanh(layer(convolve, x, "conv1")))
        x = pool(np.tanh(layer(convolve, x, "conv2")))
        x = np.tanh(layer(dense, x, "fc1"))
    else:
        for conv in ("conv1", "conv2", "conv3"):
            x = pool(relu(layer(convolve, x, conv, pad=1)))
        x = relu(layer(dense, x, "fc1"))
    return softmax(layer(dense, x, "logits"))


def bound(symbol, count, **options):
    """A module for `count` images with random parameters, biases too, and these as NumPy arrays in float64."""
    module = mx.mod.Module(symbol, label_names=["softmax_label"] if options.pop("label", True) else [])
    labels = [mx.io.DataDesc("softmax_label", (count,))] if module.label_names else None
    module.bind([("data", (count, 1, 28, 28))], labels, **options)
    mx.random.seed(5)
    module.init_params(mx.init.Xavier())
    params = {
        name: mx.nd.random.normal(0, 0.1, array.shape) if name.endswith("_bias") else array
        for name, array in module.get_params()[0].items()
    }
    module.set_params(params, {})
    return module, {name: array.asnumpy().astype(np.float64) for name, array in params.items()}


@pytest.mark.parametrize("name", NETWORKS)
def test_a_forward_pass_equals_numpy(name):
    images = np.random.default_rng(1).random((4, 1, 28, 28), dtype=np.float32)
    module, params = bound(NETWORKS[name](), 4)
    module.forward(mx.io.DataBatch([mx.nd.array(images)], [mx.nd.zeros(4)]), is_train=False)
    answer = module.get_outputs()[0].asnumpy()
    np.testing.assert_allclose(answer, numpy_answer(name, images.astype(np.float64), params), rtol=1e-4)

    # the same without a label
    module, _ = bound(probabilities(NETWORKS[name]()), 4, label=False, for_training=False)
    module.forward(mx.io.DataBatch([mx.nd.array(images)]))
    assert module.output_names == ["probabilities_output"]
    np.testing.assert_allclose(module.get_outputs()[0].asnumpy(), answer, rtol=1e-5)


def test_dropout_acts_in_training_only():
    module, _ = bound(dropout_cnn(), 2)
    batch = mx.io.DataBatch([mx.nd.ones((2, 1, 28, 28))], [mx.nd.zeros(2)])
    for is_train in (False, True):
        module.forward(batch, is_train=is_train)
        first, second = module.get_outputs()[0].asnumpy()
        assert np.array_equal(first, second) is not is_train


def test_probabilities_need_a_layer_named_logits():
    said = r'^expected a network with a layer "logits", got one that ends in "last_output": name .*\(name="logits"\)$'
    with pytest.raises(DigitsError, match=said):
        probabilities(mx.sym.FullyConnected(mx.sym.Variable("data"), num_hidden=10, name="last"))


@pytest.mark.parametrize("name", NETWORKS)
def test_the_gradient_of_the_logits_is_probability_minus_one_hot(name):
    executor = NETWORKS[name]().simple_bind(mx.cpu(), data=(3, 1, 28, 28))
    labels = [7, 0, 7]
    executor.forward(is_train=True, data=mx.nd.random.uniform(shape=(3, 1, 28, 28)), softmax_label=mx.nd.array(labels))
    executor.backward()
    wanted = (executor.outputs[0].asnumpy() - np.eye(10)[labels]).sum(axis=0)
    np.testing.assert_allclose(executor.grad_dict["logits_bias"].asnumpy(), wanted, atol=1e-5)


def test_layers_of_a_network_that_ends_in_its_own_loss():
    logits = NETWORKS["mlp"]().get_internals()["logits_output"]
    loss = mx.sym.make_loss(-mx.sym.pick(mx.sym.log_softmax(logits), mx.sym.Variable("softmax_label")), name="loss")
    assert layers(loss, (5, 1, 28, 28))[-1] == ("loss", "make_loss", (5,), 0)
