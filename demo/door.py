"""What comes in by HTTP, and with how much: the first thing that a request meets.

A page of another site can let its visitors' browsers send requests here, but it cannot choose what the browser writes
into their headers: the name under which it found this server (`Host`), and whose page is asking (`Origin`).

Serves the demo's server.
"""

import ipaddress
import re
import socket
from urllib.parse import urlsplit

from tornado.httpserver import HTTPServer
from tornado.httputil import HTTPMessageDelegate, HTTPServerRequest
from tornado.iostream import IOStream
from tornado.routing import Router
from tornado.web import Application, RequestHandler

from demo.messages import LARGEST

LOOPBACK = ("127.0.0.1", "localhost", "::1")
NAME = re.compile(r"[a-z0-9_]([a-z0-9_.-]{0,251}[a-z0-9_])?", re.ASCII)

KERNEL = r"\w{8}-\w{4}-\w{4}-\w{4}-\w{12}"
FILE = r"voila/(static|templates/lab/static|labextensions)(/[\w@-][\w@.-]*)+"
ASKED = {  # by the page, of all that Voila and Jupyter would answer
    "GET": re.compile(rf"/|/api/kernels/{KERNEL}(/channels)?|/{FILE}", re.ASCII),
    "POST": re.compile(rf"/voila/api/shutdown/{KERNEL}", re.ASCII),
}

CONNECTIONS = 10  # for each visitor: a browser opens six, and the websocket
WAIT = 10  # seconds for the rest of a request, and until the next one on the same connection
LIMITS = {
    "max_header_size": 16 * 1024,
    "max_body_size": 1024,  # the page sends a form of 136 bytes as it closes
    "max_buffer_size": 2 * LARGEST,
    "body_timeout": WAIT,
    "idle_connection_timeout": WAIT,
}
UNREAD = 8 * 1024 * 1024  # bytes that are kept for a browser which asks and does not read


class Server(HTTPServer):
    """Tornado's HTTP server, with a limited number of connections."""

    connections = 100 + CONNECTIONS

    def handle_stream(self, stream: IOStream, address: tuple) -> None:
        """Serve a connection, or close it when there are too many."""
        if len(self._connections) < self.connections:
            stream.max_write_buffer_size = UNREAD
            super().handle_stream(stream, address)
        else:
            stream.close()


class Door(Router):
    """Hands the requests of this server's own page to an application and refuses all others."""

    def __init__(self, app: Application, names: set[str], allowed: set[str]):
        """names: the host names under which a browser may find the page; allowed: those of proxies before it, too."""
        self._app = app
        self._names = names | allowed
        self._allowed = allowed

    def find_handler(self, request: HTTPServerRequest, **_) -> HTTPMessageDelegate | None:
        """The handler of a request: the application's, or a line that says why it has none."""
        host = request.headers.get("Host", "")
        origin = request.headers.get("Origin")
        name = host_name(f"//{host}")
        if name not in self._names and not is_address(name):
            return self._refuse(request, 403, wrong_name(name))
        if origin not in (None, f"http://{host}") and host_name(origin) not in self._allowed:
            return self._refuse(request, 403, "This page answers to itself alone: open it in a tab of its own.")
        if not is_asked(request):
            return self._refuse(request, 404, "There is nothing here: draw at the address that ends with /.")
        return self._app.find_handler(request)

    def _refuse(self, request: HTTPServerRequest, status: int, line: str) -> HTTPMessageDelegate:
        return self._app.get_handler_delegate(request, Refusal, {"status": status, "line": line})


class Refusal(RequestHandler):
    """An answer of one plain line."""

    def initialize(self, status: int, line: str) -> None:
        self._refusal = status, line

    def prepare(self) -> None:
        """Answer."""
        status, line = self._refusal
        self.set_status(status)
        self.set_header("Content-Type", "text/plain; charset=utf-8")
        self.set_header("X-Content-Type-Options", "nosniff")
        self.finish(line + "\n")


def own_names(host: str) -> set[str]:
    """The names of a server that listens at `host`; addresses are always right, since no name leads astray there."""
    names = {"localhost", host.lower()}
    if host in LOOPBACK:
        return names
    here = socket.gethostname().lower()
    return names | {here, here.partition(".")[0], here.partition(".")[0] + ".local"}


def host_name(url: str) -> str:
    """The host's name in a URL, "" where there is none."""
    try:
        return (urlsplit(url).hostname or "").removesuffix(".")
    except ValueError:
        return ""


def is_address(name: str) -> bool:
    """Whether this is an IP address, which nobody else's name server can let lead here."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def is_asked(request: HTTPServerRequest) -> bool:
    """Whether the page sends such requests: to these paths, and with text that can be decoded."""
    asked = ASKED.get({"HEAD": "GET"}.get(request.method, request.method))
    if not (asked and asked.fullmatch(request.path)):
        return False
    try:
        for values in request.query_arguments.values():
            b" ".join(values).decode()
    except UnicodeDecodeError:
        return False
    return True


def wrong_name(name: str) -> str:
    """What to do where a browser has found the page under a name that it was not started for."""
    name = name if NAME.fullmatch(name) else "NAME"
    allow = f"`--allow-host {name}`, or by `make demo ALLOW_HOST={name}`"
    return f"expected the name of this computer, got another one: to let it in, start the demo with {allow}"
