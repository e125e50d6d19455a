"""Convolution and max pooling, forward and backward, twice: as matrix products of patches, and by MXNet's operators.

`IM2COL` and `OPERATORS` hold the same five functions:

- convolve(x, w, b, pad): x (N, C, H, W), w (F, C, k, k), b (F,) -> (N, F, h, w)
- convolve_error(s, w, pad): the error of x from the error s of what `convolve` returned
- convolve_gradients(s, x, k, pad): the gradients of w and b
- pool(x, k): the largest value of each window of k x k, windows side by side
- pool_error(s, x, k): the error of x; of equal values in a window the first one gets it

Convolutions have stride 1 and `pad` rows of zeros around. What does not fill a window at the end is left out.
"""

from collections.abc import Callable
from typing import NamedTuple

import mxnet as mx


class Layers(NamedTuple):
    """One way to compute the five functions that this module's docstring lists."""

    convolve: Callable
    convolve_error: Callable
    convolve_gradients: Callable
    pool: Callable
    pool_error: Callable


# As matrix products


def im2col(x: mx.nd.NDArray, k: int, stride: int = 1, pad: int = 0) -> mx.nd.NDArray:
    """The patches of k x k of each channel of `x` (N, C, H, W), laid out in rows: (N, C, h, w, k * k)."""
    if pad:
        x = mx.nd.pad(x, mode="constant", pad_width=(0, 0, 0, 0, pad, pad, pad, pad))
    h, w = (stride * ((size - k) // stride + 1) for size in x.shape[2:])
    corners = [(i, j) for i in range(k) for j in range(k)]
    return mx.nd.stack(*[x[:, :, i : i + h : stride, j : j + w : stride] for i, j in corners], axis=-1)


def col2im(patches: mx.nd.NDArray, shape: tuple[int, ...], k: int, stride: int = 1, pad: int = 0) -> mx.nd.NDArray:
    """The way back: an array of `shape` (N, C, H, W), in each place the sum of what the patches hold for it."""
    n, c, height, width = shape
    x = mx.nd.zeros((n, c, height + 2 * pad, width + 2 * pad), patches.context, patches.dtype)
    h, w = (stride * size for size in patches.shape[2:4])
    for place in range(k * k):
        i, j = divmod(place, k)
        x[:, :, i : i + h : stride, j : j + w : stride] += patches[:, :, :, :, place]
    return x[:, :, pad : pad + height, pad : pad + width]


def rows(x: mx.nd.NDArray, k: int, pad: int = 0) -> mx.nd.NDArray:
    """What each output of a convolution sees, one row per image and place: (N * h * w, C * k * k)."""
    patches = im2col(x, k, pad=pad)
    return patches.transpose((0, 2, 3, 1, 4)).reshape((-1, x.shape[1] * k * k))


def convolve(x, w, b, pad=0):
    n, filters, k = len(x), len(w), w.shape[2]
    y = mx.nd.dot(rows(x, k, pad), w.reshape((filters, -1)), transpose_b=True) + b
    return y.reshape((n, x.shape[2] + 2 * pad - k + 1, -1, filters)).transpose((0, 3, 1, 2))


def convolve_error(s, w, pad=0):
    n, filters, height, width = s.shape
    channels, k = w.shape[1:3]
    e = mx.nd.dot(s.transpose((0, 2, 3, 1)).reshape((-1, filters)), w.reshape((filters, -1)))
    patches = e.reshape((n, height, width, channels, k * k)).transpose((0, 3, 1, 2, 4))
    return col2im(patches, (n, channels, height + k - 1 - 2 * pad, width + k - 1 - 2 * pad), k, pad=pad)


def convolve_gradients(s, x, k, pad=0):
    s = s.transpose((0, 2, 3, 1)).reshape((-1, s.shape[1]))
    gw = mx.nd.dot(s, rows(x, k, pad), transpose_a=True)
    return gw.reshape((-1, x.shape[1], k, k)), s.sum(axis=0)


def choice(windows: mx.nd.NDArray) -> mx.nd.NDArray:
    """1 at the largest value of each window (the last axis), 0 elsewhere; of equal values the first one counts."""
    return mx.nd.one_hot(windows.argmax(axis=-1), windows.shape[-1], dtype=windows.dtype)


def pool(x, k):
    windows = im2col(x, k, stride=k)
    return (choice(windows) * windows).sum(axis=-1)


def pool_error(s, x, k):
    chosen = choice(im2col(x, k, stride=k))
    return col2im(chosen * s.expand_dims(-1), x.shape, k, stride=k)


IM2COL = Layers(convolve, convolve_error, convolve_gradients, pool, pool_error)


# By MXNet's operators


def operator_convolve(x, w, b, pad=0):
    return mx.nd.Convolution(x, w, b, kernel=w.shape[2:], pad=(pad, pad), num_filter=len(w))


def operator_convolve_error(s, w, pad=0):
    """A convolution of the error: with filters turned by half a turn, inputs and outputs exchanged."""
    k = w.shape[2]
    turned, around = mx.nd.flip(w.swapaxes(0, 1), axis=(2, 3)), (k - 1 - pad, k - 1 - pad)
    return mx.nd.Convolution(s, turned, kernel=(k, k), pad=around, num_filter=w.shape[1], no_bias=True)


def operator_convolve_gradients(s, x, k, pad=0):
    """A convolution of the input with the error as its filters, images and channels exchanged."""
    x, filters = x.swapaxes(0, 1), s.swapaxes(0, 1)
    gw = mx.nd.Convolution(x, filters, kernel=s.shape[2:], pad=(pad, pad), num_filter=len(filters), no_bias=True)
    return gw.swapaxes(0, 1), s.sum(axis=(2, 3)).sum(axis=0)


def operator_pool(x, k):
    return mx.nd.Pooling(x, kernel=(k, k), stride=(k, k), pool_type="max")


def operator_pool_error(s, x, k):
    n, channels = s.shape[:2]
    windows = mx.nd.im2col(x, kernel=(k, k), stride=(k, k)).reshape((n, channels, k * k, -1))
    chosen = mx.nd.one_hot(windows.argmax(axis=2), k * k, dtype=x.dtype)
    errors = (chosen * s.reshape((n, channels, -1, 1))).transpose((0, 1, 3, 2)).reshape((n, channels * k * k, -1))
    return mx.nd.col2im(errors, output_size=x.shape[2:], kernel=(k, k), stride=(k, k))


OPERATORS = Layers(
    operator_convolve, operator_convolve_error, operator_convolve_gradients, operator_pool, operator_pool_error
)
