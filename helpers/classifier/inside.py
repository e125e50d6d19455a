"""Look inside a network while it answers: what each layer makes of the image, and which pixels the answer hangs on.

What each class binds is its own, as a Classifier's is, so neither must be called from two threads at once.

Chapter 5 and the canvas.
"""

import math
import reprlib

import numpy as np

from helpers.base.arrays import one_image
from helpers.base.errors import DigitsError
from helpers.classifier.classifier import Classifier
from helpers.networks.symbols import NETWORKS, layers

import mxnet as mx

# The layers that a picture of the network shows, by MXNet's operators; an activation is named by its function.
KINDS = {
    "Convolution": "convolution",
    "FullyConnected": "dense",
    "Activation": "",
    "Pooling": "pool",
    "SoftmaxOutput": "softmax",
}


class FirstLayer:
    """The feature maps of a network's first convolution, after its activation."""

    def __init__(self, classifier: Classifier):
        """Raises DigitsError for the MLP, which has no convolution."""
        internals = _without_dropout(classifier.network).get_internals()
        outputs = internals.list_outputs()
        if "conv1_output" not in outputs:
            fix = "choose lenet or dropout-cnn"
            raise DigitsError(f"expected a network with a convolution, got {classifier.network}: {fix}")
        activation = outputs[outputs.index("conv1_output") + 1]
        self._executor = _bind(internals[activation], classifier, "null")

    def __call__(self, image: np.ndarray) -> np.ndarray:
        """The maps for one image, (28, 28) floats in 0..1: float32, (20, 24, 24) with LeNet, in -1..1 (tanh);
        (32, 28, 28) with the dropout CNN, at least 0 (ReLU).
        """
        (maps,) = self._executor.forward(is_train=False, data=_batch(image))
        return maps[0].asnumpy()


def plan(network: str) -> list[dict]:
    """The layers of one of NETWORKS as it answers, from the image to the probabilities, without dropout and flattening.

    Each is a dict of `name`, `kind` (image, convolution, dense, relu, tanh, pool or softmax) and `shape`, that of its
    output for one image; a convolution has `kernel` and `pad`, a pool `kernel`, in pixels along one side.
    """
    symbol = NETWORKS[network]()
    attributes = symbol.attr_dict()
    found = [{"name": "data", "kind": "image", "shape": [1, 28, 28]}]
    for name, operator, (_, *shape), _ in layers(symbol):
        if operator not in KINDS:
            continue
        given = attributes.get(name, {})
        layer = {"name": name, "kind": KINDS[operator] or given["act_type"], "shape": shape}
        if "kernel" in given:
            layer["kernel"] = _side(given["kernel"])
        if operator == "Convolution":
            layer["pad"] = _side(given.get("pad", "(0, 0)"))
        found.append(layer)
    return found


def _side(pair: str) -> int:
    """One of the two equal numbers of an attribute such as "(5, 5)"."""
    return int(pair.strip("()").split(",")[0])


class Layers:
    """What the layers with weights make of an image; all others follow from these without any weight.

    `plan` lists all layers, see the function of that name.
    """

    def __init__(self, classifier: Classifier):
        self.plan = plan(classifier.network)
        self._names = [layer["name"] for layer in self.plan if layer["kind"] in ("convolution", "dense")]
        internals = _without_dropout(classifier.network).get_internals()
        self._executor = _bind(mx.sym.Group([internals[f"{name}_output"] for name in self._names]), classifier, "null")
        self._params = classifier.params

    def __call__(self, image: np.ndarray) -> dict[str, np.ndarray]:
        """The output of each, before its activation, by name, for one image, (28, 28) floats in 0..1: float32, with
        LeNet conv1 (20, 24, 24), conv2 (50, 8, 8), fc1 (500,) and logits (10,).
        """
        outputs = self._executor.forward(is_train=False, data=_batch(image))
        return {name: output[0].asnumpy() for name, output in zip(self._names, outputs, strict=True)}

    def unit(self, name: str, index: int) -> tuple[np.ndarray, float]:
        """The weights and the bias of a unit: of output `index` of the layer, counted as its values lie in memory.

        The weights have the shape (maps below, height, width) with a convolution and (inputs,) with a dense layer.
        Raises DigitsError where there is none.
        """
        shape = next((layer["shape"] for layer in self.plan if layer["name"] == name and name in self._names), None)
        if shape is None or not 0 <= index < math.prod(shape):
            given = f"{reprlib.repr(index)} of {reprlib.repr(name)}"
            raise DigitsError(f"expected a unit of {', '.join(self._names)}, got {given}: choose another")
        row = np.unravel_index(index, shape)[0]
        return self._params[f"{name}_weight"][row], float(self._params[f"{name}_bias"][row])


