"""Launches on this machine: what they learn, and that they do so again and again."""

import os
import re

import pytest

from helpers.networks.params import read_params
from helpers.networks.symbols import NETWORKS, layers
from tests.tools.launching import LONG, assert_same, launch, nodes, one_process, run, started, wait_for

pytestmark = pytest.mark.quiet


def parameters(path):
    return {name.removeprefix("arg:"): array for name, array in read_params(path).items()}


# Where pooling takes the larger of two nearly equal numbers, rounding can decide which, so LeNet's differ by more.
@pytest.mark.parametrize(("network", "servers", "rounding"), [("mlp", 1, 1e-5), ("lenet", 2, 1e-3)])
def test_two_workers_in_step_learn_what_one_process_learns(tmp_path, digits, network, servers, rounding):
    result = launch(tmp_path, 2, servers, "train", network, "--epochs", 1, "--batch-size", 600)
    assert (result["workers"], result["kvstore"], result["host"]) == (2, "dist_sync", None)
    parameters_moved = 2 * 4 * sum(layer.parameters for layer in layers(NETWORKS[network]()))
    steps = len(digits.train) // 600
    assert parameters_moved * steps <= result["moved"] < parameters_moved * steps + 10_000  # and that they agree
    found = parameters(tmp_path / f"{network}.params")
    assert_same(found, one_process(network, digits, 2, 1, batch_size=600), rounding)
    assert {path.name for path in tmp_path.iterdir()} == {"log", f"{network}.params", "out"}


SYNC, ASYNC = ("--epochs", 1, "--batch-size", 600), ("--epochs", 3, "--kvstore", "dist_async")
FALLING = ("--epochs", 1, "--batch-size", 200)  # Adam with a falling learning rate, whose states the workers keep
LEFT_OVER = {"PORT": 1, "DMLC_NUM_WORKER": 7, "DMLC_INTERFACE": "none0", "PS_VERBOSE": "x"}  # ps-lite reads them all

LAUNCHES = [
    # workers, servers, training, at least this test accuracy, variables
    (2, 1, ("mlp", *SYNC), 0.5, {}),
    (2, 2, ("mlp", *ASYNC), 0.85, {}),
    (3, 2, ("mlp", *SYNC), 0.5, {}),
    (2, 1, ("dropout-cnn", *FALLING), 0.5, {}),
    (1, 1, ("mlp", *SYNC), 0.5, LEFT_OVER),
    (2, 1, ("mlp", *SYNC), 0.5, {}),
]


def test_launches_in_a_row(tmp_path):
    """None hangs, each learns, and the same one learns the same."""
    accuracies = {}
    for number, (workers, servers, training, least, variables) in enumerate(LAUNCHES):
        folder = tmp_path / str(number)
        folder.mkdir()
        result = launch(folder, workers, servers, "train", *training, **variables)
        assert (result["workers"], result["test_accuracy"] > least) == (workers, True)
        assert result["kvstore"] == ("dist_async" if "dist_async" in training else "dist_sync")
        accuracies.setdefault((workers, servers, training), []).append(result["test_accuracy"])
    assert len(set(accuracies[2, 1, ("mlp", *SYNC)])) == 1

    said = (tmp_path / "0" / "log").read_bytes().decode().rstrip("\n").split("\n")
    only_you = "through sockets that only you can open: no other user, and no other machine"
    assert said[0] == f"1 server and 2 workers on this machine, {only_you}"
    assert re.fullmatch(r"processes: \d+ scheduler, \d+ server 0, \d+ worker 0, \d+ worker 1", said[1])
    assert [line for line in said[2:] if "epoch 1/1" not in line] == []


def test_two_launches_at_once(tmp_path):
    """Each has places of its own, and learns what it learns alone."""
    folders = [tmp_path / name for name in ("one", "two")]
    for folder in folders:
        folder.mkdir()
    arguments = ("launch", "-n", 1, "-s", 1, "--", "train", "mlp", *SYNC)
    with started(folders[0], *arguments) as first, started(folders[1], *arguments) as second:
        wait_for(lambda: len({*nodes(folders[0]), *nodes(folders[1])}) == 6)
        assert (first.wait(LONG), second.wait(LONG)) == (0, 0)
    one, two = (parameters(folder / "mlp.params") for folder in folders)
    assert_same(one, two, 1e-6)


CLOCK = """
import itertools, time
hours = itertools.count()
time.time = lambda: 3600.0 * (next(hours) * 7919 % 1000)
"""


def test_a_clock_that_jumps(tmp_path):
    """By hours and days, backwards and forwards, whenever any process of the job looks at it."""
    (tmp_path / "sitecustomize.py").write_text(CLOCK)
    path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    code, _, err = run(tmp_path, "launch", "-n", 2, "-s", 1, "--", "train", "mlp", *SYNC, PYTHONPATH=path)
    assert code == 0, err
    assert "error: " not in err
