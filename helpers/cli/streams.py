"""The standard streams of a command: none of them closed, and no name that cannot be written.

Serves the command line.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TextIO

from helpers.base.errors import DigitsError


@contextmanager
def standard_streams() -> Iterator[None]:
    """While the block runs, stderr takes whatever it is given, and stdout spells out what its encoding lacks.

    Raises DigitsError where stdout is closed: the result would be lost.
    """
    _open_closed()
    before = sys.stderr
    errors = getattr(sys.stdout, "errors", None)
    sys.stderr = Notices(before)
    if errors == "strict":  # the locale C has another way, which keeps the bytes of a name
        _spell(sys.stdout, "backslashreplace")
    try:
        if sys.stdout is None:
            found = "one that is closed"
            raise DigitsError(f"expected a stdout for the result, got {found}: give it a file, or > /dev/null")
        yield
    finally:
        sys.stderr = before
        if errors == "strict":
            _spell(sys.stdout, errors)


def forget(stream: TextIO) -> None:
    """Send the rest of a stream nowhere: Python would complain when it flushes at exit what nobody takes."""
    with suppress(OSError, ValueError):  # a stream of a notebook has no number
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, stream.fileno())
        os.close(null)


@contextmanager
def without_c() -> Iterator[None]:
    """While the block runs, drop what libraries write to stderr by themselves, as libpng does of a damaged picture."""
    with suppress(OSError):
        sys.stderr.flush()
    kept = os.dup(2)
    null = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(null, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(null)


class Notices:
    """A stderr that drops what it cannot write: no training ends because a disk that takes its progress is full."""

    def __init__(self, stream: TextIO | None):
        """stream: the stderr that there is; None where it is closed."""
        self._stream = stream

    def write(self, text: str) -> int:
        """Write the text, or drop it."""
        self._try("write", text)
        return len(text)

    def flush(self) -> None:
        """Flush what is written, or drop it."""
        self._try("flush")

    def isatty(self) -> bool:
        """Whether it is a terminal."""
        return self._stream is not None and self._stream.isatty()

    def __getattr__(self, name: str) -> object:
        return getattr(self._stream, name)

    def _try(self, method: str, *arguments: str) -> None:
        if self._stream is None:
            return
        try:
            getattr(self._stream, method)(*arguments)
        except OSError:
            forget(self._stream)


def _open_closed() -> None:
    """Open /dev/null in place of each stream that is closed, or the next file would get its number, and its output."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free, this one


def _spell(stream: TextIO, errors: str) -> None:
    with suppress(AttributeError, OSError):  # a stream of a notebook cannot change; one that is full says so later
        stream.reconfigure(errors=errors)
