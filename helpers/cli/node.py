"""What runs on each node of a job: `python -m helpers.cli.node train lenet ...`, with the variables of its role.

The launcher holds the other end of its stdin and writes there every second. When that ends, or is silent for 30
seconds, the launcher or its machine is gone, and the node ends too: so no process is left behind, on no host.

Chapter 8.
"""

import errno
import importlib
import os
import select
import signal
import socket
import stat
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

from helpers.base.errors import DigitsError
from helpers.base.files import reason
from helpers.cli.main import main
from helpers.distributed.nodes import GRACE, behind_socket, socket_of

SILENCE = 30  # seconds without a sign of the launcher


def run_node(arguments: list[str]) -> int:
    """Do what DMLC_ROLE says and return the exit code. Workers run the command, the others MXNet's scheduler or server.

    A worker ends its process itself where something failed.
    """
    threading.Thread(target=_end_with_the_launcher, daemon=True).start()
    worker = os.environ["DMLC_ROLE"] == "worker"
    if worker:
        signal.signal(signal.SIGTERM, _end)  # so that no half-written file stays
    try:
        if _own_socket():
            _check_socket(_own_socket())
        else:
            _check_port(os.environ["DMLC_NODE_HOST"], int(os.environ["PORT"]))
        if worker:
            code = main(arguments)
        else:
            os.umask(0o077)  # the system lets in to a socket whoever may write to its file
            importlib.import_module("mxnet")  # in these roles the import serves until the job ends
            code = 0
    except DigitsError as error:  # of a server or a scheduler; `main` prints those of a worker
        print(f"error: {error}", file=sys.stderr)
        code = 1
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    if code and worker:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)  # MXNet's own end would wait for all the other workers
    return code


def _end_with_the_launcher() -> None:
    """Wait until the launcher is gone, then end the process.

    It reads the file descriptor: Python's own stdin would hold a lock that the end of the process waits for.
    """
    try:
        while select.select([0], [], [], SILENCE)[0] and os.read(0, 1024):
            pass
    except OSError:
        pass
    if _own_socket():
        with suppress(OSError):  # none was made yet, or the file is somebody else's
            _own_socket().unlink()
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(GRACE)
    os._exit(1)


def _end(number: int, frame: object) -> None:
    sys.exit(128 + number)


def _own_socket() -> Path | None:
    """The file of this node's socket, or None where it has a port."""
    return socket_of(os.environ["PORT"]) if behind_socket() else None


def _check_socket(path: Path) -> None:
    """Raise DigitsError where MXNet could not make that socket, or others could put theirs in its place.

    The scheduler would abort with a stack trace. The check makes no file, as that would tell others the name while it
    is still free.
    """
    folder = path.parent
    try:
        mode = folder.stat().st_mode
    except OSError as error:
        raise DigitsError(f"cannot make a socket in {folder}: {reason(error)}") from error
    if mode & stat.S_IWOTH and not mode & stat.S_ISVTX:
        given = f"expected the folder {folder} to be sticky, got one in which everybody may replace files"
        raise DigitsError(f"{given}: have it mended with chmod +t {folder}")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise DigitsError(f"cannot make a socket in {folder}: {reason(PermissionError())}")
    if os.path.lexists(path):
        raise DigitsError(f"expected no file {path} yet, got one of somebody else: start the job again")


def _check_port(host: str, port: int) -> None:
    """Exit with one line on stderr where MXNet could not listen at that address and port.

    Its parameter server would silently take another port, and the scheduler would abort with a stack trace.
    """
    try:
        socket.create_server((host, port)).close()
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            cause = "another program uses it: choose others with --port"
        elif error.errno == errno.EADDRNOTAVAIL:
            cause = "this is not an address of the host: write its own address into the hostfile"
        else:
            cause = f"{str(error.strerror).lower()}: choose others with --port"
        print(f"error: cannot listen on port {port} of {host}: {cause}", file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    sys.exit(run_node(sys.argv[1:]))
