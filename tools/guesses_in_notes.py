"""Write the guesses of the chapters into the teacher's notes, notebooks/teaching.md.

    python tools/guesses_in_notes.py

The guesses stand in the modules of helpers/exercises, where the notebooks find them, and the notes repeat them. This
replaces the part of a chapter under "Guesses, right and wrong" where its module has a dictionary GUESSES.
"""

import re
import sys
import textwrap
from pathlib import Path

from helpers.base.errors import DigitsError, exit_code
from helpers.base.files import atomic_write
from helpers.exercises import Guess, guesses_of

NOTES = Path(__file__).resolve().parent.parent / "notebooks" / "teaching.md"
HEADING = "## Guesses, right and wrong\n"
COLUMNS = 120


def in_notes(guess: Guess) -> str:
    """A guess in Markdown: the question, the right choice and why, each wrong one and the thinking behind it."""
    question = _wrapped(guess.question, "> ", "> ")
    right = _wrapped(f"**Right:** {guess.right} {guess.choices[guess.right]}")
    wrong = [_wrapped(f"- *{choice}* {thinking}", "", "  ") for choice, thinking in guess.wrong.items()]
    return "\n\n".join([question, right, "\n".join(wrong)]) + "\n"


def updated(notes: str) -> str:
    """The notes with the guesses as the chapters have them now. Raises DigitsError where they have no such part."""
    before, heading, after = notes.partition(HEADING)
    if not heading:
        raise DigitsError('expected a part "Guesses, right and wrong" in the notes, got none: restore them with git')
    parts = re.sub(r"(?ms)^(### \[(\d+)\. [^\n]*\n).*?(?=^### |\Z)", _part, after)
    return (before + heading + parts).rstrip("\n") + "\n"


def _part(found: re.Match) -> str:
    guesses = guesses_of(int(found[2]))
    return "\n".join([found[1], *map(in_notes, guesses.values()), ""]).rstrip("\n") + "\n\n" if guesses else found[0]


def _wrapped(text: str, first: str = "", later: str = "") -> str:
    return textwrap.fill(
        text, COLUMNS, initial_indent=first, subsequent_indent=later, break_long_words=False, break_on_hyphens=False
    )


def main() -> None:
    notes = NOTES.read_text(encoding="utf-8")
    with atomic_write(NOTES) as partial:
        partial.write_text(updated(notes), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(exit_code(main))
