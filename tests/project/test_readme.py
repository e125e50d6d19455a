"""What README.md says is so: commands and links exist, numbers are those of the notebooks and checkpoints."""

import json
import re
import shlex
from pathlib import Path

import nbformat
import pytest

from helpers.cli.parser import make_parser

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))

BLOCKS = "\n".join(re.findall(r"^ {4}(\S.*?)(?: +#.*)?$", README, flags=re.MULTILINE))  # indented code, less comments
INLINE = "\n".join(re.findall(r"`([^`\n]+)`", README))
CODE = f"{BLOCKS}\n{INLINE}"
MAKE = sorted(set(re.findall(r"^make .+$", CODE, flags=re.MULTILINE)))
HELPERS = sorted(set(re.findall(r"^python -m helpers .+$", CODE, flags=re.MULTILINE)))


def accuracy_printed(path):
    """The last `Test accuracy: ...` among the stored outputs of a notebook."""
    cells = [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
    text = "\n".join(output.text for cell in cells for output in cell.outputs if output.output_type == "stream")
    return re.findall(r"^Test accuracy: (0\.\d+)$", text, flags=re.MULTILINE)[-1]


def rows():
    """The cells of each row of the tables that have numbers."""
    cells = [line.strip("| ").split(" | ") for line in README.splitlines() if line.startswith("| ")]
    return [row for row in cells if len(row) > 2]


def test_nothing_is_left_open():
    assert "TBD" not in README


@pytest.mark.parametrize("command", MAKE)
def test_make_targets_exist(command):
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE))
    assert next(word for word in shlex.split(command)[1:] if "=" not in word) in targets


@pytest.mark.parametrize("command", HELPERS)
def test_commands_parse(command):
    arguments = shlex.split(command)[3:]
    parser = make_parser()
    if "--help" in arguments:
        with pytest.raises(SystemExit) as end:
            parser.parse_args(arguments)
        assert end.value.code == 0
    else:
        parser.parse_args(arguments)


def test_commands_are_found_at_all():
    assert {"make lab", "make test"} <= set(MAKE)
    assert {command.split()[3] for command in HELPERS} == {
        "check",
        "data",
        "export",
        "train",
        "by-hand",
        "launch",
        "evaluate",
        "predict",
    }


def test_links_and_pictures_lead_to_files():
    targets = re.findall(r"\]\(([^)]+)\)", README)
    files = [target for target in targets if not re.match(r"https?:|#", target)]
    assert files
    assert not [name for name in files if not (ROOT / name).exists()]
    headings = {re.sub(r"\W+", "-", line.strip("# ").lower()) for line in README.splitlines() if line.startswith("#")}
    assert {target[1:] for target in targets if target.startswith("#")} <= headings


def test_paths_in_code_exist():
    for path in re.findall(r"`((?:\.|\w)[\w./-]*(?:/|\.txt|\.yml))`", README):
        assert (ROOT / path).exists(), path


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_each_notebook_has_a_row_with_its_minutes(path):
    [row] = [row for row in rows() if f"(notebooks/{path.name})" in row[0]]
    head = nbformat.read(path, as_version=4).cells[0].source
    assert f"{re.search(r'About ([0-9]+) minute', head)[1]} min" in row


def test_stored_accuracies():
    found = {row[2]: row[1] for row in rows() if row[2].startswith("`make notebooks ARGS=")}
    assert len(found) == 3
    for command, accuracy in found.items():
        assert accuracy == accuracy_printed(ROOT / re.search(r"ARGS=([\w./]+)", command)[1]), command


def test_accuracies_of_the_shipped_parameters():
    found = {row[2]: row[1] for row in rows() if row[2].startswith("`python -m helpers evaluate ")}
    assert len(found) == len(list((ROOT / "helpers" / "checkpoints").glob("*.json")))
    for command, accuracy in found.items():
        card = ROOT / "helpers" / "checkpoints" / f"{command.strip('`').split()[-1]}.json"
        assert accuracy == f"{json.loads(card.read_text(encoding='utf-8'))['test_accuracy']:.4f}", command
