"""The two packages that a student's environment does not bring, fetched when they are first needed.

onnx and onnxruntime take 120 MB, and one chapter needs them. The versions are those of requirements-export.txt, and so
is the SHA-256 of each file. Other packages stay as they are, since they may be a server's own. Only the standard
library is used.

Chapter 9 and the command line.
"""

import importlib
import importlib.util
import os
import re
import shutil
import site
import subprocess
import sys
import tempfile
from importlib import metadata
from pathlib import Path

from helpers.base.errors import DigitsError

ROOT = Path(__file__).parents[2]  # the checkout, unless the package was installed without it
PINS = ROOT / "requirements-export.txt"
NEEDED = ("onnx", "onnxruntime")
PROTOBUF = (6, 31, 1)  # the oldest that the pinned onnx works with
OLDER_PINS = ROOT / "requirements-export-older.txt"  # of the last onnx that works with older ones, such as Colab's
OTHER_FILE = re.compile(r"^    (\S+==\S+) from |ash mismatch for `(.*)`", re.MULTILINE)  # as pip and uv name them
NO_NETWORK = re.compile(r"connect|resol|timed? ?out|network|dns", re.IGNORECASE)  # in what an installer says


def fetch_onnx() -> None:
    """Install onnx and onnxruntime into the running environment, unless they are there. Says so on stderr before.

    They come from the folder of the variable WHEELHOUSE or from wheelhouse/ beside helpers/ where there is one, else
    from the network. Afterwards this process can import them. Raises DigitsError where they cannot be had.
    """
    if _are_here():
        return
    wanted = _requirements()
    wheelhouse = _wheelhouse()
    source = f" from {wheelhouse}" if wheelhouse else ""
    print(f"Fetching onnx and onnxruntime{source}, 120 MB, once", file=sys.stderr, flush=True)
    command = [*_installer(), "--no-deps", "--only-binary", ":all:", "--require-hashes", "--requirement", "pins.txt"]
    if wheelhouse:
        command += ["--no-index", "--find-links", str(wheelhouse)]
    with tempfile.TemporaryDirectory() as folder:  # uv would take settings of a project that it runs in for ours
        Path(folder, "pins.txt").write_text("\n".join(wanted), encoding="utf-8")
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    _notice_what_is_new()
    if done.returncode or not _are_here():
        raise DigitsError(f"expected the packages onnx and onnxruntime, got none{_cause(done.stderr, wheelhouse)}")


def _are_here() -> bool:
    return all(importlib.util.find_spec(name) for name in NEEDED)


def _wheelhouse() -> Path | None:
    named = os.environ.get("WHEELHOUSE")
    folder = ROOT / (named or "wheelhouse")
    return folder if named or folder.is_dir() else None


def _requirements() -> list[str]:
    """What to install: the pins of the packages that are missing, each with its marker and the hashes of its files."""
    pins = _pins(PINS)
    if not pins:
        fix = "pip install onnx onnxruntime"
        raise DigitsError(f"expected the packages onnx and onnxruntime, got none and no pins of them: {fix}")
    protobuf = _version("protobuf")
    if protobuf and protobuf < PROTOBUF:
        pins = [pin for pin in pins if not pin.startswith("onnx==")] + _pins(OLDER_PINS)
    return [pin for pin in pins if _version(pin.partition("==")[0]) is None]


def _pins(path: Path) -> list[str]:
    """The pins of a lock file, each on one line; none where there is no such file."""
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    lines = text.replace(" \\\n    ", " ").splitlines()
    return [line for line in lines if re.match(r"[\w.-]+==", line)]


def _version(name: str) -> tuple[int, ...] | None:
    """The version of an installed package, as far as it is made of numbers; None without one."""
    try:
        return tuple(map(int, re.findall(r"\d+", metadata.version(name))))
    except metadata.PackageNotFoundError:
        return None


def _installer() -> list[str]:
    """The command that installs into this environment: pip's, or uv's where there is no pip."""
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile"]
    pip += ["--retries", "1"]  # without a network the answer is the same five times
    if _version("pip"):
        return pip
    uv = shutil.which("uv")
    if uv:
        return [uv, "pip", "install", "--quiet", "--python", sys.executable]
    done = subprocess.run([sys.executable, "-m", "ensurepip"], capture_output=True, text=True)
    if done.returncode:
        fix = "install pip or uv, and run this again"
        raise DigitsError(f"expected pip or uv to fetch onnx and onnxruntime with, got neither: {fix}")
    return pip


def _notice_what_is_new() -> None:
    """Let this process import what was installed since it began."""
    if site.ENABLE_USER_SITE:  # where pip installs if the environment may not be written
        site.addsitedir(site.getusersitepackages())
    importlib.invalidate_caches()


def _cause(said: str, wheelhouse: Path | None) -> str:
    """The end of the line that says what the installer has failed with: the cause and the next step."""
    if other := OTHER_FILE.search(said):
        fix = f"collect {wheelhouse} anew with make wheelhouse" if wheelhouse else "try another network"
        return f" but another file of {other[1] or other[2]} than the pins name by its SHA-256: {fix}"
    if wheelhouse:
        return f", and {wheelhouse} has no wheels of them for this Python: collect it anew with make wheelhouse"
    if NO_NETWORK.search(said):
        return " and no network: connect and run this again, or bring them with make wheelhouse"
    errors = [line.removeprefix("ERROR: ").strip() for line in said.splitlines() if line.startswith("ERROR: ")]
    cause = (errors or said.split("\n") or [""])[-1].strip(" :.") or "the installer gave no reason"
    return f" ({cause}): mend that and run this again"
