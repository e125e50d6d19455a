"""tools/make_venv.sh, run for real in a scratch copy with the PATH of a machine that lacks something."""

import os
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from tests.tools.failures import assert_one_error

ROOT = Path(__file__).parents[2]
LOCKS = ("requirements.txt", "requirements-export.txt", "requirements-dev.txt")


class Machine:
    """A scratch copy of what make_venv.sh needs, and a folder that is all of PATH."""

    def __init__(self, folder):
        self.project = folder / "a project"  # with a space, as a user's path may have
        self.programs = folder / "bin"
        (self.project / "tools").mkdir(parents=True)
        self.programs.mkdir()
        shutil.copy(ROOT / "tools" / "make_venv.sh", self.project / "tools")
        for name in LOCKS:
            self.pin(name, "1.0")
        for name in ("sh", "cat", "cksum", "dirname", "mv", "rm", "mkdir", "cp", "tail", "sed"):
            (self.programs / name).symlink_to(shutil.which(name))

    def pin(self, name, version):
        """Write a lock file of one pin."""
        (self.project / name).write_text(f"one=={version}\n", encoding="utf-8")

    def add(self, name, script):
        """Put a shell script of that name on PATH."""
        (self.programs / name).write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        (self.programs / name).chmod(0o755)

    def add_python(self, name, version="3.12.7", platform="Linux x86_64 glibc", lacks="nothing"):
        """Put a Python on PATH that answers make_venv.sh's questions, makes a .venv and notes what else it is told.

        lacks: "ensurepip", "network", "space" for JupyterLab, "trust" for pip in what it has fetched, or the name of a
        lock file that cannot be installed.
        """
        self.add(
            name,
            f"""
            case "$*" in
            *ensurepip*) [ "{lacks}" != ensurepip ] ;;
            *sys.version_info*) echo {".".join(version.split(".")[:2])} ;;
            *p.system*) echo {platform} ;;
            --version) echo Python {version} ;;
            "-m venv .venv") mkdir -p .venv/bin; cp "$0" .venv/bin/python ;;
            "-m pip install"*"{lacks}"*) exit 1 ;;
            "-m pip"*) echo "$*" >>pip.log
                [ "$3 {lacks}" != "install trust" ] || {{ cat refusal >&2; exit 1; }}
                [ "$3 {lacks}" != "install network" ] ;;
            "-m jupyter"*) [ "{lacks}" != space ] || {{ echo Traceback; echo OSError: no space >&2; exit 1; }} ;;
            *purelib*) echo "$PWD" >>path.log ;;
            tools/*) echo "$*" >>tools.log ;;
            esac""",
        )

    def add_uv(self):
        """Put a uv on PATH that makes a .venv and notes what it is told."""
        self.add(
            "uv",
            """
            echo "$*" >>uv.log
            case "$*" in
            "venv --quiet"*) mkdir -p .venv/bin; cp "$(command -v "$4")" .venv/bin/python ;;
            esac""",
        )

    def run(self, *arguments, **variables):
        return subprocess.run(
            [self.programs / "sh", self.project / "tools" / "make_venv.sh", *arguments],
            env={"PATH": str(self.programs)} | variables,
            capture_output=True,
            text=True,
            timeout=300,
        )

    def log(self, name):
        """The lines that a program has noted."""
        path = self.project / f"{name}.log"
        return path.read_text(encoding="utf-8").splitlines() if path.exists() else []

    def installs(self):
        """The lock files that pip has installed, one after the other."""
        return [line.split(" -r ")[1] for line in self.log("pip") if " -r " in line]


@pytest.fixture
def machine(tmp_path):
    return Machine(tmp_path)


WAYS_OUT = ("python3-venv", "PYTHON=", "environment.yml", "container")
STUDENT = ["requirements.txt"]
MAINTAINER = list(LOCKS)


# The Python


def test_no_python(machine):
    assert_one_error(machine.run(), "expected Python 3.11, 3.12 or 3.13, got no python3: use", *WAYS_OUT)
    assert not (machine.project / ".venv").exists()


def test_only_wrong_pythons(machine):
    machine.add_python("python3", version="3.15.0")
    machine.add("python3.12", "exit 127")  # as the shim of a version manager that has no 3.12
    assert_one_error(machine.run(), "python3.12 (does not run), python3 (3.15)", *WAYS_OUT)


def test_a_python_that_was_asked_for_is_not_replaced_by_another(machine):
    machine.add_python("python3.12")
    machine.add_python("python3.10", version="3.10.2")
    assert_one_error(machine.run(PYTHON="python3.10"), "python3.10 (3.10)", *WAYS_OUT)
    assert_one_error(machine.run(PYTHON="python3.9"), "got no python3.9", *WAYS_OUT)


