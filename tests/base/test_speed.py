"""helpers.base.speed: plain code of MXNet's gives with it what it gives without it, tried in a process of each kind."""

import os
import subprocess
import sys

import numpy as np
import pytest

from helpers.base.speed import BEHIND, LazyAccuracy

import mxnet as mx

RANDOM = np.random.default_rng(0)

# What a run leaves behind, for both kinds of process: orders, accuracies and parameters by name.
RUN = """
import sys
import helpers
import numpy as np
import mxnet as mx

found = {}
numbers = np.arange(23)


def note(name, batches, epochs=3):
    orders, pads = [], []
    for _ in range(epochs):
        for batch in batches:
            orders.append(batch.data[0].asnumpy().copy())
            orders.append(batch.label[0].asnumpy().copy())
            pads.append(batch.pad)
        batches.reset()
    found[f"order {name}"] = np.concatenate([order.ravel() for order in orders] or [[]])
    found[f"pad {name}"] = np.array(pads)


np.random.seed(5)
for last in ("pad", "discard", "roll_over"):
    for size in (1, 5, 23, 60):
        if last == "roll_over" and size > 23:
            continue
        note(f"{last} {size}", mx.io.NDArrayIter(numbers, numbers, size, True, last), 5 if size < 60 else 2)
note("whole numbers", mx.io.NDArrayIter(mx.nd.array(numbers, dtype="int32"), mx.nd.array(numbers), 5, True))
note("not shuffled", mx.io.NDArrayIter(numbers, numbers, 5))
note("batch axis last", mx.io.NDArrayIter(np.stack([numbers] * 23), np.stack([numbers] * 23), 5, True, layout="TN"))
sparse = mx.nd.array(np.eye(23)).tostype("csr")
note("sparse", mx.io.NDArrayIter(sparse, numbers, 5, True, "discard"), 2)
several = mx.io.NDArrayIter({"a": numbers, "b": numbers[::-1].copy()}, numbers, 5, True)
found["order several"] = np.stack([array.asnumpy() for batch in several for array in batch.data])

images = np.random.random((230, 1, 6, 6)).astype("float32")
labels = np.random.randint(0, 4, 230)
SETTINGS = {
    "plain": {"learning_rate": 0.1},
    "momentum": {"learning_rate": 0.1, "momentum": 0.9, "wd": 0.01},
    "clipped": {"learning_rate": 0.1, "clip_gradient": 0.01, "wd": 0.01},
    "schedule": {"learning_rate": 0.1, "lr_scheduler": mx.lr_scheduler.FactorScheduler(step=3, factor=0.5)},
}
for name, settings in SETTINGS.items():
    for count in (1, 2):
        np.random.seed(1)
        mx.random.seed(1)
        x = mx.sym.FullyConnected(mx.sym.Variable("data"), num_hidden=8)
        x = mx.sym.FullyConnected(mx.sym.Activation(x, act_type="relu"), num_hidden=4)
        module = mx.mod.Module(mx.sym.SoftmaxOutput(x, name="softmax"), context=[mx.cpu(i) for i in range(count)])
        seen = []
        module.fit(
            mx.io.NDArrayIter(images, labels, 50, shuffle=True),
            eval_data=mx.io.NDArrayIter(images, labels, 50),
            num_epoch=4,
            optimizer="sgd",
            optimizer_params=dict(settings),
            eval_metric="acc",
            initializer=mx.init.Xavier(),
            batch_end_callback=[
                mx.callback.Speedometer(50, 2),
                lambda param: seen.append(param.eval_metric.get_global()[1]),
            ],
            eval_end_callback=lambda param: seen.append(param.eval_metric.get()[1]),
        )
        found[f"accuracy {name} {count}"] = np.array(seen)
        for key, array in module.get_params()[0].items():
            found[f"parameters {name} {count} {key}"] = array.asnumpy()
found["is fast"] = np.array(type(mx.metric.create("acc")) is not mx.metric.Accuracy)
np.savez(sys.argv[1], **found)
"""


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """What a process with the module has found, and one without it."""
    both = []
    for speed in ("1", "0"):
        file = tmp_path_factory.mktemp("speed") / "found.npz"
        subprocess.run([sys.executable, "-c", RUN, file], env=os.environ | {"DIGITS_SPEED": speed}, check=True)
        both.append(dict(np.load(file)))
    return both


def test_one_variable_switches_it_off(found):
    assert [bool(kind["is fast"]) for kind in found] == [True, False]


def test_the_order_of_the_images_is_that_of_mxnet(found):
    fast, stock = found
    names = [name for name in stock if name.startswith(("order", "pad"))]
    assert len(names) > 20
    for name in names:
        np.testing.assert_array_equal(fast[name], stock[name], err_msg=name)


