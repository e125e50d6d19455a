"""The table of every network on every hand, and the ways to say no: what is counted, and what is shown."""

import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "benchmarks")]

import hands  # noqa: E402
import no_digit  # noqa: E402
import photos  # noqa: E402

from helpers.classifier.classifier import Classifier  # noqa: E402
from tests.tools.photos import read, shoot  # noqa: E402

SEVEN = [[[0, 0], [0.6, 0], [0.2, 1]]]
CROSS = [[[0.5, 0], [0.5, 1]], [[0, 0.5], [1, 0.5]]]


@pytest.fixture(scope="module")
def found():
    """Of two photos of each kind one is wrong: a cross that is said to be an 8."""
    canvas = Classifier.load("canvas")
    kinds = ("plain", "cell of a grid")
    return {f"photo, {kind}": {"canvas": read(shoot(kind, [(7, SEVEN), (8, CROSS)]), canvas)} for kind in kinds}


def test_a_line_of_the_table_counts_what_was_read(found):
    _, _, line, _ = hands.table_of_digits(found).splitlines()
    row = found["photo, plain"]["canvas"]
    assert row.right == 1
    assert line == f"| photo, plain | 2 | 1 (0.095 to 0.905) | 0 | {row.unsure} | {row.surely_wrong} | 0 |"


def test_the_worst_photos_are_shown_with_words_for_who_cannot_see_them(found):
    wrong = hands.worst(found)
    assert {kind for kind, _ in wrong} == {"plain", "cell of a grid"}
    picture = photos.sheet(wrong)
    assert "cell of a grid, 8 " in picture.alt
    shown = [axes for axes in picture.axes if axes.images]
    assert len(shown) == sum(1 + (misread.shot.image is not None) for _, misread in wrong)


def test_a_way_may_turn_away_one_digit_of_the_set_that_chooses():
    numbers = {"uji": [0.2, 0.5, 0.9], "unipen": [0.1, 0.4, 0.6], "letters": [0.3, 0.95]}
    certainty = {name: np.array(each) for name, each in numbers.items()}
    probabilities = {name: np.eye(10)[[1] * len(each)] for name, each in certainty.items()}
    way = no_digit.Way("by chance", certainty, probabilities)
    labels = {"uji": np.array([1, 1, 1]), "unipen": np.array([1, 1, 2])}
    assert no_digit.row(way, labels) == "| by chance | 0.50 | 1 | 2 | 1 | 1 | 1 |"
    assert no_digit.row(way._replace(threshold=0.0), labels) == "| by chance | 0.00 | 0 | 0 | 1 | 0 | 2 |"
