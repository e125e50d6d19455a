"""Voila as a web page for anyone: one notebook, a limited number of kernels, and nothing else of this computer."""

import logging
import signal
from pathlib import Path
from socket import socket

from tornado.httpserver import HTTPServer
from tornado.ioloop import IOLoop
from tornado.web import HTTPError
from traitlets.config import Config
from voila.app import Voila
from voila.paths import collect_static_paths, collect_template_paths
from voila.shutdown_kernel_handler import VoilaShutdownKernelHandler
from voila.tornado.handler import TornadoVoilaHandler
from voila.tornado.kernel_websocket_handler import VoilaKernelWebsocketHandler

from demo.visitors import VisitorKernels
from helpers.base.server import PromptConnection

HERE = Path(__file__).parent
WIDGETS = ["@voila-dashboards/widgets-manager8", "@jupyter-widgets/jupyterlab-manager", "anywidget"]
PROTOCOL = "v1.kernel.websocket.jupyter.org"
RETRY = 10  # seconds after which the page of a full server tries again


class Page(TornadoVoilaHandler):
    """The page that people draw on, or that of page/503.html when every place is taken."""

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


class Channels(VoilaKernelWebsocketHandler):
    """A kernel's websocket that takes whole messages of the current protocol, nothing else.

    Voila and Jupyter count up to whatever number a message begins with, so one wrong message would stop the server.
    """

    def select_subprotocol(self, offered: list[str]) -> str:
        """Refuse a page that does not offer the current protocol with HTTP error 400."""
        if PROTOCOL not in offered:
            raise HTTPError(400)
        return PROTOCOL

    def on_message(self, message: bytes | str) -> None:
        """Close the connection on a message that is too short for the number of parts it claims."""
        if isinstance(message, bytes) and 8 * (1 + int.from_bytes(message[:8], "little")) <= len(message):
            super().on_message(message)
        else:
            self.close()


class Demo(Voila):
    """The page of demo/draw.ipynb, until SIGINT, SIGTERM or SIGHUP."""

    connection = PromptConnection

    def __init__(self, sockets: list[socket], visitors: int, idle: int):
        """sockets: where it listens; visitors: how many at once; idle: seconds without a stroke until a kernel ends."""
        limits = {
            "visitors": visitors,
            "cull_idle_timeout": idle,
            "cull_interval": min(10, max(1, idle // 5)),
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
            log_level="ERROR",
            kernel_websocket_connection_class=self.connection,
            config=Config(VoilaConfiguration=page, VisitorKernels=limits),
        )
        self._sockets = sockets
        logging.getLogger("tornado").setLevel(logging.ERROR)
        logging.getLogger("tornado.access").setLevel(logging.CRITICAL)  # a line for each visitor who has to wait

    def load_config_file(self, *_, **__) -> None:
        """Load no file: what its user allows on other pages is not allowed on this one."""

    def setup_template_dirs(self) -> None:
        """Look for templates in page/ first, then among Voila's."""
        names = ["voila", "nbconvert"]
        self.template_paths = [str(HERE / "page"), *collect_template_paths(names, "lab", prune=True)]
        self.static_paths = collect_static_paths(names, "lab")

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
        HTTPServer(self.app).add_sockets(self._sockets)
        self.ioloop = IOLoop.current()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._handle_signal_stop)
        try:
            self.ioloop.start()
        finally:
            self.stop()
