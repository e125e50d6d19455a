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
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.tools.locks import hashes_of, read_pins
from tests.tools.tracked import files

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
SCRIPTS = [ROOT / ".ci" / "run", *sorted((ROOT / "tools").glob("*.sh"))]
EXTRAS = ("", "export", "dev")  # of pyproject.toml; "" for what everybody needs
LOCKS = dict(zip(("requirements.txt", "requirements-export.txt", "requirements-dev.txt"), EXTRAS, strict=True))
PLATFORMS = {
    "Linux": {"sys_platform": "linux", "platform_system": "Linux", "platform_machine": "x86_64", "os_name": "posix"},
    "macOS": {"sys_platform": "darwin", "platform_system": "Darwin", "platform_machine": "x86_64", "os_name": "posix"},
}
PYTHONS = ("3.11.2", "3.12.3", "3.13.5")  # of Debian 12, Ubuntu 24.04 and Debian 13
FOLDERS = ("helpers", "demo", "jupyter", "benchmarks", "book", "tests", "tools")  # that hold Python, at any depth


def requirements(lines):
    """By canonical name."""
    found = [Requirement(line) for line in lines]
    return {canonicalize_name(requirement.name): requirement for requirement in found}


def declared(extras=EXTRAS):
    """The direct dependencies that these extras name. What an extra takes over from another one is not in it."""
    listed = PROJECT["optional-dependencies"] | {"": PROJECT["dependencies"]}
    lines = [line for extra in extras for line in listed[extra]]
    return requirements(line for line in lines if not line.startswith(PROJECT["name"]))


def pinned(name, platform, python):
    """Those of its pins that hold for a platform of PLATFORMS and a Python such as "3.12.1"."""
    about = {"python_version": python.rpartition(".")[0], "python_full_version": python}
    there = default_environment() | PLATFORMS[platform] | about
    return [pin for pin in read_pins(name) if not pin.marker or pin.marker.evaluate(there)]


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


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("platform", PLATFORMS)
def test_declared_dependencies_are_pinned(platform, python):
    """Each once, in the file of those who need it or in one that it adds to, and in a version that is allowed."""
    there = []
    wanted = {}
    for name, extra in LOCKS.items():
        there += pinned(name, platform, python)
        wanted |= declared([extra])
        found = {canonicalize_name(pin.name): pin for pin in there}
        assert len(found) == len(there), "a package is pinned twice"
        assert wanted.keys() <= found.keys()
        for package, requirement in wanted.items():
            [version] = [specifier.version for specifier in found[package].specifier]
            assert version in requirement.specifier, f"{package}: {version} is pinned, {requirement} is declared"


@pytest.mark.parametrize("name", LOCKS)
def test_every_pin_is_exact(name):
    assert [str(pin) for pin in read_pins(name) if not re.fullmatch(r"==[\w.]+", str(pin.specifier))] == []


@pytest.mark.parametrize("name", [*LOCKS, "requirements-export-older.txt"])
def test_every_pin_names_its_files_by_their_sha256(name):
    """Wheels, and no address of a registry: where the files come from does not matter then."""
    found = hashes_of(name)
    assert found
    assert [pin for pin, hashes in found.items() if not hashes] == []
    assert "://" not in (ROOT / name).read_text(encoding="utf-8")


USES = [
    (path.name, line.strip().removeprefix("- "))
    for path in sorted((ROOT / ".github" / "workflows").glob("*.y*ml"))
    for line in path.read_text(encoding="utf-8").splitlines()
    if "uses:" in line
]


@pytest.mark.parametrize(("name", "line"), USES)
def test_every_action_is_pinned_by_its_commit(name, line):
    """A tag can be moved to other code, as has happened. The tag behind it tells people which version it is."""
    assert re.fullmatch(r"uses: [\w.-]+/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", line)


def test_a_student_gets_no_tools_of_maintainers():
    """jupyter-client and a few others come with JupyterLab."""
    found = {canonicalize_name(pin.name) for pin in read_pins("requirements.txt")}
    shared = {"jupyter-client", "nbclient", "nbconvert", "nbformat", "pyyaml"}
    assert found & declared(["export", "dev"]).keys() <= shared


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
            compares = path.parent.name == "peers" or path.name == "09_after_mxnet.ipynb"
            where = declared() | compared() if compares else declared()
            assert names & where.keys(), f"{path.name} imports {package}, which is declared nowhere"


def test_the_workflow_runs_the_same_commands():
    """On each Python that the project is for: one runs everything, the others what anybody runs."""
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8"))
    everything, pythons = (workflow["jobs"][name] for name in ("everything", "pythons"))
    [step] = [step for step in everything["steps"] if step.get("run") == "bash .ci/run"]
    assert step["env"] == {"PYTHON": "python3.13"}
    assert "make test PYTHON=python${{ matrix.python }}" in [step.get("run") for step in pythons["steps"]]
    assert pythons["strategy"]["matrix"]["python"] == ["3.11", "3.12"]


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
    assert re.findall(r"^ +make (\S+)", listed, flags=re.MULTILINE)[:5] == ["help", "venv", "venv-dev", "lab", "demo"]


TARGETS = [
    "lab",
    "demo",
    "student",
    "slides",
    "book",
    "test",
    "test-pythons",
    "test-all",
    "test-mnist",
    "notebooks",
    "bench",
    "lint",
    "requirements",
    "collect",
    "links",
]
DEV_TARGETS = {
    "book",
    "test",
    "test-pythons",
    "test-all",
    "test-mnist",
    "notebooks",
    "bench",
    "lint",
}  # that use maintainers' tools


@pytest.mark.parametrize("target", TARGETS)
def test_targets_make_the_environment_first(target):
    first = make("--dry-run", target).splitlines()[0]
    assert first.endswith("sh tools/make_venv.sh --dev" if target in DEV_TARGETS else "sh tools/make_venv.sh")


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
    for name in (".ci/run", "tools/make_venv.sh", "tools/test_pythons.sh"):
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
        [shutil.which("bash"), folder / ".ci" / "run"], env=environment, capture_output=True, text=True, timeout=300
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
    (tmp_path / "tests" / "tools").mkdir(parents=True)
    shutil.copy(ROOT / "tests" / "tools" / "shorter.py", tmp_path / "tests" / "tools")  # conftest.py needs it
    (tmp_path / "test_skips.py").write_text(SKIPS, encoding="utf-8")
    missing = "import pytest\npytest.importorskip('no_such_package')\n"
    (tmp_path / "test_module.py").write_text(missing, encoding="utf-8")

    def try_skips(*options, **variables):
        command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--continue-on-collection-errors", "."]
        environment = MAKE_ENVIRONMENT | variables
        done = subprocess.run([*command, *options], cwd=tmp_path, env=environment, capture_output=True, text=True)
        return done.stdout.splitlines()

    return try_skips


@pytest.mark.slow
def test_no_skips_turns_skips_into_failures(try_skips):
    """All but those for which there is a reason."""
    said = try_skips(NO_SKIPS="1", MAY_SKIP="such thing|another")
    assert "= 1 passed, 1 skipped, 1 xfailed, 2 errors in " in said[-1]
    for reason in ("no such thing here", "not on this machine", "no_such_package"):
        assert reason in "\n".join(said)


@pytest.mark.slow
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
