"""What holds for every stored notebook: its form, its outputs, and that it builds the networks of helpers.networks."""

import contextlib
import io
import re
from pathlib import Path

import nbformat
import pytest

from helpers.networks.symbols import NETWORKS

import mxnet as mx

FOLDER = Path(__file__).parents[2] / "notebooks"
LONGEST_CELL = 15  # lines of code
FLOORS = {"02_mlp": 0.972, "03_lenet": 0.988, "04_dropout_cnn": 0.993}  # stored accuracy on MNIST's 10,000 test images
TRAINED = {"02_mlp": "mlp", "03_lenet": "lenet", "04_dropout_cnn": "dropout-cnn"}

# A path of somebody's machine: below one of the usual top folders, or on a Windows drive.
ABSOLUTE_PATH = re.compile(r"(?<![\w.~:])/(?:home|root|tmp|work|Users|var|opt|mnt|private)/|\b[A-Z]:\\\w")


def code(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def prose(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "markdown"]


def texts(output):
    """Everything in an output that is text: a stream, or the text forms of a display."""
    if output.output_type == "stream":
        return [output.text]
    return [content for kind, content in output.get("data", {}).items() if kind.startswith("text/")]


def printed(notebook):
    return "\n".join(text for cell in code(notebook) for output in cell.outputs for text in texts(output))


def images(cell):
    """The alternative text of each image among the outputs of a cell, None where it lacks one."""
    for output in cell.outputs:
        for kind in output.get("data", {}):
            if kind.startswith("image/"):
                yield output.metadata.get(kind, {}).get("alt")
        for tag in re.findall(r"<(?:img|svg)\b[^>]*>", "".join(output.get("data", {}).get("text/html", ""))):
            found = re.search(r"""(?:alt|aria-label)=["']([^"']+)["']""", tag)
            yield found and found[1]


def numbered(text):
    """The items of a numbered list; an item may run over indented lines."""
    return re.findall(r"^\d+\. (.+(?:\n +\S.*)*)", text, flags=re.MULTILINE)


def key_phrases(items):
    """The one bold phrase of each item, in lower case."""
    found = [re.findall(r"\*\*(.+?)\*\*", item, flags=re.DOTALL) for item in items]
    assert all(len(phrases) == 1 for phrases in found), f"each item needs exactly one bold phrase: {items}"
    return [" ".join(phrases[0].lower().split()) for phrases in found]


def test_the_series_is_numbered_without_gaps():
    names = sorted(path.name for path in FOLDER.glob("*.ipynb"))
    assert len(names) >= 4
    assert [name[:3] for name in names] == [f"{number:02}_" for number in range(1, len(names) + 1)]


def test_format(notebook):
    nbformat.validate(notebook)
    assert notebook.metadata.kernelspec.name == "python3"
    assert "widgets" not in notebook.metadata
    kinds = {kind for cell in code(notebook) for output in cell.outputs for kind in output.get("data", {})}
    assert not {kind for kind in kinds if "widget" in kind}


def test_executed_in_order_and_without_errors(notebook):
    cells = code(notebook)
    assert all(cell.source.strip() for cell in cells), "an empty code cell"
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    assert not [output.ename for cell in cells for output in cell.outputs if output.output_type == "error"]


def test_no_cell_is_kept_from_the_check(notebook):
    tags = [tag for cell in code(notebook) for tag in cell.metadata.get("tags", [])]
    assert not {"nbval-skip", "raises-exception", "nbval-raises-exception"} & set(tags)
    assert not re.search(r"NBVAL_(SKIP|RAISES_EXCEPTION)", "\n".join(cell.source for cell in code(notebook)))


def test_no_path_of_a_machine(notebook):
    everything = "\n".join([cell.source for cell in notebook.cells] + [printed(notebook)])
    assert not ABSOLUTE_PATH.findall(everything)


def test_head(path, notebook):
    headings = [line for cell in prose(notebook) for line in cell.source.splitlines() if line.startswith("# ")]
    head = notebook.cells[0].source
    assert headings == [head.splitlines()[0]], "one H1, at the top"
    assert re.match(rf"# {int(path.name[:2])}\. \S", head), "the H1 starts with the chapter's number"
    assert re.search(r"\*\*About (1 minute|[1-9]\d* minutes)\*\*", head), "the first cell states the minutes"


def test_recap_mirrors_the_goals(notebook):
    goals = numbered(notebook.cells[0].source.partition("\n**Goals**\n")[2])
    assert 3 <= len(goals) <= 5
    recap = next(cell.source for cell in prose(notebook) if cell.id == "recap")
    assert recap.startswith("## Recap\n")
    assert key_phrases(goals) == key_phrases(numbered(recap))


def test_figures_have_alternative_text(notebook):
    for cell in code(notebook):
        assert all(alt and len(alt.split()) >= 4 for alt in images(cell)), f"cell {cell.execution_count}"
    for cell in prose(notebook):
        assert "" not in [alt.strip() for alt in re.findall(r"!\[(.*?)\]\(", cell.source)], cell.source
        assert "<img" not in cell.source or "alt=" in cell.source, cell.source


def test_a_picture_comes_early(notebook):
    shown = [cell for cell in code(notebook) if "remove-cell" not in cell.metadata.get("tags", [])]
    assert any(list(images(cell)) for cell in shown[:4])


def test_code_cells_are_short(notebook):
    for cell in code(notebook):
        lines = [line for line in cell.source.splitlines() if line.strip() and not line.strip().startswith("#")]
        assert len(lines) <= LONGEST_CELL, f"cell {cell.execution_count} has {len(lines)} lines of code:\n{cell.source}"


def test_links_lead_to_files(notebook):
    for cell in prose(notebook):
        targets = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", cell.source)
        files = [target for target in targets if not re.match(r"[a-z]+:", target)]
        assert not [name for name in files if not (FOLDER / name).exists()], cell.source


def test_stored_from_real_mnist(notebook):
    assert re.search(r"\bmnist\b", printed(notebook), flags=re.IGNORECASE)
    assert "is not MNIST" not in printed(notebook)


@pytest.mark.parametrize("name", FLOORS)
def test_stored_accuracy(name):
    stored = nbformat.read(FOLDER / f"{name}.ipynb", as_version=4)
    accuracies = re.findall(r"^Test accuracy: (0\.\d{4,})$", printed(stored), flags=re.MULTILINE)
    assert accuracies, "no line `Test accuracy: 0.9...`"
    assert float(accuracies[-1]) >= FLOORS[name]


@pytest.mark.parametrize("name", TRAINED)
def test_network_is_that_of_helpers(name):
    stored = nbformat.read(FOLDER / f"{name}.ipynb", as_version=4)
    cells = [cell for cell in code(stored) if "network" in cell.metadata.get("tags", [])]
    assert cells, 'no cell is tagged "network"'
    names = {"mx": mx}
    with contextlib.redirect_stdout(io.StringIO()):
        for cell in cells:
            exec(cell.source, names)
    expected = NETWORKS[TRAINED[name]]().get_internals()["logits_output"]
    assert names["logits"].tojson() == expected.tojson()


@pytest.mark.parametrize("framework", ["PyTorch", "JAX", "Keras"])
def test_stored_where_the_other_frameworks_are_installed(framework):
    """Chapter 9 goes on without them, but what a reader sees stored is the whole way."""
    stored = printed(nbformat.read(FOLDER / "09_after_mxnet.ipynb", as_version=4))
    for network in ("lenet", "dropout-cnn"):
        assert f"{network} in {framework}: 1,000 of 1,000 answers are the same" in stored
