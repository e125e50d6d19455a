"""How well each network that ships reads any hand: MNIST, pen digits, photos of them; and what it says of other things.

    .venv/bin/python benchmarks/hands.py --digits 200 --seed 7

Needs MNIST and both sets of pen strokes (see tools/pen_strokes.py), and takes several minutes. It writes two
tables into benchmarks/README.md, between their marks, and the photos that were worst to read into
benchmarks/results/photos.png; with --print it prints the tables and leaves the files alone. Each count stands with its
95 % interval after Wilson.
"""

import argparse
from collections.abc import Iterator, Sequence

from photos import ROOT, choose, counted, doubts, sheet  # first: it lets Python find what lies in tools/ and tests/

import letters  # isort: skip
from pen_strokes import VARIABLES, draw_on_pad, read_pen_strokes  # isort: skip
from report import RESULTS, between_marks

from helpers.base.files import atomic_write
from helpers.classifier import SURE, Classifier
from helpers.data import Split, load_mnist
from tests.tools.photos import BOXES, KINDS, VERY_SURE, Misread, Row, Shot, read, shoot

NETWORKS = ("mlp", "lenet", "dropout-cnn", "canvas")

FONTS = 4  # each letter is photographed in one of its fonts for each kind, in another one for the next kind

BLANK = 20  # sheets of each kind

WORST = 12  # photos that are shown

Rows = dict[str, Row]  # by network


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--digits", type=int, metavar="N", help="how many photos of each kind (default: 600)")
    parser.add_argument("--seed", type=int, default=0, help="of the digits that are chosen, and of the photos")
    parser.add_argument("--print", action="store_true", help="write no files")
    options = parser.parse_args()
    classifiers = {name: Classifier.load(name) for name in NETWORKS}

    def measured(kinds: Iterator[tuple[str, list[Shot]]]) -> dict[str, Rows]:
        return {kind: {name: read(shots, each) for name, each in classifiers.items()} for kind, shots in kinds}

    of_digits = measured(digits(options.digits, options.seed))
    of_no_digits = measured(no_digits(options.seed))
    tables = {"hands": table_of_digits(of_digits), "no digits": table_of_no_digits(of_no_digits)}
    if options.print:
        print("\n".join(tables.values()))
        return
    readme = ROOT / "benchmarks" / "README.md"
    text = readme.read_text(encoding="utf-8")
    for name, table in tables.items():
        text = between_marks(text, name, table)
    with atomic_write(readme) as temporary:
        temporary.write_text(text, encoding="utf-8")
    sheet(worst(of_digits)).savefig(RESULTS / "photos.png")


def digits(number: int | None, seed: int) -> Iterator[tuple[str, list[Shot]]]:
    """What is to be read: images of MNIST and of the pad, and so many photos of each kind."""
    yield "MNIST", drawn(load_mnist("mnist").test)
    for source in VARIABLES:
        yield source.upper(), drawn(draw_on_pad(read_pen_strokes(source)))
    chosen = choose(number, seed)
    for kind in KINDS:
        yield f"photo, {kind}", shoot(kind, chosen, seed)


def no_digits(seed: int) -> Iterator[tuple[str, list[Shot]]]:
    """What should be turned away: letters, photos of letters, of printed boxes without a digit, and of bare sheets."""
    yield "letters", [Shot(None, None, image) for image in letters.hershey_letters()[:, 0]]
    strokes = letters.hershey_strokes()
    photos = {}
    for place, kind in enumerate(KINDS):
        chosen = [letter for number, letter in enumerate(strokes) if (number + number // 26 + place) % FONTS == 0]
        photos[kind] = shoot(kind, [(None, letter) for letter in chosen], seed)
    yield "photos of letters", [shot for shots in photos.values() for shot in shots]
    blank = {kind: shoot(kind, [(None, [])] * BLANK, seed) for kind in KINDS}
    yield "photos of empty boxes", [shot for kind in BOXES for shot in blank[kind]]
    yield "photos of blank sheets", [shot for kind, shots in blank.items() if kind not in BOXES for shot in shots]


def drawn(split: Split) -> list[Shot]:
    """Images that no photo was taken of."""
    return [Shot(int(label), None, image) for image, label in zip(split.images[:, 0], split.labels, strict=True)]


def table_of_digits(found: dict[str, Rows]) -> str:
    """How many each network reads, how many photos are refused, and how sure the network for drawings is."""
    doubtful = f"canvas: not sure | wrong, {SURE} or more | wrong, {VERY_SURE} or more"
    lines = [f"| read correctly | of | {' | '.join(NETWORKS)} | refused | {doubtful} |", "| --- " * 10 + "|"]
    for kind, rows in found.items():
        counts = " | ".join(counted(row.right, row.photos) for row in rows.values())
        row = rows["canvas"]
        lines.append(f"| {kind} | {row.photos:,} | {counts} | {row.refused} | {doubts(row)} |")
    return "\n".join(lines) + "\n"


def table_of_no_digits(found: dict[str, Rows]) -> str:
    """How many each network takes for a digit without a doubt, how many are refused, of how many it is not sure."""
    lines = [f"| {VERY_SURE} or more | of | {' | '.join(NETWORKS)} | refused | canvas: not sure |", "| --- " * 8 + "|"]
    for kind, rows in found.items():
        counts = " | ".join(counted(row.very_surely_wrong, row.photos) for row in rows.values())
        row = rows["canvas"]
        lines.append(f"| {kind} | {row.photos:,} | {counts} | {row.refused} | {row.unsure} |")
    return "\n".join(lines) + "\n"


def worst(found: dict[str, Rows]) -> Sequence[tuple[str, Misread]]:
    """Photos of the kinds that the network for drawings reads least, of which it was surest or that were refused."""
    rows = {kind.removeprefix("photo, "): rows["canvas"] for kind, rows in found.items() if kind.startswith("photo, ")}
    kinds = sorted(rows, key=lambda kind: rows[kind].right)
    return [(kind, misread) for kind in kinds for misread in rows[kind].wrong][:WORST]


if __name__ == "__main__":
    main()
