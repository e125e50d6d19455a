"""The exercises of chapter 9: an image for ONNX Runtime, what becomes of dropout, the MLP in NumPy, a smaller LeNet,
and in words what 97 % are worth. And its guesses.

Chapter 9.
"""

import io
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np

from helpers.classifier.classifier import Classifier
from helpers.exercises.guesses import Guess
from helpers.exercises.judge import (
    answer_array,
    is_open,
    missing_point,
    wrong_array,
    wrong_number,
    wrong_shape,
    wrong_type,
)

if TYPE_CHECKING:
    import onnx

    from helpers.data.load import Digits

SHAPES = {  # of exercise 1, and what is wrong with each
    (28, 28): "the axes of the batch and of the channel are missing, so try x[None, None].",
    (1, 28, 28): "one axis is missing. There should be one for the batch and one for the channel.",
    (1, 28, 28, 1): "the channel comes last, but MXNet's networks expect it before rows and columns.",
    (1, 784): "the network needs rows and columns, not one long line.",
}
HALF = 862_160  # bytes, of LeNet's 431,080 parameters with 4 each
ALLOWED = 0.005  # share of the validation images that a smaller LeNet may lose

GUESSES = {
    "a": Guess(
        "How many of the 1,000 answers will differ, and will the probabilities be equal to the last digit?",
        {
            "A few answers: it is another program.": "It computes the same formulas with the same numbers.",
            "None, and the probabilities are equal to the last digit.": (
                "Trusting computers to be exact. Each sum is rounded, and adding in another order rounds differently."
            ),
            "None, but the probabilities differ in their last digits.": (
                "No answer differs, and the probabilities agree to five digits or more."
            ),
        },
        right="None, but the probabilities differ in their last digits.",
    ),
    "b": Guess(
        "Which of the two programs is faster?",
        {
            "MXNet: the networks were made for it.": "A file of operators belongs to nobody.",
            "ONNX Runtime, in most cases.": (
                "By a little or several times. It was written later, to answer only, and it is still being worked on. "
                "It depends on the network and the machine."
            ),
            "Both take the same time: it is the same arithmetic.": (
                "The same sums can be done in more than one way, with more or fewer trips to memory."
            ),
        },
        right="ONNX Runtime, in most cases.",
    ),
    "c": Guess(
        "How will LeNet come out of it, compared with MXNet's own second epoch?",
        {
            "As another network that is about as good.": (
                "So it is where chance plays a part, as with dropout. Here nothing is left to chance."
            ),
            "As the same network, but for rounding.": (
                "The same gradients, the same steps. The probabilities agree to a few digits after fifty steps, and "
                "the accuracy is the same or differs by an image or two."
            ),
            "Worse: what the optimizer knew is lost.": "Plain SGD knows nothing. With momentum or Adam it would be so.",
        },
        right="As the same network, but for rounding.",
    ),
    "d": Guess(
        "How small can the loss become, for a network that puts all of its probability, 1, on the right digit?",
        {
            "0, as with one softmax.": "The second softmax sees ten numbers from 0 to 1, which lie close together.",
            "1.46.": "Of 1 the exponential is 2.72, and of 0 it is 1, nine times: 2.72 / 11.72 = 0.23.",
            "2.30, as by guessing.": "That is the loss of ten equal numbers. These are not quite equal.",
        },
        right="1.46.",
    ),
    "e": Guess(
        "How sure will the networks be of their answers to the letters? On the test images the largest of the ten "
        "probabilities is 0.99 on average.",
        {
            "About 0.1: no digit fits better than another.": (
                "Expecting the network to know what it does not know. Some digit always fits better than the others."
            ),
            "About 0.5: they waver.": "Thinking of a person who hesitates. Softmax makes small leads into large ones.",
            "About 0.9: they do not notice.": "0.90 to 0.92 on average. Most letters get an answer above 0.9.",
        },
        right="About 0.9: they do not notice.",
    ),
    "f": Guess(
        "Where will most of the letters be turned away?",
        {
            "Soon: at a threshold that costs hardly any digits.": (
                "Expecting the unknown to look uncertain. Most letters get more than 0.9."
            ),
            "Late: only where many digits go unanswered, too.": (
                "To turn nine in ten letters away, LeNet has to leave a large share of the digits unanswered."
            ),
            "Never.": "Letters are a little less certain than digits, so a very high threshold does turn them away.",
        },
        right="Late: only where many digits go unanswered, too.",
    ),
}


