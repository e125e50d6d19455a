"""Voila as a web page for anyone: one notebook, a limited number of kernels, and nothing else of this computer."""

import gc
import logging
import re
import signal
from argparse import Namespace
from collections import Counter
from pathlib import Path
from socket import socket

from tornado.ioloop import IOLoop
from tornado.web import HTTPError
from traitlets.config import Config
from voila.app import Voila
from voila.paths import collect_static_paths, collect_template_paths
from voila.shutdown_kernel_handler import VoilaShutdownKernelHandler
from voila.tornado.handler import TornadoVoilaHandler
from voila.tornado.kernel_websocket_handler import VoilaKernelWebsocketHandler

from demo.door import CONNECTIONS, LIMITS, Door, Server
from demo.messages import LARGEST, PROTOCOL, Conversation
from demo.visitors import VisitorKernels
from helpers.base.server import PromptConnection

HERE = Path(__file__).parent
WIDGETS = ["@voila-dashboards/widgets-manager8", "@jupyter-widgets/jupyterlab-manager", "anywidget"]
RETRY = 10  # seconds after which the page of a full server tries again
COOKIE = "digits"
SOCKETS = 3  # of a page: one, and one or two that are lost and not closed yet
# Messages that each connection remembers, so that none counts twice. With Jupyter's 65,536 the server grew by 160 MB in
# an hour with twenty visitors.
HISTORY = 1000
SESSION = re.compile(r"[\w-]{1,64}", re.ASCII)


class Page(TornadoVoilaHandler):
    """The page that people draw on, or that of page/503.html when every place is taken.

    A place is given to somebody who sees the page, not to a picture or a frame in a page of another site.
    """

    async def get(self, path: str | None = None) -> None:
        """Give the visitor a place, or first the page that asks for one."""
        if self.is_visit():
            await super().get()
        else:
            self.set_cookie(COOKIE, "1", expires_days=None, samesite="Strict")
            self.set_header("Cache-Control", "no-store")
            self.finish(self.render_template("door.html", cookie=COOKIE))

    def is_visit(self) -> bool:
        """Whether the reader of this server's page, or of no page, asks.

        Browsers say so where the address begins with https or is this computer's; elsewhere a cookie tells, which they
        send only where a page of this server asks.
        """
        site = self.request.headers.get("Sec-Fetch-Site")
        if site:
            return site in ("none", "same-origin") and self.request.headers.get("Sec-Fetch-Dest") == "document"
        return self.get_cookie(COOKIE) is not None

    def write_error(self, status_code: int, **options) -> None:
        """Tell a browser that finds the server full when to try again."""
        if status_code == 503:
            self.set_header("Retry-After", str(RETRY))
        super().write_error(status_code, **options)

    def render_template(self, name: str, **values) -> str:
        """Give the templates the number of places and the seconds until the next try."""
        return super().render_template(name, visitors=self.kernel_manager.visitors, retry=RETRY, **values)


class Leave(VoilaShutdownKernelHandler):
    """Takes what a page sends when it closes; that cannot carry a token against cross-site requests."""

    def check_xsrf_cookie(self) -> None:
        """The kernel's id is proof enough: only its page knows it."""

    def check_origin(self, *_) -> bool:
        """The door has checked it."""
        return True


