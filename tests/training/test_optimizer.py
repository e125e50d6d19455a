"""PlainSGD against MXNet's own SGD, and by hand."""

import numpy as np
import pytest

from helpers.data.load import Split, iterator
from helpers.networks.symbols import NETWORKS
from helpers.training.optimizer import PLAIN_SGD, PlainSGD

import mxnet as mx

RNG = np.random.default_rng(0)
IMAGES = RNG.random((230, 1, 28, 28)).astype(np.float32)
LABELS = RNG.integers(0, 10, 230).astype(np.int32)


@pytest.mark.parametrize("wd", [0.0, 0.01])
def test_plain_sgd_steps_as_sgd_does(wd):
    results = []
    for name in (PLAIN_SGD, "sgd"):
        mx.random.seed(0)
        module = mx.mod.Module(NETWORKS["mlp"]())
        schedule = mx.lr_scheduler.FactorScheduler(step=3, factor=0.5)
        settings = {"learning_rate": 0.1, "wd": wd, "lr_scheduler": schedule}
        data = iterator(Split(IMAGES, LABELS), 50)
        module.fit(data, num_epoch=3, optimizer=name, optimizer_params=settings, initializer=mx.init.Xavier())
        results.append({name: array.asnumpy() for name, array in module.get_params()[0].items()})
    for name, array in results[0].items():
        np.testing.assert_allclose(array, results[1][name], rtol=1e-4, atol=1e-6)


def test_one_step_of_plain_sgd_by_hand():
    weight, gradient = mx.nd.array([1.0, -2.0]), mx.nd.array([10.0, 20.0])
    optimizer = PlainSGD(learning_rate=0.5, rescale_grad=0.1, wd=0.2)
    optimizer.update(0, weight, gradient, None)
    np.testing.assert_allclose(weight.asnumpy(), [1 - 0.5 * (1 + 0.2), -2 - 0.5 * (2 - 0.4)], rtol=1e-6)
