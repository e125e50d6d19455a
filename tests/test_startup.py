"""What the series promises of memory. How long one waits is measured by benchmarks/startup.py, not here."""

import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parent.parent / "benchmarks"))

import startup


@pytest.mark.usefixtures("mnist")
def test_lenet_learns_all_of_mnist_in_less_than_a_gigabyte():
    megabytes = startup.lenet_megabytes()
    assert 200 < megabytes < 1000  # MNIST alone is 220 MB of floats
