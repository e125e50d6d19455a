"""The wheelhouse: what `make lab` installs, in a folder, and an installation that has nothing else to take it from."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.tools.failures import assert_one_error

ROOT = Path(__file__).parents[2]
PYTHON = str(Path(sys.executable).resolve())  # that .venv was made with, since a wheelhouse is collected before .venv
INSTALLED = ("helpers", "jupyter", "tools", "LICENSE", "README.md", "pyproject.toml", "requirements.txt")
pytestmark = pytest.mark.slow

PIN = "six==1.17.0"  # one small wheel, for what does not depend on how many there are

# No index, no wheels of the user, and for what would ask all the same a proxy that does not answer. Nor is each module
# compiled beforehand: the test imports few of them.
USERS_OWN = ("PYTHONPATH", "PIP_FIND_LINKS", "PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "WHEELHOUSE")
ONLINE = {name: value for name, value in os.environ.items() if name not in USERS_OWN} | {"PYTHON": PYTHON}
PROXY = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"), "http://127.0.0.1:9")
OFFLINE = ONLINE | PROXY | {"PIP_NO_INDEX": "1", "PIP_CONFIG_FILE": os.devnull, "PIP_NO_COMPILE": "1"}


def run(*command, folder, environment=ONLINE):
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=900)


def collect(project, *folder, environment=ONLINE):
    return run(PYTHON, "tools/wheelhouse.py", "collect", *folder, folder=project, environment=environment)


def make_venv(project, **variables):
    return run("sh", "tools/make_venv.sh", folder=project, environment=OFFLINE | variables)


def copy_of_project(folder, names):
    folder.mkdir()
    for name in names:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, folder / name)
    return folder


def copy_with_one_pin(folder):
    project = copy_of_project(folder, ["tools"])
    (project / "requirements.txt").write_text(f"{PIN}\n", encoding="utf-8")
    return project


@pytest.fixture(scope="module")
def collected(tmp_path_factory):
    """A project of one pin with its wheelhouse."""
    project = copy_with_one_pin(tmp_path_factory.mktemp("collected") / "project")
    done = collect(project)
    if "try with a network" in done.stderr:
        pytest.skip(f"wheels cannot be had here: {done.stderr}")
    assert (done.returncode, done.stderr) == (0, "")
    return project


@pytest.fixture
def project(collected, tmp_path):
    """A copy that the test may damage."""
    return shutil.copytree(collected, tmp_path / "project")


def test_the_lab_is_installed_without_a_network(collected, tmp_path):
    """With all pins, from a folder elsewhere, and into a project whose path has a space."""
    project = copy_of_project(tmp_path / "a project", INSTALLED)
    stick = tmp_path / "stick"
    stick.mkdir()
    done = collect(project, stick)
    assert (done.returncode, done.stderr) == (0, "")

    done = make_venv(project, WHEELHOUSE=str(stick))
    assert (done.returncode, done.stderr) == (0, "")
    assert "without a network" in done.stdout
    python = project / ".venv" / "bin" / "python"
    imports = "import helpers, mxnet; print(mxnet.__version__, helpers.__file__)"
    done = run(python, "-c", imports, folder=tmp_path, environment=OFFLINE)
    assert done.stdout == f"1.9.1 {project / 'helpers' / '__init__.py'}\n", done.stderr
    done = run(project / ".venv" / "bin" / "jupyter", "lab", "--version", folder=tmp_path, environment=OFFLINE)
    pins = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    assert f"jupyterlab=={done.stdout.strip()}" in pins, done.stderr


def test_a_whole_wheelhouse_is_not_collected_again(project):
    done = collect(project, environment=OFFLINE)
    assert (done.returncode, done.stderr) == (0, "")


def test_without_a_network_the_old_wheelhouse_stays(project):
    before = {path.name: path.read_bytes() for path in (project / "wheelhouse").iterdir()}
    (project / "wheelhouse").rename(project / ".wheelhouse.old")  # as a run leaves it that is killed at the very end
    (project / "requirements.txt").write_text("six==1.16.0\n", encoding="utf-8")
    assert_one_error(collect(project, environment=OFFLINE), "six==1.16.0", "try with a network")
    assert {path.name: path.read_bytes() for path in (project / "wheelhouse").iterdir()} == before
    assert list(project.glob(".*")) == []


def test_killed_while_it_collects(collected, tmp_path):
    project = copy_with_one_pin(tmp_path / "project")
    environment = ONLINE | {"TMPDIR": str(tmp_path)}
    command = [PYTHON, "tools/wheelhouse.py", "collect"]
    job = subprocess.Popen(command, cwd=project, env=environment, start_new_session=True)
    rest = project / ".wheelhouse.new"
    while not rest.exists():
        assert job.poll() is None
        time.sleep(0.01)
    os.killpg(job.pid, signal.SIGKILL)
    job.wait()
    assert rest.exists()
    assert not (project / "wheelhouse").exists()
    assert collect(project).returncode == 0
    assert not rest.exists()


def test_no_other_folder_is_replaced(collected, tmp_path):
    (tmp_path / "notes").write_text("mine", encoding="utf-8")
    assert_one_error(
        collect(collected, tmp_path), "expected a wheelhouse, got", "which holds something else: name a folder"
    )
    assert (tmp_path / "notes").read_text(encoding="utf-8") == "mine"


def test_a_place_that_cannot_be_written(collected):
    assert_one_error(collect(collected, "/proc/wheelhouse"), "cannot write /proc/wheelhouse", "choose another place")


def change(project, **contents):
    path = project / "wheelhouse" / "contents.json"
    path.write_text(json.dumps(json.loads(path.read_text(encoding="utf-8")) | contents), encoding="utf-8")


def wheel(project):
    [path] = (project / "wheelhouse").glob("*.whl")
    return path


def halve(project):
    wheel(project).write_bytes(wheel(project).read_bytes()[:5000])


DAMAGES = {
    "a wheel is missing": (lambda p: wheel(p).unlink(), "six", "is missing", "copy it again"),
    "half a wheel": (halve, "six", "is not as collected", "copy it again"),
    "half collected": (lambda p: (p / "wheelhouse" / "contents.json").unlink(), "contents.json is missing"),
    "another table": (lambda p: change(p, wheels=None), "cannot be read", "collect it anew"),
    "another Python": (lambda p: change(p, python="3.9"), "is for Python 3.9 on", "PYTHON=/path/to/python3.9"),
    "another platform": (lambda p: change(p, platform="Darwin x86_64"), "Darwin x86_64", "on a machine like this one"),
    "other pins": (lambda p: (p / "requirements.txt").write_text("six==1.16.0"), "another requirements.txt"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_what_does_not_fit_is_said_before_anything_is_made(project, damage):
    do, *parts = DAMAGES[damage]
    do(project)
    assert_one_error(make_venv(project), *parts)
    assert not (project / ".venv").exists()


def test_a_folder_that_is_not_there(collected, tmp_path):
    assert_one_error(make_venv(collected, WHEELHOUSE=str(tmp_path / "none")), str(tmp_path / "none"), "is missing")