def test_a_python_without_venv(machine):
    machine.add_python("python3", lacks="ensurepip")
    assert_one_error(machine.run(), "python3 (3.12 without venv or ensurepip", *WAYS_OUT)
    machine.add_python("python3.11", version="3.11.2")
    assert machine.run("--find").stdout == "python3.11\n"
    assert not (machine.project / ".venv").exists()
    assert machine.run().returncode == 0


@pytest.mark.parametrize(
    ("there", "taken"),
    [
        ({"python3.13": "3.13.5", "python3.12": "3.12.3", "python3.11": "3.11.2", "python3": "3.12.3"}, "3.13.5"),
        ({"python3.12": "3.12.3", "python3.11": "3.11.2", "python3.14": "3.14.0"}, "3.12.3"),
        ({"python3.11": "3.11.2", "python3": "3.13.5"}, "3.11.2"),
        ({"python3.10": "3.10.2", "python3": "3.13.5"}, "3.13.5"),
    ],
    ids=["all", "two and 3.14", "3.11 by name", "3.13 without its name"],
)
def test_the_newest_python_that_is_tried_is_taken(machine, there, taken):
    for name, version in there.items():
        machine.add_python(name, version=version)
    done = machine.run()
    assert (done.returncode, done.stderr) == (0, "")
    assert f"Making .venv with Python {taken} from requirements.txt" in done.stdout
    assert len(done.stdout.splitlines()) == 1
    stamp = (machine.project / ".venv" / "stamp").read_text(encoding="utf-8")
    assert stamp.splitlines()[0] == taken.rpartition(".")[0]


def test_a_python_that_does_not_run_is_passed_over(machine):
    machine.add("python3.13", "exit 127")
    machine.add_python("python3.12")
    assert machine.run("--find").stdout == "python3.12\n"


@pytest.mark.parametrize("name", ["python3", "python3.14"])
def test_python_3_14_is_taken_with_a_notice(machine, name):
    machine.add_python(name, version="3.14.1")
    done = machine.run()
    assert done.returncode == 0
    assert done.stderr == "Notice: nobody has tried this project with Python 3.14\n"
    assert machine.installs() == STUDENT


@pytest.mark.parametrize("platform", ["Darwin arm64", "Windows AMD64", "Linux x86_64 musl", "Linux aarch64 glibc"])
@pytest.mark.parametrize("arguments", [[], ["--dev"], ["--into", "python3"]], ids=" ".join)
def test_a_platform_without_mxnet(machine, platform, arguments):
    """Refused before anything is made or downloaded."""
    machine.add_python("python3", platform=platform)
    machine.add_uv()
    done = machine.run(*arguments)
    assert_one_error(done, "expected Linux on x86-64 or an Intel Mac", f"got {platform}, where MXNet", "the container")
    assert (done.stdout, machine.installs(), machine.log("uv")) == ("", [], [])
    assert not (machine.project / ".venv").exists()


@pytest.mark.parametrize("platform", ["Linux x86_64 glibc", "Darwin x86_64"])
def test_a_platform_with_mxnet(machine, platform):
    machine.add_python("python3", platform=platform)
    assert machine.run().returncode == 0


# What is installed


def test_pip_installs_the_pins_as_they_stand(machine):
    machine.add_python("python3.11", version="3.11.2")
    assert machine.run().returncode == 0
    removed, installed = machine.log("pip")
    assert removed.startswith("-m pip uninstall ")  # what only Python 3.11 brings
    assert removed.endswith(" setuptools")
    for option in ("--no-deps", "--no-compile", "--only-binary :all:", "--require-hashes"):
        assert f" {option} " in installed
    assert "index" not in installed
    assert machine.log("path") == [str(machine.project)]  # so that `import helpers` finds the checkout
    assert machine.log("tools") == ["tools/link_libraries.py", "tools/link_duplicates.py .venv"]


def test_uv_does_the_same_where_it_is_there(machine):
    """Also with a Python that Debian has packed without venv."""
    machine.add_python("python3.13", version="3.13.5", lacks="ensurepip")
    machine.add_uv()
    done = machine.run("--dev")
    assert (done.returncode, done.stderr) == (0, "")
    made, *installed = machine.log("uv")
    assert made == "venv --quiet --python python3.13 .venv"
    assert [line.rpartition(" ")[2] for line in installed] == MAINTAINER
    for line, name in zip(installed, MAINTAINER, strict=True):
        options = "--no-deps --only-binary :all: --require-hashes"
        where = "--project / pip install"  # else it would take the overrides of pyproject.toml
        assert line == f"{where} --quiet --python .venv/bin/python {options} -r {name}"
    assert machine.log("pip") == []
    assert machine.log("path") == [str(machine.project)]
    assert machine.log("tools") == ["tools/link_libraries.py", "tools/link_duplicates.py .venv"]


