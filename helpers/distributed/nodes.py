"""Which process of a job runs where: on which host, at which address and port, and by which command.

MXNet's parameter server asks nobody for a password, and unpacks whatever program is sent to it. So the processes of a
job on one machine open no port, which every user of the machine could reach, but talk through Unix sockets (ps-lite's
DMLC_LOCAL): files of /tmp that the system lets nobody open but their owner. Over ssh they cannot, and have ports.

Chapter 8 and the command line.
"""

import os
import re
import secrets
import shlex
import socket
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from helpers.base.errors import DigitsError
from helpers.base.files import reason
from helpers.base.threads import WORKERS_HERE

LOOPBACK = "127.0.0.1"
SOCKETS = Path("/tmp")  # where ps-lite makes them, and nowhere else
FIRST_PORT = 9091  # of a launch over ssh
CONNECT_SECONDS = 10  # for ssh to reach a host
LOST_SECONDS = 15  # after which ssh gives up a host that no longer answers
GRACE = 2  # seconds that a process gets to end in good order

# What the processes on other hosts get of this one's environment, beside MNIST_DIR and DIGITS_SOURCE.
PASSED_ON = ("MXNET_", "OMP_", "DIGITS_", "MNIST_DIR")

MOST = 64  # processes of a job on one host; each takes 0.2 GB
HOSTFILE_BYTES = 100_000  # a room has far fewer hosts; a device or a wrong file may have no end

# Not only because names consist of these: older versions of ssh hand what else a name has to a shell.
HOST = re.compile(r"(?:\w[\w.+-]{,63}@)?\w[\w.-]{,252}", re.ASCII)
ONE_HOST_PER_LINE = "write one host per line, such as 10.0.0.2 or anna@room7"


@dataclass(frozen=True)
class Node:
    """One process: a scheduler, server or worker.

    `number` counts from 0 within its role; `host` is what ssh is given, or None on this machine; it listens at
    `address`, an IPv4 address, and `port`. Without a host it listens at its `socket` instead, and `port` is only the
    number in that one's name.
    """

    role: str  # "scheduler", "server" or "worker"
    number: int
    host: str | None
    address: str
    port: int

    def __str__(self) -> str:
        """Such as "scheduler", "worker 0" or "worker 0 on anna@room7"."""
        name = self.role if self.role == "scheduler" else f"{self.role} {self.number}"
        return f"{name} on {self.host}" if self.host else name

    @property
    def socket(self) -> Path | None:
        """The file of its socket, or None where it has a port."""
        return None if self.host else socket_of(self.port)


def socket_of(number: int | str) -> Path:
    """The file of the socket that ps-lite makes in place of a port of this number."""
    return SOCKETS / str(number)


def behind_socket() -> bool:
    """Whether this process is a node that listens at a socket instead of a port."""
    return os.environ.get("DMLC_LOCAL") == "1"


def plan(workers: int, servers: int, hosts: Sequence[str] | None = None, port: int | None = None) -> list[Node]:
    """The scheduler, then servers and workers, dealt out over the hosts in turn; without hosts all of them run here.

    The ports run up from `port`, or from 9091 on. Without hosts there are none, but the numbers of sockets, by chance:
    nobody can know one beforehand and take its place. (ps-lite numbers the workers of one host by either.)
    Raises DigitsError for more processes than a host can bear, for a host without an address that all others reach,
    for a port above 65535, and for one without hosts.
    """
    roles = [("scheduler", 0), *(("server", i) for i in range(servers)), *(("worker", i) for i in range(workers))]
    most = MOST * len(hosts or [None])
    if len(roles) > most:
        where = f"{len(hosts)} hosts" if hosts else "this machine"
        given = f"expected at most {most} processes on {where}, the scheduler counted, got {len(roles):,}"
        raise DigitsError(f"{given}: start fewer workers or servers")
    if not hosts:
        if port is not None:
            given = f"expected a first port only with a hostfile, got {port}"
            raise DigitsError(f"{given}: leave it out, since a job on this machine opens no port")
        return [Node(role, i, None, LOOPBACK, at) for (role, i), at in zip(roles, _numbers(len(roles)), strict=True)]
    first = FIRST_PORT if port is None else port
    ports = range(first, first + len(roles))
    if ports[-1] > 65535:
        given = f"expected {len(roles)} ports from the first on, up to 65535, got {first} as the first"
        raise DigitsError(f"{given}: give a lower one")
    addresses = _addresses(hosts)
    nodes = []
    for (role, number), at in zip(roles, ports, strict=True):
        host = hosts[number % len(hosts)]
        nodes.append(Node(role, number, host, addresses[host], at))
    return nodes


def read_hostfile(path: str | Path) -> list[str]:
    """One host per line as ssh takes it, such as 10.0.0.2 or anna@room7; # starts a comment.

    Raises DigitsError where the file cannot be read, is longer than any list of hosts, or names none.
    """
    lines = _text_of(path).splitlines()
    hosts = [line.partition("#")[0].strip() for line in lines]
    hosts = [host for host in hosts if host]
    for host in hosts:
        if not HOST.fullmatch(host):
            line = ascii(host)[1:-1]
            line = line if len(line) <= 60 else f"{line[:60]}..."
            raise DigitsError(f'expected one host per line in {path}, got the line "{line}": {ONE_HOST_PER_LINE}')
    if not hosts:
        raise DigitsError(f"expected one host per line in {path}, got no host: {ONE_HOST_PER_LINE}")
    return hosts


