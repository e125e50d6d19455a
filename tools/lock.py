"""Pin what pyproject.toml declares, for every platform and Python at once: `make requirements`.

    python tools/lock.py [--upgrade]

requirements.txt is what a student needs, requirements-export.txt what `python -m helpers export` and the chapter after
MXNet add, requirements-dev.txt what maintainers add to both. They are whole: each names all that it needs, so that they
are installed without a resolver (`pip install --no-deps -r`), which would believe MXNet's metadata. uv writes them,
with the overrides and constraints of pyproject.toml.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HEAD = "# Written by `make requirements` from pyproject.toml. To be installed with --no-deps.\n"
# Each file with the extra that it adds, in the order in which they build on one another.
FILES = {"requirements.txt": None, "requirements-export.txt": "export", "requirements-dev.txt": "dev"}


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description="Pin what pyproject.toml declares.")
    parser.add_argument("--upgrade", action="store_true", help="take the newest versions that are allowed")
    options = parser.parse_args(arguments)
    present = [] if options.upgrade else [ROOT / name for name in FILES if (ROOT / name).exists()]
    kept = "".join(path.read_text(encoding="utf-8") for path in present)
    pinned = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, extra in FILES.items():
            pins = resolved(extra, kept, pinned, Path(folder))
            added = {pin: lines for pin, lines in pins.items() if pin not in pinned}
            (ROOT / name).write_text(HEAD + "".join(added.values()), encoding="utf-8")
            pinned |= added
    return 0


def resolved(extra: str | None, kept: str, pinned: dict[str, str], folder: Path) -> dict[str, str]:
    """By pin, such as "numpy==2.4.6 ; python_full_version < '3.12'": its line and the comment of who asks for it.

    kept: the pins of before, which uv keeps where it can. pinned: those that it has to keep.
    """
    output, constraints = folder / "output.txt", folder / "constraints.txt"
    output.write_text(kept, encoding="utf-8")
    constraints.write_text("".join(f"{pin}\n" for pin in pinned), encoding="utf-8")
    command = ["uv", "pip", "compile", "--quiet", "--universal", "--python-version", "3.11", "--no-header"]
    command += ["--constraint", str(constraints), "--output-file", str(output), *(["--extra", extra] if extra else [])]
    if subprocess.run([*command, "pyproject.toml"], cwd=ROOT).returncode:
        sys.exit(f"error: uv could not pin {extra or 'the dependencies'} (the reason stands above)")
    pins, pin = {}, ""
    for line in output.read_text(encoding="utf-8").splitlines(keepends=True):
        if not line.startswith(" "):
            pin = line.strip()
            pins[pin] = ""
        pins[pin] += "" if "(workspace)" in line else line  # constraints and overrides ask for nothing
    return pins


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
