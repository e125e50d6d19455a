"""What the terminal of whoever runs the demo shows of a server's errors: one line each, and only so many.

What is wrong with a stranger's request is not news, so a stranger must not be able to push the news off the screen.

Serves the demo's server.
"""

import logging
import time

LINES = 10  # in a WINDOW
WINDOW = 60  # seconds
LONGEST = 300  # characters of a line


class OneLine(logging.Formatter):
    """An error and its cause on one line, without the traceback."""

    def format(self, record: logging.LogRecord) -> str:
        """Return "error: message: KindOfError: cause"."""
        parts = [first_line(record.getMessage())]
        if record.exc_info and record.exc_info[1]:
            error = record.exc_info[1]
            parts.append(f"{type(error).__name__}: {last_line(str(error))}".rstrip(": "))
        return f"error: {': '.join(parts)}"


class Seldom(logging.Filter):
    """Lets LINES messages of a WINDOW through, with a notice after the last of them."""

    def __init__(self):
        super().__init__()
        self._began = -WINDOW
        self._count = 0

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether a message is shown."""
        if time.monotonic() - self._began >= WINDOW:
            self._began = time.monotonic()
            self._count = 0
        self._count += 1
        if self._count == LINES:
            record.msg = f"{first_line(record.getMessage())} (no more errors are shown for {WINDOW} seconds)"
            record.args = ()
        return self._count <= LINES


def show_errors() -> None:
    """Show the errors of everything in this process so, on stderr, and nothing less than an error."""
    handler = logging.StreamHandler()
    handler.setFormatter(OneLine())
    handler.addFilter(Seldom())
    logging.basicConfig(level=logging.ERROR, handlers=[handler], force=True)
    logging.getLogger("tornado.access").setLevel(logging.CRITICAL)  # an error for each visitor who has to wait
    logging.captureWarnings(True)  # they become messages below an error


def first_line(text: str) -> str:
    """The first line that is not empty, as far as it fits, with nothing in it that a terminal would obey."""
    return printable(next(filter(str.strip, text.splitlines()), ""))


def last_line(text: str) -> str:
    """The last line that is not empty, likewise: a failed cell's is what went wrong in it."""
    return printable(next(filter(str.strip, reversed(text.splitlines())), ""))


def printable(text: str) -> str:
    """A text without control characters, shortened."""
    shown = "".join(character if character.isprintable() else "?" for character in text.strip())
    return shown if len(shown) <= LONGEST else f"{shown[:LONGEST]} ..."
