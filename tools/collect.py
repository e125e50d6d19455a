"""Turn the ledgers of a class into one table: `make collect FOLDER=/path/to/the/class`.

    python tools/collect.py FOLDER [--to build/class.csv]

FOLDER holds one ledger for each student, at any depth: the home folders of a server, or files that were handed in. A
ledger is what check() writes where DIGITS_LEDGER names a file (helpers/exercises/ledger.py). The table has a row for
each ledger, named by its path, and a column for each exercise: "right" with the number of tries it took, "not yet" with
the tries so far, "open", or nothing. It goes to stdout, and as CSV to the file that --to names.
"""

import argparse
import csv
import re
import sys
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from helpers.base.errors import DigitsError, exit_code  # noqa: E402
from helpers.base.files import atomic_write, reason  # noqa: E402
from helpers.exercises import LEDGER_FIELDS, VERDICTS  # noqa: E402

LARGEST = 10_000_000  # bytes: some 50,000 verdicts, more than anybody asks for
EXERCISE = re.compile(r"[1-9]\d?\.[1-9]\d?")

Row = dict[str, str]  # by exercise, what the table says


def collect(folder: Path, to: Path) -> None:
    """Print the table of the ledgers in `folder`, and write it to `to`. Any other file costs a line on stderr.

    Raises DigitsError where there is no such folder, no ledger in it, or where `to` cannot be written.
    """
    if not folder.is_dir():
        raise DigitsError(f"expected the folder of a class, got {folder}: check the path")
    rows = {}
    for path in sorted(folder.rglob("*.csv")):
        if path.resolve() == to.resolve():
            continue  # the table of an earlier day
        try:
            rows[str(path.relative_to(folder).with_suffix(""))] = summary(read_ledger(path))
        except DigitsError as error:
            print(f"left out: {error}", file=sys.stderr)
    if not rows:
        raise DigitsError(f"expected at least one ledger in {folder}, got none: see docs/jupyterhub.md")
    exercises = sorted({exercise for row in rows.values() for exercise in row}, key=_by_number)
    table = [
        ["student", *exercises],
        *([name, *(row.get(each, "") for each in exercises)] for name, row in rows.items()),
    ]
    to.parent.mkdir(parents=True, exist_ok=True)
    with atomic_write(to) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([[_as_text(cell) for cell in line] for line in table])
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for line in table:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def read_ledger(path: Path) -> list[tuple[str, str]]:
    """The exercise and the verdict of each line, in order. Raises DigitsError for a file that is no ledger."""
    try:
        if path.stat().st_size > LARGEST:
            raise DigitsError(f"expected a ledger, got {path}, which is larger than {LARGEST // 1_000_000} MB")
        text = path.read_text(encoding="utf-8-sig")  # a spreadsheet may have put a mark before it
    except OSError as error:
        raise DigitsError(f"cannot read {path}: {reason(error)}") from error
    except UnicodeDecodeError as error:
        raise DigitsError(f"expected a ledger, got {path}, which is no text: ask for the file again") from error
    lines = list(csv.reader(text.splitlines()))
    if not lines or tuple(lines[0]) != LEDGER_FIELDS:
        raise DigitsError(f"expected a ledger, got {path}, which begins otherwise: ask for the file again")
    found = []
    for number, line in enumerate(lines[1:], start=2):
        if len(line) != len(LEDGER_FIELDS) or not EXERCISE.fullmatch(line[1]) or line[2] not in VERDICTS:
            raise DigitsError(f"expected a verdict at line {number} of {path}, got something else: mend or delete it")
        found.append((line[1], line[2]))
    return found


def summary(verdicts: list[tuple[str, str]]) -> Row:
    """What the table says of each exercise that a student has checked."""
    tries, row = Counter(), {}
    for exercise, verdict in verdicts:
        if row.get(exercise, "").startswith("right"):
            continue  # checked again after it was right
        tries[exercise] += verdict != "open"
        row[exercise] = (
            verdict if not tries[exercise] else f"{'right' if verdict == 'right' else 'not yet'} ({tries[exercise]})"
        )
    return row


def _by_number(exercise: str) -> tuple[int, int, str]:
    """Where an exercise such as 2.1 has its place; the gaps of a chapter's text, such as 2.batch, come before."""
    chapter, _, number = exercise.partition(".")
    return int(chapter), int(number) if number.isdigit() else 0, number


def _as_text(cell: str) -> str:
    """A spreadsheet would take a name that begins like this for a formula, and compute it."""
    return f"'{cell}" if cell.startswith(("=", "+", "-", "@", "\t", "\r")) else cell


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description="Turn the ledgers of a class into one table.")
    parser.add_argument("folder", type=Path, help="with a ledger for each student, at any depth")
    parser.add_argument("--to", type=Path, default=ROOT / "build" / "class.csv", help="default: build/class.csv")
    options = parser.parse_args(arguments)
    return exit_code(lambda: collect(options.folder, options.to))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
