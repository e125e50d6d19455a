"""The table of `python -m helpers check`, here and where things are missing."""

import importlib.metadata
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import venv
from pathlib import Path

import cv2
import matplotlib
import numpy
import pytest
import scipy
import sklearn

from helpers.classifier.classifier import checkpoint_path
from helpers.cli.check import LOCKS, Line, data_line, inspect, packages, table
from helpers.networks.symbols import NETWORKS
from tests.tools.locks import read_pins

ROOT = Path(__file__).parents[2]


def run(python=sys.executable, folder=ROOT, **variables):
    """Exit code and lines by name of `check --json` in a process with these variables; None unsets one."""
    environment = {name: value for name, value in (os.environ | variables).items() if value is not None}
    command = [str(python), "-m", "helpers", "check", "--json"]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=100)
    assert done.stderr == ""
    report = json.loads(done.stdout)
    assert report["fine"] == (done.returncode == 0)
    return done.returncode, {line["name"]: line for line in report["lines"]}


@pytest.fixture(scope="module")
def lines():
    with pytest.MonkeyPatch.context() as patch:
        for name in ("MNIST_DIR", "DIGITS_SOURCE"):  # the user's own may be wrong
            patch.delenv(name, raising=False)
        return {line.name: line for line in inspect()}


def test_what_is_here(lines):
    assert lines["Python"].found == platform.python_version()
    assert lines["platform"].problem == ""
    for name, module in {"numpy": numpy, "scipy": scipy, "scikit-learn": sklearn, "matplotlib": matplotlib}.items():
        assert lines[name].found == module.__version__
    assert lines["opencv-python-headless"].found.startswith(cv2.__version__)
    assert lines["import mxnet"].found == lines["mxnet"].found == lines["mxnet"].pinned == "1.9.1"
    assert "CPU" in lines["devices"].found
    assert re.fullmatch(r"\d+ cores, MXNet uses \d+ for one operation", lines["threads"].found)
    assert lines["dot"].found == (shutil.which("dot") or "missing")
    for network in NETWORKS:
        card = json.loads(checkpoint_path(network).with_suffix(".json").read_text(encoding="utf-8"))
        assert lines[f"trained {network}"].found == f"test accuracy {card['test_accuracy']:.4f}"
    assert not [line for line in lines.values() if line.problem]


def test_each_direct_dependency_has_its_pin():
    found = packages()
    pins = {f"{pin.name}{pin.specifier}" for name in LOCKS for pin in read_pins(name)}
    assert {"mxnet", "numpy", "jupyterlab"} <= {package.name for package in found if not package.extra}
    assert {"pytest", "nbval", "ruff"} <= {package.name for package in found if package.extra == "dev"}
    for package in found:
        assert f"{package.name}=={package.pinned}" in pins
        assert package.found == importlib.metadata.version(package.name) == package.pinned
        assert package.satisfies


def test_the_table():
    lines = [Line("Python", "3.12.1"), Line("numpy", "2.5", "1.26.4", note="other"), Line("dot", "", problem="mend it")]
    assert table(lines).splitlines() == [
        "        found   pinned",
        "Python  3.12.1          ok",
        "numpy   2.5     1.26.4  note: other",
        "dot                     PROBLEM: mend it",
        "",
        "1 to mend: see PROBLEM above.",
    ]
    assert table(lines[:2]).endswith("\n\nEverything is in place.")


def test_mnist_that_is_not_here_is_not_fetched(tmp_path):
    _, lines = run(XDG_CACHE_HOME=str(tmp_path / "cache"), MNIST_DIR=None, DIGITS_SOURCE=None)
    assert lines["data"]["found"] == "MNIST, not here yet"
    assert lines["data"]["note"] == f"the first use downloads 11.6 MB into {tmp_path}/cache/digits-with-mxnet"
    assert not (tmp_path / "cache").exists()


