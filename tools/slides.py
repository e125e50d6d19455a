"""One notebook as slides for a browser: nbconvert's reveal.js page, with everything it loads in a folder beside it.

Each heading begins a slide, and each cell after it another; the right-arrow key goes through all of them, and shows the
output of a cell after its code. templates/slides/ says where the page differs from nbconvert's own.
"""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import nbformat
from nbconvert.exporters import SlidesExporter

from helpers.base.errors import DigitsError
from helpers.base.files import reason

TEMPLATES = Path(__file__).resolve().parent / "templates"
LIBRARIES = "libraries"  # the folder beside the pages
REVEAL = ["LICENSE", "dist/reveal.css", "dist/reveal.js", "dist/theme/white.css", "dist/theme/fonts/source-sans-pro"]
MATHJAX = ["LICENSE", "es5/tex-svg.js"]
HEADING = re.compile(r"#{1,3} (.+)")


def page(notebook: nbformat.NotebookNode) -> str:
    """The notebook as an HTML page, which loads what `copy_libraries` puts into the same folder."""
    exporter = SlidesExporter(
        template_name="slides",
        extra_template_basedirs=[str(TEMPLATES)],
        reveal_theme="white",
        reveal_url_prefix=f"{LIBRARIES}/reveal.js",
        mathjax_url=f"{LIBRARIES}/mathjax/es5/tex-svg.js",
    )
    cells = []
    for cell in notebook.cells:
        cells += _parts(cell) if cell.cell_type == "markdown" else [cell]
    for cell in cells:
        heading = cell.cell_type == "markdown" and HEADING.match(cell.source)
        cell.metadata.slideshow = {"slide_type": "slide" if heading else "subslide"}
    headings = filter(None, (HEADING.match(cell.source) for cell in cells))
    title = next(headings)[1]
    slides = nbformat.v4.new_notebook(cells=cells, metadata=notebook.metadata | {"title": title})
    return exporter.from_notebook_node(slides)[0]


def copy_libraries(folder: Path) -> None:
    """Copy what the pages load into `folder`. Raises DigitsError where it cannot be installed or written."""
    from book_demo import packages  # it imports MXNet, which one page alone does not need

    installed = packages()
    for package, names in {"reveal.js": REVEAL, "mathjax": MATHJAX}.items():
        for name in names:
            source = installed / package / name
            target = folder / LIBRARIES / package / name
            try:
                target.parent.mkdir(parents=True, exist_ok=True)
                if source.is_dir():
                    shutil.copytree(source, target)
                else:
                    shutil.copy(source, target)
            except OSError as error:
                raise DigitsError(f"cannot copy {source}: {reason(error)}") from error


def _parts(cell: nbformat.NotebookNode) -> Iterator[nbformat.NotebookNode]:
    """A Markdown cell as one cell for each of its headings, and one for what stands before the first."""
    parts = [[]]
    fenced = False
    for line in cell.source.split("\n"):
        if line.startswith("```"):
            fenced = not fenced
        if HEADING.match(line) and not fenced:
            parts.append([])
        parts[-1].append(line)
    for number, lines in enumerate(parts):
        source = "\n".join(lines).strip()
        if source:
            yield nbformat.v4.new_markdown_cell(source, id=f"{cell.id}-{number}", metadata=cell.metadata.copy())
