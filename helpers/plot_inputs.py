"""What the pictures accept: each function returns a NumPy array of a known shape or raises a one-line DigitsError."""

import numpy as np

from helpers.errors import DigitsError


def to_array(values, what: str) -> np.ndarray:
    """`values` as a NumPy array; an MXNet NDArray is copied from its device in one go."""
    if hasattr(values, "asnumpy"):
        return values.asnumpy()
    try:
        return np.asarray(values)
    except ValueError as error:  # rows of different lengths
        raise DigitsError(f"{what} cannot be made an array: all of its rows need the same length") from error


def as_images(images, what: str = "images", most: int | None = None) -> np.ndarray:
    """(N, height, width) from images of shape (N, 1, height, width), (N, height, width) or (height, width).

    DigitsError on other shapes, no image, more than `most`, or values that are not finite numbers.
    """
    array = to_array(images, what)
    shape = array.shape
    if array.ndim == 2:
        array = array[np.newaxis]
    elif array.ndim == 4 and shape[1] == 1:
        array = array[:, 0]
    if array.ndim != 3 or not all(array.shape[1:]):
        raise DigitsError(
            f"{what} of shape {shape}: give (N, 1, height, width), (N, height, width) or one (height, width)"
        )
    if len(array) == 0:
        raise DigitsError(f"{what} of shape {shape}: there is nothing to draw, give at least one")
    if most is not None and len(array) > most:
        raise DigitsError(
            f"{len(array):,} {what} are too many for one picture: give at most {most}, such as {what}[:20]"
        )
    return _finite(array, what)


def as_numbers(values, what: str) -> np.ndarray:
    """At least one finite number, (K,)."""
    array = to_array(values, what)
    if array.ndim != 1 or len(array) == 0:
        raise DigitsError(f"{what} of shape {array.shape}: give a list of at least one number, shape (K,)")
    return _finite(array, what)


def as_classes(labels, what: str) -> np.ndarray:
    """Digits 0 to 9 as integers, (N,)."""
    array = as_numbers(labels, what)
    if array.min() < 0 or array.max() > 9 or (array != np.round(array)).any():
        raise DigitsError(f"{what} from {array.min():g} to {array.max():g}: give whole numbers from 0 to 9")
    return array.astype(int)


def as_probabilities(values, count: int) -> np.ndarray:
    """Probabilities of the ten digits for `count` images, (count, 10); each row adds up to 1."""
    array = to_array(values, "probabilities")
    if count == 1 and array.ndim == 1:
        array = array[np.newaxis]
    if array.shape != (count, 10):
        wanted = "(10,)" if count == 1 else f"({count}, 10)"
        raise DigitsError(f"probabilities of shape {array.shape}: give {wanted}, ten for each image")
    array = _finite(array, "probabilities")
    sums = array.sum(axis=1)
    furthest = sums[np.abs(sums - 1).argmax()]
    if array.min() < 0 or abs(furthest - 1) > 1e-3:
        raise DigitsError(
            f"probabilities from {array.min():.3g} with a sum of {furthest:.3g}: "
            "give the softmax of the network, ten numbers of at least 0 that add up to 1"
        )
    return array


def _finite(array: np.ndarray, what: str) -> np.ndarray:
    if array.dtype.kind not in "biuf":
        raise DigitsError(f"{what} of type {array.dtype}: give numbers")
    if not np.isfinite(array).all():
        raise DigitsError(f"{what} hold values that are not finite (NaN or infinity): give numbers")
    return array
