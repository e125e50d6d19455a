"""The written forms of each digit, and digits written so: training images for a network that reads drawings.

Letters and digits that look different and mean the same are called allographs. MNIST was written in the United States:
its ones are bare lines and its sevens have no bar. Most of Europe writes a 1 with a flag and a 7 with a bar, and a
network that has seen MNIST alone takes such a 1 for a 7. So these forms are written here, each time by another hand,
and drawn by `to_mnist`, as the canvas draws.

Chapter 5, and the network that ships for the canvas.
"""

import numpy as np

from helpers.drawing.strokes import Steps, to_mnist
from helpers.handwriting.hand import Template, write

FORMS: dict[int, dict[str, Template]] = {
    0: {
        "plain": ("32,0 12,10 0,45 8,85 30,100 52,85 60,45 48,8 30,1",),
        "open": ("45,8 25,2 5,25 2,65 20,98 45,92 60,55 52,15 35,0 22,6~8",),
        "curled": ("20,14 6,38 4,70 18,97 42,95 58,60 52,18 32,0 18,8 30,20~8 48,14~10",),
        "narrow": ("24,0 8,20 3,55 10,90 24,100 38,85 42,48 34,10 22,2",),
        "crossed at the top": ("54,0~7 20,10 2,50 16,96 44,94 56,56 44,16 10,2~7",),
        "slashed": ("32,0 12,10 0,45 8,85 30,100 52,85 60,45 48,8 30,1", "56,6~8 4,94~8"),
    },
    1: {
        "plain": ("30,0 29,50 28,100",),
        "short flag": ("14,26~5 32,0! 31,50 30,100",),
        "flag": ("2,42~7 33,0! 32,50 31,100",),
        "long flag": ("0,58~9 34,0! 31,50 28,100",),
        "curved flag": ("0,40~9 20,28 34,0! 33,50 32,100",),
        "looped flag": ("12,62~8 8,48 32,4 38,6 34,50 31,100",),
        "flag and hooked foot": ("0,52~9 36,0! 33,50 30,92 38,100 48,94~6",),
        "rising flag and hooked foot": ("0,80~10 20,50 40,4~5 39,20 31,90 44,97~6",),
        "flag and base": ("6,32~9 32,0! 31,50 30,99", "4,100~6 58,99~6"),
        "short flag and base": ("18,16~6 33,0! 32,50 31,99", "8,100~6 55,99~6"),
        "flag and base in one": ("6,30~9 31,0! 29,97! 6,99~6! 56,97~6",),
        "base": ("30,0 30,50 30,99", "4,100~6 57,99~6"),
        "top and base": ("20,14~6 32,4 33,50 30,95 12,92~6! 50,98~6",),
    },
    2: {
        "plain": ("5,25 18,3 40,2 52,22 42,50 20,78 2,98! 60,97",),
        "hooked": ("16,32 5,18 22,1 48,7 50,30 26,68 2,97! 58,96",),
        "looped": ("5,22 20,2 45,5 52,28 38,60 16,92 3,93 7,80 25,86 62,99",),
        "small loop": ("5,24 22,2 47,7 50,30 34,62 14,94 6,90 14,84 36,92 60,92",),
        "swung": ("4,30 15,5 40,0 52,20 40,55 14,86 2,99! 22,90 44,99 60,92",),
        "narrow": ("18,34~7 20,10 32,2 38,16 30,50 8,92! 60,94~6",),
        "flat": ("3,10 25,2 48,6 48,26 24,66 0,98! 58,98",),
        "round": ("6,28 16,6 38,0 54,16 46,44 14,74 2,94 12,99 60,98",),
    },
    3: {
        "round": ("5,12 28,0 50,10 48,34 24,46! 54,58 56,86 30,100 2,88",),
        "in one curve": ("5,14 25,0 48,8 47,30 28,46 46,52 58,75 40,98 15,100 0,88",),
        "flat": ("3,2 27,3 52,2! 36,22 22,40! 52,52 58,80 35,100 2,90",),
        "flat, sharp": ("2,4 50,2! 24,42! 50,46 56,74 38,96 4,98",),
        "looped": ("5,10 30,0 50,12 44,36 24,47 18,40 30,40 52,58 55,85 30,100 2,90",),
        "long": ("8,8 30,0 46,12 38,32 22,40! 50,50 54,80 26,98 4,100~8",),
    },
    4: {
        "open": ("14,2 4,56! 58,55", "42,28~9 40,64 38,100"),
        "open, high": ("12,4 8,46! 56,44", "52,0~7 48,50 44,100"),
        "open, round": ("10,2 3,34 16,52 50,44", "52,4~7 48,52 43,100"),
        "open, in one": ("9,4 3,44 16,54 50,44 54,6! 50,52 46,100",),
        "closed": ("42,0 22,33 0,65! 60,65", "42,0 41,50 40,100"),
        "closed, in one": ("40,100 42,50 43,0! 0,64! 60,64",),
        "closed, small": ("38,6 4,58! 58,56", "42,2 38,54 34,100"),
        "lightning": ("34,0~9 2,56! 54,54", "44,34~9 42,68 40,100"),
        "lightning, in one": ("34,0~10 16,28 2,56! 52,52! 47,76 42,100",),
        "lightning, round": ("40,0~10 20,28 3,54 14,60 46,50 52,58 46,80 40,100",),
    },
    5: {
        "top apart": ("12,3 10,22 8,42! 30,36 56,55 50,90 25,100 2,90", "12,3 35,3 58,3"),
        "top apart, low": ("14,8 12,25 10,44! 34,40 54,60 46,92 22,100 0,93", "18,6~6 62,0~6"),
        "in one": ("56,2 34,2 12,3! 10,22 8,42! 30,36 56,58 50,90 25,100 2,92",),
        "in one, round": ("55,3 20,5 10,24 24,40 52,60 48,90 22,100 0,92",),
        "sharp": ("54,2 14,2! 8,44! 48,46 54,72 40,96 4,98",),
        "long top": ("66,0~8 18,6! 10,40! 36,38 50,62 40,92 4,98",),
    },
    6: {
        "plain": ("45,2 15,30 2,70 15,97 42,98 56,75 40,55 15,62 4,80",),
        "straight": ("36,0 18,30 5,68 8,90 28,100 50,88 50,64 30,55 8,74",),
        "curled": ("52,12 40,2 15,18 2,60 10,95 40,98 52,75 35,55 10,68",),
        "small": ("40,0 16,35 3,75 14,98 36,97 40,78 25,68 6,82",),
        "wide": ("58,4 26,22 4,62 18,97 50,96 58,72 36,58 8,72",),
        "round": ("38,2 12,26 2,66 16,97 44,95 54,68 34,46 10,58 3,76",),
    },
    7: {
        "plain": ("2,5 28,4 55,3! 38,50 22,100",),
        "curved": ("2,6 28,4 55,4! 32,46 18,100",),
        "barred": ("2,5 28,4 55,3! 38,50 24,100", "10,50~6 54,48~6"),
        "barred, curved": ("1,10 14,3 34,7 56,2! 32,50 24,100", "8,52~6 52,47~6"),
        "serif": ("4,22~7 5,3! 56,4! 36,50 22,100",),
        "serif and bar": ("4,22~7 5,3! 56,4! 36,50 24,100", "10,52~6 54,50~6"),
        "wavy": ("0,14 14,2 34,9 55,2! 34,50 22,100",),
        "steep": ("2,6 28,4 50,3! 44,50 40,100",),
        "steep and bar": ("2,8 28,4 50,3! 44,50 38,100", "16,50~6 64,48~6"),
        "wavy and low bar": ("0,20~7 10,6 24,14 58,2! 36,40 26,98", "4,70~7 48,68~7"),
        "hooked": ("2,20~6 12,4 30,12 54,2! 36,50 26,94 36,98~6", "12,52~6 52,48~6"),
    },
    8: {
        "in one": ("50,12 28,0 8,15 15,38 45,58 55,82 30,100 5,85 12,60 42,40 52,18 45,8",),
        "two circles": (
            "30,2 10,10 10,36 30,46 50,36 50,10 30,1",
            "30,46 5,58 4,88 30,100 56,88 55,58 30,46",
        ),
        "two circles, apart": (
            "28,0 12,8 10,32 28,44 46,34 48,10 30,0",
            "32,48 8,58 6,88 30,100 52,88 54,60 32,49",
        ),
        "from the middle": ("30,48 8,30 12,5 35,0 52,12 48,32 15,62 6,85 28,100 52,88 48,62 28,46",),
        "open": ("54,8 30,2 8,18 20,42 50,62 50,90 25,100 5,85 16,60 58,6~8",),
        "crossed": ("14,4 20,30 48,66 46,94 24,100 8,86 20,60 46,30 48,6 28,0 12,8",),
    },
    9: {
        "straight leg": ("52,10 25,0 3,22 10,45 35,44 52,12! 51,56 50,100",),
        "curved leg": ("52,12 28,0 4,20 10,44 38,42 53,14 54,55 42,92 12,98",),
        "slanting leg": ("50,10 22,0 4,22 15,42 40,35 52,8 46,46 26,100",),
        "circle and leg": ("50,12 28,0 6,14 8,40 30,46 48,32 50,10", "52,4 51,50 50,100"),
        "hooked leg": ("52,14 28,0 4,20 12,46 40,40 54,10 54,66 36,98 8,92 4,82~6",),
        "open": ("50,20 26,2 5,24 18,46 44,36 52,2 49,50 46,100",),
        "small circle": ("44,12 26,0 10,14 16,32 36,28 46,6 44,52 40,100",),
        "from the top": ("54,2 20,2 3,22 12,42 40,36 54,4 50,50 44,100",),
    },
}

