"""Checkpoints: whole, harmless, and good for going on as if nothing had happened."""

import json
import os
from dataclasses import replace

import numpy as np
import pytest

from helpers.base.errors import DigitsError
from helpers.base.files import checkpoint_beside
from helpers.distributed.worker import share
from helpers.training.batches import ShuffledBatches
from helpers.training.checkpoint import read_checkpoint
from helpers.training.fit import train
from tests.tools.launching import error, run, started, wait_for
from tests.tools.samples import few

import mxnet as mx


def parameters(module):
    return {name: array.asnumpy() for name, array in module.get_params()[0].items()}


def broken_off(monkeypatch, after, network, digits, checkpoint, **options):
    """Train, but let the process "die" when the checkpoint of epoch `after` has been written."""
    from helpers.training.checkpoint import Checkpoints

    save = Checkpoints.eval_end

    def save_and_die(self, param):
        save(self, param)
        if param.epoch + 1 == after:
            raise RuntimeError("the power is gone")

    with monkeypatch.context() as patch:
        patch.setattr(Checkpoints, "eval_end", save_and_die)
        with pytest.raises(RuntimeError, match="power"):
            train(network, digits, checkpoint=checkpoint, progress=False, **options)
    return read_checkpoint(checkpoint)


@pytest.mark.parametrize("network", ["mlp", "lenet", "dropout-cnn"])
def test_going_on_gives_the_same_parameters_bit_for_bit(digits, tmp_path, monkeypatch, network):
    """Plain SGD and Adam, one device and several, a falling learning rate, dropout."""
    part, path = few(digits), tmp_path / "x.checkpoint"
    whole, history = train(network, part, epochs=4, seed=3, progress=False)
    start = broken_off(monkeypatch, 2, network, part, path, epochs=4, seed=3)
    assert start.epoch == 2
    module, resumed = train(network, part, start=start, checkpoint=path, progress=False)
    assert resumed.valid == history.valid
    assert resumed.train == history.train
    for name, array in parameters(whole).items():
        assert np.array_equal(parameters(module)[name], array), name
    assert list(tmp_path.iterdir()) == [], "a training that has ended needs no checkpoint"


def test_the_states_of_the_optimizer_are_in_it(digits, tmp_path, monkeypatch):
    path = tmp_path / "x.checkpoint"
    assert broken_off(monkeypatch, 1, "lenet", few(digits), path, epochs=2).states == {}  # plain SGD has none
    start = broken_off(monkeypatch, 1, "dropout-cnn", few(digits), path, epochs=2)
    assert start.states.keys() == {f"{name}:{i}" for name in start.params for i in range(2)}
    assert all(start.states[f"{name}:0"].shape == array.shape for name, array in start.params.items())
    assert all(start.states[f"{name}:1"].max() > 0 for name in start.params)


def test_the_states_fit_another_number_of_devices(digits, tmp_path, monkeypatch):
    part, path = few(digits, valid=100), tmp_path / "x.checkpoint"
    two = [mx.cpu(0), mx.cpu(1)]
    start = broken_off(monkeypatch, 1, "dropout-cnn", part, path, epochs=2, context=two)
    trained = [
        parameters(train("dropout-cnn", part, epochs=2, start=start, context=context, progress=False)[0])
        for context in (two, mx.cpu())
    ]
    for name, array in trained[0].items():  # dropout differs, so these are not the same numbers
        assert np.abs(trained[1][name] - array).max() < 0.02


def test_the_best_epoch_before_the_break_stays_the_best(digits, tmp_path, monkeypatch):
    path, best = tmp_path / "x.checkpoint", tmp_path / "x.params"
    start = broken_off(monkeypatch, 3, "mlp", few(digits), path, epochs=4, path=best)
    worse = replace(start, params={name: np.zeros_like(array) for name, array in start.params.items()})
    module, history = train("mlp", few(digits), start=worse, path=best, progress=False)
    assert history.valid[3] < max(start.history.valid)
    assert all(np.array_equal(parameters(module)[name], array) for name, array in start.best_params.items())


def test_more_epochs_than_planned(digits, tmp_path, monkeypatch):
    start = broken_off(monkeypatch, 2, "mlp", few(digits), tmp_path / "x", epochs=3)
    assert len(train("mlp", few(digits), start=start, epochs=5, progress=False)[1].valid) == 5
    with pytest.raises(DigitsError, match=r"^2 epochs are done already: give more to go on$"):
        train("mlp", few(digits), start=start, epochs=2, progress=False)