def exercise_1(batch, photo: np.ndarray) -> str | None:
    """The photo as ONNX Runtime takes it, an array (1, 1, 28, 28)."""
    if not isinstance(batch, np.ndarray):
        return wrong_type(batch, "a NumPy array", "ONNX Runtime takes nothing else.")
    if batch.shape != (1, 1, 28, 28):
        return wrong_shape(batch.shape, (1, 1, 28, 28), SHAPES.get(batch.shape))
    if batch.max() > 1:
        return f"the values reach {batch.max():g}: the network knows ink from 0 to 1, so divide by 255."
    if batch.dtype != np.float32:
        return f"the type is {batch.dtype}, but the file says float32: try x.astype(np.float32)."
    if batch.max() < 0.01:
        return f"the largest value is {batch.max():.2g}, which is hardly any ink: divide by 255 only once."
    if not np.allclose(batch[0, 0], photo / 255, atol=1e-4):
        return "shape and type are right, but it is not the photo: did you exchange rows and columns, or ink and paper?"
    return None


def exercise_2(count, model: "onnx.ModelProto") -> str | None:
    """The number of `Dropout` operators in the file, a whole number."""
    mistakes = [
        (4, "the network has four layers of dropout, but what do they do when it answers instead of learning?"),
        (3, "three follow the convolutions and one the layer fc1; but what do they do when the network answers?"),
        (1, "one for all four would still drop something: what does dropout do when the network answers?"),
    ]
    return wrong_number(count, sum(node.op_type == "Dropout" for node in model.graph.node), mistakes)


def exercise_3(mlp: Callable) -> str | None:
    """A function of images and parameters that returns the probabilities."""
    if not callable(mlp):
        return wrong_type(mlp, "a function")
    classifier = Classifier.load("mlp")
    images = 0.2 * np.random.default_rng(0).random((5, 1, 28, 28), dtype=np.float32)  # pale: no answer is certain
    p = classifier.params
    found = mlp(images.copy(), p)
    if is_open(found):
        return "the function returns nothing yet: let it return the probabilities, one row of ten for each image."
    logits, without_relu, with_tanh = (
        _logits(images, p, f) for f in (lambda z: np.maximum(z, 0), lambda z: z, np.tanh)
    )
    thoughts = [
        (logits, "these are the logits: softmax turns them into probabilities."),
        (_softmax(logits, axis=0), "each column adds up to 1, but each row should: apply softmax along axis 1."),
        (np.exp(logits), "these are powers of e: divide each row by its sum."),
        (_softmax(without_relu), "this is the result without ReLU: both hidden layers set to 0 what is below 0."),
        (_softmax(with_tanh), "this is the result with LeNet's tanh: the MLP has ReLU."),
        (_softmax(np.maximum(logits, 0)), "the logits have no ReLU: only the two hidden layers have one."),
    ]
    for wrong, thought in thoughts:
        if answer_array(found).shape == wrong.shape and np.allclose(answer_array(found), wrong, rtol=1e-4, atol=1e-5):
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
    if not isinstance(small, Mapping) or small.keys() != lenet.params.keys():
        return f"the answer should be a dictionary with exactly these names: {', '.join(lenet.params)}."
    arrays = {name: answer_array(array) for name, array in small.items()}
    for name, array in arrays.items():
        right = lenet.params[name].shape
        if array.shape != right:
            return f"{name} has the shape {array.shape}, but it should be {right}: keep the network as it is."
    size = io.BytesIO()
    np.savez_compressed(size, **arrays)
    if size.tell() >= HALF:
        return (
            f"{size.tell():,} bytes are too many, there should be fewer than {HALF:,}: how exact must each number be?"
        )

    def share_right(classifier: Classifier) -> float:
        return float((classifier.probabilities_of(digits.valid.images).argmax(axis=1) == digits.valid.labels).mean())

    before = share_right(lenet)
    after = share_right(Classifier("lenet", arrays))
    if after < before - ALLOWED:
        return (
            f"{size.tell():,} bytes are few enough, but {after:.1%} of the validation images are read correctly, "
            f"and {before:.1%} with all bytes: that loses too much, only {ALLOWED:.1%} is allowed."
        )
    return None


def exercise_5(words) -> str | None:
    """Two or three sentences between quotation marks."""
    points = [
        (
            r"\b(test|train|mnist|measured|learn|seen|distribution)",
            "For which images does an accuracy of 99.2 % hold, and is a letter one of them?",
        ),
        (
            r"\b(softmax|add(s)? up|sum(s)? to|shares? out|ten (digits|classes|answers)|none of these|always)",
            "Among what are the 100 % shared out, and what can the network not say?",
        ),
        (
            r"\b(threshold|reject|eleventh|class|person|human|unanswered|not sure|refuse|check|letters)",
            "What would you change, so that such an image does no harm?",
        ),
    ]
    return missing_point(words, points)
