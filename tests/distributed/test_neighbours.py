"""Another user of the same machine, who tries to get into a job: played by a process that gives up being root."""

import json
import os
import signal
import socket
import stat
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from helpers.base.errors import DigitsError
from helpers.cli.node import _check_socket, _own_socket
from helpers.distributed import nodes as nodes_module
from helpers.distributed.nodes import environment as environment_of
from helpers.distributed.nodes import plan
from tests.tools.launching import environment, listening, nodes, sockets, started, wait_for

NEIGHBOUR = 65534  # the user id of nobody, whom every system has
TRAIN = ("launch", "-n", 2, "-s", 1, "--", "train", "mlp", "--epochs", 5000)

# It imports MXNet while it is still root, since others need not be able to read this Python.
ANOTHER_USER = f"""
import json, os, socket, sys
import helpers, mxnet as mx
os.setgroups([])
os.setgid({NEIGHBOUR})
os.setuid({NEIGHBOUR})
"""

CONNECT = """
found = {}
for kind, address in json.load(sys.stdin):
    family, at = (socket.AF_UNIX, address) if kind == "unix" else (socket.AF_INET, tuple(address))
    with socket.socket(family) as tried:
        try:
            tried.connect(at)
            found[str(address)] = "connected"
        except OSError as error:
            found[str(address)] = type(error).__name__
print(json.dumps(found))
"""

# MXNet's own worker, which sends the servers an optimizer that writes a file when it is unpacked.
JOIN = """
class Optimizer:
    multi_precision = False
    def __reduce__(self):
        return open, (sys.argv[1], "w")
print("joining", flush=True)
mx.kv.create("dist_sync").set_optimizer(Optimizer())
print("joined", flush=True)
"""


def only_for_root():
    if os.name != "posix" or os.geteuid() != 0:
        pytest.skip("playing another user needs root")


@pytest.fixture(params=[0o022, 0o000], ids=["usual umask", "umask 0"])
def umask(request):
    before = os.umask(request.param)
    yield
    os.umask(before)


