"""Whoever joins late, and the exercises: each notebook alone, in a fresh copy of the project, without data or network.

The copy has an empty cache, `TRAIN = False`, and in each gap the solution that the notebook gives. It has to run to its
end, and each check has to say right. With the gaps left the notebooks run under nbval; what they then say is stored.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from tests.tools.shorter import shorten

ROOT = Path(__file__).parents[2]
# In a network namespace of its own a process has no network but itself, which a kernel needs.
APART = ["unshare", "--map-root-user", "--net", "sh", "-c", 'ip link set lo up && exec "$@"', "sh"]
MINUTES = 60  # seconds

SOLUTION = re.compile(r"<details><summary>Solution</summary>\n\n```python\n(.*?)```\n\n.*</details>", re.DOTALL)


def cells(notebook, tag):
    return [cell for cell in notebook.cells if tag in cell.metadata.get("tags", [])]


def said(cell):
    """The text of a cell's result."""
    return "".join(output.data["text/plain"] for output in cell.outputs if output.output_type == "execute_result")


# As stored


def test_form(path, notebook):
    """Three to six exercises, each a task, a gap, a check and a solution, next to one another, before the recap."""
    ids = [cell.id for cell in notebook.cells]
    start = ids.index("exercises")
    assert notebook.cells[start].source.startswith("## Exercises\n")
    count = len([cell for cell in cells(notebook, "gap") if cell.id.startswith("exercise-")])
    assert 3 <= count <= 6
    parts = [f"exercise-{k}{part}" for k in range(1, count + 1) for part in ("", "-gap", "-check", "-solution")]
    assert ids[start + 1 : start + 2 + len(parts)] == [*parts, "recap"]
    for k in range(1, count + 1):
        task, gap, check, solution = notebook.cells[start + 4 * k - 3 : start + 4 * k + 1]
        number = f"{int(path.name[:2])}.{k}"
        assert re.match(rf"### Exercise {re.escape(number)} \(about (1 minute|\d+ minutes)\)\n", task.source)
        assert len(re.findall(r"(?<!\.)\.\.\.(?!\.).*# your (?:answer|code)", gap.source)) == 1, gap.source
        assert gap.source.count("...") == 1, "one marked gap"
        assert re.search(rf'^check\("{re.escape(number)}", ', check.source, flags=re.MULTILINE), check.source
        assert SOLUTION.fullmatch(solution.source), solution.source
        assert [cell.metadata.get("tags") for cell in (gap, check, solution)] == [["gap"], ["check"], ["solution"]]


def test_form_of_the_gaps_in_the_text(path, notebook):
    """Each has a name, and three cells: the gap, its check, and the solution, which the students' copies leave out."""
    ids = [cell.id for cell in notebook.cells]
    for gap in cells(notebook, "gap"):
        name = gap.id.removesuffix("-gap")
        if not name.startswith("exercise-"):
            start = ids.index(gap.id)
            assert ids[start : start + 3] == [f"{name}-gap", f"{name}-check", f"{name}-solution"]
            assert len(re.findall(r"(?<!\.)\.\.\.(?!\.).*# your (?:answer|code)", gap.source)) == 1, gap.source
            check, solution = notebook.cells[start + 1 : start + 3]
            assert re.search(rf'^check\("{int(path.name[:2])}\.[a-z]+", ', check.source, flags=re.MULTILINE)
            assert SOLUTION.fullmatch(solution.source), solution.source
            assert [cell.metadata.get("tags") for cell in (check, solution)] == [["check"], ["solution"]]


def test_gaps_left(notebook):
    """As stored, each check says what is missing."""
    for cell in cells(notebook, "check"):
        assert re.match(r"(Exercise \d\.\d|Gap \d\.[a-z]+): (still open|not yet)\. \S", said(cell)), cell.source


# Filled in, and far from everything


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """What a notebook needs of the project, without what belongs to this machine."""
    place = tmp_path_factory.mktemp("late") / "digits"
    own = shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints", "my_digits.*", ".my_digits.*")
    for folder in ("helpers", "notebooks"):
        shutil.copytree(ROOT / folder, place / folder, ignore=own)
    return place


@pytest.fixture(scope="module")
def alone():
    """What a command starts with, to have no network; where namespaces are not allowed, proxies that do not answer."""
    allowed = (
        subprocess.run([*APART, "true"], capture_output=True).returncode == 0 if shutil.which("unshare") else False
    )
    dead = dict.fromkeys(("http_proxy", "https_proxy"), "http://127.0.0.1:9")
    return (APART, {}) if allowed else ([], dead)


@pytest.mark.slow
def test_alone_with_solutions(path, notebook, copy, alone, tmp_path):
    solutions = {cell.id: SOLUTION.fullmatch(cell.source)[1] for cell in cells(notebook, "solution")}
    for cell in cells(notebook, "gap"):
        cell.source = solutions[cell.id.replace("-gap", "-solution")]
    for cell in notebook.cells:
        shorten(path.name, cell)
        cell.source = re.sub(r"(?m)^TRAIN = True\b", "TRAIN = False", cell.source)
    notebook.cells.append(nbformat.v4.new_code_cell("import helpers\nhelpers.__file__"))
    nbformat.write(notebook, copy / "notebooks" / path.name)

    start, proxies = alone
    kept = {name: value for name, value in os.environ.items() if name not in ("MNIST_DIR", "DIGITS_SOURCE")}
    cache = {"XDG_CACHE_HOME": str(tmp_path), "PYTHONPATH": str(copy), "HOME": str(tmp_path)}
    command = [*start, sys.executable, "-m", "nbconvert", "--to", "notebook", "--execute", "--log-level=ERROR"]
    command += ["--ExecutePreprocessor.timeout=300", "--output", str(tmp_path / "ran.ipynb"), path.name]
    done = subprocess.run(
        command,
        cwd=copy / "notebooks",
        env=kept | cache | proxies,
        capture_output=True,
        text=True,
        timeout=10 * MINUTES,
    )
    assert done.returncode == 0, done.stderr[-3000:]

    ran = nbformat.read(tmp_path / "ran.ipynb", as_version=4)
    assert said(ran.cells[-1]) == repr(str(copy / "helpers" / "__init__.py"))
    assert not [output for cell in ran.cells for output in cell.get("outputs", []) if output.output_type == "error"]
    verdicts = [said(cell) for cell in cells(ran, "check")]
    assert len(verdicts) == len(solutions)
    number = re.escape(str(int(path.name[:2])))
    wrong = [said for said in verdicts if not re.fullmatch(rf"(Exercise|Gap) {number}\.\w+: right\.", said)]
    assert not wrong
