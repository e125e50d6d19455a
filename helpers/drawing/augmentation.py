"""Training images as other hands and pens might have written them: the same digits, distorted anew each time.

A network that has seen MNIST as it is reads MNIST best; one that has also seen each digit slanted, narrowed, bent and
drawn with other pens reads a stranger's drawing better. What is drawn on the canvas is always scaled to the same box
and centred, so that is also how each distorted digit ends: the shape varies a lot, the size and the place a little.
"""

import cv2
import numpy as np

from helpers.base.arrays import many_images
from helpers.drawing.strokes import BOX, FIELD

ROTATION = 15  # degrees to either side

SHEAR = 0.2  # how far the top leans over per unit of height, to either side

ASPECT = 0.2  # logarithm of the width over the height, to either side

BEND = 34, 4  # elastic distortion: strength and smoothness in pixels, the best of Simard et al.

SHRINK = 0.85  # leaves room around the digit for all of this

PEN = 0.4, 0.85  # the level, relative to the blurred ink, where the new stroke ends: low draws thick, high thin

EDGE = 2, 6  # steepness of the new stroke's edge, soft to sharp

SIZE = 0.08  # relative change of the digit's final size, to either side

SHIFT = 1.2  # pixels from the centre, to either side along each axis

FINE = 2  # the digit is distorted at so many times the resolution, then drawn on the field

_SIDE = FIELD * FINE

_CENTRE = (FIELD - 1) / 2

_GRID = (np.stack(np.meshgrid(*[np.arange(_SIDE)] * 2), axis=-1) - (_SIDE - 1) / 2).astype(np.float32) / FINE


def augment(images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return a distorted copy of each image, (N, 1, 28, 28) float32 in 0..1 as the images are; N may be 0.

    Every digit is rotated, slanted, widened or narrowed, bent, drawn with a thicker or thinner pen, and then scaled to
    MNIST's box and centred, both with a small error. The same images and the same state of `rng` give the same copies.
    Raises DigitsError for other shapes, types and ranges.
    """
    images = many_images(images)
    copies = np.zeros_like(images)
    for image, copy in zip(images, copies, strict=True):
        if image.any():
            copy[0] = _place(_redraw(_distort(image[0], rng), rng), rng)
    return copies


def _distort(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The image (28, 28) after a random affine map and an elastic one, in one step, at `FINE` times the resolution.

    The elastic map moves every point by a smooth random field (P. Simard, D. Steinkraus, J. Platt: "Best practices for
    convolutional neural networks applied to visual document analysis", ICDAR 2003).
    """
    angle = np.radians(rng.uniform(-ROTATION, ROTATION))
    shear, aspect = rng.uniform(-SHEAR, SHEAR), np.exp(rng.uniform(-ASPECT, ASPECT) / 2)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    affine = turn @ [[1, shear], [0, 1]] @ np.diag([aspect, 1 / aspect]) / SHRINK
    strength, smoothness = BEND
    noise = rng.random((FIELD, FIELD, 2), dtype=np.float32) * 2 - 1
    bend = rng.uniform(0, strength) * cv2.GaussianBlur(noise, (0, 0), smoothness)
    source = _GRID @ affine.T.astype(np.float32) + cv2.resize(bend, (_SIDE, _SIDE)) + np.float32(_CENTRE)
    return cv2.remap(image, source, None, cv2.INTER_LINEAR)


def _redraw(ink: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The same strokes drawn with another pen: they end where the blurred ink falls below a random level."""
    blurred = cv2.GaussianBlur(ink, (0, 0), 0.75 * FINE)
    usual = (blurred * ink).sum() / ink.sum()  # how strong the blurred ink is inside the strokes; thin ones are weaker
    return np.clip((blurred / usual - rng.uniform(*PEN)) * rng.uniform(*EDGE) + 0.5, 0, 1)


def _place(ink: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The ink on a field (28, 28): about as large as MNIST's box, with its centre of mass about in the middle."""
    _, _, width, height = cv2.boundingRect((ink > 0.5).astype(np.uint8))
    mass = cv2.moments(ink)
    centre = np.array([mass["m10"], mass["m01"]]) / mass["m00"]
    scale = BOX / max(width, height, 1) * rng.uniform(1 - SIZE, 1 + SIZE)
    shift = FIELD // 2 + rng.uniform(-SHIFT, SHIFT, 2) - scale * centre
    return cv2.warpAffine(ink, np.array([[scale, 0, shift[0]], [0, scale, shift[1]]]), (FIELD, FIELD))
