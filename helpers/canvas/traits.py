"""The traits of a canvas: each checks what it is given, and compares arrays as a whole."""

import copy
import dataclasses
from collections.abc import Mapping, Sequence
from numbers import Real

import numpy as np
import traitlets

from helpers.base.errors import DigitsError
from helpers.drawing.strokes import Steps, as_strokes

STEPS = [field.name for field in dataclasses.fields(Steps)]


class Locked(traitlets.TraitType):
    """A trait that is set under the lock of its widget, since cells and the browser's messages have their own threads.

    `check` turns what is given into what is stored, or raises DigitsError.
    """

    def __init__(self, check, default, **options):
        super().__init__(default_value=default, **options)
        self._check = check

    def default(self, obj=None):
        return copy.copy(self.default_value)  # a list of its own for each widget

    def validate(self, obj, value):
        return self._check(value)

    def set(self, obj, value):
        with obj.lock:
            super().set(obj, value)


class Arrays(traitlets.TraitType):
    """An array, or a dict of arrays; who observes it is told only when a value is another."""

    def set(self, obj, value):
        if not _same(obj._trait_values.get(self.name), value):
            super().set(obj, value)


def points(strokes: Sequence) -> list[list[list[float]]]:
    """Strokes as lists that JSON can hold: without empty strokes and points that are not finite."""
    return [stroke.tolist() for stroke in as_strokes(strokes)]


def width(pen: float) -> float:
    """The width of a pen, if it is one."""
    if isinstance(pen, bool) or not (isinstance(pen, Real) and 0 < pen <= 1):
        raise DigitsError(f"pen = {pen!r} was given, wanted is the ink's width as a share of the pad's side, as 0.06")
    return float(pen)


def flags(steps: Mapping[str, bool] | Steps) -> dict[str, bool]:
    """Which steps make the image, all four; those that are not given are as in `Steps()`."""
    steps = dataclasses.asdict(steps) if isinstance(steps, Steps) else steps
    wanted = f'wanted is a dict of {", ".join(STEPS)} with True or False, as {{"centre": False}}'
    if not isinstance(steps, Mapping):
        raise DigitsError(f"steps = {steps!r} was given, {wanted}")
    for name, value in steps.items():
        if name not in STEPS or not isinstance(value, (bool, np.bool_)):
            raise DigitsError(f"steps with {name!r}: {value!r} were given, {wanted}")
    return {name: bool(value) for name, value in (dataclasses.asdict(Steps()) | dict(steps)).items()}


def flag(value: bool) -> bool:
    """True or False."""
    if not isinstance(value, (bool, np.bool_)):
        raise DigitsError(f"{value!r} was given, wanted is True or False")
    return bool(value)


def _same(old, new) -> bool:
    if isinstance(old, dict) and isinstance(new, dict):
        return old.keys() == new.keys() and all(_same(old[name], new[name]) for name in new)
    return type(old) is type(new) and np.array_equal(old, new)