def test_into_the_environment_of_another_python(machine):
    """As conda's: what it has stays, and no .venv is made."""
    machine.add_python("python")
    done = machine.run("--into", "python")
    assert (done.returncode, done.stderr) == (0, "")
    assert machine.installs() == STUDENT
    assert machine.log("tools") == ["tools/link_libraries.py"]
    assert machine.log("path") == [str(machine.project)]
    assert not (machine.project / ".venv").exists()
    assert_one_error(machine.run("--into"), "expected a Python after --into, got none")
    assert_one_error(machine.run("--into", "python3.9"), "got no python3.9", *WAYS_OUT)


def test_an_environment_that_cannot_be_filled(machine):
    machine.add_python("python", lacks="network")
    done = machine.run("--into", "python")
    assert_one_error(done, "requirements.txt could not be installed", "try again, with a network")


REFUSAL = """ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE. If you have updated (and so on)
    one==1.0 from https://example.org/one-1.0-py3-none-any.whl#sha256=47 (from -r requirements.txt (line 2)):
        Expected sha256 00
             Got        47

    two==2.0 from https://example.org/two-2.0-py3-none-any.whl (from -r requirements.txt (line 3)):
        Expected sha256 01
             Got        48

"""  # in the words of pip 23 to 26


def test_a_file_that_is_not_the_pinned_one(machine):
    """One line takes the place of pip's many; tests/project/test_wheelhouse.py tries it with real packages."""
    (machine.project / "refusal").write_text(REFUSAL, encoding="utf-8")
    machine.add_python("python3", lacks="trust")
    expected = "expected the files that requirements.txt names by their SHA-256, got another one of one==1.0 two==2.0,"
    assert_one_error(machine.run(), expected, "and nothing of it was installed: try another network")
    assert sorted(path.name for path in machine.project.glob(".venv*")) == []


@pytest.mark.parametrize("with_uv", [False, True], ids=["pip", "uv"])
def test_a_wheelhouse_is_used_instead_of_a_network(machine, with_uv):
    """Its path may have a space."""
    machine.add_python("python3")
    if with_uv:
        machine.add_uv()
    done = machine.run("--dev", WHEELHOUSE="/media/a stick")
    assert done.returncode == 0, done.stderr
    assert "from /media/a stick, without a network" in done.stdout
    installed = [line for line in machine.log("uv" if with_uv else "pip") if " -r " in line]
    assert len(installed) == 3
    assert all(" --no-index --find-links /media/a stick -r " in line for line in installed)


# When it is made anew


def test_a_fresh_environment_is_left_alone(machine):
    machine.add_python("python3")
    assert machine.run().returncode == 0
    assert machine.installs() == STUDENT
    os.utime(machine.project / "requirements.txt")  # as a fresh checkout would have it: newer, the same
    done = machine.run()
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert machine.installs() == STUDENT


def test_what_maintainers_need_is_added_once(machine):
    """To the students' environment, which stays."""
    machine.add_python("python3")
    assert machine.run().returncode == 0
    (machine.project / ".venv" / "mine").touch()
    done = machine.run("--dev")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("Adding to .venv what maintainers need")
    assert machine.installs() == MAINTAINER
    assert (machine.project / ".venv" / "mine").exists()
    for arguments in ([], ["--dev"]):
        done = machine.run(*arguments)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert machine.installs() == MAINTAINER


def test_both_at_once(machine):
    machine.add_python("python3")
    done = machine.run("--dev")
    assert done.returncode == 0
    assert [line.partition(" ")[0] for line in done.stdout.splitlines()] == ["Making", "Adding"]
    assert machine.installs() == MAINTAINER


@pytest.mark.parametrize("name", ["requirements-export.txt", "requirements-dev.txt"])
def test_new_pins_of_maintainers_concern_no_student(machine, name):
    machine.add_python("python3")
    assert machine.run("--dev").returncode == 0
    machine.pin(name, "1.1")
    assert machine.run().stdout == ""
    assert machine.installs() == MAINTAINER
    assert machine.run("--dev").stdout.startswith("Adding")
    assert machine.installs() == [*MAINTAINER, *MAINTAINER[1:]]


def test_new_pins_of_students_make_all_anew(machine):
    machine.add_python("python3")
    assert machine.run("--dev").returncode == 0
    machine.pin("requirements.txt", "1.1")
    assert machine.run("--dev").returncode == 0
    assert machine.installs() == [*MAINTAINER, *MAINTAINER]


