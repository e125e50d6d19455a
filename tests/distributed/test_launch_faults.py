"""What goes wrong in a launch: noticed in time, told in one line, and nothing left behind."""

import os
import re
import shutil
import signal
import socket
import threading
import time
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from types import SimpleNamespace

import pytest

from helpers.base.errors import DigitsError
from helpers.base.files import checkpoint_beside
from helpers.cli.main import main
from helpers.distributed.nodes import GRACE, SOCKETS, read_hostfile
from helpers.distributed.worker import Place
from helpers.networks.params import read_params
from helpers.training.checkpoint import read_checkpoint
from tests.tools.launching import (
    LONG,
    assert_same,
    error,
    launch,
    nodes,
    one_process,
    run,
    seconds_until,
    started,
    wait_for,
)

ROOT = Path(__file__).parents[2]
NOTICED = 0.5 + GRACE + 1 + 5  # seconds from a death to the end of the job; the last are for a machine that is busy
EPOCHS = 8
TRAIN = ("train", "mlp", "--epochs", EPOCHS, "--batch-size", 200)


def parameters(path):
    return {name.removeprefix("arg:"): array for name, array in read_params(path).items()}


@pytest.mark.quiet
def test_a_killed_worker_ends_the_job_and_resume_goes_on(tmp_path, digits):
    out = tmp_path / "mlp.params"
    with started(tmp_path, "launch", "-n", 2, "-s", 1, "--", *TRAIN) as process:
        wait_for(checkpoint_beside(out).exists)
        os.kill(nodes(tmp_path, "worker")[1], signal.SIGKILL)
        assert seconds_until(process) < NOTICED
        assert nodes(tmp_path) == []
    log = (tmp_path / "log").read_text(encoding="utf-8")
    ended = "worker 1 was killed by signal 9 (SIGKILL); all processes of the job were ended"
    assert error(log) == f"{ended}; with --resume at its end the same command goes on"
    assert process.returncode == 1

    done = read_checkpoint(checkpoint_beside(out)).epoch
    assert 1 <= done < EPOCHS
    assert sorted(path.name for path in tmp_path.iterdir()) == ["log", "mlp.params", "mlp.params.checkpoint", "out"]
    result = launch(tmp_path, 2, 1, *TRAIN, "--resume")
    assert len(result["history"]["valid"]) == EPOCHS
    assert not checkpoint_beside(out).exists()
    never_broken_off = one_process("mlp", digits, 2, result["best_epoch"], batch_size=200)
    assert_same(parameters(out), never_broken_off, tolerance=0.01)  # rounding, carried over hundreds of steps
    assert result["test_accuracy"] > 0.93


@pytest.mark.quiet
@pytest.mark.parametrize("role", ["server", "scheduler"])
def test_a_killed_server_or_scheduler_ends_the_job(tmp_path, role):
    with started(tmp_path, "launch", "-n", 1, "-s", 1, "--", "train", "mlp", "--epochs", 5000) as process:
        wait_for((tmp_path / "mlp.params").exists)
        os.kill(nodes(tmp_path, role)[0], signal.SIGKILL)
        assert seconds_until(process) < NOTICED
        assert nodes(tmp_path) == []
    assert re.match(rf"{role}( 0)? was killed by signal 9", error((tmp_path / "log").read_text(encoding="utf-8")))


@pytest.mark.quiet
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_when_the_launcher_ends_all_end(tmp_path, number):
    with started(tmp_path, "launch", "-n", 2, "-s", 1, "--", "train", "mlp", "--epochs", 5000) as process:
        wait_for((tmp_path / "mlp.params.checkpoint").exists)
        process.send_signal(number)
        assert seconds_until(process) < NOTICED
        wait_for(lambda: not nodes(tmp_path), NOTICED)
    killed = -9 if number == signal.SIGKILL else 128 + number
    assert process.returncode == killed
    assert read_checkpoint(tmp_path / "mlp.params.checkpoint").epoch >= 1


# An ssh that logs in nowhere: it runs its last word, the command for the other host, here.
HERE = """#!/bin/sh
for command; do :; done
eval "$command"
"""


