"""The packages that the project needs: which are installed, in which version, and which version is pinned."""

import re
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).parent.parent  # the checkout, unless the package was installed without it
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