@pytest.mark.parametrize(
    "other", [{"learning_rate": 0.2}, {"batch_size": 50}, {"seed": 1}, {"network": "lenet"}, {"digits": 499}]
)
def test_other_settings_than_before(digits, tmp_path, monkeypatch, other):
    start = broken_off(monkeypatch, 1, "mlp", few(digits), tmp_path / "x", epochs=2)
    arguments = {"network": "mlp"} | other | {"digits": few(digits, other.get("digits", 500))}
    with pytest.raises(DigitsError, match=r"^the checkpoint is of a training with \w+ = .*: train anew$"):
        train(**arguments, start=start, progress=False)


def test_damaged_files(digits, tmp_path, monkeypatch):
    path = tmp_path / "x.checkpoint"
    start = broken_off(monkeypatch, 1, "mlp", few(digits), path, epochs=2)
    content = path.read_bytes()
    np.savez(tmp_path / "other.npz", about=np.arange(3))
    pickled = tmp_path / "pickle.npz"
    np.savez(pickled, about=np.array([{"settings": 1}], dtype=object))
    for bad in (b"", b"PK", content[:1000], content[:-50], content[:5000] + b"\1" + content[5001:],
                (tmp_path / "other.npz").read_bytes(), pickled.read_bytes()):  # fmt: skip
        path.write_bytes(bad)
        with pytest.raises(DigitsError, match=r"x\.checkpoint is not a checkpoint, or damaged: train anew without"):
            read_checkpoint(path)
    path.write_bytes(content)
    assert read_checkpoint(path).settings == start.settings


def test_no_file(tmp_path):
    with pytest.raises(DigitsError, match=r"^there is no checkpoint .*lenet\.params\.checkpoint: the training has"):
        read_checkpoint(checkpoint_beside(tmp_path / "lenet.params"))
    with pytest.raises(DigitsError, match=r"^cannot read .*: it is a folder"):
        read_checkpoint(tmp_path)


def test_a_full_disk_leaves_the_last_one(digits, tmp_path, monkeypatch):
    path = tmp_path / "x.checkpoint"
    before = broken_off(monkeypatch, 1, "mlp", few(digits), path, epochs=3)

    def full(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(DigitsError, match="the disk is full"):
            train("mlp", few(digits), start=before, checkpoint=path, progress=False)
    assert read_checkpoint(path).epoch == 1
    assert list(tmp_path.iterdir()) == [path]


def test_a_training_that_diverges_later_leaves_the_last_good_one(digits, tmp_path, monkeypatch):
    path = tmp_path / "x.checkpoint"
    start = broken_off(monkeypatch, 1, "mlp", few(digits), path, epochs=3)
    broken = replace(start, params={name: np.full_like(array, np.inf) for name, array in start.params.items()})
    train("mlp", few(digits), start=broken, checkpoint=path, progress=False)
    assert read_checkpoint(path).epoch == 1


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
    assert (code, error(err)) == (
        1,
        "there is no checkpoint mlp.params.checkpoint: the training has ended, or --out was another",
    )


# The batches of one worker


def test_an_epoch_has_its_own_order(digits):
    part = few(digits).train

    def labels(batches):
        return np.concatenate([batch.label[0].asnumpy() for batch in batches])

    batches = ShuffledBatches(part, 90, seed=1)
    first = labels(batches)
    assert len(batches) == 5
    assert len(first) == 450, "50 images do not fill a batch"
    assert np.array_equal(labels(batches), first), "without reset() it is the same epoch"
    batches.reset()
    second = labels(batches)
    assert not np.array_equal(second, first)
    assert np.array_equal(labels(ShuffledBatches(part, 90, seed=1, epoch=1)), second)
    assert not np.array_equal(labels(ShuffledBatches(part, 90, seed=1, part=1)), first)
    assert not np.array_equal(labels(ShuffledBatches(part, 90, seed=2)), first)


def test_images_and_labels_stay_together(digits):
    part = few(digits).train
    labels = {image.tobytes(): label for image, label in zip(part.images, part.labels, strict=True)}
    for batch in ShuffledBatches(part, 100):
        for image, label in zip(batch.data[0].asnumpy(), batch.label[0].asnumpy(), strict=True):
            assert labels[image.tobytes()] == label


def test_shares_are_disjoint_equal_and_nearly_all(digits):
    part = few(digits).train
    shares = [share(part, 3, index) for index in range(3)]
    assert [len(each) for each in shares] == [166] * 3
    rows = [image.tobytes() for each in shares for image in each.images]
    assert sorted(rows) == sorted(image.tobytes() for image in part.images[:498])
    assert [share(part, 1, 0).labels.tolist()] == [part.labels.tolist()]
