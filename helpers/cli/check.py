"""What this machine has of what the notebooks need: the table of `python -m helpers check`.

It has to work where other things do not. So it imports nothing but the standard library at its top, asks MXNet in a
process of its own, and downloads nothing.

Serves everyone, before chapter 1 and whenever something does not work.
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
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from importlib import metadata
from pathlib import Path

from helpers.base import environment
from helpers.base.errors import DigitsError

TESTED = ((3, 11), (3, 12), (3, 13))  # versions of Python
LOCKS = ("requirements.txt", "requirements-export.txt", "requirements-dev.txt")
INSTALL = "pip install --no-deps -r requirements.txt"
# What needs a package that a student's environment does not bring, by the extra of pyproject.toml that names it.
EXTRAS = {
    "export": "only the chapter after MXNet and `python -m helpers export` need it, and fetch it",
    "dev": "only `make test` needs it, and fetches it",
}
PROJECT = "digits-with-mxnet"
ROOT = Path(__file__).parents[2]  # the checkout, unless the package was installed without it
CHECKPOINTS = Path(__file__).parents[1] / "checkpoints"

ASK_MXNET = """
import json, helpers, mxnet as mx
assert mx.nd.ones((2, 3)).sum().asscalar() == 6
print(json.dumps([mx.__version__, mx.context.num_gpus(), mx.base._LIB.omp_get_max_threads()]))
"""

ASK_ONNX = """
import helpers
from helpers.base.environment import BrokenPackage
try:
    import onnx
except BrokenPackage as error:
    print(error)
