"""One writer at a time: a lock that processes and threads share by the path of a file."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from helpers.errors import DigitsError
from helpers.files import reason

PATIENCE = 10  # seconds to wait for another writer


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Be the only one, among all processes and threads, that holds the lock of the file at `path`.

    The lock is an empty hidden file beside it, which stays. The operating system frees it when its holder ends, in
    whatever way, so a killed process leaves nothing locked. Raises DigitsError when another has held it for 10 seconds,
    and where the file system refuses.
    """
    try:
        handle = os.open(path.with_name(f".{path.name}.lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        try:
            _take(handle, path)
            yield
        finally:
            os.close(handle)  # frees the lock
    except OSError as error:
        raise DigitsError(f"cannot write {path}: {reason(error)}") from error


def _take(handle: int, path: Path) -> None:
    end = time.monotonic() + PATIENCE
    while True:
        try:
            return fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > end:
                raise DigitsError(f"{path} has been in use for {PATIENCE} seconds: try again") from None
        time.sleep(0.01)
