"""The canvas in a real kernel, over the messages that a browser exchanges with it."""

import json
import time
from contextlib import contextmanager

import numpy as np
import pytest
from jupyter_client.manager import start_new_kernel

from helpers.drawing.strokes import to_mnist

SEVEN = [[[0.3, 0.2], [0.7, 0.2], [0.45, 0.85]]]
START = 'from helpers.canvas import DigitCanvas\ncanvas = DigitCanvas("lenet")\ncanvas'


class Browser:
    """The far end of a canvas: its state as the kernel has told it, and messages to it."""

    def __init__(self, client):
        self.client = client
        self.comm = None
        self.state = {}
        self.updates = []  # names of the traits in each update
        self.idle = set()  # ids of the messages that are done with

    def run(self, code):
        return self.client.execute(code, store_history=False)

    def send(self, data, subshell=None):
        message = self.client.session.msg("comm_msg", {"comm_id": self.comm, "data": data})
        if subshell:
            message["header"]["subshell_id"] = subshell
        self.client.shell_channel.send(message)
        return message["header"]["msg_id"]

    def draw(self, seq, strokes, subshell=None):
        drawing = self.state["drawing"] | {"seq": seq, "strokes": strokes}
        return self.send({"method": "update", "state": {"drawing": drawing}, "buffer_paths": []}, subshell)

    def wait(self, condition, seconds=30):
        """Listen until condition() is true, and return how many seconds it took."""
        start = time.monotonic()
        while not condition():
            left = start + seconds - time.monotonic()
            assert left > 0, f"waited {seconds} s; the state is {self.state.keys()}"
            self._hear(self.client.get_iopub_msg(timeout=left))
        return time.monotonic() - start

    def subshell(self):
        """Have the kernel start a subshell, as JupyterLab does for its widgets."""
        message = self.client.session.msg("create_subshell_request")
        self.client.control_channel.send(message)
        return self.client.get_control_msg(timeout=30)["content"]["subshell_id"]

    def _hear(self, message):
        kind, content = message["msg_type"], message["content"]
        assert kind != "error", content["traceback"]
        if kind == "status" and content["execution_state"] == "idle":
            self.idle.add(message["parent_header"].get("msg_id"))
        if kind == "comm_open" and content["data"]["state"].get("_model_name") == "AnyModel":
            self.comm = content["comm_id"]
        if kind in ("comm_open", "comm_msg") and content["comm_id"] == self.comm:
            data = content["data"]
            assert data.get("method", "update") == "update", f"{data['method']} was sent back"
            for path, buffer in zip(data["buffer_paths"], message["buffers"], strict=True):
                _put(data["state"], path, bytes(buffer))
            self.state |= data["state"]
            self.updates.append(set(data["state"]))


def _put(state, path, value):
    for name in path[:-1]:
        state = state[name]
    state[path[-1]] = value


@contextmanager
def kernel():
    manager, client = start_new_kernel(startup_timeout=120)
    try:
        yield client
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


@pytest.fixture(scope="module")
def client():
    with kernel() as client:
        yield client


@pytest.fixture
def browser(client):
    browser = Browser(client)
    ran = browser.run(START)
    browser.wait(lambda: ran in browser.idle, 120)
    browser.updates.clear()
    return browser


def test_a_drawing_of_the_browser_is_answered(browser):
    drawn = browser.draw(1, SEVEN)
    browser.wait(lambda: drawn in browser.idle)
    result = browser.state["result"]
    assert (result["seq"], result["state"], result["error"]) == (1, "sure", "")
    assert result["readings"]["LeNet"]["answer"] == 7
    assert abs(sum(result["readings"]["LeNet"]["probabilities"]) - 1) < 1e-3
    expected = np.rint(to_mnist(SEVEN) * 255).astype(np.uint8)
    np.testing.assert_array_equal(np.frombuffer(result["image"], np.uint8), expected.ravel())
    assert browser.updates == [{"result"}], "one message per drawing, and the drawing itself is not echoed"