def free_ports(count):
    """The first of so many in a row, below those that the system gives out by itself."""
    for first in range(20000, 30000, count):
        with ExitStack() as stack, suppress(OSError):
            for port in range(first, first + count):
                stack.enter_context(closing(socket.create_server(("127.0.0.1", port))))
            return first
    raise AssertionError("there are no free ports in a row")


@pytest.mark.quiet
@pytest.mark.parametrize(("position", "who"), [(0, "scheduler"), (1, "server 0"), (2, "worker 0")])
def test_a_port_that_is_taken(tmp_path, position, who):
    (tmp_path / "hosts").write_text("127.0.0.1\n")
    (tmp_path / "ssh").write_text(HERE)
    first = free_ports(3)
    taken = first + position
    with closing(socket.create_server(("127.0.0.1", taken))):
        options = ("-n", 1, "-s", 1, "-H", "hosts", "--ssh", "sh ssh", "--port", first)
        code, _, err = run(tmp_path, "launch", *options, "--", "train", "mlp", PYTHONPATH=ROOT)
    cause = f"{who} on 127.0.0.1: cannot listen on port {taken} of 127.0.0.1: another program uses it"
    assert (code, error(err)) == (1, f"{cause}: choose others with --port; all processes of the job were ended")


@pytest.mark.quiet
def test_a_scheduler_that_hangs(tmp_path):
    options = ("-n", 2, "-s", 1, "--start-seconds", 5)
    with started(tmp_path, "launch", *options, "--", "train", "mlp") as process:
        [scheduler] = wait_for(lambda: nodes(tmp_path, "scheduler"))
        os.kill(scheduler, signal.SIGSTOP)
        process.wait(timeout=LONG)
    assert process.returncode == 1
    message = rf"worker \d: expected the scheduler at {SOCKETS}/\d+ to bring all together within 5 seconds, "
    assert re.match(message, error((tmp_path / "log").read_text(encoding="utf-8")))


@pytest.mark.quiet
def test_a_scheduler_that_never_answers(tmp_path):
    """Seen from a worker that somebody has started by hand: what listens at the port is no scheduler."""
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        job = {"DMLC_ROLE": "worker", "DMLC_NUM_WORKER": 1, "DMLC_NUM_SERVER": 1, "DMLC_NODE_HOST": "127.0.0.1"}
        job |= {"DMLC_PS_ROOT_URI": "127.0.0.1", "DMLC_PS_ROOT_PORT": silent.getsockname()[1]}
        code, _, err = run(tmp_path, "train", "mlp", **job, DIGITS_START_SECONDS=3)
    assert code == 1
    assert "to bring all together within 3 seconds, got no answer: see that it runs" in error(err)


@pytest.mark.quiet
@pytest.mark.skipif(not shutil.which("ssh"), reason="there is no ssh here: apt-get install openssh-client")
@pytest.mark.parametrize("listens", [True, False])
def test_a_dead_host(tmp_path, listens):
    """Nobody listens at the port of sshd; or something does, and never says a word."""
    (tmp_path / "hosts").write_text("127.0.0.1\n")
    with closing(socket.create_server(("127.0.0.1", 0))) as host:
        at = host.getsockname()[1]
        if not listens:
            host.close()
        start = time.monotonic()
        options = ("-n", 1, "-s", 1, "-H", "hosts", "--ssh", f"ssh -p {at} -o StrictHostKeyChecking=no")
        code, _, err = run(tmp_path, "launch", *options, "--", "train", "mlp")
    assert code == 1
    assert time.monotonic() - start < 10 + NOTICED + 10
    reason = "timed out" if listens else "Connection refused"
    assert re.search(rf"^(scheduler|server 0|worker 0) on 127\.0\.0\.1: ssh: .*{reason}|timed out", error(err))


