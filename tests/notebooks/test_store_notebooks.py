"""tools/store_notebooks.py and tools/tidy_notebook.py on small notebooks of their own."""

import base64
import json
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
import store_notebooks
import tidy_notebook
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from helpers.base.errors import exit_code


@pytest.fixture
def write(tmp_path):
    """A function that writes a notebook of the given code cells and returns its path."""

    def write(*sources):
        cells = [new_markdown_cell("# 1. A test\n\n**About 99 minutes**"), *map(new_code_cell, sources)]
        path = tmp_path / "notebooks" / "99_test.ipynb"
        path.parent.mkdir()
        nbformat.write(new_notebook(cells=cells), path)
        return path

    return write


@pytest.fixture
def store(monkeypatch, capsys):
    """A function that runs the command on a notebook."""

    def store(path):
        monkeypatch.setenv("DIGITS_SOURCE", "mnist")  # so that what the command sets is taken back in the end
        code = exit_code(lambda: store_notebooks.main([str(path)]))
        return subprocess.CompletedProcess(path, code, *capsys.readouterr())

    return store


def test_stores_outputs_in_order_with_what_a_reader_needs(write, store, tmp_path):
    path = write(
        "import os, sys\nprint(os.getcwd())",
        "for i in range(3):\n    print(f'\\r{i} %   ', end='', file=sys.stderr, flush=True)\nprint('done')",
        "{'a': 1}",
    )
    before = nbformat.read(path, as_version=4)
    done = store(path)
    assert done.returncode == 0, done.stderr
    after = nbformat.read(path, as_version=4)
    assert [cell.id for cell in after.cells] == [cell.id for cell in before.cells]
    assert [cell.execution_count for cell in after.cells[1:]] == [1, 2, 3]
    assert after.cells[0].source.endswith("**About 1 minute**")
    assert str(tmp_path) not in path.read_text(encoding="utf-8")
    assert after.cells[1].outputs[0].text.endswith("/notebooks\n")
    assert {output.name: output.text for output in after.cells[2].outputs} == {"stderr": "2 %", "stdout": "done\n"}
    assert after.cells[3].outputs[0].data == {"text/plain": "{'a': 1}"}
    assert after.metadata == tidy_notebook.METADATA
    assert all("execution" not in cell.metadata for cell in after.cells)


@pytest.mark.parametrize(
    ("source", "message"), [("1 / 0", "ZeroDivisionError: division by zero"), ("import os; os._exit(1)", "Kernel died")]
)
def test_an_error_leaves_the_notebook_as_it_was(write, store, source, message):
    path = write("print('fine')", source, "print('never reached')")
    before = path.read_bytes()
    done = store(path)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith(f"error: 99_test.ipynb, code cell 2: {message}")
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


def test_a_notebook_that_does_not_exist(tmp_path):
    """As the script itself says it."""
    command = [sys.executable, store_notebooks.__file__, tmp_path / "none.ipynb"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 1
    assert "there is no such file" in done.stderr


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain \n", "plain \n"),
        ("10 %\r20 %\r30 %  \nnext\n", "30 %\nnext\n"),
        ("10 %\r20 %\r", "20 %"),
        ("windows\r\n", "windows\n"),
    ],
)
def test_last_states(text, shown):
    assert tidy_notebook.last_states(text) == shown


def test_streams_are_joined_up_to_the_next_display():
    picture = new_output("display_data", {"image/png": ""})
    streams = [("stdout", "a"), ("stderr", "!"), ("stdout", "b"), None, ("stdout", "c")]
    outputs = [picture if piece is None else new_output("stream", name=piece[0], text=piece[1]) for piece in streams]
    joined = [output.get("text") for output in tidy_notebook.join_streams(outputs)]
    assert joined == ["ab", "!", None, "c"]


