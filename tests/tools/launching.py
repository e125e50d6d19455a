"""Real launches for the tests: started in a folder of their own, watched through /proc, and none left behind."""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np

from helpers.distributed.worker import share
from helpers.networks.symbols import NETWORKS
from helpers.training.batches import ShuffledBatches
from helpers.training.recipes import RECIPES
from tests.tools import hosts

import mxnet as mx

LONG = 150  # seconds that a launch may take on a slow machine; a hang takes for ever
DROPPED = ("DMLC_", "PS_", "DIGITS_", "PORT")
KINDS = ("data", "label")
PYTHON = [sys.executable, "-m", "helpers"]


def environment(**variables):
    kept = {name: value for name, value in os.environ.items() if not name.startswith(DROPPED)}
    return kept | {"DIGITS_SOURCE": "digits"} | {name: str(value) for name, value in variables.items()}


@contextmanager
def started(folder, *arguments, prefix=(), **variables):
    """A process of `python -m helpers` with `arguments` in `folder`; `log` has its stderr. Leaves no process."""
    with (folder / "out").open("w") as out, (folder / "log").open("w") as log:
        process = subprocess.Popen(
            [*prefix, *PYTHON, *map(str, arguments)],
            cwd=folder,
            env=environment(**variables),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=log,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait(timeout=20)
        left = hosts.wait_until(lambda: not nodes(folder), 10) is False and nodes(folder)
        for node in left or []:
            with suppress(ProcessLookupError):
                os.kill(node, signal.SIGKILL)
        assert not left, f"processes that did not end: {left}"


def run(folder, *arguments, **options):
    """Run it to its end: (exit code, stdout, stderr)."""
    with started(folder, *arguments, **options) as process:
        code = process.wait(timeout=LONG)
    return code, (folder / "out").read_text(encoding="utf-8"), (folder / "log").read_text(encoding="utf-8")


def launch(folder, workers, servers, *training, options=(), **others):
    """Run a launch that has to end well, and return what it reports."""
    code, out, err = run(folder, "launch", "-n", workers, "-s", servers, *options, "--", *training, "--json", **others)
    assert code == 0, err
    return json.loads(out)


def error(err):
    """The last line of stderr, which has to be an error and the only one."""
    lines = err.replace("\r", "\n").splitlines()
    assert [line for line in lines if line.startswith("error: ")] == [lines[-1]], err
    assert "Traceback" not in err
    return lines[-1].removeprefix("error: ")


def variables_of(pid):
    with suppress(OSError):
        entries = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
        return dict(entry.decode().split("=", 1) for entry in entries if b"=" in entry)
    return {}


def nodes(folder, role=None):
    """The process ids of the nodes that were started from `folder`, in the order of their numbers."""
    found = []
    for pid, command in hosts.commands().items():
        with suppress(OSError):
            if (
                command.startswith(f"{sys.executable} -m helpers.cli.node")
                and Path(f"/proc/{pid}/cwd").readlink() == folder.resolve()
            ):
                of = variables_of(pid)
                if of.get("DMLC_ROLE") and role in (None, of["DMLC_ROLE"]):
                    found.append((int(of["PORT"]), pid))
    return [pid for _, pid in sorted(found)]


def listening(pid):
    """(address, port) of each place where a process listens on a network; of its own network namespace."""
    found = []
    for name in ("tcp", "tcp6"):
        for line in Path(f"/proc/{pid}/net/{name}").read_text().splitlines()[1:]:
            _, local, _, state, *_, inode = line.split()[:10]
            if state == "0A" and inode in _sockets_of(pid):
                raw, port = local.split(":")
                raw = bytes.fromhex(raw)
                found.append((".".join(map(str, raw[::-1])) if name == "tcp" else raw.hex(), int(port, 16)))
    return found


def sockets(pid):
    """The path of each Unix socket at which a process listens."""
    found = []
    for line in Path(f"/proc/{pid}/net/unix").read_text().splitlines()[1:]:
        _, _, _, flags, _, _, inode, *path = line.split()
        if flags == "00010000" and path and inode in _sockets_of(pid):
            found += path
    return found


def _sockets_of(pid):
    """The inodes of the sockets that a process has open."""
    found = set()
    for handle in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(OSError):
            found.add(str(handle.readlink()).removeprefix("socket:[").rstrip("]"))
    return found


def wait_for(condition, seconds=LONG):
    value = hosts.wait_until(condition, seconds)
    assert value, "waited in vain"
    return value


def seconds_until(process, limit=LONG):
    """How long the process still runs."""
    start = time.monotonic()
    process.wait(timeout=limit)
    return time.monotonic() - start


def one_process(network, digits, workers, epochs, batch_size=100, seed=0):
    """The parameters after `epochs` of plain SGD in this process, on one device, on the batches of all workers."""
    recipe = RECIPES[network]
    shares = [
        ShuffledBatches(share(digits.train, workers, part), batch_size // workers, seed, 0, part)
        for part in range(workers)
    ]
    module = mx.mod.Module(NETWORKS[network](), context=mx.cpu())
    module.bind([("data", (batch_size, 1, 28, 28))], [("softmax_label", (batch_size,))])
    mx.random.seed(seed)
    module.init_params(recipe.initializer)
    module.init_optimizer(optimizer="sgd", optimizer_params={"learning_rate": recipe.learning_rate})
    for _ in range(epochs):
        for parts in zip(*shares, strict=True):
            data, label = (mx.nd.concat(*[getattr(part, kind)[0] for part in parts], dim=0) for kind in KINDS)
            module.forward_backward(mx.io.DataBatch([data], [label]))
            module.update()
        for part in shares:
            part.reset()
    return {name: array.asnumpy() for name, array in module.get_params()[0].items()}


def assert_same(found, expected, tolerance=1e-5):
    """Within rounding, measured against the size of each array."""
    assert found.keys() == expected.keys()
    for name, array in expected.items():
        difference = np.abs(found[name] - array).max() / np.abs(array).max()
        assert difference < tolerance, f"{name} differs by {difference:.1e}"
