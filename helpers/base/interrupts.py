"""Ctrl-C ends what runs, also where Python would drop it.

An exception that is raised inside a callback from C, or inside a destructor, is reported and dropped. MXNet has both:
with several devices it calls Python back to update each parameter, and each of its arrays has a destructor. A
KeyboardInterrupt that falls into one of them would be lost, and a training would go on as if nobody had pressed a key.

`helpers/__init__.py` calls `prepare()`.

All chapters.
"""

import os
import signal
import sys
import threading
from contextlib import suppress

SOON = 0.01  # seconds: long enough for a callback to return, too short to be noticed


def prepare() -> None:
    """Send Ctrl-C again where it was dropped. A second call changes nothing."""
    if not isinstance(sys.unraisablehook, _SendsAgain):
        sys.unraisablehook = _SendsAgain(sys.unraisablehook)


def send_soon(number: int) -> None:
    """Send a signal to this process, when what drops exceptions now is over. It may be dropped and sent once more."""
    timer = threading.Timer(SOON, os.kill, (os.getpid(), number))
    timer.daemon = True
    with suppress(RuntimeError):  # no thread can start any more: the process is ending anyway
        timer.start()


class _SendsAgain:
    """A `sys.unraisablehook` that leaves everything but Ctrl-C to the one before it."""

    def __init__(self, before):
        self.before = before

    def __call__(self, dropped) -> None:
        if isinstance(dropped.exc_value, KeyboardInterrupt):
            send_soon(signal.SIGINT)
        else:
            self.before(dropped)
