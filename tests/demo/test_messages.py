"""What a page may say on its websocket, message by message; test_strangers.py sends the same to a real server."""

import json
import struct

import pytest
from jupyter_server.services.kernels.connection.base import serialize_msg_to_ws_v1

from demo.messages import LARGEST, MOST_UNANSWERED, Conversation, split

HEADER = {"msg_id": "1", "msg_type": "kernel_info_request", "session": "s", "username": "", "version": "5.2"}
DRAWING = {"method": "update", "state": {"drawing": {"seq": 1, "strokes": []}}, "buffer_paths": []}


def raw(header=HEADER, content=None, channel="shell", parent=None, metadata=None, buffers=()):
    parts = [header, parent or {}, metadata or {}, {} if content is None else content]
    return serialize_msg_to_ws_v1([*(json.dumps(part).encode() for part in parts), *buffers], channel)


def said(kind, channel="shell", number="1", **content):
    return raw(HEADER | {"msg_type": kind, "msg_id": number}, content, channel)


def table(count, offsets, rest=b""):
    """A message that begins with this number and these offsets."""
    return struct.pack(f"<{1 + len(offsets)}Q", count, *offsets) + rest


BEGIN = 8 * 7  # of what follows the number and six offsets: the channel, four parts and the end
WRONG_TABLES = {
    "nothing": b"",
    "half a number": b"\x06\0\0",
    "no offsets": table(0, []),
    "fewer offsets than it says": table(6, [BEGIN] * 4),
    "as many offsets as a number holds": table(2**62, [BEGIN] * 6),
    "65 offsets": table(65, [8 * 66] * 65),
    "the first within the table": table(6, [BEGIN - 8] * 6, b"shell"),
    "the first beyond the table": table(6, [BEGIN + 1] * 6, b"shell"),
    "one runs back": table(6, [BEGIN, BEGIN + 9, BEGIN, BEGIN + 9, BEGIN + 9, BEGIN + 9], b"{} {} {} {}"),
    "the last beyond the end": table(6, [BEGIN, BEGIN + 5, BEGIN + 5, BEGIN + 5, BEGIN + 5, BEGIN + 6], b"shell"),
}


@pytest.mark.parametrize("message", WRONG_TABLES.values(), ids=WRONG_TABLES)
def test_offsets_that_lead_elsewhere(message):
    with pytest.raises(ValueError, match="offsets"):
        split(message)


def test_64_offsets_are_the_most():
    parts = [b"shell", *[b"{}"] * 62]
    assert split(serialize_msg_to_ws_v1(parts[1:], "shell")) == parts
    with pytest.raises(ValueError, match="not a message of four parts"):
        Conversation().admits(serialize_msg_to_ws_v1(parts[1:], "shell"))


WRONG_JSON = {
    "text": "{}",
    "too large": raw(content={"x": "y" * LARGEST}),
    "a buffer": raw(buffers=[b"x"]),
    "no JSON": serialize_msg_to_ws_v1([b"{", b"{}", b"{}", b"{}"], "shell"),
    "no UTF-8": serialize_msg_to_ws_v1([b"\xff\xff\xff", b"{}", b"{}", b"{}"], "shell"),
    "a channel that is no UTF-8": b"".join([raw()[:BEGIN], b"\xff" * 5, raw()[BEGIN + 5 :]]),
    "deep": serialize_msg_to_ws_v1([json.dumps(HEADER).encode(), b"{}", b"{}", b"[" * 100_000], "shell"),
    "deep and whole": serialize_msg_to_ws_v1([b"[" * 50_000 + b"]" * 50_000, b"{}", b"{}", b"{}"], "shell"),
    "a number of 5,000 digits": serialize_msg_to_ws_v1([b"{}", b"{}", b"{}", b'{"x": ' + b"1" * 5000 + b"}"], "shell"),
    "a header that is a list": raw(header=[]),
    "a header that is null": raw(header=None),
    "an empty header": raw(header={}),
    "a header without a number": raw(header=HEADER | {"msg_id": ""}),
    "a number that is a list": raw(header=HEADER | {"msg_id": [1]}),
    "a kind that is a dict": raw(header=HEADER | {"msg_type": {}}),
    "a long name": raw(header=HEADER | {"username": "x" * 1000}),
    "a subshell": raw(header=HEADER | {"subshell_id": "x"}),
    "a parent that is a list": serialize_msg_to_ws_v1([json.dumps(HEADER).encode(), b"[]", b"{}", b"{}"], "shell"),
    "metadata that are text": serialize_msg_to_ws_v1([json.dumps(HEADER).encode(), b"{}", b'"x"', b"{}"], "shell"),
    "content that is a list": raw(content=[]),
}


@pytest.mark.parametrize("message", WRONG_JSON.values(), ids=WRONG_JSON)
def test_what_is_no_message_of_a_page(message):
    with pytest.raises(ValueError, match=r".+"):
        Conversation().admits(message)


