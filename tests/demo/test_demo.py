"""`make demo` as visitors meet it and as whoever runs it does; tests/browser/ draws on it in a real browser."""

import asyncio
import json
import os
import re
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request

import pytest
from tornado.httpclient import HTTPClientError

from demo import visitors
from demo.__main__ import exposure, make_parser
from tests.tools import hosts
from tests.tools.kernel_socket import kernel_socket
from tests.tools.visit import SEVEN, Visit, get


def refusal(url):
    """The status and the page of an address that is not served."""
    with pytest.raises(urllib.error.HTTPError) as error:
        get(url)
    return error.value


@pytest.fixture(scope="module")
def host():
    with hosts.voila(VISITORS=2) as host:
        yield host


@pytest.fixture(scope="module")
def visit(host):
    return Visit(host.port)


def test_it_says_where_to_open_it(host):
    assert host.log() == f"Draw a digit at {host.url()} (Ctrl-C stops it)\n"


def test_the_page(visit):
    assert "<title>Draw a digit</title>" in visit.html
    assert '<meta name="viewport" content="width=device-width' in visit.html
    assert "<h1>Draw a digit</h1>" in visit.html
    assert "import" not in re.sub(r"<style>.*?</style>", "", visit.html, flags=re.DOTALL), "it shows its source"
    assert re.findall(r'(?:src|href)="(?:https?:)?//[^"]*', visit.html) == [], "it needs a network"


def test_visitors_have_a_kernel_each_until_the_server_is_full(host, visit):
    other = Visit(host.port)
    assert other.kernel != visit.kernel
    assert len(host.kernels()) == 2

    full = refusal(host.url())
    assert full.code == 503
    assert full.headers["Retry-After"] == "10"
    page = full.read().decode()
    assert "<h1>Every place is taken</h1>" in page
    assert "2 people are drawing now" in page
    assert '<meta http-equiv="refresh" content="10">' in page
    assert "Traceback" not in page

    other.close()
    assert hosts.wait_until(lambda: len(host.kernels()) == 1, 10)
    assert get(f"{host.url()}api/kernels/{visit.kernel}")


def test_it_reads_a_drawing(visit):
    async def draw():
        async with visit.socket() as kernel:
            return await visit.draw(kernel, SEVEN)

    result = asyncio.run(draw())
    assert result["error"] == ""
    assert [reading["answer"] for reading in result["readings"].values()] == [7]


def test_another_protocol_is_refused(host, visit):
    async def connect():
        async with kernel_socket(host.port, visit.kernel, protocol="other"):
            pass

    with pytest.raises(HTTPClientError, match="400"):
        asyncio.run(connect())


PATHS = [
    "voila/files/draw.ipynb",
    "voila/files/server.py",
    "voila/files/page/page.css",
    "voila/tree",
    "files/draw.ipynb",
]
PATHS += ["api/contents", "api/kernels", "api/sessions", "api/terminals", "terminals/1", "lab", "tree", "draw.ipynb"]


@pytest.mark.parametrize("path", PATHS)
def test_nothing_else_is_served(host, path):
    kernels = len(host.kernels())
    assert refusal(host.url() + path).code in (403, 404)
    assert len(host.kernels()) == kernels


@pytest.mark.slow
def test_an_idle_visitor_loses_the_place_and_is_told():
    with hosts.voila(VISITORS=1, IDLE=5) as host:
        visit = Visit(host.port)

        async def wait():
            async with visit.socket() as kernel:
                for seq in (1, 3, 5, 7):  # longer than the idle time, but drawing
                    await asyncio.sleep(1.5)
                    await visit.draw(kernel, SEVEN, seq)
                return await kernel.receive(lambda message: message["content"].get("execution_state") == "dead")

        assert asyncio.run(wait())["header"]["msg_type"] == "status"
        assert hosts.wait_until(visit.is_over, 10)
        assert host.kernels() == []
        Visit(host.port).close()


