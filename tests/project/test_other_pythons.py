"""tools/test_pythons.sh in a scratch copy: which Pythons it takes, what it runs with them, and what it leaves out."""

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

# A Python, and in place of make_venv.sh what notes how it was called and makes an environment of such a Python.
PYTHON = """#!/bin/sh
case "$*" in
*ensurepip*) [ "{lacks}" != ensurepip ] && case "$*" in *"!= '{version}'"*) exit 0 ;; esac; exit 1 ;;
*sys.version_info*) echo {version} ;;
"-m pytest"*) echo "{version} $DIGITS_SOURCE $*" >>pytest.log; [ "{lacks}" != "passing tests" ] ;;
esac
"""
MAKE_VENV = """
echo "$PYTHON $DIGITS_VENV $*" >>made.log
mkdir -p "$DIGITS_VENV/bin"
cp "$(command -v "$PYTHON")" "$DIGITS_VENV/bin/python"
"""


class Machine:
    """A scratch copy whose .venv has Python 3.13, and a folder that is all of PATH."""

    def __init__(self, folder):
        self.project = folder / "project"
        self.programs = folder / "bin"
        self.programs.mkdir()
        for name in ("sh", "dirname", "mkdir", "cp", "grep", "cat"):
            (self.programs / name).symlink_to(shutil.which(name))
        (self.project / "tools").mkdir(parents=True)
        shutil.copy(ROOT / "tools" / "test_pythons.sh", self.project / "tools")
        (self.project / "tools" / "make_venv.sh").write_text(MAKE_VENV, encoding="utf-8")
        self.add_python(self.project / ".venv" / "bin" / "python", "3.13")

    def add_python(self, path, version, lacks="nothing"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(PYTHON.format(version=version, lacks=lacks), encoding="utf-8")
        path.chmod(0o755)

    def run(self, *arguments, **variables):
        environment = {"PATH": str(self.programs), "HOME": str(self.project.parent / "home")} | variables
        command = [self.programs / "sh", self.project / "tools" / "test_pythons.sh", *arguments]
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)

    def log(self, name):
        path = self.project / f"{name}.log"
        return path.read_text(encoding="utf-8").splitlines() if path.exists() else []


@pytest.fixture
def machine(tmp_path):
    return Machine(tmp_path)


def test_each_other_python_runs_what_computes_and_every_notebook(machine):
    machine.add_python(machine.programs / "python3.11", "3.11")
    machine.add_python(machine.programs / "python3.12", "3.12")
    machine.add_python(machine.programs / "python3.13", "3.13")  # that of .venv, which `make test-all` has
    done = machine.run("-n", "2", NO_SKIPS="1")
    assert (done.returncode, done.stderr) == (0, "")
    assert machine.log("made") == [f"python{version} .cache/python-{version} --dev" for version in ("3.11", "3.12")]
    for line, version in zip(machine.log("pytest"), ("3.11", "3.12"), strict=True):
        assert line.startswith(f"{version} digits -m pytest ")
        assert " -n 2 " in line
        tests = [word for word in line.split() if word.startswith("tests/")]
        assert {"tests/base/test_compat.py", "tests/training", "tests/exercises"} <= set(tests)
        assert all((ROOT / test).exists() for test in tests)
        assert line.endswith(" notebooks")


def test_a_python_of_a_version_manager_is_found(machine):
    python = machine.project.parent / "home" / ".pyenv" / "versions" / "3.11.7" / "bin" / "python"
    machine.add_python(python, "3.11")
    (machine.programs / "python3.11").write_text("#!/bin/sh\nexit 127\n", encoding="utf-8")  # a shim without a version
    (machine.programs / "python3.11").chmod(0o755)
    assert machine.run("--find", "3.11").stdout == f"{python}\n"
    assert machine.run("--find", "3.12").returncode == 1


def test_a_python_that_cannot_make_an_environment_counts_as_none(machine):
    machine.add_python(machine.programs / "python3.12", "3.12", lacks="ensurepip")
    assert machine.run("--find", "3.12").returncode == 1


def test_what_is_not_here_is_said(machine):
    machine.add_python(machine.programs / "python3.12", "3.12")
    done = machine.run()
    assert (done.returncode, done.stderr) == (0, "")
    assert "Not run with Python 3.11: there is no Python 3.11 here" in done.stdout
    assert len(machine.log("pytest")) == 1


def test_nothing_is_left_out_without_a_reason(machine):
    machine.add_python(machine.programs / "python3.12", "3.12")
    done = machine.run(NO_SKIPS="1", MAY_SKIP="there is no Python 3.12 here")
    assert (done.returncode, len(machine.log("pytest"))) == (1, 1)
    assert "error: NO_SKIPS=1, but there is no Python 3.11 here" in done.stderr
    done = machine.run(NO_SKIPS="1", MAY_SKIP="no such thing|there is no Python 3.11 here")
    assert done.returncode == 0
    assert machine.run(NO_SKIPS="1").returncode == 1


def test_one_that_fails_does_not_keep_the_others_from_running(machine):
    machine.add_python(machine.programs / "python3.11", "3.11", lacks="passing tests")
    machine.add_python(machine.programs / "python3.12", "3.12")
    done = machine.run()
    assert (done.returncode, len(machine.log("pytest"))) == (1, 2)
    assert done.stderr == "error: these Pythons failed: 3.11\n"