def test_paths_of_the_machine_become_neutral(monkeypatch, tmp_path):
    monkeypatch.setenv("MNIST_DIR", str(tmp_path / "data"))
    paths = tidy_notebook.machine_paths()
    neutral = tidy_notebook.without_paths(f"{tidy_notebook.ROOT}/helpers {Path.home()}/x {tmp_path}/data/a", paths)
    assert neutral == "~/digits/helpers ~/x ~/mnist/a"
    beside = f"{tidy_notebook.ROOT}-2/x"  # another folder, whose name begins alike
    assert "~/digits" not in tidy_notebook.without_paths(beside, paths)


def test_widgets_leave_no_trace():
    widget = {tidy_notebook.WIDGET: {"model_id": "1"}, "text/plain": "a slider"}
    cell = new_code_cell(
        "slider", outputs=[new_output("display_data", widget)], metadata={"execution": {}, "tags": ["x"]}
    )
    notebook = new_notebook(cells=[cell], metadata={"widgets": {}})
    tidy_notebook.tidy(notebook)
    assert "widget" not in json.dumps(notebook)
    assert notebook.cells[0].metadata == {"tags": ["x"]}
    assert notebook.cells[0].outputs == []


def test_a_widget_that_brings_a_picture_leaves_the_picture():
    pixels = base64.b64encode(b"any").decode()
    widget = {tidy_notebook.WIDGET: {"model_id": "1"}, "image/png": pixels, "text/plain": "A pad with a 7."}
    cell = new_code_cell(
        "canvas", outputs=[new_output("display_data", widget, metadata={"image/png": {"alt": "A 7."}})]
    )
    notebook = new_notebook(cells=[cell])
    tidy_notebook.tidy(notebook)
    (output,) = notebook.cells[0].outputs
    assert output.data == {"image/png": pixels, "text/plain": "A pad with a 7."}
    assert output.metadata == {"image/png": {"alt": "A 7."}}


README = """\
| [A](notebooks/01_a.ipynb) | a | TBD min | 5 min |
| [B](notebooks/02_b.ipynb) | b | 7 min | 5 min |
| [net B](notebooks/02_b.ipynb) | TBD | 0.9123 | 0.8123 |
| [net C](notebooks/03_c.ipynb) | 0.9456 | 0.9123 | 0.8123 |
"""


def test_minutes_and_accuracy_go_into_the_readme(tmp_path):
    readme = tmp_path / "README.md"
    readme.write_text(README, encoding="utf-8")
    store_notebooks.state_in_readme(readme, "01_a.ipynb", 3, None)
    store_notebooks.state_in_readme(readme, "02_b.ipynb", 12, "0.9876")
    store_notebooks.state_in_readme(readme, "03_c.ipynb", 1, "0.9345")
    expected = (
        README.replace("a | TBD", "a | 3")
        .replace("7 min", "12 min")
        .replace("02_b.ipynb) | TBD", "02_b.ipynb) | 0.9876")
        .replace("0.9456", "0.9345")
    )
    assert readme.read_text(encoding="utf-8") == expected


def test_the_teacher_is_told_the_minutes(tmp_path):
    notes = tmp_path / "teaching.md"
    table = "| chapter | runs | with reading |\n| [1. A](01_a.ipynb) | 1 | 55 |\n| [2. B](02_b.ipynb) | 1 | 35 |\n"
    notes.write_text(table, encoding="utf-8")
    store_notebooks.state_in_teaching(notes, "02_b.ipynb", 12)
    assert notes.read_text(encoding="utf-8") == table.replace("| 1 | 35 |", "| 12 | 35 |")


def test_the_last_accuracy_counts():
    texts = ["Test accuracy: 0.1234\n", "Test accuracy: 0.9876\nEnsemble accuracy: 0.9999\n"]
    cells = [new_code_cell("x", outputs=[new_output("stream", name="stdout", text=text)]) for text in texts]
    assert store_notebooks.last_accuracy(new_notebook(cells=cells)) == "0.9876"
    assert store_notebooks.last_accuracy(new_notebook(cells=[new_markdown_cell("Test accuracy: 0.5")])) is None
