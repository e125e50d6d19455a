"""Check the images that are given to a network, and say how to mend them."""

import numpy as np

from helpers.base.errors import DigitsError

import mxnet as mx


def one_image(image: np.ndarray) -> np.ndarray:
    """Return `image` as (28, 28) float32. Raises DigitsError unless it has that shape and floats in 0..1."""
    image = _as_array(image)
    if image.shape != (28, 28):
        fix = _to_one(image.shape)
        raise DigitsError(f"an array of shape {image.shape} was given, one image (28, 28) is wanted: {fix}")
    return _in_range(image, "image")


def many_images(images: np.ndarray) -> np.ndarray:
    """Return `images` as (N, 1, 28, 28) float32, N may be 0. Raises DigitsError as `one_image` does."""
    images = _as_array(images)
    if images.ndim != 4 or images.shape[1:] != (1, 28, 28):
        fix = _to_many(images.shape)
        raise DigitsError(f"an array of shape {images.shape} was given, images (N, 1, 28, 28) are wanted: {fix}")
    return _in_range(images, "images")


def _to_one(shape: tuple[int, ...]) -> str:
    """What turns an array of this shape into one image."""
    match shape:
        case (784,):
            return "image.reshape(28, 28)"
        case (1, 28, 28):
            return "image[0]"
        case (28, 28, 1):
            return "image[:, :, 0]"
        case (_, 1, 28, 28):
            return "choose one, as in images[0, 0], or ask for the probabilities_of(images)"
        case (_, _) | (_, _, 3) | (_, _, 4):
            return "helpers.drawing.to_mnist_from_image(picture) makes it of any picture"
        case _:
            return "choose one image and bring it into that shape"


def _to_many(shape: tuple[int, ...]) -> str:
    """What turns an array of this shape into a batch."""
    match shape:
        case (28, 28):
            return "ask for the probabilities(image) of one, or give image[np.newaxis, np.newaxis]"
        case (_, 28, 28):
            return "images[:, np.newaxis]"
        case (_, 28, 28, 1):
            return "images.transpose(0, 3, 1, 2)"
        case (28, 28, _):
            return "images.transpose(2, 0, 1)[:, np.newaxis]"
        case (_, 784):
            return "images.reshape(-1, 1, 28, 28)"
        case (784, _):
            return "images.T.reshape(-1, 1, 28, 28)"
        case _:
            return "bring them into that shape, one channel of 28 rows and 28 columns each"


def _as_array(images: np.ndarray) -> np.ndarray:
    if isinstance(images, mx.nd.NDArray):
        return images.asnumpy()
    try:
        return np.asarray(images)
    except ValueError as error:  # nested lists of unequal length
        raise DigitsError(f"{type(images).__name__} was given, an array is wanted: {error}") from error


def _in_range(images: np.ndarray, name: str) -> np.ndarray:
    """Check type and values; `name` is what the caller knows the array by."""
    wanted = "floats in 0..1 are wanted, 1 for full ink"
    by_255 = f"divide by 255: {name} / 255"
    if images.dtype.kind != "f":
        fix = by_255 if images.dtype.kind in "iu" else f'give numbers, as {name}.astype("float32") does where it can'
        raise DigitsError(f"values of type {images.dtype} were given, {wanted}: {fix}")
    low, high = images.min(initial=0), images.max(initial=0)
    if not np.isfinite([low, high]).all():
        raise DigitsError(f"NaN or infinite values were given, {wanted}: np.nan_to_num({name}) removes them")
    tolerance = 1e-4  # what rounding and interpolation overshoot
    if low < -tolerance or high > 1 + tolerance:
        fix = by_255 if low >= 0 and 2 < high <= 255 else f"scale them, or cut them off with np.clip({name}, 0, 1)"
        raise DigitsError(f"values from {low:.4g} to {high:.4g} were given, {wanted}: {fix}")
    return images.astype(np.float32, order="C")


# MERGED plot_inputs: What the pictures accept: each function returns a NumPy array of a known shape or raises a one-line DigitsError.


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
