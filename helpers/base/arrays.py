"""The checks of arrays: each function returns a NumPy array of a known shape and range, or says how to get one.

`as_array` takes anything; the others also check what they are named after:

    one_image, many_images    what a network reads: (28, 28) and (N, 1, 28, 28), floats in 0..1
    as_batch                  images of the shape that a module is bound for
    as_tiles                  what a gallery shows: (N, height, width)
    as_picture                a photo or a scan: (height, width, channels), floats in 0..1
    as_numbers, as_classes    a list of numbers, a list of digits
    as_probabilities          ten for each image

Every argument may be an array of NumPy or MXNet, a list, or whatever else NumPy makes an array of. What cannot be used
raises a DigitsError of one line: what was expected, what it got, and the next step.
Serves drawing, plots, classifier, training, canvas and exercises.
"""

import numpy as np

from helpers.base.errors import DigitsError

OVERSHOOT = 1e-4  # how far rounding and interpolation may leave the range of an image

RINGING = 1.2  # how far cubic interpolation may leave the range of a picture

RANGES = tuple(
    2**bits - 1 for bits in (1, 8, 10, 12, 14, 16, 24, 32, 64)
)  # of the pixels that cameras and scanners give

ROWS_IN_ONE = ((784,), (1, 784), (784, 1))  # an image of MNIST in one row, as tables hold it

BRIGHT = 0.75  # at least so light is the border of an image that is inverted

SUM_ERROR = 1e-3  # how far the sum of a network's probabilities may be from 1

CONVERT = 'convert them, as .astype("float32") does where it can'

INK = "floats in 0..1, 1 for full ink"

PICTURE = "one picture of finite numbers, (H, W) grey, (H, W, 3) colour or (H, W, 4) colour and alpha"


def as_array(values, name: str = "an array") -> np.ndarray:
    """`values` as a NumPy array of any shape and type; an MXNet NDArray is copied from its device in one go.

    name: what the message calls the values. Raises DigitsError for rows of different lengths.
    """
    if hasattr(values, "asnumpy"):
        return values.asnumpy()
    try:
        return np.asarray(values)
    except ValueError as error:
        found = f"a {type(values).__name__} with rows of unequal length"
        raise _refusal(name, found, "give every row the same length") from error


def one_image(image) -> np.ndarray:
    """One image as a network reads it, (28, 28) float32 in 0..1, bright ink on 0.

    Raises DigitsError for anything else, dark ink on bright paper included.
    """
    array = as_array(image, "an image")
    if array.shape != (28, 28):
        raise _wrong_shape("one image of shape (28, 28)", array, _to_one_image(array.shape))
    ink = _ink(array, "image")
    if _is_inverted(ink):
        raise _refusal(INK, "dark ink on bright paper", "invert it, as in 1 - image")
    return ink


def many_images(images) -> np.ndarray:
    """Images as a network reads them, (N, 1, 28, 28) float32 in 0..1, N may be 0. Raises DigitsError as `one_image`."""
    array = as_array(images, "images")
    if array.ndim != 4 or array.shape[1:] != (1, 28, 28):
        raise _wrong_shape("images of shape (N, 1, 28, 28)", array, _to_many_images(array.shape))
    ink = _ink(array, "images")
    if len(ink) and all(_is_inverted(image) for (image,) in ink):
        raise _refusal(INK, "dark ink on bright paper", "invert them, as in 1 - images")
    return ink


def as_batch(images, shape: tuple[int, ...]) -> np.ndarray:
    """At least one image of `shape`, (N, *shape) float32, in whatever range they are.

    Raises DigitsError for another shape, for none at all, and for what are no numbers.
    """
    array = as_array(images, "images")
    if array.shape[1:] != shape or len(array) == 0:
        sides = ", ".join(map(str, ["N", *shape]))
        raise _wrong_shape(f"images of shape ({sides}) with N at least 1", array, "bring them into that shape")
    return _numbers(array, "images of numbers").astype(np.float32, copy=False)


