"""Ink apart from its paper: how far each pixel of a picture is from the paper beneath it, which is estimated twice.

    from_border     one smooth surface, fitted to the border of the picture: for whatever lies on bare paper
    from_around     the paper around each place, as morphology closes it over the strokes: for photos with shadows,
                    a table or a lamp in them, where no surface fits

Serves helpers.drawing.photo; chapter 5.
"""

import cv2
import numpy as np

STROKE = 0.16  # of the longer side of a photo: what is broader than this is no stroke, but a shadow, a table or a hand

HAND = 0.45  # of the same: what is broader than this is neither

GRAIN = 0.002  # half a grey level of 8 bits

DARKEST = 0.03  # of full light: paper is taken for no darker than this, where contrast is a share of the paper's light


def from_border(pixels: np.ndarray) -> tuple[np.ndarray, float]:
    """The contrast of each pixel with the paper, (H, W) float32 of at least 0, and the standard deviation of the paper.

    pixels: (H, W, C) in 0..1. In each channel the ink is what is darker or what is lighter than the paper, whichever
    goes farther; of the channels the largest contrast counts.
    """
    inks, noises = zip(*(_above_surface(channel) for channel in np.moveaxis(pixels, 2, 0)), strict=True)
    return np.max(inks, axis=0), max(noises)


def from_around(pixels: np.ndarray) -> tuple[np.ndarray, float, np.ndarray]:
    """The same as a share of the light that comes from the paper at that place: the same in a shadow and beside it.

    The third is the contrast of all that is no broader than a hand, (H, W), where that of strokes alone is the first.
    """
    channels = [_below_closing(channel) for channel in np.moveaxis(pixels, 2, 0)]
    ink, broad = (np.max(each, axis=0) for each in zip(*channels, strict=True))
    some = ink[::2, ::2]
    base = float(np.median(some))  # closing takes the lightest grain for the paper
    noise = 1.4826 * float(np.median(np.abs(some - base)))  # the median deviation, scaled to a normal's sigma
    return np.maximum(ink - np.float32(base), 0), noise, broad


def _above_surface(channel: np.ndarray) -> tuple[np.ndarray, float]:
    """Return how far each pixel of a channel (H, W) is from its paper on the ink's side, dark or light, 0 on the other
    side; and the standard deviation of the paper.

    The paper is a surface of second degree, so light that falls off to a side or into the corners is part of it. It is
    fitted by least squares to the border, without the pixels there that a stroke runs through.
    """
    terms = _surface(channel.shape)
    border = _border(channel)
    away = np.abs(border - np.median(border))
    free = away <= 3 * np.median(away) + 1e-3
    known = np.stack([_border(term) for term in terms], axis=1)[free]
    # Where too few pixels tell, level paper is the best guess: the small penalty on all weights but the first.
    penalty = 1e-3 * len(known) * np.diag([0, 1, 1, 1, 1, 1])
    weights = np.linalg.solve(known.T @ known + penalty, known.T @ border[free]).astype(np.float32)

    difference = sum(weight * term for weight, term in zip(weights, terms, strict=True)) - channel
    noise = 1.4826 * float(np.median(np.abs(_border(difference))))  # the median deviation, scaled to a normal's sigma
    if difference.max() < -difference.min():
        difference = -difference
    return np.maximum(difference, 0), noise


def _border(pixels: np.ndarray) -> np.ndarray:
    """The pixels along the four edges, (B, ...)."""
    return np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])


def _surface(shape: tuple[int, int]) -> list[np.ndarray]:
    """The terms 1, x, y, x², xy, y² of a surface of second degree, (H, W) float32 each, with x and y in -1..1."""
    height, width = shape
    y = np.linspace(-1, 1, height, dtype=np.float32)[:, np.newaxis]
    x = np.linspace(-1, 1, width, dtype=np.float32)
    return [np.broadcast_to(term, shape) for term in (np.float32(1), x, y, x * x, x * y, y * y)]


def _below_closing(channel: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The contrast of a channel (H, W) with the paper that closing finds: of strokes, and of all but the broadest.

    Closing with a square fills what is dark and narrower than its side with the light beside it. Of a picture and its
    negative that one has dark ink whose closing shows no more of the strokes, and so changes less from pixel to pixel.
    """
    channel = _without_grain(channel)
    papers = [(each, _closed(each, STROKE)) for each in (channel, 1 - channel)]
    light, paper = min(papers, key=lambda pair: _variation(pair[1]))
    half = cv2.resize(light, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    far = cv2.resize(_closed(half, HAND), light.shape[::-1], interpolation=cv2.INTER_LINEAR)
    return _contrast(light, paper), _contrast(light, far)


def _closed(light: np.ndarray, share: float) -> np.ndarray:
    side = round(share * max(light.shape)) | 1
    return cv2.morphologyEx(light, cv2.MORPH_CLOSE, np.ones((side, side), np.uint8))


def _contrast(light: np.ndarray, paper: np.ndarray) -> np.ndarray:
    return np.where(paper > light, 1 - light / np.maximum(paper, DARKEST), 0)


def _variation(channel: np.ndarray) -> float:
    """The mean step from a pixel to the next."""
    return sum(float(np.abs(np.diff(channel, axis=axis)).mean()) for axis in (0, 1))


def _without_grain(channel: np.ndarray) -> np.ndarray:
    """The channel, smoothed by about a pixel if it has grain: what differs from pixel to pixel on most of it."""
    grain = float(np.median(np.abs(channel - cv2.blur(channel, (3, 3)))[::2, ::2]))
    return cv2.GaussianBlur(channel, (0, 0), 1.2) if grain > GRAIN else channel
