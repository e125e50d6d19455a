"""A template becomes strokes through its points, with its corners, and each time other ones."""

import numpy as np
import pytest

from helpers.handwriting import hand
from helpers.handwriting.hand import write

SEVEN = ("2,5 28,4 55,3! 38,50 22,100", "10,50~6 54,48~6")


def turning(stroke):
    """The largest angle between one step of a stroke and the next, in degrees."""
    steps = np.diff(stroke, axis=0)
    steps = steps[np.linalg.norm(steps, axis=1) > 1e-9]
    ways = np.arctan2(steps[:, 1], steps[:, 0])
    return np.degrees(np.abs((np.diff(ways) + np.pi) % (2 * np.pi) - np.pi)).max()


@pytest.fixture
def steady(monkeypatch):
    """A hand that writes the template as it is."""
    for name in ("SPREAD", "STROKE_SPREAD", "PROPORTION", "BEND", "TREMOR", "ROUNDING", "ASPECT", "ROTATION", "HOOK"):
        monkeypatch.setattr(hand, name, 0)
    monkeypatch.setattr(hand, "DRAGGED", 0)
    monkeypatch.setattr(hand, "SLANT", (0, 0))
    monkeypatch.setattr(hand, "STRIDE", 1)
    hand._parse.cache_clear()
    yield
    hand._parse.cache_clear()


def test_a_steady_hand_goes_through_every_point(steady):
    [stroke] = write(("0,0 40,20 10,60! 50,100",), np.random.default_rng(0))
    for point in [(0, 0), (0.4, 0.2), (0.1, 0.6), (0.5, 1)]:
        assert np.linalg.norm(stroke - point, axis=1).min() < 1e-6


def test_only_marked_points_are_corners(steady):
    rng = np.random.default_rng(0)
    [smooth] = write(("0,0 50,0 50,50 0,50",), rng)
    [sharp] = write(("0,0 50,0! 50,50 0,50",), rng)
    assert turning(smooth) < 45
    assert turning(sharp) > 60


def test_a_stroke_between_two_points_is_straight(steady):
    [stroke] = write(("0,0 30,90",), np.random.default_rng(0))
    assert np.allclose(stroke[:, 1], 3 * stroke[:, 0])


def test_the_same_state_writes_the_same_and_another_one_does_not():
    first, again, other = (np.concatenate(write(SEVEN, np.random.default_rng(seed))) for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_speed_slant_and_pen_lifts_vary():
    rng = np.random.default_rng(3)
    many = [write(SEVEN, rng) for _ in range(300)]
    points = [sum(map(len, strokes)) for strokes in many]
    assert min(points) < 15
    assert max(points) > 45
    assert 0.01 < np.mean([len(strokes) == 1 for strokes in many]) < 0.15  # now and then the pen is dragged to the bar
    heights = [np.ptp(np.concatenate(strokes)[:, 1]) for strokes in many]
    assert 0.6 < min(heights) < 0.9 < 1.1 < max(heights) < 1.6


def test_strokes_are_finite_arrays_of_points():
    for strokes in (write(("50,50 50,50",), np.random.default_rng(seed)) for seed in range(50)):  # a dot
        for stroke in strokes:
            assert stroke.ndim == 2
            assert stroke.shape[1] == 2
            assert np.isfinite(stroke).all()
