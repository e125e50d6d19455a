"""How well one network reads photos of digits, kind by kind: shadows, tables, ruling, bad light, all kinds of pens.

    .venv/bin/python benchmarks/photos.py
    .venv/bin/python benchmarks/photos.py --digits 100 --kinds plain "firm shadow" --seed 1 --sheet build/photos.png

The photos are drawn by tests/tools/photos.py, with the pen digits that PEN_STROKES names as ink. For each kind: how
many of the answers were right, with Wilson's 95 % interval; how many photos were refused; and how many were answered
wrongly with a probability of at least 0.55, where the canvas calls an answer sure, and of at least 0.9. Prints a table
in Markdown; --sheet draws what was not read, with the image that the network got. benchmarks/hands.py measures all
networks, and not on photos alone.
"""

import argparse
import sys
from pathlib import Path

import cv2
import numpy as np
from scipy.stats import binomtest

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tools")]

from pen_strokes import Strokes, pen_strokes_path, read_pen_strokes  # noqa: E402

from helpers.classifier import SURE, Classifier  # noqa: E402
from helpers.plots import Figure, figure  # noqa: E402
from tests.tools.photos import KINDS, VERY_SURE, Misread, Row, read, shoot  # noqa: E402

ACROSS = 6  # photos on a sheet

SHOWN = 160  # pixels of the longer side of a photo there


def main() -> None:
    options = make_parser().parse_args()
    digits = choose(options.digits, options.seed)
    classifier = Classifier.load(options.model)
    print(f"{len(digits)} digits of {pen_strokes_path().parent.name} for each kind, network {options.model}:\n")
    print(f"| photos | right | refused | not sure | wrong, {SURE} or more | wrong, {VERY_SURE} or more |")
    print("| --- | --- | --- | --- | --- | --- |")
    wrong = []
    for kind in options.kinds:
        row = read(shoot(kind, digits, options.seed), classifier)
        print(f"| {kind} | {counted(row.right, row.photos)} | {row.refused} | {doubts(row)} |", flush=True)
        wrong += [(kind, misread) for misread in row.wrong]
    if options.sheet:
        options.sheet.parent.mkdir(parents=True, exist_ok=True)
        sheet(wrong).savefig(options.sheet)


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--digits", type=int, metavar="N", help="how many of each kind (default: all)")
    parser.add_argument("--kinds", nargs="+", choices=list(KINDS), default=list(KINDS), metavar="KIND")
    parser.add_argument("--seed", type=int, default=0, help="of the digits that are chosen, and of the photos")
    parser.add_argument("--model", default="canvas", help="a network that ships, or a .params file")
    parser.add_argument("--sheet", type=Path, metavar="FILE", help="a PNG of the photos that were not read")
    return parser


def choose(number: int | None, seed: int) -> list[tuple[int, Strokes]]:
    """So many of the pen digits, UNIPEN's, by chance; all of them for None."""
    digits = read_pen_strokes()
    return [digits[place] for place in np.random.default_rng(seed).permutation(len(digits))[:number]]


def counted(count: int, of: int) -> str:
    """A count and the 95 % interval of its share after Wilson (1927)."""
    low, high = binomtest(count, of).proportion_ci(method="wilson")
    return f"{count} ({low:.3f} to {high:.3f})"


def doubts(row: Row) -> str:
    """The cells of a table that say how sure the answers were."""
    return f"{row.unsure} | {row.surely_wrong} | {row.very_surely_wrong}"


def sheet(wrong: list[tuple[str, Misread]]) -> Figure:
    """Photos that were not read, each with its kind: above the photo, below it the image that the network got."""
    rows = max(1, -(-len(wrong) // ACROSS))
    words = "; ".join(f"{kind}, {_in_words(misread)}" for kind, misread in wrong)
    picture = figure(f"Photos that were not read, and what was cut out of them: {words}.", width=10, height=3.6 * rows)
    grid = picture.subplots(2 * rows, ACROSS, squeeze=False, height_ratios=[3, 2] * rows)
    for axes in grid.flat:
        axes.set_axis_off()
    for place, (kind, misread) in enumerate(wrong):
        row, column = divmod(place, ACROSS)
        above, below = grid[2 * row, column], grid[2 * row + 1, column]
        above.imshow(_smaller(cv2.cvtColor(misread.shot.photo, cv2.COLOR_BGR2RGB)))
        above.set_title(f"{kind}\n{_in_words(misread)}")
        if misread.shot.image is not None:
            below.imshow(misread.shot.image, cmap="gray", vmin=0, vmax=1)
    return picture


def _smaller(photo: np.ndarray) -> np.ndarray:
    scale = SHOWN / max(photo.shape[:2])
    return cv2.resize(photo, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)


def _in_words(misread: Misread) -> str:
    if misread.answer is None:
        return f"{misread.shot.label}: refused"
    return f"{misread.shot.label} read as {misread.answer}, {misread.probability:.2f}"


if __name__ == "__main__":
    main()
