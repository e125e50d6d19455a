"""What .gitattributes and the command of CONTRIBUTING.md make of a diff: outputs of notebooks do not show in it."""

import re
import shlex
import shutil
import subprocess
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

ROOT = Path(__file__).parents[2]
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")


def notebook(source, printed):
    output = new_output("stream", name="stdout", text=printed)
    return new_notebook(cells=[new_code_cell(source, id="one", outputs=[output], metadata={"tags": ["gap"]})])


@pytest.fixture
def clone(tmp_path):
    """A function that runs git in a clone with one notebook; the command of CONTRIBUTING.md has been run there."""

    def git(*arguments):
        who = ("-c", "user.name=A", "-c", "user.email=a@example.org")
        done = subprocess.run(["git", *who, *arguments], cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    git("init", "--quiet")
    shutil.copy(ROOT / ".gitattributes", tmp_path)
    (tmp_path / "tools").mkdir()
    shutil.copy(ROOT / "tools" / "notebook_source.py", tmp_path / "tools")
    nbformat.write(notebook("print(1)", "1\n"), tmp_path / "a.ipynb")
    git("add", "--all")
    git("commit", "--quiet", "--message", "Begin")
    [command] = re.findall(r"^ {4}git (config diff\..+)$", CONTRIBUTING, flags=re.MULTILINE)
    git(*shlex.split(command))
    return git


def test_outputs_do_not_show(clone, tmp_path):
    nbformat.write(notebook("print(1)", "one\n"), tmp_path / "a.ipynb")
    assert clone("status", "--short") == " M a.ipynb\n"
    assert "\n+" not in clone("diff").partition("@@")[2]
    assert '+      "one\\n"' in clone("diff", "--no-textconv")


def test_what_the_authors_change_shows(clone, tmp_path):
    nbformat.write(notebook("print(2)", "2\n"), tmp_path / "a.ipynb")
    hunk = clone("diff").partition("@@")[2].splitlines()[1:]
    assert hunk == [" # %% code one gap", "-print(1)", "+print(2)"]


def test_a_broken_notebook_shows_as_it_is(clone, tmp_path):
    (tmp_path / "a.ipynb").write_text("<<<<<<< HEAD\n", encoding="utf-8")
    assert "+<<<<<<< HEAD" in clone("diff")


@pytest.mark.parametrize(
    ("path", "attribute", "value"),
    [
        ("notebooks/01_data.ipynb", "linguist-generated", "set"),
        ("benchmarks/results/frameworks.json", "diff", "unset"),
        ("helpers/checkpoints/mlp.params", "text", "unset"),
        ("docs/canvas.png", "text", "unset"),
        ("tools/make_venv.sh", "eol", "lf"),
    ],
)
def test_attributes(clone, path, attribute, value):
    assert (ROOT / path).exists()
    assert clone("check-attr", attribute, path) == f"{path}: {attribute}: {value}\n"
