"""A launch over ssh on four hosts: network namespaces on one bridge, each with an sshd of its own."""

import os
import re
import shutil
import signal
import subprocess
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from helpers.base.errors import DigitsError
from helpers.cli.node import SILENCE
from helpers.distributed.launcher import announcement
from helpers.distributed.nodes import LOST_SECONDS, command, environment, plan, read_hostfile
from helpers.networks.params import read_params
from tests.tools import hosts
from tests.tools.launching import (
    LONG,
    assert_same,
    error,
    launch,
    listening,
    nodes,
    one_process,
    seconds_until,
    started,
    variables_of,
    wait_for,
)

NAMES = ("hub", "one", "two", "three", "four")  # the launcher is on the hub
ADDRESSES = [f"10.77.0.{number}" for number in range(1, 5)]


def sh(line):
    done = subprocess.run(line.split(), capture_output=True, text=True)
    assert done.returncode == 0, f"{line}: {done.stderr}"


def why_not():
    """What this machine lacks for network namespaces with sshd, or None."""
    if os.name != "posix" or os.geteuid() != 0:
        return "network namespaces need root"
    missing = [name for name in ("ip", "ssh", "ssh-keygen", "/usr/sbin/sshd") if not shutil.which(name)]
    if missing:
        return f"{', '.join(missing)} is missing: apt-get install iproute2 openssh-client openssh-server"
    name = f"digits-{os.getpid()}-try"
    done = subprocess.run(["ip", "netns", "add", name], capture_output=True, text=True)
    if done.returncode:
        return f"network namespaces are not permitted here: {done.stderr.strip()}"
    sh(f"ip netns delete {name}")
    return None


@contextmanager
def namespace(name):
    sh(f"ip netns add {name}")
    try:
        sh(f"ip -n {name} link set lo up")
        yield
    finally:
        sh(f"ip netns delete {name}")


@contextmanager
def sshd(name, folder):
    """A server that lets in whoever has the key in `folder`."""
    process = subprocess.Popen(
        ["ip", "netns", "exec", name, "/usr/sbin/sshd", "-D", "-e", "-f", folder / "sshd_config"]
    )
    try:
        yield
    finally:
        process.terminate()
        process.wait(timeout=10)


@pytest.fixture(scope="module")
def room(tmp_path_factory):
    """The command that runs another one on the hub, and the options of a launch on the four hosts."""
    if missing := why_not():
        pytest.skip(missing)
    folder, room = tmp_path_factory.mktemp("ssh"), f"digits-{os.getpid()}"
    Path("/run/sshd").mkdir(exist_ok=True)  # sshd insists on it
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / "key"], check=True)
    (folder / "sshd_config").write_text(
        f"HostKey {folder}/key\nAuthorizedKeysFile {folder}/key.pub\nPidFile none\nStrictModes no\nUsePAM no\n"
        "PermitRootLogin prohibit-password\nPasswordAuthentication no\nMaxStartups 100\n"
    )
    (folder / "hosts").write_text("\n".join(["# the class room", *ADDRESSES]) + "\n")
    options = f"-i {folder}/key -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR"
    with ExitStack() as stack:
        for number, name in enumerate(NAMES):
            stack.enter_context(namespace(f"{room}-{name}"))
            if number == 0:
                sh(f"ip -n {room}-hub link add bridge type bridge")
                sh(f"ip -n {room}-hub address add 10.77.0.100/24 dev bridge")
                sh(f"ip -n {room}-hub link set bridge up")
                continue
            sh(f"ip -n {room}-hub link add to-{name} type veth peer name eth0 netns {room}-{name}")
            sh(f"ip -n {room}-hub link set to-{name} master bridge up")
            sh(f"ip -n {room}-{name} address add {ADDRESSES[number - 1]}/24 dev eth0")
            sh(f"ip -n {room}-{name} link set eth0 up")
            stack.enter_context(sshd(f"{room}-{name}", folder))
        hub = ["ip", "netns", "exec", f"{room}-hub"]
        for address in ADDRESSES:
            login = [*hub, "ssh", *options.split(), address, "true"]
            wait_for(lambda login=login: subprocess.run(login, capture_output=True).returncode == 0, 20)
        yield hub, ("-H", folder / "hosts", "--ssh", f"ssh {options}")


@pytest.mark.hosts
@pytest.mark.quiet
def test_four_hosts_learn_what_one_process_learns(tmp_path, digits, room):
    hub, options = room
    result = launch(tmp_path, 4, 2, "train", "mlp", "--epochs", 2, "--batch-size", 600, options=options, prefix=hub)
    assert result["workers"] == 4
    assert result["host"] in ADDRESSES
    found = {name.removeprefix("arg:"): array for name, array in read_params(tmp_path / "mlp.params").items()}
    assert result["best_epoch"] == 2
    assert_same(found, one_process("mlp", digits, workers=4, epochs=2, batch_size=600))
    said = (tmp_path / "log").read_text().splitlines()[0]
    opened = ", ".join(
        f"10.77.0.{host}:{port}" for host, port in zip((1, 1, 2, 1, 2, 3, 4), range(9091, 9098), strict=True)
    )
    whoever = "whoever reaches these ports, and every user of these machines, can run programs there as you"
    assert said == f"2 servers and 4 workers open {opened}: {whoever}, so trust them all or do not start it"


