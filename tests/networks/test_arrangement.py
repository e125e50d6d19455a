"""helpers.networks.arrangement: another arrangement of the same function of the same parameters."""

import json

import numpy as np
import pytest

from helpers.networks.arrangement import channels_together, faster
from helpers.networks.symbols import NETWORKS

import mxnet as mx

COUNT = 7  # images


def odd_network():
    """No number of channels is even, a sigmoid and a mean come in between, and one layer has no bias."""
    x = mx.sym.Convolution(mx.sym.Variable("data"), kernel=(3, 3), num_filter=5, name="conv1")
    x = mx.sym.Activation(x, act_type="sigmoid", name="sigmoid1")
    x = mx.sym.Pooling(x, pool_type="avg", kernel=(2, 2), stride=(2, 2), name="pool1")
    x = mx.sym.Convolution(x, kernel=(3, 3), num_filter=17, no_bias=True, name="conv2")
    x = mx.sym.Activation(x, act_type="sigmoid", name="sigmoid2")
    x = mx.sym.Pooling(x, pool_type="max", kernel=(2, 2), stride=(2, 2), name="pool2")
    x = mx.sym.FullyConnected(x, num_hidden=10, name="logits")
    return mx.sym.SoftmaxOutput(x, name="softmax")


def own_loss():
    """A loss of one's own, as in chapter 4, with a number in it."""
    log_probabilities = mx.sym.log_softmax(NETWORKS["lenet"]().get_internals()["logits_output"])
    picked = mx.sym.pick(log_probabilities, mx.sym.Variable("softmax_label"))
    return mx.sym.make_loss(-0.9 * picked, name="loss")


SYMBOLS = {name: make for name, make in NETWORKS.items() if name != "dropout-cnn"}
SYMBOLS |= {"dropout-cnn": lambda: NETWORKS["dropout-cnn"](p=0), "odd": odd_network, "own loss": own_loss}


def passed(symbol, arrays, labels):
    """Outputs and all gradients of one pass forwards and backwards."""
    grads = {name: mx.nd.zeros(array.shape) for name, array in arrays.items()}
    executor = symbol.bind(mx.cpu(), arrays | {"softmax_label": labels}, args_grad=grads)
    output = executor.forward(is_train=True)[0].asnumpy()
    executor.backward()
    return output, {name: gradient.asnumpy() for name, gradient in grads.items()}


@pytest.mark.parametrize("together", [8, 16])
@pytest.mark.parametrize("name", SYMBOLS)
def test_same_outputs_and_gradients(name, together):
    symbol, random = SYMBOLS[name](), np.random.default_rng(0)
    shapes, _, _ = symbol.infer_shape(data=(COUNT, 1, 28, 28))
    arrays = {
        argument: mx.nd.array(random.normal(scale=0.2, size=shape))
        for argument, shape in zip(symbol.list_arguments(), shapes, strict=True)
        if argument != "softmax_label"
    }
    labels = mx.nd.array(random.integers(0, 10, COUNT))
    output, grads = passed(symbol, arrays, labels)
    fast_output, fast_grads = passed(faster(symbol, together), arrays, labels)
    np.testing.assert_allclose(fast_output, output, atol=2e-5)
    for argument, gradient in grads.items():
        scale = np.abs(gradient).max()
        np.testing.assert_allclose(fast_grads[argument], gradient, atol=1e-4 * scale, err_msg=argument)


@pytest.mark.parametrize("name", SYMBOLS)
def test_same_arguments(name):
    symbol = SYMBOLS[name]()
    fast = faster(symbol)
    assert fast.list_arguments() == symbol.list_arguments()
    assert fast.list_outputs() == symbol.list_outputs()
    shapes, fast_shapes = (s.infer_shape(data=(3, 1, 28, 28))[0] for s in (symbol, fast))
    assert fast_shapes == shapes


def test_kernels_get_what_they_like():
    """LeNet's 20 and 50 filters become multiples, and each activation sees what the pooling left."""
    fast = faster(NETWORKS["lenet"](), 16)
    nodes = {node["name"]: node for node in json.loads(fast.tojson())["nodes"]}
    assert [nodes[name]["attrs"]["num_filter"] for name in ("conv1", "conv2")] == ["32", "64"]
    internals = fast.get_internals()
    _, [shape], _ = internals["tanh1_output"].infer_shape(data=(100, 1, 28, 28))
    assert shape == (100, 32, 12, 12)


def test_a_processor_has_one_width():
    assert channels_together() in (8, 16)
