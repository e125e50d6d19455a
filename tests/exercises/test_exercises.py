"""helpers.exercises: what holds for every exercise, and for `check`. Each judge has its own tests, by chapter."""

from importlib import import_module

import numpy as np
import pytest

from helpers.base.errors import DigitsError
from helpers.classifier.classifier import Classifier
from helpers.exercises import check
from helpers.exercises.judge import missing_point

CHAPTERS = range(1, 10)
EXERCISES = [
    f"{chapter}.{name.removeprefix('exercise_').removeprefix('gap_')}"
    for chapter in CHAPTERS
    for name in vars(import_module(f"helpers.exercises.chapter{chapter}"))
    if name.startswith(("exercise_", "gap_"))
]


def test_every_chapter_has_three_to_six():
    for chapter in CHAPTERS:
        names = [each.partition(".")[2] for each in EXERCISES if each.startswith(f"{chapter}.")]
        numbers = [int(name) for name in names if name.isdigit()]
        assert sorted(numbers) == list(range(1, len(numbers) + 1))
        assert 3 <= len(numbers) <= 6


@pytest.mark.parametrize("exercise", EXERCISES)
@pytest.mark.parametrize("gap", [..., None], ids=["the gap", "nothing"])
def test_a_gap_is_open(exercise, gap):
    verdict = check(exercise, gap)
    assert not verdict.right
    assert verdict.text.startswith("still open. ")
    kind = "Exercise" if exercise[-1].isdigit() else "Gap"
    assert repr(verdict) == f"{kind} {exercise}: {verdict.text}"


@pytest.mark.parametrize("exercise", EXERCISES)
@pytest.mark.parametrize(
    "answer",
    ["words", b"", -1, [], {}, object(), print],
    ids=["words", "bytes", "number", "list", "dictionary", "object", "function"],
)
def test_an_odd_answer_is_wrong_and_no_error(exercise, answer):
    verdict = check(exercise, answer)
    assert not verdict.right
    assert verdict.text.startswith("not yet. ")
    assert "\n" not in verdict.text


def test_a_mistake_begins_with_a_capital_letter_unless_it_is_a_name():
    assert check("2.2", "many").text.startswith("not yet. The answer should be a number, ")
    other_shape = Classifier.load("lenet").params | {"conv1_bias": np.zeros(10)}
    assert check("9.4", other_shape, None).text.startswith("not yet. conv1_bias has the shape (10,), ")


@pytest.mark.parametrize("exercise", ["99.1", "1.9", "1", "", "one.two", "1.nothing", 2.1001, "../x.1"])
def test_there_is_no_such_exercise(exercise):
    with pytest.raises(DigitsError, match=r"^expected the number of an exercise, got .*, which does not exist: write"):
        check(exercise, 1)


# Answers in words

POINTS = [(r"\bluck|chance", "What made it better?"), (r"validation", "On which images should one choose?")]


def test_points_are_found_whatever_the_case():
    answer = "Validation images are there to choose by; the best of many attempts owes a part of its score to luck."
    assert missing_point(answer, POINTS) is None


@pytest.mark.parametrize(
    ("answer", "mistake"),
    [
        ("luck, validation", "these are 2 words: take two or three sentences."),
        (f"It was luck, {'and more luck ' * 5}.", "one point is missing. On which images should one choose?"),
        (42, "the answer should be a text, but it is of type int: write your sentences between the quotation marks."),
    ],
)
def test_a_point_is_missing(answer, mistake):
    assert missing_point(answer, POINTS) == mistake
