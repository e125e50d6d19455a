"""A server extension for tests: PROBE lists for each open kernel websocket whether its socket has TCP_NODELAY."""

import socket

from jupyter_server.services.kernels.connection.channels import ZMQChannelsWebsocketConnection
from tornado.web import RequestHandler

PROBE = "/voila/static/probe"  # the demo serves no other kind of path


class Probe(RequestHandler):
    def get(self):
        sockets = [
            connection.websocket_handler.ws_connection.stream.socket
            for connection in ZMQChannelsWebsocketConnection._open_sockets
        ]
        self.write({"nodelay": [bool(each.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)) for each in sockets]})


def _load_jupyter_server_extension(server):
    server.web_app.add_handlers(".*", [(PROBE, Probe)])


def main(port: str) -> None:
    """Serve the demo with PROBE."""
    from demo.__main__ import listen, make_parser
    from demo.server import Demo

    class ProbedDemo(Demo):
        def init_handlers(self):
            return [(PROBE, Probe), *super().init_handlers()]

    demo = ProbedDemo(listen("127.0.0.1", int(port)), {"localhost"}, make_parser().parse_args(["--visitors=2"]))
    demo.initialize([])
    demo.start()
