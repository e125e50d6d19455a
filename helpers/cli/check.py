"""What this machine has of what the notebooks need: the table of `python -m helpers check`.

It has to work where other things do not, so it imports nothing but the standard library at its top, asks MXNet in a
process of its own, and downloads nothing.
"""

import hashlib
import importlib.util
import json
import os
import platform
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from functools import partial
from importlib import metadata
from pathlib import Path

from helpers.base.errors import DigitsError

TESTED = ((3, 11), (3, 12))  # versions of Python

INSTALL = "pip install -r requirements.txt"


ROOT = Path(__file__).parents[2]  # the checkout, unless the package was installed without it

PROJECT = "digits-with-mxnet"


@dataclass(frozen=True)
class Package:
    """A direct dependency. `requirement` is such as "numpy>=1.26"; `found` None: missing; `pinned` "": not known."""

    name: str
    requirement: str
    found: str | None
    pinned: str
    for_tests: bool

    @property
    def satisfies(self) -> bool:
        """Whether the version that was found is one that is allowed."""
        try:
            from packaging.requirements import Requirement
        except ImportError:  # packaging itself is missing, and has its own line
            return self.found is not None
        return self.found is not None and Requirement(self.requirement).specifier.contains(self.found, prereleases=True)


def packages() -> list[Package]:
    """The direct dependencies as pyproject.toml lists them, the ones for tests last; nothing is imported."""
    pins = _pins(_read("requirements.txt"))
    needed, for_tests = _requirements()
    return [_package(text, pins, text in for_tests) for text in needed + for_tests]


def _pins(requirements: str) -> dict[str, str]:
    """The pinned version of each package. One that has several is pinned by the line whose marker holds here."""
    lines = re.findall(r"^([\w.-]+)==([^\s;]+)(?: ; (.+))?$", requirements, re.MULTILINE)
    return {name: version for name, version, marker in lines if not marker or _holds(marker)}


def _holds(marker: str) -> bool:
    try:
        from packaging.markers import Marker
    except ImportError:  # as in Package.satisfies
        return True
    return Marker(marker).evaluate()


def _requirements() -> tuple[list[str], list[str]]:
    import tomllib  # new in Python 3.11: an older one can import this module and be told that it is too old

    if text := _read("pyproject.toml"):
        project = tomllib.loads(text)["project"]
        return project["dependencies"], project["optional-dependencies"]["dev"]
    try:
        texts = metadata.requires(PROJECT) or []
    except metadata.PackageNotFoundError:
        return [], []
    return [text for text in texts if "extra ==" not in text], []


def _package(requirement: str, pins: dict[str, str], for_tests: bool) -> Package:
    name = re.match(r"[\w.-]+", requirement)[0]
    try:
        found = metadata.version(name)
    except metadata.PackageNotFoundError:
        found = None
    return Package(name, requirement, found, pins.get(name, ""), for_tests)


def _read(name: str) -> str:
    """A text file of the checkout; empty where there is none."""
    path = ROOT / name
    return path.read_text(encoding="utf-8") if path.is_file() else ""


@dataclass(frozen=True)
class Line:
    """One line of the table. A `problem` names its fix; a `note` is worth knowing, but nothing is wrong."""

    name: str
    found: str
    pinned: str = ""
    problem: str = ""
    note: str = ""


def inspect() -> list[Line]:
    """Look at everything; what is wrong is in the lines, nothing is raised."""
    python = _python()
    if python.problem:  # too old to ask further
        return [python, _platform()]
    return [python, _platform(), *map(_package, packages()), _dot(), *_mxnet(), data_line(), *_checkpoints()]


def table(lines: list[Line]) -> str:
    """The lines as text in columns, and a last one that sums up."""
    rows = [("", "found", "pinned", "")]
    for line in lines:
        remark = f"PROBLEM: {line.problem}" if line.problem else f"note: {line.note}" if line.note else "ok"
        rows.append((line.name, line.found, line.pinned, remark))
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    layout = "  ".join(f"{{:{width}}}" for width in widths) + "  {}"
    text = [layout.format(*row).rstrip() for row in rows]
    problems = sum(bool(line.problem) for line in lines)
    text.append(f"\n{problems} to mend: see PROBLEM above." if problems else "\nEverything is in place.")
    return "\n".join(text)


def _python() -> Line:
    found = platform.python_version()
    version = sys.version_info[:2]
    fix = "use Python 3.11 or 3.12 (make lab finds one, environment.yml brings one)"
    if version < TESTED[0]:
        return Line("Python", found, problem=fix)
    return Line("Python", found, note="" if version in TESTED else f"newer than what is tested: {fix}")


def _platform() -> Line:
    return Line("platform", f"{platform.system()} {platform.machine()}", problem=_no_wheel())