class Saliency:
    """How strongly each pixel moves a network's answer, by the gradient, dropout off."""

    def __init__(self, classifier: Classifier):
        logits = _without_dropout(classifier.network).get_internals()["logits_output"]
        self._executor = _bind(logits, classifier, "write")

    def __call__(self, image: np.ndarray) -> np.ndarray:
        """|d log p(answer) / d pixel| for one image, (28, 28) floats in 0..1: float32 (28, 28), at least 0.

        The answer is the most probable digit. A large value says that a little more or less ink there would change its
        probability much. A network that is nearly certain has small values everywhere; they are exact all the same.
        """
        gradient, doubt = self._gradient(image)
        return np.abs(gradient) * np.float32(doubt / (1 + doubt))  # d log p is (1 - p) times d ln(p / (1 - p))

    def signed(self, image: np.ndarray, digit: int | None = None) -> np.ndarray:
        """The ink that speaks for a digit, above 0, and against it: pixel * d ln(p / (1 - p)) / d pixel, (28, 28).

        ln(p / (1 - p)), the log odds of the digit against all others, has a slope also where p is nearly 0 or 1. The
        values are float32, for one image (28, 28) of floats in 0..1. digit: 0 to 9, the most probable one if None.
        """
        gradient, _ = self._gradient(image, digit)
        return gradient * np.asarray(image, np.float32)

    def _gradient(self, image: np.ndarray, digit: int | None = None) -> tuple[np.ndarray, float]:
        """d ln(p / (1 - p)) / d pixel of the digit, and (1 - p) / p."""
        (logits,) = self._executor.forward(is_train=True, data=_batch(image))
        z = logits[0].asnumpy().astype(np.float64)
        digit = z.argmax() if digit is None else digit
        odds = np.exp(z - np.delete(z, digit).max())
        odds[digit] = 0

        # d ln(p / (1 - p)) / d z is 1 for the digit and, for the others, minus their shares of all that it has not.
        # Unlike 1 - p and p these are not lost in rounding where p rounds to 1.
        shares = -odds / odds.sum()
        shares[digit] = 1
        self._executor.backward(mx.nd.array(shares[np.newaxis]))
        doubt = np.exp(np.logaddexp.reduce(np.delete(z, digit)) - z[digit])
        return self._executor.grad_dict["data"][0, 0].asnumpy(), doubt


def _without_dropout(network: str) -> mx.sym.Symbol:
    """The network as it answers. A backward pass needs training mode, where dropout with p > 0 would be on."""
    return NETWORKS[network](p=0) if network == "dropout-cnn" else NETWORKS[network]()


def _bind(symbol: mx.sym.Symbol, classifier: Classifier, gradient: str) -> mx.executor.Executor:
    """`symbol` on one image with a copy of the classifier's parameters; `gradient` of the image: "write" or "null"."""
    gradients = dict.fromkeys(symbol.list_arguments(), "null") | {"data": gradient}
    executor = symbol.simple_bind(mx.cpu(), grad_req=gradients, data=(1, 1, 28, 28))
    params = {name: mx.nd.array(array) for name, array in classifier.params.items()}
    executor.copy_params_from(params, allow_extra_params=True)  # those of later layers
    return executor


def _batch(image: np.ndarray) -> mx.nd.NDArray:
    return mx.nd.array(one_image(image)[np.newaxis, np.newaxis])
