"""The files of the project, as opposed to what was made or put beside them."""

import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]


def files():
    """Every file that git tracks or would track; outside a checkout every file but those of .gitignore's folders."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    if (ROOT / ".git").exists():
        names = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, text=True).stdout.split("\0")
        return [ROOT / name for name in names if name and (ROOT / name).is_file()]
    ignored = {".venv", ".cache", ".git", "__pycache__", ".pytest_cache", ".ruff_cache"}
    return [path for path in ROOT.rglob("*") if path.is_file() and not ignored & set(path.relative_to(ROOT).parts)]
