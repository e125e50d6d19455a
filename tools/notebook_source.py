"""Print what the authors of a notebook wrote, without its outputs: so `git diff` shows it (CONTRIBUTING.md).

    python3 tools/notebook_source.py NOTEBOOK

Only Python itself is needed, since git may ask before there is a .venv.
"""

import json
import sys
from pathlib import Path


def source(notebook: dict) -> str:
    """The cells one after another, each below a line with its kind, its id and its tags."""
    cells = []
    for cell in notebook["cells"]:
        head = ["# %%", cell["cell_type"], cell.get("id", ""), *cell["metadata"].get("tags", [])]
        cells.append(f"{' '.join(head)}\n{''.join(cell['source'])}\n")
    return "\n".join(cells)


if __name__ == "__main__":
    text = Path(sys.argv[1]).read_text(encoding="utf-8")
    try:
        print(source(json.loads(text)), end="")
    except (ValueError, KeyError):  # half of a merge, say: show it as it is
        print(text, end="")
