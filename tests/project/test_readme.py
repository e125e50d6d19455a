"""What README.md and the pages beside it say is so: commands and links exist, numbers are those that were measured.

notebooks/teaching.md and notebooks/glossary.md have tests of their own in tests/notebooks/.
"""

import json
import re
import shlex
import tomllib
from pathlib import Path

import nbformat
import pytest

from helpers.cli.parser import make_parser

ROOT = Path(__file__).parents[2]
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "benchmarks" / "README.md",
    *sorted((ROOT / "docs").glob("*.md")),
]
TEXTS = {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8") for path in PAGES}
README = TEXTS["README.md"]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
WORDS = 900  # of README.md, as `wc -w` counts them
CARDS = {"MLP": "mlp", "LeNet": "lenet", "dropout CNN": "dropout-cnn", "dropout CNN for drawings": "canvas"}


def commands(text, start):
    """The commands of a page that begin so: its indented lines, less comments, and what is set as code in its text."""
    lines = re.findall(r"^ {4}(\S.*?)(?: +#.*)?$", text, flags=re.MULTILINE)
    return [line for line in [*lines, *re.findall(r"`([^`\n]+)`", text)] if re.match(start, line)]


def everywhere(start):
    """(page, command) of all pages, each once."""
    return sorted({(page, command) for page, text in TEXTS.items() for command in commands(text, start)})


MAKE = everywhere(r"make .")
HELPERS = everywhere(r"(?:\.venv/bin/)?python -m helpers .")
SCRIPTS = everywhere(r"(?:\.venv/bin/python|python3?|bash|sh) [^-]")


def accuracy_printed(path):
    """The last `Test accuracy: ...` among the stored outputs of a notebook."""
    cells = [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
    text = "\n".join(output.text for cell in cells for output in cell.outputs if output.output_type == "stream")
    return re.findall(r"^Test accuracy: (0\.\d+)$", text, flags=re.MULTILINE)[-1]


def rows(heading):
    """The cells of each row of the table below a heading of README.md, without the table's head."""
    section = README.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    lines = [line.strip().strip("|").split("|") for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line] for line in lines[2:]]


def results():
    """The rows of the results by network: the cell of its name, and the accuracies."""
    return {re.sub(r"\[(.+)\]\(.+\)", r"\1", row[0]): row for row in rows("Results")}


def anchors(text):
    """What links can lead to on a page, as GitHub and the book name its headings."""
    headings = re.findall(r"^#+ (.+)$", text, flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_the_readme_is_short():
    assert len(README.split()) <= WORDS


@pytest.mark.parametrize("page", TEXTS)
def test_nothing_is_left_open(page):
    assert "TBD" not in TEXTS[page]


@pytest.mark.parametrize(("page", "command"), MAKE)
def test_make_targets_exist(page, command):
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE))
    words = [word for word in shlex.split(command)[1:] if "=" not in word]
    assert words[0] in targets


@pytest.mark.parametrize(("page", "command"), HELPERS)
def test_commands_parse(page, command):
    arguments = shlex.split(command)[3:]
    parser = make_parser()
    if "--help" in arguments:
        with pytest.raises(SystemExit) as end:
            parser.parse_args(arguments)
        assert end.value.code == 0
    else:
        parser.parse_args(arguments)


@pytest.mark.parametrize(("page", "command"), SCRIPTS)
def test_scripts_exist(page, command):
    assert (ROOT / shlex.split(command)[1]).is_file()


def test_commands_are_found_at_all():
    assert {"make lab", "make demo"} <= {command for page, command in MAKE if page == "README.md"}
    assert {command.split()[3] for page, command in HELPERS if page == "docs/command-line.md"} == {
        "check",
        "data",
        "export",
        "train",
        "by-hand",
        "launch",
        "evaluate",
        "predict",
    }
    assert {"benchmarks/canvas.py", "tools/make_checkpoints.py", ".ci/run"} <= {
        command.split()[1] for _, command in SCRIPTS
    }


@pytest.mark.parametrize("page", TEXTS)
def test_links_and_pictures_lead_somewhere(page):
    targets = re.findall(r"\]\(([^)]+)\)", TEXTS[page])
    inner = [target for target in targets if not re.match(r"https?:", target)]
    assert inner
    for target in inner:
        name, _, anchor = target.partition("#")
        path = (ROOT / page).parent / name if name else ROOT / page
        assert path.exists(), target
        if anchor:
            assert anchor in anchors(path.read_text(encoding="utf-8")), target


