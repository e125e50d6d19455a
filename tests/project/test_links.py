"""`make links`: every badge, link and first cell has the address of [project.urls], and they change together."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import links
import nbformat
import pytest

from helpers.base.errors import exit_code
from tests.tools.failures import assert_one_error
from tests.tools.tracked import files

ROOT = Path(__file__).parents[2]
OWN = links.declared(ROOT)
URL = links.repository_url(*OWN)
COLAB = "https://colab.research.google.com/"
BADGES = """\
[![Open in Colab]({colab}assets/colab-badge.svg)]({colab}github/{owner}/{name}/blob/main/notebooks/{file})
[![Open in Kaggle](https://kaggle.com/static/images/open-in-kaggle.svg)]({kaggle}{url}/blob/main/notebooks/{file})"""


def texts():
    """The text of every file by its path, pictures and parameters apart."""
    contents = ((path, path.read_bytes()) for path in files())
    return {path: content.decode("utf-8") for path, content in contents if b"\0" not in content}


# As they are


def test_the_badges_of_each_notebook(path, notebook):
    lines = BADGES.format(
        colab=COLAB,
        kaggle="https://kaggle.com/kernels/welcome?src=",
        owner=OWN[0],
        name=OWN[1],
        url=URL,
        file=path.name,
    )
    assert notebook.cells[0].source.split("\n\n")[1] == lines


def test_the_first_cell_of_each_notebook(notebook):
    """The same in each: short, tagged so that the book leaves it out, and it clones from the address."""
    first = nbformat.read(ROOT / "notebooks" / "01_data.ipynb", as_version=4).cells[1]
    cell = notebook.cells[1]
    assert (cell.cell_type, cell.id, cell.metadata) == ("code", "fetch", {"tags": ["remove-cell"]})
    assert cell.source == first.source
    assert cell.source.count(f'"{URL}"') == 1
    assert cell.outputs == []


def test_every_launching_link_has_the_address():
    """In PLACES and anywhere else."""
    found = [
        (path.relative_to(ROOT).as_posix(), (launch["owner"], launch["name"]))
        for path, text in texts().items()
        for launch in links.LAUNCH.finditer(text)
    ]
    assert {"README.md", "notebooks/01_data.ipynb"} <= {name for name, _ in found}
    assert [(name, address) for name, address in found if address != OWN] == []


def test_the_address_stands_in_places_alone():
    """Elsewhere it would not be changed."""
    address = re.compile(rf"{re.escape('/'.join(OWN))}(?![\w-])|{re.escape(links.book_url(*OWN))}")
    found = {path for path, text in texts().items() if address.search(text)}
    assert ROOT / "pyproject.toml" in found
    assert found <= set(links.places(ROOT))


# On a copy


@pytest.fixture
def copy(tmp_path, monkeypatch):
    """A copy of all places, which the command changes."""
    for place in links.places(ROOT):
        target = tmp_path / place.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(place, target)
    monkeypatch.setattr(links, "ROOT", tmp_path)
    return tmp_path


def contents(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_all_places_change_and_nothing_else(copy, capsys):
    before = contents(copy)
    links.main(["a-teacher/my.digits"])
    after = contents(copy)
    changed = [path for path in after if before[path] != after[path]]
    assert capsys.readouterr().out == (
        f"Badges and links lead to https://github.com/a-teacher/my.digits ({len(changed)} files changed)\n"
    )
    assert {"README.md", "pyproject.toml", "02_mlp.ipynb"} <= {path.name for path in changed}
    assert links.declared(copy) == ("a-teacher", "my.digits")
    assert b'"https://a-teacher.github.io/my.digits/"' in after[Path("pyproject.toml")]
    for path in before:
        text = before[path].replace(f"{OWN[1]} && cd {OWN[1]}".encode(), f"{OWN[1]} && cd my.digits".encode())
        text = text.replace(b"/".join(part.encode() for part in OWN), b"a-teacher/my.digits")
        text = text.replace(b"%2F".join(part.encode() for part in OWN), b"a-teacher%2Fmy.digits")
        text = text.replace(links.book_url(*OWN).encode(), b"https://a-teacher.github.io/my.digits/")
        assert after[path] == text, path


def test_a_second_time_changes_nothing(copy):
    links.main(["a-teacher/digits"])
    before = contents(copy)
    links.main(["a-teacher/digits"])
    assert contents(copy) == before


def test_and_back(copy):
    before = contents(copy)
    links.main(["octocat/octocat.github.io"])
    assert 'Book = "https://octocat.github.io/"' in (copy / "pyproject.toml").read_text(encoding="utf-8")
    links.main(["/".join(OWN)])
    assert contents(copy) == before


def test_what_comes_from_the_original_later_is_changed_too(copy):
    """A notebook that was merged from there, say, or that an interrupted run has not reached."""
    notebook = copy / "notebooks" / "02_mlp.ipynb"
    old = notebook.read_bytes()
    links.main(["a-teacher/digits"])
    new = notebook.read_bytes()
    notebook.write_bytes(old)
    links.main(["a-teacher/digits"])
    assert notebook.read_bytes() == new


def test_the_folder_of_a_clone_changes_with_its_name():
    text = "git clone https://github.com/a/b && cd b"
    assert links.rewritten(text, ("a", "b"), ("c", "d")) == "git clone https://github.com/c/d && cd d"


def test_other_links_stay():
    text = "https://github.com/apache/mxnet https://github.com/a/b-c https://github.com/a/b.git https://a.github.io/b/"
    text = links.rewritten(text, ("a", "b"), ("new", "one"))
    assert text == (
        "https://github.com/apache/mxnet https://github.com/a/b-c https://github.com/new/one.git "
        "https://new.github.io/one/"
    )


@pytest.mark.parametrize(
    "repository", ["", "digits", "a/b/c", "-a/b", "a-/b", "a b/c", "a/..", "a/b.git", "https://github.com/a/b", "a/b\n"]
)
def test_what_is_no_repository(copy, capsys, repository):
    before = contents(copy)
    code = exit_code(lambda: links.main(["--", repository]))
    done = subprocess.CompletedProcess(repository, code, *capsys.readouterr())
    assert_one_error(done, "expected a repository on GitHub, got ", "give REPOSITORY=owner/name")
    assert contents(copy) == before


def test_a_pyproject_without_an_address(copy, capsys):
    project = copy / "pyproject.toml"
    project.write_text(project.read_text(encoding="utf-8").replace("Repository = ", "Home = "), encoding="utf-8")
    code = exit_code(lambda: links.main(["a/b"]))
    done = subprocess.CompletedProcess("a/b", code, *capsys.readouterr())
    assert_one_error(done, "expected Repository in [project.urls] of", "restore it with git")


def test_the_command():
    """With the address it has, so that nothing changes."""
    command = ["make", "--old-file=venv", "links", f"PY={sys.executable}", f"REPOSITORY={'/'.join(OWN)}"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.endswith(f"Badges and links lead to {URL} (0 files changed)\n"), done.stderr
