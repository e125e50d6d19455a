"""Files that are never half written nor read without end, one writer at a time, and plain words for what an operating
system refuses.

Serves every room that writes a file, the command line and the tools.
"""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

from helpers.base.errors import DigitsError

PATIENCE = 10  # seconds to wait for another writer

REASONS = {
    errno.ENOENT: "there is no such file or folder: check the path",
    errno.ENOTDIR: "a part of the path is not a folder: check the path",
    errno.EISDIR: "it is a folder: give the path of a file",
    errno.EACCES: "permission is missing: choose a place that is yours, or change its permissions",
    errno.EROFS: "the disk is read-only: choose another place",
    errno.ENOSPC: "the disk is full: free some space or choose another place",
    errno.EDQUOT: "your share of the disk is used up: free some space or choose another place",
    errno.EFBIG: "the file would be larger than is allowed here: choose another place",
    errno.ENAMETOOLONG: "the name is too long: give a shorter one",
    errno.ELOOP: "its links lead in a circle: give the path of a file",
}


NO_NAME = "no file can have this name: give another one"


class MissingFile(DigitsError):
    """There is no such file."""


def reason(error: OSError | ValueError) -> str:
    """The cause of `error` and the next step, on one line, without the path."""
    if isinstance(error, ValueError):  # Python's answer to a null in a name, and to letters that the locale lacks
        return NO_NAME
    code = errno.EACCES if isinstance(error, PermissionError) else error.errno  # some libraries raise it without a code
    return REASONS.get(code) or " ".join((error.strerror or str(error) or type(error).__name__).lower().split())


def open_to_read(path: str | Path) -> BinaryIO:
    """Open a file to read its bytes. A named pipe that nobody writes to is empty: it is not waited for.

    Raises OSError where the file system refuses, and ValueError for a name that no file can have; `reason` takes both.
    """
    file = open(path, "rb", opener=_without_waiting)  # noqa: SIM115 (the caller closes it)
    os.set_blocking(file.fileno(), True)  # one that somebody does write to is waited for as usual
    return file


def read_file(path: str | Path, most: int, expected: str, fix: str) -> bytes:
    """The content of a file that can honestly have at most `most` bytes; of a larger or endless one no more is read.

    expected: what the file should be, in words; fix: the next step where it is too large. Raises DigitsError for a file
    that cannot be read or is larger, and MissingFile where there is none.
    """
    try:
        with open_to_read(path) as file:
            size = os.fstat(file.fileno()).st_size  # 0 for a device or a pipe
            content = b"" if size > most else file.read(most + 1)
    except (OSError, ValueError) as error:
        kind = MissingFile if isinstance(error, FileNotFoundError) else DigitsError
        raise kind(f"cannot read {path}: {reason(error)}") from error
    if max(size, len(content)) > most:
        raise DigitsError(f"expected {expected} of at most {most / 1e6:,.0f} MB, got {path}, which has more: {fix}")
    return content


@contextmanager
def atomic_write(path: str | Path) -> Iterator[Path]:
    """Give a temporary path in the folder of `path`; what is written there becomes `path` in one step at the end.

    On any exception, Ctrl-C included, the temporary file goes and what stood at `path` stays. The temporary name ends
    like `path`, for writers that choose a format by it. A symbolic link is followed.
    Raises DigitsError where the file system refuses: full disk, no permission, no such folder.
    """
    path = Path(path)
    try:
        target = Path(os.path.realpath(path))  # Path.resolve raises RuntimeError where links lead in a circle
    except ValueError as error:
        raise DigitsError(f"cannot write {path}: {reason(error)}") from error
    try:
        if target.exists() and not target.is_file():
            raise DigitsError(f"cannot write {path}: it is a folder or a device: give the path of a file")
        temporary = target.with_name(f".{uuid4().hex}{target.suffix}")
        try:
            yield temporary
            _flush(temporary)
            temporary.replace(target)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise DigitsError(f"cannot write {path}: {reason(error)}") from error


def check_writable(path: str | Path) -> None:
    """Raise what `atomic_write` would raise for `path`, before there is anything to lose; changes nothing."""
    with suppress(_Discard), atomic_write(path) as temporary:
        temporary.touch()
        raise _Discard


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Be the only one, among all processes and threads, that holds the lock of the file at `path`.

    The lock is an empty hidden file beside it. The operating system frees it when its holder ends, in whatever way, so
    a killed process leaves nothing locked. Whoever reaches the file by a link has to give the path that the link leads
    to. Raises DigitsError when another has held the lock for `PATIENCE` seconds, and where the file system refuses.
    """
    import filelock  # here, since `python -m helpers check` imports this module and has to work without any package

    lock = filelock.FileLock(path.with_name(f".{path.name}.lock"))
    try:
        (path.parent / "..").stat()  # raises where the folder is none; filelock would make one that is missing
        with lock.acquire(timeout=PATIENCE, poll_interval=0.01):
            yield
    except filelock.Timeout:
        raise DigitsError(f"cannot write {path}: it has been in use for {PATIENCE} seconds: try again") from None
    except OSError as error:
        raise DigitsError(f"cannot write {path}: {reason(error)}") from error


def checkpoint_beside(out: Path) -> Path:
    """Where a training that saves its best epoch in `out` keeps its checkpoint.

    What a checkpoint holds belongs to helpers.training.checkpoint. Its path stands here, because that module imports
    MXNet, and the command line asks for the path before it has set the number of MXNet's threads.
    """
    return out.with_name(f"{out.name}.checkpoint")


class _Discard(Exception):
    """Ends an `atomic_write` that is only a trial."""


def _without_waiting(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def _flush(path: Path) -> None:
    """Have the bytes on the disk before the name points at them; a disk may report that it is full as late as here."""
    with path.open("rb") as file:
        os.fsync(file.fileno())
