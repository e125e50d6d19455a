"""The three networks of the series as MXNet symbols, and tables of their layers.

Each takes `data` of shape (N, 1, 28, 28), ends in a fully connected layer `logits` of ten values and a
`SoftmaxOutput` named `softmax`, whose label is `softmax_label` of shape (N,).

Chapters 2 to 9.
"""

import json
from math import prod
from numbers import Real
from typing import NamedTuple

from helpers.base.errors import DigitsError

import mxnet as mx


def mlp() -> mx.sym.Symbol:
    """Fully connected 784-128-64-10 with ReLU."""
    x = mx.sym.Flatten(mx.sym.Variable("data"), name="flatten")
    x = mx.sym.FullyConnected(x, num_hidden=128, name="fc1")
    x = mx.sym.Activation(x, act_type="relu", name="relu1")
    x = mx.sym.FullyConnected(x, num_hidden=64, name="fc2")
    x = mx.sym.Activation(x, act_type="relu", name="relu2")
    return _classify(x)


def lenet() -> mx.sym.Symbol:
    """Two convolutions with tanh and max pooling, then 500 and 10: after LeCun et al., 1998, section II.B."""
    x = mx.sym.Variable("data")
    x = mx.sym.Convolution(x, kernel=(5, 5), num_filter=20, name="conv1")
    x = mx.sym.Activation(x, act_type="tanh", name="tanh1")
    x = mx.sym.Pooling(x, pool_type="max", kernel=(2, 2), stride=(2, 2), name="pool1")
    x = mx.sym.Convolution(x, kernel=(5, 5), num_filter=50, name="conv2")
    x = mx.sym.Activation(x, act_type="tanh", name="tanh2")
    x = mx.sym.Pooling(x, pool_type="max", kernel=(2, 2), stride=(2, 2), name="pool2")
    x = mx.sym.Flatten(x, name="flatten")
    x = mx.sym.FullyConnected(x, num_hidden=500, name="fc1")
    x = mx.sym.Activation(x, act_type="tanh", name="tanh3")
    return _classify(x)


def dropout_cnn(p: float = 0.3) -> mx.sym.Symbol:
    """Three convolutions of 32, 64 and 128 filters with ReLU and max pooling, then 625 and 10; dropout after each.

    `p` in [0, 1) is the share of values that dropout sets to zero while training; otherwise DigitsError.
    """
    if not (isinstance(p, Real) and 0 <= p < 1):
        raise DigitsError(f"expected p of at least 0 and below 1, got {p!r}: give the share to drop, for example 0.3")
    x = mx.sym.Variable("data")
    for i, filters in enumerate((32, 64, 128), start=1):
        x = mx.sym.Convolution(x, kernel=(3, 3), pad=(1, 1), num_filter=filters, name=f"conv{i}")
        x = mx.sym.Activation(x, act_type="relu", name=f"relu{i}")
        x = mx.sym.Pooling(x, pool_type="max", kernel=(2, 2), stride=(2, 2), name=f"pool{i}")
        x = mx.sym.Dropout(x, p=p, name=f"drop{i}")
    x = mx.sym.Flatten(x, name="flatten")
    x = mx.sym.FullyConnected(x, num_hidden=625, name="fc1")
    x = mx.sym.Activation(x, act_type="relu", name="relu4")
    x = mx.sym.Dropout(x, p=p, name="drop4")
    return _classify(x)


def _classify(x: mx.sym.Symbol) -> mx.sym.Symbol:
    """The end that all three share: one logit per digit, softmax, and its cross-entropy gradient."""
    return mx.sym.SoftmaxOutput(mx.sym.FullyConnected(x, num_hidden=10, name="logits"), name="softmax")


NETWORKS = {"mlp": mlp, "lenet": lenet, "dropout-cnn": dropout_cnn}


def probabilities(symbol: mx.sym.Symbol) -> mx.sym.Symbol:
    """The softmax over the `logits` layer of `symbol`, for prediction: it needs no label. Output shape (N, 10)."""
    internals = symbol.get_internals()
    if "logits_output" not in internals.list_outputs():
        given = internals.list_outputs()[-1]
        fix = 'name the last fully connected layer so (name="logits")'
        raise DigitsError(f'expected a network with a layer "logits", got one that ends in "{given}": {fix}')
    return mx.sym.softmax(internals["logits_output"], name="probabilities")


def parameter_shapes(network: str) -> dict[str, tuple[int, ...]]:
    """The shape of each parameter of one of `NETWORKS` by its name."""
    symbol = probabilities(NETWORKS[network]())
    shapes, _, _ = symbol.infer_shape(data=(1, 1, 28, 28))
    return {name: shape for name, shape in zip(symbol.list_arguments(), shapes, strict=True) if name != "data"}


class Layer(NamedTuple):
    """One layer: its name, MXNet's operator, the shape of its output and how many numbers it learns."""

    name: str
    kind: str
    output_shape: tuple[int, ...]
    parameters: int


def layers(symbol: mx.sym.Symbol, data_shape: tuple[int, ...] = (1, 1, 28, 28)) -> list[Layer]:
    """The layers of `symbol` from input to output; shapes for a batch of `data_shape` (N, channels, height, width).

    Every variable except `data` and the labels (`..._label`) counts as parameters of the layer that takes it.
    """
    internals = symbol.get_internals()
    try:
        _, shapes, _ = internals.infer_shape_partial(data=data_shape)
    except mx.MXNetError as error:
        fix = "(N, 1, 28, 28) fits the networks of this series"
        raise DigitsError(f"expected images that fit the network, got shape {data_shape}: {fix}") from error
    shape_of = dict(zip(internals.list_outputs(), shapes, strict=True))

    nodes = json.loads(symbol.tojson())["nodes"]
    table = []
    for node in nodes:
        if node["op"] == "null":  # a variable, not a layer
            continue
        inputs = [nodes[i] for i, *_ in node["inputs"]]
        variables = [source["name"] for source in inputs if source["op"] == "null"]
        learnt = [name for name in variables if name != "data" and "_label" not in name]
        output_shape = shape_of.get(f"{node['name']}_output") or shape_of[f"{node['name']}_loss"]  # of make_loss
        table.append(Layer(node["name"], node["op"], output_shape, sum(prod(shape_of[name]) for name in learnt)))
    return table


def layer_table(symbol: mx.sym.Symbol, data_shape: tuple[int, ...] = (1, 1, 28, 28)) -> str:
    """`layers` as text: one line per layer, and the total number of parameters last."""
    table = layers(symbol, data_shape)
    rows = [("layer", "operator", "output shape", "parameters")]
    rows += [(layer.name, layer.kind, str(layer.output_shape), f"{layer.parameters:,}") for layer in table]
    rows += [("total", "", "", f"{sum(layer.parameters for layer in table):,}")]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [f"{a:<{widths[0]}}  {b:<{widths[1]}}  {c:<{widths[2]}}  {d:>{widths[3]}}" for a, b, c, d in rows]
    rule = "-" * len(lines[0])
    return "\n".join([lines[0], rule, *lines[1:-1], rule, lines[-1]])
