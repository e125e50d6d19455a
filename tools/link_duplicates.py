"""Keep one copy of what packages install twice: the others become hard links to it, which take no room on the disk.

    python tools/link_duplicates.py FOLDER

JupyterLab, for one, installs all that a browser loads both beside its code and below share/jupyter. The files stay
where they were, and pip updates or removes them as ever. It needs nothing but the standard library.
"""

import filecmp
import os
import sys
from collections import defaultdict
from pathlib import Path

BLOCK = 4096  # bytes that even the smallest file takes


def link_duplicates(folder: Path) -> int:
    """Link the files of `folder` that are equal and have the same permissions. Returns how many bytes were saved.

    Where the file system has no hard links, everything stays as it is.
    """
    alike = defaultdict(list)  # by size and permissions; no two of a list are the same file or equal
    saved = 0
    for path in sorted(folder.rglob("*")):
        if path.is_symlink() or not path.is_file():
            continue
        about = path.stat()
        if about.st_size < BLOCK:
            continue
        others = alike[about.st_size, about.st_mode]
        if any(path.samefile(other) for other in others):
            continue
        twin = next((other for other in others if filecmp.cmp(path, other, shallow=False)), None)
        if twin is None:
            others.append(path)
            continue
        try:
            _replace_by_link(path, twin)
        except OSError:  # no hard links here
            return saved
        saved += about.st_size
    return saved


def _replace_by_link(path: Path, twin: Path) -> None:
    link = path.with_name(f".{path.name}.link")
    os.link(twin, link)
    link.replace(path)


if __name__ == "__main__":
    link_duplicates(Path(sys.argv[1]))
