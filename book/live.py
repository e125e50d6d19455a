"""A Sphinx extension for what is live in the book: pieces that a script makes on the page, as demo/<name>.js does.

A page has one where the directive `live` names it. A chapter gets its pieces here, since its notebook has a kernel
instead: the text of each, live/<name>.md, goes in after a cell, or within it where its end begins another section. The
notebook that a page hands on stays as it is.
"""

import json
import re
from pathlib import Path

from sphinx.errors import ExtensionError
from sphinx.util.docutils import SphinxDirective

import helpers.canvas

TEXTS = Path(__file__).with_name("live")
SCRIPTS = (Path(__file__).with_name("demo"), Path(helpers.canvas.__file__).parent)
# By the page, {id of the cell after which it goes: name of the piece}
PIECES = {
    "notebooks/03_lenet": {"limits-read": "shift"},
    "notebooks/04_dropout_cnn": {"vote-read": "vote"},
    "notebooks/05_draw_a_digit": {"canvas": "pad"},
    "notebooks/07_backprop_by_hand": {"two-curves-read": "train"},
}
HTML = """```{{raw}} html
<div id="live-{name}" class="live"></div>
<noscript><p>This needs JavaScript: allow it for these pages.</p></noscript>
<p class="needs-server" hidden>This does not work on pages that are opened as files. Serve the folder of this book
instead, with <code>python3 -m http.server</code> in it, and open <code>http://localhost:8000</code>.</p>
<script>document.currentScript.previousElementSibling.hidden = location.protocol !== "file:";</script>
{preloads}
<script type="module" async src="{up}_static/demo/{name}.js"></script>
```"""
# Else the browser learns of each script from the one that imports it, one after the other.
PRELOAD = '<link rel="modulepreload" href="{up}_static/demo/{script}">'


def setup(app) -> dict[str, bool]:
    app.add_directive("live", Live)
    app.connect("source-read", add_pieces)
    return {"parallel_read_safe": True}


class Live(SphinxDirective):
    """Where a script makes a piece of the page; its argument is the name of the script, without .js."""

    required_arguments = 1

    def run(self) -> list:
        (name,) = self.arguments
        up = "../" * self.env.docname.count("/")
        preloads = "\n".join(PRELOAD.format(script=script, up=up) for script in imported(f"{name}.js"))
        return self.parse_text_to_nodes(HTML.format(name=name, up=up, preloads=preloads))


def imported(script: str) -> list[str]:
    """The names of all scripts that this one imports, directly or by others."""
    found = [script]
    for name in found:  # which grows meanwhile
        path = next(folder / name for folder in SCRIPTS if (folder / name).exists())
        names = re.findall(r'^import .* from "\./([\w.]+)";$', path.read_text(encoding="utf-8"), flags=re.MULTILINE)
        found += [each for each in dict.fromkeys(names) if each not in found]
    return found[1:]


def add_pieces(app, docname, source) -> None:
    """Put the pieces of a chapter among its cells. Raises ExtensionError where a cell is missing."""
    if docname not in PIECES:
        return
    notebook = json.loads(source[0])
    for cell, name in PIECES[docname].items():
        ids = [each.get("id") for each in notebook["cells"]]
        if cell not in ids:
            raise ExtensionError(f"{docname} has no cell {cell}, after which {name} goes: name another in live.py")
        place = ids.index(cell)
        text, heading, rest = "".join(notebook["cells"][place]["source"]).partition("\n## ")
        added = [_text(f"live-{name}", (TEXTS / f"{name}.md").read_text(encoding="utf-8"))]
        if heading:
            notebook["cells"][place]["source"] = text
            added.append(_text(f"{cell}-rest", heading.strip() + " " + rest))
        notebook["cells"][place + 1 : place + 1] = added
    source[0] = json.dumps(notebook)


def _text(identity: str, source: str) -> dict:
    return {"cell_type": "markdown", "id": identity, "metadata": {}, "source": source}
