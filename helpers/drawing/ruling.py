"""Printed lines out of a picture: the ruling of the paper, the grid of a table, the frame around a digit.

Serves helpers.drawing.photo; chapter 5.
"""

import cv2
import numpy as np

LEAN = np.radians(12)  # how far ruling may lean: a photo is rarely taken straight

SPAN = 0.6  # of the picture's width or height: a line that is at least so long is ruling, and no stroke

ENDS = 0.06  # of the same: so near to both borders a line of the ruling comes

THICKEST = 0.02  # of the picture's longer side: a printed line is no thicker

THICKER = 1.6  # times the thickness of a line: where the ink is thicker, a stroke crosses it

MOST_LINES = 80  # that are looked at

FRAME = 0.85  # of each side of the rectangle around it a frame covers; a 0 covers less

MOST_FILLED = 0.55  # of its rectangle: a frame is hollow


def ruling(mask: np.ndarray) -> np.ndarray:
    """The pixels (H, W) of a mask that belong to straight lines across the picture, but not to strokes that cross them.

    As in the removal of staff lines from music: along a line each run of ink across it is taken, if it is no longer
    than the line is thick.
    """
    taken = np.zeros_like(mask)
    for transposed in (False, True):  # lines from left to right, then from top to bottom
        left = mask & ~taken
        found = _level_lines(left.T if transposed else left)
        taken |= found.T if transposed else found
    return taken


def _level_lines(mask: np.ndarray) -> np.ndarray:
    """The pixels of nearly horizontal lines that are as long as ruling is."""
    height, width = mask.shape
    taken = np.zeros_like(mask)
    votes = max(30, round(0.4 * width))
    image = np.ascontiguousarray(mask, np.uint8) * 255
    angles = {"min_theta": np.pi / 2 - LEAN, "max_theta": np.pi / 2 + LEAN}
    lines = cv2.HoughLines(image, 1, np.pi / 360, votes, **angles)
    if lines is None:
        return taken
    first, last = _runs(mask)
    x = np.arange(width)
    for distance, angle in lines.reshape(-1, lines.shape[-1])[:MOST_LINES, :2]:
        y = np.round((distance - x * np.cos(angle)) / np.sin(angle)).astype(int)
        inside = (y >= 1) & (y < height - 1)
        hits = np.zeros(width, int)
        for shift in (0, -1, 1):
            rows = np.clip(y + shift, 0, height - 1)
            free = inside & (hits == 0) & mask[rows, x] & ~taken[rows, x]
            hits[free] = rows[free]
        columns = x[hits > 0]
        chord = x[inside]
        if len(chord) < width / 2 or len(columns) < SPAN * len(chord):
            continue
        rows = hits[columns]
        starts, ends = first[rows, columns], last[rows, columns]
        thickness = np.median(ends - starts + 1)
        short = max(columns[0] - chord[0], chord[-1] - columns[-1])  # of the borders
        if short > ENDS * width or thickness > THICKEST * max(height, width):
            continue
        for start, end, column in zip(starts, ends, columns, strict=True):
            if end - start + 1 <= THICKER * thickness + 1:
                taken[start : end + 1, column] = True
    return taken


def _runs(mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The first and the last row of the unbroken run of True that each pixel lies in, within its column."""
    height = len(mask)
    rows = np.arange(height)[:, np.newaxis]
    first = np.maximum.accumulate(np.where(mask, -1, rows), axis=0) + 1
    last = np.minimum.accumulate(np.where(mask, height, rows)[::-1], axis=0)[::-1] - 1
    return first, last


def is_frame(spot: np.ndarray) -> bool:
    """Whether a spot (H, W), a part of a mask, is the four sides of a rectangle, or most of them."""
    rows, columns = np.nonzero(spot)
    points = np.stack([columns, rows], axis=1).astype(np.float32)
    (across, down), (width, height), angle = cv2.minAreaRect(points)
    if min(width, height) < 8:
        return False
    turn = np.radians(angle)
    x = (points - (across, down)) @ (np.cos(turn), np.sin(turn))
    y = (points - (across, down)) @ (-np.sin(turn), np.cos(turn))
    near = max(3.0, 0.15 * min(width, height))
    sides = (
        (y[width / 2 - x < near], height),
        (y[width / 2 + x < near], height),
        (x[height / 2 - y < near], width),
        (x[height / 2 + y < near], width),
    )
    covered = [len(np.unique(np.floor(along + 0.25))) / (length + 1) for along, length in sides]
    return min(covered) >= FRAME and len(points) < MOST_FILLED * width * height
