"""Sphinx's settings for the book. `tools/make_book.py` lays this folder out with the pages and runs Sphinx on it."""

import json
import re
import sys
from pathlib import Path

FOLDER = Path(__file__).parent
sys.path.insert(0, str(FOLDER))  # for docstrings.py and live.py


def minutes(notebook: Path) -> str:
    """How long a notebook takes to run, as its first cell says: "About 3 minutes"."""
    head = "".join(json.loads(notebook.read_text(encoding="utf-8"))["cells"][0]["source"])
    return re.search(r"\*\*(About \w+ minutes?)\*\*", head)[1]


project = "Handwritten digits with MXNet"
language = "en"
extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.githubpages",
    "sphinx.ext.viewcode",
    "docstrings",
    "live",
]
exclude_patterns = ["demo", "live"]
templates_path = ["_templates"]

nitpicky = True  # a name in the docstrings that leads nowhere is a warning
nitpick_ignore_regex = [("py:.*", r"(?!helpers\.).*")]  # the documentation of other packages is not part of the book
linkcheck_anchors = False  # many sites make theirs by a script
linkcheck_ignore = [r"http://127\.0\.0\.1"]

nb_execution_mode = "off"
nb_ipywidgets_js = {}  # would be loaded from another host
myst_enable_extensions = ["deflist", "dollarmath", "substitution"]
myst_heading_anchors = 3
myst_substitutions = {f"minutes_{path.name[:2]}": minutes(path) for path in FOLDER.glob("notebooks/*.ipynb")}

add_module_names = False
autodoc_default_options = {
    "members": True,
    "special-members": "__init__",
    "exclude-members": "Axes, set",  # with Matplotlib's docstrings
    "ignore-module-all": True,  # each function once, where it is defined
}
autodoc_inherit_docstrings = False
autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
autodoc_typehints_format = "fully-qualified"
python_use_unqualified_type_names = True
maximum_signature_line_length = 80
toc_object_entries_show_parents = "hide"

html_title = project
html_theme = "sphinx_book_theme"
html_theme_options = {
    "home_page_in_toc": True,
    "show_toc_level": 2,
    "use_fullscreen_button": False,
    # `make links` writes the address of your copy here.
    "repository_url": "https://github.com/digits-with-mxnet/digits-with-mxnet",
    "repository_branch": "main",
    "path_to_docs": "",
    "launch_buttons": {
        "binderhub_url": "https://mybinder.org",
        "colab_url": "https://colab.research.google.com",
        "notebook_interface": "jupyterlab",
    },
    "navbar_persistent": [],
    "footer_content_items": [],
}
html_context = {"default_mode": "auto"}  # light or dark as the reader's system is, until the reader chooses
html_favicon = "_static/favicon.svg"
html_static_path = ["_static"]
html_css_files = ["book.css"]
html_copy_source = True  # the buttons of a page download its notebook
html_use_index = False  # the search finds every name
html_domain_indices = False
html_show_copyright = False
html_show_sphinx = False
mathjax_path = "mathjax/tex-svg.js"
mathjax3_config = {"options": {"enableMenu": False}}
