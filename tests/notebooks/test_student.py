"""`make student`: what a class gets, and what it does not get. The slides are in tests/book/test_slides.py."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import class_copies
import nbformat
import pytest
from store_notebooks import execute

from helpers.base.errors import exit_code
from tests.tools.failures import assert_one_error

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
NAMES = [path.name for path in NOTEBOOKS]


def tagged(notebook, tag):
    return [cell for cell in notebook.cells if tag in cell.metadata.get("tags", [])]


# The student's copies


@pytest.fixture(scope="module")
def student(tmp_path_factory):
    folder = tmp_path_factory.mktemp("class") / "student"
    command = [sys.executable, class_copies.__file__, "student", "--out", folder]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    return folder


@pytest.fixture(params=NAMES)
def copy(request, student):
    return nbformat.read(student / request.param, as_version=4), ROOT / "notebooks" / request.param


def test_what_a_student_gets(student):
    found = {path.name for path in student.iterdir() if not path.name.startswith(".")}
    assert found == {*NAMES, "example_digits.json", "glossary.md"}


def test_no_outputs_and_no_solutions(copy):
    notebook, path = copy
    nbformat.validate(notebook)
    for cell in notebook.cells:
        assert "Solution</summary>" not in cell.source
        if cell.cell_type == "code":
            assert (cell.outputs, cell.execution_count) == ([], None)
            assert "NBVAL" not in cell.source
    original = nbformat.read(path, as_version=4)
    assert tagged(original, "solution")
    left = [cell.id for cell in original.cells if "solution" not in cell.metadata.get("tags", [])]
    assert [cell.id for cell in notebook.cells] == left


def test_no_badge_leads_to_the_solutions(copy):
    notebook, path = copy
    assert "](https://colab.research.google.com" in nbformat.read(path, as_version=4).cells[0].source
    for host in ("colab.research.google.com", "kaggle.com"):
        assert host not in notebook.cells[0].source
    assert [cell.id for cell in notebook.cells[:2]] == ["title", "fetch"]


def test_gaps_are_kept(copy):
    notebook, path = copy
    gaps = [cell.source for cell in tagged(notebook, "gap")]
    assert gaps == [cell.source for cell in tagged(nbformat.read(path, as_version=4), "gap")]
    assert all("..." in gap for gap in gaps)
    assert len(gaps) == len(tagged(notebook, "check"))


def test_links_of_the_copies_lead_to_files(copy, student):
    notebook, _ = copy
    text = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    targets = [target for target in re.findall(r"\]\(([^)#\s]+)", text) if not re.match(r"[a-z]+:", target)]
    assert not [target for target in targets if not (student / target).exists()]


@pytest.mark.slow
def test_a_copy_runs(student, monkeypatch):
    monkeypatch.setenv("DIGITS_SOURCE", "digits")
    done, _ = execute(student / "01_data.ipynb")
    checks = tagged(done, "check")
    assert checks
    for cell in checks:
        assert re.match(
            r"(Exercise 1\.\d|Gap 1\.[a-z]+): (still open|not yet)\. \S", cell.outputs[-1].data["text/plain"]
        )


# Whole or not at all


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A scratch project with two of the notebooks, from which the command copies."""
    project = tmp_path / "a project"
    (project / "notebooks").mkdir(parents=True)
    for path in NOTEBOOKS[:2]:
        shutil.copy(path, project / "notebooks")
    monkeypatch.setattr(class_copies, "ROOT", project)
    monkeypatch.setattr(class_copies, "NOTEBOOKS", project / "notebooks")
    return project


@pytest.fixture
def copy_again(project, capsys):
    """A function that runs the command for the scratch project."""

    def copy_again(*options):
        code = exit_code(lambda: class_copies.main(["student", *map(str, options)]))
        return subprocess.CompletedProcess(options, code, *capsys.readouterr())

    return copy_again


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_made_again_it_is_the_same(project, copy_again):
    assert copy_again().returncode == 0
    folder = project / "build" / "student"
    before = contents(folder)
    (folder / ".ipynb_checkpoints").mkdir()  # JupyterLab has been here
    (folder / NAMES[0]).write_text("changed", encoding="utf-8")
    assert copy_again().returncode == 0
    assert contents(folder) == before
    assert [path.name for path in folder.parent.iterdir()] == ["student"]


def test_a_damaged_notebook_leaves_the_old_copies(project, copy_again):
    assert copy_again().returncode == 0
    folder = project / "build" / "student"
    before = contents(folder)
    (project / "notebooks" / NAMES[1]).write_text('{"cells": [', encoding="utf-8")
    assert_one_error(copy_again(), NAMES[1], "is damaged: restore it with git")
    assert contents(folder) == before
    assert [path.name for path in folder.parent.iterdir()] == ["student"]


def test_what_others_have_written_stays(project, copy_again):
    before = contents(project / "notebooks")
    assert_one_error(copy_again("--out", project / "notebooks"), "holds something else")
    assert contents(project / "notebooks") == before
    assert copy_again().returncode == 0
    (project / "build" / "student" / "my_digits.json").write_text("[]", encoding="utf-8")
    done = copy_again()
    assert_one_error(done, "holds something else, my_digits.json: move it away, or give another --out")


def test_errors(project, copy_again):
    (project / "a file").touch()
    assert_one_error(copy_again("--out", project / "a file"), "cannot write")
    shutil.rmtree(project / "notebooks")
    assert_one_error(copy_again(), "expected notebooks", "got none")
