"""The wheelhouse: what `make lab` installs, in a folder, and an installation that has nothing else to take it from."""

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest

from tests.tools.failures import assert_one_error
from tests.tools.locks import SIX, TOML, read_pins
from tests.tools.uv import find_uv

ROOT = Path(__file__).parents[2]
PYTHON = str(Path(sys.executable).resolve())  # that .venv was made with, since a wheelhouse is collected before .venv
LOCKS = ("requirements.txt", "requirements-export.txt")
INSTALLED = ("helpers", "jupyter", "tools", "LICENSE", "README.md", "pyproject.toml", *LOCKS)
pytestmark = pytest.mark.slow

PINS = dict(zip(LOCKS, (SIX, TOML), strict=True))

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


def copy_with_few_pins(folder):
    project = copy_of_project(folder, ["tools"])
    for name, pin in PINS.items():
        (project / name).write_text(f"{pin}\n", encoding="utf-8")
    return project


@pytest.fixture(scope="module")
def collected(tmp_path_factory):
    """A project of few pins with its wheelhouse."""
    project = copy_with_few_pins(tmp_path_factory.mktemp("collected") / "project")
    done = collect(project)
    if "try with a network" in done.stderr:
        pytest.skip(f"wheels cannot be had here: {done.stderr}")
    assert (done.returncode, done.stderr) == (0, "")
    return project


@pytest.fixture
def project(collected, tmp_path):
    """A copy that the test may damage."""
    return shutil.copytree(collected, tmp_path / "project")


@pytest.fixture(scope="module")
def installed(collected, tmp_path_factory):
    """A project with all pins and a .venv, made from a folder elsewhere. Its path has a space, and so has the folder's.

    A student's .venv as it is: nothing else of this module may be installed into it.
    """
    folder = tmp_path_factory.mktemp("installed")
    project = copy_of_project(folder / "a project", INSTALLED)
    stick = folder / "a stick"
    stick.mkdir()
    done = collect(project, stick)
    assert (done.returncode, done.stderr) == (0, "")
    done = make_venv(project, WHEELHOUSE=str(stick))
    assert (done.returncode, done.stderr) == (0, "")
    assert "without a network" in done.stdout
    return project, stick


def disk_usage(folder):
    """The bytes that a folder takes on the disk, each file once, however many links it has."""
    found = {path.lstat().st_ino: path.lstat() for path in [folder, *folder.rglob("*")]}
    return sum(about.st_blocks * 512 for about in found.values())


def test_the_lab_is_installed_without_a_network(installed, tmp_path):
    project, _ = installed
    python = project / ".venv" / "bin" / "python"
    imports = "import helpers, mxnet; print(mxnet.__version__, helpers.__file__)"
    done = run(python, "-c", imports, folder=tmp_path, environment=OFFLINE)
    assert done.stdout == f"1.9.1 {project / 'helpers' / '__init__.py'}\n", done.stderr
    done = run(project / ".venv" / "bin" / "jupyter", "lab", "--version", folder=tmp_path, environment=OFFLINE)
    pins = [str(pin) for pin in read_pins("requirements.txt")]
    assert f"jupyterlab=={done.stdout.strip()}" in pins, done.stderr


def test_a_students_environment_is_small(installed):
    """At most 0.85 GB before its first use; what Python then compiles of it takes another 0.06."""
    project, _ = installed
    assert disk_usage(project / ".venv") <= 0.85e9


def test_files_that_packages_install_twice_take_their_room_once(installed):
    """JupyterLab's pages are among them. What was linked is still what was installed."""
    project, _ = installed
    venv = project / ".venv"
    [shared] = (venv / "share" / "jupyter" / "lab" / "static").glob("jlab_core.*.js")
    [own] = venv.glob("lib/python3*/site-packages/jupyterlab/static/jlab_core.*.js")
    assert shared.samefile(own)
    check = (
        "import base64, hashlib\nfrom importlib.metadata import distribution\n"
        "for file in distribution('jupyterlab').files:\n"
        "    if file.hash and not file.match('__pycache__/*'):\n"
        "        digest = hashlib.new(file.hash.mode, file.locate().read_bytes()).digest()\n"
        "        assert base64.urlsafe_b64encode(digest).decode().rstrip('=') == file.hash.value, file\n"
    )
    done = run(venv / "bin" / "python", "-c", check, folder=project, environment=OFFLINE)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_export_is_fetched_without_a_network(installed):
    """In a process that has imported MXNet already. It is the last test of the installation, which it changes."""
    project, stick = installed
    python = project / ".venv" / "bin" / "python"
    out = project / "lenet.onnx"
    command = [python, "-m", "helpers", "export", "lenet", "--to"]
    missing = run(*command, "lenet.txt", folder=project, environment=OFFLINE | {"WHEELHOUSE": str(stick)})
    assert_one_error(missing, "expected a file name that ends in .onnx")  # before anything is fetched
    code = "import helpers, mxnet, sys\nfrom helpers.cli.main import main\nsys.exit(main(sys.argv[1:]))"
    command = [python, "-c", code, "export", "lenet", "--to", "lenet.onnx"]
    done = run(*command, folder=project, environment=OFFLINE | {"WHEELHOUSE": str(stick)})
    assert (done.returncode, done.stderr) == (0, f"Fetching onnx and onnxruntime from {stick}, 120 MB, once\n")
    assert out.stat().st_size > 1e6
    done = run(*command, folder=project, environment=OFFLINE)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_whole_wheelhouse_is_not_collected_again(project):
    done = collect(project, environment=OFFLINE)
    assert (done.returncode, done.stderr) == (0, "")


