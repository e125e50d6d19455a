"""The one exception of this package, and how a command shows it.

Serves every room, the tools and the demo.
"""

import sys
from collections.abc import Callable


class DigitsError(Exception):
    """Something a user can mend. The message is one line: what was expected, what it got, and the next step.

    The command line prints it without a traceback.
    """


def exit_code(work: Callable[[], object]) -> int:
    """Do the work of a command: 0 when it is done, 1 when it raised a DigitsError, whose line goes to stderr."""
    try:
        work()
    except DigitsError as error:
        print(f"error: {printable(str(error))}", file=sys.stderr)
        return 1
    return 0


def printable(text: str) -> str:
    """The text on one line, whatever names are in it: \\n for the end of a line, and so on for what a terminal obeys.

    Bytes of a file's name that are no UTF-8 appear as \\udcff, as Python has them.
    """
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in text)
