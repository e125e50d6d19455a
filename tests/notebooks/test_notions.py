"""The map of notebook 8: every line of it runs, in each framework that is installed, and makes what it should."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).parents[2]
NOTEBOOK = ROOT / "notebooks" / "09_after_mxnet.ipynb"
OTHERS = ROOT / ".cache" / "bench" / "bin" / "python"  # made by tools/make_bench_venv.sh
MODULES = {"MXNet": "mxnet", "Gluon": "mxnet", "PyTorch": "torch", "Keras": "tensorflow", "JAX": "jax"}
MINUTES = 60  # seconds


def tables():
    """(notion, chapters, {framework: lines}) of each table on the map, in their order."""
    cells = nbformat.read(NOTEBOOK, as_version=4).cells
    text = "\n\n".join(cell.source for cell in cells if "map" in cell.metadata.get("tags", []))
    for table in re.findall(r"(?:^\|.*\|$\n?)+", text, flags=re.MULTILINE):
        head, _, *rows = table.splitlines()
        columns = [row.strip("| ").split(" | ", maxsplit=1) for row in rows]
        notion, chapters = re.fullmatch(r"\| \*\*(.+)\*\* \| (.+?)(?:: .+)? \|", head).groups()
        yield notion, chapters, {name: re.findall(r"`([^`]+)`", lines) for name, lines in columns}


(_, _, FIRST), *NOTIONS = tables()


def python_with(framework):
    """The Python that has this framework, the tests' own or that of `make bench`; None if neither has."""
    question = f"import importlib.util, sys; sys.exit(importlib.util.find_spec('{MODULES[framework]}') is None)"
    pythons = [sys.executable, *([str(OTHERS)] if OTHERS.exists() else [])]
    return next((python for python in pythons if subprocess.run([python, "-c", question]).returncode == 0), None)


def test_each_notion_has_lines_for_each_framework():
    assert len(NOTIONS) >= 12
    assert FIRST.keys() == {"all", *MODULES}
    for notion, chapters, rows in NOTIONS:
        assert re.fullmatch(r"chapter [1-8]|chapters [1-8] and [1-8]", chapters), notion
        assert list(rows) == list(MODULES), notion
        assert all(rows.values()), notion


@pytest.mark.slow
@pytest.mark.parametrize("framework", MODULES)
def test_its_lines_make_what_they_should(framework, tmp_path):
    python = python_with(framework)
    if python is None:
        pytest.skip(f"{framework} is not installed: tools/make_bench_venv.sh installs it")
    names = [notion for notion, _, _ in NOTIONS]
    lines = [FIRST["all"] + FIRST[framework], *(rows[framework] for _, _, rows in NOTIONS)]
    two_devices = {"XLA_FLAGS": "--xla_force_host_platform_device_count=2"}  # for JAX
    run = subprocess.run(
        [python, ROOT / "tests" / "tools" / "notion_checks.py", framework],
        input=json.dumps(list(zip(["first", *names], lines, strict=True))),
        env=os.environ | two_devices | {"PYTHONPATH": str(ROOT)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=5 * MINUTES,
    )
    assert run.returncode == 0, run.stderr[-3000:]
    assert [line for line in run.stdout.splitlines() if line in names] == names
