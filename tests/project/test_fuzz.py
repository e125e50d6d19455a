"""`python -m tests.fuzz`: a short round finds nothing, and it does find what is there."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests import fuzz

ROOT = Path(__file__).parents[2]

# A reader with a fault for each kind of find: another exception, two lines, memory, a loop in C, a crash.
FAULTS = {
    "another exception": ("raise KeyError('x')", "KeyError: 'x'"),
    "two lines": ("raise DigitsError('expected a, got b:\\nc')", "a line that is none"),
    "memory": ("bytearray(10**10)", "MemoryError"),
    "too much of it": ("bytearray(b'x' * 3 * 10**8)", "memory grew by"),
    "a loop": ("time.sleep(60)", "TimeoutError: more than 2 seconds"),
    "a crash": ("os.kill(os.getpid(), 9)", "the process died or took too long"),
}

RUN = """
import os, sys, time
from pathlib import Path
from helpers.base.errors import DigitsError
from tests import fuzz
def read(path):
    {fault}
fuzz.SECONDS = 2
fuzz.GROWTH = 100
fuzz.TARGETS["faulty"] = fuzz.Target(lambda: [b"a sample"], read)
outcomes, found = fuzz.run(["faulty"], 1, 10, 1, Path(sys.argv[1]))
assert not outcomes
[line] = found
print(line)
"""


@pytest.mark.slow
def test_a_short_round_finds_nothing(tmp_path):
    command = [sys.executable, "-m", "tests.fuzz", "--minutes", "0.25", "--seed", "1", "--finds", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=200)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("seed 1\n")
    assert done.stdout.endswith(" mutations, 0 finds\n")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
@pytest.mark.parametrize(("fault", "cause"), FAULTS.values(), ids=FAULTS)
def test_it_finds_what_is_there_and_saves_the_input(tmp_path, fault, cause):
    command = [sys.executable, "-c", RUN.format(fault=fault), str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=200)
    assert done.returncode == 0, done.stderr
    assert cause in done.stdout
    [saved] = tmp_path.iterdir()
    assert str(saved) in done.stdout


def test_the_same_seed_makes_the_same_mutations():
    samples = fuzz.TARGETS["kept"].samples()
    rounds = [
        [fuzz.mutated(fuzz.TARGETS["kept"], samples, fuzz.random.Random(seed)) for seed in range(20)] for _ in "ab"
    ]
    assert rounds[0] == rounds[1]
    assert len(set(rounds[0])) > 15
