"""Recipes, devices, seeds and bad arguments, on the offline handwriting."""

import logging
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.metrics import accuracy_score

from helpers.base.errors import DigitsError
from helpers.base.threads import cores
from helpers.data.load import iterator
from helpers.networks.symbols import NETWORKS
from helpers.training.callbacks import BestEpoch, History
from helpers.training.devices import device, devices
from helpers.training.evaluation import accuracy, predict
from helpers.training.fit import train
from helpers.training.recipes import RECIPES

import mxnet as mx


def parameters(module):
    return {name: array.asnumpy() for name, array in module.get_params()[0].items()}


def few(digits, train=300, valid=101):
    """A small part of `digits`, for what needs no accuracy."""
    return replace(
        digits,
        train=replace(digits.train, images=digits.train.images[:train], labels=digits.train.labels[:train]),
        valid=replace(digits.valid, images=digits.valid.images[:valid], labels=digits.valid.labels[:valid]),
    )


def test_every_network_has_a_recipe():
    assert RECIPES.keys() == NETWORKS.keys()
    chosen = {name: (r.optimizer, r.learning_rate, r.epochs, r.batch_size) for name, r in RECIPES.items()}
    assert chosen == {
        "mlp": ("plainsgd", 0.1, 10, 100),
        "lenet": ("plainsgd", 0.1, 10, 100),
        "dropout-cnn": ("adam", 0.001, 15, 100),
    }


@pytest.mark.parametrize("network", NETWORKS)
def test_a_network_learns(digits, network, capfd):
    module, history = train(network, few(digits, train=6000), epochs=1)
    assert history.valid[0] > 0.6
    assert len(history.train) == len(history.seconds) == 1
    wanted = accuracy_score(digits.test.labels, predict(module, digits.test.images).argmax(axis=1))
    assert accuracy(module, digits.test) == wanted > 0.6
    out, err = capfd.readouterr()
    assert out == ""
    assert err.count("\n") == 1


def test_the_same_seed_gives_the_same_parameters(digits):
    """Bit for bit, also where dropout draws random numbers, and whatever was drawn before."""
    part = few(digits, train=1000)
    runs = []
    for seed in (3, 3, 4):
        np.random.random(len(runs))
        mx.nd.random.uniform(shape=len(runs) + 1).wait_to_read()
        runs.append(parameters(train("dropout-cnn", part, epochs=1, seed=seed, progress=False)[0]))
    first, again, other = runs
    for name in first:
        assert np.array_equal(first[name], again[name])
    assert not np.array_equal(first["conv1_weight"], other["conv1_weight"])


def test_the_module_and_the_file_hold_the_best_epoch(digits, tmp_path):
    path, part = tmp_path / "best.params", few(digits)
    module, history = train("mlp", part, epochs=4, learning_rate=0.5, path=path, progress=False)
    assert accuracy(module, part.valid) == max(history.valid)  # 101 images: a short last batch
    saved = mx.nd.load(str(path))
    held = parameters(module)
    assert saved.keys() == {f"arg:{name}" for name in held}
    assert all(np.array_equal(saved[f"arg:{name}"].asnumpy(), array) for name, array in held.items())
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("batch_size", [1, 7, 300])
def test_any_batch_size(digits, batch_size):
    module, history = train("mlp", few(digits), epochs=1, batch_size=batch_size, progress=False)
    assert module.data_shapes[0].shape[0] == batch_size
    assert accuracy(module, few(digits).valid) == history.valid[0]


def test_it_is_quiet_and_leaves_the_root_logger_alone(digits, capfd):
    handlers = list(logging.getLogger().handlers)
    train("mlp", few(digits), epochs=1, progress=False)
    assert capfd.readouterr() == ("", "")
    assert logging.getLogger().handlers == handlers


