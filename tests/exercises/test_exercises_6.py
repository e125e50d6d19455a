"""The checks of chapter 6: right answers in several forms and the typical wrong ones."""

import numpy as np
import optuna
import pytest

from helpers.exercises import check
from tests.tools.verdicts import assert_wrong

import mxnet as mx

# 6.1 Log-uniform numbers


def by_power_of_e(rng, low, high, count):
    return np.exp(rng.uniform(np.log(low), np.log(high), count))


def by_power_of_ten(rng, low, high, count):
    return [10 ** rng.uniform(np.log10(low), np.log10(high)) for _ in range(count)]


def by_ratio(rng, low, high, count):
    return mx.nd.array(low * (high / low) ** rng.random(count))


@pytest.mark.parametrize("log_uniform", [by_power_of_e, by_power_of_ten, by_ratio])
def test_log_uniform(log_uniform):
    assert check("6.1", log_uniform).right


@pytest.mark.parametrize(
    ("log_uniform", "words"),
    [
        (lambda rng, low, high, count: None, "the function returns nothing yet"),
        (lambda rng, low, high, count: rng.uniform(low, high, count), "as if drawn evenly"),
        (lambda rng, low, high, count: rng.uniform(np.log10(low), np.log10(high), count), "these are logarithms"),
        (lambda rng, low, high, count: np.exp(rng.uniform(np.log10(low), np.log10(high), count)), "the same base"),
        (lambda rng, low, high, count: 10 ** rng.uniform(np.log(low), np.log(high), count), "the same base"),
        (lambda rng, low, high, count: np.geomspace(low, high, count), "the same numbers for every `rng`"),
        (lambda rng, low, high, count: np.exp(rng.uniform(np.log(low), np.log(high))), "the shape is ()"),
        (lambda rng, low, high, count: low + (high - low) * rng.random(count) ** 2, "each should get 25%"),
        (by_power_of_e(np.random.default_rng(0), 1e-4, 1, 9), "a function"),
    ],
)
def test_other_draws(log_uniform, words):
    assert_wrong(check("6.1", log_uniform), words)


# 6.2 How many draws


@pytest.mark.parametrize("draws", [59, 59.0, np.int64(59), mx.nd.array([59])])
def test_draws(draws):
    assert check("6.2", draws).right


def test_the_draws_are_enough_and_fewer_are_not():
    """What the task says, counted: in how many of many searches one of the draws is good."""
    assert 1 - 0.95**58 < 0.95 <= 1 - 0.95**59
    found = np.random.default_rng(0).random((20_000, 59)).min(axis=1) < 0.05
    assert found.mean() == pytest.approx(0.9515, abs=0.006)


@pytest.mark.parametrize(
    ("draws", "words"),
    [
        (20, "in 36 of 100 cases there is none"),
        (19, "the chance is 62%"),
        (1, "a chance of 5%"),
        (58, "a chance of 5.1%"),
        (60, "one fewer is enough"),
        (58.4, "draws come whole"),
        (0.95, "this is the chance that you want"),
        (100, "100 is too large"),
        ("59", "a number"),
    ],
)
def test_other_number_of_draws(draws, words):
    assert_wrong(check("6.2", draws), words)


# 6.3 A pruner


def reached(epoch, earlier):
    return [each[epoch] for each in earlier if len(each) > epoch]


def by_median(accuracy, epoch, earlier):
    return len(reached(epoch, earlier)) >= 3 and accuracy < np.median(reached(epoch, earlier))


def test_hopeless():
    assert check("6.3", by_median).right
    assert check("6.3", lambda *given: bool(by_median(*given))).right


def test_optuna_gives_up_the_same_training():
    """Its MedianPruner, with three trainings before it has a say."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    pruner = optuna.pruners.MedianPruner(n_startup_trials=3)
    for last, pruned in ((0.54, True), (0.56, False)):
        study = optuna.create_study(direction="maximize", pruner=pruner)
        for first in (0.5, 0.6, 0.4, 0.7):
            trial = study.ask()
            trial.report(first, step=0)
            study.tell(trial, first)
        trial = study.ask()
        trial.report(last, step=0)
        assert bool(trial.should_prune()) is pruned
        assert bool(by_median(last, 0, [[0.5], [0.6], [0.4], [0.7]])) is pruned


def last_of_each(accuracy, epoch, earlier):
    return len(earlier) >= 3 and accuracy < np.median([each[-1] for each in earlier])


def with_the_mean(accuracy, epoch, earlier):
    there = reached(epoch, earlier)
    return len(there) >= 3 and accuracy < np.mean(there) - 0.06


@pytest.mark.parametrize(
    ("hopeless", "words"),
    [
        (lambda accuracy, epoch, earlier: None, "the function returns nothing yet"),
        (lambda accuracy, epoch, earlier: 0.5, "True or False"),
        (lambda accuracy, epoch, earlier: not by_median(accuracy, epoch, earlier), "the right way round"),
        (last_of_each, "compare with the same epoch of the others"),
        (lambda accuracy, epoch, earlier: False, "and yet it goes on"),
        (lambda a, epoch, earlier: epoch == 0 and by_median(a, epoch, earlier), "after the second epoch 0.75"),
        (lambda a, e, earlier: bool(reached(e, earlier)) and a < np.median(reached(e, earlier)), "fewer than three"),
        (lambda a, e, earlier: by_median(a, e, earlier) or not earlier, "the first training of all is given up"),
        (
            lambda a, e, earlier: len(reached(e, earlier)) >= 3 and bool(a <= np.median(reached(e, earlier))),
            "only what is below it",
        ),
        (lambda a, e, earlier: a < np.median([each[e] for each in earlier]), "IndexError"),
        (0.5, "a function"),
    ],
)
def test_other_rules(hopeless, words):
    assert_wrong(check("6.3", hopeless), words)


# 6.4 A claim to object to

OBJECTION = (
    "The best of 200 is flattered by luck, and it was chosen by the test images, so they are validation images now. "
    "I would repeat the best settings and the old ones with new seeds and compare them on fresh images."
)


def test_objection():
    assert check("6.4", OBJECTION).right


@pytest.mark.parametrize(
    ("objection", "words"),
    [
        ("It is luck.", "these are 3 words"),
        (OBJECTION.replace("flattered by luck", "the largest"), "How high would the best of 200 come out"),
        (
            OBJECTION.replace("validation images", "no good")
            .replace("chosen by the test", "found by the")
            .replace("fresh images", "them"),
            "By which images",
        ),
        (OBJECTION.replace("repeat", "take").replace("seeds", "networks"), "Each number comes from a single training"),
        (98.9, "a text"),
    ],
)
def test_other_objections(objection, words):
    assert_wrong(check("6.4", objection), words)
