"""What a stranger may try at a demo that runs, by messages, requests and connections: it keeps serving the others."""

import asyncio
import http.client
import itertools
import json
import socket
import struct
import time
from contextlib import AsyncExitStack, ExitStack, closing

import psutil
import pytest
from tornado.httpclient import HTTPClientError

from demo import log
from demo.__main__ import make_parser
from demo.door import CONNECTIONS, WAIT, own_names
from demo.messages import MOST_UNANSWERED
from demo.server import SOCKETS
from demo.visitors import MEGABYTE, VisitorKernels
from tests.tools import hosts
from tests.tools.kernel_socket import kernel_socket
from tests.tools.visit import SEVEN, STEPS, Visit, result_in


@pytest.fixture(scope="module")
def host():
    with hosts.voila(VISITORS=2, ALLOW_HOST="digits.example.org other.example.org") as host:
        yield host


@pytest.fixture(scope="module")
def visit(host):
    return Visit(host.port)


def server_memory(host):
    """Megabytes of the server, without its kernels."""
    make = psutil.Process(host.process.pid)
    (server,) = [process for process in [make, *make.children()] if "-m demo" in " ".join(process.cmdline())]
    return server.memory_info().rss / MEGABYTE


async def is_closed(kernel, seconds=20):
    """Read until the server closes the socket."""
    try:
        async with asyncio.timeout(seconds):
            while await kernel.connection.read_message() is not None:
                pass
    except TimeoutError:
        return False
    return True


# Messages


