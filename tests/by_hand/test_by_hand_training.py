"""Training by hand: batches, shares on devices, momentum, accuracies, and the command line."""

import json
import re

import numpy as np
import pytest

from helpers.base.errors import DigitsError
from helpers.by_hand import (
    HANDMADE_NETWORKS,
    cnn_gradients,
    cnn_parameters,
    contexts_of,
    inputs_and_targets,
    mini_batches,
    mlp_forward,
    mlp_gradients,
    mlp_parameters,
    share_right,
    summed_gradients,
    train_by_hand,
    update,
)
from helpers.cli.main import main
from helpers.data.mat import write_mat
from tests.tools.samples import few

import mxnet as mx


def test_targets_hold_a_1_at_the_label(digits):
    x, t = inputs_and_targets(digits.test, (784,))
    assert (x.shape, t.shape) == ((len(digits.test), 784), (len(digits.test), 10))
    np.testing.assert_array_equal(t.asnumpy().argmax(axis=1), digits.test.labels)
    assert t.asnumpy().sum() == len(digits.test)


def test_batches_hold_every_image_once_with_its_target():
    x, t = mx.nd.arange(10).reshape((10, 1)), 10 * mx.nd.arange(10).reshape((10, 1))
    found = [(xs.asnumpy().ravel(), ts.asnumpy().ravel()) for xs, ts in mini_batches(x, t, 4, np.random.default_rng(0))]
    assert [len(xs) for xs, _ in found] == [4, 4, 2]
    order = np.concatenate([xs for xs, _ in found])
    assert sorted(order) == list(range(10))
    assert list(order) != list(range(10))
    np.testing.assert_array_equal(np.concatenate([ts for _, ts in found]), 10 * order)


@pytest.mark.parametrize("count", [1, 2, 3, 7])
@pytest.mark.parametrize("name", ["mlp", "cnn"])
def test_shares_of_a_batch_add_up_to_its_gradient(chapter, name, count):
    """Five images on up to seven devices, in float64, so that nothing but rounding can differ."""
    make, gradients, image = {
        "mlp": (mlp_parameters, mlp_gradients, (784,)),
        "cnn": (cnn_parameters, cnn_gradients, (1, 28, 28)),
    }[name]
    mx.random.seed(0)
    parameters = [parameter.astype("float64") for parameter in make()]
    x = mx.nd.random.uniform(shape=(5, *image)).astype("float64")
    t = mx.nd.one_hot(mx.nd.arange(5), 10, dtype="float64")
    alone = gradients(x, t, parameters)
    shared = summed_gradients(gradients, x, t, parameters, [mx.cpu(i) for i in range(count)])
    for a, b in zip(alone, shared, strict=True):
        assert b.context == mx.cpu(0)
        assert chapter.relative_difference(a.asnumpy(), b.asnumpy()) < 1e-12


def test_update_is_mxnets_sgd():
    """The optimizer of MXNet has the same momentum and weight decay, and spares what is named a bias."""
    mx.random.seed(0)
    ours = [mx.nd.random.normal(shape=shape) for shape in [(4, 3), (4,)]]
    theirs = [parameter.copy() for parameter in ours]
    moves = [mx.nd.zeros_like(parameter) for parameter in ours]
    sgd = mx.optimizer.SGD(learning_rate=0.1, momentum=0.75, wd=0.01, param_idx2name={0: "fc_weight", 1: "fc_bias"})
    states = [sgd.create_state(k, parameter) for k, parameter in enumerate(theirs)]
    for _ in range(5):
        gradients = [mx.nd.random.normal(shape=parameter.shape) for parameter in ours]
        update(ours, gradients, moves, 0.1, momentum=0.75, decay=0.01)
        for k, (parameter, gradient) in enumerate(zip(theirs, gradients, strict=True)):
            sgd.update(k, parameter, gradient, states[k])
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a.asnumpy(), b.asnumpy(), rtol=1e-5, atol=1e-6)


def test_accuracy_counts_every_image_once():
    """2,001 images, so that the last thousand is a single one, with known answers."""
    labels = np.arange(2001) % 10
    given = np.where(np.arange(2001) < 500, labels, (labels + 1) % 10)
    x, t = (mx.nd.one_hot(mx.nd.array(values), 10) for values in (given, labels))
    assert share_right(lambda x, parameters: [x], [], x, t) == pytest.approx(500 / 2001)


@pytest.mark.parametrize(("name", "floor"), [("mlp", 0.8), ("cnn", 0.85)])
def test_networks_learn(digits, name, floor, capsys):
    outcome = train_by_hand(name, few(digits, train=3000), epochs=2)
    network = HANDMADE_NETWORKS[name]
    assert share_right(network.forward, outcome.parameters, *inputs_and_targets(digits.test, network.image)) > floor
    assert len(outcome.of_batches) == 2  # of 12 batches in each epoch the first
    assert len(outcome.of_valid) == 2
    assert len(outcome.seconds) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert re.findall(r"^epoch (\d)/2: .* images/s, accuracy 0\.\d{4} on batches, 0\.\d{4} on", err, re.MULTILINE) == [
        "1",
        "2",
    ]


