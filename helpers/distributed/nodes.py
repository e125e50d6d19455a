"""Which process of a job runs where: on which host, at which address and port, and by which command.

Chapter 7 and the command line.
"""

import os
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
FIRST_PORT = 9091  # of a launch over ssh
CONNECT_SECONDS = 10  # for ssh to reach a host
LOST_SECONDS = 15  # after which ssh gives up a host that no longer answers
GRACE = 2  # seconds that a process gets to end in good order

# What the processes on other hosts get of this one's environment, beside MNIST_DIR and DIGITS_SOURCE.
PASSED_ON = ("MXNET_", "OMP_", "DIGITS_", "MNIST_DIR")

ONE_HOST_PER_LINE = "write one host per line, such as 10.0.0.2 or anna@room7"


@dataclass(frozen=True)
class Node:
    """One process: a scheduler, server or worker.

    `number` counts from 0 within its role; `host` is what ssh is given, or None on this machine; it listens at
    `address`, an IPv4 address, and `port`.
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


def plan(workers: int, servers: int, hosts: Sequence[str] | None = None, port: int | None = None) -> list[Node]:
    """The scheduler, then servers and workers, dealt out over the hosts in turn; without hosts all of them run here.

    The ports run up from `port`; where it is None they are any free ones here, and those from 9091 on on other hosts.
    (ps-lite numbers the workers of one host by their ports.) Raises DigitsError for a host without an address that
    all others reach, and for a port above 65535.
    """
    roles = [("scheduler", 0), *(("server", i) for i in range(servers)), *(("worker", i) for i in range(workers))]
    if port is None and not hosts:
        ports = _free_ports(len(roles))
    else:
        first = FIRST_PORT if port is None else port
        ports = list(range(first, first + len(roles)))
        if ports[-1] > 65535:
            given = f"expected {len(roles)} ports from the first on, up to 65535, got {first} as the first"
            raise DigitsError(f"{given}: give a lower one")
    addresses = _addresses(hosts) if hosts else {}
    nodes = []
    for (role, number), at in zip(roles, ports, strict=True):
        host = hosts[number % len(hosts)] if hosts else None
        nodes.append(Node(role, number, host, addresses.get(host, LOOPBACK), at))
    return nodes


def read_hostfile(path: str | Path) -> list[str]:
    """One host per line as ssh takes it, such as 10.0.0.2 or anna@room7; # starts a comment.

    Raises DigitsError where the file cannot be read or names no host.
    """
    try:
        lines = Path(path).read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise DigitsError(f"cannot read {path}: {reason(error)}") from error
    except UnicodeDecodeError as error:
        raise DigitsError(f"expected a text file, got {path}: {ONE_HOST_PER_LINE}") from error
    hosts = [line.partition("#")[0].strip() for line in lines]
    hosts = [host for host in hosts if host]
    for host in hosts:
        if host.startswith("-") or len(host.split()) > 1:
            raise DigitsError(f'expected one host per line in {path}, got the line "{host}": {ONE_HOST_PER_LINE}')
    if not hosts:
        raise DigitsError(f"expected one host per line in {path}, got no host: {ONE_HOST_PER_LINE}")
    return hosts


def environment(node: Node, nodes: Sequence[Node], start_seconds: float) -> dict[str, str]:
    """The environment variables that make a process this node. ps-lite listens at DMLC_NODE_HOST and PORT only.

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
        "DMLC_NODE_HOST": node.address,
        "PORT": str(node.port),
        WORKERS_HERE: str(here),
        "DIGITS_START_SECONDS": str(start_seconds),
    }


def command(node: Node, variables: dict[str, str], arguments: Sequence[str], ssh: str) -> list[str]:
    """The words of the command that starts the node: Python here, or ssh to the same folder on its host.

    `variables` are those of `environment`, `arguments` those of `python -m helpers`; `ssh` is a command with options.
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
    return [*shlex.split(ssh), *words, node.host, shlex.join(["sh", "-c", script])]


def _free_ports(count: int) -> list[int]:
    """Free ports in rising order. Another program could take one before it is used, and then the launch says so."""
    sockets = [socket.create_server((LOOPBACK, 0)) for _ in range(count)]
    ports = sorted(each.getsockname()[1] for each in sockets)
    for each in sockets:
        each.close()
    return ports


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
