"""An exported network is a plain ONNX file that answers as MXNet does, and is written whole or not at all."""

import importlib.machinery
import subprocess
import sys
from types import ModuleType

import numpy as np
import onnx
import onnxruntime
import pytest

from helpers.base.errors import DigitsError
from helpers.classifier.classifier import SHIPPED, Classifier
from helpers.classifier.onnx_export import export_onnx, restored_mapping

PLAIN = {"Conv", "Flatten", "Gemm", "Identity", "MaxPool", "Relu", "Softmax", "Tanh"}


@pytest.fixture(scope="module", params=SHIPPED)
def exported(request, tmp_path_factory):
    """A shipped network and its file."""
    path = tmp_path_factory.mktemp("onnx") / f"{request.param}.onnx"
    classifier = Classifier.load(request.param)
    export_onnx(classifier, path)
    return classifier, path


@pytest.fixture(scope="module")
def images(digits):
    return np.concatenate([digits.test.images, digits.train.images])[:1000]


def test_it_answers_as_mxnet_does(exported, images):
    classifier, path = exported
    session = onnxruntime.InferenceSession(path)
    wanted = classifier.probabilities_of(images)
    for count in (1000, 7, 1):
        [found] = session.run(["probabilities"], {"data": images[:count]})
        assert found.dtype == np.float32
        assert np.abs(found - wanted[:count]).max() < 1e-5


def test_the_file_is_plain(exported):
    _, path = exported
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    assert [(entry.domain, entry.version) for entry in model.opset_import] == [("", 13)]
    assert model.ir_version == 7
    assert {node.op_type for node in model.graph.node} <= PLAIN
    assert "(N, 1, 28, 28)" in model.doc_string
    assert "(N, 10)" in model.doc_string


def test_images_go_in_and_probabilities_come_out(exported):
    _, path = exported
    session = onnxruntime.InferenceSession(path)
    found = [(value.name, value.shape, value.type) for value in [*session.get_inputs(), *session.get_outputs()]]
    assert found == [("data", ["N", 1, 28, 28], "tensor(float)"), ("probabilities", ["N", 10], "tensor(float)")]


def test_it_holds_the_parameters_and_no_other_constants(exported):
    classifier, path = exported
    arrays = {array.name: onnx.numpy_helper.to_array(array) for array in onnx.load(path).graph.initializer}
    assert arrays.keys() == classifier.params.keys()
    for name, array in classifier.params.items():
        assert np.array_equal(arrays[name], array)


def test_it_runs_without_mxnet(exported, images, tmp_path):
    classifier, path = exported
    np.save(tmp_path / "images.npy", images[:50])
    program = (
        "import sys, numpy, onnxruntime\n"
        f"found = onnxruntime.InferenceSession({str(path)!r}).run(None, {{'data': numpy.load('images.npy')}})[0]\n"
        "numpy.save('answers.npy', found)\n"
        "assert not {'mxnet', 'helpers'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", program], cwd=tmp_path, check=True, timeout=300)
    answers = np.load(tmp_path / "answers.npy").argmax(axis=1)
    assert np.array_equal(answers, classifier.probabilities_of(images[:50]).argmax(axis=1))


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("no/such/x.onnx", "^cannot write .*: there is no such file or folder"),
        ("x.params", r"^expected a file name that ends in \.onnx, got .*/x\.params: give"),
        ("folder.onnx", "^cannot write .*: it is a folder"),
    ],
)
def test_where_nothing_can_be_written(tmp_path, name, problem):
    (tmp_path / "folder.onnx").mkdir()
    with pytest.raises(DigitsError, match=problem):
        export_onnx(Classifier.load("mlp"), tmp_path / name)
    assert [entry.name for entry in tmp_path.iterdir()] == ["folder.onnx"]
    assert not hasattr(onnx, "mapping")


def test_a_file_that_fails_the_check_is_not_written(tmp_path, monkeypatch):
    monkeypatch.setattr("helpers.classifier.onnx_export.FILE_FORMAT", 99)  # which there is not
    path = tmp_path / "mlp.onnx"
    path.write_bytes(b"an older file")
    with pytest.raises(onnx.checker.ValidationError):
        export_onnx(Classifier.load("mlp"), path)
    assert path.read_bytes() == b"an older file"
    assert list(tmp_path.iterdir()) == [path]


# The numbers of the enumeration DataType in onnx.proto.
NUMBERS = {"float32": 1, "uint8": 2, "int8": 3, "int32": 6, "int64": 7, "bool": 9, "float16": 10, "float64": 11}


def test_the_mapping_is_there_for_as_long_as_it_is_needed():
    with restored_mapping():
        from onnx import mapping

        assert {np.dtype(name): number for name, number in NUMBERS.items()} == mapping.NP_TYPE_TO_TENSOR_TYPE
        assert {number: np.dtype(name) for name, number in NUMBERS.items()} == mapping.TENSOR_TYPE_TO_NP_TYPE
    assert not hasattr(onnx, "mapping")
    with pytest.raises(KeyboardInterrupt), restored_mapping():
        raise KeyboardInterrupt
    assert not hasattr(onnx, "mapping")


def test_an_older_onnx_keeps_its_own_mapping(monkeypatch):
    mapping = ModuleType("onnx.mapping")
    mapping.__spec__ = importlib.machinery.ModuleSpec("onnx.mapping", None)
    monkeypatch.setitem(sys.modules, "onnx.mapping", mapping)
    monkeypatch.setattr(onnx, "mapping", mapping, raising=False)
    with restored_mapping():
        assert onnx.mapping is mapping
    assert onnx.mapping is mapping
