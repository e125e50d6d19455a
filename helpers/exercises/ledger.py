"""A student's own ledger of verdicts: one line for each check(), in a CSV file beside the notebook.

It is off unless the variable DIGITS_LEDGER names the file, for example by `%env DIGITS_LEDGER=my_verdicts.csv` in a
cell, or for a whole class in the settings of its server. The file is plain text, to be read, mended or deleted at will;
tools/collect.py makes one table of the files of a class.

Chapters 1 to 9.
"""

import csv
import io
import os
import sys
from datetime import UTC, datetime
from pathlib import Path

from helpers.base.errors import DigitsError
from helpers.base.files import atomic_write, locked, reason

VARIABLE = "DIGITS_LEDGER"
LEDGER_FIELDS = ("time", "exercise", "verdict", "text")
VERDICTS = ("right", "not yet", "open")


def record(exercise: str, verdict: str, text: str) -> None:
    """Add a line to the ledger, if there is to be one. A file that cannot be written costs one line on stderr.

    exercise: its number, "2.1". verdict: one of `VERDICTS`. text: what the student was told.
    """
    name = os.environ.get(VARIABLE)
    if not name:
        return
    try:
        _append(
            Path(os.path.realpath(name)), (datetime.now(UTC).isoformat(timespec="seconds"), exercise, verdict, text)
        )
    except DigitsError as error:
        print(f"The verdict is not in your ledger: {error}", file=sys.stderr)


def _append(path: Path, line: tuple[str, ...]) -> None:
    """Write the file anew with one more line, so that neither a full disk nor another notebook can tear it."""
    with locked(path):
        try:
            before = path.read_text(encoding="utf-8") if path.exists() else f"{','.join(LEDGER_FIELDS)}\n"
        except OSError as error:
            raise DigitsError(f"cannot read {path}: {reason(error)}") from error
        except UnicodeDecodeError as error:
            raise DigitsError(
                f"expected a ledger, got {path}, which is no text: give {VARIABLE} another name"
            ) from error
        if not before.startswith(",".join(LEDGER_FIELDS)):
            raise DigitsError(
                f"expected a ledger, got {path}, which holds something else: give {VARIABLE} another name"
            )
        with atomic_write(path) as temporary:
            temporary.write_text(before + _as_csv(line), encoding="utf-8")


def _as_csv(line: tuple[str, ...]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(line)
    return text.getvalue()
