"""Checkpoints: whole, harmless, and good for going on as if nothing had happened."""

import json
import os
from dataclasses import replace

import numpy as np
import pytest

from helpers.base.errors import DigitsError
from helpers.base.files import checkpoint_beside
from helpers.networks.symbols import parameter_shapes
from helpers.training.callbacks import History
from helpers.training.checkpoint import Checkpoint, CheckpointWriter, read_checkpoint
from helpers.training.fit import Job, train
from helpers.training.recipes import Settings
from tests.tools.launching import error, run, started, wait_for
from tests.tools.parameters import slow
from tests.tools.samples import few

import mxnet as mx


def parameters(module):
    return {name: array.asnumpy() for name, array in module.get_params()[0].items()}


def broken_off(monkeypatch, after, settings, digits, checkpoint, **job):
    """Train, but let the process "die" when the checkpoint of epoch `after` has been written."""
    save = CheckpointWriter.eval_end

    def save_and_die(self, param):
        save(self, param)
        if param.epoch + 1 == after:
            raise RuntimeError("the power is gone")

    with monkeypatch.context() as patch:
        patch.setattr(CheckpointWriter, "eval_end", save_and_die)
        with pytest.raises(RuntimeError, match="power"):
            train(settings, digits, Job(checkpoint=checkpoint, progress=False, **job))
    return read_checkpoint(checkpoint)


@pytest.mark.parametrize("network", ["mlp", *slow("lenet", "dropout-cnn")])
def test_going_on_gives_the_same_parameters_bit_for_bit(digits, tmp_path, monkeypatch, network):
    """Plain SGD and Adam, one device and several, a falling learning rate, dropout."""
    part, path, settings = few(digits), tmp_path / "x.checkpoint", Settings(network, epochs=4, seed=3)
    whole, history = train(settings, part, Job(progress=False))
    start = broken_off(monkeypatch, 2, settings, part, path)
    assert start.epoch == 2
    module, resumed = train(start.settings, part, Job(start=start, checkpoint=path, progress=False))
    assert resumed.valid == history.valid
    assert resumed.train == history.train
    for name, array in parameters(whole).items():
        assert np.array_equal(parameters(module)[name], array), name
    assert list(tmp_path.iterdir()) == [], "a training that has ended needs no checkpoint"


def test_the_states_of_the_optimizer_are_in_it(digits, tmp_path, monkeypatch):
    path = tmp_path / "x.checkpoint"
    plain = broken_off(monkeypatch, 1, Settings("lenet", epochs=2), few(digits), path)
    assert plain.states == {}, "plain SGD has none"
    start = broken_off(monkeypatch, 1, Settings("dropout-cnn", epochs=2), few(digits), path)
    assert start.states.keys() == {f"{name}:{i}" for name in start.params for i in range(2)}
    assert all(start.states[f"{name}:0"].shape == array.shape for name, array in start.params.items())
    assert all(start.states[f"{name}:1"].max() > 0 for name in start.params)


def test_the_states_fit_another_number_of_devices(digits, tmp_path, monkeypatch):
    part, path, settings = few(digits, valid=100), tmp_path / "x.checkpoint", Settings("dropout-cnn", epochs=2)
    two = [mx.cpu(0), mx.cpu(1)]
    start = broken_off(monkeypatch, 1, settings, part, path, context=two)
    trained = [
        parameters(train(settings, part, Job(start=start, context=context, progress=False))[0])
        for context in (two, mx.cpu())
    ]
    for name, array in trained[0].items():  # dropout differs, so these are not the same numbers
        assert np.abs(trained[1][name] - array).max() < 0.02


def test_the_best_epoch_before_the_break_stays_the_best(digits, tmp_path, monkeypatch):
    path, best = tmp_path / "x.checkpoint", tmp_path / "x.params"
    start = broken_off(monkeypatch, 3, Settings("mlp", epochs=4), few(digits), path, path=best)
    worse = replace(start, params={name: np.zeros_like(array) for name, array in start.params.items()})
    module, history = train(start.settings, few(digits), Job(start=worse, path=best, progress=False))
    assert history.valid[3] < max(start.history.valid)
    assert all(np.array_equal(parameters(module)[name], array) for name, array in start.best_params.items())


def test_more_epochs_than_planned(digits, tmp_path, monkeypatch):
    start = broken_off(monkeypatch, 2, Settings("mlp", epochs=3), few(digits), tmp_path / "x")
    job = Job(start=start, progress=False)
    assert len(train(replace(start.settings, epochs=5), few(digits), job)[1].valid) == 5
    message = "^expected more than the 2 epochs that are done already, got 2: give more to go on$"
    with pytest.raises(DigitsError, match=message):
        train(replace(start.settings, epochs=2), few(digits), job)


@pytest.mark.parametrize(
    ("other", "message"),
    [
        ({"learning_rate": 0.2}, "learning_rate = 0.1, as in the checkpoint, got 0.2"),
        ({"batch_size": 50}, "batch_size = 100, as in the checkpoint, got 50"),
        ({"seed": 1}, "seed = 0, as in the checkpoint, got 1"),
        ({"network": "lenet"}, "network = mlp, as in the checkpoint, got lenet"),
        ({"digits": 499}, r"data = 500 images, labels \w+, as in the checkpoint, got 499 images, labels \w+"),
    ],
)
def test_other_settings_than_before(digits, tmp_path, monkeypatch, other, message):
    start = broken_off(monkeypatch, 1, Settings("mlp", epochs=2), few(digits), tmp_path / "x")
    images = other.pop("digits", 500)
    with pytest.raises(DigitsError, match=f"^expected {message}: train anew$"):
        train(replace(start.settings, **other), few(digits, images), Job(start=start, progress=False))


