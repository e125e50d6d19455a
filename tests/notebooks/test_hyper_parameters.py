"""Chapter 6: what its text says of the stored results holds, and its callback gives up a training as Optuna says."""

import re
from pathlib import Path
from types import SimpleNamespace

import nbformat
import numpy as np
import optuna
import pytest

from helpers.data.load import load_mnist
from helpers.training.evaluation import accuracy

import mxnet as mx

NOTEBOOK = nbformat.read(Path(__file__).parents[2] / "notebooks" / "06_hyper_parameters.ipynb", as_version=4)
CELLS = {cell.id: cell for cell in NOTEBOOK.cells}


def printed(name):
    return "".join(output.text for output in CELLS[name].outputs if output.output_type == "stream")


def numbers(name):
    return [float(number) for number in re.findall(r"-?\d+\.\d+", printed(name))]


def alt(name):
    [text] = [output.data["text/plain"] for output in CELLS[name].outputs if "image/png" in output.get("data", {})]
    return text


def test_chance_beats_the_grid_on_average():
    by_grid, by_chance = numbers("often")
    assert by_chance > by_grid + 1
    assert int(re.search(r"in (\d+)% of the games", printed("often"))[1]) > 60


def test_the_search_goes_on_after_it_was_killed():
    killed, together = (dict(re.findall(r"'(\w+)': (\d+)", printed(name))) for name in ("kill", "two"))
    ended = {
        name: sum(int(counts.get(state, 0)) for state in ("COMPLETE", "PRUNED"))
        for name, counts in (("killed", killed), ("together", together))
    }
    assert ended["killed"] >= 8
    assert ended["together"] == ended["killed"] + 22
    assert int(together.get("RUNNING", 0)) == 0
    assert together.get("FAIL", "0") == killed.get("RUNNING", "0")


def test_the_best_of_equal_settings_is_lucky():
    """By almost a point, as the guess says."""
    assert numbers("luck-said") == [pytest.approx(0.8, abs=0.15)]


def test_the_search_beats_chapter_2_beyond_the_seeds():
    gain, low, high = numbers("interval")
    assert 0 < low < gain < high
    assert re.search(r"chapter 2 +mean 0\.97", printed("test"))


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("rates", r"rises to 9\d\.\d% at 0\.\d+, then it falls"),
        ("draws", r"from 0\.001 to 1: 2 are below 0\.1 drawn evenly, 15 drawn by logarithm"),
        ("grid-picture", "The grid tries three rates, chance tries nine"),
        ("history-picture", r"\d\d trials: the best rises to 9\d\.\d%; chapter 2's numbers give 9\d\.\d%"),
        ("importance", r"(learning rate|momentum|units|second|dropout) \d+%"),
        ("luck", "Twenty equal settings read"),
        ("again-picture", "The five best trials promised"),
        ("test-picture", r"chapter 2 97\.\d\d% to 9\d\.\d\d%, the search 9\d\.\d\d% to 9\d\.\d\d%"),
    ],
)
def test_alternative_text_has_the_numbers(name, said):
    assert re.search(said, alt(name)), alt(name)


def test_the_callback_gives_up_when_optuna_says_so():
    """After the first epoch with a threshold that nothing reaches, and never without a pruner."""
    digits = load_mnist("digits")
    names = {"np": np, "mx": mx, "optuna": optuna, "digits": digits, "accuracy": accuracy}
    for cell in ("network", "train", "callback"):
        exec(CELLS[cell].source, names)
    chapter = SimpleNamespace(**names)
    optuna.logging.set_verbosity(optuna.logging.WARNING)

    for pruner, epochs in ((optuna.pruners.ThresholdPruner(lower=1.1), 1), (optuna.pruners.NopPruner(), 3)):
        study = optuna.create_study(direction="maximize", pruner=pruner)

        def objective(trial):
            return accuracy(chapter.train(chapter.CHAPTER_2, 300, eval_end=chapter.report_to(trial)), digits.valid)

        study.optimize(objective, n_trials=1)
        [trial] = study.trials
        assert trial.state.name == ("PRUNED" if epochs == 1 else "COMPLETE")
        assert list(trial.intermediate_values) == list(range(epochs))
