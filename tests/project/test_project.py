"""The project around the code: what is declared, pinned, tracked and scripted fits together."""

import ast
import contextlib
import http.client
import json
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import nbformat
import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.tools.failures import assert_one_error
from tests.tools.tracked import files

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
SCRIPTS = [ROOT / ".ci" / "run", *sorted((ROOT / "tools").glob("*.sh"))]
FOLDERS = ("helpers", "demo", "jupyter", "benchmarks", "book", "tests", "tools")  # that hold Python, at any depth


def requirements(lines):
    """By canonical name."""
    found = [Requirement(line) for line in lines]
    return {canonicalize_name(requirement.name): requirement for requirement in found}


def declared():
    return requirements(PROJECT["dependencies"] + PROJECT["optional-dependencies"]["dev"])


def pinned():
    """By canonical name: the requirements of requirements.txt that hold for Linux on Python 3.11 and 3.12."""
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    return requirements(line for line in lines if line and not line.lstrip().startswith("#"))


def compared():
    """What the frameworks that MXNet is compared with need, in an environment of their own."""
    lines = (ROOT / "benchmarks" / "requirements-bench.txt").read_text(encoding="utf-8").splitlines()
    return requirements(line for line in lines if not line.startswith("#"))


def modules():
    """Every Python file of FOLDERS."""
    return [path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*.py"))]


def sources():
    """The Python text of each module, test, tool and notebook, by path."""
    for path in modules():
        yield path, path.read_text(encoding="utf-8")
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        cells = [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
        lines = "\n".join(cell.source for cell in cells).splitlines()
        yield path, "\n".join(line for line in lines if not line.lstrip().startswith(("%", "!")))


def imported(text):
    """The top-level packages that a Python text imports."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            yield from (name.name.partition(".")[0] for name in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield node.module.partition(".")[0]


# Dependencies


def test_declared_dependencies_are_pinned():
    pins = pinned()
    assert declared().keys() <= pins.keys()
    for name, requirement in declared().items():
        [version] = [specifier.version for specifier in pins[name].specifier if specifier.operator == "=="]
        assert version in requirement.specifier, f"{name}: {version} is pinned, {requirement} is declared"


def test_every_pin_is_exact():
    assert [str(pin) for pin in pinned().values() if not re.fullmatch(r"==[\w.]+", str(pin.specifier))] == []


def test_every_folder_with_python_is_looked_at():
    found = {path.relative_to(ROOT).parts[0] for path in files() if path.suffix == ".py"}
    assert found == set(FOLDERS)


def test_what_is_imported_is_declared():
    loose = ("benchmarks", "tools")  # each file of these is imported by its own name
    own = {*FOLDERS, *(path.stem for path in modules() if path.relative_to(ROOT).parts[0] in loose)}
    distributions = packages_distributions()
    for path, text in sources():
        for package in set(imported(text)) - own - sys.stdlib_module_names:
            names = {canonicalize_name(name) for name in distributions.get(package, [package])}
            where = declared() if path.parent.name != "peers" else declared() | compared()
            assert names & where.keys(), f"{path.name} imports {package}, which is declared nowhere"


def test_the_workflow_runs_the_same_script():
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8"))
    [job] = workflow["jobs"].values()
    assert job["strategy"]["matrix"]["python"] == ["3.11", "3.12", "3.13"]
    assert "bash .ci/run" in [step.get("run") for step in job["steps"]]


def test_the_book_is_published():
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "pages.yml").read_text(encoding="utf-8"))
    [job] = workflow["jobs"].values()
    assert workflow["permissions"] == {"contents": "read", "pages": "write", "id-token": "write"}
    assert "make book" in [step.get("run") for step in job["steps"]]
    [upload] = [step for step in job["steps"] if step.get("uses", "").startswith("actions/upload-pages-artifact@")]
    assert upload["with"]["path"] == "build/book"  # where `make book` puts it
    assert job["steps"][-1]["uses"].startswith("actions/deploy-pages@")


# Files


def test_no_file_names_a_machine():
    hosts = "|".join(("py" + "pi.org", "python" + "hosted", "registry." + "npmjs", "deb." + "debian"))
    pattern = re.compile(rf"{hosts}|(?<![\w.~/])/(?:root|home|work|tmp)/")
    for path in files():
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue  # a picture or parameters
        if path.suffix == ".ipynb":
            text = re.sub(r'"image/png": "[^"]*"', "", text)
        assert not pattern.search(text), f"{path.relative_to(ROOT)}: {pattern.search(text)[0]}"


def test_the_licence_is_that_of_mxnet():
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert "Apache License\n" in text
    assert "Version 2.0, January 2004" in text
    assert "END OF TERMS AND CONDITIONS" in text


# Scripts


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_scripts_parse(script):
    shell = "bash" if "bash" in script.read_text(encoding="utf-8").splitlines()[0] else "sh"
    subprocess.run([shell, "-n", script], check=True)


# Without what an outer `make test` hands down: its level, which makes the inner one say its folder, and its variables.
OUTER_MAKE = {"MAKELEVEL", "MAKEFLAGS", "MFLAGS", "ARGS"}
MAKE_ENVIRONMENT = {name: value for name, value in os.environ.items() if name not in OUTER_MAKE}


def make(*arguments):
    done = subprocess.run(["make", *arguments], cwd=ROOT, env=MAKE_ENVIRONMENT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_make_lists_its_targets():
    listed = make()
    assert re.findall(r"^ +make (\S+)", listed, flags=re.MULTILINE)[:4] == ["help", "venv", "lab", "demo"]


TARGETS = [
    "lab",
    "demo",
    "student",
    "slides",
    "book",
    "test",
    "test-all",
    "test-mnist",
    "notebooks",
    "bench",
    "lint",
    "requirements",
]


@pytest.mark.parametrize("target", TARGETS)
def test_targets_make_the_environment_first(target):
    assert "tools/make_venv.sh" in make("--dry-run", target).splitlines()[0]


def is_open(port):
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def wait_until(condition, seconds):
    end = time.monotonic() + seconds
    while not (holds := condition()) and time.monotonic() < end:
        time.sleep(0.2)
    return holds


@pytest.mark.slow
def test_make_lab_serves_the_notebooks_and_stops(tmp_path):
    """With this Python, whatever .venv is, and without the user's settings of Jupyter."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    command = ["make", "--old-file=venv", "lab", f"PY={shlex.quote(sys.executable)}", f"PORT={port}"]
    command.append("ARGS=--no-browser --IdentityProvider.token=secret")
    folders = {f"JUPYTER_{name}_DIR": str(tmp_path / name) for name in ("CONFIG", "DATA", "RUNTIME")}
    log = tmp_path / "log"

    def get(path):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        connection.request("GET", path, headers={"Authorization": "token secret"})
        answer = connection.getresponse()
        assert answer.status == 200, path
        return answer.read().decode()

    with log.open("w") as out:
        lab = subprocess.Popen(
            command, cwd=ROOT, env=MAKE_ENVIRONMENT | folders, stdout=out, stderr=out, start_new_session=True
        )
    try:
        assert wait_until(lambda: is_open(port) or lab.poll() is not None, 60), log.read_text()
        assert lab.poll() is None, log.read_text()
        listed = {entry["name"] for entry in json.loads(get("/api/contents/notebooks"))["content"]}
        assert {path.name for path in (ROOT / "notebooks").glob("*.ipynb")} <= listed
        assert "<title>JupyterLab</title>" in get("/lab/tree/notebooks")
        os.killpg(lab.pid, signal.SIGTERM)
        lab.wait(timeout=30)
        assert wait_until(lambda: not is_open(port), 30), log.read_text()
    finally:
        with contextlib.suppress(ProcessLookupError):  # all of them ended
            os.killpg(lab.pid, signal.SIGKILL)
        lab.wait()


def ci(folder, **variables):
    """.ci/run in a scratch copy where only `make` works, so that MNIST cannot be had."""
    for name in (".ci", "tools", "bin", ".venv/bin"):
        (folder / name).mkdir(parents=True)
    for name in (".ci/run", "tools/make_venv.sh"):
        shutil.copy(ROOT / name, folder / name)
    for name in ("sh", "dirname"):
        (folder / "bin" / name).symlink_to(shutil.which(name))
    programs = {"make": "echo made $*", "git": "", "dot": "", "chromium": "", "python3.12": "echo 3.12"}
    programs |= {"ssh": "", "sshd": "", "ip": "", "node": "", "npm": ""}
    programs["../.venv/bin/python"] = "exit 1"
    for name, script in programs.items():
        (folder / "bin" / name).write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        (folder / "bin" / name).chmod(0o755)
    environment = {"PATH": str(folder / "bin"), "HOME": str(folder)} | variables
    return subprocess.run(
        [shutil.which("bash"), folder / ".ci" / "run"], env=environment, capture_output=True, text=True, timeout=60
    )


def test_ci_leaves_nothing_out(tmp_path):
    done = ci(tmp_path, CI="true")
    assert (done.returncode, done.stdout) == (1, "made venv\n")
    assert done.stderr == "error: MNIST is neither at hand nor to be had, and CI may leave nothing out\n"


def test_elsewhere_the_tests_on_mnist_are_left_out(tmp_path):
    done = ci(tmp_path)
    made = done.stdout.splitlines()
    assert (done.returncode, made) == (0, ["made venv", "made test-all"])
    assert "left out" in done.stderr


# tools/make_venv.sh, run for real in a scratch copy with the PATH of a machine that lacks something


class Machine:
    """A scratch copy of what make_venv.sh needs, and a folder that is all of PATH."""

    def __init__(self, folder):
        self.project = folder / "a project"  # with a space, as a user's path may have
        self.programs = folder / "bin"
        (self.project / "tools").mkdir(parents=True)
        self.programs.mkdir()
        for name in ("make_venv.sh", "link_libraries.py"):
            shutil.copy(ROOT / "tools" / name, self.project / "tools")
        (self.project / "requirements.txt").write_text("one==1.0\n", encoding="utf-8")
        for name in ("sh", "cat", "cksum", "dirname", "mv", "rm", "mkdir", "cp", "tail"):
            (self.programs / name).symlink_to(shutil.which(name))

    def add(self, name, script):
        """Put a shell script of that name on PATH."""
        (self.programs / name).write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        (self.programs / name).chmod(0o755)

    def add_python(self, name, version="3.12.7", platform="Linux x86_64 glibc", lacks="nothing"):
        """Put a Python on PATH that answers make_venv.sh's questions, makes a .venv and notes what pip is told."""
        self.add(
            name,
            f"""
            case "$*" in
            *ensurepip*) [ "{lacks}" != ensurepip ] ;;
            *sys.version_info*) echo {".".join(version.split(".")[:2])} ;;
            *platform.system*) echo {platform} ;;
            --version) echo Python {version} ;;
            "-m venv .venv") mkdir -p .venv/bin; cp "$0" .venv/bin/python ;;
            "-m pip"*) echo "$*" >>pip.log; [ "{lacks}" != network ] ;;
            "-m jupyter"*) [ "{lacks}" != space ] || {{ echo Traceback; echo OSError: no space >&2; exit 1; }} ;;
            esac""",
        )

    def run(self, *arguments, **variables):
        return subprocess.run(
            [self.programs / "sh", self.project / "tools" / "make_venv.sh", *arguments],
            env={"PATH": str(self.programs)} | variables,
            capture_output=True,
            text=True,
            timeout=60,
        )

    def installs(self):
        log = self.project / "pip.log"
        return len(log.read_text(encoding="utf-8").splitlines()) if log.exists() else 0


@pytest.fixture
def machine(tmp_path):
    return Machine(tmp_path)


WAYS_OUT = ("python3-venv", "PYTHON=", "environment.yml", "container")


def test_no_python(machine):
    assert_one_error(machine.run(), "expected Python 3.11 or 3.12, got no python3: use", *WAYS_OUT)
    assert not (machine.project / ".venv").exists()


def test_only_wrong_pythons(machine):
    machine.add_python("python3", version="3.13.1")
    machine.add("python3.12", "exit 127")  # as the shim of a version manager that has no 3.12
    assert_one_error(machine.run(), "python3.12 (does not run), python3 (3.13)", *WAYS_OUT)


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


@pytest.mark.parametrize("platform", ["Darwin arm64", "Windows AMD64", "Linux x86_64 musl"])
def test_a_platform_without_mxnet(machine, platform):
    machine.add_python("python3", platform=platform)
    assert_one_error(machine.run(), "MXNet 1.9.1", platform, "container")


def test_the_first_python_that_runs_is_taken(machine):
    machine.add("python3.12", "exit 127")
    machine.add_python("python3.11", version="3.11.2")
    machine.add_python("python3", version="3.13.1")
    done = machine.run()
    assert done.returncode == 0, done.stderr
    assert "Python 3.11.2" in done.stdout
    assert len(done.stdout.splitlines()) == 1
    assert (machine.project / ".venv" / "stamp").read_text(encoding="utf-8").startswith("3.11\n")


def test_a_fresh_environment_is_left_alone(machine):
    machine.add_python("python3")
    assert machine.run().returncode == 0
    assert machine.installs() == 2  # the pins, the project
    os.utime(machine.project / "requirements.txt")  # as a fresh checkout would have it: newer, the same
    done = machine.run()
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert machine.installs() == 2


def test_a_newer_patch_of_the_python_makes_nothing_anew(machine):
    machine.add_python("python3", version="3.12.3")
    assert machine.run().returncode == 0
    for place in (machine.programs / "python3", machine.project / ".venv" / "bin" / "python"):
        place.write_text(place.read_text(encoding="utf-8").replace("3.12.3", "3.12.9"), encoding="utf-8")
    assert machine.run(PYTHON="python3").stdout == ""
    assert machine.installs() == 2


def test_new_requirements_or_another_python_make_it_anew(machine):
    machine.add_python("python3")
    machine.add_python("python3.11", version="3.11.2")
    assert machine.run(PYTHON="python3").returncode == 0
    (machine.project / "requirements.txt").write_text("one==1.1\n", encoding="utf-8")
    assert machine.run(PYTHON="python3").returncode == 0
    assert machine.installs() == 4
    assert machine.run(PYTHON="python3.11").returncode == 0
    assert machine.installs() == 6
    assert machine.run().returncode == 0  # whichever it was made with, it is fresh
    assert machine.installs() == 6


def test_a_failed_install_leaves_nothing_to_trust(machine):
    machine.add_python("python3", lacks="network")
    assert_one_error(machine.run(), "pip could not install requirements.txt", "network")
    assert not (machine.project / ".venv").exists()
    assert_one_error(machine.run(), "pip could not install requirements.txt")


def test_a_jupyterlab_that_cannot_be_set_up(machine):
    machine.add_python("python3", lacks="space")
    assert_one_error(machine.run(), "JupyterLab could not be set up: OSError: no space")
    assert not (machine.project / ".venv").exists()


def test_a_failed_install_leaves_the_old_environment(machine):
    machine.add_python("python3")
    assert machine.run().returncode == 0
    (machine.project / "requirements.txt").write_text("one==1.1\n", encoding="utf-8")
    machine.add_python("python3", lacks="network")
    assert machine.run().returncode == 1
    assert (machine.project / ".venv" / "stamp").exists()
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
    (machine.project / "requirements.txt").write_text("one==1.1\n", encoding="utf-8")
    (machine.programs / "rm").unlink()
    machine.add("rm", f'case "$*" in *.venv.old*) kill -KILL $PPID ;; *) exec {shutil.which("rm")} "$@" ;; esac')
    assert machine.run().returncode == -signal.SIGKILL
    assert (machine.project / ".venv.old").exists()
    assert (machine.run().stdout, machine.installs()) == ("", 4)  # the new one is whole


def test_two_at_once_do_not_harm_each_other(machine):
    machine.add_python("python3")
    (machine.project / ".venv.pid").write_text(f"{os.getpid()}\n", encoding="utf-8")  # a process that runs
    assert_one_error(machine.run(), f"is being made by process {os.getpid()}")
    (machine.project / ".venv.pid").write_text("99999999\n", encoding="utf-8")  # one that was killed
    assert machine.run().returncode == 0
    assert not (machine.project / ".venv.pid").exists()


def test_an_environment_that_is_there_already(machine):
    """Conda's, Binder's or any other: it gets the pins, and no .venv is made."""
    machine.add_python("python")
    done = machine.run("--into", "python")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("Installing into the environment of python from requirements.txt")
    assert not (machine.project / ".venv").exists()
    log = (machine.project / "pip.log").read_text(encoding="utf-8").splitlines()
    assert [line for line in log if "--no-deps" in line and line.endswith("-r requirements.txt")] == log


@pytest.mark.parametrize(
    ("python", "parts"),
    [
        ({"lacks": "network"}, ["requirements.txt could not be installed", "try again, with a network"]),
        ({"version": "3.10.2"}, ["expected Python 3.11, 3.12 or 3.13, got python (3.10)"]),
        ({"platform": "Linux aarch64 glibc"}, ["got Linux aarch64 glibc, where MXNet 1.9.1 does not run"]),
    ],
)
def test_an_environment_that_cannot_be_filled(machine, python, parts):
    machine.add_python("python", **python)
    assert_one_error(machine.run("--into", "python"), *parts)
    assert_one_error(machine.run("--into"), "expected a Python after --into, got none")


def test_uv_installs_the_pins_themselves(machine):
    """In this folder it would take the overrides of pyproject.toml for them, such as numpy>=1.26."""
    machine.add_python("python")
    machine.add("uv", 'echo "$*" >>uv.log')
    assert machine.run("--into", "python").returncode == 0
    [line] = (machine.project / "uv.log").read_text(encoding="utf-8").splitlines()
    assert line.startswith("pip install --quiet --python python --no-deps ")
    assert line.endswith("-r requirements.txt --override requirements.txt")


# conftest.py, on a folder of its own

SKIPS = """
import pytest

def test_skipped():
    pytest.skip("no such thing here")

@pytest.mark.skipif(True, reason="not on this machine")
def test_marked():
    pass

@pytest.mark.xfail(strict=True)
def test_known_to_fail():
    assert False

@pytest.mark.slow
def test_that_takes_long():
    pass
"""


@pytest.fixture
def try_skips(tmp_path):
    """A function that runs tests of which some are skipped, as a whole module is, and returns what is printed."""
    shutil.copy(ROOT / "tests" / "conftest.py", tmp_path)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    (tmp_path / "test_skips.py").write_text(SKIPS, encoding="utf-8")
    missing = "import pytest\npytest.importorskip('no_such_package')\n"
    (tmp_path / "test_module.py").write_text(missing, encoding="utf-8")

    def try_skips(*options, **variables):
        command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--continue-on-collection-errors", "."]
        environment = MAKE_ENVIRONMENT | variables
        done = subprocess.run([*command, *options], cwd=tmp_path, env=environment, capture_output=True, text=True)
        return done.stdout.splitlines()

    return try_skips


def test_no_skips_turns_skips_into_failures(try_skips):
    """All but those for which there is a reason."""
    said = try_skips(NO_SKIPS="1", MAY_SKIP="such thing|another")
    assert "= 1 passed, 1 skipped, 1 xfailed, 2 errors in " in said[-1]
    for reason in ("no such thing here", "not on this machine", "no_such_package"):
        assert reason in "\n".join(said)


def test_a_run_says_what_did_not_run(try_skips):
    """Also when it is a worker that leaves tests out."""
    said = try_skips("--quick", "-n", "1", NO_SKIPS="0")
    start = next(number for number, line in enumerate(said) if "= what did not run, and why =" in line)
    left, *skipped = said[start + 1 : start + 5]
    assert left.startswith("    1 left to `make test-all`, slow: needs ")
    reasons = ("could not import 'no_such_package'", "no such thing here", "not on this machine")
    for line, reason in zip(sorted(skipped), reasons, strict=True):
        assert line.startswith(f"    1 skipped: {reason}")
    assert "= 3 skipped, 1 xfailed in " in said[-1]
