"""The checks of chapter 8: right answers in several forms and the typical wrong ones."""

import json
import subprocess
import sys
from fractions import Fraction

import numpy as np
import pytest

from helpers.exercises import check
from tests.tools.verdicts import assert_wrong

import mxnet as mx

# 8.1 The factor of a sum


@pytest.mark.parametrize("rescale", [1 / 120, Fraction(1, 120), np.float32(1 / 120), mx.nd.array([1 / 120])])
def test_rescale(rescale):
    assert check("8.1", rescale).right


@pytest.mark.parametrize(
    ("rescale", "words"),
    [
        (1 / 40, "40 images are the share of one device"),
        (1 / 3, "the three devices hold sums, not means"),
        (1 / 360, "nothing is counted three times"),
        (1, "the step would grow with the size of the batch"),
        (120, "120 times as large"),
        (3, "this makes the step larger"),
        (0.5, "0.5 is too large"),
        ("1/120", "the answer should be a number"),
    ],
)
def test_other_factor(rescale, words):
    assert_wrong(check("8.1", rescale), words)


# 8.2 How many machines


@pytest.mark.parametrize("machines", [3, 3.0, np.int64(3)])
def test_machines(machines):
    assert check("8.2", machines).right


@pytest.mark.parametrize(
    ("machines", "words"),
    [
        (8, "the server is busy for 8 x 14 ms"),
        (7, "the exchanges alone take nearly as long"),
        (1, "add up the same for two"),
        (2, "close: add up both parts for its neighbours"),
        (4, "close: add up both parts for its neighbours"),
        (2.67, "machines come whole"),
        (5, "5 is too large"),
        ("three", "ValueError"),
    ],
)
def test_other_machines(machines, words):
    assert_wrong(check("8.2", machines), words)


# 8.3 Means of unequal shares


def weighted(means, counts):
    return sum(count * mean for mean, count in zip(means, counts, strict=True))


@pytest.mark.parametrize(
    "whole_batch",
    [
        lambda means, counts: weighted(means, counts) / sum(counts),
        lambda means, counts: np.average(means, axis=0, weights=counts),
        lambda means, counts: weighted([mx.nd.array(mean) for mean in means], counts) / sum(counts),
        lambda means, counts: np.einsum("nij,n->ij", means, np.array(counts) / sum(counts)).tolist(),
    ],
)
def test_whole_batch(whole_batch):
    assert check("8.3", whole_batch).right


@pytest.mark.parametrize(
    ("whole_batch", "words"),
    [
        (lambda means, counts: None, "the function returns nothing yet"),
        (lambda means, counts: sum(means) / len(means), "use the counts"),
        (lambda means, counts: sum(means), "you added up the means"),
        (weighted, "divide it by their number"),
        (lambda means, counts: weighted(means, counts) / len(counts), "you divided by the number of devices"),
        (
            lambda means, counts: sum(m / c for m, c in zip(means, counts, strict=True)) / 3,
            "you divided each mean by its count: multiply it",
        ),
        (lambda means, counts: np.concatenate(means), "the shape is (6, 3), but it should be (2, 3)"),
        (lambda means: means[0], "TypeError"),
        (1 / 3, "the answer should be a function, but it is of type float"),
    ],
)
def test_not_the_whole_batch(whole_batch, words):
    assert_wrong(check("8.3", whole_batch), words)


# 8.4 A job that moves few bytes


@pytest.fixture
def launch(tmp_path):
    """What chapter 8 writes out: run a job of `train` with one server and return what it says."""

    def launch(workers, *training):
        job = [sys.executable, "-m", "helpers", "launch", "-n", str(workers), "-s", "1", "--", "train", *training]
        done = subprocess.run([*job, "--source", "digits", "--json"], cwd=tmp_path, capture_output=True, text=True)
        if done.returncode:
            raise AssertionError(done.stderr)  # as the notebook's `assert`; pytest would add to one in this file
        return json.loads(done.stdout)

    return launch


@pytest.fixture
def not_launched():
    def launch(workers, *training):
        pytest.fail("this job is not to be started")

    return launch


@pytest.mark.parametrize(
    "arguments",
    [
        ["mlp", "--epochs", "2", "--batch-size", "58", "--lr", "0.5"],
        pytest.param("train mlp --epochs 2 --batch-size 60 --lr 0.2", marks=pytest.mark.slow),
    ],
)
def test_job(digits, launch, arguments):
    assert check("8.4", arguments, launch, digits).right


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["lenet", "--epochs", "1"], "this job would move 441 MB, but fewer than 400 are allowed"),
        (["lenet", "--epochs", 2, "--kvstore", "dist_async"], "this job would move 441 MB"),
        (["mlp"], "this job would move 1,120 MB"),  # 10 epochs
        (["cnn"], "invalid choice: 'cnn'"),
        (["mlp", "--epoch", "one"], 'expected a whole number of at least 1, got "one"'),
        (["--help"], "`train` does not take these words"),
        (7, "TypeError"),
    ],
)
def test_not_started(digits, not_launched, arguments, words, capfd):
    assert_wrong(check("8.4", arguments, not_launched, digits), words)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("mlp --epochs 1 --batch-size 500", "the job moved 21 MB and reached"),
        pytest.param("mlp --epochs 1 --batch-size 501", "the job failed: error: worker ", marks=pytest.mark.slow),
    ],
)
def test_job_in_vain(digits, launch, arguments, words):
    assert_wrong(check("8.4", arguments, launch, digits), words)
