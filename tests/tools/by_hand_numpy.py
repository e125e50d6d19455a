"""The gradients of chapter 06 in NumPy: the same formulas in other words, for checking. Slow, for a few images."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view


def numpy_softmax(z: np.ndarray) -> np.ndarray:
    """Probabilities (N, K) of logits `z` (N, K)."""
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def numpy_mlp_gradients(x: np.ndarray, t: np.ndarray, parameters: list[np.ndarray]) -> list[np.ndarray]:
    """As `helpers.by_hand.mlp_gradients`."""
    w1, b1, w2, b2 = parameters
    a1 = np.maximum(x @ w1.T + b1, 0)
    s2 = numpy_softmax(a1 @ w2.T + b2) - t
    s1 = np.where(a1 > 0, s2 @ w2, 0)
    return [s1.T @ x, s1.sum(axis=0), s2.T @ a1, s2.sum(axis=0)]


def windows(x: np.ndarray, k: int, pad: int = 0) -> np.ndarray:
    """A view of the patches of `x` (N, C, H, W): (N, C, h, w, k, k); no number is copied."""
    return sliding_window_view(np.pad(x, [(0, 0), (0, 0), (pad, pad), (pad, pad)]), (k, k), axis=(2, 3))


def numpy_convolve(x: np.ndarray, w: np.ndarray, pad: int = 0) -> np.ndarray:
    """The sum over channels c and places i, j in the filters, for each image n, filter f and place y, x."""
    return np.einsum("ncyxij,fcij->nfyx", windows(x, w.shape[2], pad), w, optimize=True)


def numpy_pool(x: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """The largest value of each window of k x k, and where in `x` it is: 1 there and 0 elsewhere.

    Of equal values the first is taken.
    """
    n, c, height, width = x.shape
    blocks = x.reshape(n, c, height // k, k, width // k, k).swapaxes(3, 4).reshape(n, c, height // k, width // k, k * k)
    places = np.zeros_like(blocks)
    np.put_along_axis(places, blocks.argmax(axis=-1)[..., None], 1, axis=-1)
    places = places.reshape(n, c, height // k, width // k, k, k).swapaxes(3, 4).reshape(x.shape)
    return blocks.max(axis=-1), places


def numpy_cnn_gradients(x: np.ndarray, t: np.ndarray, parameters: list[np.ndarray]) -> list[np.ndarray]:
    """As `helpers.by_hand_cnn.cnn_gradients`."""
    w1, b1, w2, b2, w3, b3 = parameters
    a1 = np.maximum(numpy_convolve(x, w1) + b1[:, None, None], 0)
    a2, chosen1 = numpy_pool(a1, 2)
    a3 = np.maximum(numpy_convolve(a2, w2, pad=2) + b2[:, None, None], 0)
    a4, chosen2 = numpy_pool(a3, 3)
    flat = a4.reshape(len(x), -1)
    s3 = numpy_softmax(flat @ w3.T + b3) - t
    s2 = np.kron((s3 @ w3).reshape(a4.shape), np.ones((3, 3))) * chosen2 * (a3 > 0)
    e2 = numpy_convolve(s2, w2.swapaxes(0, 1)[:, :, ::-1, ::-1], pad=2)
    s1 = np.kron(e2, np.ones((2, 2))) * chosen1 * (a1 > 0)
    gw2 = np.einsum("ncyxij,nfyx->fcij", windows(a2, 5, pad=2), s2, optimize=True)
    gw1 = np.einsum("ncyxij,nfyx->fcij", windows(x, 5), s1, optimize=True)
    return [gw1, s1.sum(axis=(0, 2, 3)), gw2, s2.sum(axis=(0, 2, 3)), s3.T @ flat, s3.sum(axis=0)]
