"""uv, for the tests of what it installs or resolves."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

FETCHED = Path(__file__).parents[2] / ".cache" / "uv"  # where `make requirements` puts it, too


def find_uv() -> str:
    """That of the machine, or else one that is fetched once."""
    uv = shutil.which("uv") or shutil.which("uv", path=FETCHED / "bin")
    if not uv:
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--target", str(FETCHED), "uv"]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            pytest.skip(f"uv could not be installed: {done.stderr.strip().splitlines()[-1]}")
        uv = str(FETCHED / "bin" / "uv")
    return uv
