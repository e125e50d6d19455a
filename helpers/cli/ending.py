"""How a command ends that is told to: in order, with its temporary files gone.

Serves the command line.
"""

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

# Not for a training: it waits for other workers inside MXNet, where no Python sees a signal, and it loses nothing when
# it is killed.
IN_ORDER = ("check", "data", "evaluate", "predict", "export")

AGAIN = 0.01  # seconds


class Ended(BaseException):
    """A signal asks the process to end."""


@contextmanager
def ending_in_order(command: str | None) -> Iterator[None]:
    """Let SIGTERM and SIGHUP unwind a command of `IN_ORDER`; then they end the process as they always do.

    They and Ctrl-C are not lost where they fall into a destructor or into a callback of MXNet, which drop exceptions.
    """
    if command not in IN_ORDER or threading.current_thread() is not threading.main_thread():
        yield
        return
    hook = sys.unraisablehook
    before = {}
    try:
        try:
            for number in (signal.SIGTERM, signal.SIGHUP):
                if signal.getsignal(number) is signal.SIG_DFL:
                    before[number] = signal.SIG_DFL
                    signal.signal(number, _end)
            sys.unraisablehook = again
            yield
        finally:
            sys.unraisablehook = hook
            for number, handler in before.items():
                signal.signal(number, handler)
    except Ended as ended:
        [number] = ended.args
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)


def _end(number: int, frame: object) -> None:
    for other in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(other, signal.SIG_IGN)  # once is enough: a second one would disturb the tidying
    raise Ended(number)


def again(dropped: "sys.UnraisableHookArgs") -> None:
    """A `sys.unraisablehook`: send a signal once more whose exception was dropped, when what dropped it is over."""
    if isinstance(dropped.exc_value, Ended):
        [number] = dropped.exc_value.args
        signal.signal(number, _end)
    elif isinstance(dropped.exc_value, KeyboardInterrupt):
        number = signal.SIGINT
    else:
        sys.__unraisablehook__(dropped)
        return
    threading.Timer(AGAIN, os.kill, (os.getpid(), number)).start()
