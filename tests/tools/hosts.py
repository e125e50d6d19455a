"""The real servers that show the canvas, each in processes of its own that end with the `with` block.

with hosts.jupyterlab(folder) as host:
    page.goto(host.url("drawing.ipynb"))
"""

import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).parents[2]
TOKEN = "secret"
CHROMIUM_FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]
CHROMIUM_FLAGS += ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
OUTER = {"MAKELEVEL", "MAKEFLAGS", "MFLAGS", "ARGS", "PORT", "HOST", "VISITORS", "IDLE", "MEMORY", "ALLOW_HOST"}

VOILA_OF = """
import sys
from demo import messages
from demo.__main__ import listen, make_parser
from demo.server import Demo

port, notebook, prompt = sys.argv[1:]
if prompt == "False":
    Demo.connection = Demo.connection.__base__
messages.is_drawing = lambda data: True  # other widgets than the canvas say other things
demo = Demo(listen("127.0.0.1", int(port)), {"localhost"}, make_parser().parse_args([]))
demo.notebook_path = notebook
demo.initialize([])
demo.start()
"""


class Host:
    """A server that runs. `port`: where on 127.0.0.1; `process`: its first process; `log()`: what it has printed."""

    def __init__(self, path: str, port: int, process: subprocess.Popen, state: Path):
        self._path = path
        self._state = state
        self.port = port
        self.process = process

    def url(self, notebook: str = "") -> str:
        """The address that opens a notebook, by its path in the folder; Voila's page needs none."""
        return f"http://127.0.0.1:{self.port}" + self._path.replace("{notebook}", notebook)

    def log(self) -> str:
        return (self._state / "log").read_text(encoding="utf-8")

    def kernels(self) -> list[int]:
        """The process ids of its kernels."""
        return [pid for pid, command in commands().items() if f"{self._state}{os.sep}" in command]


@contextmanager
def jupyterlab(folder: Path, prompt: bool = True):
    """JupyterLab with `folder` as its root, configured as by `make lab`; with prompt=False without that."""
    command = [sys.executable, "-m", "jupyterlab", *_options(folder)]
    path = f"/lab/tree/{{notebook}}?reset&token={TOKEN}"
    with running(command, path, prompt) as host:
        yield host


@contextmanager
def notebook(folder: Path, prompt: bool = True):
    """Notebook 7, likewise."""
    command = [sys.executable, "-m", "notebook", *_options(folder)]
    with running(command, f"/notebooks/{{notebook}}?token={TOKEN}", prompt) as host:
        yield host


@contextmanager
def voila(**variables: str | int):
    """`make demo`; variables: VISITORS and the like."""
    command = ["make", "--silent", "--old-file=venv", "demo", f"PY={shlex.quote(sys.executable)}", "PORT={port}"]
    command += [f"{name}={value}" for name, value in variables.items()]
    with running(command, "/") as host:
        yield host


@contextmanager
def voila_of(path: Path, prompt: bool = True):
    """The page of `make demo` with the notebook at `path` in it; with prompt=False without its kind of websocket."""
    with running([sys.executable, "-c", VOILA_OF, "{port}", str(path), str(prompt)], "/") as host:
        yield host


def find_chromium() -> str | None:
    """The browser of the tests and benchmarks: CHROMIUM, or one on PATH."""
    names = ("chromium", "chromium-browser", "google-chrome")
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, names)), None)


@contextmanager
def open_chromium(*flags: str):
    """A real browser without a window; the test is skipped where there is none."""
    path = find_chromium()
    if not path:
        pytest.skip("there is no Chromium: `apt-get install chromium`, or set CHROMIUM to the path of one")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=[*CHROMIUM_FLAGS, *flags])
        yield browser
        browser.close()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def commands() -> dict[int, str]:
    """The command line of each process by its id. From /proc where there is one: a bare Debian has no `ps`."""
    found = {}
    if Path("/proc/self/cmdline").exists():
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            with suppress(OSError):  # it has ended meanwhile
                found[int(path.parent.name)] = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        return found
    lines = subprocess.run(["ps", "-axo", "pid=,command="], capture_output=True, check=True, text=True).stdout
    for line in lines.splitlines():
        pid, _, command = line.strip().partition(" ")
        found[int(pid)] = command
    return found


def wait_until(condition, seconds: float):
    """The first true value of condition(), or its last one when the time is up."""
    end = time.monotonic() + seconds
    while not (value := condition()) and time.monotonic() < end:
        time.sleep(0.05)
    return value


def _options(folder: Path) -> list[str]:
    options = ["--no-browser", "--log-level=WARN", "-y", f"--ServerApp.root_dir={folder}", "--ServerApp.port={port}"]
    options += ["--ServerApp.port_retries=0", f"--IdentityProvider.token={TOKEN}", "--ServerApp.ip=127.0.0.1"]
    return options + ["--allow-root"] * (os.getuid() == 0)


@contextmanager
def running(command: list[str], path: str, prompt: bool = True):
    """Start it on a free port, wait for its answer, and end it with its kernels.

    command: {port} in it becomes the port; path: what `Host.url` opens, with {notebook} in it; prompt: with the
    project's configuration of Jupyter. The user's own settings never count.
    """
    # The path is short, since JupyterLab and kernels make sockets and files in it.
    with tempfile.TemporaryDirectory(prefix="host-") as name:
        state = Path(name)
        environment = {name: value for name, value in os.environ.items() if name not in OUTER}
        environment |= {f"JUPYTER_{kind}_DIR": str(state / kind.lower()) for kind in ("CONFIG", "DATA", "RUNTIME")}
        environment["JUPYTERLAB_WORKSPACES_DIR"] = str(state / "workspaces")
        environment["TMPDIR"] = name  # where Voila keeps the files of its kernels
        environment["JUPYTER_CONFIG_PATH"] = str(ROOT / "jupyter") if prompt else ""
        port = free_port()
        with (state / "log").open("w") as log:
            process = subprocess.Popen(
                [part.replace("{port}", str(port)) for part in command],
                cwd=ROOT,
                env=environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        host = Host(path, port, process, state)
        try:
            assert wait_until(lambda: _answers(port) or process.poll() is not None, 60), host.log()
            assert process.poll() is None, host.log()
            yield host
        finally:
            left = _end(host)
        assert not left, f"processes that did not end: {left}"


def _answers(port: int) -> bool:
    """Whether there is a web server; its 404 is an answer too. The path starts no kernel."""
    try:
        urllib.request.urlopen(f"http://127.0.0.1:{port}/api/status", timeout=10).close()
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
    return True


def _end(host: Host) -> list[str]:
    """End its processes politely; kill and return those that stay."""

    def left():
        found = commands()
        group = [pid for pid in found if _group(pid) == host.process.pid]
        return {pid: found.get(pid, "") for pid in {*group, *host.kernels()} if pid in found}

    _signal(host.process.pid, signal.SIGTERM, os.killpg)
    with suppress(subprocess.TimeoutExpired):
        host.process.wait(timeout=20)
    stayed = left() if wait_until(lambda: not left(), 10) is False else {}
    for pid in stayed:
        _signal(pid, signal.SIGKILL, os.kill)
    host.process.wait()
    return [f"{pid}: {command}" for pid, command in stayed.items()]


def _group(pid: int) -> int | None:
    with suppress(OSError):
        return os.getpgid(pid)
    return None


def _signal(pid: int, number: signal.Signals, send) -> None:
    with suppress(ProcessLookupError):
        send(pid, number)
