"""The lock files, as the tests read them."""

import re
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]

# A pin of a small wheel with the SHA-256 of that wheel, for what needs no others.
SIX = "six==1.17.0 --hash=sha256:4721f391ed90541fddacab5acf947aa0d3dc7d27b2e1e8eda2be8970586c3274"
TOML = "toml==0.10.2 --hash=sha256:806143ae5bfb6a3c6e736a764057db0e6a0e05e338b5630894a5f779cabb4f9b"


def read_pins(name: str) -> list[Requirement]:
    """The requirements of a lock file, in its order."""
    return [Requirement(pin) for pin in hashes_of(name)]


def hashes_of(name: str) -> dict[str, list[str]]:
    """By pin, the SHA-256 of each file that it may be installed from."""
    text = (ROOT / name).read_text(encoding="utf-8").replace(" \\\n    ", " ")
    lines = [line for line in text.splitlines() if line and not line.lstrip().startswith("#")]
    return {line.partition(" --hash=")[0]: re.findall(r" --hash=sha256:([0-9a-f]{64})\b", line) for line in lines}
