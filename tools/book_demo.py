"""Put together what is live in the book: canvas, networks, digits and what runs them, as files for any web server.

    python tools/book_demo.py FOLDER

A page shows it by <div id="live-demo" class="live"></div> and a script of type="module", demo.js of the folder. What
comes from npm is installed once, in .cache/book, and again when book/package.json changes; else no network is needed.
"""

import argparse
import gzip
import json
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import onnx
from book_digits import digits_in_bytes

from helpers.base.errors import DigitsError, exit_code
from helpers.base.files import reason
from helpers.classifier import SHIPPED, Classifier, export_onnx, plan
from helpers.data import load_mnist

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ROOT / "book" / "package.json"
CACHE = ROOT / ".cache" / "book"
INSTALL = ["install", "--no-package-lock", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"]
RUNTIME = ["ort.wasm.min.mjs", "ort-wasm-simd-threaded.mjs"]  # without a GPU
RANKS = {"Conv": 4, "Gemm": 2}  # of what the layers with weights put out
FLOAT = onnx.TensorProto.FLOAT
SCRIPTS = ["canvas.js", "elements.js", "xray.js", "canvas.css"]  # of the widget
WASM = "ort-wasm-simd-threaded.wasm"


def build(folder: Path) -> None:
    """Fill `folder` with the files of the demo; it is made where it is missing.

    Raises DigitsError when the packages cannot be installed, or a file cannot be written.
    """
    runtime = packages() / "onnxruntime-web" / "dist"
    files = [*(ROOT / "book" / "demo").iterdir(), *(runtime / name for name in RUNTIME)]
    files += [ROOT / "helpers" / "canvas" / name for name in SCRIPTS]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for file in files:
            shutil.copy(file, folder)
        # A plain web server compresses scripts, and none of these: reader.js unpacks them.
        _pack(folder / f"{WASM}.gz", (runtime / WASM).read_bytes())
        for name in SHIPPED:
            classifier = Classifier.load(name)
            _pack(folder / f"{name}.onnx.gz", half_as_large(classifier))
            (folder / f"{name}.json").write_text(json.dumps(plan(classifier.network)), encoding="utf-8")
        _pack(folder / "dropout-cnn-thinned.onnx.gz", with_masks(half_as_large(Classifier.load("dropout-cnn"))))
        _pack(folder / "digits.gz", digits_in_bytes(load_mnist()))
    except OSError as error:
        raise DigitsError(f"cannot write {folder}: {reason(error)}") from error


def half_as_large(classifier: Classifier) -> bytes:
    """The network as an ONNX file that keeps each parameter in 16 bits and computes with 32.

    Besides the probabilities its outputs are what the X-ray needs: the layers with weights, and their parameters.
    The largest difference to any of its ten probabilities is stated in tests/book/test_book_demo.py, which measures it.
    """
    with TemporaryDirectory() as scratch:
        path = Path(scratch, "network.onnx")
        export_onnx(classifier, path)
        model = onnx.load(path)
    widened, outputs = [], []
    for tensor in model.graph.initializer:
        if tensor.data_type == FLOAT:
            name, values = tensor.name, onnx.numpy_helper.to_array(tensor)
            tensor.CopyFrom(onnx.numpy_helper.from_array(values.astype(np.float16), f"{name}_in_16_bits"))
            widened.append(onnx.helper.make_node("Cast", [tensor.name], [name], to=FLOAT))
            outputs.append((name, values.shape))
    nodes = [*widened, *model.graph.node]
    outputs += [(node.output[0], [None] * RANKS[node.op_type]) for node in nodes if node.op_type in RANKS]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    model.graph.output.extend(onnx.helper.make_tensor_value_info(name, FLOAT, shape) for name, shape in outputs)
    onnx.checker.check_model(model)
    return model.SerializeToString()


def with_masks(network: bytes) -> bytes:
    """The ONNX file with an input for each of its dropouts, by its name: what the values there are multiplied with.

    Masks (M, ...) for M thinned networks go with one image, and make M answers of it.
    """
    model = onnx.load_from_string(network)
    shapes = {value.name: value.type for value in onnx.shape_inference.infer_shapes(model).graph.value_info}
    for node in model.graph.node:
        if node.op_type == "Identity" and node.output[0].startswith("drop"):
            mask = f"{node.output[0]}_mask"
            sides = [side.dim_value for side in shapes[node.output[0]].tensor_type.shape.dim[1:]]
            model.graph.input.append(onnx.helper.make_tensor_value_info(mask, onnx.TensorProto.FLOAT, ["M", *sides]))
            node.CopyFrom(onnx.helper.make_node("Mul", [node.input[0], mask], [node.output[0]]))
    del model.graph.value_info[:]  # they say N where there are now M
    del model.graph.output[1:]  # which are for the X-ray
    model.graph.output[0].type.tensor_type.shape.dim[0].dim_param = "M"
    onnx.checker.check_model(model)
    return model.SerializeToString()


def _pack(path: Path, content: bytes) -> None:
    path.write_bytes(gzip.compress(content, mtime=0))  # no time in it: the same content is the same file


def packages(cache: Path = CACHE) -> Path:
    """The folder node_modules with the packages of book/package.json, installed in `cache` unless they are there.

    Raises DigitsError when npm is missing or cannot install them.
    """
    wanted = PACKAGES.read_text(encoding="utf-8")
    stamp = cache / "stamp"  # written last: with it the packages are whole
    if not (stamp.exists() and stamp.read_text(encoding="utf-8") == wanted):
        stamp.unlink(missing_ok=True)
        cache.mkdir(parents=True, exist_ok=True)
        shutil.copy(PACKAGES, cache)
        _install(cache)
        stamp.write_text(wanted, encoding="utf-8")
    return cache / "node_modules"


def _install(cache: Path) -> None:
    npm = shutil.which("npm")
    if not npm:
        raise DigitsError("npm is missing, which installs what the book needs: `apt-get install npm`")
    done = subprocess.run([npm, *INSTALL], cwd=cache, capture_output=True, text=True)
    if done.returncode != 0:
        said = next(iter(done.stderr.splitlines()), "")
        raise DigitsError(f"npm cannot install the packages of book/package.json ({said}): is there a network?")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="where the files go; made where it is missing")
    build(parser.parse_args().folder)


if __name__ == "__main__":
    sys.exit(exit_code(main))
