"""Collect the packages of requirements.txt in a folder, from which `make lab` installs them without a network.

    python tools/wheelhouse.py collect [FOLDER]    what `make wheelhouse` does; without FOLDER in wheelhouse/
    python tools/wheelhouse.py check [FOLDER]      whether the project can be installed from it here

It needs no more than a Python, since there may be no .venv yet. The folder is collected beside its place and then
renamed, so it is there whole or not at all. Its contents.json tells what it was collected for, and each SHA-256.
"""

import argparse
import hashlib
import json
import platform
import shutil
import subprocess
import sys
import tempfile
import venv
from contextlib import suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PINS = ROOT / "requirements.txt"
CONTENTS = "contents.json"
ANEW = "collect it anew with make wheelhouse, or copy it again"


class WheelhouseError(Exception):
    """One line that names the fix."""


def collect(folder: Path) -> None:
    """Fill `folder` with a wheel for every pin that this Python needs on this platform, unless it holds them already.

    Raises WheelhouseError when a wheel cannot be had, or when `folder` holds something else. What stood there stays
    until the new one is whole.
    """
    with suppress(WheelhouseError):
        return check(folder)
    if folder.exists() and not _may_be_replaced(folder):
        raise WheelhouseError(f"{folder} is no wheelhouse: name a folder that is empty or does not exist yet")
    new, old = (folder.with_name(f".{folder.name}.{state}") for state in ("new", "old"))
    try:
        _leave_one(folder, new, old)  # a run that was killed may have left more
        new.mkdir(parents=True)
        _download(new)
        about = _here() | {"wheels": {wheel.name: _sha256(wheel) for wheel in sorted(new.glob("*.whl"))}}
        (new / CONTENTS).write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")
        if folder.exists():
            folder.rename(old)
        new.rename(folder)
    except OSError as error:
        raise WheelhouseError(f"{folder} cannot be written, {error.strerror}: choose another place") from error
    finally:
        _leave_one(folder, new, old)


def check(folder: Path) -> None:
    """Raise WheelhouseError unless `folder` holds, undamaged, what this Python needs on this platform."""
    try:
        about = json.loads((folder / CONTENTS).read_text(encoding="utf-8"))
        python, system, pins, wheels = (about[key] for key in ("python", "platform", "pins", "wheels"))
        here = _here()
        if (python, system) != (here["python"], here["platform"]):
            raise WheelhouseError(
                f"the wheelhouse {folder} is for Python {python} on {system}, and this is Python {here['python']} on "
                f"{here['platform']}: choose the other with PYTHON=/path/to/python{python}, or collect it on a machine "
                "like this one"
            )
        if pins != here["pins"]:
            raise WheelhouseError(f"the wheelhouse {folder} is for another requirements.txt: {ANEW}")
        for name, sha256 in wheels.items():
            if _sha256(folder / name) != sha256:
                raise WheelhouseError(f"the wheelhouse {folder} is damaged, {name} is not as collected: {ANEW}")
    except FileNotFoundError as error:
        missing = Path(error.filename).name
        raise WheelhouseError(f"the wheelhouse {folder} is not whole, {missing} is missing: {ANEW}") from error
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise WheelhouseError(f"the wheelhouse {folder} cannot be read: {ANEW}") from error


def _here() -> dict[str, str]:
    """What decides which wheels are needed."""
    return {
        "python": "{}.{}".format(*sys.version_info),
        "platform": " ".join((platform.system(), platform.machine(), platform.libc_ver()[0])).strip(),
        "pins": _sha256(PINS),
    }


def _may_be_replaced(folder: Path) -> bool:
    return folder.is_dir() and ((folder / CONTENTS).is_file() or not any(folder.iterdir()))


def _download(folder: Path) -> None:
    with tempfile.TemporaryDirectory() as temporary:
        try:
            venv.create(temporary, symlinks=True, with_pip=True)  # this Python may have no pip of its own
        except subprocess.CalledProcessError as error:
            raise WheelhouseError("this Python cannot make an environment with pip: is the disk full?") from error
        options = ["--quiet", "--disable-pip-version-check", "--only-binary", ":all:", "--dest", folder]
        command = [Path(temporary, "bin", "python"), "-m", "pip", "download", *options, "--requirement", PINS]
        done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        lines = done.stderr.strip().splitlines() or ["no reason given"]
        reason = next((line for line in reversed(lines) if line.startswith("ERROR: ")), lines[-1])
        raise WheelhouseError(f"pip could not collect all wheels, {reason.removeprefix('ERROR: ')}: try with a network")


def _leave_one(folder: Path, new: Path, old: Path) -> None:
    """Of what may be there, leave the new wheelhouse, or else the old one."""
    if old.exists() and not folder.exists():
        old.rename(folder)
    for rest in (new, old):
        shutil.rmtree(rest, ignore_errors=True)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def main() -> int:
    parser = argparse.ArgumentParser(description="Collect the wheels of requirements.txt, or check them.")
    parser.add_argument("command", choices=["collect", "check"])
    parser.add_argument("folder", type=Path, nargs="?", default=ROOT / "wheelhouse")
    options = parser.parse_args()
    folder = options.folder.absolute()
    try:
        if options.command == "check":
            check(folder)
        else:
            print(f"Collecting the wheels of requirements.txt in {folder}: some minutes, 0.4 GB of disk")
            collect(folder)
            print("They are whole. Elsewhere: make lab WHEELHOUSE=/path/to/the/copied/folder")
    except WheelhouseError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
