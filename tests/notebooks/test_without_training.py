"""The notebooks with TRAIN = False: a class loads what ships with the project instead of training.

On the offline digits test_exercises_in_notebooks.py runs them so.
"""

import re
from pathlib import Path

import nbformat
import pytest
from store_notebooks import execute
from tidy_notebook import last_states

NOTEBOOKS = ["02_mlp", "03_lenet", "04_dropout_cnn"]


@pytest.mark.usefixtures("mnist")
@pytest.mark.parametrize("name", NOTEBOOKS)
def test_runs_to_its_end_from_the_shipped_parameters(name, tmp_path, monkeypatch):
    monkeypatch.setenv("DIGITS_SOURCE", "mnist")
    notebook = nbformat.read(Path(__file__).parents[2] / "notebooks" / f"{name}.ipynb", as_version=4)
    setup = next(cell for cell in notebook.cells if cell.id == "setup")
    setup.source, replaced = re.subn(r"^TRAIN = True\b", "TRAIN = False", setup.source, flags=re.MULTILINE)
    assert replaced == 1
    copy = tmp_path / f"{name}.ipynb"
    nbformat.write(notebook, copy)

    done, _ = execute(copy)  # the floors stand in the notebook
    printed = "".join(output.get("text", "") for cell in done.cells for output in cell.get("outputs", []))
    lines = last_states(printed).splitlines()
    assert any(re.match(r"(Source: )?mnist\b", line) for line in lines)
    assert any(re.fullmatch(r"Test accuracy: 0\.\d{4}", line) for line in lines)
    assert not [line for line in lines if re.match(r"epoch +\d", line)], "a bar of a training"