"""


@dataclass(frozen=True)
class Line:
    """One line of the table. A `problem` names its fix; a `note` is worth knowing, but nothing is wrong."""

    name: str
    found: str
    pinned: str = ""
    problem: str = ""
    note: str = ""


@dataclass(frozen=True)
class Package:
    """A direct dependency of the project.

    requirement: as in pyproject.toml, such as "numpy>=1.26"; found: the version that is installed, None without one;
    pinned: the version in the lock files, "" where it is not known; extra: of `EXTRAS`, "" for what everybody needs.
    """

    name: str
    requirement: str
    found: str | None
    pinned: str
    extra: str

    @property
    def satisfies(self) -> bool:
        """Whether the version that was found is one that is allowed."""
        if self.found is None:
            return False
        try:
            from packaging.requirements import Requirement
        except ImportError:  # packaging itself is missing, and has its own line
            return True
        return Requirement(self.requirement).specifier.contains(self.found, prereleases=True)


def inspect() -> list[Line]:
    """Look at everything. What is wrong stands in the lines; nothing is raised."""
    python = _python()
    if python.problem:  # too old to ask further
        return [python, _platform()]
    lines = [python, _platform()]
    lines += map(_package_line, packages())
    lines.append(_dot())
    lines += _mxnet()
    lines += _onnx()
    lines.append(data_line())
    lines += _checkpoints()
    return lines


def table(lines: list[Line]) -> str:
    """The lines as text in columns, and a last one that sums up."""
    rows = [("", "found", "pinned", "")]
    rows += [(line.name, line.found, line.pinned, _remark(line)) for line in lines]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    layout = "  ".join(f"{{:{width}}}" for width in widths) + "  {}"
    text = [layout.format(*row).rstrip() for row in rows]
    problems = sum(bool(line.problem) for line in lines)
    text.append(f"\n{problems} to mend: see PROBLEM above." if problems else "\nEverything is in place.")
    return "\n".join(text)


def _remark(line: Line) -> str:
    if line.problem:
        return f"PROBLEM: {line.problem}"
    if line.note:
        return f"note: {line.note}"
    return "ok"


# Python and the platform


def _python() -> Line:
    found = platform.python_version()
    version = sys.version_info[:2]
    fix = "use Python 3.11, 3.12 or 3.13 (make lab finds one, environment.yml brings one)"
    if version < TESTED[0]:
        return Line("Python", found, problem=fix)
    if version not in TESTED:
        return Line("Python", found, note=f"newer than what is tested: {fix}")
    return Line("Python", found)


def _platform() -> Line:
    return Line("platform", f"{platform.system()} {platform.machine()}", problem=_no_wheel())


def _no_wheel() -> str:
    """Why MXNet does not run on this platform, and what does; empty where it does."""
    system, machine = platform.system(), platform.machine()
    container = "use the container (docs/troubleshooting.md)"
    if system == "Windows":
        return f"MXNet has no wheel for Windows: use WSL 2 with Ubuntu, or {container.removeprefix('use ')}"
    if system == "Darwin" and machine == "arm64":
        return f"MXNet has no wheel for Apple silicon: {container}"
    if system == "Linux" and machine != "x86_64":
        return f"MXNet's wheel for Linux on {machine} does not load, or there is none: {container}"
    if system == "Linux" and platform.libc_ver()[0] != "glibc":  # Alpine's is musl
        return f"MXNet's wheel for Linux needs glibc: {container}"
    return ""


# Packages


def packages() -> list[Package]:
    """The direct dependencies as pyproject.toml lists them, those of the extras last; nothing is imported."""
    pins = _pins()
    return [_package(requirement, pins, extra) for extra, listed in _requirements().items() for requirement in listed]


def _package(requirement: str, pins: dict[str, str], extra: str) -> Package:
    name = re.match(r"[\w.-]+", requirement)[0]
    try:
        found = metadata.version(name)
    except metadata.PackageNotFoundError:
        found = None
    return Package(name, requirement, found, pins.get(name, ""), extra)


def _pins() -> dict[str, str]:
    """The pinned version of each package. One that has several is pinned by the line whose marker holds here."""
    text = "\n".join(map(_read, LOCKS))
    lines = re.findall(r"^([\w.-]+)==([^\s;]+)(?: ; (.+?))?(?: \\)?$", text, re.MULTILINE)
    return {name: version for name, version, marker in lines if not marker or _holds(marker)}


def _holds(marker: str) -> bool:
    try:
        from packaging.markers import Marker
    except ImportError:  # as in Package.satisfies
        return True
    return Marker(marker).evaluate()


def _requirements() -> dict[str, list[str]]:
    """By extra, "" for everybody, the requirements; without a checkout those of the installed project."""
    import tomllib  # new in Python 3.11: an older one can import this module and be told that it is too old

    text = _read("pyproject.toml")
    if text:
        project = tomllib.loads(text)["project"]
        extras = {extra: project["optional-dependencies"][extra] for extra in EXTRAS}
        extras["dev"] = [requirement for requirement in extras["dev"] if not requirement.startswith(PROJECT)]
        return {"": project["dependencies"]} | extras
    try:
        requirements = metadata.requires(PROJECT) or []
    except metadata.PackageNotFoundError:
        return {}
    return {"": [requirement for requirement in requirements if "extra ==" not in requirement]}


def _read(name: str) -> str:
    """A text file of the checkout; empty where there is none."""
    path = ROOT / name
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def _install(package: Package) -> str:
    """The command that installs it: from the pins of the checkout, where there is one."""
    if _read(LOCKS[0]):
        return INSTALL
    requirement = package.requirement.partition(";")[0].strip()
    # Without its metadata, which ask for a NumPy that Python 3.13 has no wheel of.
    return f"pip install --no-deps {requirement}" if package.name == "mxnet" else f"pip install '{requirement}'"


def _package_line(package: Package) -> Line:
    line = partial(Line, package.name, package.found or "missing", package.pinned)
    if package.found is None and package.extra:
        return line(note=EXTRAS[package.extra])
    if package.found is None:
        no_wheel = _no_wheel() if package.name == "mxnet" else ""
        return line(problem=no_wheel or _install(package))
    if not package.satisfies:
        return line(problem=f"{package.requirement} is needed: {_install(package)}")
    if package.pinned not in ("", package.found):
        return line(note=f"not the version that is tested: {_install(package)}")
    return line()


# Programs and devices


def _dot() -> Line:
    dot = shutil.which("dot")
    if dot:
        return Line("dot", dot)
    return Line("dot", "missing", note="network diagrams appear as tables: install Graphviz to see them as pictures")


def _mxnet() -> list[Line]:
    """Let MXNet add six ones in a process of its own, which may crash, and ask it what it computes on."""
    faults = environment.faults(os.environ)
    if faults:  # whatever else is wrong with MXNet, it cannot start before these are mended
        return [Line("environment", "wrong", problem=fault) for fault in faults]
    if importlib.util.find_spec("mxnet") is None:  # its package has a line already
        return []
    try:
        done = _ask(ASK_MXNET)
        done.check_returncode()
        version, gpus, threads = json.loads(done.stdout.splitlines()[-1])
    except subprocess.CalledProcessError as error:
        last = (error.stderr.strip().splitlines() or [f"exit code {error.returncode}"])[-1]
        return [Line("import mxnet", "fails", problem=f"{last}: {_fix(last)}")]
    except (subprocess.TimeoutExpired, ValueError, IndexError, OSError) as error:
        return [Line("import mxnet", "fails", problem=f"{error}: {INSTALL}")]
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return [
        Line("import mxnet", version),
        Line("devices", f"CPU and {gpus} GPU" if gpus else "CPU"),
        Line("threads", f"{cores} cores, MXNet uses {threads} for one operation"),
    ]


def _fix(last: str) -> str:
    """The next step where MXNet fails and leaves this last line on stderr."""
    no_wheel = _no_wheel()
    if no_wheel:
        return no_wheel
    variable = environment.to_blame(_starts)
    if variable:
        return f"unset {variable}"
    if ".so" in last:
        return "apt-get install libgomp1 libquadmath0, or python tools/link_libraries.py"
    return INSTALL


def _starts(variables: Mapping[str, str]) -> bool:
    """Whether MXNet works in a process with this environment."""
    try:
        return _ask(ASK_MXNET, variables).returncode == 0
    except (subprocess.TimeoutExpired, OSError):
        return False


def _onnx() -> list[Line]:
    """A line for a package onnx that is installed and cannot be imported."""
    if importlib.util.find_spec("onnx") is None:  # its package has a line already
        return []
    try:
        fault = _ask(ASK_ONNX).stdout.strip()
    except (subprocess.TimeoutExpired, OSError) as error:
        fault = f"{error}: {INSTALL}"
    return [Line("import onnx", "fails", problem=fault)] if fault else []


def _ask(script: str, variables: Mapping[str, str] | None = None) -> subprocess.CompletedProcess:
    """Run a script of Python in a process of its own. variables: its environment; None for that of this process."""
    command = [sys.executable, "-c", script]
    return subprocess.run(command, cwd=ROOT, env=variables, capture_output=True, text=True, timeout=120)


# Data and trained networks


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
    cards = sorted(CHECKPOINTS.glob("*.json"))
    if not cards:
        return [Line("trained networks", "none", problem="helpers/checkpoints is empty: clone the project again")]
    return [_checkpoint(card) for card in cards]


def _checkpoint(card: Path) -> Line:
    """Whether the parameters beside the card are those whose SHA-256 it gives."""
    name = f"trained {card.stem}"
    broken = "its file is missing or changed: git checkout helpers/checkpoints"
    try:
        about = json.loads(card.read_text(encoding="utf-8"))
        intact = hashlib.sha256(card.with_suffix(".params").read_bytes()).hexdigest() == about["sha256"]
        return Line(name, f"test accuracy {about['test_accuracy']:.4f}", problem="" if intact else broken)
    except (OSError, ValueError, KeyError):
        return Line(name, "damaged", problem=broken)