@pytest.mark.parametrize("lacks", ["network", "requirements-export.txt", "requirements-dev.txt"])
def test_where_it_fails_for_maintainers_the_environment_of_students_stays_whole(machine, lacks):
    machine.add_python("python3")
    assert machine.run("--dev").returncode == 0
    machine.pin("requirements-export.txt", "1.1")
    machine.add_python("python3", lacks=lacks)
    shutil.copy(machine.programs / "python3", machine.project / ".venv" / "bin" / "python")
    for _ in range(2):  # nor is it trusted the next time
        done = machine.run("--dev")
        assert_one_error(done, "requirements-export.txt requirements-dev.txt could not be installed", "with a network")
    assert (machine.run().returncode, machine.run().stdout) == (0, "")
    machine.add_python("python3")
    shutil.copy(machine.programs / "python3", machine.project / ".venv" / "bin" / "python")
    assert machine.run("--dev").returncode == 0
    assert machine.run("--dev").stdout == ""


def test_a_newer_patch_of_the_python_makes_nothing_anew(machine):
    machine.add_python("python3", version="3.12.3")
    assert machine.run().returncode == 0
    for place in (machine.programs / "python3", machine.project / ".venv" / "bin" / "python"):
        place.write_text(place.read_text(encoding="utf-8").replace("3.12.3", "3.12.9"), encoding="utf-8")
    assert machine.run(PYTHON="python3").stdout == ""
    assert machine.installs() == STUDENT


def test_new_requirements_or_another_python_make_it_anew(machine):
    machine.add_python("python3")
    machine.add_python("python3.11", version="3.11.2")
    assert machine.run(PYTHON="python3").returncode == 0
    machine.pin("requirements.txt", "1.1")
    assert machine.run(PYTHON="python3").returncode == 0
    assert len(machine.installs()) == 2
    assert machine.run(PYTHON="python3.11").returncode == 0
    assert len(machine.installs()) == 3
    assert machine.run().returncode == 0  # whichever it was made with, it is fresh
    assert len(machine.installs()) == 3


# When it fails, or is killed


def test_a_failed_install_leaves_nothing_to_trust(machine):
    machine.add_python("python3", lacks="network")
    assert_one_error(machine.run(), "requirements.txt could not be installed, for the reason above", "with a network")
    assert not (machine.project / ".venv").exists()
    assert_one_error(machine.run(), "requirements.txt could not be installed")


def test_a_jupyterlab_that_cannot_be_set_up(machine):
    machine.add_python("python3", lacks="space")
    assert_one_error(machine.run(), "JupyterLab could not be set up: OSError: no space")
    assert not (machine.project / ".venv").exists()


def test_a_failed_install_leaves_the_old_environment(machine):
    machine.add_python("python3")
    assert machine.run("--dev").returncode == 0
    machine.pin("requirements.txt", "1.1")
    machine.add_python("python3", lacks="network")
    assert machine.run().returncode == 1
    assert (machine.project / ".venv" / "stamp").exists()
    assert (machine.project / ".venv" / "stamp-dev").exists()
    assert not (machine.project / ".venv.old").exists()


def test_after_a_kill_the_old_environment_comes_back(machine):
    machine.add_python("python3")
    assert machine.run().returncode == 0
    venv = machine.project / ".venv"
    venv.rename(machine.project / ".venv.old")
    (venv / "bin").mkdir(parents=True)  # half of a new one
    machine.add_python("python3", lacks="network")
    assert machine.run().returncode == 0, "the old one is fresh: nothing has to be installed"
    assert (venv / "stamp").exists()


def test_a_kill_while_the_old_environment_is_deleted_leaves_the_new_one(machine):
    machine.add_python("python3")
    assert machine.run().returncode == 0
    machine.pin("requirements.txt", "1.1")
    (machine.programs / "rm").unlink()
    machine.add("rm", f'case "$*" in *.venv.old*) kill -KILL $PPID ;; *) exec {shutil.which("rm")} "$@" ;; esac')
    assert machine.run().returncode == -signal.SIGKILL
    assert (machine.project / ".venv.old").exists()
    assert (machine.run().stdout, len(machine.installs())) == ("", 2)  # the new one is whole


def test_two_at_once_do_not_harm_each_other(machine):
    machine.add_python("python3")
    (machine.project / ".venv.pid").write_text(f"{os.getpid()}\n", encoding="utf-8")  # a process that runs
    assert_one_error(machine.run(), f"is being made by process {os.getpid()}")
    (machine.project / ".venv.pid").write_text("99999999\n", encoding="utf-8")  # one that was killed
    assert machine.run().returncode == 0
    assert not (machine.project / ".venv.pid").exists()
