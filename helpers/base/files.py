"""Files that are never half written, one writer at a time, and plain words for what an operating system refuses.

Serves every room that writes a file, the command line and the tools.
"""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
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
}


def reason(error: OSError) -> str:
    """The cause of `error` and the next step, on one line, without the path."""
    code = errno.EACCES if isinstance(error, PermissionError) else error.errno  # some libraries raise it without a code
    return REASONS.get(code) or " ".join((error.strerror or str(error) or type(error).__name__).lower().split())


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


def _flush(path: Path) -> None:
    """Have the bytes on the disk before the name points at them; a disk may report that it is full as late as here."""
    with path.open("rb") as file:
        os.fsync(file.fileno())
