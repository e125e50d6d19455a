"""Ctrl-C that ends a training in good order, and is remembered."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def noting_ctrl_c() -> Iterator[list[int]]:
    """Yield a list that Ctrl-C adds to: training ends in good order on it, but the exit code has to tell."""
    noted = []

    def note(number: int, frame: object) -> None:
        noted.append(number)
        raise KeyboardInterrupt

    before = signal.getsignal(signal.SIGINT)
    if before is signal.SIG_IGN:  # started in the background: stay deaf
        yield noted
        return
    signal.signal(signal.SIGINT, note)
    try:
        yield noted
    finally:
        signal.signal(signal.SIGINT, before)