def test_each_drawing_is_answered_once_and_in_order(browser):
    seen = []
    for seq in range(1, 21, 2):
        drawn = browser.draw(seq, SEVEN if seq % 4 == 1 else [])
        browser.wait(lambda drawn=drawn: drawn in browser.idle)
        seen.append((browser.state["result"]["seq"], browser.state["result"]["state"]))
    assert seen == [(seq, "sure" if seq % 4 == 1 else "empty") for seq in range(1, 21, 2)]


def test_what_a_cell_draws_reaches_the_browser_before_its_answer(browser):
    ran = browser.run(f"canvas.strokes = {json.dumps(SEVEN)}\nassert canvas.answer == 7")
    browser.wait(lambda: ran in browser.idle)
    assert browser.updates == [{"drawing"}, {"result"}]
    assert browser.state["drawing"]["strokes"] == SEVEN
    assert browser.state["drawing"]["seq"] == browser.state["result"]["seq"] == 2


def test_a_cell_sees_what_the_browser_drew(browser):
    drawn = browser.draw(1, SEVEN)
    ran = browser.run("assert (canvas.answer, len(canvas.strokes)) == (7, 1), canvas.answer")
    browser.wait(lambda: {drawn, ran} <= browser.idle)


def test_points_that_are_no_numbers_do_not_reach_the_browser(browser):
    """JSON has no NaN, and a browser would refuse the whole message."""
    ran = browser.run("canvas.strokes = [[[0.5, 0.2], [float('nan'), float('inf')], [0.5, 0.8]]]")
    browser.wait(lambda: ran in browser.idle)
    assert browser.state["drawing"]["strokes"] == [[[0.5, 0.2], [0.5, 0.8]]]


def test_keep_through_the_button(browser):
    kept = browser.send({"method": "custom", "content": {"keep": 7, "strokes": SEVEN, "pen": 0.06}})
    browser.wait(lambda: kept in browser.idle)
    assert (browser.state["collection"]["count"], browser.state["collection"]["error"]) == (1, "")


def test_inside_travels_as_bytes(browser):
    ran = browser.run(f"canvas.inside = True; canvas.strokes = {json.dumps(SEVEN)}")
    browser.wait(lambda: ran in browser.idle)
    inside = browser.state["result"]["inside"]
    outputs = 20 * 24 * 24 + 50 * 8 * 8 + 500 + 10
    assert (len(inside["values"]), len(inside["saliency"])) == (4 * outputs, 4 * 784)


def test_drawing_while_a_cell_is_busy(browser):
    """On a subshell each drawing is answered at once, even the first one, and right after a cell has drawn."""
    subshell = browser.subshell()
    browser.run("import time; canvas.strokes = [[[0.5, 0.5]]]")
    busy = browser.run("time.sleep(8)")
    for seq in range(11, 21, 2):
        drawn = browser.draw(seq, SEVEN, subshell)
        browser.wait(lambda seq=seq, drawn=drawn: browser.state["result"]["seq"] == seq and drawn in browser.idle, 7)
        assert busy not in browser.idle
    assert browser.state["result"]["readings"]["LeNet"]["answer"] == 7
    browser.wait(lambda: busy in browser.idle)


def test_drawing_while_a_cell_trains(browser):
    """Both use MXNet at the same time, on two threads; the answers stay right and the training goes on."""
    subshell = browser.subshell()
    busy = browser.run(
        "import numpy as np\n"
        "from helpers.networks import lenet\n"
        "import mxnet as mx\n"
        "images = np.random.default_rng(1).random((200, 1, 28, 28), np.float32)\n"
        "data = mx.io.NDArrayIter(images, np.arange(200) % 10, 50)\n"
        "module = mx.mod.Module(lenet())\n"
        "module.fit(data, num_epoch=8, optimizer='sgd', initializer=mx.init.Xavier())\n"
    )
    seq = 1
    answers = []
    while busy not in browser.idle:
        drawn = browser.draw(seq, SEVEN, subshell)
        browser.wait(lambda drawn=drawn: drawn in browser.idle, 60)
        answers.append((browser.state["result"]["seq"], browser.state["result"]["readings"]["LeNet"]["answer"]))
        seq += 2
    assert answers == [(1 + 2 * i, 7) for i in range(len(answers))]
    assert len(answers) >= 5
