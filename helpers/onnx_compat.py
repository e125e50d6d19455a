"""Let MXNet 1.9.1 export to ONNX with a current version of the package `onnx`.

MXNet looks up the numbers that ONNX gives to types in the module `onnx.mapping`, which `onnx` has dropped since.
"""

import importlib.util
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace

import numpy as np
import onnx
from onnx import helper

# All types of an array in MXNet.
TYPES = ("float16", "float32", "float64", "uint8", "int8", "int32", "int64", "bool")


@contextmanager
def restored_mapping() -> Iterator[None]:
    """While the block runs, `onnx.mapping` exists and has what `mx.onnx` reads. An older `onnx` stays as is."""
    if importlib.util.find_spec("onnx.mapping"):
        yield
        return
    numbers = {np.dtype(name): int(helper.np_dtype_to_tensor_dtype(np.dtype(name))) for name in TYPES}
    onnx.mapping = SimpleNamespace(
        NP_TYPE_TO_TENSOR_TYPE=numbers,  # for each parameter and each constant that an operator needs
        TENSOR_TYPE_TO_NP_TYPE={number: dtype for dtype, number in numbers.items()},  # for the inputs of the network
    )
    try:
        yield
    finally:
        del onnx.mapping
