"""The pad on which one draws a digit and sees it read, and the collection of digits that were drawn on it.

`still` makes a picture of any drawing and its answers, as `DigitCanvas.still` does of its own. Chapter 5 and the demo.
"""

from helpers.canvas.collection import read_collection
from helpers.canvas.snapshot import still
from helpers.canvas.widget import DigitCanvas

__all__ = ["DigitCanvas", "read_collection", "still"]
