"""Collect the packages that students need in a folder, from which `make lab` installs them without a network.

    python tools/wheelhouse.py collect [FOLDER]    what `make wheelhouse` does; without FOLDER in wheelhouse/
    python tools/wheelhouse.py check [FOLDER]      whether the project can be installed from it here

They are those of requirements.txt, and those of requirements-export.txt that the chapter after MXNet fetches.

It needs nothing but a Python, since there may be no .venv yet. The folder is collected beside its place and then
renamed, so it is there whole or not at all. Its contents.json tells what it was collected for. Every wheel has to be
one of those whose SHA-256 stands with the pins, so a changed contents.json does not help whoever has changed a wheel.
"""

import argparse
import hashlib
import json
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import venv
from contextlib import suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PINS = tuple(ROOT / name for name in ("requirements.txt", "requirements-export.txt"))
CONTENTS = "contents.json"
ANEW = "collect it anew with make wheelhouse, or copy it again"


class WheelhouseError(Exception):
    """One line that names the fix."""


def collect(folder: Path) -> None:
    """Fill `folder` with a wheel for every pin that this Python needs on this platform, unless it holds them already.

    Raises WheelhouseError when a wheel cannot be downloaded, or when `folder` holds something else. What stood there
    stays until the new one is whole.
    """
    with suppress(WheelhouseError):
        check(folder)
        return
    if folder.exists() and not _may_be_replaced(folder):
        fix = "name a folder that is empty or does not exist yet"
        raise WheelhouseError(f"expected a wheelhouse, got {folder}, which holds something else: {fix}")
    new = folder.with_name(f".{folder.name}.new")
    old = folder.with_name(f".{folder.name}.old")
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
        raise WheelhouseError(f"cannot write {folder}: {error.strerror}: choose another place") from error
    finally:
        _leave_one(folder, new, old)


def check(folder: Path) -> None:
    """Raise WheelhouseError unless `folder` holds, undamaged, what this Python needs on this platform."""
    try:
        about = json.loads((folder / CONTENTS).read_text(encoding="utf-8"))
        python, system, pins, wheels = (about[key] for key in ("python", "platform", "pins", "wheels"))
        here = _here()
        if (python, system) != (here["python"], here["platform"]):
            expected = f"expected a wheelhouse for Python {here['python']} on {here['platform']}"
            found = f"{folder}, which is for Python {python} on {system}"
            fix = f"choose that Python with PYTHON=/path/to/python{python}, or collect one on a machine like this one"
            raise WheelhouseError(f"{expected}, got {found}: {fix}")
        if pins != here["pins"]:
            raise WheelhouseError(
                f"expected a wheelhouse for the pins here, got {folder}, which is for other ones: {ANEW}"
            )
        expected = _pinned()
        for name, sha256 in wheels.items():
            if not sha256 == _sha256(folder / name) in expected:
                raise WheelhouseError(
                    f"expected a whole wheelhouse, got {folder}, in which {name} is not as collected: {ANEW}"
                )
    except FileNotFoundError as error:
        missing = Path(error.filename).name
        raise WheelhouseError(
            f"expected a whole wheelhouse, got {folder}, in which {missing} is missing: {ANEW}"
        ) from error
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise WheelhouseError(f"expected a whole wheelhouse, got {folder}, which cannot be read: {ANEW}") from error


def _here() -> dict[str, str]:
    """What decides which wheels are needed."""
    return {
        "python": "{}.{}".format(*sys.version_info),
        "platform": " ".join((platform.system(), platform.machine(), platform.libc_ver()[0])).strip(),
        "pins": " ".join(map(_sha256, PINS)),
    }


def _pinned() -> set[str]:
    """The SHA-256 of every file that a pin may be installed from."""
    return {sha256 for pins in PINS for sha256 in re.findall(r"--hash=sha256:(\w+)", pins.read_text(encoding="utf-8"))}


def _may_be_replaced(folder: Path) -> bool:
    """Whether it is a wheelhouse, in whatever state, or an empty folder."""
    return folder.is_dir() and ((folder / CONTENTS).is_file() or not any(folder.iterdir()))


def _download(folder: Path) -> None:
    """Let pip put the wheels there. Raises WheelhouseError where it cannot."""
    with tempfile.TemporaryDirectory() as temporary:
        try:
            venv.create(temporary, symlinks=True, with_pip=True)  # this Python may have no pip of its own
        except subprocess.CalledProcessError as error:
            fix = "see that the disk is not full"
            raise WheelhouseError(f"this Python cannot make an environment with pip: {fix}") from error
        # The pins are whole. MXNet's metadata would keep a resolver from most of them.
        options = ["--quiet", "--disable-pip-version-check", "--no-deps", "--only-binary", ":all:"]
        options += ["--require-hashes", "--dest", folder]
        command = [Path(temporary, "bin", "python"), "-m", "pip", "download", *options]
        command += [part for pins in PINS for part in ("--requirement", pins)]
        done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        lines = done.stderr.strip().splitlines() or ["no reason given"]
        errors = [line.removeprefix("ERROR: ") for line in lines if line.startswith("ERROR: ")]
        cause = errors[-1] if errors else lines[-1]
        other = ", ".join(re.findall(r"^    (\S+==\S+) from ", done.stderr, re.MULTILINE))  # as pip lists them
        if other:
            expected = f"expected the wheels that the pins name by their SHA-256, got another one of {other}"
            raise WheelhouseError(f"{expected}: try another network, and tell the maintainers if it happens there, too")
        raise WheelhouseError(f"pip could not collect all wheels, {cause}: try with a network")


def _leave_one(folder: Path, new: Path, old: Path) -> None:
    """Put the old wheelhouse back where no new one has come, and delete what else a run may have left."""
    if old.exists() and not folder.exists():
        old.rename(folder)
    for rest in (new, old):
        shutil.rmtree(rest, ignore_errors=True)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def main() -> int:
    """Collect or check. Returns the exit code: 0, or 1 where something is wrong and a line says what."""
    parser = argparse.ArgumentParser(description="Collect the wheels of what students need, or check them.")
    parser.add_argument("command", choices=["collect", "check"])
    parser.add_argument("folder", type=Path, nargs="?", default=ROOT / "wheelhouse")
    options = parser.parse_args()
    folder = options.folder.absolute()
    try:
        if options.command == "check":
            check(folder)
        else:
            print(f"Collecting the wheels that students need in {folder}: some minutes, 0.4 GB of disk")
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
