"""Handwriting by a program: digits in every usual form, and drawings that are no digits, as strokes and images.

MNIST shows how digits are written in one country. `write_digits` makes training images of the forms that it lacks,
`draw_doodles` of what else people draw on a pad. Chapter 5, and the network that ships for the canvas.
"""

from helpers.handwriting.allographs import FORMS, write_digit, write_digits
from helpers.handwriting.doodles import KINDS, doodle, draw_doodles

__all__ = ["FORMS", "KINDS", "doodle", "draw_doodles", "write_digit", "write_digits"]
