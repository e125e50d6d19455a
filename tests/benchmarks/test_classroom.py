"""benchmarks/classroom.py, on notebooks of two cells."""

import json
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

pytestmark = pytest.mark.slow

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "classroom.py"


def measure(folder, *cells, options=()):
    path = folder / "cells.ipynb"
    nbformat.write(new_notebook(cells=[new_code_cell(cell) for cell in cells]), path)
    return subprocess.run([sys.executable, SCRIPT, path, *options], capture_output=True, text=True, timeout=120)


def test_what_a_kernel_takes(tmp_path):
    """It holds 100 MB more for a moment than at the end, and computes for a second."""
    work = "import time\nend = time.process_time() + 1\nwhile time.process_time() < end: pass"
    hold = "import helpers\nkept = bytearray(b'x' * 100_000_000)\nmuch = len(bytearray(b'x' * 100_000_000)) and None"
    done = measure(tmp_path, work, hold)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["notebook"] == "cells"
    assert 100 < found["then_mb"] < found["peak_mb"] < 1000
    assert found["cpu_s"] >= 1
    assert found["seconds"] >= 1


def test_once_more_with_a_core_busy(tmp_path):
    done = measure(tmp_path, "import os, time\ntime.sleep(2)\nprint(os.getpid())", options=["--busy"])
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["seconds"] >= 2
    assert found["busy_seconds"] >= 2


def test_a_cell_that_fails_stops_it(tmp_path):
    done = measure(tmp_path, "1 / 0")
    assert (done.returncode, done.stdout) == (1, "")
    assert "ZeroDivisionError" in done.stderr