SCALED_PEN = 0.25  # share of the images in which the pen is scaled along with the digit instead of 2.5 pixels wide

PENS = 0.03, 0.16  # width of the pen in them, as a share of the digit's height


def write_digit(label: int, rng: np.random.Generator, form: str | None = None) -> list[np.ndarray]:
    """Write a digit 0 to 9 once, in the form of this name in `FORMS` or in any of them: strokes as `write` has them."""
    forms = FORMS[label]
    return write(forms[form or rng.choice(list(forms))], rng)


def write_digits(number: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Write digits of all labels and forms at random: images (N, 1, 28, 28) float32 in 0..1, and labels (N,) int32.

    They are drawn by `to_mnist`, and the same state of `rng` gives the same ones. It takes about a second for 2,000.
    """
    labels = rng.integers(0, 10, number).astype(np.int32)
    images = np.zeros((number, 1, 28, 28), np.float32)
    for label, image in zip(labels.tolist(), images, strict=True):
        image[0] = draw(write_digit(label, rng), rng)
    return images, labels


def draw(strokes: list[np.ndarray], rng: np.random.Generator) -> np.ndarray:
    """The image (28, 28) that the canvas makes of strokes, with the ink of `to_mnist` or now and then another pen."""
    if rng.random() < SCALED_PEN:
        return to_mnist(strokes, float(rng.uniform(*PENS)), Steps(ink=False))
    return to_mnist(strokes)
