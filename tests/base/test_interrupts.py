"""Ctrl-C that Python drops comes again: it is raised inside a callback of MXNet, and inside a destructor."""

import subprocess
import sys

import pytest

# Each presses Ctrl-C once, at a place from which no exception gets out.
UPDATER = """
import helpers
import mxnet as mx
import signal

def update(key, gradient, weight):
    if not pressed:
        pressed.append(key)
        signal.raise_signal(signal.SIGINT)

pressed = []
store = mx.kv.create("device")
store.init(0, mx.nd.zeros(3))
store._set_updater(update)
store.push(0, [mx.nd.ones(3), mx.nd.ones(3)])
"""
DESTRUCTOR = """
import helpers
import signal

class Pressing:
    def __del__(self):
        signal.raise_signal(signal.SIGINT)

pressing = Pressing()
del pressing
"""
OTHER = """
import helpers

class Failing:
    def __del__(self):
        raise ValueError("not a key")

failing = Failing()
del failing
"""
GO_ON = """
import time
print("goes on", flush=True)
time.sleep(10)
print("not interrupted")
"""


def run(script):
    return subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=300)


@pytest.mark.parametrize("script", [UPDATER, DESTRUCTOR], ids=["a callback of MXNet", "a destructor"])
def test_ctrl_c_is_not_lost(script):
    done = run(script + GO_ON)
    assert done.stdout.strip() in ("goes on", "")  # the key may fall between the text and the end of its line
    assert done.stderr.rstrip().endswith("KeyboardInterrupt")
    assert "ignored" not in done.stderr


def test_other_exceptions_are_reported_as_ever():
    done = run(OTHER)
    assert "ValueError: not a key" in done.stderr
    assert done.returncode == 0
