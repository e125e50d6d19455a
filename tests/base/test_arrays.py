"""The vocabulary of array checks: what each function takes, what it gives, and what it says of anything else.

Messages that belong to one public function are tested there: a Classifier's images with it, the pictures' with plots.
"""

import subprocess
import sys
from functools import partial

import numpy as np
import pytest

from helpers.base.arrays import (
    as_array,
    as_batch,
    as_classes,
    as_numbers,
    as_picture,
    as_probabilities,
    as_tiles,
    many_images,
    one_image,
)
from helpers.base.errors import DigitsError

import mxnet as mx

IMAGES = np.random.default_rng(0).random((3, 1, 28, 28), dtype=np.float32)
SURE = np.eye(10, dtype=np.float32)[[3, 1, 4]]

CHECKS = {  # each function with what it takes and what it makes of that
    "as_array": (as_array, IMAGES, IMAGES),
    "one_image": (one_image, IMAGES[0, 0], IMAGES[0, 0]),
    "many_images": (many_images, IMAGES, IMAGES),
    "as_batch": (partial(as_batch, shape=(1, 28, 28)), IMAGES, IMAGES),
    "as_tiles": (as_tiles, IMAGES, IMAGES[:, 0]),
    "as_picture": (as_picture, IMAGES[0, 0], IMAGES[0, 0][:, :, np.newaxis]),
    "as_numbers": (partial(as_numbers, name="values"), np.float32([0.5, 2]), [0.5, 2]),
    "as_classes": (partial(as_classes, name="labels"), np.float32([0, 9, 3]), [0, 9, 3]),
    "as_probabilities": (partial(as_probabilities, count=3), SURE, SURE),
}


@pytest.mark.parametrize(
    "form", [np.asarray, mx.nd.array, np.ndarray.tolist, lambda array: mx.nd.array(array).as_np_ndarray()]
)
@pytest.mark.parametrize(("check", "given", "expected"), CHECKS.values(), ids=CHECKS)
def test_arrays_of_every_kind_are_taken(check, given, expected, form):
    found = check(form(given))
    assert type(found) is np.ndarray
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize(("check", "given", "expected"), CHECKS.values(), ids=CHECKS)
def test_rows_of_unequal_length_are_refused(check, given, expected):
    with pytest.raises(DigitsError) as caught:
        check([[0.0], [0.0, 1.0]])
    message = str(caught.value)
    assert message.startswith("expected ")
    assert message.endswith("got a list with rows of unequal length: give every row the same length")


BAD = {
    "NaN": (np.full((1, 1, 28, 28), np.nan), "NaN or infinite values"),
    "infinite": (np.full((1, 1, 28, 28), -np.inf), "NaN or infinite values"),
    "text": (np.full((1, 1, 28, 28), "a"), "values of type <U1"),
    "objects": (np.full((1, 1, 28, 28), None), "values of type object"),
    "complex": (np.zeros((1, 1, 28, 28)) * 1j, "values of type complex128"),
}
FOUR_AXES = {"many_images": many_images, "as_tiles": as_tiles}
TAKES = {
    "one_image": lambda array: one_image(array[0, 0]),
    "as_picture": lambda array: as_picture(array[0, 0]),
    "as_numbers": lambda array: as_numbers(array[0, 0, 0], "values"),
    "as_classes": lambda array: as_classes(array[0, 0, 0], "labels"),
    "as_probabilities": lambda array: as_probabilities(array[0, 0, 0, :10], 1),
}


@pytest.mark.parametrize(("array", "found"), BAD.values(), ids=BAD)
@pytest.mark.parametrize("check", (FOUR_AXES | TAKES).values(), ids=FOUR_AXES | TAKES)
def test_every_check_refuses_what_are_no_finite_numbers(check, array, found):
    with pytest.raises(DigitsError) as caught:
        check(array)
    message = str(caught.value)
    assert message.startswith("expected ")
    assert f", got {found}: " in message
    assert "\n" not in message


def test_one_wrong_value_among_many_is_found():
    for wrong in (np.nan, np.inf, -np.inf):
        images = IMAGES.copy()
        images[1, 0, 5, 5] = wrong
        for check in FOUR_AXES.values():
            with pytest.raises(DigitsError, match="NaN or infinite"):
                check(images)


def test_images_for_a_network_are_new_arrays_of_float32_in_rows():
    image = np.asfortranarray(IMAGES[0, 0])
    for found in (one_image(image), many_images(IMAGES[:, :, ::-1]), many_images(IMAGES.astype(np.float16))):
        assert found.dtype == np.float32
        assert found.flags.c_contiguous
        assert not np.shares_memory(found, image)
        assert not np.shares_memory(found, IMAGES)
    assert many_images(np.zeros((0, 1, 28, 28))).shape == (0, 1, 28, 28)


def test_a_batch_has_the_shape_that_is_asked_for_and_any_range():
    colours = np.arange(24).reshape(2, 3, 2, 2) * 100
    found = as_batch(colours, (3, 2, 2))
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, colours)
    with pytest.raises(
        DigitsError, match=r"shape \(N, 3, 2, 2\) with N at least 1, got an array of shape \(0, 3, 2, 2\)"
    ):
        as_batch(colours[:0], (3, 2, 2))
    with pytest.raises(DigitsError, match=r"shape \(N, 1, 28, 28\).*got an array of shape \(\): bring"):
        as_batch(7, (1, 28, 28))
    with pytest.raises(DigitsError, match=r"expected images of numbers, got values of type <U1: convert"):
        as_batch([["a"]], (1,))


@pytest.mark.parametrize(
    ("picture", "pixels"),
    [
        (np.uint8([[0, 255]]), [0, 1]),
        (np.uint16([[0, 65535]]), [0, 1]),
        (np.array([[0, 51]]), [0, 0.2]),
        (np.array([[0, 1]]), [0, 1]),
        (np.array([[False, True]]), [0, 1]),
        (np.array([[0.25, 0.5]]), [0.25, 0.5]),
        (np.array([[0.0, 127.5]]), [0, 0.5]),
    ],
)
def test_a_picture_is_brought_into_0_to_1(picture, pixels):
    before = picture.copy()
    found = as_picture(picture)
    assert found.dtype == np.float32
    assert found.shape == (1, 2, 1)
    np.testing.assert_allclose(found.ravel(), pixels, rtol=1e-6)
    assert not np.shares_memory(found, picture)
    np.testing.assert_array_equal(picture, before)
    assert as_picture(np.zeros((5, 6, 4))).shape == (5, 6, 4)


def test_base_imports_no_mxnet():
    """The pictures use these checks, and a picture should not cost the second that MXNet takes."""
    code = "import sys, helpers.base.arrays; print('mxnet' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"
