"""Work in a child process that may take so much memory and so many seconds: what came of it, and what it cost."""

import json
import os
import resource
import select
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple


class Outcome(NamedTuple):
    """said: what the work returned, or the exception as "DigitsError: its message"; "" where the process died.

    grown: by how many MB the memory of the process grew at its highest; seconds: how long it took.
    """

    said: str
    grown: float
    seconds: float


def limited(work: Callable[[], object], memory: float, seconds: int) -> Outcome:
    """Do the work in a fork of this process. memory: how many MB of addresses it may add to what the process has.

    The process should have no threads but its own.
    """
    receiver, sender = os.pipe()
    start = time.monotonic()
    child = os.fork()
    if child == 0:
        os.close(receiver)
        _do(work, memory, sender)
    os.close(sender)
    ready, _, _ = select.select([receiver], [], [], seconds)
    if not ready:
        os.kill(child, signal.SIGKILL)
    with os.fdopen(receiver, "rb") as file:
        answer = file.read()
    os.waitpid(child, 0)
    said, grown = json.loads(answer or '["", 0]')
    return Outcome(said, grown, time.monotonic() - start)


def _do(work: Callable[[], object], memory: float, sender: int) -> None:
    """Never returns."""
    said = "Exception: nothing was done"
    before = peak()
    try:
        most = _addresses() + int(memory * 2**20)
        resource.setrlimit(resource.RLIMIT_AS, (most, most))
        said = str(work())
    except BaseException as error:
        said = f"{type(error).__name__}: {error}"
    finally:
        os.write(sender, json.dumps([said, peak() - before]).encode())
        os._exit(0)


def peak() -> float:
    """The most memory that this process has had, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _addresses() -> int:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    return pages * resource.getpagesize()
