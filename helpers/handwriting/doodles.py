"""What people draw that is no digit: letters, marks, scribbles, two digits side by side, digits in a mirror.

A network that has seen digits alone takes each of them for one, and is sure of it. These drawings, shown in training
with the answer "any of the ten, as likely as the others", teach it to say that it does not know (D. Hendrycks,
M. Mazeika, T. Dietterich: "Deep anomaly detection with outlier exposure", ICLR 2019). Letters that many write as they
write a digit are left out: I, O, S and Z, and b, g, l, o, q, s and z.

Chapter 5, and the network that ships for the canvas.
"""

import numpy as np

from helpers.handwriting.allographs import draw, write_digit
from helpers.handwriting.hand import Template, write

LETTERS: dict[str, Template] = {
    "A": ("0,100 15,50 30,0! 45,50 60,100", "12,62 48,62"),
    "A in one": ("0,100 30,0! 58,100! 12,60! 50,58",),
    "B": ("5,0 5,50 5,100", "5,1 40,4 46,26 30,45 5,48", "5,48 44,54 52,78 34,97 5,99"),
    "B in one": ("5,100 5,50 5,1! 42,6 44,36 6,48! 50,58 48,92 5,99",),
    "C": ("55,16 32,0 6,22 2,62 20,98 56,86",),
    "C, round": ("50,10 24,2 4,30 4,70 26,98 52,90",),
    "D": ("6,0 5,50 4,100", "4,1 40,8 60,45 46,88 4,100"),
    "D in one": ("6,100 6,0! 44,12 58,50 42,90 0,100",),
    "D, wide": ("4,0 4,50 4,100", "4,0 44,4 66,30 66,70 44,96 4,100"),
    "E": ("50,0 5,1! 5,99! 52,100", "5,50 42,50"),
    "E, round": ("52,10 28,0 8,14 14,38 34,46! 6,56 2,86 26,100 56,90",),
    "F": ("50,0 5,1! 4,100", "5,48 42,47"),
    "G": ("55,15 30,0 5,25 3,70 25,100 52,86 55,58! 32,58", "56,56 56,98"),
    "H": ("4,0 5,50 4,100", "54,0 55,50 54,100", "4,50 54,49"),
    "H, small": ("6,0 5,50 4,100! 10,60 34,44 48,60 50,100",),
    "J": ("50,0 50,74 30,100 8,90 4,70", "28,0 66,0"),
    "K": ("5,0 5,50 5,100", "52,0 8,54! 55,100"),
    "L": ("5,0 5,50 5,100! 54,99",),
    "M": ("2,100 8,0! 34,60! 60,0! 68,100",),
    "M, round": ("0,100 8,8! 14,30 26,8 34,30 34,96! 38,30 52,8 62,30 64,100",),
    "N": ("4,100 5,0! 54,100! 55,0",),
    "N, small": ("4,20 5,100! 10,40 30,18 46,36 48,100",),
    "P": ("6,0 5,50 4,100", "5,2 38,2 52,24 36,48 5,52"),
    "P in one": ("5,100 5,2! 42,4 50,26 36,48 4,52",),
    "Q": ("32,0 6,18 2,66 26,98 54,80 58,34 32,0", "34,70 66,108"),
    "R": ("5,100 5,2! 42,4 48,26 34,48 8,50! 56,100",),
    "T": ("0,1 30,0 60,0", "30,0 30,50 29,100"),
    "T, small": ("26,0 26,80 38,100 52,92", "4,32 50,30"),
    "U": ("4,0 4,62 28,98 52,68 54,0",),
    "U, small": ("4,10 6,70 28,96 50,60 52,8! 54,98",),
    "V": ("0,0 14,50 28,100! 42,50 58,0",),
    "W": ("0,0 16,100! 36,30! 54,100! 72,0",),
    "W, round": ("0,10 8,90 28,88 36,40! 42,90 62,86 68,8",),
    "X": ("4,0 56,100", "56,0 2,100"),
    "X, round": ("2,6 22,10 32,50 40,92 62,96", "60,4 42,10 32,50 18,94 2,92"),
    "Y": ("2,0 30,48", "58,0 30,48 28,100"),
    "Y, three": ("0,0 30,46! 60,0", "30,46 30,100"),
    "a": ("48,20 22,10 2,40 8,86 32,92 48,50 50,14! 50,80 66,96",),
    "d": ("46,50 20,44 2,70 16,100 44,86 50,40 52,0! 52,100",),
    "e": ("6,56 52,48 42,12 16,10 2,50 18,96 58,84",),
    "f": ("56,10 40,0 26,20 26,100", "4,46 52,44"),
    "k": ("6,0 4,100", "44,36 8,66! 50,100"),
    "m": ("0,20 4,98! 8,40 22,20 34,44 34,96! 38,40 52,20 64,44 66,98",),
    "r": ("8,10 8,100! 12,40 34,14 54,22",),
    "w": ("0,20 12,96! 32,30! 48,96! 68,18",),
    "y": ("4,0 10,40 30,46 50,2! 46,70 26,100 4,90",),
}

