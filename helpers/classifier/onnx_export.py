"""Write a trained network as an ONNX file, which other programs run without MXNet.

The package `onnx` is imported where a function needs it: whoever only asks a network need not have it.

Chapter 9 and the command line.
"""

import importlib
import importlib.util
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

import numpy as np

from helpers.base.errors import DigitsError
from helpers.base.files import atomic_write, check_writable
from helpers.classifier.classifier import Classifier
from helpers.networks.symbols import NETWORKS, probabilities

import mxnet as mx
from mxnet.onnx.mx2onnx._export_onnx import MXNetGraph

if TYPE_CHECKING:
    import onnx

INPUT = "data (N, 1, 28, 28) float32, from 0 to 1 for full ink"

OUTPUT = "probabilities (N, 10) float32, of the digits 0 to 9"

OPERATOR_SET = 13  # the newest that MXNet 1.9.1 translates to

FILE_FORMAT = 7  # the version of the format that is as old as this operator set, so that older programs read it, too

TYPES = ("float16", "float32", "float64", "uint8", "int8", "int32", "int64", "bool")  # all of an array in MXNet


def export_onnx(classifier: Classifier, path: str | Path) -> None:
    """Write the network of `classifier`, its parameters and its softmax to `path`, whole or not at all.

    The file's input is `data`, images (N, 1, 28, 28) float32 in 0..1 with bright ink on 0, any N; its output is
    `probabilities` (N, 10) float32. The file has passed the checker of `onnx`.
    Raises DigitsError unless `path` ends in .onnx and can be written.
    """
    check_target(path)
    import onnx

    symbol = _with_flatten(probabilities(NETWORKS[classifier.network]()))
    params = {name: mx.nd.array(array) for name, array in classifier.params.items()}
    with atomic_write(path) as temporary:
        with restored_mapping():
            mx.onnx.export_model(symbol, params, [(1, 1, 28, 28)], np.float32, str(temporary))
        model = _portable(onnx.load(temporary), classifier.network)
        onnx.checker.check_model(model, full_check=True)
        onnx.save(model, temporary)


def check_target(path: str | Path) -> None:
    """Raise DigitsError where `export_onnx` could not write `path`; changes nothing."""
    if Path(path).suffix != ".onnx":
        raise DigitsError(f"expected a file name that ends in .onnx, got {path}: give it that ending")
    check_writable(path)


def _with_flatten(symbol: mx.sym.Symbol) -> mx.sym.Symbol:
    """The same network, with `flatten=True` written out in its fully connected layers.

    It is the default, but `mx.onnx` takes what is not written for False, and makes seven operators of a layer, not two.
    """
    plan = json.loads(symbol.tojson())
    for node in plan["nodes"]:
        if node["op"] == "FullyConnected":
            node["attrs"].setdefault("flatten", "True")
    return mx.sym.load_json(json.dumps(plan))


def _portable(model: "onnx.ModelProto", network: str) -> "onnx.ModelProto":
    """The same operators and parameters, for any N and for programs old and new.

    MXNet lists each parameter among the inputs as well, so that programs may not compute with it beforehand; it adds a
    constant that no operator reads; and it names the newest operator set that `onnx` knows, not the one it has used.
    """
    from onnx import TensorProto, helper

    read = {name for node in model.graph.node for name in node.input}
    graph = helper.make_graph(
        model.graph.node,
        network,
        [helper.make_tensor_value_info("data", TensorProto.FLOAT, ["N", 1, 28, 28])],
        [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["N", 10])],
        [array for array in model.graph.initializer if array.name in read],
    )
    return helper.make_model(
        graph,
        opset_imports=[helper.make_opsetid("", OPERATOR_SET)],
        ir_version=FILE_FORMAT,
        producer_name="MXNet",
        producer_version=mx.__version__,
        doc_string=f"{network}. Input: {INPUT}. Output: {OUTPUT}.",
    )


@contextmanager
def restored_mapping() -> Iterator[None]:
    """While the block runs, `onnx.mapping` exists and has what `mx.onnx` reads. An older `onnx` stays as it is.

    MXNet 1.9.1 looks up there which numbers ONNX gives to types, and `onnx` has dropped the module since.
    """
    import onnx

    _register_operators()
    if importlib.util.find_spec("onnx.mapping"):
        yield
        return
    number_of = onnx.helper.np_dtype_to_tensor_dtype
    numbers = {np.dtype(name): int(number_of(np.dtype(name))) for name in TYPES}
    onnx.mapping = SimpleNamespace(
        NP_TYPE_TO_TENSOR_TYPE=numbers,  # for each parameter and each constant that an operator needs
        TENSOR_TYPE_TO_NP_TYPE={number: dtype for dtype, number in numbers.items()},  # for the inputs of the network
    )
    try:
        yield
    finally:
        del onnx.mapping


def _register_operators() -> None:
    """Let `mx.onnx` know its operators, where `onnx` was installed after `import mxnet`: it has none without it."""
    if not MXNetGraph.registry_:
        for name in ("_op_translations_opset12", "_op_translations_opset13"):
            importlib.reload(importlib.import_module(f"mxnet.onnx.mx2onnx._op_translations.{name}"))