def test_the_accuracy_is_counted_as_mxnet_counts(found):
    """After each batch, where Speedometer has begun a new count in between, and after each epoch."""
    fast, stock = found
    names = [name for name in stock if name.startswith("accuracy")]
    assert len(names) == 8
    for name in names:
        np.testing.assert_array_equal(fast[name], stock[name], err_msg=name)


def test_the_parameters_differ_in_rounding_alone(found):
    fast, stock = found
    names = [name for name in stock if name.startswith("parameters")]
    assert len(names) == 32
    for name in names:
        np.testing.assert_allclose(fast[name], stock[name], rtol=1e-4, atol=1e-6, err_msg=name)


@pytest.mark.parametrize("momentum", [0.0, 0.5])
def test_two_steps_by_hand(momentum):
    weight, gradient = mx.nd.array([1.0, -2.0]), mx.nd.array([10.0, 20.0])
    optimizer = mx.optimizer.SGD(learning_rate=0.5, rescale_grad=0.1, wd=0.2, momentum=momentum)
    state = optimizer.create_state(0, weight)
    wanted, move = np.array([1.0, -2.0]), 0.0
    for _ in range(2):
        optimizer.update(0, weight, gradient, state)
        move = momentum * move - 0.5 * (np.array([1.0, 2.0]) + 0.2 * wanted)
        wanted = wanted + move
        np.testing.assert_allclose(weight.asnumpy(), wanted, rtol=1e-6)


def test_rows_that_are_not_stored_stay():
    """A sparse gradient goes to MXNet's own method: momentum and decay leave the other rows alone."""
    weight = mx.nd.ones((3, 2))
    gradient = mx.nd.sparse.row_sparse_array((np.ones((1, 2), "float32"), [1]), shape=(3, 2))
    optimizer = mx.optimizer.SGD(learning_rate=0.5, wd=0.2)
    optimizer.update(0, weight, gradient, optimizer.create_state(0, weight))
    assert weight.asnumpy()[[0, 2]].tolist() == [[1, 1], [1, 1]]
    np.testing.assert_allclose(weight.asnumpy()[1], 1 - 0.5 * 1.2, rtol=1e-6)


def test_the_images_are_read_as_they_are_now():
    """What somebody writes into the iterator's array is in the next batch."""
    batches = mx.io.NDArrayIter(np.zeros((4, 2)), np.zeros(4), 2, shuffle=True)
    batches.reset()
    batches.data[0][1][:] = 7
    assert next(batches).data[0].asnumpy().tolist() == [[7, 7], [7, 7]]


def test_a_batch_keeps_its_images():
    """Also when the next ones are gathered, and when the iterator is gone."""
    batches = mx.io.NDArrayIter(np.arange(40).reshape(20, 2), np.arange(20), 5, shuffle=True)
    batches.reset()
    kept = list(batches)
    del batches
    first = np.concatenate([batch.data[0].asnumpy()[:, 0] for batch in kept])
    assert (first == 2 * np.concatenate([batch.label[0].asnumpy() for batch in kept])).all()
    assert sorted(first) == list(range(0, 40, 2))


# ---- accuracy while a network is trained ----


def random_batches(count, size=7):
    for _ in range(count):
        yield [mx.nd.array(RANDOM.integers(0, 10, size))], [mx.nd.array(RANDOM.random((size, 10)))]


def test_it_counts_as_mxnet_does():
    lazy, eager = LazyAccuracy(), mx.metric.Accuracy()
    for number, (labels, preds) in enumerate(random_batches(2 * BEHIND)):
        lazy.update(labels, preds)
        eager.update(labels, preds)
        if number % 9 == 0:  # to ask in between loses nothing
            assert lazy.get() == eager.get()
        if number % 11 == 0:
            lazy.reset_local()
            eager.reset_local()
            np.testing.assert_equal(lazy.get(), eager.get())
    assert lazy.get() == lazy.get() == eager.get()
    assert lazy.get_global() == eager.get_global()


@pytest.mark.parametrize("bad", [np.nan, np.inf, 0.0])
def test_answers_that_are_no_numbers_or_equal_count_as_mxnet_counts_them(bad):
    lazy, eager = LazyAccuracy(), mx.metric.Accuracy()
    labels, preds = [mx.nd.arange(10)], [mx.nd.full((10, 10), bad)]
    for metric in (lazy, eager):
        metric.update(labels, preds)
    assert lazy.get() == eager.get()


def test_it_is_nan_before_the_first_batch_and_after_a_reset():
    metric = LazyAccuracy()
    assert np.isnan(metric.get()[1])
    for labels, preds in random_batches(2):
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


@pytest.mark.parametrize(("labels", "preds"), [(2, 1), (1, 2)])
def test_as_many_labels_as_answers(labels, preds):
    with pytest.raises(ValueError, match="does not match"):
        LazyAccuracy().update([mx.nd.zeros(5)] * labels, [mx.nd.zeros((5, 10))] * preds)
