"""Start the processes of MXNet's parameter server, watch over them, and end all of them when one fails.

MXNet ships a launcher, `mxnet/tools/launch.py`, on top of the package dmlc_tracker. It is not used here, since it
needs what Python dropped in 3.9 (`Thread.isAlive`), waits for ever when a worker dies or never starts, lets processes
live on when it is killed, and listens on every network. What is kept of it is how a process learns its role: the
variables DMLC_ROLE, DMLC_PS_ROOT_URI and so on (see the module nodes), and its command line.

Chapter 8 and the command line.
"""

import os
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

from helpers.base.errors import DigitsError
from helpers.base.files import reason
from helpers.distributed.nodes import GRACE, Node, command, environment

HELD_BACK = ("error: ", "ssh: ")  # a line that begins so is kept, and said once, when the launcher ends
POLL = 0.1  # seconds between two looks at the processes: a death is noticed within these
END_SECONDS = 10  # for scheduler and servers to end after the workers


class Process:
    """A node that runs. What a worker writes to stderr is passed on, except its error, which is kept for the end."""

    def __init__(self, node: Node, command: list[str], variables: dict[str, str]):
        self.node = node
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("DMLC_", "PS_"))}
        self._process = subprocess.Popen(
            command,
            env=inherited | variables,
            stdin=subprocess.PIPE,
            stdout=None if node.role == "worker" else subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,  # Ctrl-C reaches the launcher alone
        )
        os.set_blocking(self._process.stdin.fileno(), False)
        self.half_a_line = False  # whether what it wrote last has no end of line yet
        self._lines = deque(maxlen=20)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def id(self) -> int:
        """The process id; on another host that of ssh here."""
        return self._process.pid

    @property
    def code(self) -> int | None:
        """The exit code; None while it runs."""
        return self._process.poll()

    def beat(self) -> None:
        """Tell the node that the launcher is still there."""
        with suppress(OSError):
            os.write(self._process.stdin.fileno(), b"\n")

    def end(self) -> None:
        """Ask it to end. On another host the closed stdin does so; here a signal is quicker."""
        with suppress(OSError):
            self._process.stdin.close()
        if not self.node.host and self.code is None:
            self._process.terminate()

    def kill(self) -> None:
        """End it at once, if it still runs, and wait until it has ended."""
        if self.code is None:
            self._process.kill()
        self._process.wait()

    def what_happened(self) -> str:
        """The node and the cause of its death, on one line."""
        self._reader.join(timeout=1)
        lines = [line.strip() for line in self._lines if line.strip()]
        errors = [line.removeprefix("error: ") for line in lines if line.startswith(HELD_BACK)]
        if errors:
            return f"{self.node}: {errors[-1]}"
        last = f": {lines[-1]}" if lines else ""
        if self.node.host and self.code == 255:  # the code of ssh itself
            return f"{self.node} was lost, or ssh could not start it{last}"
        number = -self.code if self.code < 0 else self.code - 128
        if number > 0:
            return f"{self.node} was killed by signal {number} ({signal.Signals(number).name})"
        return f"{self.node} ended with exit code {self.code}{last}"

    def _read(self) -> None:
        """Take what the process writes to stderr until it ends, in a thread of its own."""
        for chunk in iter(lambda: os.read(self._process.stderr.fileno(), 65536), b""):
            lines = chunk.decode(errors="replace").splitlines(keepends=True)
            self._lines.extend(lines)
            passed_on = [line for line in lines if not line.startswith(HELD_BACK)]
            if self.node.role == "worker" and passed_on:
                self.half_a_line = not passed_on[-1].endswith("\n")
                sys.stderr.write("".join(passed_on))
                sys.stderr.flush()


def launch(nodes: Sequence[Node], arguments: Sequence[str], start_seconds: float, ssh: str = "ssh") -> None:
    """Run `python -m helpers` with `arguments` at each worker, until all have ended well.

    `start_seconds` is how long the processes may take to find each other; `ssh` is a command with options. Raises
    DigitsError when a node fails. When it returns, or raises, none of the processes is left.
    """
    processes = []
    with _signals_end_it():
        try:
            for node in nodes:
                variables = environment(node, nodes, start_seconds)
                processes.append(Process(node, command(node, variables, arguments, ssh), variables))
            print("processes:", ", ".join(f"{process.id} {process.node}" for process in processes), file=sys.stderr)
            _watch(processes)
        except FileNotFoundError as error:
            given = f"expected the program {error.filename}, got nothing of that name"
            raise DigitsError(f"{given}: install it (openssh-client)") from error
        except OSError as error:  # the system is short of processes or open files, or ssh is not to be executed
            what = f"the program {error.filename}" if error.filename else f"{len(nodes)} processes"
            raise DigitsError(f"cannot start {what}: {reason(error)}") from error
        finally:
            _end(processes)


def _watch(processes: Sequence[Process]) -> None:
    """Return when all processes have ended well, or scheduler and servers linger; DigitsError when one has failed."""
    beaten = 0.0
    workers_ended = None
    while True:
        now = time.monotonic()
        failed = [process for process in processes if process.code]
        if failed:
            raise DigitsError(f"{failed[0].what_happened()}; all processes of the job were ended")
        if all(process.code == 0 for process in processes if process.node.role == "worker"):
            workers_ended = workers_ended or now
            if now - workers_ended > END_SECONDS or all(process.code == 0 for process in processes):
                return
        if now - beaten > 1:
            beaten = now
            for process in processes:
                process.beat()
        time.sleep(POLL)


def _end(processes: Sequence[Process]) -> None:
    """End what still runs: ask first, kill what is left after the grace."""
    for process in processes:
        process.end()
    end = time.monotonic() + GRACE + 1
    while any(process.code is None for process in processes) and time.monotonic() < end:
        time.sleep(POLL)
    for process in processes:
        process.kill()
        if process.node.socket:  # what is killed leaves it
            with suppress(OSError):
                process.node.socket.unlink()
    if any(process.half_a_line for process in processes):  # a progress bar
        print(file=sys.stderr)


@contextmanager
def _signals_end_it() -> Iterator[None]:
    """Let a closed terminal or a plain `kill` raise SystemExit, so that the processes are ended."""

    def end(number: int, frame: object) -> None:
        sys.exit(128 + number)

    before = {number: signal.signal(number, end) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def announcement(nodes: Sequence[Node]) -> str:
    """One line for people: which processes there are, what they open, and whom that lets in."""
    count = {role: sum(node.role == role for node in nodes) for role in ("server", "worker")}
    who = " and ".join(f"{number} {role}{'s' * (number > 1)}" for role, number in count.items())
    if nodes[0].host is None:
        return f"{who} on this machine, through sockets that only you can open: no other user, and no other machine"
    opened = ", ".join(f"{node.address}:{node.port}" for node in nodes)
    whoever = "whoever reaches these ports, and every user of these machines, can run programs there as you"
    return f"{who} open {opened}: {whoever}, so trust them all or do not start it"
