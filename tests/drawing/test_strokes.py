"""Drawings become what MNIST holds of them, at any place, in any size, with any pen."""

import numpy as np
import pytest
from pen_strokes import place_at_random

from helpers.base.errors import DigitsError
from helpers.drawing.field import centre_by_mass
from helpers.drawing.photo import to_mnist_from_image
from helpers.drawing.strokes import Steps, as_strokes, draw_ink, fit_strokes, plain_resize, to_mnist

SEVEN = [[[0.1, 0.1], [0.6, 0.1], [0.3, 0.9]], [[0.25, 0.5], [0.5, 0.5]]]
LINE = [[[0.5, 0.2], [0.5, 0.8]]]
EVERY_STEP = [
    Steps(),
    Steps(fit=False),
    Steps(centre=False),
    Steps(ink=False),
    Steps(False, False, False),
    Steps(resize=True),
]


def moved(strokes, scale=1.0, x=0.0, y=0.0):
    return [[[scale * point[0] + x, scale * point[1] + y] for point in stroke] for stroke in strokes]


def sides(image):
    """Height and width of what is inked."""
    return tuple(int(np.ptp(np.flatnonzero(image.any(axis=axis)))) + 1 for axis in (1, 0))


def centre(image):
    return image.sum(axis=1) @ np.arange(28) / image.sum(), image.sum(axis=0) @ np.arange(28) / image.sum()


def test_image_is_one_of_mnist(pen_strokes):
    for _, strokes in pen_strokes:
        image = to_mnist(strokes)
        assert image.shape == (28, 28)
        assert image.dtype == np.float32
        assert image.max() == 1
        assert image.min() == 0
        assert np.abs(image * 255 - np.round(image * 255)).max() < 1e-4
        assert max(sides(image)) == 20
        assert np.allclose(centre(image), 14, atol=0.51)


def test_place_size_and_pen_change_nothing(pen_strokes):
    rng = np.random.default_rng(0)
    for _, strokes in pen_strokes:
        image = to_mnist(place_at_random(strokes, rng), pen=rng.uniform(0.005, 0.2))
        assert np.abs(image - to_mnist(strokes)).max() <= 1 / 255


@pytest.mark.parametrize(
    "strokes", [SEVEN, LINE, [[[0.2, 0.5], [0.8, 0.5]]], [[[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]]]]
)
@pytest.mark.parametrize("scale", [0.1, 0.11, 0.37, 0.5, 1])
def test_symmetric_drawings_stay_where_they_are(strokes, scale):
    image = to_mnist(strokes)
    for x, y in np.random.default_rng(1).uniform(-1, 1, (20, 2)):
        assert np.abs(to_mnist(moved(strokes, scale, x, y)) - image).max() <= 1 / 255


def test_line_is_as_long_and_as_wide_as_computed():
    image = to_mnist(LINE)
    assert sides(image) == (20, 4)  # 2.5 pixels of ink about the middle of 28
    assert image[8].sum() == pytest.approx(2.5, abs=0.02)
    assert image.sum() == pytest.approx(17.5 * 2.5 + np.pi * 1.25**2, rel=0.02)  # a rectangle and two half circles


def test_aspect_is_kept():
    box = [[[0, 0], [0.4, 0], [0.4, 0.8], [0, 0.8], [0, 0]]]
    assert sides(to_mnist(box)) == (20, 12)  # 17.5 / 2 + 2.5 = 11.25 pixels, over the edges of 12


def test_dot_is_a_disc_of_ink_in_the_middle():
    image = to_mnist([[[0.9, 0.1]]])
    assert image.sum() == pytest.approx(np.pi * 1.25**2, rel=0.07)  # of 35 fine pixels the rim is jagged
    assert np.allclose(centre(image), 14, atol=0.51)


def test_slip_of_the_pen_stays_small():
    assert max(sides(to_mnist([[[0.5, 0.5], [0.502, 0.501]]]))) <= 5


@pytest.mark.parametrize("steps", EVERY_STEP)
@pytest.mark.parametrize("strokes", [[], [[]], [[], []], [[[float("nan"), 0.5]]], [[[0.5, float("inf")], [None, 1]]]])
def test_nothing_drawn_gives_zeros(strokes, steps):
    assert not to_mnist(strokes, steps=steps).any()


