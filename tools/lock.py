"""Pin what pyproject.toml declares, for every platform and Python at once: `make requirements`.

    python tools/lock.py [--upgrade]

requirements.txt is what a student needs, requirements-export.txt what `python -m helpers export` and the chapter after
MXNet add, requirements-dev.txt what maintainers add to both. They are whole: each names all that it needs, so that they
are installed without a resolver (`pip install --no-deps -r`), which would believe MXNet's metadata. uv writes them,
with the overrides and constraints of pyproject.toml, and with the SHA-256 of every file that a pin may be installed
from: pip and uv refuse any other.

requirements-export-older.txt is apart from them: the last onnx for servers such as Colab, whose protobuf is older.
"""

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HEAD = "# Written by `make requirements` from pyproject.toml. To be installed with --no-deps.\n"
# Each file with the extra that it adds, in the order in which they build on one another.
FILES = {"requirements.txt": None, "requirements-export.txt": "export", "requirements-dev.txt": "dev"}
OLDER = {"requirements-export-older.txt": "onnx<1.20"}  # helpers/base/packages.py says where it is needed


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description="Pin what pyproject.toml declares.")
    parser.add_argument("--upgrade", action="store_true", help="take the newest versions that are allowed")
    options = parser.parse_args(arguments)
    present = [] if options.upgrade else [ROOT / name for name in (*FILES, *OLDER) if (ROOT / name).exists()]
    kept = {path.name: path.read_text(encoding="utf-8") for path in present}
    pinned = {}
    for name, extra in FILES.items():
        extras = ["--extra", extra] if extra else []
        preferred = "".join(text for other, text in kept.items() if other in FILES)
        pins = resolved("pyproject.toml", preferred, extras, pinned)
        added = {pin: lines for pin, lines in pins.items() if pin not in pinned}
        (ROOT / name).write_text(HEAD + "".join(added.values()), encoding="utf-8")
        pinned |= added
    for name, wanted in OLDER.items():
        pins = resolved("-", kept.get(name, ""), ["--no-deps"], {}, wanted)
        (ROOT / name).write_text(HEAD + "".join(pins.values()), encoding="utf-8")
    return 0


def resolved(source: str, kept: str, options: list[str], pinned: Iterable[str], wanted: str = "") -> dict[str, str]:
    """By pin, such as "numpy==2.4.6 ; python_full_version < '3.12'": its line, its hashes and who asks for it.

    source: "pyproject.toml", or "-" for what is `wanted`. kept: the pins of before, which uv keeps where it can.
    options: further ones of uv. pinned: the pins that it has to keep.
    """
    with tempfile.TemporaryDirectory() as folder:
        output, constraints = Path(folder, "output.txt"), Path(folder, "constraints.txt")
        output.write_text(kept, encoding="utf-8")
        constraints.write_text("".join(f"{pin}\n" for pin in pinned), encoding="utf-8")
        command = ["uv", "pip", "compile", "--quiet", "--universal", "--python-version", "3.11", "--no-header"]
        command += ["--generate-hashes", "--constraint", str(constraints), "--output-file", str(output), *options]
        if subprocess.run([*command, source], cwd=ROOT, input=wanted, text=True).returncode:
            sys.exit(f"error: uv could not pin {wanted or 'the dependencies'} (the reason stands above)")
        lines = output.read_text(encoding="utf-8").splitlines(keepends=True)
    pins, pin = {}, ""
    for line in lines:
        if not line.startswith(" "):
            pin = line.strip().removesuffix("\\").strip()
            pins[pin] = ""
        pins[pin] += "" if "(workspace)" in line else line  # constraints and overrides ask for nothing
    return pins


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
