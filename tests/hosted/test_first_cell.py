"""The first cell of each notebook and tools/hosted.py, which it runs: what they do elsewhere, and when something fails.

That it works where it is meant to is in test_colab.py. All notebooks have the same one: tests/project/test_links.py.
"""

import json
import os
import re
import subprocess
import sys
import zipfile
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import hosted
import nbformat
import pytest
from IPython.core.inputtransformer2 import TransformerManager

ROOT = Path(__file__).parents[2]
PINS, PARTS = hosted.pins_and_parts((ROOT / "requirements.txt").read_text(encoding="utf-8"))
DECLARED = hosted.declared((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def first_cell():
    """Its source as Python."""
    notebook = nbformat.read(ROOT / "notebooks" / "01_data.ipynb", as_version=4)
    return TransformerManager().transform_cell(notebook.cells[1].source)


def run(code, folder, *options, **variables):
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | variables
    command = [sys.executable, *options, "-c", code]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300)


def test_it_does_nothing_where_helpers_can_be_imported(first_cell, tmp_path):
    done = run(first_cell, tmp_path, "-S", PYTHONPATH=str(ROOT))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert list(tmp_path.iterdir()) == []


def test_it_does_nothing_beside_helpers(first_cell, tmp_path):
    """In a checkout whose environment is not there: the next cell says what is missing."""
    (tmp_path / "helpers").mkdir()
    (tmp_path / "notebooks").mkdir()
    done = run(first_cell, tmp_path / "notebooks", "-S")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert list((tmp_path / "notebooks").iterdir()) == []


def test_anywhere_else_it_does_something(first_cell, tmp_path):
    """Here plain Python runs it, which stops at the first command to a shell."""
    assert "name 'get_ipython' is not defined" in run(first_cell, tmp_path, "-S").stderr


# tools/hosted.py


def test_each_package_is_looked_for_by_the_name_of_its_module():
    needed = set(DECLARED)
    while parts := {part for name in needed for part in PARTS.get(name, ())} - needed:
        needed |= parts
    for name in needed:
        try:
            version(name)
        except PackageNotFoundError:
            continue  # of another system
        assert hosted.is_here(name), f"{name} is installed, but is imported by another name: add it to MODULES"


def test_what_needs_what():
    assert {"ipywidgets", "psygnal"} <= set(PARTS["anywidget"])
    assert "graphviz" in PARTS["mxnet"]
    [mxnet] = PINS["mxnet"]
    assert re.fullmatch(r"mxnet==1\.9\.1( --hash=sha256:[0-9a-f]{64})+", mxnet)
    assert len(PINS["numpy"]) > 1  # one for each Python
    assert all(line.startswith(name) for name, lines in PINS.items() for line in lines)


def test_nothing_is_missing_where_all_is_installed():
    assert hosted.missing(DECLARED, PARTS) == []


def test_everything_is_missing_in_a_bare_python():
    """What is missing is told with all that it needs, each once, but nothing that a server brings along."""
    code = f"import json, hosted; print(json.dumps(hosted.missing({DECLARED}, {PARTS})))"
    found = json.loads(run(code, ROOT, "-S", "-B", PYTHONPATH=str(ROOT / "tools")).stdout)
    assert {"mxnet", "numpy", "opencv-python-headless", "anywidget", "psygnal", "threadpoolctl"} <= set(found)
    assert len(found) == len(set(found))
    assert set(found) <= set(PINS)
    assert not {"jupyterlab", "voila", "jupyter-server"} & set(found)


def test_what_pip_cannot_do_is_said_in_one_line(monkeypatch):
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    with pytest.raises(SystemExit) as end:
        hosted.install([f"no-such-package==1.0 --hash=sha256:{'0' * 64}"])
    message = str(end.value)
    assert re.match(r"cannot install no-such-package==1\.0: .+: is there a network\? Then run the cell again$", message)
    assert "\n" not in message


def test_a_file_that_is_not_the_pinned_one(monkeypatch, tmp_path):
    """But has its name and version, as a mirror might hand it out."""
    with zipfile.ZipFile(tmp_path / "no_such_package-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("no_such_package.py", "print('not what was pinned')")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    with pytest.raises(SystemExit) as end:
        hosted.install([f"no-such-package==1.0 --hash=sha256:{'0' * 64}"])
    expected = (
        "expected the files that requirements.txt names by their SHA-256, got another one of no-such-package==1.0"
    )
    assert str(end.value) == f"{expected}: {hosted.TELL}"


@pytest.mark.parametrize("machine", ["aarch64", "arm64"])
def test_a_server_that_mxnet_does_not_run_on(monkeypatch, machine):
    monkeypatch.setattr(hosted.platform, "machine", lambda: machine)
    with pytest.raises(SystemExit, match=rf"expected a server with Linux x86_64 .*, got \w+ {machine}: MXNet 1\.9\.1"):
        hosted.main()
