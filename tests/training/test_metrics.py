"""LazyAccuracy and PlainSGD against MXNet's own."""

import numpy as np
import pytest

from helpers.data.load import Split, iterator
from helpers.networks.symbols import NETWORKS
from helpers.training.evaluation import LazyAccuracy
from helpers.training.recipes import PLAIN_SGD, PlainSGD

import mxnet as mx

RNG = np.random.default_rng(0)
IMAGES = RNG.random((230, 1, 28, 28)).astype(np.float32)
LABELS = RNG.integers(0, 10, 230).astype(np.int32)


def batches(count, size=7):
    for _ in range(count):
        yield [mx.nd.array(RNG.integers(0, 10, size))], [mx.nd.array(RNG.random((size, 10)))]


def test_it_counts_as_mxnet_does():
    lazy, eager = LazyAccuracy(), mx.metric.Accuracy()
    for number, (labels, preds) in enumerate(batches(40)):
        lazy.update(labels, preds)
        eager.update(labels, preds)
        if number % 9 == 0:  # to ask in between loses nothing
            assert lazy.get() == eager.get()
    assert lazy.get() == lazy.get() == eager.get()
    assert lazy.get_global() == eager.get_global()


def test_it_is_nan_before_the_first_batch_and_after_a_reset():
    metric = LazyAccuracy()
    assert np.isnan(metric.get()[1])
    for labels, preds in batches(2):
        metric.update(labels, preds)
    metric.reset()
    assert np.isnan(metric.get()[1])


def test_an_answer_counts_as_it_was_when_it_was_given():
    """A network writes each batch's answers over those of the batch before."""
    metric, output = LazyAccuracy(), mx.nd.zeros((1, 10))
    for digit in (3, 5, 9):
        output[:] = mx.nd.one_hot(mx.nd.array([digit]), 10)
        metric.update([mx.nd.array([digit])], [output])
    assert metric.get() == ("accuracy", 1.0)


@pytest.mark.parametrize("contexts", [1, 2])
def test_fit_reports_the_same_accuracy(contexts):
    seen = []
    for metric in (LazyAccuracy(), "acc"):
        mx.random.seed(0)
        module = mx.mod.Module(NETWORKS["mlp"](), context=[mx.cpu(i) for i in range(contexts)])
        each = []
        module.fit(
            iterator(Split(IMAGES, LABELS), 50),
            num_epoch=2,
            eval_metric=metric,
            initializer=mx.init.Xavier(),
            batch_end_callback=lambda param, each=each: each.append(param.eval_metric.get()),
        )
        seen.append(each)
    assert seen[0] == seen[1]
    assert len(seen[0]) == 10


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