def test_damaged_files(digits, tmp_path, monkeypatch):
    path, other = tmp_path / "x.checkpoint", tmp_path / "other.npz"
    start = broken_off(monkeypatch, 1, Settings("mlp", epochs=2), few(digits), path)
    content = path.read_bytes()
    bad = [b"", b"PK", content[:1000], content[:-50], content[:5000] + b"\1" + content[5001:]]
    unknown_network = json.dumps({"settings": {"network": "vgg"}, "history": {}}).encode()
    pickle = np.array([{"settings": 1}], dtype=object)
    for about in (np.arange(3), pickle, np.frombuffer(unknown_network, np.uint8)):
        np.savez(other, about=about)
        bad.append(other.read_bytes())
    message = (
        rf"^expected a whole checkpoint in {path}, got another file or a damaged one: train anew without --resume$"
    )
    for each in bad:
        path.write_bytes(each)
        with pytest.raises(DigitsError, match=message):
            read_checkpoint(path)
    path.write_bytes(content)
    assert read_checkpoint(path).settings == start.settings


@pytest.fixture(scope="module")
def whole(digits):
    """A checkpoint of an MLP after two epochs, made without a training."""
    params = {name: np.full(shape, 0.01, np.float32) for name, shape in parameter_shapes("mlp").items()}
    return Checkpoint(
        Settings("mlp"), History([0.5, 0.6], [0.5, 0.7], [1.0, 1.0]), params, params, {"fc1_bias:0": params["fc1_bias"]}
    )


OTHERS = {
    "NaN": lambda whole: {"params": whole.params | {"fc1_bias": np.full(128, np.nan, np.float32)}},
    "infinite": lambda whole: {"best_params": whole.params | {"fc1_bias": np.full(128, np.inf, np.float32)}},
    "another shape": lambda whole: {"params": whole.params | {"fc1_bias": np.zeros(127, np.float32)}},
    "another type": lambda whole: {"params": whole.params | {"fc1_bias": np.zeros(128)}},
    "one too many": lambda whole: {"params": whole.params | {"fc3_bias": np.zeros(128, np.float32)}},
    "one too few": lambda whole: {"best_params": {}},
    "a state of nothing": lambda whole: {"states": {"fc9_bias:0": whole.params["fc1_bias"]}},
    "no epoch": lambda whole: {"history": History()},
    "half a history": lambda whole: {"history": History([0.5], [0.5, 0.6], [1.0, 1.0])},
    "a word in it": lambda whole: {"history": History(["a"], [0.5], [1.0])},
    "half an epoch": lambda whole: {"settings": Settings("mlp", epochs=1.5)},
    "a rate beyond all floats": lambda whole: {"settings": Settings("mlp", learning_rate=10**400)},
}


@pytest.mark.parametrize("other", OTHERS.values(), ids=OTHERS)
def test_what_no_training_writes_is_damage(whole, other):
    assert Checkpoint.from_bytes(whole.to_bytes(), "x").epoch == 2
    with pytest.raises(
        DigitsError, match=r"^expected a whole checkpoint in x, got another file or a damaged one: train"
    ):
        Checkpoint.from_bytes(replace(whole, **other(whole)).to_bytes(), "x")


def test_no_file(tmp_path):
    with pytest.raises(DigitsError, match=r"^expected a checkpoint at .*lenet\.params\.checkpoint, got none, as the"):
        read_checkpoint(checkpoint_beside(tmp_path / "lenet.params"))
    with pytest.raises(DigitsError, match=r"^cannot read .*: it is a folder"):
        read_checkpoint(tmp_path)


def test_a_full_disk_leaves_the_last_one(digits, tmp_path, monkeypatch):
    path = tmp_path / "x.checkpoint"
    before = broken_off(monkeypatch, 1, Settings("mlp", epochs=3), few(digits), path)

    def full(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(DigitsError, match="the disk is full"):
            train(before.settings, few(digits), Job(start=before, checkpoint=path, progress=False))
    assert read_checkpoint(path).epoch == 1
    assert list(tmp_path.iterdir()) == [path]


def test_a_training_that_diverges_later_leaves_the_last_good_one(digits, tmp_path, monkeypatch):
    path = tmp_path / "x.checkpoint"
    start = broken_off(monkeypatch, 1, Settings("mlp", epochs=3), few(digits), path)
    broken = replace(start, params={name: np.full_like(array, np.inf) for name, array in start.params.items()})
    train(start.settings, few(digits), Job(start=broken, checkpoint=path, progress=False))
    assert read_checkpoint(path).epoch == 1


@pytest.mark.slow
def test_the_command_line_goes_on(tmp_path):
    """A real process, killed in the middle of an epoch."""
    whole, out = tmp_path / "whole.params", tmp_path / "mlp.params"
    training = ("train", "mlp", "--epochs", 8, "--seed", 5)
    assert run(tmp_path, *training, "--out", whole)[0] == 0
    with started(tmp_path, *training) as process:
        wait_for(checkpoint_beside(out).exists)
        process.kill()
        process.wait()
    code, said, _ = run(tmp_path, "train", "mlp", "--resume", "--json")
    result = json.loads(said)
    assert (code, result["epochs"], result["seed"]) == (0, 8, 5)
    assert out.read_bytes() == whole.read_bytes()
    code, _, err = run(tmp_path, "train", "mlp", "--resume")
    given = "expected a checkpoint at mlp.params.checkpoint, got none, as the training has ended or --out was another"
    assert (code, error(err)) == (1, f"{given}: give its --out, or train anew without --resume")