def _no_wheel() -> str:
    """Why MXNet cannot be installed on this platform; empty where it can."""
    system, machine = platform.system(), platform.machine()
    if system == "Windows":
        return "MXNet has no wheel for Windows: use WSL 2 or the container (README, Troubleshooting)"
    if (system, machine) == ("Darwin", "arm64"):
        return "MXNet has no wheel for Apple silicon: use the container (README, Troubleshooting)"
    return ""


def _package(package: Package) -> Line:
    line = partial(Line, package.name, package.found or "missing", package.pinned)
    if package.found is None and package.for_tests:
        return line(note=f"only `make test` needs it: {INSTALL}")
    if package.found is None:
        return line(problem=(package.name == "mxnet" and _no_wheel()) or INSTALL)
    if not package.satisfies:
        return line(problem=f"{package.requirement} is needed: {INSTALL}")
    if package.pinned not in ("", package.found):
        return line(note=f"not the version that is tested: {INSTALL}")
    return line()


def _dot() -> Line:
    dot = shutil.which("dot")
    if dot:
        return Line("dot", dot)
    return Line("dot", "missing", note="network diagrams appear as tables: install Graphviz to see them as pictures")


ASK_MXNET = """
import json, helpers, mxnet as mx
assert mx.nd.ones((2, 3)).sum().asscalar() == 6
print(json.dumps([mx.__version__, mx.context.num_gpus(), mx.base._LIB.omp_get_max_threads()]))
"""


def _mxnet() -> list[Line]:
    """Let MXNet add six ones in a process of its own, which may crash, and ask it what it computes on."""
    if importlib.util.find_spec("mxnet") is None:  # on its own line already
        return []
    try:
        run = subprocess.run(
            [sys.executable, "-c", ASK_MXNET], cwd=ROOT, capture_output=True, text=True, timeout=120, check=True
        )
        version, gpus, threads = json.loads(run.stdout.splitlines()[-1])
    except subprocess.CalledProcessError as error:
        last = (error.stderr.strip().splitlines() or [f"exit code {error.returncode}"])[-1]
        libraries = "apt-get install libgomp1 libquadmath0, or python tools/link_libraries.py"
        return [Line("import mxnet", "fails", problem=f"{last}: {libraries if '.so' in last else INSTALL}")]
    except (subprocess.TimeoutExpired, ValueError, IndexError, OSError) as error:
        return [Line("import mxnet", "fails", problem=f"{error}: {INSTALL}")]
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return [
        Line("import mxnet", version),
        Line("devices", f"CPU and {gpus} GPU" if gpus else "CPU"),
        Line("threads", f"{cores} cores, MXNet uses {threads} for one operation"),
    ]


def data_line() -> Line:
    """What load_mnist() would use, without a download."""
    source = os.environ.get("DIGITS_SOURCE") or "auto"
    if source == "digits":
        return Line("data", "scikit-learn's digits", note="DIGITS_SOURCE says so: unset it for MNIST")
    if source not in ("mnist", "auto"):
        return Line("data", source, problem="DIGITS_SOURCE takes mnist, digits or auto: correct or unset it")
    try:
        from helpers.data.mnist import cache_dir, local_mnist

        files = local_mnist()
    except ImportError as error:
        return Line("data", "cannot tell", problem=f"{error}: {INSTALL}")
    except DigitsError as error:
        return Line("data", "not usable", problem=str(error))
    if files:
        return Line("data", f"MNIST in {files['train-images'].parent}")
    if any(cache_dir().glob("*-ubyte.gz")):
        return Line("data", "MNIST, damaged or incomplete", note=f"the next use fetches it again into {cache_dir()}")
    return Line("data", "MNIST, not here yet", note=f"the first use downloads 11.6 MB into {cache_dir()}")


def _checkpoints() -> list[Line]:
    """A line for each trained network that ships with the project."""
    cards = sorted((Path(__file__).parents[1] / "checkpoints").glob("*.json"))
    if not cards:
        return [Line("trained networks", "none", problem="helpers/checkpoints is empty: clone the project again")]
    return [_checkpoint(card) for card in cards]


def _checkpoint(card: Path) -> Line:
    name, broken = f"trained {card.stem}", "its file is missing or changed: git checkout helpers/checkpoints"
    try:
        about = json.loads(card.read_text(encoding="utf-8"))
        intact = hashlib.sha256(card.with_suffix(".params").read_bytes()).hexdigest() == about["sha256"]
        return Line(name, f"test accuracy {about['test_accuracy']:.4f}", problem="" if intact else broken)
    except (OSError, ValueError, KeyError):
        return Line(name, "damaged", problem=broken)
