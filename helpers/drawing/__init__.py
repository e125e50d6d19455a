"""From ink to MNIST's 28 x 28. A network that has learnt from MNIST reads other digits well only after the same steps:

    strokes -> fit_strokes -> draw_ink -> centre_by_mass -> image (28, 28)
    picture -> to_ink -> fit_box -> centre_by_mass -> image (28, 28)

`to_mnist` goes the first way, `to_mnist_from_image` the second; `augment` distorts training images. Chapter 5.
"""

from helpers.drawing.augmentation import augment
from helpers.drawing.field import centre_by_mass, fit_box
from helpers.drawing.photo import to_ink, to_mnist_from_image, to_mnist_of_each
from helpers.drawing.picture import read_picture
from helpers.drawing.strokes import Steps, as_strokes, draw_ink, fit_strokes, plain_resize, to_field, to_mnist

__all__ = [
    "Steps",
    "as_strokes",
    "augment",
    "centre_by_mass",
    "draw_ink",
    "fit_box",
    "fit_strokes",
    "plain_resize",
    "read_picture",
    "to_field",
    "to_ink",
    "to_mnist",
    "to_mnist_from_image",
    "to_mnist_of_each",
]