MARKS: dict[str, Template] = {
    "plus": ("0,50 60,50", "30,18 30,82"),
    "tick": ("0,58~8 20,92! 62,6~8",),
    "question mark": ("5,20 20,0 48,6 44,32 26,48 26,68", "26,94 27,97"),
    "exclamation mark": ("20,0 20,66", "20,94 21,97"),
    "equals": ("0,30 60,30", "0,62 60,61"),
    "bar": ("0,50 30,49 60,50",),
    "square": ("2,2 60,2! 60,60! 2,60! 2,4",),
    "triangle": ("30,0 60,56! 0,56! 29,2",),
    "arrow to the right": ("0,50 60,50", "40,30 62,50! 40,70"),
    "arrow up": ("30,100 30,0", "8,28 30,0! 52,28"),
    "arrow down": ("30,0 30,100", "8,72 30,100! 52,72"),
    "heart": ("30,22 14,0 0,20 10,52 30,84! 50,52 60,20 46,0 30,20",),
    "diamond": ("30,0 58,44! 30,90! 2,44! 29,2",),
    "hash": ("20,0 12,90", "46,0 38,90", "0,28 60,27", "0,62 60,61"),
    "percent": ("56,0 4,100", "14,4 4,16 14,28 24,16 14,4", "46,72 36,84 46,96 56,84 46,72"),
    "and": ("58,96 14,30 24,4 42,16 8,62 16,98 44,88 60,56",),
    "tilde": ("0,50 16,34 38,56 60,40",),
    "infinity": ("40,30 14,8 0,30 14,52 40,30 66,8 80,30 66,52 40,30",),
    "smile": ("0,40 16,66 44,66 60,40",),
    "bracket": ("36,0 6,0! 6,100! 36,100",),
    "brace": ("40,0 22,6 24,40 6,50! 24,60 22,94 40,100",),
    "spiral": ("34,50 44,44 42,62 24,62 20,38 44,24 64,46 56,80 22,86 2,50 16,8 54,2",),
    "cross of three": ("30,0 30,90", "0,20 60,70", "60,20 0,70"),
    "zigzag": ("0,0 56,18! 4,38! 58,58! 2,78! 60,98",),
    "waves": ("0,30 12,10 24,40 36,10 48,40 60,10 72,40",),
    "steps": ("0,90 0,60! 22,60! 22,30! 44,30! 44,0! 66,0",),
    "dots": ("8,50 9,52", "34,50 35,52", "60,50 61,52"),
    "pi": ("0,4 62,2", "18,4 14,100", "44,4 46,86 58,98"),
    "euro": ("58,12 30,2 10,36 16,84 56,90", "0,40 44,38", "0,58 40,56"),
}

IN_A_MIRROR = 3, 4, 6, 7, 9  # digits that are none when left and right change places

KINDS = {"letter": 0.45, "mark": 0.2, "scribble": 0.2, "two digits": 0.1, "in a mirror": 0.05}


def draw_doodles(number: int, rng: np.random.Generator) -> np.ndarray:
    """Draw what is no digit, of all kinds at random: images (N, 1, 28, 28) float32 in 0..1, as the canvas makes them.

    The same state of `rng` gives the same ones.
    """
    images = np.zeros((number, 1, 28, 28), np.float32)
    for image, kind in zip(images, rng.choice(list(KINDS), number, p=list(KINDS.values())), strict=True):
        image[0] = draw(doodle(kind, rng), rng)
    return images


def doodle(kind: str, rng: np.random.Generator) -> list[np.ndarray]:
    """The strokes of one drawing of a kind (see `KINDS`), arrays (n, 2) of points (x, y), y down."""
    if kind == "letter":
        return write(LETTERS[rng.choice(list(LETTERS))], rng)
    if kind == "mark":
        return write(MARKS[rng.choice(list(MARKS))], rng)
    if kind == "two digits":
        return _beside(*(write_digit(int(label), rng) for label in rng.integers(0, 10, 2)), rng)
    if kind == "in a mirror":
        return [stroke * [-1, 1] for stroke in write_digit(int(rng.choice(IN_A_MIRROR)), rng)]
    return write(_scribble(rng), rng)


def _beside(left: list[np.ndarray], right: list[np.ndarray], rng: np.random.Generator) -> list[np.ndarray]:
    """Two drawings side by side."""
    shift = np.max([stroke[:, 0].max() for stroke in left]) - np.min([stroke[:, 0].min() for stroke in right])
    place = np.array([shift + rng.uniform(0.05, 0.4), rng.normal(0, 0.08)])
    return [*left, *(stroke + place for stroke in right)]


def _scribble(rng: np.random.Generator) -> Template:
    """A template of one to four strokes through random points, eight or more of them, since fewer may make a digit."""
    strokes = int(rng.integers(1, 5))
    corner = rng.choice(["", "!"])
    lines = []
    for _ in range(strokes):
        points = rng.uniform(0, 100, (int(rng.integers(-(-8 // strokes), 13)), 2)).round()
        lines.append(" ".join(f"{x:.0f},{y:.0f}{corner}" for x, y in points))
    return tuple(lines)