def as_tiles(images, name: str = "images", most: int | None = None) -> np.ndarray:
    """The tiles of a gallery, (N, height, width) with N at least 1: images, filters or feature maps.

    images: (N, 1, height, width), (N, height, width) or one (height, width). Raises DigitsError for another shape, for
    none or more than `most` of them, and for values that are not finite numbers.
    """
    array = as_array(images, name)
    tiles = array
    if array.ndim == 2:
        tiles = array[np.newaxis]
    elif array.ndim == 4 and array.shape[1] == 1:
        tiles = array[:, 0]
    if tiles.ndim != 3 or 0 in tiles.shape[1:]:
        expected = f"{name} of shape (N, 1, height, width), (N, height, width) or (height, width)"
        raise _wrong_shape(expected, array, "bring them into one of these shapes")
    if len(tiles) == 0:
        raise _wrong_shape(f"{name}, at least one", array, "choose what to draw")
    if most is not None and len(tiles) > most:
        fix = f"choose some, such as {name}[:{min(most, 20)}]"
        raise _refusal(f"at most {most} {name} in one picture", f"{len(tiles):,}", fix)
    return _finite(tiles, f"{name} of finite numbers")


def as_picture(picture) -> np.ndarray:
    """A new array (H, W, C), float32 in 0..1, with C from 1 to 4 channels, from a photo, a scan or a drawing.

    picture: (H, W) or (H, W, C) of at least one pixel; (784,) and (1, 784) are the 28 rows of an MNIST image one after
    another. The numbers tell their range, whatever their type: up to 1, to 255, or to the end of 10, 12, 14, 16 or more
    bits. Where some are below 0, as in a standardised picture, the lowest becomes 0 and the highest 1.
    Raises DigitsError for anything else.
    """
    array = _numbers(as_array(picture, PICTURE), PICTURE)
    channels = array.reshape(28, 28) if array.shape in ROWS_IN_ONE else array
    while channels.ndim > 2 and len(channels) == 1 and not _is_picture(channels):
        channels = channels[0]  # the only one of a batch, or the only channel, which stands first
    channels = channels[..., np.newaxis] if channels.ndim == 2 else channels
    if not _is_picture(channels):
        raise _wrong_shape(PICTURE, array, _to_picture(array.shape))
    floats = _finite(channels.astype(np.float32), PICTURE)
    low = floats.min()
    high = floats.max()
    if low < 0:
        return (floats - low) / max(high - low, np.finfo(np.float32).tiny)
    ringing = RINGING if array.dtype.kind == "f" else 1
    return floats / max(high, next((end for end in RANGES if high <= end * ringing), high))


def as_numbers(values, name: str) -> np.ndarray:
    """At least one finite number, (K,). Raises DigitsError for anything else."""
    array = as_array(values, name)
    if array.ndim != 1 or len(array) == 0:
        raise _wrong_shape(f"{name} of shape (K,), at least one number", array, "give a list of numbers")
    return _finite(array, f"{name} of finite numbers")


def as_classes(labels, name: str) -> np.ndarray:
    """Digits 0 to 9 as integers, (N,) with N at least 1. Raises DigitsError for anything else."""
    array = as_numbers(labels, name)
    low = array.min()
    high = array.max()
    if low < 0 or high > 9 or (array != np.round(array)).any():
        fix = "give the digit of each image"
        raise _refusal(f"{name} of whole numbers from 0 to 9", f"values from {low:g} to {high:g}", fix)
    return array.astype(int)


def as_probabilities(values, count: int) -> np.ndarray:
    """Probabilities of the ten digits for `count` images, (count, 10); those of one image may be (10,).

    Raises DigitsError for another shape, and unless each row holds numbers of at least 0 that add up to 1.
    """
    array = as_array(values, "probabilities")
    rows = array[np.newaxis] if count == 1 and array.ndim == 1 else array
    if rows.shape != (count, 10):
        shape = "(10,)" if count == 1 else f"({count}, 10)"
        raise _wrong_shape(f"probabilities of shape {shape}", array, "give ten for each image")
    _finite(rows, "probabilities of finite numbers")
    low = rows.min()
    sums = rows.sum(axis=1)
    furthest = sums[np.abs(sums - 1).argmax()]
    if low < 0 or abs(furthest - 1) > SUM_ERROR:
        found = f"numbers from {low:.3g} with a sum of {furthest:.3g}"
        raise _refusal("probabilities of at least 0 that add up to 1", found, "give the softmax of the network")
    return rows


