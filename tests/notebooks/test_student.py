"""`make student` and `make slides`: what a class gets, and what it does not get."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import expect
from store_notebooks import execute

from tests.tools import hosts
from tests.tools.failures import assert_one_error

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
NAMES = [path.name for path in NOTEBOOKS]


def class_copies(*arguments, project=ROOT):
    command = [sys.executable, project / "tools" / "class_copies.py", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=300)


def tagged(notebook, tag):
    return [cell for cell in notebook.cells if tag in cell.metadata.get("tags", [])]


# The student's copies


@pytest.fixture(scope="module")
def student(tmp_path_factory):
    folder = tmp_path_factory.mktemp("class") / "student"
    done = class_copies("student", "--out", folder)
    assert done.returncode == 0, done.stderr
    assert (done.stdout, done.stderr) == ("", "")
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


def test_a_copy_runs(student, monkeypatch):
    monkeypatch.setenv("DIGITS_SOURCE", "digits")
    done, _ = execute(student / "01_data.ipynb")
    checks = tagged(done, "check")
    assert checks
    for cell in checks:
        assert re.match(r"Exercise 1\.\d: (still open|not yet)\. \S", cell.outputs[-1].data["text/plain"])


# Whole or not at all


@pytest.fixture
def project(tmp_path):
    """A scratch project with two of the notebooks."""
    project = tmp_path / "a project"
    shutil.copytree(ROOT / "tools", project / "tools", ignore=shutil.ignore_patterns("__pycache__"))
    (project / "notebooks").mkdir()
    for path in NOTEBOOKS[:2]:
        shutil.copy(path, project / "notebooks")
    return project


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_made_again_it_is_the_same(project):
    assert class_copies("student", project=project).returncode == 0
    folder = project / "build" / "student"
    before = contents(folder)
    (folder / ".ipynb_checkpoints").mkdir()  # JupyterLab has been here
    (folder / NAMES[0]).write_text("changed", encoding="utf-8")
    assert class_copies("student", project=project).returncode == 0
    assert contents(folder) == before
    assert [path.name for path in folder.parent.iterdir()] == ["student"]


def test_a_damaged_notebook_leaves_the_old_copies(project):
    assert class_copies("student", project=project).returncode == 0
    folder = project / "build" / "student"
    before = contents(folder)
    (project / "notebooks" / NAMES[1]).write_text('{"cells": [', encoding="utf-8")
    assert_one_error(class_copies("student", project=project), NAMES[1], "is damaged: restore it with git")
    assert contents(folder) == before
    assert [path.name for path in folder.parent.iterdir()] == ["student"]


def test_what_others_have_written_stays(project):
    before = contents(project / "notebooks")
    assert_one_error(class_copies("student", "--out", project / "notebooks", project=project), "holds something else")
    assert contents(project / "notebooks") == before
    assert class_copies("student", project=project).returncode == 0
    (project / "build" / "student" / "my_digits.json").write_text("[]", encoding="utf-8")
    done = class_copies("student", project=project)
    assert_one_error(done, "holds something else, my_digits.json: move it away, or give another --out")


def test_errors(project):
    (project / "a file").touch()
    assert_one_error(class_copies("student", "--out", project / "a file", project=project), "cannot write")
    shutil.rmtree(project / "notebooks")
    assert_one_error(class_copies("student", project=project), "expected notebooks", "got none")


# The slides, in a real browser without a network


@pytest.fixture(scope="module")
def slides(tmp_path_factory):
    if not shutil.which("npm") and not (ROOT / ".cache" / "book" / "stamp").exists():
        pytest.skip("npm is not here, which installs what the slides need: `apt-get install npm`")
    folder = tmp_path_factory.mktemp("class") / "slides"
    done = class_copies("slides", "--out", folder)
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    return folder


@pytest.fixture(scope="module")
def chromium():
    with hosts.open_chromium() as browser:
        yield browser


@pytest.fixture
def page(chromium):
    """A page that reads files alone; in the end nothing else was asked for, and nothing went wrong."""
    page = chromium.new_page(viewport={"width": 1280, "height": 800})
    wrong = []

    def only_files(route):
        if route.request.url.startswith(("file:", "data:")):
            route.continue_()
        else:
            wrong.append(route.request.url)
            route.abort()

    page.route("**/*", only_files)
    page.on("requestfailed", lambda request: wrong.append(request.url))
    page.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    yield page
    page.close()
    assert not wrong


def test_a_page_for_each_notebook(slides):
    assert sorted(path.name for path in slides.glob("*.html")) == [f"{path.stem}.html" for path in NOTEBOOKS]
    for path in slides.glob("*.html"):
        text = path.read_text(encoding="utf-8")
        assert "Solution</summary>" not in text
        for source in re.findall(r"""<(?:script|link|img)[^>]*?(?:src|href)=["'](?!data:)([^"']+)""", text):
            assert (slides / source).exists(), f"{path.name} loads {source}"
        pictures = re.findall(r"<img [^>]*>", text)
        assert all(re.search(r'alt="\w[^"]{15,}"', picture) for picture in pictures), path.name
        assert "No description has been provided" not in text


def test_links_of_the_slides_lead_to_files(slides):
    for path in slides.glob("*.html"):
        targets = re.findall(r'<a href="([^"#]+)', path.read_text(encoding="utf-8"))
        files = [target for target in targets if not re.match(r"[a-z]+:", target)]
        assert not [target for target in files if not (slides / target).exists()], path.name
        assert not [target for target in files if target.endswith(".ipynb")], path.name


def test_slides_move_on(slides, page):
    page.goto((slides / "06_backprop_by_hand.html").as_uri())
    page.wait_for_function("Reveal.isReady()")
    shown = page.locator("section.present section.present, section.present:not(.stack)").last
    assert page.title() == "6. Backpropagation by hand slides"
    expect(shown.locator("h1")).to_contain_text("6. Backpropagation by hand")
    page.locator("mjx-container svg").first.wait_for(state="attached")
    total = page.evaluate("Reveal.getTotalSlides()")
    assert total > 80

    def shows(part, text):
        expect(part).to_contain_text(text, use_inner_text=True)

    page.keyboard.press("ArrowRight")  # the setup has no output
    expect(shown.locator("h1")).to_have_count(0)
    shows(shown, "import mxnet as mx")
    page.keyboard.press("ArrowRight")  # the data, then their number
    output = shown.locator(".fragment")
    shows(shown, "digits = load_mnist()")
    expect(output).to_have_css("visibility", "hidden")
    page.keyboard.press("ArrowRight")
    expect(output).to_have_class("fragment visible current-fragment")
    shows(output, "training images")

    def texts(elements):
        return page.evaluate(f"[...document.querySelectorAll('{elements}')].map(element => element.innerText)")

    headings = texts(", ".join(f".slides h{level}" for level in (1, 2, 3)))
    firsts = texts(", ".join(f".slides > section > section:first-child h{level}" for level in (1, 2, 3)))
    assert firsts == headings, "each heading begins a slide"
    for _ in range(2 * total):
        page.keyboard.press("ArrowRight")
    shows(shown.locator("h2"), "Recap")
    assert page.evaluate("Reveal.isLastSlide()")


@pytest.mark.parametrize("name", [path.stem for path in NOTEBOOKS])
def test_every_page_opens(slides, page, name):
    page.goto((slides / f"{name}.html").as_uri())
    page.locator(".slides h1").wait_for()
    page.locator(".slide-number-b").first.wait_for()
    prose = page.evaluate("[...document.querySelectorAll('.jp-MarkdownOutput')].map(cell => cell.innerText)")
    assert not [text for text in prose if re.search(r"\$.+\$", text)], "a formula is left as text"