def _text_of(path: str | Path) -> str:
    """What stands in a small text file, or comes through a pipe that somebody writes to."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK)  # else a pipe without a writer would be waited for
        os.set_blocking(handle, True)
        with os.fdopen(handle, "rb") as file:
            content = file.read(HOSTFILE_BYTES + 1)
    except (OSError, ValueError) as error:  # ValueError: a path with a zero byte
        cause = reason(error) if isinstance(error, OSError) else "no path has a zero byte: check the path"
        raise DigitsError(f"cannot read {path}: {cause}") from error
    if len(content) > HOSTFILE_BYTES:
        given = f"expected at most {HOSTFILE_BYTES:,} bytes in {path}, got more"
        raise DigitsError(f"{given}: {ONE_HOST_PER_LINE}")
    try:
        return content.decode("utf-8-sig")  # some editors of Windows begin a file with a mark
    except UnicodeDecodeError as error:
        raise DigitsError(f"expected a text file, got {path}: {ONE_HOST_PER_LINE}") from error


def environment(node: Node, nodes: Sequence[Node], start_seconds: float) -> dict[str, str]:
    """The environment variables that make a process this node.

    ps-lite listens at DMLC_NODE_HOST and PORT only; with DMLC_LOCAL at the socket of that number, and at no port.
    `start_seconds` is how long the processes may take to find each other.
    """
    count = {role: sum(each.role == role for each in nodes) for role in ("server", "worker")}
    here = sum(each.role == "worker" and each.address == node.address for each in nodes)
    return {
        "DMLC_ROLE": node.role,
        "DMLC_PS_ROOT_URI": nodes[0].address,
        "DMLC_PS_ROOT_PORT": str(nodes[0].port),
        "DMLC_NUM_SERVER": str(count["server"]),
        "DMLC_NUM_WORKER": str(count["worker"]),
        "DMLC_LOCAL": "0" if node.host else "1",
        "DMLC_NODE_HOST": node.address,
        "PORT": str(node.port),
        WORKERS_HERE: str(here),
        "DIGITS_START_SECONDS": str(start_seconds),
    }


def command(node: Node, variables: dict[str, str], arguments: Sequence[str], ssh: str) -> list[str]:
    """The words of the command that starts the node: Python here, or ssh to the same folder on its host.

    `variables` are those of `environment`, `arguments` those of `python -m helpers`; `ssh` is a command with options.
    Raises DigitsError where that is none.
    """
    program = [sys.executable, "-m", "helpers.cli.node", *arguments]
    if node.host is None:
        return program
    passed_on = {name: value for name, value in os.environ.items() if name.startswith(PASSED_ON)}
    settings = [f"{name}={value}" for name, value in (passed_on | variables).items()]
    # The shell stays and gives the exit code, 137 after a kill: ssh would say nothing of the signal itself.
    script = f"cd {shlex.quote(str(Path.cwd()))} && {shlex.join(['env', *settings, *program])}; exit $?"
    options = ["BatchMode=yes", f"ConnectTimeout={CONNECT_SECONDS}"]
    options += [f"ServerAliveInterval={LOST_SECONDS // 3}", "ServerAliveCountMax=2"]  # the third silence is too much
    words = [word for option in options for word in ("-o", option)]
    return [*_words_of(ssh), *words, node.host, shlex.join(["sh", "-c", script])]


def _words_of(ssh: str) -> list[str]:
    """The command as a shell would split it."""
    try:
        words = shlex.split(ssh)
    except ValueError:  # a quotation without its end
        words = []
    if not words:
        raise DigitsError(f'expected the command that runs ssh, got "{ssh}": write it as in "ssh -p 2222 -i key"')
    return words


def _numbers(count: int) -> list[int]:
    """Different numbers by chance, in rising order: positive ones of 32 bits, the type that ps-lite has for a port."""
    found: set[int] = set()
    while len(found) < count:
        found.add(1 + secrets.randbelow(2**31 - 1))
    return sorted(found)


def _addresses(hosts: Sequence[str]) -> dict[str, str]:
    """The IPv4 address of each host."""
    found = {}
    for host in hosts:
        name = host.rpartition("@")[2]
        try:
            found[host] = socket.getaddrinfo(name, None, socket.AF_INET)[0][4][0]
        except (OSError, UnicodeError) as error:
            given = f'expected a host that has an address, got "{name}"'
            raise DigitsError(f"{given}: correct its name, or give its IPv4 address") from error
    local = [host for host, address in found.items() if address.startswith("127.")]
    if local and len(set(found.values())) > 1:
        given = f'expected addresses that all hosts reach, got "{local[0]}", which means another machine on each host'
        raise DigitsError(f"{given}: give the address that all others reach")
    return found