@pytest.mark.quiet
def test_a_neighbour_cannot_connect(tmp_path, umask):
    """Neither to a port nor to a socket that any process of the job listens at, as the kernel lists them."""
    only_for_root()
    with started(tmp_path, *TRAIN) as process:
        wait_for((tmp_path / "mlp.params").exists)
        job = nodes(tmp_path)
        doors = [("tcp", at) for pid in job for at in listening(pid)]
        doors += [("unix", path) for pid in job for path in sockets(pid)]
        done = subprocess.run(
            [sys.executable, "-c", ANOTHER_USER + CONNECT],
            input=json.dumps(doors),
            env=environment(),
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert process.poll() is None, "the job goes on"
    found = json.loads(done.stdout)
    assert len(found) == len(job) == 4, "each listens at one place"
    assert set(found.values()) == {"PermissionError"}, found
    assert [path for path in map(Path, found) if path.exists()] == [], "none is left"


@pytest.mark.quiet
def test_a_neighbour_cannot_join_and_run_code(tmp_path):
    """It takes the place of a worker that is slow to come, and sends the servers a program."""
    only_for_root()
    proof = tmp_path / "proof"
    with started(tmp_path, *TRAIN) as process:
        [_, slow] = wait_for(lambda: len(nodes(tmp_path, "worker")) == 2 and nodes(tmp_path, "worker"))
        os.kill(slow, signal.SIGSTOP)
        [scheduler] = nodes(tmp_path, "scheduler")
        ports, paths = wait_for(lambda: any(doors := (listening(scheduler), sockets(scheduler))) and doors)
        job = {"DMLC_ROLE": "worker", "DMLC_NUM_WORKER": 2, "DMLC_NUM_SERVER": 1, "DMLC_NODE_HOST": "127.0.0.1"}
        own = plan(1, 1)[0]  # a socket by chance, or on open ports any
        job |= {"DMLC_PS_ROOT_URI": "127.0.0.1"} | ({} if ports else {"PORT": own.port})
        job["DMLC_PS_ROOT_PORT"] = ports[0][1] if ports else Path(paths[0]).name
        job["DMLC_LOCAL"] = int(not ports)
        with another_user(JOIN, proof, **job) as neighbour:
            assert neighbour.stdout.readline() == "joining\n"
            waited = time.monotonic() + 8  # on an open port it takes a second
            while time.monotonic() < waited and not proof.exists():
                time.sleep(0.1)
        own.socket.unlink(missing_ok=True)
        assert not proof.exists(), f"a program of another user ran as user {proof.stat().st_uid}"
        assert process.poll() is None, "the job waits for its own worker"
        os.kill(slow, signal.SIGCONT)
        wait_for((tmp_path / "mlp.params").exists)


@contextmanager
def another_user(code, *arguments, **variables):
    process = subprocess.Popen(
        [sys.executable, "-c", ANOTHER_USER + code, *map(str, arguments)],
        env=environment(**variables),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def test_the_socket_of_a_node_is_its_owners_alone(tmp_path):
    """Of the scheduler, which needs no other process; with a umask that keeps nobody out."""
    [scheduler, *_] = job = plan(1, 1)
    variables = environment() | environment_of(scheduler, job, 60)
    process = subprocess.Popen(
        [sys.executable, "-m", "helpers.cli.node"],
        env=variables,
        stdin=subprocess.PIPE,
        cwd=tmp_path,
        preexec_fn=lambda: os.umask(0),
    )
    try:
        wait_for(lambda: sockets(process.pid))
        assert (sockets(process.pid), listening(process.pid)) == ([str(scheduler.socket)], [])
        assert stat.S_IMODE(scheduler.socket.stat().st_mode) == 0o700
    finally:
        process.stdin.close()  # as if the launcher were gone
        process.wait(timeout=20)
    assert not scheduler.socket.exists()


def test_a_name_that_is_taken(tmp_path):
    """By a neighbour who has guessed one of 2,147,483,647: the node says so, and connects to nobody."""
    [scheduler, *_] = job = plan(1, 1)
    reading, writing = os.pipe()  # open until the node has ended, as the launcher's
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(scheduler.socket))
        try:
            done = subprocess.run(
                [sys.executable, "-m", "helpers.cli.node"],
                env=environment() | environment_of(scheduler, job, 60),
                stdin=reading,
                cwd=tmp_path,
                stderr=subprocess.PIPE,
                text=True,
                timeout=300,
            )
            assert scheduler.socket.exists()
        finally:
            scheduler.socket.unlink()
            os.close(reading)
            os.close(writing)
    expected = f"expected no file {scheduler.socket} yet, got one of somebody else: start the job again"
    assert (done.returncode, done.stderr) == (1, f"error: {expected}\n")


def test_a_folder_in_which_others_may_replace_sockets(tmp_path, monkeypatch):
    """Or in which none can be made: it is said before MXNet is imported."""
    monkeypatch.setenv("DMLC_LOCAL", "1")
    monkeypatch.setenv("PORT", "5")
    monkeypatch.setattr(nodes_module, "SOCKETS", tmp_path / "sockets")
    with pytest.raises(DigitsError, match=r"cannot make a socket in .*sockets: there is no such file or folder"):
        _check_socket(_own_socket())
    (tmp_path / "sockets").mkdir()
    _check_socket(_own_socket())
    (tmp_path / "sockets").chmod(0o777)
    with pytest.raises(DigitsError, match=r"expected the folder .*sockets to be sticky, .*: have it mended with chmod"):
        _check_socket(_own_socket())
    (tmp_path / "sockets").chmod(0o1777)
    _check_socket(_own_socket())
    assert list((tmp_path / "sockets").iterdir()) == [], "no trial that would tell others the name"
