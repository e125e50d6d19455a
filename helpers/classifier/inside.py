"""Look inside a network while it answers: the maps of its first convolution, and which pixels the answer hangs on.

What each class binds is its own, as a Classifier's is, so neither must be called from two threads at once.

Chapter 5 and the canvas.
"""

import numpy as np

from helpers.base.arrays import one_image
from helpers.base.errors import DigitsError
from helpers.classifier.classifier import Classifier
from helpers.networks.symbols import NETWORKS

import mxnet as mx


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


class Saliency:
    """How strongly each pixel moves a network's answer: the size of the gradient of log p(answer), dropout off."""

    def __init__(self, classifier: Classifier):
        logits = _without_dropout(classifier.network).get_internals()["logits_output"]
        self._executor = _bind(logits, classifier, "write")

    def __call__(self, image: np.ndarray) -> np.ndarray:
        """|d log p(answer) / d pixel| for one image, (28, 28) floats in 0..1: float32 (28, 28), at least 0.

        The answer is the most probable digit. A large value says that a little more or less ink there would change its
        probability much. A network that is nearly certain has small values everywhere; they are exact all the same.
        """
        (logits,) = self._executor.forward(is_train=True, data=_batch(image))
        z = logits[0].asnumpy().astype(np.float64)
        answer = z.argmax()
        others = np.exp(z - z.max())
        others[answer] = 0
        doubt = max(others.sum(), np.finfo(np.float64).tiny)  # (1 - p) / p of the answer

        # d log p(answer) / d z is 1 - p(answer) for the answer and -p for the others. Where p(answer) rounds to 1 this
        # would be lost in rounding; so the other digits' shares go back through the network, and their sum comes after.
        shares = -others / doubt
        shares[answer] = 1
        self._executor.backward(mx.nd.array(shares[np.newaxis]))
        gradient = self._executor.grad_dict["data"][0, 0].asnumpy()
        return np.abs(gradient) * np.float32(doubt / (1 + doubt))


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