@pytest.mark.parametrize("steps", EVERY_STEP)
@pytest.mark.parametrize(
    "strokes",
    [
        [[[0.5, 0.5]]],
        [[[0.5, 0.5]] * 3],
        LINE,
        moved(SEVEN, x=5),
        [[[-3, 0.5], [4, 0.5]]],
        [[[1e300, -1e300], [-1e300, 1e300], [0.5, 0.5]]],
        [[[0.2, 0.2], [float("nan"), 0.3], [0.7, 0.8]]],
        [np.random.default_rng(0).random((100_000, 2))],
        np.random.default_rng(0).random((2_000, 5, 2)),
        [np.array([[0, 0], [1, 1]])],
    ],
    ids=["dot", "same point", "line", "outside", "across", "far", "nan", "scribble", "many strokes", "integers"],
)
def test_odd_drawings_have_an_answer(strokes, steps):
    image = to_mnist(strokes, steps=steps)
    assert image.shape == (28, 28)
    assert image.dtype == np.float32
    assert 0 <= image.min() <= image.max() <= 1
    if steps.fit and not steps.resize:
        assert image.any()


def test_points_that_are_no_numbers_are_left_out():
    with_gaps = [[[0.1, 0.1], [float("nan"), 0.4], *SEVEN[0][1:]], [*SEVEN[1], [0.3, float("inf")], [None, None]]]
    assert np.array_equal(to_mnist(with_gaps), to_mnist(SEVEN))


@pytest.mark.parametrize(
    "strokes",
    [None, "7", 7, {"strokes": []}, [[0.1, 0.2]], [[[0.1, 0.2, 0.3]]], [[["a", "b"]]], [[[0.1], [0.2, 0.3]]], ["ab"]],
)
def test_what_is_no_drawing_is_refused(strokes):
    with pytest.raises(
        DigitsError, match=r"^expected strokes, a list of lists of points \[x, y\] in 0..1, got .*: give"
    ) as caught:
        to_mnist(strokes)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("pen", [0, -1, float("nan"), 2])
def test_pen_without_a_width_is_refused(pen):
    with pytest.raises(
        DigitsError, match=rf"^expected a pen's width above 0 and at most 1, got {pen}: give a share of the pad's side"
    ):
        to_mnist(SEVEN, pen=pen)


def test_input_is_left_alone():
    strokes = [np.array(stroke) for stroke in SEVEN]
    copies = [stroke.copy() for stroke in strokes]
    to_mnist(strokes)
    assert all(np.array_equal(stroke, copy) for stroke, copy in zip(strokes, copies, strict=True))


def test_steps_one_by_one_make_the_image():
    strokes, width = fit_strokes(as_strokes(SEVEN))
    assert width == 2.5
    points = np.concatenate(strokes)
    assert points.min(axis=0)[1] == pytest.approx(4 + 1.25)  # half the ink is outside of the points
    assert points.max(axis=0)[1] == pytest.approx(24 - 1.25)
    assert np.array_equal(centre_by_mass(draw_ink(strokes, width)), to_mnist(SEVEN))


def test_without_fit_the_digit_keeps_its_size():
    small = moved(SEVEN, 0.25)
    image = to_mnist(small, steps=Steps(fit=False))
    assert sides(image)[0] in (8, 9)  # 0.2 x 28 = 5.6 pixels and 2.5 of ink, over the edges of two pixels at most
    assert np.allclose(centre(image), 14, atol=0.51)
    corner = to_mnist(small, steps=Steps(fit=False, centre=False))
    assert max(centre(corner)) < 7


def test_without_ink_the_pen_shows():
    thin, thick = (to_mnist(SEVEN, pen, Steps(ink=False)) for pen in (0.01, 0.15))
    assert thick.sum() > 4 * thin.sum()
    assert max(sides(thin)) == 20
    assert max(sides(thick)) in (20, 21)


def test_plain_resize_is_the_pad_made_small():
    """At 10 to 1 a bilinear resize looks at 4 of each 100 pixels, and the digit stays where it was drawn."""
    image = to_mnist(LINE, pen=0.05, steps=Steps(resize=True))
    assert np.array_equal(image, plain_resize(as_strokes(LINE), 0.05))
    assert np.flatnonzero(image.any(axis=1)).tolist() == list(range(5, 23))  # 0.2 to 0.8 of 28, and half the pen
    assert set(np.flatnonzero(image.any(axis=0))) <= {13, 14}


def test_picture_of_a_drawing_gives_nearly_the_same_image(pen_strokes):
    """The way of a picture (to_ink, fit_box) and the way of strokes meet: drawn large with MNIST's pen, they agree."""
    for _, strokes in pen_strokes[::20]:
        fitted, width = fit_strokes(as_strokes(strokes))
        large = np.kron(draw_ink(fitted, width), np.ones((10, 10), np.float32))
        assert np.abs(to_mnist_from_image(large) - to_mnist(strokes)).mean() < 0.02
