"""The pad on which one draws a digit and sees it read, and the digits that are kept.

Chapter 5 and the demo.
"""

from helpers.canvas import collection as kept
from helpers.canvas.widget import DigitCanvas

__all__ = ["DigitCanvas", "kept"]
