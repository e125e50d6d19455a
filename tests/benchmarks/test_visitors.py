"""benchmarks/visitors.py, with few visitors for a short while."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "benchmarks" / "visitors.py"
sys.path.append(str(ROOT / "benchmarks"))

from visitors import growing  # noqa: E402


def measure(*arguments):
    done = subprocess.run([sys.executable, SCRIPT, *arguments], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def check(found):
    assert (found["lost"], found["thrown_out"]) == (0, 0)
    assert 1 < found["p50_ms"] <= found["p95_ms"] < 5000
    assert 50 < min(found["server_mb"]) <= max(found["server_mb"]) < 500
    assert 100 < found["kernel_mb"] < 500


@pytest.mark.slow
def test_bots():
    found = measure("--bots=2", "--minutes=0.1")
    check(found)
    assert found["drawings"] >= 4
    assert (found["bots"], found["minutes"]) == (2, 0.1)


@pytest.mark.slow
def test_visits():
    found = measure("--visits=2")
    check(found)
    assert (found["visits"], found["drawings"]) == (2, 2)


def test_a_drawing_grows_until_it_is_whole():
    strokes = [np.linspace([0, 0], [1, 1], 10), np.array([[0.123456, 0.5]])]
    drawings = list(growing(strokes))
    assert [[len(stroke) for stroke in drawing] for drawing in drawings] == [[4], [8], [10], [10, 1]]
    assert drawings[-1][1] == [[0.1235, 0.5]]