@pytest.mark.slow
def test_several_things_are_wrong(tmp_path):
    """A checkout with a damaged checkpoint, one that is gone, another pin, a version that will not do, and no `dot`."""
    for name in ("pyproject.toml", *LOCKS):
        shutil.copy(ROOT / name, tmp_path)
    shutil.copytree(ROOT / "helpers", tmp_path / "helpers", ignore=shutil.ignore_patterns("__pycache__"))
    requirements = (tmp_path / "requirements.txt").read_text(encoding="utf-8")
    (tmp_path / "requirements.txt").write_text(requirements.replace("\ntqdm==", "\ntqdm==1000."), encoding="utf-8")
    project = (tmp_path / "pyproject.toml").read_text(encoding="utf-8")
    (tmp_path / "pyproject.toml").write_text(project.replace('"scipy>=', '"scipy>=1000,>='), encoding="utf-8")
    checkpoints = tmp_path / "helpers" / "checkpoints"
    (checkpoints / "mlp.params").write_bytes(b"")
    (checkpoints / "lenet.params").unlink()
    (checkpoints / "dropout-cnn.json").write_text("{", encoding="utf-8")
    code, lines = run(folder=tmp_path, PATH=str(tmp_path), MNIST_DIR=str(tmp_path), PYTHONPATH=str(tmp_path))
    assert code == 1
    assert lines["dot"]["note"].endswith("install Graphviz to see them as pictures")
    assert lines["tqdm"]["note"] == "not the version that is tested: pip install --no-deps -r requirements.txt"
    assert lines["scipy"]["problem"].startswith("scipy>=1000,>=")
    assert "MNIST_DIR" in lines["data"]["problem"]
    for network in NETWORKS:
        assert lines[f"trained {network}"]["problem"].endswith("git checkout helpers/checkpoints")
    assert {name for name, line in lines.items() if line["problem"]} == {
        "scipy",
        "data",
        *(f"trained {network}" for network in NETWORKS),
    }


@pytest.mark.parametrize("packages", [["numpy"], []])
def test_an_environment_that_lacks_nearly_all_packages(tmp_path, packages):
    """The table still comes, and other commands say in one line what is missing."""
    venv.create(tmp_path / "venv", with_pip=False)
    python = tmp_path / "venv" / "bin" / "python"
    site = Path(numpy.__file__).parent.parent
    (tmp_path / "site").mkdir()
    for name in packages:
        for path in site.glob(f"{name}*"):
            (tmp_path / "site" / path.name).symlink_to(path)
    code, lines = run(python, PYTHONPATH=str(tmp_path / "site"), DIGITS_SOURCE=None)
    assert code == 1
    assert lines["Python"]["problem"] == ""
    assert (lines["numpy"]["found"] == "missing") == (not packages)
    for name in ("mxnet", "scipy", "jupyterlab"):
        assert lines[name]["found"] == "missing"
        assert lines[name]["problem"] == "pip install --no-deps -r requirements.txt"
    assert lines["pytest"]["note"] == "only `make test` needs it, and fetches it"
    assert lines["data"]["problem"].startswith("No module named")
    command = [python, "-m", "helpers", "evaluate", "mlp"]
    variables = os.environ | {"PYTHONPATH": str(tmp_path / "site")}
    done = subprocess.run(command, cwd=ROOT, env=variables, capture_output=True, text=True, timeout=300)
    assert done.returncode == 1
    missing = "mxnet" if packages else "numpy"
    assert done.stderr == f"error: the package {missing} is missing: see python -m helpers check\n"


