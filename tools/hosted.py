"""Make a notebook run on a server where only that notebook was opened, such as Colab or Kaggle.

The first cell of each notebook clones the project there and runs this file in its kernel. It installs what is missing
and leaves the server's own packages as they are: no version changes, and nothing that can be imported is installed.
Only Python itself is needed.
"""

import importlib
import os
import platform
import re
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterable, Mapping
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PLATFORMS = ("Linux x86_64", "Darwin x86_64")  # that MXNet 1.9.1 has a wheel for which loads

# What shows the notebook already, in versions of its own.
THERE = {"ipykernel", "ipython", "jupyterlab", "jupyter-server", "tornado", "traitlets", "voila"}

# What a package is imported as, where that is not its own name.
MODULES = {
    "fonttools": "fontTools",
    "ipython": "IPython",
    "opencv-python-headless": "cv2",  # also where another build of OpenCV has it
    "pillow": "PIL",
    "python-dateutil": "dateutil",
    "pyyaml": "yaml",
    "scikit-learn": "sklearn",
}


TELL = "run the cell again, and tell the maintainers if it happens twice"


def declared(project: str) -> list[str]:
    """The packages that the notebooks need by the text of pyproject.toml, less those that are THERE."""
    lines = tomllib.loads(project)["project"]["dependencies"]
    names = [re.match(r"[\w.-]+", line)[0] for line in lines]
    return [name for name in names if name not in THERE]


def pins_and_parts(lock: str) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """Of each package in the text of requirements.txt its pins, one for each Python, and the packages it needs.

    A pin is one line, with the SHA-256 of each file that it may be installed from.
    """
    pins: dict[str, list[str]] = {}
    parts: dict[str, list[str]] = {}
    for line in lock.replace(" \\\n    ", " ").splitlines():
        if not line.startswith((" ", "#")):
            name = line.partition("==")[0]
            pins.setdefault(name, []).append(line)
        elif found := re.match(r"    # (?:  |via )(\S+)", line):
            parts.setdefault(found[1], []).append(name)
    return pins, parts


def is_here(name: str) -> bool:
    """Whether this Python can import the package."""
    return find_spec(MODULES.get(name, name.replace("-", "_"))) is not None


def missing(names: Iterable[str], parts: Mapping[str, Iterable[str]]) -> list[str]:
    """Those of the packages that cannot be imported, and what they need that cannot be, either."""
    found: list[str] = []
    for name in names:
        if name not in found and not is_here(name):
            found += [name, *(part for part in missing(parts.get(name, ()), parts) if part not in found)]
    return found


def install(requirements: Iterable[str]) -> None:
    """Install exactly these pins, from files that they name by SHA-256. Ends with one line where pip cannot."""
    names = " ".join(pin.split()[0] for pin in requirements)
    with tempfile.TemporaryDirectory() as folder:
        pins = Path(folder, "pins.txt")
        pins.write_text("\n".join(requirements), encoding="utf-8")
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--only-binary=:all:"]
        command += ["--require-hashes", "--requirement", pins]
        done = subprocess.run(command, capture_output=True, text=True)
    other = ", ".join(re.findall(r"^    (\S+==\S+) from ", done.stderr, re.MULTILINE))  # as pip lists them
    if done.returncode and other:
        sys.exit(f"expected the files that requirements.txt names by their SHA-256, got another one of {other}: {TELL}")
    if done.returncode:
        cause = [line for line in done.stderr.splitlines() if line.strip()][-1].removeprefix("ERROR: ").strip()
        sys.exit(f"cannot install {names}: {cause}: is there a network? Then run the cell again")
    importlib.invalidate_caches()


def link_libraries() -> None:
    """Do what `make` does for a machine without libgomp or libquadmath. Ends with one line where it cannot.

    In a process of its own, since it loads MXNet, whose threads a notebook may still want to count.
    """
    command = [sys.executable, ROOT / "tools" / "link_libraries.py"]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stderr.strip().removeprefix("error: "))
    print(done.stdout, end="")


def main() -> None:
    """Install what is missing, and let this kernel and the processes it starts import helpers, from notebooks/."""
    here = f"{platform.system()} {platform.machine()}"
    if here not in PLATFORMS:
        sys.exit(f"expected a server with {' or '.join(PLATFORMS)}, got {here}: MXNet 1.9.1 runs on no other")
    pins, parts = pins_and_parts((ROOT / "requirements.txt").read_text(encoding="utf-8"))
    names = missing(declared((ROOT / "pyproject.toml").read_text(encoding="utf-8")), parts)
    if names:
        install([pin for name in names for pin in pins[name]])
    link_libraries()
    sys.path.insert(0, str(ROOT))
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    os.chdir(ROOT / "notebooks")
    print(f"The series is in {ROOT}, and this notebook runs there. Installed: {', '.join(names) or 'nothing'}")


if __name__ == "__main__":
    main()
