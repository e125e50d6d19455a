"""Run the lines of one framework on the map of notebook 8, in their order, and check what each notion makes.

    python notion_checks.py FRAMEWORK < rows.json

It runs under the Python that has the framework, in a folder for the files that are written. `rows` is a list of pairs,
a notion and its lines; the first pair is what the others stand on. The notions that made what they should are printed.
"""

import json
import re
import sys
from pathlib import Path

import numpy as np

LINEAR = np.sqrt(6 / (784 + 10))  # Xavier's bound


def numbers(array) -> np.ndarray:
    """Any framework's array as NumPy's."""
    if hasattr(array, "asnumpy"):
        return array.asnumpy()
    return np.asarray(array.detach() if hasattr(array, "detach") else array)


class Checks:
    """A method for each notion; `self.names` is what the lines have defined so far."""

    def __init__(self, framework: str):
        self.framework, self.names = framework, {}

    def __getattr__(self, name):
        return self.names[name]

    def weight(self) -> np.ndarray:
        """The weights of the network, 10 outputs and 784 inputs in any order."""
        return numbers(
            {
                "MXNet": lambda: self.module.get_params()[0]["logits_weight"],
                "Gluon": lambda: self.net.weight.data(),
                "PyTorch": lambda: self.net[1].weight,
                "Keras": lambda: self.net.layers[-1].kernel,
                "JAX": lambda: self.p["weight"],
            }[self.framework]()
        )

    def probabilities(self) -> np.ndarray:
        """What the network answers for the eight images, (8, 10)."""
        if self.framework == "MXNet":
            self.module.forward(self.mx.io.DataBatch([self.x], [self.mx.nd.array(self.labels)]), is_train=False)
            return numbers(self.module.get_outputs()[0])
        e = np.exp(numbers(self.net(self.p, self.x) if self.framework == "JAX" else self.net(self.x)))
        return e / e.sum(axis=1, keepdims=True)

    def cost(self) -> float:
        return -np.log(self.probabilities()[np.arange(8), self.labels]).mean()

    def check_ndarray(self):
        assert not isinstance(self.x, np.ndarray)
        assert isinstance(self.back, np.ndarray)
        assert np.array_equal(self.back, self.images)
        assert np.array_equal(numbers(self.x), self.images)

    def check_context(self):
        assert "cpu" in str(self.there.context if self.framework in ("MXNet", "Gluon") else self.there.device).lower()
        assert np.array_equal(numbers(self.there), self.images)

    def check_autograd(self):
        assert np.allclose(numbers(self.slope), 2 * self.images)

    def check_symbol(self):
        if self.framework == "MXNet":
            assert self.net.list_arguments() == ["data", "logits_weight", "logits_bias"]
        elif self.framework == "Gluon":
            assert isinstance(self.net, self.gluon.HybridBlock)
        elif self.framework == "PyTorch":
            assert sum(parameter.numel() for parameter in self.net.parameters()) == 7850
        elif self.framework == "Keras":
            assert self.net.count_params() == 7850
        else:
            assert self.net({"weight": np.ones((784, 10)), "bias": np.zeros(10)}, self.x).shape == (8, 10)

    def check_convolution(self):
        if self.framework == "MXNet":
            shape = self.conv.infer_shape(data=(8, 1, 28, 28))[1][0]
        elif self.framework == "Keras":  # channels last
            shape = self.conv(self.images.transpose(0, 2, 3, 1)).shape
            assert tuple(shape) == (8, 24, 24, 20)
            return
        elif self.framework == "JAX":
            shape = self.conv(np.ones((20, 1, 5, 5), np.float32), self.x).shape
        else:
            if self.framework == "Gluon":
                self.conv.initialize()
            shape = self.conv(self.x).shape
        assert tuple(shape) == (8, 20, 24, 24)

    def check_softmaxoutput(self):
        """Equal logits: the cross-entropy is log 10, its gradient 0.1, less 1 at the right class."""
        logits = np.zeros((8, 10), np.float32)
        if self.framework == "MXNet":
            shapes = {"data": (8, 1, 28, 28), "softmax_label": (8,)}
            bound = self.head.simple_bind(self.mx.cpu(), grad_req="write", **shapes)
            bound.forward(is_train=True, softmax_label=self.mx.nd.array(self.labels))
            bound.backward()
            assert np.allclose(numbers(bound.outputs[0]), 0.1)
            wanted = (0.1 - np.eye(10)[self.labels]).sum(axis=0)
            assert np.allclose(numbers(bound.grad_dict["logits_bias"]), wanted, atol=1e-5)
            return
        if self.framework == "JAX":
            found = self.loss({"weight": np.zeros((784, 10)), "bias": np.zeros(10)}, self.x, self.labels)
        elif self.framework == "Keras":
            found = self.loss(self.labels, logits)
        elif self.framework == "PyTorch":
            found = self.loss(self.torch.tensor(logits), self.torch.tensor(self.labels))
        else:
            found = self.loss(self.mx.nd.array(logits), self.mx.nd.array(self.labels))
        assert np.allclose(numbers(found), np.log(10))

    def check_dropout_and_is_train(self):
        assert np.array_equal(numbers(self.still), self.images)
        noisy = numbers(self.noisy)
        kept = noisy != 0
        assert 0.45 < kept.mean() < 0.55
        assert np.allclose(noisy[kept], 2 * self.images[kept])

    def check_module_bind_init_params(self):
        if self.framework == "Gluon":  # which learns the number of inputs from the first images
            self.net(self.x)
        largest = np.abs(self.weight()).max()
        assert 0.99 * LINEAR < largest <= LINEAR

    def check_infer_shape(self):
        assert tuple(self.shape) == (8, 10)

    def check_dataiter(self):
        if self.framework == "MXNet":
            found = [numbers(batch.label[0]) for batch in self.batches]
            self.batches.reset()
        elif self.framework == "JAX":
            found = [self.labels[rows] for rows in self.batches]
        else:
            found = [numbers(label) for _, label in self.batches]
        assert [len(labels) for labels in found] == [4, 4]
        assert sorted(np.concatenate(found)) == list(range(8))

    def check_optimizer(self):
        rate = {
            "MXNet": lambda: self.module._optimizer.lr,
            "Gluon": lambda: self.trainer.learning_rate,
            "PyTorch": lambda: self.optimizer.param_groups[0]["lr"],
            "Keras": lambda: float(self.net.optimizer.learning_rate),
            "JAX": lambda: 1 - float(self.update(1.0, 1.0)),
        }[self.framework]()
        assert np.isclose(rate, 0.01)

    def check_forward_backward_update(self):
        assert self.cost() < self.before["cost"]

    def check_fit(self):
        assert self.cost() < (np.log(10) if self.framework == "MXNet" else self.before["cost"])

    def check_evalmetric_and_score(self):
        right = self.probabilities().argmax(axis=1) == self.labels
        assert np.isclose(self.share, right.mean())

    def check_save_checkpoint(self):
        assert {path.stem.partition("-")[0] for path in Path().iterdir()} == {"net"}
        assert np.array_equal(self.weight(), self.before["weight"])

    def check_kvstore(self):
        devices = {
            "PyTorch": lambda: self.dist.get_world_size(),
            "Keras": lambda: self.names["devices"].num_replicas_in_sync,
            "JAX": lambda: self.jax.device_count(),
        }.get(self.framework, lambda: 2)()
        assert numbers(self.total).tolist() == [devices] * 3


CHANGED = ("forward, backward, update", "fit", "save_checkpoint")  # notions whose check compares with what was before


def main() -> None:
    checks = Checks(sys.argv[1])
    (_, first), *rows = json.load(sys.stdin)
    exec("\n".join(first), checks.names)
    for notion, lines in rows:
        if notion in CHANGED:
            checks.before = {"cost": checks.cost(), "weight": checks.weight().copy()}
        exec("\n".join(lines), checks.names)
        getattr(checks, "check_" + re.sub(r"\W+", "_", notion.lower()))()
        print(notion, flush=True)


if __name__ == "__main__":
    main()