def test_an_installation_without_a_checkout(tmp_path):
    """As `pip install .` leaves it on Python 3.13: no lock files to install from, and no MXNet."""
    venv.create(tmp_path / "venv", with_pip=False)
    [site] = (tmp_path / "venv").glob("lib/python*/site-packages")
    shutil.copytree(ROOT / "helpers", site / "helpers", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("numpy", "psutil", "packaging"):
        for path in Path(numpy.__file__).parents[1].glob(f"{name}*"):
            (site / path.name).symlink_to(path)
    about = site / "digits_with_mxnet-0.1.0.dist-info"
    about.mkdir()
    needs = ("mxnet==1.9.1; python_version < '3.13'", "numpy>=1.26", "scipy>=1.11", "pytest>=8; extra == 'dev'")
    text = "".join(f"Requires-Dist: {need}\n" for need in needs)
    head = "Metadata-Version: 2.4\nName: digits-with-mxnet\nVersion: 0.1.0\n"
    (about / "METADATA").write_text(head + text, encoding="utf-8")
    python = tmp_path / "venv" / "bin" / "python"
    code, lines = run(python, folder=tmp_path, PYTHONPATH=None, DIGITS_SOURCE="digits")
    assert code == 1
    assert lines["mxnet"]["problem"] == "pip install --no-deps mxnet==1.9.1"
    assert lines["scipy"]["problem"] == "pip install 'scipy>=1.11'"
    assert lines["numpy"]["problem"] == ""
    assert "pytest" not in lines
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        [python, "-c", "import helpers"], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0
    assert done.stderr == "Notice: the package mxnet is missing: see python -m helpers check\n"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("script", "problem"),
    [
        ("raise OSError('libgomp.so.1: cannot open')", "cannot open: apt-get install libgomp1 libquadmath0, or python"),
        (
            "raise AttributeError('no such name')",
            "AttributeError: no such name: pip install --no-deps -r requirements.txt",
        ),
        ("import os; os.abort()", "exit code -6: pip install --no-deps -r requirements.txt"),
    ],
)
def test_an_mxnet_that_does_not_import(tmp_path, script, problem):
    """A package of that name that fails as MXNet does without its libraries, or on a processor it was not built for."""
    (tmp_path / "mxnet").mkdir()
    (tmp_path / "mxnet" / "__init__.py").write_text(script, encoding="utf-8")
    code, lines = run(PYTHONPATH=str(tmp_path))
    assert code == 1
    assert problem in lines["import mxnet"]["problem"]


@pytest.mark.parametrize(
    ("machine", "libc", "reason"),
    [
        ("aarch64", "glibc", "MXNet's wheel for Linux on aarch64 does not load, or there is none"),
        ("x86_64", "musl", "MXNet's wheel for Linux needs glibc"),
    ],
)
def test_a_linux_without_mxnet(tmp_path, machine, libc, reason):
    """Its wheel is installed all the same, and does not find libraries that no package has."""
    script = "raise OSError('libarmpl_lp64_mp.so: cannot open shared object file')"
    (tmp_path / "mxnet.py").write_text(script, encoding="utf-8")
    pretend = f"import platform; platform.machine = lambda: {machine!r}; platform.libc_ver = lambda: ({libc!r}, '')"
    (tmp_path / "sitecustomize.py").write_text(pretend, encoding="utf-8")
    code, lines = run(PYTHONPATH=str(tmp_path))
    assert code == 1
    assert lines["platform"]["problem"] == f"{reason}: use the container (docs/troubleshooting.md)"
    assert lines["import mxnet"]["problem"].endswith(lines["platform"]["problem"])
    assert "apt-get" not in str([line["problem"] for line in lines.values()])


@pytest.mark.parametrize(
    ("source", "found", "remark"),
    [
        ("digits", "scikit-learn's digits", "unset it for MNIST"),
        ("nonsense", "nonsense", "DIGITS_SOURCE takes mnist, digits or auto: correct or unset it"),
    ],
)
def test_the_variable_that_chooses_the_source(monkeypatch, source, found, remark):
    monkeypatch.setenv("DIGITS_SOURCE", source)
    line = data_line()
    assert line.found == found
    assert (line.problem or line.note).endswith(remark)
    assert bool(line.problem) == (source == "nonsense")
