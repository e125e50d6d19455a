"""benchmarks/growth.py: its straight lines, and one short run."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]
sys.path.append(str(ROOT / "benchmarks"))

import growth  # noqa: E402


def test_a_line_is_found():
    a, b = growth.line({x: 3 + 2 * x for x in (1, 10, 100)})
    assert (a, b) == pytest.approx((3, 2))
    assert growth.off_the_line({x: 3 + 2 * x for x in (1, 10, 100)}) == pytest.approx(0, abs=1e-9)


def test_what_is_off_the_line_is_told():
    assert growth.off_the_line({1: 1.0, 2: 2.0, 3: 3.6, 4: 4.0}) > 0.08


def test_images_are_repeated_or_cut(digits):
    few, many = growth.resized(digits.test, 7), growth.resized(digits.test, len(digits.test) + 3)
    assert np.array_equal(few.labels, digits.test.labels[:7])
    assert np.array_equal(many.images[-3:], digits.test.images[:3])


@pytest.mark.slow
def test_a_short_run(tmp_path):
    command = [ROOT / "benchmarks" / "growth.py", "--source", "digits", "--most", "1000", "--rounds", "1"]
    subprocess.run([sys.executable, *command, "--out", tmp_path], check=True, capture_output=True)
    results = json.loads((tmp_path / "growth.json").read_text())
    assert results["streamed_images_per_second"] > 0
    assert list(results["images"]) == ["1000"]
    assert (tmp_path / "growth.png").read_bytes()[:4] == b"\x89PNG"
