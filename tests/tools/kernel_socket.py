"""A kernel's websocket as a browser opens it, for tests without a browser."""

import asyncio
import json
from contextlib import asynccontextmanager
from uuid import uuid4

from jupyter_server.services.kernels.connection.base import deserialize_msg_from_ws_v1, serialize_msg_to_ws_v1
from tornado.httpclient import HTTPRequest
from tornado.websocket import websocket_connect

PROTOCOL = "v1.kernel.websocket.jupyter.org"


class KernelSocket:
    """Sends and receives Jupyter messages; `connection` is tornado's websocket, for messages that are none."""

    def __init__(self, connection):
        self.connection = connection

    async def send(self, kind: str, channel: str = "shell", **content) -> str:
        """Send a request on a channel and return its id."""
        number = uuid4().hex
        header = {"msg_id": number, "msg_type": kind, "session": "test", "username": "", "version": "5.3"}
        message = {"header": header, "parent_header": {}, "metadata": {}, "content": content}
        whole = serialize_msg_to_ws_v1(message, channel, lambda part: json.dumps(part).encode())
        await self.connection.write_message(whole, binary=True)
        return number

    async def receive(self, wanted, seconds: float = 20) -> dict:
        """The next message for which wanted(message) is true."""
        async with asyncio.timeout(seconds):
            while True:
                received = await self.connection.read_message()
                assert received is not None, "the server closed the socket"
                _, parts = deserialize_msg_from_ws_v1(received)
                names = ("header", "parent_header", "metadata", "content")
                message = {name: json.loads(part) for name, part in zip(names, parts, strict=False)}
                if wanted(message):
                    return message

    async def ask(self, kind: str, **content) -> dict:
        """Send a request and return its reply."""
        number = await self.send(kind, **content)
        reply = kind.replace("request", "reply")
        return await self.receive(
            lambda message: message["header"]["msg_type"] == reply and message["parent_header"].get("msg_id") == number
        )


@asynccontextmanager
async def kernel_socket(port: int, kernel: str, token: str = "", protocol: str = PROTOCOL, headers: dict | None = None):
    address = f"ws://127.0.0.1:{port}/api/kernels/{kernel}/channels?session_id={uuid4().hex}&token={token}"
    request = HTTPRequest(address, headers=headers, connect_timeout=300)  # twenty kernels may be starting at once
    connection = await websocket_connect(request, subprotocols=[protocol])
    try:
        yield KernelSocket(connection)
    finally:
        connection.close()
