"""Which messages of a page reach its kernel: those that the page of the demo sends, and no others.

A page begins with `kernel_info_request`, asks for the state of the widgets on a comm of its own, which it opens and
closes again, and then sends drawings to the canvas. Anything else could fill the memory of a kernel, stop it, or run
code in it. A message that only its sender's program could have made is a reason to close the connection: what counts
offsets, unpacks or queues messages further on believes in them.

Serves the demo's websocket.
"""

import json
import struct
from itertools import pairwise
from typing import NamedTuple

PROTOCOL = "v1.kernel.websocket.jupyter.org"
LARGEST = 256 * 1024  # bytes of a message: 10,000 points, as many as the pad takes, are 170 KB of JSON
MOST_OFFSETS = 64
MOST_UNANSWERED = 16  # the page waits for each answer before it sends the next drawing
LONGEST_NAME = 100  # characters of a name or date in a header
CONTROL = "jupyter.widget.control"
HEADER = {"date", "msg_id", "msg_type", "session", "username", "version"}


class Message(NamedTuple):
    """A message as it comes over the websocket: its channel and four dicts."""

    channel: str
    header: dict
    parent_header: dict
    metadata: dict
    content: dict


class Conversation:
    """What one page and its kernel say to each other, as far as it decides what the page may say next."""

    def __init__(self):
        self._unanswered: set[str] = set()
        self._control = None  # the comm on which the page asks for the widgets

    def admits(self, raw: bytes | str) -> bool:
        """Whether this message of the page is one that the kernel is to receive.

        Raises ValueError for what is no message, and when too many are still to be answered.
        """
        message = read_message(raw)
        number = message.header["msg_id"]
        if number in self._unanswered or len(self._unanswered) >= MOST_UNANSWERED:
            raise ValueError("the page does not wait for answers")
        if message.channel != "shell" or message.parent_header or not self._is_expected(message):
            return False
        self._unanswered.add(number)
        return True

    def note(self, raw: bytes) -> None:
        """Take notice of a message of the kernel: when it is idle again, it has answered."""
        channel, *parts = split(raw)
        message = Message(channel.decode(), *map(json.loads, parts[:4]))
        if message.header.get("msg_type") == "status" and message.content.get("execution_state") == "idle":
            self._unanswered.discard(message.parent_header.get("msg_id"))

    def _is_expected(self, message: Message) -> bool:
        content = message.content
        comm = content.get("comm_id")
        match message.header["msg_type"]:
            case "kernel_info_request":
                return content == {}
            case "comm_open":
                expected = self._control is None and _is_name(comm)
                if expected and content == {"comm_id": comm, "target_name": CONTROL, "data": {}}:
                    self._control = comm
                    return True
            case "comm_close":
                if comm == self._control is not None:
                    self._control = None
                    return True
            case "comm_msg" if _is_name(comm) and content.keys() == {"comm_id", "data"}:
                data = content["data"]
                return data == {"method": "request_states"} if comm == self._control else is_drawing(data)
        return False


def read_message(raw: bytes | str) -> Message:
    """Take a message of a page apart. Raises ValueError unless it is one, with offsets and JSON as they should be."""
    if isinstance(raw, str) or len(raw) > LARGEST:
        raise ValueError("not a binary message of a page's size")
    channel, *parts = split(raw)
    if len(parts) != 4:
        raise ValueError("not a message of four parts")
    try:
        message = Message(channel.decode(), *map(json.loads, parts))
    except RecursionError as error:
        raise ValueError("not JSON of a page's depth") from error
    if not all(isinstance(part, dict) for part in message[1:]):
        raise ValueError("not four dicts")
    if not (message.header.keys() <= HEADER and all(map(_is_name, message.header.values()))):
        raise ValueError("not a header of a page")
    if not (message.header.get("msg_id") and message.header.get("msg_type")):
        raise ValueError("no header")
    return message


def split(raw: bytes) -> list[bytes]:
    """The parts of a binary message: its channel, then JSON, then buffers.

    It begins with the number of offsets, 8 bytes, little-endian, and the offsets. Raises ValueError where they are more
    than 64, run back or lead elsewhere.
    """
    count = int.from_bytes(raw[:8], "little")
    if not 2 <= count <= MOST_OFFSETS or len(raw) < 8 * (1 + count):
        raise ValueError("not as many offsets as it says")
    offsets = list(struct.unpack_from(f"<{count}Q", raw, 8))
    if offsets[0] != 8 * (1 + count) or offsets != sorted(offsets) or offsets[-1] > len(raw):
        raise ValueError("offsets that lead elsewhere")
    return [raw[start:end] for start, end in pairwise(offsets)]


def _is_name(value: object) -> bool:
    return isinstance(value, str) and len(value) <= LONGEST_NAME


def is_drawing(data: object) -> bool:
    """Whether a comm's message sets the trait `drawing`, to whatever value: the canvas itself says what is wrong."""
    if not isinstance(data, dict):
        return False
    state = data.get("state")
    return data | {"state": None} == {"method": "update", "state": None, "buffer_paths": []} and (
        isinstance(state, dict) and state.keys() == {"drawing"}
    )
