"""Lay out what Sphinx makes the book of: book/, README.md and notebooks/, placed as they are in the project.

So every link between them holds. A file that they link to without its being a page, a module say, is laid beside them.
"""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import nbformat

from helpers.base.errors import DigitsError

FOR_NBVAL = "# NBVAL_CHECK_OUTPUT\n"


def lay_source(project: Path, folder: Path) -> None:
    """Fill the new folder `folder` from that of the project. Raises DigitsError for a notebook that does not suit."""
    shutil.copytree(project / "book", folder)
    pages = [project / "README.md", *sorted((project / "notebooks").glob("*.md"))]
    notebooks = sorted((project / "notebooks").glob("*.ipynb"))
    for page in pages:
        _copy(page, project, folder)
    _name_readme(folder / "README.md")
    for path in notebooks:
        notebook = nbformat.read(path, as_version=4)
        prepare(notebook, path.name)
        place = folder / path.relative_to(project)
        place.parent.mkdir(exist_ok=True)
        nbformat.write(notebook, place)
    for path in linked_files([*pages, *notebooks], project):
        if not (folder / path.relative_to(project)).exists():
            _copy(path, project, folder)


def prepare(notebook: nbformat.NotebookNode, name: str) -> None:
    """Change a notebook in place so that MyST-NB shows it well.

    Alternative text and width of a picture lie in the metadata of its output; MyST-NB looks for them in those of the
    cell. Lines that tell nbval what to compare go.
    """
    for cell in notebook.cells:
        cell.source = cell.source.removeprefix(FOR_NBVAL)
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


def _name_readme(path: Path) -> None:
    """Give it a title other than that of the book's front page."""
    path.write_text(
        re.sub(r"\A# .+", "# The project: commands, results", path.read_text(encoding="utf-8")), encoding="utf-8"
    )


def _copy(path: Path, project: Path, folder: Path) -> None:
    place = folder / path.relative_to(project)
    place.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(path, place)