def test_without_a_network_the_old_wheelhouse_stays(project):
    before = {path.name: path.read_bytes() for path in (project / "wheelhouse").iterdir()}
    (project / "wheelhouse").rename(project / ".wheelhouse.old")  # as a run leaves it that is killed at the very end
    (project / "requirements.txt").write_text(SIX.replace("1.17", "1.16"), encoding="utf-8")
    assert_one_error(collect(project, environment=OFFLINE), "six==1.16.0", "try with a network")
    assert {path.name: path.read_bytes() for path in (project / "wheelhouse").iterdir()} == before
    assert list(project.glob(".*")) == []


def test_killed_while_it_collects(collected, tmp_path):
    project = copy_with_few_pins(tmp_path / "project")
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
    [path] = (project / "wheelhouse").glob("six-*.whl")
    return path


def spoil(project):
    """As somebody would who also knows what contents.json is for."""
    with zipfile.ZipFile(wheel(project), "a") as opened:
        opened.writestr("six.pth", "import this")
    wheels = json.loads((project / "wheelhouse" / "contents.json").read_text(encoding="utf-8"))["wheels"]
    wheels[wheel(project).name] = hashlib.sha256(wheel(project).read_bytes()).hexdigest()
    change(project, wheels=wheels)


def halve(project):
    wheel(project).write_bytes(wheel(project).read_bytes()[:5000])


DAMAGES = {
    "a wheel is missing": (lambda p: wheel(p).unlink(), "six", "is missing", "copy it again"),
    "half a wheel": (halve, "six", "is not as collected", "copy it again"),
    "another wheel": (spoil, "six", "is not as collected", "collect it anew"),
    "half collected": (lambda p: (p / "wheelhouse" / "contents.json").unlink(), "contents.json is missing"),
    "another table": (lambda p: change(p, wheels=None), "cannot be read", "collect it anew"),
    "another Python": (lambda p: change(p, python="3.9"), "is for Python 3.9 on", "PYTHON=/path/to/python3.9"),
    "another platform": (lambda p: change(p, platform="Darwin x86_64"), "Darwin x86_64", "on a machine like this one"),
    "other pins": (lambda p: (p / LOCKS[0]).write_text("six==1.16.0"), "for the pins here", "for other ones"),
    "other pins of the export": (lambda p: (p / LOCKS[1]).write_text("toml==0.10.1"), "for other ones"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_what_does_not_fit_is_said_before_anything_is_made(project, damage):
    do, *parts = DAMAGES[damage]
    do(project)
    assert_one_error(make_venv(project), *parts)
    assert not (project / ".venv").exists()


def test_a_wheel_that_is_not_the_pinned_one_is_not_collected(collected, tmp_path):
    project = copy_with_few_pins(tmp_path / "project")
    (project / LOCKS[0]).write_text(f"{SIX[:-4]}0000\n", encoding="utf-8")
    expected = "expected the wheels that the pins name by their SHA-256, got another one of six==1.17.0: try another"
    assert_one_error(collect(project), expected)
    assert not (project / "wheelhouse").exists()


@pytest.mark.parametrize("with_uv", [False, True], ids=["pip", "uv"])
def test_a_file_that_is_not_the_pinned_one_is_not_installed(collected, tmp_path, with_uv):
    """From the network: one line of ours, which names the pin, instead of the installer's own."""
    project = copy_with_few_pins(tmp_path / "project")
    (project / LOCKS[0]).write_text(f"{SIX[:-4]}0000\n", encoding="utf-8")
    before = f"{Path(find_uv()).parent}:" if with_uv else ""
    path = {"PATH": f"{before}{tmp_path}:/usr/local/bin:/usr/bin:/bin"}
    done = run("sh", "tools/make_venv.sh", folder=project, environment=ONLINE | path)
    expected = "expected the files that requirements.txt names by their SHA-256, got another one of six==1.17.0, and"
    assert_one_error(done, expected, "try another network")
    assert not (project / ".venv").exists()


def test_a_folder_that_is_not_there(collected, tmp_path):
    assert_one_error(make_venv(collected, WHEELHOUSE=str(tmp_path / "none")), str(tmp_path / "none"), "is missing")
