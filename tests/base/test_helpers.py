"""`import helpers` where packages are missing: it goes on, and names the first one."""

import os
import subprocess
import sys
from pathlib import Path

import numpy
import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def python(tmp_path):
    """Run this Python with no package but those that are named."""

    def run(*arguments, packages=()):
        site = Path(numpy.__file__).parents[1]
        for name in packages:
            for path in site.glob(f"{name}*"):
                (tmp_path / path.name).symlink_to(path)
        variables = os.environ | {"PYTHONPATH": f"{ROOT}:{tmp_path}"}
        command = [sys.executable, "-S", *arguments]
        return subprocess.run(command, cwd=tmp_path, env=variables, capture_output=True, text=True, timeout=300)

    return run


@pytest.mark.parametrize(("packages", "missing"), [([], "numpy"), (["numpy"], "psutil")])
def test_the_missing_package_is_named(python, packages, missing):
    done = python("-c", "import helpers; print('goes on')", packages=packages)
    assert done.stderr == f"Notice: the package {missing} is missing: see python -m helpers check\n"
    assert (done.stdout, done.returncode) == ("goes on\n", 0)


def test_a_command_names_it_once(python):
    """tests/cli/test_check.py holds that `check` works without any package."""
    done = python("-m", "helpers", "data")
    assert done.stderr == "error: the package numpy is missing: see python -m helpers check\n"
    assert done.returncode == 1
    assert python("-m", "helpers", "--help").stderr == ""


def test_nothing_is_said_where_nothing_is_missing():
    done = subprocess.run(
        [sys.executable, "-c", "import helpers"], cwd=ROOT, capture_output=True, text=True, timeout=300
    )
    assert (done.stdout, done.stderr, done.returncode) == ("", "", 0)
