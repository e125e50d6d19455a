"""What the series promises of memory. How long one waits is measured by benchmarks/startup.py, not here."""

import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.mark.usefixtures("mnist")
def test_lenet_learns_all_of_mnist_in_less_than_a_gigabyte():
    command = [sys.executable, "-c", "import startup; print(startup.lenet_megabytes())"]
    done = subprocess.run(command, cwd=BENCHMARKS, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert 200 < int(done.stdout) < 1000  # MNIST alone is 220 MB of floats
