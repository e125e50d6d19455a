"""Training images as other hands and pens might have written them: the same digits, distorted anew each time.

A network that has seen MNIST as it is reads MNIST best; one that has also seen each digit slanted, narrowed, bent and
drawn with other pens reads a stranger's drawing better. What is drawn on the canvas is always scaled to the same box
and centred, so that is also how each distorted digit ends: the shape varies a lot, the size and the place a little.

Chapter 5, and the network that ships for the canvas.
"""

from functools import cache

import cv2
import numpy as np

from helpers.base.arrays import many_images
from helpers.drawing.field import BOX, FIELD

ROTATION = 15  # degrees to either side

SHEAR = 0.2  # how far the top leans over per unit of height, to either side

ASPECT = 0.2  # logarithm of the width over the height, to either side

# An elastic distortion as strong and as smooth (in pixels) as was best for Simard et al.
BEND_STRENGTH = 34
BEND_SMOOTHNESS = 4

SHRINKING = 0.85  # leaves room around the digit for all of this

PEN_LEVELS = (
    0.4,
    0.85,
)  # where the new stroke ends, relative to the blurred ink: at a low level thick, at a high one thin

EDGE = 2, 6  # steepness of the new stroke's edge, soft to sharp

SIZE = 0.08  # relative change of the digit's final size, to either side

SHIFT = 1.2  # pixels from the centre, to either side along each axis

MAGNIFICATION = 2  # the digit is distorted and redrawn at so many times the resolution of the field


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
            copy[0] = _box_and_centre(_redraw(_distort(image[0], rng), rng), rng)
    return copies


def _distort(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The image (28, 28) after a random affine map and an elastic one, in one step; (56, 56), at twice the resolution.

    The elastic map moves every point by a smooth random field (P. Simard, D. Steinkraus, J. Platt: "Best practices for
    convolutional neural networks applied to visual document analysis", ICDAR 2003).
    """
    angle = np.radians(rng.uniform(-ROTATION, ROTATION))
    shear = rng.uniform(-SHEAR, SHEAR)
    aspect = np.exp(rng.uniform(-ASPECT, ASPECT) / 2)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    affine = turn @ [[1, shear], [0, 1]] @ np.diag([aspect, 1 / aspect]) / SHRINKING
    noise = rng.random((FIELD, FIELD, 2), dtype=np.float32) * 2 - 1
    bend = rng.uniform(0, BEND_STRENGTH) * cv2.GaussianBlur(noise, (0, 0), BEND_SMOOTHNESS)
    grid = _grid()
    source = grid @ affine.T.astype(np.float32) + cv2.resize(bend, grid.shape[:2]) + np.float32((FIELD - 1) / 2)
    return cv2.remap(image, source, None, cv2.INTER_LINEAR)


@cache
def _grid() -> np.ndarray:
    """The points (x, y) of the magnified image in pixels of the field, from its centre: (56, 56, 2) float32."""
    side = FIELD * MAGNIFICATION
    steps = np.arange(side)
    points = np.stack(np.meshgrid(steps, steps), axis=-1) - (side - 1) / 2
    return points.astype(np.float32) / MAGNIFICATION


def _redraw(ink: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The same strokes drawn with another pen: they end where the blurred ink falls below a random level."""
    blurred = cv2.GaussianBlur(ink, (0, 0), 0.75 * MAGNIFICATION)
    usual = (blurred * ink).sum() / ink.sum()  # how strong the blurred ink is inside the strokes; thin ones are weaker
    return np.clip((blurred / usual - rng.uniform(*PEN_LEVELS)) * rng.uniform(*EDGE) + 0.5, 0, 1)


def _box_and_centre(ink: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The ink on a field (28, 28): about as large as MNIST's box, with its centre of mass about in the middle."""
    _, _, width, height = cv2.boundingRect((ink > 0.5).astype(np.uint8))
    mass = cv2.moments(ink)
    centre = np.array([mass["m10"], mass["m01"]]) / mass["m00"]
    scale = BOX / max(width, height, 1) * rng.uniform(1 - SIZE, 1 + SIZE)
    shift = FIELD // 2 + rng.uniform(-SHIFT, SHIFT, 2) - scale * centre
    return cv2.warpAffine(ink, np.array([[scale, 0, shift[0]], [0, scale, shift[1]]]), (FIELD, FIELD))
