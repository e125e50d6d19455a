"""Copies of the notebooks for a class, without the solutions: to fill in, or to show.

    python tools/class_copies.py student [--out FOLDER]    notebooks without outputs, in build/student/
    python tools/class_copies.py slides [--out FOLDER]     slides with the stored outputs, in build/slides/

A folder is written whole or not at all, and replaces what an earlier call has written there; one that holds anything
else is left as it is. The students' copies need this project's environment, as the notebooks do.
"""

import argparse
import os
import re
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import badges
import nbformat

from helpers.base.errors import DigitsError, exit_code
from helpers.base.files import reason

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = ROOT / "notebooks"
BESIDE = ("glossary.md", "example_digits.json")  # what the notebooks link to or read; not teaching.md: it has answers
WRITTEN = ".written_by_class_copies"  # lists what a folder held when it was written
CHECKPOINTS = ".ipynb_checkpoints"  # JupyterLab makes this folder where a notebook is opened


def write_notebooks(folder: Path, out: Path) -> None:
    """Fill `folder`, which will become `out`, with the notebooks, without outputs and solutions, and what is BESIDE."""
    files = [NOTEBOOKS / name for name in BESIDE if (NOTEBOOKS / name).exists()]
    notebooks = read_notebooks()
    copied = {name: name for name in (*notebooks, *(file.name for file in files))}
    for name, notebook in notebooks.items():
        relink(notebook, copied, out)
        for cell in notebook.cells:
            if cell.cell_type == "code":
                cell.outputs = []
                cell.execution_count = None
        nbformat.write(notebook, folder / name)
    for file in files:
        shutil.copy(file, folder)


def write_slides(folder: Path, out: Path) -> None:
    """Fill `folder`, which will become `out`, with a page of slides for each notebook and what these pages load."""
    import slides  # and with it nbconvert, which the students' copies do not need

    notebooks = read_notebooks()
    pages = {name: Path(name).with_suffix(".html").name for name in notebooks}
    for name, notebook in notebooks.items():
        relink(notebook, pages, out)
        notebook.cells = [cell for cell in notebook.cells if "remove-cell" not in cell.metadata.get("tags", [])]
        (folder / pages[name]).write_text(slides.page(notebook), encoding="utf-8")
    slides.copy_libraries(folder)


def read_notebooks() -> dict[str, nbformat.NotebookNode]:
    """The notebooks by the names of their files, without solutions, the badges that open those with solutions, and the
    marks that only tests read."""
    found = {}
    for path in sorted(NOTEBOOKS.glob("*.ipynb")):
        try:
            notebook = nbformat.read(path, as_version=4)
        except (nbformat.reader.NotJSONError, nbformat.ValidationError) as error:
            raise DigitsError(f"expected a notebook, got {path}, which is damaged: restore it with git") from error
        notebook.cells = [cell for cell in notebook.cells if "solution" not in cell.metadata.get("tags", [])]
        for cell in notebook.cells:
            cell.source = cell.source.removeprefix("# NBVAL_CHECK_OUTPUT\n")
        notebook.cells[0].source = badges.without(notebook.cells[0].source)
        found[path.name] = notebook
    if not found:
        raise DigitsError(f"expected notebooks in {NOTEBOOKS}, got none: restore them with git")
    return found


def relink(notebook: nbformat.NotebookNode, copied: Mapping[str, str], out: Path) -> None:
    """Let each relative link lead from `out` to the copy of its file, or else to the file itself.

    copied: the name of the copy by the name of the file.
    """

    def target(match: re.Match) -> str:
        name = match[1]
        if name in copied or not (NOTEBOOKS / name).exists():
            return f"]({copied.get(name, name)}"
        return f"]({Path(os.path.relpath(NOTEBOOKS / name, out)).as_posix()}"

    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = re.sub(r"\]\(([^)#\s:]+)(?=[)#])", target, cell.source)


@contextmanager
def whole_folder(folder: Path) -> Iterator[Path]:
    """Give an empty folder; what is written there becomes `folder` in the end, or is deleted on an exception.

    Raises DigitsError where `folder` holds what was not written in this way, or the file system refuses.
    """
    partial = folder.with_name(f".{folder.name}-{uuid4().hex}")
    old = partial.with_name(f"{partial.name}-old")
    try:
        others = _others(folder)
        if others:
            found = f"{folder}, which holds something else, {min(others)}"
            raise DigitsError(f"expected a folder for copies, got {found}: move it away, or give another --out")
        partial.mkdir(parents=True)
        yield partial
        (partial / WRITTEN).write_text("\n".join(sorted(_names(partial))), encoding="utf-8")
        if folder.exists():
            folder.rename(old)
        partial.rename(folder)
    except OSError as error:
        if old.exists() and not folder.exists():
            old.rename(folder)
        raise DigitsError(f"cannot write {folder}: {reason(error)}") from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
        if folder.exists():
            shutil.rmtree(old, ignore_errors=True)


def _others(folder: Path) -> set[str]:
    """The names in `folder` that no earlier call has written."""
    if not folder.exists():
        return set()
    written = folder / WRITTEN
    own = {WRITTEN, CHECKPOINTS}
    if written.exists():
        own.update(written.read_text(encoding="utf-8").split("\n"))
    return _names(folder) - own


def _names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("student", "slides"), help="notebooks to fill in, or slides to show")
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="default: build/student or build/slides")
    options = parser.parse_args(arguments)
    out = (options.out or ROOT / "build" / options.what).resolve()
    with whole_folder(out) as folder:
        if options.what == "student":
            write_notebooks(folder, out)
        else:
            write_slides(folder, out)


if __name__ == "__main__":
    sys.exit(exit_code(main))
