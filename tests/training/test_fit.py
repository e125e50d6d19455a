"""What train makes of settings and a job, on the offline handwriting."""

import logging
from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.metrics import accuracy_score

from helpers.base.errors import DigitsError
from helpers.data.load import iterator
from helpers.networks.symbols import NETWORKS
from helpers.training.callbacks import BestEpoch, History
from helpers.training.contexts import devices
from helpers.training.evaluation import accuracy, predict
from helpers.training.fit import Job, train
from helpers.training.recipes import Settings
from tests.tools.samples import few

import mxnet as mx

QUIET = Job(progress=False)


def parameters(module):
    return {name: array.asnumpy() for name, array in module.get_params()[0].items()}


@pytest.mark.parametrize("network", NETWORKS)
def test_a_network_learns(digits, network, capfd):
    module, history = train(Settings(network, epochs=1), few(digits, train=6000))
    assert history.valid[0] > 0.6
    assert len(history.train) == len(history.seconds) == 1
    wanted = accuracy_score(digits.test.labels, predict(module, digits.test.images).argmax(axis=1))
    assert accuracy(module, digits.test) == wanted > 0.6
    out, err = capfd.readouterr()
    assert out == ""
    assert err.count("\n") == 1


def test_the_same_seed_gives_the_same_parameters(digits):
    """Bit for bit, also where dropout draws random numbers, and whatever was drawn before."""
    part = few(digits, train=1000, valid=100)
    runs = []
    for seed in (3, 3, 4):
        np.random.random(len(runs))
        mx.nd.random.uniform(shape=len(runs) + 1).wait_to_read()
        runs.append(parameters(train(Settings("dropout-cnn", epochs=1, seed=seed), part, QUIET)[0]))
    first, again, other = runs
    for name in first:
        assert np.array_equal(first[name], again[name])
    assert not np.array_equal(first["conv1_weight"], other["conv1_weight"])


def test_the_module_and_the_file_hold_the_best_epoch(digits, tmp_path):
    path, part = tmp_path / "best.params", few(digits)
    module, history = train(Settings("mlp", epochs=4, learning_rate=0.5), part, Job(path=path, progress=False))
    assert accuracy(module, part.valid) == max(history.valid)  # 101 images: a short last batch
    saved = mx.nd.load(str(path))
    held = parameters(module)
    assert saved.keys() == {f"arg:{name}" for name in held}
    assert all(np.array_equal(saved[f"arg:{name}"].asnumpy(), array) for name, array in held.items())
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("batch_size", [1, 7, 500])
def test_any_batch_size(digits, batch_size):
    module, history = train(Settings("mlp", epochs=1, batch_size=batch_size), few(digits), QUIET)
    assert module.data_shapes[0].shape[0] == batch_size
    assert accuracy(module, few(digits).valid) == history.valid[0]


def test_it_is_quiet_and_leaves_the_root_logger_alone(digits, capfd):
    handlers = list(logging.getLogger().handlers)
    train(Settings("mlp", epochs=1), few(digits), QUIET)
    assert capfd.readouterr() == ("", "")
    assert logging.getLogger().handlers == handlers


# ---- what goes wrong ----


@pytest.mark.parametrize("batch_size", [501, 100_000])
def test_a_batch_larger_than_all_images(digits, tmp_path, batch_size):
    path = tmp_path / "best.params"
    path.write_bytes(b"an older file")
    message = f"^expected a batch size from 1 to 500, the number of training images, got {batch_size}: choose fewer"
    with pytest.raises(DigitsError, match=message) as caught:
        train(Settings("mlp", batch_size=batch_size), few(digits), Job(path=path))
    assert "\n" not in str(caught.value)
    assert path.read_bytes() == b"an older file"


def test_a_training_that_diverges_is_one_line_and_leaves_no_file(digits, tmp_path):
    message = "^expected an epoch to keep, got none: training diverged in epoch 1: lower the learning rate$"
    with pytest.raises(DigitsError, match=message):
        train(Settings("mlp", learning_rate=1e6), few(digits), Job(path=tmp_path / "best.params", progress=False))
    assert list(tmp_path.iterdir()) == []


def test_a_network_that_learns_nothing_says_so(digits, capfd):
    """With tanh a huge learning rate leaves numbers finite, and useless."""
    train(Settings("lenet", epochs=1, learning_rate=1e-9), few(digits), QUIET)
    out, err = capfd.readouterr()
    assert out == ""
    assert "lenet has learnt nothing: its validation accuracy is 0." in err
    assert err.endswith("try another learning rate than 1e-09\n")
    assert err.count("\n") == 1


def test_two_devices_share_a_fit(digits):
    """The callbacks and the evaluation of this package, with a module on two contexts."""
    part = few(digits, train=1000, valid=200)
    module, history = mx.mod.Module(NETWORKS["mlp"](), context=[mx.cpu(0), mx.cpu(1)]), History()
    with BestEpoch(module) as best:
        module.fit(
            iterator(part.train, 100, shuffle=True),
            iterator(part.valid, 100),
            num_epoch=3,
            initializer=mx.init.Xavier(),
            optimizer_params={"learning_rate": 0.1},
            batch_end_callback=history.batch_end,
            eval_end_callback=[history.eval_end, best.eval_end],
        )
    assert accuracy(module, part.valid) == best.accuracy == max(history.valid)


@pytest.mark.parametrize(
    ("network", "valid", "batch_size", "most"),
    [
        ("lenet", 100, 100, 4),
        ("lenet", 102, 100, 2),
        ("lenet", 101, 100, 1),
        ("lenet", 100, 1, 1),
        ("mlp", 100, 100, 1),
    ],
)
def test_as_many_devices_as_pay_and_have_images(digits, network, valid, batch_size, most):
    settings = Settings(network, epochs=1, batch_size=batch_size)
    module, history = train(settings, few(digits, train=200, valid=valid), QUIET)
    assert len(module._context) == min(most, len(devices()))
    assert accuracy(module, few(digits, valid=valid).valid) == history.valid[0]


def test_training_runs_where_it_is_told(digits):
    module, _ = train(Settings("mlp", epochs=1), few(digits), Job(context=mx.cpu(1), progress=False))
    module.forward(mx.io.DataBatch([mx.nd.zeros((100, 1, 28, 28))]), is_train=False)
    assert module.get_outputs()[0].context == mx.cpu(1)


# ---- real MNIST ----


def test_the_recipe_on_mnist(mnist):
    """One epoch of the MLP; what ten give stands in the notebook."""
    module, _ = train(Settings("mlp", epochs=1), mnist, QUIET)
    assert accuracy(module, SimpleNamespace(images=mnist.test.images, labels=mnist.test.labels)) > 0.93


def test_batches_that_fewer_devices_can_share(digits):
    """The last validation batch has a single image, and then a batch is larger than the whole validation part."""
    for valid, batch_size in ((101, 100), (50, 60), (7, 1)):
        part = few(digits, train=120, valid=valid)
        module, history = train(Settings("lenet", epochs=1, batch_size=batch_size), part, QUIET)
        assert accuracy(module, part.valid) == history.valid[0]


def test_the_learning_rate_falls_along_a_cosine(digits):
    module, _ = train(Settings("dropout-cnn", epochs=2), few(digits, train=300), QUIET)
    schedule = module._optimizer.lr_scheduler
    assert [round(schedule(update), 7) for update in (0, 3, 6)] == [0.001, 0.000505, 0.00001]
