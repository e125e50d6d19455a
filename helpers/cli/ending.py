"""How a command ends that is told to: in order, with its temporary files gone.

Serves the command line.
"""

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from helpers.base.interrupts import send_soon

# Not for a training: it waits for other workers inside MXNet, where no Python sees a signal, and it loses nothing when
# it is killed.
IN_ORDER = ("check", "data", "evaluate", "predict", "export")


class Ended(BaseException):
    """A signal asks the process to end."""


@contextmanager
def ending_in_order(command: str | None) -> Iterator[None]:
    """Let SIGTERM and SIGHUP unwind a command of `IN_ORDER`; then they end the process as they always do.

    They are not lost where they fall into a destructor, which drops exceptions; nor is Ctrl-C (`base.interrupts`).
    """
    if command not in IN_ORDER or threading.current_thread() is not threading.main_thread():
        yield
        return
    hook = sys.unraisablehook
    before = {}

    def send_again(dropped: "sys.UnraisableHookArgs") -> None:
        if isinstance(dropped.exc_value, Ended):
            [number] = dropped.exc_value.args
            signal.signal(number, _end)
            send_soon(number)
        else:
            hook(dropped)

    try:
        try:
            for number in (signal.SIGTERM, signal.SIGHUP):
                if signal.getsignal(number) is signal.SIG_DFL:
                    before[number] = signal.SIG_DFL
                    signal.signal(number, _end)
            sys.unraisablehook = send_again
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
