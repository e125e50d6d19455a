"""Which spots of ink make a digit, and how many digits stand side by side.

Serves helpers.drawing.photo; chapter 5.
"""

from typing import NamedTuple

import cv2
import numpy as np

from helpers.base.errors import DigitsError

MOST_SPOTS = 300  # each is held against each, and a page of print has thousands

GAP = 0.08  # of the tallest spot's height: parts of a digit are not farther apart from side to side

NEAR = 0.5  # of the same height: as far a small part, as the top stroke of a 5, may lie from its digit

SMALL = 0.5  # of the same height: what is lower is no digit, but a part of one, or dirt


def groups(mask: np.ndarray) -> list[np.ndarray]:
    """The digits of a mask (H, W), from left to right: a mask for each, with all of its spots.

    Spots are of one digit where one stands above the other, or nearly so. A spot that is too low to be a digit belongs
    to the nearest one, or to none where it lies too far off. Raises DigitsError for more than `MOST_SPOTS` spots.
    """
    _, labels, statistics, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    spots = len(statistics) - 1
    if spots > MOST_SPOTS:
        fix = "cut the digits out of it"
        raise DigitsError(f"expected a picture of a digit, got one with {spots:,} spots of ink: {fix}")
    boxes = {label: _Box(*statistics[label, :4].tolist()) for label in range(1, len(statistics))}
    tallest = max(box.longer for box in boxes.values())
    digits: list[list[int]] = []
    for label in sorted((label for label in boxes if boxes[label].longer >= SMALL * tallest), key=boxes.get):
        for digit in digits:
            if any(boxes[other].apart(boxes[label])[0] <= GAP * tallest for other in digit):
                digit.append(label)
                break
        else:
            digits.append([label])
    whole = [list(digit) for digit in digits]
    for label, box in boxes.items():
        if box.longer >= SMALL * tallest:
            continue
        distances = [min(max(boxes[other].apart(box)) for other in digit) for digit in digits]
        nearest = int(np.argmin(distances))
        if distances[nearest] <= NEAR * tallest:
            whole[nearest].append(label)
    return [np.isin(labels, digit) for digit in whole]


class _Box(NamedTuple):
    """Where a spot lies, in pixels."""

    left: int
    top: int
    width: int
    height: int

    @property
    def longer(self) -> int:
        return max(self.width, self.height)

    def apart(self, other: "_Box") -> tuple[int, int]:
        """How many columns and how many rows lie between two boxes, 0 where they share some."""
        columns = max(self.left, other.left) - min(self.left + self.width, other.left + other.width)
        rows = max(self.top, other.top) - min(self.top + self.height, other.top + other.height)
        return max(0, columns), max(0, rows)