def test_a_worker_with_other_data(monkeypatch):
    """Two hosts, one of which has not got MNIST, must not train on a mixture."""
    place = Place(SimpleNamespace(rank=1, num_workers=2, type="dist_sync"))
    monkeypatch.setattr(Place, "broadcast", lambda self, key, content: b'{"data": "mnist, 55,000 images"}')
    with pytest.raises(
        DigitsError, match=r"^expected data = mnist, 55,000 images, as worker 0 has, got digits at worker 1: make"
    ):
        place.agree({"data": "digits"})


@pytest.mark.quiet
def test_ssh_that_is_not_there(tmp_path):
    (tmp_path / "hosts").write_text("127.0.0.1\n")
    code, _, err = run(tmp_path, "launch", "-n", 1, "-H", "hosts", "--ssh", "no-such-ssh", "--", "train", "mlp")
    assert (code, error(err)) == (
        1,
        "expected the program no-such-ssh, got nothing of that name: install it (openssh-client)",
    )


def test_a_batch_that_cannot_be_split():
    place = Place(SimpleNamespace(rank=0, num_workers=3, type="dist_sync"))
    assert place.batch_of_each(99) == 33
    message = "^expected a batch size that can be split equally among 3 workers, got 100: give --batch-size 102$"
    with pytest.raises(DigitsError, match=message):
        place.batch_of_each(100)
    assert Place(SimpleNamespace(rank=0, num_workers=3, type="dist_async")).batch_of_each(100) == 100


@pytest.mark.quiet
def test_a_training_that_diverges(tmp_path):
    code, _, err = run(tmp_path, "launch", "-n", 2, "-s", 1, "--", "train", "mlp", "--lr", "1e6", "--epochs", 2)
    assert code == 1
    assert (
        "worker 0: expected an epoch to keep, got none: training diverged in epoch 1: lower the learning rate"
        in error(err)
    )


@pytest.mark.quiet
def test_nothing_to_resume(tmp_path):
    code, _, err = run(tmp_path, "launch", "-n", 2, "-s", 1, "--", "train", "mlp", "--resume")
    assert code == 1
    assert "worker 0: expected a checkpoint at mlp.params.checkpoint, got none, as the training has ended or" in error(
        err
    )


WRONG = {
    "nothing": ("launch -n 2", 1, "expected train after --, got nothing: write it as in"),
    "something else": ("launch -n 2 -- evaluate mlp", 1, 'expected train after --, got "evaluate"'),
    "a wrong option": ("launch -n 2 -- train mlp --epochs 0", 2, "argument --epochs"),
    "no workers": ("launch -n 0 -- train mlp", 2, "argument -n/--workers"),
    "each for itself": ("launch -n 2 -- train mlp --kvstore local", 1, "got local, which leaves each worker alone"),
    "no file of hosts": ("launch -n 2 -H none -- train mlp", 1, "cannot read none: there is no such file"),
    "a port for nothing": ("launch -n 2 --port 9091 -- train mlp", 1, "only with a hostfile, got 9091: leave it out"),
    "too many": ("launch -n 100000 -- train mlp", 1, "expected at most 64 processes on this machine, the scheduler"),
    "too many servers": ("launch -n 1 -s 63 -- train mlp", 1, "counted, got 65: start fewer workers or servers"),
    "far too many": (f"launch -n {'9' * 5000} -- train mlp", 2, "argument -n/--workers"),
    "too long to wait": (f"launch -n 1 --start-seconds {'9' * 400} -- train mlp", 2, "argument --start-seconds"),
    "no folder to save to": ("launch -n 2 -- train mlp --out no/x.params", 1, "cannot write no/x.params"),
    "no launch": (
        "train mlp --kvstore dist_sync",
        1,
        'expected a scheduler and servers for "dist_sync", got none: start them with',
    ),
}


