"""Exercises that answer back: `check("2.1", answer)` says that an answer is right, or what is amiss with it.

Each chapter has a module, `chapter1` and so on, with a function for each exercise: `exercise_1(answer, ...)` returns
None for a right answer, else one or two sentences that name the mistake. What they share is in `judge`.
"""

import re
from dataclasses import dataclass
from importlib import import_module

from helpers.base.errors import DigitsError
from helpers.exercises.judge import is_open


@dataclass(frozen=True, repr=False)
class Verdict:
    """What `check` found; the last line of a cell shows it as its text."""

    exercise: str
    right: bool
    text: str

    def __repr__(self) -> str:
        return f"Exercise {self.exercise}: {self.text}"


def check(exercise: str, answer, *context) -> Verdict:
    """Judge the answer to an exercise.

    exercise: its number as in the notebook, "2.1". answer: what stands in the gap, or what the gap has made. context:
    what else the exercise's judge needs, as the notebook gives it. Never fails because of an answer, whatever it is;
    raises DigitsError for an exercise that does not exist.
    """
    judge = _judge(exercise)
    if is_open(answer):
        return Verdict(exercise, False, f"still open. {judge.__doc__.strip()} Put it in place of the `...` above.")
    try:
        mistake = judge(answer, *context)
    except Exception as error:  # whatever a student hands in, it is the answer that is odd, not the notebook
        lines = [line.strip() for line in str(error).splitlines() if line.strip()] or [""]
        line = lines[-1] if lines[0].startswith("Traceback") else lines[0]  # MXNet says last what has happened
        name = type(error).__name__
        mistake = f"your answer could not be used, {name}: {line.removeprefix(f'{name}: ')}"
    return Verdict(exercise, not mistake, f"not yet. {_sentence(mistake)}" if mistake else "right.")


def _sentence(text: str) -> str:
    """The text with a capital letter, unless it begins with a name, such as `fc1_weight` or x."""
    return text[0].upper() + text[1:] if re.match(r"(a|[a-z]{2,})\b", text) else text


def _judge(exercise: str):
    chapter, _, number = str(exercise).partition(".")
    try:
        return getattr(import_module(f"helpers.exercises.chapter{int(chapter)}"), f"exercise_{int(number)}")
    except (ValueError, ModuleNotFoundError, AttributeError):
        raise DigitsError(f'there is no exercise {exercise}: write its number as in its title, "2.1"') from None
