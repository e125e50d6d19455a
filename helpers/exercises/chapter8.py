"""Chapter 8: an image for ONNX Runtime, what becomes of dropout, the MLP in NumPy, a smaller LeNet."""

import io
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np

from helpers.classifier.classifier import Classifier
from helpers.exercises.judge import as_array, is_open, wrong_array, wrong_number

if TYPE_CHECKING:
    import onnx

    from helpers.data.load import Digits

SHAPES = {  # of exercise 1, and what is amiss with each
    (28, 28): "the axes of the batch and of the channel are missing, try x[None, None].",
    (1, 28, 28): "one axis is missing: there is one for the batch and one for the channel.",
    (1, 28, 28, 1): "the channel stands last: MXNet's networks want it before rows and columns.",
    (1, 784): "the network needs rows and columns, not one long line.",
}
HALF = 862_160  # bytes, of LeNet's 431,080 parameters with 4 each
ALLOWED = 0.005  # share of the validation images that a smaller LeNet may lose


def exercise_1(batch, photo: np.ndarray) -> str | None:
    """The photo as ONNX Runtime takes it, an array (1, 1, 28, 28)."""
    if not isinstance(batch, np.ndarray):
        return f"ONNX Runtime takes NumPy arrays, this is of type {type(batch).__name__}."
    if batch.shape != (1, 1, 28, 28):
        return f"shape is {batch.shape}: {SHAPES.get(batch.shape, '(1, 1, 28, 28) is wanted.')}"
    if batch.max() > 1:
        return f"values reach {batch.max():g}: the network knows ink from 0 to 1, so divide by 255."
    if batch.dtype != np.float32:
        return f"the type is {batch.dtype}, the file says float32: try x.astype(np.float32)."
    if batch.max() < 0.01:
        return f"the largest value is {batch.max():.2g}, hardly any ink: divide by 255 only once."
    if not np.allclose(batch[0, 0], photo / 255, atol=1e-4):
        return "shape and type are right, but it is not the photo: are rows, columns or ink and paper exchanged?"
    return None


def exercise_2(count, model: "onnx.ModelProto") -> str | None:
    """The number of operators `Dropout` in the file, a whole number."""
    mistakes = [
        (4, "the network has four layers of dropout, but what do they do when it answers and does not learn?"),
        (3, "three follow the convolutions and one the layer fc1; but what do they do when the network answers?"),
        (1, "one for all four would still drop something: what does dropout do when the network answers?"),
    ]
    return wrong_number(count, sum(node.op_type == "Dropout" for node in model.graph.node), mistakes)


def exercise_3(mlp: Callable) -> str | None:
    """A function of images and parameters that returns the probabilities."""
    if not callable(mlp):
        return f"a function is wanted, this is of type {type(mlp).__name__}."
    classifier = Classifier.load("mlp")
    images = 0.2 * np.random.default_rng(0).random((5, 1, 28, 28), dtype=np.float32)  # pale: no answer is certain
    p = classifier.params
    found = mlp(images.copy(), classifier.params)
    if is_open(found):
        return "the function returns nothing yet: let it return the probabilities, one row of ten for each image."
    logits, without_relu, with_tanh = (
        _logits(images, p, f) for f in (lambda z: np.maximum(z, 0), lambda z: z, np.tanh)
    )
    thoughts = [
        (logits, "these are the logits: softmax makes probabilities of them."),
        (_softmax(logits, axis=0), "each column adds up to 1, each row has to: softmax along axis 1."),
        (np.exp(logits), "these are powers of e: divide each row by its sum."),
        (_softmax(without_relu), "this is what comes out without ReLU: both hidden layers set what is below 0 to 0."),
        (_softmax(with_tanh), "this is what comes out with LeNet's tanh: the MLP has ReLU."),
        (_softmax(np.maximum(logits, 0)), "the logits have no ReLU: only the two hidden layers have one."),
    ]
    for wrong, thought in thoughts:
        if as_array(found).shape == wrong.shape and np.allclose(as_array(found), wrong, rtol=1e-4, atol=1e-5):
            return thought
    return wrong_array(found, classifier.probabilities_of(images), _shape_of_probabilities, tolerance=1e-5)


def _logits(images: np.ndarray, p: Mapping[str, np.ndarray], activation: Callable) -> np.ndarray:
    x = images.reshape(len(images), -1)
    for layer in ("fc1", "fc2"):
        x = activation(x @ p[f"{layer}_weight"].T + p[f"{layer}_bias"])
    return x @ p["logits_weight"].T + p["logits_bias"]


def _softmax(z: np.ndarray, axis: int = 1) -> np.ndarray:
    e = np.exp(z)
    return e / e.sum(axis=axis, keepdims=True)


def _shape_of_probabilities(shape: tuple[int, ...]) -> str | None:
    return "images go in rows, so each layer is x @ weight.T + bias." if shape == (10, 5) else None


def exercise_4(small, digits: "Digits") -> str | None:
    """LeNet's parameters in fewer bytes, a dictionary of arrays by name."""
    lenet = Classifier.load("lenet")
    wanted = lenet.params
    if not isinstance(small, Mapping) or small.keys() != wanted.keys():
        return f"a dictionary with just these names is wanted: {', '.join(wanted)}."
    arrays = {name: as_array(array) for name, array in small.items()}
    for name, array in arrays.items():
        if array.shape != wanted[name].shape:
            return f"{name} has shape {array.shape}, {wanted[name].shape} is wanted: keep the network as it is."
    size = io.BytesIO()
    np.savez_compressed(size, **arrays)
    if size.tell() >= HALF:
        return f"{size.tell():,} bytes, fewer than {HALF:,} are wanted: how exactly must each number be known?"

    def share_right(classifier: Classifier) -> float:
        return float((classifier.probabilities_of(digits.valid.images).argmax(axis=1) == digits.valid.labels).mean())

    before, after = share_right(lenet), share_right(Classifier("lenet", arrays))
    if after < before - ALLOWED:
        lost = f"{after:.1%} of the validation images are read correctly, {before:.1%} with all bytes"
        return f"{size.tell():,} bytes, but {lost}: that is too much lost, {ALLOWED:.1%} is allowed."
    return None
