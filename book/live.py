"""A Sphinx extension for what is live in the book: pieces that a script makes on the page, as demo/<name>.js does.

A page has one where the directive `live` names it. A chapter gets its pieces here, since its notebook has a kernel
instead: the text of each, live/<name>.md, goes in after a cell. The notebook that a page hands on stays as it is.
"""

import json
from pathlib import Path

from docutils import nodes
from sphinx.errors import ExtensionError
from sphinx.util.docutils import SphinxDirective

TEXTS = Path(__file__).with_name("live")
# By the page, {id of the cell that stands before it: name of the piece}
PIECES: dict[str, dict[str, str]] = {}
HTML = """<div id="live-{name}" class="live"></div>
<noscript><p>This needs JavaScript: allow it for these pages.</p></noscript>
<p class="needs-server" hidden>This does not work on pages that are opened as files. Serve the folder of this book
instead, with <code>python3 -m http.server</code> in it, and open <code>http://localhost:8000</code>.</p>
<script>document.currentScript.previousElementSibling.hidden = location.protocol !== "file:";</script>
<script type="module" async src="{up}_static/demo/{name}.js"></script>"""


def setup(app) -> dict[str, bool]:
    app.add_directive("live", Live)
    app.connect("source-read", add_pieces)
    return {"parallel_read_safe": True}


class Live(SphinxDirective):
    """Where a script makes a piece of the page; its argument is the name of the script, without .js."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        up = "../" * self.env.docname.count("/")
        return [nodes.raw("", HTML.format(name=self.arguments[0], up=up), format="html")]


def add_pieces(app, docname, source) -> None:
    """Put the pieces of a chapter among its cells. Raises ExtensionError where a cell is missing."""
    if docname not in PIECES:
        return
    notebook = json.loads(source[0])
    for cell, name in PIECES[docname].items():
        ids = [each.get("id") for each in notebook["cells"]]
        if cell not in ids:
            raise ExtensionError(f"{docname} has no cell {cell}, after which {name} goes: name another in live.py")
        text = (TEXTS / f"{name}.md").read_text(encoding="utf-8")
        piece = {"cell_type": "markdown", "id": f"live-{name}", "metadata": {}, "source": text}
        notebook["cells"].insert(ids.index(cell) + 1, piece)
    source[0] = json.dumps(notebook)