def _refusal(expected: str, found: str, fix: str) -> DigitsError:
    """The form of every message of this module."""
    return DigitsError(f"expected {expected}, got {found}: {fix}")


def _wrong_shape(expected: str, array: np.ndarray, fix: str) -> DigitsError:
    return _refusal(expected, f"an array of shape {array.shape}", fix)


def _numbers(array: np.ndarray, expected: str, kinds: str = "biuf", fix: str = CONVERT) -> np.ndarray:
    """The array, if its type is of one of NumPy's `kinds`: booleans, integers with and without a sign, floats."""
    if array.dtype.kind not in kinds:
        raise _refusal(expected, f"values of type {array.dtype}", fix)
    return array


def _finite(array: np.ndarray, expected: str, name: str = "values") -> np.ndarray:
    """The array, if it holds numbers and all of them are finite."""
    _numbers(array, expected)
    if not np.isfinite([array.min(initial=0), array.max(initial=0)]).all():  # both are NaN where one value is
        raise _refusal(expected, "NaN or infinite values", f"np.nan_to_num({name}) replaces them")
    return array


def _ink(array: np.ndarray, name: str) -> np.ndarray:
    """A copy as float32 in C order, if the array holds floats in 0..1; `name` is what a user calls the array."""
    by_255 = f"divide by 255, as in {name} / 255"
    _numbers(array, INK, "f", fix=by_255 if array.dtype.kind in "iu" else CONVERT)
    _finite(array, INK, name)
    low = array.min(initial=0)
    high = array.max(initial=0)
    if low < -OVERSHOOT or high > 1 + OVERSHOOT:
        fix = by_255 if low >= 0 and 2 < high <= 255 else f"scale them, or cut them off with np.clip({name}, 0, 1)"
        raise _refusal(INK, f"values from {low:.4g} to {high:.4g}", fix)
    return array.astype(np.float32, order="C")


def _is_inverted(ink: np.ndarray) -> bool:
    """Whether an image (28, 28) has dark ink on bright paper: its border is bright all around, and the rest is not."""
    if ink[0, 0] < BRIGHT:  # nearly always the answer, and it costs next to nothing
        return False
    edges = (ink[0], ink[-1], ink[:, 0], ink[:, -1])
    return all(edge.min() >= BRIGHT for edge in edges) and ink.min() < 0.5


def _is_picture(array: np.ndarray) -> bool:
    return array.ndim == 3 and array.size > 0 and array.shape[2] <= 4


def _to_picture(shape: tuple[int, ...]) -> str:
    """What turns an array of this shape into one picture."""
    match shape:
        case (_, 28, 28) | (_, 28, 28, 1) | (_, 1, 28, 28):
            return "choose one, as in images[0]"
        case (3, _, _) | (4, _, _):
            return "use picture.transpose(1, 2, 0)"
        case _:
            return "bring it into one of these shapes"


def _to_one_image(shape: tuple[int, ...]) -> str:
    """What turns an array of this shape into one image."""
    match shape:
        case (784,) | (1, 784) | (784, 1):
            return "use image.reshape(28, 28)"
        case (1, 28, 28):
            return "use image[0]"
        case (28, 28, 1):
            return "use image[:, :, 0]"
        case (_, 1, 28, 28):
            return "choose one, as in images[0, 0], or ask for the probabilities_of(images)"
        case (_, _) | (_, _, 3) | (_, _, 4):
            return "use helpers.drawing.to_mnist_from_image(picture), which takes any picture"
        case _:
            return "choose one image and bring it into that shape"


def _to_many_images(shape: tuple[int, ...]) -> str:
    """What turns an array of this shape into images for a network."""
    match shape:
        case (28, 28):
            return "ask for the probabilities(image) of one, or give image[np.newaxis, np.newaxis]"
        case (_, 28, 28):
            return "use images[:, np.newaxis]"
        case (_, 28, 28, 1):
            return "use images.transpose(0, 3, 1, 2)"
        case (28, 28, _):
            return "use images.transpose(2, 0, 1)[:, np.newaxis]"
        case (_, 784):
            return "use images.reshape(-1, 1, 28, 28)"
        case (784, _):
            return "use images.T.reshape(-1, 1, 28, 28)"
        case _:
            return "bring them into that shape, one channel of 28 rows and 28 columns each"