def test_the_same_seed_gives_the_same_parameters_on_any_number_of_devices(digits, chapter):
    part = few(digits, 600)
    outcomes = [
        train_by_hand("mlp", part, epochs=2, seed=seed, devices=devices)
        for seed, devices in [(3, 1), (3, 1), (3, 2), (4, 1)]
    ]
    first, again, shared, other = ([parameter.asnumpy() for parameter in outcome.parameters] for outcome in outcomes)
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert max(chapter.relative_difference(a, b) for a, b in zip(first, shared, strict=True)) < 1e-4
    assert chapter.relative_difference(first[0], other[0]) > 0.1


def test_the_walkthroughs_settings(mnist):
    """About 0.89 on MNIST after ten epochs; here two of them, which is on the way."""
    outcome = train_by_hand("mlp", mnist, epochs=2, rate=0.01, scale=0.01)
    x, t = inputs_and_targets(mnist.test, (784,))
    assert 0.6 < share_right(mlp_forward, outcome.parameters, x, t) < 0.75


def test_impossible_settings(digits):
    part = few(digits, 600)
    sizes = r"^expected a batch size from 1 to 600, the number of training images, got 601: choose one in this range$"
    with pytest.raises(DigitsError, match=sizes):
        train_by_hand("mlp", part, batch_size=601)
    with pytest.raises(DigitsError, match=r"^expected from 1 to 3 devices, the batch size, got 4: choose a number in"):
        train_by_hand("mlp", part, batch_size=3, devices=4)
    diverged = r"^expected finite parameters after epoch 1, .* diverged: lower the learning rate 1e\+30$"
    with pytest.raises(DigitsError, match=diverged):
        train_by_hand("mlp", part, epochs=1, rate=1e30)


def test_batches_stay_where_the_images_are():
    x, t = (mx.nd.ones((3, width), ctx=mx.cpu(1)) for width in (4, 10))
    [batch] = mini_batches(x, t, 3, np.random.default_rng(0))
    assert [array.context for array in batch] == [mx.cpu(1), mx.cpu(1)]


def test_contexts():
    assert contexts_of("cpu", 2) == [mx.cpu(0), mx.cpu(1)]
    assert contexts_of("gpu", mx.context.num_gpus()) == [mx.gpu(k) for k in range(mx.context.num_gpus())]


def test_more_graphics_cards_than_there_are():
    count = mx.context.num_gpus() + 1
    with pytest.raises(
        DigitsError, match=rf"^expected {count} GPUs? for --device gpu, got {count - 1} that MXNet sees: "
    ):
        contexts_of("gpu", count)


# python -m helpers by-hand


def test_command(capsys):
    code = main(["by-hand", "mlp", "--source", "digits", "--epochs", "2", "--devices", "2", "--seed", "1"])
    out, err = capsys.readouterr()
    assert code == 0
    assert re.search(r"^network +mlp by hand$", out, re.MULTILINE)
    assert float(re.search(r"^test accuracy +(0\.\d{4})$", out, re.MULTILINE)[1]) > 0.85
    assert err.count("\n") == 2


def test_command_on_a_matlab_file(digits, tmp_path, capsys):
    path = tmp_path / "mnist_all.mat"
    parts = {"train": few(digits, 600).train, "test": digits.test}
    write_mat(path, {k: (np.round(255 * s.images[:, 0]).astype(np.uint8), s.labels) for k, s in parts.items()})
    options = ["--epochs", "3", "--batch-size", "50", "--lr", "0.2", "--json"]
    code = main(["by-hand", "mlp", "--mat", str(path), *options])
    out, _ = capsys.readouterr()
    result = json.loads(out)
    assert code == 0
    assert result["origin"] == f"the MATLAB file {path}"
    assert len(result["history"]["valid"]) == result["epochs"] == 3
    assert result["test_accuracy"] > 0.7


def test_command_on_a_file_that_is_not_there(capsys):
    assert main(["by-hand", "mlp", "--mat", "none.mat"]) == 1
    assert capsys.readouterr().err.startswith("error: cannot read none.mat: there is no such file")


@pytest.mark.skipif(mx.context.num_gpus() > 0, reason="MXNet sees a GPU here")
def test_command_on_a_graphics_card_that_is_not_there(capsys):
    assert main(["by-hand", "mlp", "--source", "digits", "--device", "gpu"]) == 1
    assert capsys.readouterr().err == (
        "error: expected 1 GPU for --device gpu, got 0 that MXNet sees: "
        "leave the option out, or install a build of MXNet for CUDA\n"
    )


@pytest.mark.skipif(mx.context.num_gpus() == 0, reason="MXNet sees no GPU")
def test_command_on_a_graphics_card(capsys):
    assert main(["by-hand", "cnn", "--source", "digits", "--epochs", "2", "--device", "gpu"]) == 0
    assert float(re.search(r"^test accuracy +(0\.\d{4})$", capsys.readouterr().out, re.MULTILINE)[1]) > 0.85


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["mlp", "--mat", "a.mat", "--source", "digits"], "not allowed with argument"),
        (["lenet"], "invalid choice: 'lenet'"),
        (["mlp", "--device", "tpu"], "invalid choice: 'tpu'"),
        (["mlp", "--devices", "0"], 'expected a whole number of at least 1, got "0"'),
        (["mlp", "--scale", "0"], 'expected a number above 0, got "0"'),
    ],
)
def test_wrong_usage(arguments, message, capsys):
    with pytest.raises(SystemExit) as end:
        main(["by-hand", *arguments])
    assert end.value.code == 2
    assert message in capsys.readouterr().err