def test_every_page_is_linked_from_the_readme():
    assert {page for page in TEXTS if page != "README.md"} <= set(re.findall(r"\]\(([^)#]+)[^)]*\)", README))


@pytest.mark.parametrize("page", TEXTS)
def test_paths_in_code_exist(page):
    for path in re.findall(r"`((?:\.|\w)[\w./-]*(?:/|\.txt|\.yml|/[\w.-]+\.(?:py|md)))`", TEXTS[page]):
        assert (ROOT / path).exists(), path


def test_the_messages_of_make_are_as_it_prints_them():
    script = (ROOT / "tools" / "make_venv.sh").read_text(encoding="utf-8").replace("$pins", "requirements.txt")
    page = TEXTS["docs/troubleshooting.md"]
    quoted = re.findall(r"^\| `(?:(expected [^`]*)\.\.\.|\.\.\. ([^`]+))`", page, flags=re.MULTILINE)
    assert len(quoted) == 4
    assert [text for pair in quoted for text in pair if text not in script] == []


def test_every_marker_of_the_tests_is_explained():
    options = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["pytest"]["ini_options"]
    markers = {marker.partition(":")[0] for marker in options.get("markers", [])}
    assert markers <= set(re.findall(r"^\| (\w+) \|", TEXTS["CONTRIBUTING.md"], flags=re.MULTILINE))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_each_notebook_has_a_row_with_its_minutes(path):
    [row] = [row for row in rows("The chapters") if f"(notebooks/{path.name})" in row[0]]
    head = nbformat.read(path, as_version=4).cells[0].source
    assert row[2] == f"{re.search(r'About ([0-9]+) minute', head)[1]} min"


def test_stored_accuracies():
    found = {path: row[1] for row in results().values() for path in re.findall(r"\((.+)\)", row[0])}
    assert len(found) == 3
    for path, accuracy in found.items():
        assert accuracy == accuracy_printed(ROOT / path), path


def test_accuracies_of_the_shipped_parameters():
    cards = ROOT / "helpers" / "checkpoints"
    assert set(CARDS.values()) == {path.stem for path in cards.glob("*.json")}
    assert list(results()) == list(CARDS)
    for network, row in results().items():
        card = json.loads((cards / f"{CARDS[network]}.json").read_text(encoding="utf-8"))
        assert row[2] == f"{card['test_accuracy']:.4f}", network
        assert row[3] == f"{card['pen_strokes_accuracy']:.4f}", network
        assert row[4] == f"{card['uji_strokes_accuracy']:.4f}", network
        assert row[5] == str(round(104 * card["letters_sure"])), network
        assert f"`{CARDS[network]}`" in README or f"evaluate {CARDS[network]}`" in README


def test_the_table_of_hands_says_what_the_cards_say():
    text = TEXTS["benchmarks/README.md"]
    hands = {cells[0]: cells[2:6] for cells in re.findall(r"^\| (.+?) \|" + r" (.+?) \|" * 5, text, flags=re.MULTILINE)}
    keys = {"MNIST": "test", "UNIPEN": "pen_strokes", "UJI": "uji_strokes"}
    for place, name in enumerate(("mlp", "lenet", "dropout-cnn", "canvas")):
        card = json.loads((ROOT / "helpers" / "checkpoints" / f"{name}.json").read_text(encoding="utf-8"))
        for kind, key in keys.items():
            of = 10_000 if kind == "MNIST" else 600
            assert int(hands[kind][place].split()[0]) == round(of * card[f"{key}_accuracy"]), (kind, name)
        assert int(hands["letters"][place].split()[0]) == round(104 * card["letters_sure"]), name


def test_speeds():
    """The sentence about speed says what the table says, and the table what was measured."""
    networks = json.loads((ROOT / "benchmarks/results/frameworks.json").read_text(encoding="utf-8"))["networks"]
    for key in ("ratio", "busy_ratio"):
        ratios = [networks[name]["forms"]["mxnet"]["summary"][key] for name in ("mlp", "lenet", "dropout-cnn")]
        assert "{:.2f}, {:.2f} and {:.2f} times".format(*ratios) in " ".join(README.split())