def test_a_page_that_closed_silently_frees_its_place(monkeypatch):
    async def cull():
        manager = visitors.VisitorKernels(visitors=1, cull_idle_timeout=300)
        kernel = await manager.start_kernel()
        try:
            await asyncio.sleep(0.2)
            for closed, connections, stays in ((60, 0, True), (0, 1, True), (0, 0, False)):
                monkeypatch.setattr(visitors, "CLOSED", closed)
                manager._kernel_connections[kernel] = connections
                await manager.cull_kernel_if_idle(kernel)
                assert (kernel in manager) == stays
        finally:
            await manager.shutdown_all(now=True)

    asyncio.run(cull())


# Whoever runs it


@pytest.mark.slow
def test_ctrl_c_leaves_nothing_behind():
    """Also with HOST, which says in one line what that exposes."""
    with hosts.voila(HOST="0.0.0.0", VISITORS=3) as host:
        Visit(host.port)
        kernels = host.kernels()
        assert kernels
        os.killpg(host.process.pid, signal.SIGINT)  # as a terminal does it
        host.process.wait(timeout=20)
        assert hosts.wait_until(lambda: not host.kernels(), 5)
        printed = [line for line in host.log().splitlines() if not line.startswith("make: ")]
        assert printed == [exposure("0.0.0.0", 3), f"Draw a digit at {host.url()} (Ctrl-C stops it)"]


def test_a_variable_of_the_shell_exposes_nothing():
    def dry(*arguments):
        command = ["make", "--dry-run", "--old-file=venv", "demo", *arguments]
        environment = {"PATH": os.environ["PATH"], "HOST": "0.0.0.0"}
        done = subprocess.run(command, cwd=hosts.ROOT, env=environment, capture_output=True, check=True, text=True)
        return done.stdout

    assert "--host" not in dry()
    assert "--host='0.0.0.0'" in dry("HOST=0.0.0.0")


def test_what_another_host_exposes_is_one_line():
    line = exposure("0.0.0.0", 3)
    assert len(line.splitlines()) == 1
    for part in ("0.0.0.0", "anyone", "without password", "up to 3 visitors", "not code"):
        assert part in line


def serve(*options):
    command = [sys.executable, "-m", "demo", *options]
    return subprocess.run(command, cwd=hosts.ROOT, capture_output=True, text=True, timeout=300)


def test_a_port_that_is_taken():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = serve("--port", str(port))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        f"error: cannot serve at 127.0.0.1, port {port}: the port is taken: choose another, for example "
        "`make demo PORT=8867`\n"
    )


def test_a_host_that_does_not_exist():
    done = serve("--host", "no-such-host.invalid", "--port", str(hosts.free_port()))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.splitlines()[0].endswith("there is no such host: correct its name, or give an address")


WRONG = ["--port=x", "--port=70000", "--visitors=0", "--idle=-1", "--memory=10", "more", "--allow-host=http://name"]
WRONG += ["--allow-host=name:80", "--allow-host=a b", "--allow-host=*"]


@pytest.mark.parametrize("options", [[option] for option in WRONG])
def test_wrong_options(options, capsys):
    with pytest.raises(SystemExit) as end:
        make_parser().parse_args(options)
    assert end.value.code == 2
    assert json.dumps(options[0].partition("=")[2])[1:-1] in capsys.readouterr().err


def test_names_to_allow():
    assert make_parser().parse_args([]).allow_host == []
    options = make_parser().parse_args(["--allow-host", "Digits.Example.org.", "--allow-host=name-8866.app.github.dev"])
    assert options.allow_host == ["digits.example.org", "name-8866.app.github.dev"]


def test_the_help_tells_the_limits(capsys):
    with pytest.raises(SystemExit):
        make_parser().parse_args(["--help"])
    told = " ".join(capsys.readouterr().out.split())
    assert (
        "the most memory of a visitor's process, which ends within a second when it holds more (default: 500)" in told
    )
    assert "at 180 MB of memory each (default: 20)" in told
    assert make_parser().get_default("memory") == visitors.VisitorKernels().memory == 500
