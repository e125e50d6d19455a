"""A hand that writes: from the few points of a template to strokes as a pen would leave them, each time other ones.

A template is a tuple with a line for each stroke: "5,35 35,0! 33,100" are the points (x, y) that the pen goes through,
from 0 to 100 over the height of a digit, y down. Between them it draws a smooth curve, with a corner at a point
marked "!". A point followed by "~15" lies within about 15 of its place; the others within about 3.

Chapter 5, and the network that ships for the canvas.
"""

from functools import lru_cache
from itertools import pairwise

import cv2
import numpy as np

Template = tuple[str, ...]

SPREAD = 3.0  # standard deviation of a point of a template, in its units; twice as much at the ends of a stroke

STROKE_SPREAD = 2.5  # of a stroke as a whole

STEPS = 10  # points that are drawn from one point of a template to the next, before some are left out

STRIDE = 8  # the most that are left out: so far apart are the points of a pen that is fast, or of a slow machine

PROPORTION = 0.3  # logarithm of the exponent that moves the middle of a digit up or down, left or right

BEND = 3.5  # how far a smooth field moves the points

TREMOR = 0.8  # standard deviation of a trembling hand

ROUNDING = 5.0  # points that a corner is smoothed over at most

ASPECT = 0.4  # logarithm of the width over the height, to either side

SLANT = -0.25, 0.45  # how far the top leans to the right per unit of height

ROTATION = 10  # degrees to either side

HOOK = 0.08  # share of the ends at which the pen lands or leaves beside the stroke

DRAGGED = 0.05  # share of the gaps between two strokes over which the pen is not lifted


def write(template: Template, rng: np.random.Generator) -> list[np.ndarray]:
    """Write a template once: a list of strokes, arrays (n, 2) float64 of points (x, y), the digit about 1 high, y down.

    The points are moved, the strokes bent, slanted, turned, widened or narrowed; corners become round, and a fast pen
    leaves few points. The same state of `rng` writes the same strokes.
    """
    strokes = [_trace(line, rng) for line in template]
    strokes = _in_one(strokes, rng)
    return _warp([_tremble(stroke, rng) for stroke in strokes], rng)


@lru_cache(maxsize=1000)
def _parse(line: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The points of a line (n, 2), the spread of each (n, 1), and weights (m, n) that make a curve of the points."""
    points, spreads, corners = [], [], []
    for word in line.split():
        place, _, spread = word.rstrip("!").partition("~")
        points.append([float(number) for number in place.split(",")])
        spreads.append(float(spread or SPREAD))
        corners.append(word.endswith("!"))
    for end in (0, -1):
        spreads[end] = max(spreads[end], 2 * SPREAD)
    return np.array(points), np.array(spreads)[:, np.newaxis], _curve(corners)


def _curve(corners: list[bool]) -> np.ndarray:
    """Weights (m, n) of n points for the m points of a Catmull-Rom spline through them, broken at the corners."""
    count = len(corners)
    breaks = [0, *(i for i in range(1, count - 1) if corners[i]), count - 1]
    t = np.arange(STEPS)[:, np.newaxis] / STEPS
    weights = (
        np.concatenate([-t + 2 * t**2 - t**3, 2 - 5 * t**2 + 3 * t**3, t + 4 * t**2 - 3 * t**3, t**3 - t**2], 1) / 2
    )
    rows = []
    for first, last in pairwise(breaks):
        for i in range(first, last):
            block = np.zeros((STEPS, count))
            for point, weight in zip((i - 1, i, i + 1, i + 2), weights.T, strict=True):
                block[:, min(max(point, first), last)] += weight
            rows.append(block)
    rows.append(np.eye(count)[-1:])
    return np.concatenate(rows)


def _trace(line: str, rng: np.random.Generator) -> np.ndarray:
    """One stroke of a template, (n, 2), with every point and the whole of it moved a little."""
    points, spreads, curve = _parse(line)
    points = points + rng.normal(0, 1, points.shape) * spreads * rng.uniform(0.3, 1.4)
    return curve @ points + rng.normal(0, STROKE_SPREAD, 2)


def _in_one(strokes: list[np.ndarray], rng: np.random.Generator) -> list[np.ndarray]:
    """The strokes, now and then two of them in one, as a pen draws them that is not lifted."""
    joined = strokes[:1]
    for stroke in strokes[1:]:
        if rng.random() < DRAGGED:
            joined[-1] = np.concatenate([joined[-1], stroke])
        else:
            joined.append(stroke)
    return joined


def _tremble(stroke: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The stroke with round corners and a tremor, at the points that a pen of some speed leaves."""
    stroke = _smooth(stroke, rng.uniform(0, ROUNDING))
    stroke = stroke + _smooth(rng.normal(0, TREMOR, stroke.shape), 1.0) * rng.uniform(0, 2)
    stride = int(rng.integers(1, STRIDE + 1))
    stroke = np.concatenate([stroke[:-1][:: min(stride, max(1, len(stroke) // 3))], stroke[-1:]])
    for end in (0, -1):
        if rng.random() < HOOK:
            hook = stroke[end] + rng.normal(0, 5, 2)
            stroke = np.insert(stroke, 0 if end == 0 else len(stroke), hook, axis=0)
    return stroke


def _smooth(points: np.ndarray, sigma: float) -> np.ndarray:
    """Points (n, 2) averaged along the stroke."""
    if sigma < 0.3:
        return points
    return cv2.GaussianBlur(points[:, np.newaxis], (0, 0), sigmaX=1e-3, sigmaY=sigma, borderType=cv2.BORDER_REFLECT)[
        :, 0
    ]


def _warp(strokes: list[np.ndarray], rng: np.random.Generator) -> list[np.ndarray]:
    """All strokes bent by the same smooth field, then in other proportions, widened, slanted and turned; 1 is 100."""
    ends = np.cumsum([len(stroke) for stroke in strokes])[:-1]
    points = np.concatenate(strokes)
    waves = points @ rng.normal(0, 0.02, (2, 2)) + rng.uniform(0, 2 * np.pi, 2)
    points = points + rng.uniform(0, BEND) * np.sin(waves)

    low = points.min(axis=0)
    extent = np.maximum(np.ptp(points, axis=0), 1)
    exponent = np.exp(rng.uniform(-PROPORTION, PROPORTION, 2))
    points = ((points - low) / extent) ** exponent * extent / 100

    aspect = np.exp(rng.uniform(-ASPECT, ASPECT) / 2)
    angle = np.radians(rng.uniform(-ROTATION, ROTATION))
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    affine = turn @ [[1, -rng.uniform(*SLANT)], [0, 1]] @ np.diag([aspect, 1 / aspect])
    return np.split(points @ affine.T, ends)
