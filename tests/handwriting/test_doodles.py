"""What is drawn as no digit is none, comes in all kinds, and is the same again from a seed."""

import numpy as np
import pytest

from helpers.handwriting.doodles import KINDS, LETTERS, doodle, draw_doodles


def test_form():
    images = draw_doodles(100, np.random.default_rng(1))
    assert images.shape == (100, 1, 28, 28)
    assert images.dtype == np.float32
    assert images.min() == 0
    assert images.max() == 1
    assert images.any(axis=(1, 2, 3)).all()
    assert np.array_equal(images, draw_doodles(100, np.random.default_rng(1)))
    assert not np.array_equal(images, draw_doodles(100, np.random.default_rng(2)))
    assert draw_doodles(0, np.random.default_rng(1)).shape == (0, 1, 28, 28)


def test_the_shares_of_the_kinds_add_up():
    assert sum(KINDS.values()) == pytest.approx(1)


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_gives_strokes(kind):
    for seed in range(20):
        strokes = doodle(kind, np.random.default_rng(seed))
        assert strokes
        assert all(stroke.ndim == 2 and stroke.shape[1] == 2 and np.isfinite(stroke).all() for stroke in strokes)


def test_two_digits_stand_side_by_side():
    wider = [np.ptp(np.concatenate(doodle("two digits", np.random.default_rng(seed))), axis=0) for seed in range(50)]
    assert np.mean([width > 0.8 * height for width, height in wider]) > 0.6


def test_letters_that_are_written_as_digits_are_left_out():
    names = {name.partition(",")[0].partition(" ")[0] for name in LETTERS}
    assert not names & set("IOSZbglqosz")
    assert len(names & set("ABCDEFGHJKLMNPQRTUVWXY")) == 22


def test_in_a_mirror_the_bar_of_a_seven_ends_on_the_left(monkeypatch):
    monkeypatch.setattr("helpers.handwriting.doodles.IN_A_MIRROR", (7,))
    heads = []
    for seed in range(60):
        points = np.concatenate(doodle("in a mirror", np.random.default_rng(seed)))
        top, foot = points[np.argsort(points[:, 1])][[0, -1]]
        heads.append(top[0] < foot[0])
    assert np.mean(heads) > 0.7  # a 7 itself leans the other way