WRONG_HOSTFILES = {
    "a folder": (lambda path: path.mkdir(), "cannot read hosts: it is a folder"),
    "without an end": (lambda path: path.symlink_to("/dev/zero"), "expected at most 100,000 bytes in hosts, got more"),
    "a pipe": (os.mkfifo, "expected one host per line in hosts, got no host"),
    "a circle": (lambda path: path.symlink_to("hosts"), "cannot read hosts: its links lead in a circle"),
    "zeros": (lambda path: path.write_bytes(bytes(100)), 'got the line "\\x00\\x00'),
    "Windows' own": (lambda path: path.write_text("10.0.0.1", "utf-16"), "expected a text file, got hosts: write one"),
    "an option": (lambda path: path.write_text("anna@-oProxyCommand=rm"), 'got the line "anna@-oProxyCommand=rm"'),
    "a command": (lambda path: path.write_text("room7;rm"), 'got the line "room7;rm"'),
    "another script": (lambda path: path.write_text("zimmer-\u00fc", "utf-8"), 'got the line "zimmer-\\xfc"'),
    "nobody's": (lambda path: path.write_text("anna@"), 'got the line "anna@": write one host per line'),
    "a long name": (lambda path: path.write_text("a" * 2000), 'aaa...": write one host per line'),
    "a long part of a name": (lambda path: path.write_text("a" * 200), "expected a host that has an address, got"),
    "a port too high": (
        lambda path: path.write_text("127.0.0.1"),
        "expected 11 ports from the first on, up to 65535, got 65530",
    ),
    "too many": (lambda path: path.write_text("10.0.0.1"), "expected at most 64 processes on 1 hosts"),
    "no ssh": (lambda path: path.write_text("127.0.0.1"), "expected the command that runs ssh, got"),
    "half an ssh": (lambda path: path.write_text("127.0.0.1"), "expected the command that runs ssh, got"),
    "ssh that is a file": (lambda path: path.write_text("127.0.0.1"), "cannot start the program ./hosts: permission"),
}
OPTIONS = {
    "a port too high": ["-n", "9", "--port", "65530"],
    "too many": ["-n", "100000"],
    "no ssh": ["-n", "1", "--ssh", " "],
    "half an ssh": ["-n", "1", "--ssh", "ssh -i 'my key"],
    "ssh that is a file": ["-n", "1", "--ssh", "./hosts"],
}


@pytest.mark.parametrize("wrong", WRONG_HOSTFILES)
def test_hosts_that_cannot_be_had(tmp_path, monkeypatch, capsys, wrong):
    """One line each, at once, and no process is started."""
    make, message = WRONG_HOSTFILES[wrong]
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DIGITS_SOURCE", "digits")
    make(tmp_path / "hosts")
    start = time.monotonic()
    found = exit_code_of(["launch", *OPTIONS.get(wrong, ["-n", "1"]), "-H", "hosts", "--", "train", "mlp"])
    assert time.monotonic() - start < 20  # none of them is waited for
    lines = capsys.readouterr().err.splitlines()
    assert (found, [line[:7] for line in lines if "ports, and" not in line]) == (1, ["error: "])
    assert message in lines[-1]
    assert len(lines[-1]) < 300
    assert nodes(tmp_path) == []


def test_hosts_through_a_pipe(tmp_path, monkeypatch):
    """As bash makes one of -H <(...); nothing is read before the writer has written."""
    monkeypatch.chdir(tmp_path)
    reading, writing = os.pipe()
    writer = threading.Timer(0.2, lambda: (os.write(writing, b"\xef\xbb\xbf10.0.0.1\r\n10.0.0.2"), os.close(writing)))
    writer.start()
    with closing(os.fdopen(reading)):
        assert read_hostfile(f"/dev/fd/{reading}") == ["10.0.0.1", "10.0.0.2"]


@pytest.mark.parametrize(("line", "code", "message"), WRONG.values(), ids=WRONG)
def test_what_cannot_work_starts_nothing(tmp_path, monkeypatch, capsys, line, code, message):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DIGITS_SOURCE", "digits")
    found = exit_code_of(line.split())
    out, err = capsys.readouterr()
    assert (found, out) == (code, "")
    assert message in err
    assert nodes(tmp_path) == []
    assert list(tmp_path.iterdir()) == []


def exit_code_of(arguments):
    """That of `python -m helpers` with these arguments, without a process of its own."""
    try:
        return main(arguments)
    except SystemExit as end:  # wrong usage
        return end.code
