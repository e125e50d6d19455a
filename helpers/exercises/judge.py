"""What the judges of several chapters share: each function returns the mistake in words, or None when there is none.

Chapters 1 to 9.
"""

import re
from collections.abc import Callable, Sequence
from numbers import Real

import numpy as np

from helpers.base.arrays import as_array

import mxnet as mx


def is_open(answer) -> bool:
    """Whether the gap is as the notebook gives it: `...` itself, or what a function returns whose body is `...`."""
    return answer is ... or answer is None


def answer_array(answer) -> np.ndarray:
    """An answer as a NumPy array, whether it is a list, an NDArray or an array already.

    Raises DigitsError for rows of different lengths.
    """
    return as_array(answer, "the answer")


def wrong_type(answer, kind: str, thought: str = "") -> str:
    """Say that the answer is not of the kind that it should be, such as "a number"; the thought is what helps then."""
    return f"the answer should be {kind}, but it is of type {type(answer).__name__}" + _end(thought)


def wrong_number(answer, right: float, mistakes: Sequence[tuple[float, str]] = (), tolerance: float = 0) -> str | None:
    """Judge a number. mistakes: pairs of a wrong number and the thought behind it; tolerance: allowed distance."""
    if isinstance(answer, (np.ndarray, np.generic, mx.nd.NDArray)) and answer_array(answer).size == 1:
        answer = answer_array(answer).item()
    if isinstance(answer, bool) or not isinstance(answer, Real):
        return wrong_type(answer, "a number")
    if abs(answer - right) <= tolerance:
        return None
    for value, thought in mistakes:
        if abs(answer - value) <= tolerance:
            return thought
    return f"{answer:,} is too {'small' if answer < right else 'large'}."


def wrong_array(
    answer,
    right: np.ndarray,
    shape_mistake: Callable[[tuple[int, ...]], str | None] = lambda shape: None,
    tolerance: float = 1e-6,
    mistakes: Sequence[tuple[np.ndarray, str]] = (),
) -> str | None:
    """Judge an array by its shape, then by its values.

    shape_mistake: from a wrong shape to the thought behind it, or None where there is nothing special to say.
    tolerance: largest allowed difference of a value. mistakes: pairs of a wrong array and the thought that leads to it.
    """
    found = answer_array(answer)
    if found.dtype.kind not in "buif":
        return wrong_type(answer, "an array of numbers")
    if found.shape != right.shape:
        return wrong_shape(found.shape, right.shape, shape_mistake(found.shape))
    difference = np.abs(found.astype(np.float64) - right)
    close = difference <= tolerance  # False also where a value is NaN
    if close.all():
        return None
    for wrong, thought in mistakes:
        if np.allclose(found, wrong, rtol=0, atol=tolerance):
            return thought
    index = np.unravel_index(np.nanargmax(difference), right.shape)
    where = f", for example at [{', '.join(str(int(i)) for i in index)}]" if index else ""
    return f"the shape is right, but {np.mean(~close):.0%} of the values are not{where}."


def wrong_shape(found: tuple[int, ...], right: tuple[int, ...], thought: str | None = None) -> str:
    """Say that the shape is not right; the thought is what helps then."""
    return f"the shape is {found}, but it should be {right}" + _end(thought)


def _end(thought: str | None) -> str:
    return f": {thought}" if thought else "."


def not_trained(answer) -> str | None:
    """Judge whether the answer is a module that has parameters."""
    if isinstance(answer, mx.sym.Symbol):
        return "this is only the plan: put it into mx.mod.Module, train the module, and hand that in."
    if not isinstance(answer, mx.mod.Module):
        return wrong_type(answer, "a module")
    if not (answer.binded and answer.params_initialized):
        return "the module has no parameters yet: train it with fit."
    return None


def not_digits(answers, count: int) -> str | None:
    """Judge whether the answers are one number for each of `count` images."""
    if is_open(answers):
        return "the function returns nothing yet: let it return one digit for each image."
    shape = answer_array(answers).shape
    if shape == (count, 10):
        return (
            "these are ten numbers for each image: choose the digit with argmax(axis=1), "
            "or with argmin if a small number is a good one."
        )
    if shape == (count, 1):
        return (
            "the answers come as a column, and comparing a column with a row compares each with all: "
            "reshape(-1) makes a row of it."
        )
    if shape != (count,):
        return wrong_shape(shape, (count,), "return one digit for each image.")
    return None


def missing_point(answer, points: Sequence[tuple[str, str]], least: int = 12) -> str | None:
    """Judge an answer in words by the points that it has to make.

    points: of each a regular expression that finds it, whatever the case, and the question to ask where it is missing.
    least: words that such an answer takes. It cannot tell sense from nonsense: it says what to think of, no more.
    """
    if not isinstance(answer, str):
        return wrong_type(answer, "a text", "write your sentences between the quotation marks.")
    if len(answer.split()) < least:
        return f"these are {len(answer.split())} words: take two or three sentences."
    for pattern, question in points:
        if not re.search(pattern, answer, re.IGNORECASE):
            return f"one point is missing. {question}"
    return None
