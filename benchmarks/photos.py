"""How well photos of digits are read, kind by kind: shadows, tables, ruling, bad light, all kinds of pens.

    .venv/bin/python benchmarks/photos.py
    .venv/bin/python benchmarks/photos.py --digits 100 --kinds plain "firm shadow" --seed 1 --sheet build/photos.png

The photos are drawn by tests/tools/photos.py, with the pen digits that PEN_STROKES names as ink. For each kind: how
many of the answers were right, with Wilson's 95 % interval; how many photos were refused; and how many were answered
wrongly with a probability of at least 0.6, where the canvas calls an answer sure, and of at least 0.9. Prints a table
in Markdown; --sheet draws what was not read, with the image that the network got.
"""

import argparse
import sys
from pathlib import Path

import cv2
import numpy as np
from scipy.stats import binomtest

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tools")]

from pen_strokes import pen_strokes_path, read_pen_strokes  # noqa: E402

from helpers.classifier import Classifier  # noqa: E402
from tests.tools.photos import KINDS, SURE, VERY_SURE, Row, measure  # noqa: E402

TILE = 140  # pixels of a photo on the sheet

ACROSS = 10  # photos


def main() -> None:
    options = make_parser().parse_args()
    digits = read_pen_strokes()
    chosen = np.random.default_rng(options.seed).permutation(len(digits))[: options.digits]
    classifier = Classifier.load(options.model)
    print(f"{len(chosen)} digits of {pen_strokes_path().parent.name} for each kind, network {options.model}:\n")
    print(f"| photos | right | 95 % interval | refused | wrong, {SURE} or more | wrong, {VERY_SURE} or more |")
    print("| --- | --- | --- | --- | --- | --- |")
    wrong: list[tuple] = []
    for kind in options.kinds:
        row = measure({kind: [digits[number] for number in chosen]}, classifier, options.seed)[kind]
        print(in_words(kind, row), flush=True)
        wrong += row.wrong
    if options.sheet:
        options.sheet.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(options.sheet), sheet(wrong))


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--digits", type=int, metavar="N", help="how many of each kind (default: all)")
    parser.add_argument("--kinds", nargs="+", choices=list(KINDS), default=list(KINDS), metavar="KIND")
    parser.add_argument("--seed", type=int, default=0, help="of the digits that are chosen, and of the photos")
    parser.add_argument("--model", default="canvas", help="a network that ships, or a .params file")
    parser.add_argument("--sheet", type=Path, metavar="FILE", help="a PNG of the photos that were not read")
    return parser


def in_words(kind: str, row: Row) -> str:
    low, high = binomtest(row.right, row.photos).proportion_ci(method="wilson")
    share = f"{row.right} of {row.photos}, {row.right / row.photos:.3f}"
    doubts = f"{row.refused} | {row.surely_wrong} | {row.very_surely_wrong}"
    return f"| {kind} | {share} | {low:.3f} to {high:.3f} | {doubts} |"


def sheet(wrong: list[tuple]) -> np.ndarray:
    """The photos that were not read, each with the image that the network got below it, or none where it refused."""
    tiles = []
    for label, photo, image, answer in wrong:
        tile = np.full((TILE * 3 // 2, TILE, 3), 255, np.uint8)
        scale = TILE / max(photo.shape[:2])
        small = cv2.resize(photo, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)[:TILE, :TILE]
        tile[: small.shape[0], : small.shape[1]] = small
        if image is not None:
            seen = cv2.resize(np.uint8(255 * image), (TILE // 2, TILE // 2), interpolation=cv2.INTER_NEAREST)
            tile[TILE:, : TILE // 2] = seen[..., np.newaxis]
        words = f"{label}: {'none' if answer is None else answer}"
        cv2.putText(tile, words, (TILE // 2 + 6, TILE + 40), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (0, 0, 0), 1, cv2.LINE_AA)
        tiles.append(tile)
    tiles += [np.full((TILE * 3 // 2, TILE, 3), 255, np.uint8)] * (-len(tiles) % ACROSS or ACROSS * (not tiles))
    rows = [np.hstack(tiles[start : start + ACROSS]) for start in range(0, len(tiles), ACROSS)]
    return np.vstack(rows)


if __name__ == "__main__":
    main()