def test_what_the_page_says_reaches_its_kernel():
    page = Conversation()
    control = {"comm_id": "control", "data": {}}
    assert page.admits(said("kernel_info_request", number="1"))
    assert page.admits(said("comm_open", number="2", target_name="jupyter.widget.control", **control))
    assert page.admits(said("comm_msg", number="3", comm_id="control", data={"method": "request_states"}))
    assert page.admits(said("comm_close", number="4", **control))
    assert page.admits(said("comm_msg", number="5", comm_id="canvas", data=DRAWING))


OTHER = {
    "an old widget": said("comm_open", comm_id="x", target_name="jupyter.widget", data={}),
    "a control with data": said("comm_open", comm_id="x", target_name="jupyter.widget.control", data={"x": 1}),
    "a control with a list for its name": said("comm_open", comm_id=[], target_name="jupyter.widget.control", data={}),
    "the comm of the canvas closed": said("comm_close", comm_id="canvas", data={}),
    "no comm closed": said("comm_close", comm_id=None, data={}),
    "states without a control": said("comm_msg", comm_id="canvas", data={"method": "request_states"}),
    "a state": said("comm_msg", comm_id="canvas", data={"method": "request_state"}),
    "the button Keep": said("comm_msg", comm_id="canvas", data={"method": "custom", "content": {}}),
    "another trait": said("comm_msg", comm_id="canvas", data=DRAWING | {"state": {"_esm": "x"}}),
    "more than a drawing": said("comm_msg", comm_id="canvas", data=DRAWING | {"state": {"drawing": {}, "result": {}}}),
    "buffers": said("comm_msg", comm_id="canvas", data=DRAWING | {"buffer_paths": [["drawing"]]}),
    "a list of states": said("comm_msg", comm_id="canvas", data=DRAWING | {"state": ["drawing"]}),
    "no data": said("comm_msg", comm_id="canvas"),
    "data that are a list": said("comm_msg", comm_id="canvas", data=[]),
    "a comm that is a dict": said("comm_msg", comm_id={}, data=DRAWING),
    "more than it needs": said("kernel_info_request", more=1),
    "a parent": raw(parent={"msg_id": "2"}),
    "a control message": said("kernel_info_request", channel="control"),
    "a drawing on stdin": said("comm_msg", channel="stdin", comm_id="canvas", data=DRAWING),
    "a drawing on iopub": said("comm_msg", channel="iopub", comm_id="canvas", data=DRAWING),
}
KINDS = "execute inspect complete history is_complete comm_info shutdown interrupt debug create_subshell usage input"


@pytest.mark.parametrize("message", OTHER.values(), ids=OTHER)
def test_what_the_page_never_says_does_not(message):
    assert not Conversation().admits(message)


@pytest.mark.parametrize("channel", ["shell", "control", "stdin", "iopub", "hb", ""])
@pytest.mark.parametrize("kind", [*(f"{name}_request" for name in KINDS.split()), "input_reply", "execute_reply"])
def test_no_other_kind_does_on_any_channel(kind, channel):
    assert not Conversation().admits(said(kind, channel))


def test_only_one_control_is_open_at_a_time():
    page = Conversation()
    open_control = {"target_name": "jupyter.widget.control", "data": {}}
    assert page.admits(said("comm_open", number="1", comm_id="one", **open_control))
    assert not page.admits(said("comm_open", number="2", comm_id="two", **open_control))
    assert not page.admits(said("comm_msg", number="3", comm_id="one", data={"method": "request_states", "x": 1}))
    assert not page.admits(said("comm_msg", number="4", comm_id="one", data=DRAWING))
    assert page.admits(said("comm_close", number="5", comm_id="one", data={}))
    assert page.admits(said("comm_open", number="6", comm_id="two", **open_control))


def answer(number, state="idle", kind="status"):
    parent = HEADER | {"msg_id": number}
    return raw(HEADER | {"msg_type": kind}, {"execution_state": state}, "iopub", parent=parent)


def test_a_page_waits_for_answers():
    page = Conversation()
    for number in range(MOST_UNANSWERED):
        assert page.admits(said("kernel_info_request", number=f"a{number}"))
    with pytest.raises(ValueError, match="wait"):
        page.admits(said("kernel_info_request", number="b"))
    for message in (answer("a0", "busy"), answer("a0", kind="stream"), answer("another")):
        page.note(message)
        with pytest.raises(ValueError, match="wait"):
            page.admits(said("kernel_info_request", number="b"))
    page.note(answer("a0"))
    assert page.admits(said("kernel_info_request", number="b"))


def test_two_messages_with_one_number_would_be_answered_as_one():
    page = Conversation()
    assert page.admits(said("kernel_info_request"))
    with pytest.raises(ValueError, match="wait"):
        page.admits(said("kernel_info_request"))
