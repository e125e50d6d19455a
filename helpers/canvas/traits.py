"""The traits of a canvas: each checks what it is given, and compares arrays as a whole.

Serves the canvas of chapter 5 and of the demo.
"""

import copy
import dataclasses
import reprlib
from collections.abc import Mapping, Sequence
from numbers import Real
from types import NoneType
from typing import NamedTuple

import numpy as np
import traitlets

from helpers.base.errors import DigitsError
from helpers.drawing.strokes import Steps, as_strokes

RELOAD = "load the page anew"
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
    """An array, or a dict of arrays; whoever observes it is told only when a value is another."""

    def set(self, obj, value):
        if not _same(obj._trait_values.get(self.name), value):
            super().set(obj, value)


def points(strokes: Sequence) -> list[list[list[float]]]:
    """Strokes as lists that JSON can hold: without empty strokes and points that are not finite."""
    return [stroke.tolist() for stroke in as_strokes(strokes)]


def width(pen: float) -> float:
    """The width of a pen, a share of the pad's side above 0 and at most 1."""
    if isinstance(pen, bool) or not (isinstance(pen, Real) and 0 < pen <= 1):
        raise DigitsError(
            f"expected a pen's width above 0 and at most 1, got {reprlib.repr(pen)}: "
            "give a share of the pad's side, as 0.06"
        )
    return float(pen)


def flags(steps: Mapping[str, bool] | Steps) -> dict[str, bool]:
    """Which steps make the image, all four; those that are not given are as in `Steps()`."""
    if isinstance(steps, Steps):
        return dataclasses.asdict(steps)
    if not isinstance(steps, Mapping):
        raise _no_steps(reprlib.repr(steps))
    for name, value in steps.items():
        if name not in STEPS or not isinstance(value, (bool, np.bool_)):
            raise _no_steps(reprlib.repr({name: value}))
    return dataclasses.asdict(Steps()) | {name: bool(value) for name, value in steps.items()}


def _no_steps(given: str) -> DigitsError:
    names = ", ".join(STEPS)
    return DigitsError(f'expected steps by name, {names}, each True or False, got {given}: write {{"centre": False}}')


def flag(value: bool) -> bool:
    """True or False."""
    if not isinstance(value, (bool, np.bool_)):
        raise DigitsError(
            f"expected True or False, got {reprlib.repr(value)}: write True to have it and False to leave it out"
        )
    return bool(value)


def check_drawing(drawing: object) -> dict:
    """What the browser has drawn, checked: a dict of strokes, pen, steps and inside. Raises DigitsError otherwise.

    It has a number, `seq`, too, and may have what `look_of` reads.
    """
    strokes, pen, steps, inside, seq = parts_of(drawing, "a drawing", ["strokes", "pen", "steps", "inside", "seq"])
    if not is_seq(seq):
        raise DigitsError(f"expected a drawing with its number, got seq = {reprlib.repr(seq)}: {RELOAD}")
    look_of(drawing)
    return {"strokes": points(strokes), "pen": width(pen), "steps": flags(steps), "inside": flag(inside)}


class Look(NamedTuple):
    """What is to be seen of the inside of a network.

    network: its name, None for the first one. layers: whether what its layers make of the image is wanted this time.
    unit: the name of a layer and the number of a unit in it, whose weights are wanted. digit: 0 to 9, the one that ink
    is to speak for or against; None for the most probable one.
    """

    network: str | None = None
    layers: bool = True
    unit: tuple[str, int] | None = None
    digit: int | None = None


def look_of(drawing: dict) -> Look:
    """The parts `look_at`, `layers`, `unit` and `digit` of a drawing, all optional. Raises DigitsError for others."""
    network, unit, digit = drawing.get("look_at"), drawing.get("unit"), drawing.get("digit")
    if not isinstance(network, (str, NoneType)):
        raise DigitsError(f"expected the name of a network to look at, got {reprlib.repr(network)}: {RELOAD}")
    match unit:
        case None | [str(), int()]:
            pass
        case _:
            raise DigitsError(f"expected a layer and the number of a unit, got {reprlib.repr(unit)}: {RELOAD}")
    if digit is not None and (type(digit) is not int or not 0 <= digit <= 9):
        raise DigitsError(f"expected a digit from 0 to 9, got {reprlib.repr(digit)}: {RELOAD}")
    return Look(network, flag(drawing.get("layers", True)), unit and tuple(unit), digit)


def parts_of(message: object, what: str, names: Sequence[str]) -> list:
    """The parts of a message of the browser by their names. Raises DigitsError where one is missing."""
    expected = f"expected {what} with {', '.join(names[:-1])} and {names[-1]}"
    if not isinstance(message, dict):
        raise DigitsError(f"{expected}, got {reprlib.repr(message)}: {RELOAD}")
    missing = [name for name in names if name not in message]
    if missing:
        raise DigitsError(f"{expected}, got one without {missing[0]}: {RELOAD}")
    return [message[name] for name in names]


def is_seq(number: object) -> bool:
    """Whether this can be the number of a drawing: a whole one, which JavaScript can hold, too."""
    return type(number) is int and 0 <= number < 2**53


def _same(old, new) -> bool:
    if isinstance(old, dict) and isinstance(new, dict):
        return old.keys() == new.keys() and all(_same(old[name], new[name]) for name in new)
    return type(old) is type(new) and np.array_equal(old, new)
