"""Lay out what Sphinx makes the book of: book/, the notebooks and all pages, placed as they are in the project.

So every link between them holds. A file that they link to without its being a page, a module say, is laid beside them.
"""

import ast
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import badges
import nbformat

from helpers.base.errors import DigitsError

FOR_NBVAL = "# NBVAL_CHECK_OUTPUT\n"
PAGES = ("README.md", "CONTRIBUTING.md", "docs/*.md", "benchmarks/README.md", "notebooks/*.md")


def lay_source(project: Path, folder: Path) -> None:
    """Fill the new folder `folder` from that of the project. Raises DigitsError for a notebook that does not suit."""
    shutil.copytree(project / "book", folder)
    pages = pages_of(project)
    notebooks = sorted((project / "notebooks").glob("*.ipynb"))
    list_modules(folder / "api.md", project / "helpers")
    for page in pages:
        _copy(page, project, folder)
    _change_readme(folder / "README.md")
    for path in notebooks:
        notebook = nbformat.read(path, as_version=4)
        prepare(notebook, path.name)
        place = folder / path.relative_to(project)
        place.parent.mkdir(exist_ok=True)
        nbformat.write(notebook, place)
    for path in linked_files([*pages, *notebooks], project):
        if not (folder / path.relative_to(project)).exists():
            _copy(path, project, folder)


def pages_of(project: Path) -> list[Path]:
    """The pages of the project in Markdown, the book's own apart."""
    return [path for pattern in PAGES for path in sorted(project.glob(pattern))]


def list_modules(page: Path, package: Path) -> None:
    """Append a section for each room to the page of the helpers, if there is one, in the order of their docstring."""
    if not page.exists():
        return
    plan = ast.get_docstring(ast.parse((package / "__init__.py").read_text(encoding="utf-8"))) or ""
    sections = [page.read_text(encoding="utf-8")]
    for room, purpose in re.findall(r"^- (\w+) +(.+)$", plan, flags=re.MULTILINE):
        names = "\n   ".join(modules_of(room, package))
        sections.append(
            f"## {room}\n\n*{purpose}*\n\n```{{eval-rst}}\n.. autosummary::\n   :toctree: api\n\n   {names}\n```\n"
        )
    page.write_text("\n".join(sections), encoding="utf-8")


def modules_of(room: str, package: Path) -> list[str]:
    """The modules of a room by their full names, its face first; `python -m helpers` is with the command line."""
    if not (package / room).is_dir():
        return [f"{package.name}.{room}"]
    paths = sorted((package / room).glob("*.py"))
    face = [f"{package.name}.{room}"] if (package / room / "__init__.py").read_text(encoding="utf-8") else []
    names = [f"{package.name}.{room}.{path.stem}" for path in paths if path.stem != "__init__"]
    return [*face, *names, *([f"{package.name}.__main__"] if room == "cli" else [])]


def prepare(notebook: nbformat.NotebookNode, name: str) -> None:
    """Change a notebook in place so that MyST-NB shows it well.

    Alternative text and width of a picture lie in the metadata of its output; MyST-NB looks for them in those of the
    cell. Lines that tell nbval what to compare go. MyST-NB itself leaves out what is tagged "remove-cell".
    """
    for cell in notebook.cells:
        cell.source = badges.as_links(cell.source.removeprefix(FOR_NBVAL))
        outputs = [output for output in cell.get("outputs", []) if "image/png" in output.get("data", {})]
        if len(outputs) > 1:
            raise DigitsError(f"{name}, cell {cell.id} shows {len(outputs)} pictures: show each in a cell of its own")
        for output in outputs:
            picture = output.metadata.get("image/png", {})
            cell.metadata["mystnb"] = {"image": {key: str(picture[key]) for key in ("alt", "width") if key in picture}}


def linked_files(pages: list[Path], project: Path) -> Iterator[Path]:
    """The files of the project that the pages, Markdown or notebooks, link to."""
    for page in pages:
        for link in re.findall(r"\]\(([^)\s#:]+)", page.read_text(encoding="utf-8")):
            path = (page.parent / link).resolve()
            if path.is_file() and path.is_relative_to(project):
                yield path


def _change_readme(path: Path) -> None:
    """Give it a title other than that of the book's front page, and links for badges."""
    text = re.sub(r"\A# .+", "# About this project", path.read_text(encoding="utf-8"))
    path.write_text(badges.as_links(text), encoding="utf-8")


def _copy(path: Path, project: Path, folder: Path) -> None:
    place = folder / path.relative_to(project)
    place.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(path, place)
