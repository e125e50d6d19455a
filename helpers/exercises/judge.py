"""What the judges of several chapters share. Each function returns the mistake in words, or None when there is none."""

from collections.abc import Callable, Sequence
from numbers import Real

import numpy as np

from helpers.base.arrays import as_array

import mxnet as mx


def is_open(answer) -> bool:
    """Whether the gap is as the notebook gives it: `...` itself, or what a function returns whose body is `...`."""
    return answer is ... or answer is None


def wrong_number(answer, right: float, mistakes: Sequence[tuple[float, str]] = (), tolerance: float = 0) -> str | None:
    """Judge a number. mistakes: pairs of a wrong number and the thought behind it; tolerance: allowed distance."""
    if isinstance(answer, (np.ndarray, np.generic, mx.nd.NDArray)) and as_array(answer).size == 1:
        answer = as_array(answer).item()
    if isinstance(answer, bool) or not isinstance(answer, Real):
        return f"a number is wanted, this is of type {type(answer).__name__}."
    if abs(answer - right) <= tolerance:
        return None
    for value, thought in mistakes:
        if abs(answer - value) <= tolerance:
            return thought
    return f"{answer:,} is too {'small' if answer < right else 'large'}."


def wrong_choice(answer, right: str, mistakes: dict[str, str]) -> str | None:
    """Judge a choice among words. mistakes: by each other choice, why it is wrong."""
    choices = ", ".join(f'"{choice}"' for choice in sorted([right, *mistakes]))
    if not isinstance(answer, str) or answer.strip().lower() not in [right, *mistakes]:
        return f"one of {choices} is wanted, this is {answer!r}."
    return mistakes.get(answer.strip().lower())


def wrong_array(
    answer,
    right: np.ndarray,
    shape_mistake: Callable[[tuple[int, ...]], str | None] = lambda shape: None,
    tolerance: float = 1e-6,
    mistakes: Sequence[tuple[np.ndarray, str]] = (),
) -> str | None:
    """Judge an array by its shape, then by its values.

    shape_mistake: from the wrong shape to what is amiss with it, or None where nothing special can be said.
    tolerance: largest allowed difference of a value. mistakes: pairs of a wrong array and the thought that leads to it.
    """
    found = as_array(answer)
    if found.dtype.kind not in "buif":
        return f"an array of numbers is wanted, this is of type {type(answer).__name__}."
    if found.shape != right.shape:
        special = shape_mistake(found.shape)
        return f"shape is {found.shape}, {right.shape} is wanted" + (f": {special}" if special else ".")
    difference = np.abs(found.astype(np.float64) - right)
    if not np.all(difference <= tolerance):  # also when a value is NaN
        for wrong, thought in mistakes:
            if np.allclose(found, wrong, rtol=0, atol=tolerance):
                return thought
        index = tuple(int(i) for i in np.unravel_index(np.nanargmax(difference), right.shape))
        where = f"[{', '.join(map(str, index))}]" if index else ""
        return f"the shape is right, but {np.mean(~(difference <= tolerance)):.0%} of the values differ, as at {where}."
    return None


def not_trained(answer) -> str | None:
    """Judge whether the answer is a module that has parameters."""
    if isinstance(answer, mx.sym.Symbol):
        return "this is the plan alone: put it into mx.mod.Module, train that, and hand in the module."
    if not isinstance(answer, mx.mod.Module):
        return f"a module is wanted, this is of type {type(answer).__name__}."
    if not (answer.binded and answer.params_initialized):
        return "the module has no parameters yet: train it with fit."
    return None


def not_digits(answers, count: int) -> str | None:
    """Judge whether the answers are one number for each of `count` images."""
    if is_open(answers):
        return "the function returns nothing yet: let it return one digit for each image."
    shape = as_array(answers).shape
    if shape == (count, 10):
        return "ten numbers for each image: choose the digit, by argmax(axis=1), or argmin where small is good."
    if shape == (count, 1):
        return "the answers come as a column, and column against row compares each with all: reshape(-1) makes a row."
    if shape != (count,):
        return f"shape is {shape}, {(count,)} is wanted: one digit for each image."
    return None
