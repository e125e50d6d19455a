"""Check the images that are given to a network, and say how to mend them."""

import numpy as np

from helpers.errors import DigitsError

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
