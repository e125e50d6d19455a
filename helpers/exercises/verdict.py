"""The verdict on an answer: check() finds the judge of an exercise and says what it found.

The judge of exercise 2.1 is `exercise_1(answer, ...)` in the module `chapter2`. It returns None for a right answer,
else one or two sentences that name the mistake; its docstring says what stands in the gap. A gap in the text of a
chapter has a name instead of a number: `gap_batch` judges 2.batch.

Chapters 1 to 9.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module

from helpers.base.errors import DigitsError
from helpers.exercises.judge import is_open
from helpers.exercises.ledger import record


@dataclass(frozen=True, repr=False)
class Verdict:
    """What `check` found; the last line of a cell shows it as its text."""

    exercise: str
    right: bool
    text: str

    def __repr__(self) -> str:
        kind = "Exercise" if self.exercise.rpartition(".")[2].isdigit() else "Gap"
        return f"{kind} {self.exercise}: {self.text}"


def check(exercise: str, answer, *context) -> Verdict:
    """Judge the answer to an exercise.

    exercise: its number as in the notebook, "2.1", or the name of a gap, "2.batch". answer: what stands in the gap, or
    what the gap has made. context: what else the exercise's judge needs, as the notebook gives it. Never fails because
    of an answer, whatever it is; raises DigitsError for an exercise that does not exist.
    """
    verdict = _verdict(exercise, answer, context)
    record(exercise, "right" if verdict.right else "open" if is_open(answer) else "not yet", verdict.text)
    return verdict


def _verdict(exercise: str, answer, context: tuple) -> Verdict:
    judge = _judge_of(exercise)
    if is_open(answer):
        return Verdict(exercise, False, f"still open. {judge.__doc__.strip()} Put it in place of the `...` above.")
    try:
        mistake = judge(answer, *context)
    except Exception as error:  # whatever a student hands in, it is the answer that is odd, not the notebook
        mistake = f"your answer could not be used, {_one_line(error)}"
    if mistake:
        return Verdict(exercise, False, f"not yet. {_capitalised(mistake)}")
    return Verdict(exercise, True, "right.")


def _judge_of(exercise: str) -> Callable:
    chapter, _, number = str(exercise).partition(".")
    name = f"gap_{number}" if number.isalpha() else f"exercise_{number}"
    try:
        return getattr(import_module(f"helpers.exercises.chapter{int(chapter)}"), name)
    except (ValueError, ModuleNotFoundError, AttributeError):
        raise DigitsError(
            f'expected the number of an exercise, got "{exercise}", which does not exist: '
            'write it as in its title, for example "2.1"'
        ) from None


def _one_line(error: Exception) -> str:
    """The type of an error and the line of its message that says what happened."""
    name = type(error).__name__
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    if not lines:
        return f"{name}: "
    line = lines[-1] if lines[0].startswith("Traceback") else lines[0]  # MXNet puts it last
    return f"{name}: {line.removeprefix(f'{name}: ')}"


def _capitalised(text: str) -> str:
    """The text with a capital letter, unless it begins with a name, such as `fc1_weight` or x."""
    return text[0].upper() + text[1:] if re.match(r"(a|[a-z]{2,})\b", text) else text