class Channels(VoilaKernelWebsocketHandler):
    """A kernel's websocket that takes what the page of the demo sends, in the current protocol, and nothing else."""

    def check_origin(self, *_) -> bool:
        """The door has checked it."""
        return True

    async def get(self, kernel_id: str) -> None:
        """Serve until it closes. Refuses an unknown kernel with HTTP error 404, a session that is none with 400, and
        more websockets than a page needs with 429.
        """
        if kernel_id not in self.kernel_manager:
            raise HTTPError(404)
        if not SESSION.fullmatch(self.get_argument("session_id", "")):
            raise HTTPError(400)
        if self.kernel_manager.sockets[kernel_id] >= SOCKETS:
            raise HTTPError(429)
        self._conversation = Conversation()
        self.kernel_manager.sockets += Counter([kernel_id])
        try:
            await super().get(kernel_id)
        finally:
            self.kernel_manager.sockets -= Counter([kernel_id])

    def select_subprotocol(self, offered: list[str]) -> str:
        """Refuse a page that does not offer the current protocol with HTTP error 400."""
        if PROTOCOL not in offered:
            raise HTTPError(400)
        return PROTOCOL

    def on_message(self, message: bytes | str) -> None:
        """Hand on what the page says, leave out what it never says, and close the connection on what is no message."""
        try:
            admitted = self._conversation.admits(message)
        except ValueError:
            self.close()
            return
        if admitted:
            super().on_message(message)

    def write_message(self, message: bytes, binary: bool = True):
        """Send what the kernel says, and take note of it."""
        if isinstance(message, bytes):  # text: as the websocket closes, Jupyter falls back on its old protocol
            self._conversation.note(message)
        return super().write_message(message, binary)

    def on_close(self) -> None:
        """Let go of the kernel, unless the browser has left before it was reached."""
        if getattr(self, "connection", None):
            super().on_close()


class Demo(Voila):
    """The page of demo/draw.ipynb, until SIGINT, SIGTERM or SIGHUP."""

    connection = PromptConnection

    def __init__(self, sockets: list[socket], names: set[str], options: Namespace):
        """sockets: where it listens; names: those of this server; options: allow_host, visitors, idle and memory."""
        kernels = {
            "visitors": options.visitors,
            "memory": options.memory,
            "cull_idle_timeout": options.idle,
            "cull_interval": min(10, max(1, options.idle // 5)),
            "cull_connected": True,  # the page in a forgotten tab is connected too
        }
        page = {
            "multi_kernel_manager_class": VisitorKernels,
            "allow_template_override": "NO",
            "allow_theme_override": "NO",
            "file_allowlist": [],
            "extension_allowlist": WIDGETS,
        }
        super().__init__(
            notebook_path=str(HERE / "draw.ipynb"),
            open_browser=False,
            log=logging.getLogger("demo"),
            kernel_websocket_connection_class=self.connection,
            tornado_settings={"websocket_max_message_size": LARGEST},
            config=Config(VoilaConfiguration=page, VisitorKernels=kernels, Session={"digest_history_size": HISTORY}),
        )
        self._sockets = sockets
        self._names = names
        self._options = options

    def load_config_file(self, *_, **__) -> None:
        """Load no file: what its user allows on other pages is not allowed on this one."""

    def setup_template_dirs(self) -> None:
        """Look for templates in page/ first, then among Voila's."""
        names = ["voila", "nbconvert"]
        self.template_paths = [str(HERE / "page"), *collect_template_paths(names, "lab", prune=True)]
        self.static_paths = collect_static_paths(names, "lab")

    def init_settings(self) -> dict:
        """Voila's settings, with page/error.html in place of Jupyter's pages, which ask for files that are not here."""
        settings = super().init_settings()
        return settings | {"jinja2_env": settings["voila_jinja2_env"]}

    def init_handlers(self) -> list:
        """Voila's handlers, with this module's in place of three of them."""
        own = {
            TornadoVoilaHandler: Page,
            VoilaShutdownKernelHandler: Leave,
            VoilaKernelWebsocketHandler: Channels,
        }
        return [(path, own.get(handler, handler), *rest) for path, handler, *rest in super().init_handlers()]

    def listen(self) -> None:
        """Serve until a signal."""
        server = Server(Door(self.app, self._names, set(self._options.allow_host)), **LIMITS)
        server.connections += CONNECTIONS * self._options.visitors
        server.add_sockets(self._sockets)
        self.ioloop = IOLoop.current()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._handle_signal_stop)
        gc.freeze()  # what is here now stays, and need not be looked through when a visitor leaves
        try:
            self.ioloop.start()
        finally:
            self.stop()
