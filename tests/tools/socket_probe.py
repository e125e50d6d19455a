"""A server extension for tests: /probe lists for each open kernel websocket whether its socket has TCP_NODELAY."""

import socket

from jupyter_server.services.kernels.connection.channels import ZMQChannelsWebsocketConnection
from tornado.web import RequestHandler


class Probe(RequestHandler):
    def get(self):
        sockets = [
            connection.websocket_handler.ws_connection.stream.socket
            for connection in ZMQChannelsWebsocketConnection._open_sockets
        ]
        self.write({"nodelay": [bool(each.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)) for each in sockets]})


def _load_jupyter_server_extension(server):
    server.web_app.add_handlers(".*", [("/probe", Probe)])


def main(port: str) -> None:
    """Serve the demo with /probe."""
    from demo.__main__ import listen
    from demo.server import Demo

    class ProbedDemo(Demo):
        def init_handlers(self):
            return [("/probe", Probe), *super().init_handlers()]

    demo = ProbedDemo(listen("127.0.0.1", int(port)), visitors=2, idle=300)
    demo.initialize([])
    demo.start()