@pytest.mark.hosts
@pytest.mark.quiet
def test_a_killed_worker_on_another_host(tmp_path, room):
    hub, options = room
    arguments = ("launch", "-n", 4, "-s", 1, *options, "--", "train", "mlp", "--epochs", 5000)
    with started(tmp_path, *arguments, prefix=hub) as process:
        wait_for((tmp_path / "mlp.params").exists)
        for node in nodes(tmp_path):  # each where it said, and nowhere else
            assert [address for address, _ in listening(node)] == [variables_of(node)["DMLC_NODE_HOST"]]
        os.kill(nodes(tmp_path, "worker")[2], signal.SIGKILL)
        assert seconds_until(process) < 10
        wait_for(lambda: not nodes(tmp_path), 10)
    assert process.returncode == 1
    message = "worker 2 on 10.77.0.3 was killed by signal 9 (SIGKILL); all processes of the job were ended"
    assert error((tmp_path / "log").read_text()).startswith(message)


@pytest.mark.hosts
@pytest.mark.quiet
def test_a_host_that_is_dead(tmp_path, room):
    hub, options = room
    (tmp_path / "hosts").write_text("\n".join([*ADDRESSES[:3], "10.77.0.99"]))
    start = time.monotonic()
    arguments = ("launch", "-n", 4, *options, "-H", "hosts", "--", "train", "mlp", "--epochs", 5000)
    with started(tmp_path, *arguments, prefix=hub) as process:
        process.wait(timeout=LONG)
    assert time.monotonic() - start < 30
    found = error((tmp_path / "log").read_text())
    assert re.match(r"worker 3 on 10\.77\.0\.99: ssh: connect to host 10\.77\.0\.99 .*(No route|timed out)", found)


@pytest.mark.hosts
@pytest.mark.quiet
def test_a_host_whose_cable_is_pulled(tmp_path, room):
    hub, options = room
    arguments = ("launch", "-n", 4, "-s", 1, *options, "--", "train", "mlp", "--epochs", 5000)
    with started(tmp_path, *arguments, prefix=hub) as process:
        wait_for((tmp_path / "mlp.params").exists)
        sh(f"ip -n {hub[3]} link set to-three down")
        try:
            assert seconds_until(process) < LOST_SECONDS + 15
            assert hosts.wait_until(lambda: not nodes(tmp_path), SILENCE + 10), "the lost host goes on alone"
        finally:
            sh(f"ip -n {hub[3]} link set to-three up")
    assert error((tmp_path / "log").read_text()).startswith("worker 2 on 10.77.0.3 was lost, or ssh could not start it")


# Who runs where, without any process


def test_plan_deals_the_processes_out():
    nodes = plan(3, 2, ["10.0.0.1", "anna@10.0.0.2"], port=5000)
    assert [(str(node), node.address, node.port) for node in nodes] == [
        ("scheduler on 10.0.0.1", "10.0.0.1", 5000),
        ("server 0 on 10.0.0.1", "10.0.0.1", 5001),
        ("server 1 on anna@10.0.0.2", "10.0.0.2", 5002),
        ("worker 0 on 10.0.0.1", "10.0.0.1", 5003),
        ("worker 1 on anna@10.0.0.2", "10.0.0.2", 5004),
        ("worker 2 on 10.0.0.1", "10.0.0.1", 5005),
    ]
    variables = environment(nodes[5], nodes, 60)
    assert variables["DMLC_PS_ROOT_URI"] == variables["DMLC_NODE_HOST"] == "10.0.0.1"
    assert (variables["DIGITS_WORKERS_HERE"], variables["DMLC_NUM_WORKER"]) == ("2", "3")
    assert "10.0.0.2:5004: whoever" not in announcement(nodes)
    assert "10.0.0.2:5004, 10.0.0.1:5005: whoever reaches" in announcement(nodes)


def test_the_shell_of_the_other_host_reads_what_was_meant(tmp_path, monkeypatch):
    """Blanks and quotes in a folder's name or an argument go through ssh and two shells unharmed."""
    folder = tmp_path / "it's a folder"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setattr("sys.executable", "echo")
    [scheduler, *_] = plan(1, 1, ["10.0.0.1"])
    words = command(scheduler, {"DMLC_ROLE": "a b"}, ["--out", "it's $HOME"], "ssh -p 22")
    assert words[:3] == ["ssh", "-p", "22"]
    assert words[-2] == "10.0.0.1"
    done = subprocess.run(["sh", "-c", words[-1]], capture_output=True, text=True)
    assert done.stdout == "-m helpers.cli.node --out it's $HOME\n"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("# nobody\n\n", "got no host: write one host per line"),
        ("10.0.0.1 slots=2\n", 'got the line "10.0.0.1 slots=2": write one host per line'),
        ("-oProxyCommand=rm\n", 'got the line "-oProxyCommand=rm"'),
    ],
)
def test_hostfiles_that_do_not_serve(tmp_path, content, message):
    (tmp_path / "hosts").write_text(content)
    with pytest.raises(DigitsError, match=re.escape(message)):
        read_hostfile(tmp_path / "hosts")


def test_a_hostfile(tmp_path):
    (tmp_path / "hosts").write_text("# room 7\n10.0.0.1\n\n  anna@10.0.0.2  # Anna's\n")
    assert read_hostfile(tmp_path / "hosts") == ["10.0.0.1", "anna@10.0.0.2"]
    (tmp_path / "hosts").write_bytes(b"\xff\xfe\0")
    with pytest.raises(DigitsError, match=r"^expected a text file, got .*hosts: write one host per line"):
        read_hostfile(tmp_path / "hosts")


@pytest.mark.parametrize(
    ("hosts", "message"),
    [
        (["no-such-host.invalid"], 'expected a host that has an address, got "no-such-host.invalid"'),
        (["127.0.0.1", "10.0.0.2"], 'got "127.0.0.1", which means another machine on each host'),
    ],
)
def test_hosts_without_an_address_of_use(hosts, message):
    with pytest.raises(DigitsError, match=re.escape(message)):
        plan(2, 1, hosts)