@pytest.mark.slow
def test_offsets_that_repeat_take_no_memory(host, visit):
    """100 KB as 6,000 parts of which every second is all of it."""
    count = 6000
    message = struct.pack(f"<{1 + count}Q", count, *[8 * (1 + count), 100_000] * (count // 2))
    message += b"x" * (100_000 - len(message))

    async def attack():
        async with visit.socket() as kernel:
            await kernel.connection.write_message(message, binary=True)
            return await is_closed(kernel)

    before = server_memory(host)
    assert asyncio.run(attack())
    assert server_memory(host) < before + 50


WRONG = {"text": "{}", "empty": b"", "noise": b"\xff" * 64, "too many parts": (2**62).to_bytes(8, "little")}
WRONG["a deep one"] = struct.pack("<7Q", 6, 56, 61, 50_061, 50_061, 50_061, 50_061) + b"shell" + b"[" * 50_000
WRONG["a header that is none"] = struct.pack("<7Q", 6, 56, 61, 63, 65, 67, 69) + b"shell" + b"[]{}{}{}"
WRONG["a large one"] = b"\0" * MEGABYTE


@pytest.mark.parametrize("message", WRONG.values(), ids=WRONG)
def test_a_wrong_message_closes_its_socket_and_stops_nobody(host, visit, message):
    async def send():
        async with visit.socket() as kernel:
            await kernel.connection.write_message(message, binary=isinstance(message, bytes))
            return await is_closed(kernel)

    logged = host.log()
    assert asyncio.run(send())
    assert not visit.is_over()
    assert host.log() == logged


KINDS = ["execute_request", "inspect_request", "complete_request", "comm_info_request", "comm_open", "shutdown_request"]
KINDS += ["interrupt_request", "debug_request", "create_subshell_request", "input_reply", "history_request"]


@pytest.mark.parametrize("channel", ["shell", "control", "stdin"])
def test_a_kernel_hears_of_no_other_kind(visit, tmp_path, channel):
    """What it had heard of would be answered, or be a file, before what it is asked afterwards is answered."""
    content = {"code": f"open({str(tmp_path / 'written')!r}, 'w').close()", "cursor_pos": 1, "silent": False}
    content |= {"command": "evaluate", "arguments": {}, "restart": False, "value": "x"}
    content |= {"comm_id": "mine", "target_name": "jupyter.widget", "data": {"x": "y" * 100_000}}

    async def attack():
        async with visit.socket() as kernel:
            numbers = [await kernel.send(kind, channel, **content) for kind in KINDS]
            await asyncio.sleep(0.5 if channel == "control" else 0)
            await kernel.send("kernel_info_request")
            answered = set()

            def is_last(message):
                answered.add(message["parent_header"].get("msg_id"))
                return message["header"]["msg_type"] == "kernel_info_reply"

            await kernel.receive(is_last)
            return answered.intersection(numbers)

    assert asyncio.run(attack()) == set()
    assert not (tmp_path / "written").exists()
    assert not visit.is_over()


def test_a_page_that_does_not_wait_loses_its_connection(host, visit):
    drawing = {"seq": 1, "strokes": [[[0.5, 0.5]] * 10_000], "pen": 0.06, "steps": STEPS, "inside": True}

    async def attack():
        async with visit.socket() as kernel:
            for _ in range(MOST_UNANSWERED + 10):
                await visit.send(kernel, drawing)
            return await is_closed(kernel)

    before = server_memory(host)
    assert asyncio.run(attack())
    assert server_memory(host) < before + 100
    assert not visit.is_over()


odd = itertools.count(101, 2)  # of drawings: one that equals the last would not be answered
DRAWINGS = {
    "a whole number of 400 digits": {"seq": 1, "strokes": [[[10**400, 0.5]]]},
    "a pen of 400 digits": {"seq": 1, "strokes": SEVEN, "pen": 10**400},
    "no number": {"strokes": SEVEN},
    "a list to look at": {"seq": 1, "strokes": SEVEN, "look_at": ["LeNet"], "inside": True},
    "a number for a unit": {"seq": 1, "strokes": SEVEN, "unit": 7, "inside": True},
    "a digit of 400 digits": {"seq": 1, "strokes": SEVEN, "digit": 10**400, "inside": True},
    "a list": [1, 2],
    "nothing": None,
}


@pytest.mark.parametrize("wrong", DRAWINGS.values(), ids=DRAWINGS)
def test_a_wrong_drawing_is_answered_and_so_is_the_next(host, visit, wrong):
    if isinstance(wrong, dict):
        wrong = {"pen": 0.06, "steps": STEPS, "inside": False} | wrong

    async def draw():
        async with visit.socket() as kernel:
            await visit.send(kernel, wrong)
            error = await kernel.receive(lambda message: (result_in(message) or {}).get("state") == "error")
            return result_in(error), await visit.draw(kernel, SEVEN, seq=next(odd))

    logged = host.log()
    error, answer = asyncio.run(draw())
    assert error["error"].startswith("expected ")
    assert len(error["error"]) < 200
    assert [reading["answer"] for reading in answer["readings"].values()] == [7]
    assert host.log() == logged


def test_a_page_has_few_websockets(visit):
    async def connect():
        async with await soon(visit), await soon(visit), await soon(visit):
            with pytest.raises(HTTPClientError, match="429"):
                async with visit.socket():
                    pass
        async with await soon(visit):  # those that are closed do not count
            pass

    async def soon(visit):
        """A connection, as soon as the server has noticed that others are closed."""
        stack = AsyncExitStack()
        async with asyncio.timeout(20):
            while True:
                try:
                    await stack.enter_async_context(visit.socket())
                    return stack
                except HTTPClientError:
                    await asyncio.sleep(0.1)

    assert SOCKETS == 3
    asyncio.run(connect())


@pytest.mark.parametrize("session", ["", "x" * 300, "%00", "a/b"])
def test_a_session_that_is_none(host, visit, session):
    path = f"/api/kernels/{visit.kernel}/channels?session_id={session}"
    assert ask(host.port, path=path).status == 400


def test_a_kernel_that_is_none(host):
    path = "/api/kernels/00000000-0000-0000-0000-000000000000"
    assert ask(host.port, path=path).status == 404
    assert ask(host.port, path=f"{path}/channels?session_id=x").status == 404
    assert ask(host.port, "POST", path=f"/voila/api/shutdown/{path[13:]}").status == 404


@pytest.mark.parametrize("body", [b"", b"token=%ff", b"token=\xff", b"x" * 1000])
def test_a_body_with_the_word_that_a_page_closes(host, body):
    path = "/voila/api/shutdown/00000000-0000-0000-0000-000000000000"
    logged = host.log()
    headers = {"Content_Length": str(len(body)), "Content_Type": "application/x-www-form-urlencoded"}
    assert ask(host.port, "POST", path, body, **headers).status in (400, 404)
    assert host.log() == logged


# Memory


def test_a_kernel_that_takes_too_much_ends():
    """It computes meanwhile, so it would hear of no request to stop."""

    async def fill():
        manager = VisitorKernels(memory=200)
        number = await manager.start_kernel()
        kernel = manager.get_kernel(number)
        client = kernel.client()
        client.start_channels()
        try:
            await asyncio.sleep(2)  # two looks
            stayed = number in manager
            client.execute("kept = b'x' * 300_000_000\nwhile True: pass")
            async with asyncio.timeout(20):
                while number in manager:
                    await asyncio.sleep(0.1)
            return stayed
        finally:
            client.stop_channels()
            await manager.shutdown_all(now=True)

    assert asyncio.run(fill())


def test_the_page_fits_well_within_its_memory(host, visit):
    """Also with the pictures of the inside, and after the largest drawing that a message holds."""

    async def draw():
        seq = next(odd)
        drawing = {"seq": seq, "strokes": [[[0.1234, 0.5678]] * 12_000], "pen": 0.06, "steps": STEPS, "inside": True}
        async with visit.socket() as kernel:
            await visit.send(kernel, drawing)
            await kernel.receive(lambda message: (result_in(message) or {}).get("seq") == seq)

    asyncio.run(draw())
    held = max(psutil.Process(pid).memory_info().rss for pid in host.kernels()) / MEGABYTE
    assert held < 0.8 * make_parser().get_default("memory")


# Requests


def ask(port, method="GET", path="/", body=None, **headers):
    """The answer to a request whose headers are these; `_` in their names stands for `-`."""
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    with closing(connection):
        connection.putrequest(method, path, skip_host="Host" in headers)
        for name, value in headers.items():
            connection.putheader(name, value)
        connection.endheaders(body)
        answer = connection.getresponse()
        answer.text = answer.read().decode(errors="replace")
        return answer


SOME_FILE = "/voila/static/voila.js"


@pytest.mark.parametrize("name", ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example", "evil", "[::"])
@pytest.mark.parametrize("path", ["/", SOME_FILE])
def test_another_host_name_is_refused_in_one_line(host, name, path):
    kernels = len(host.kernels())
    answer = ask(host.port, path=path, Host=f"{name}:{host.port}")
    assert answer.status == 403
    assert len(answer.text.splitlines()) == 1
    assert "start the demo with `--allow-host " in answer.text
    assert len(host.kernels()) == kernels


def test_the_line_names_the_host_to_allow(host):
    assert "`--allow-host evil.example`" in ask(host.port, Host="evil.example").text
    assert "`--allow-host NAME`" in ask(host.port, Host="a*b").text


@pytest.mark.parametrize(
    "name", ["localhost", "LocalHost.", "127.0.0.1:99", "[::1]:8866", "192.168.1.5", "digits.example.org"]
)
def test_its_own_names_are_not(host, name):
    assert ask(host.port, "HEAD", SOME_FILE, Host=name).status == 200


def test_the_computer_has_a_name_for_others_only_where_others_reach_it():
    here = socket.gethostname().lower()
    assert {here, "localhost"} <= own_names("0.0.0.0")
    assert own_names("Desk.Example.org") >= {"desk.example.org", here}
    assert own_names("127.0.0.1") - {"localhost", "127.0.0.1"} == set()


OWN = "http://127.0.0.1:{port}"


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        (OWN, 200),
        ("https://digits.example.org", 200),
        ("https://other.example.org:444", 200),
        ("http://evil.example", 403),
        ("http://127.0.0.1:1", 403),
        ("http://localhost:{port}", 403),
        ("null", 403),
        ("http://[", 403),
        ("", 403),
    ],
)
def test_a_page_of_another_site_is_refused(host, origin, status):
    answer = ask(host.port, "HEAD", SOME_FILE, Origin=origin.format(port=host.port))
    assert answer.status == status


@pytest.mark.parametrize("origin", [None, "https://digits.example.org", "http://evil.example"])
def test_a_websocket_of_another_site_is_refused(host, visit, origin):
    async def draw():
        headers = {"Origin": origin} if origin else {}
        async with kernel_socket(host.port, visit.kernel, headers=headers) as kernel:
            return await visit.draw(kernel, SEVEN, seq=next(odd))

    if origin == "http://evil.example":
        with pytest.raises(HTTPClientError, match="403"):
            asyncio.run(draw())
    else:
        assert asyncio.run(draw())["state"] == "sure"


TAKES_NO_PLACE = {
    "nothing said": {},
    "a picture in another site's page": {"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Dest": "image"},
    "a frame in it": {"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Dest": "iframe"},
    "a link in it": {"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Dest": "document"},
    "another port": {"Sec_Fetch_Site": "same-site", "Sec_Fetch_Dest": "document", "Cookie": "digits=1"},
    "a frame in the page itself": {"Sec_Fetch_Site": "same-origin", "Sec_Fetch_Dest": "iframe", "Cookie": "digits=1"},
    "another cookie": {"Cookie": "_xsrf=1"},
}


@pytest.mark.parametrize("headers", TAKES_NO_PLACE.values(), ids=TAKES_NO_PLACE)
def test_who_does_not_see_the_page_takes_no_place(host, visit, headers):
    kernels = len(host.kernels())
    answer = ask(host.port, **headers)
    assert (answer.status, len(host.kernels())) == (200, kernels)
    assert "Starting a place for you" in answer.text
    assert "SameSite=Strict" in "".join(answer.headers.get_all("Set-Cookie"))


def test_a_body_is_refused_before_it_has_come(host):
    """Six of 99 MB that never end, of which nothing is kept."""
    before = server_memory(host)
    with ExitStack() as stack:
        for _ in range(6):
            connection = stack.enter_context(socket.create_connection(("127.0.0.1", host.port), timeout=20))
            connection.sendall(
                f"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {99 * MEGABYTE}\r\n\r\n".encode()
            )
            try:
                for _ in range(20):
                    connection.sendall(b"x" * MEGABYTE)
                connection.recv(1000)
                assert connection.recv(1000) == b"", "the connection is still open"
            except ConnectionError:
                pass
        assert server_memory(host) < before + 20


@pytest.mark.parametrize("begin", ["", "GET / HT", "POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 9\r\n\r\nx"])
@pytest.mark.slow
def test_what_does_not_go_on_is_given_up(host, begin):
    with socket.create_connection(("127.0.0.1", host.port), timeout=2 * WAIT) as connection:
        connection.sendall(begin.encode())
        start = time.monotonic()
        while connection.recv(1000):
            pass
        assert time.monotonic() - start < 1.5 * WAIT


def test_connections_are_few(host):
    """More than a hundred above what its visitors need are closed at once; the others are still served."""
    most = 100 + CONNECTIONS * (1 + 2)
    with ExitStack() as stack:
        opened = [
            stack.enter_context(socket.create_connection(("127.0.0.1", host.port), timeout=5)) for _ in range(most + 20)
        ]
        assert opened[-1].recv(1) == b""
    assert hosts.wait_until(lambda: ask_or_none(host.port, "HEAD", SOME_FILE), 10).status == 200


def ask_or_none(*arguments):
    try:
        return ask(*arguments)
    except (OSError, http.client.HTTPException):
        return None


# The terminal


QUEER = [
    "/logout",
    "/login?next=/",
    "/%00",
    "/%ff",
    "/?token=%ff",
    "/voila/templates/nope/static/x",
    "/voila/templates/x",
]
QUEER += ["/voila/templates/lab/static/../../x", "/voila/static/%00", "/voila/static/nope.js", "/voila/static/..%2fx"]
QUEER += ["/voila/labextensions/nope", "/voila/labextensions/anywidget/nope", "/voila/api/themes/x", "/voila/files/%00"]
QUEER += [
    "/api/kernels/1-2-3-4-5",
    "/api/kernels/1-2-3-4-5/channels",
    "/api/kernels/%ff",
    "//evil.example/",
    "/" + "a" * 5000,
]


@pytest.mark.parametrize("path", QUEER)
def test_a_queer_path_is_no_news(host, path):
    logged = host.log()
    kernels = len(host.kernels())
    for method in ("GET", "POST", "PUT", "DELETE", "OPTIONS", "NONSENSE"):
        answer = ask(host.port, method, path, Cookie="digits=1")
        assert 400 <= answer.status < 500
        assert "Traceback" not in answer.text
    assert host.log() == logged
    assert len(host.kernels()) == kernels


RAW = [
    "\x16\x03\x01",
    "GET\r\n\r\n",
    "GET / HTTP/1.1\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    "\0" * 1000,
]
RAW += ["GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: \xff=\xff\r\nOrigin: http://[\r\n\r\n", "x" * 20_000]
RAW += ["POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n", "GET / HTTP/9.9\r\n\r\n"]


@pytest.mark.parametrize("text", RAW, ids=range(len(RAW)))
def test_what_is_no_request_is_no_news(host, text):
    logged = host.log()
    with socket.create_connection(("127.0.0.1", host.port), timeout=5) as connection:
        connection.sendall(text.encode("latin1"))
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(1000):
            pass
    assert host.log() == logged


def test_an_error_is_one_line_and_many_are_few(capfd, monkeypatch):
    """Those of other libraries, of tasks and of handlers go the same way."""
    now = 1000.0
    monkeypatch.setattr(log.time, "monotonic", lambda: now)
    root = log.logging.getLogger()
    handlers, level = root.handlers[:], root.level
    try:
        log.show_errors()
        for number in range(100):
            try:
                json.loads("\x1b[2J")
            except ValueError:
                log.logging.getLogger("tornado.application").exception("Uncaught %d\n%r", number, "\x1b[2J")
            log.logging.getLogger("tornado.access").error("503")
            log.logging.getLogger("asyncio").warning("slow")
        shown = capfd.readouterr().err.splitlines()
        assert shown[0] == "error: Uncaught 0: JSONDecodeError: Expecting value: line 1 column 1 (char 0)"
        assert len(shown) == 10
        assert "no more errors are shown for 60 seconds" in shown[-1]
        now += 61
        log.logging.getLogger("any").error("\x1b[2J" + "x" * 1000)
        (line,) = capfd.readouterr().err.splitlines()
        assert line.startswith("error: ?[2Jxxx")
        assert len(line) < 350
    finally:
        root.handlers, root.level = handlers, level
        log.logging.captureWarnings(False)
