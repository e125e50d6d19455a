"""Ink is scaled into MNIST's box and centred by its mass, as SciPy and arithmetic have it."""

import numpy as np
import pytest
from scipy import ndimage

from helpers.base.errors import DigitsError
from helpers.drawing.field import centre_by_mass, fit_box


@pytest.mark.parametrize("shape", [(1, 1), (20, 20), (20, 7), (3, 20), (28, 28), (28, 5)])
def test_centre_by_mass_agrees_with_scipy_and_keeps_the_ink(shape):
    ink = np.random.default_rng(2).random(shape, dtype=np.float32) ** 3
    image = centre_by_mass(ink)
    assert image.shape == (28, 28)
    assert image.sum() == pytest.approx(ink.sum(), rel=1e-5)
    if max(shape) <= 20:
        assert ndimage.center_of_mass(image) == pytest.approx((14, 14), abs=0.51)


def test_centre_by_mass_stops_at_the_edge_rather_than_lose_ink():
    ink = np.zeros((20, 20), np.float32)
    ink[0, 0], ink[-1, -1] = 100, 1  # the mass is in a corner: its centre would need a shift of 14
    image = centre_by_mass(ink)
    assert image[8, 8] == 100
    assert image[27, 27] == 1


@pytest.mark.parametrize(("height", "width"), [(40, 40), (80, 20), (30, 60), (100, 5), (7, 5), (1, 1), (400, 1)])
def test_fit_box_keeps_the_aspect_and_the_grey(height, width):
    ink = np.pad(np.full((height, width), 0.5, np.float32), ((3, 5), (11, 2)))
    found = fit_box(ink)
    scale = 20 / max(height, width)
    assert found.shape == (max(1, round(height * scale)), max(1, round(width * scale)))
    assert np.allclose(found, 0.5)


def test_fit_box_averages_over_the_area_of_each_pixel():
    ink = np.random.default_rng(3).random((80, 80), dtype=np.float32)
    assert np.allclose(fit_box(ink), ink.reshape(20, 4, 20, 4).mean(axis=(1, 3)), atol=1e-6)


def test_fit_box_of_no_ink():
    assert np.array_equal(fit_box(np.zeros((5, 9))), np.zeros((20, 20)))


@pytest.mark.parametrize("shape", [(29, 3), (3, 29), (5,), (2, 2, 2)])
def test_ink_that_does_not_fit_the_field_is_refused(shape):
    with pytest.raises(
        DigitsError, match=r"^expected ink that fits a field of 28 x 28, got shape \(.*\): use fit_box first$"
    ):
        centre_by_mass(np.ones(shape))