# ---- bad arguments ----


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"network": "alexnet"}, 'unknown network "alexnet": choose mlp, lenet, dropout-cnn'),
        ({"epochs": 0}, "epochs = 0: train for at least 1"),
        ({"epochs": -3}, "epochs = -3: train for at least 1"),
        ({"batch_size": 0}, "batch size = 0: choose 1 to 300"),
        ({"batch_size": 301}, "batch size = 301: choose 1 to 300"),
        ({"learning_rate": -0.1}, r"learning rate = -0\.1: give a number above 0, for example 0\.1"),
        ({"learning_rate": 0}, "learning rate = 0: give a number above 0"),
        ({"learning_rate": float("nan")}, "learning rate = nan: give a number above 0"),
        ({"learning_rate": float("inf")}, "learning rate = inf: give a number above 0"),
        ({"seed": -1}, "seed = -1: choose a whole number from 0 to 2147483647"),
        ({"seed": 2**31}, "seed = 2147483648: choose"),
    ],
)
def test_bad_arguments(digits, tmp_path, arguments, message):
    path = tmp_path / "best.params"
    path.write_bytes(b"an older file")
    with pytest.raises(DigitsError, match=f"^{message}") as caught:
        train(**{"network": "mlp", "digits": few(digits), "path": path} | arguments)
    assert "\n" not in str(caught.value)
    assert path.read_bytes() == b"an older file"


def test_a_training_that_diverges_is_one_line_and_leaves_no_file(digits, tmp_path):
    with pytest.raises(DigitsError, match=r"^training diverged in epoch 1: lower the learning rate$"):
        train("mlp", few(digits), learning_rate=1e6, path=tmp_path / "best.params", progress=False)
    assert list(tmp_path.iterdir()) == []


def test_a_network_that_learns_nothing_says_so(digits, capfd):
    """With tanh a huge learning rate leaves numbers finite, and useless."""
    train("lenet", few(digits), epochs=1, learning_rate=1e-9, progress=False)
    out, err = capfd.readouterr()
    assert out == ""
    assert "lenet has learnt nothing: its validation accuracy is 0." in err
    assert err.endswith("try another learning rate than 1e-09\n")
    assert err.count("\n") == 1


# ---- devices ----


def test_the_cpu_by_name():
    assert device("cpu") == mx.cpu()


def test_auto_takes_the_gpu_where_there_is_one():
    assert device() == device("auto") == (mx.gpu() if mx.context.num_gpus() else mx.cpu())


def test_devices_are_the_gpu_or_one_per_core():
    found = devices()
    if mx.context.num_gpus():
        assert found == [mx.gpu()]
    else:
        assert found == [mx.cpu(i) for i in range(min(4, cores()))]


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


@pytest.mark.parametrize("name", ["tpu", "", "GPU "])
def test_an_unknown_device(name):
    with pytest.raises(DigitsError, match='choose "auto", "cpu" or "gpu"'):
        device(name)


def test_a_gpu_that_is_not_there():
    if mx.context.num_gpus():
        assert device("gpu") == mx.gpu()
    else:
        with pytest.raises(DigitsError, match=r'no GPU here: use device\(name="auto"\)'):
            device("gpu")


def test_training_runs_where_it_is_told(digits):
    module, _ = train("mlp", few(digits), epochs=1, context=mx.cpu(1), progress=False)
    module.forward(mx.io.DataBatch([mx.nd.zeros((100, 1, 28, 28))]), is_train=False)
    assert module.get_outputs()[0].context == mx.cpu(1)


# ---- real MNIST ----


def test_the_recipe_on_mnist(mnist):
    """One epoch of the MLP; what ten give stands in the notebook."""
    module, _ = train("mlp", mnist, epochs=1, progress=False)
    assert accuracy(module, SimpleNamespace(images=mnist.test.images, labels=mnist.test.labels)) > 0.93


def test_batches_that_fewer_devices_can_share(digits):
    """The last validation batch has a single image, and then a batch is larger than the whole validation part."""
    for valid, batch_size in ((101, 100), (50, 60), (7, 1)):
        part = few(digits, train=120, valid=valid)
        module, history = train("lenet", part, epochs=1, batch_size=batch_size, progress=False)
        assert accuracy(module, part.valid) == history.valid[0]


def test_the_learning_rate_falls_along_a_cosine(digits):
    module, _ = train("dropout-cnn", few(digits, train=300), epochs=2, progress=False)
    schedule = module._optimizer.lr_scheduler
    assert [round(schedule(update), 7) for update in (0, 3, 6)] == [0.001, 0.000505, 0.00001]
