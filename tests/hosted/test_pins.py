"""Every pin can be had on each platform that README.md promises. The registry says so; nothing is downloaded but uv.

uv is asked in place of pip, because it reads only the lists of files: a second for each platform, where pip takes half
a minute and stops at packages that are not for the Python that it runs on.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from packaging.markers import default_environment

from tests.tools.locks import read_pins
from tests.tools.uv import find_uv

ROOT = Path(__file__).parents[2]
STUDENTS = ("requirements.txt", "requirements-export.txt")
EVERYBODY = (*STUDENTS, "requirements-dev.txt")

PYTHONS = ("3.11.2", "3.11.9", "3.12.3", "3.13.5")  # Debian 12, another 3.11, Ubuntu 24.04, Debian 13
LINUX = "x86_64-manylinux_2_28"  # Debian 10, Ubuntu 20.04 and later
INTEL_MAC = "x86_64-apple-darwin"
MACOS = "13.0"  # the oldest that is promised
PROMISED = [(LINUX, python, EVERYBODY) for python in PYTHONS] + [(INTEL_MAC, python, STUDENTS) for python in PYTHONS]


@pytest.fixture(scope="module")
def unavailable(tmp_path_factory):
    """A function that returns those of some pins ("six==1.17.0") that a platform has no wheel of."""
    folder = tmp_path_factory.mktemp("pins")
    uv = find_uv()

    def ask(pins, platform, python):
        (folder / "pins.txt").write_text("\n".join(pins), encoding="utf-8")
        command = [uv, "pip", "install", "--dry-run", "--no-deps", "--only-binary", ":all:", "--python", sys.executable]
        command += ["--target", folder / "target", "--python-platform", platform, "--python-version", python]
        environment = os.environ | {"MACOSX_DEPLOYMENT_TARGET": MACOS, "NO_COLOR": "1"}
        command += ["-r", folder / "pins.txt"]  # not in the project, whose settings would replace some pins
        return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300)

    def unavailable(pins, platform, python):
        found = []
        while (done := ask(pins, platform, python)).returncode:  # uv names one at a time
            missing = re.search(r"[Bb]ecause (?:there is no version of )?([\w.-]+)==", " ".join(done.stderr.split()))
            assert missing, done.stderr
            bad = [pin for pin in pins if pin.startswith(f"{missing[1]}==")]
            assert bad, done.stderr
            found += bad
            pins = [pin for pin in pins if pin not in bad]
        return found

    done = ask(["packaging==24.0"], LINUX, "3.11.2")  # which exists
    if done.returncode:
        pytest.skip(f"the registry of packages does not answer: {done.stderr.strip().splitlines()[-1].strip()}")
    return unavailable


def pins(names, platform, python):
    """Those of the files that hold on a platform, whatever this runs on, without their markers."""
    system = {LINUX: ("linux", "Linux"), INTEL_MAC: ("darwin", "Darwin")}[platform]
    names_of_it = dict(zip(("sys_platform", "platform_system"), system, strict=True)) | {"platform_machine": "x86_64"}
    version = {"python_version": python.rpartition(".")[0], "python_full_version": python, "extra": ""}
    there = default_environment() | names_of_it | version
    found = [pin for name in names for pin in read_pins(name)]
    return [f"{pin.name}{pin.specifier}" for pin in found if not pin.marker or pin.marker.evaluate(there)]


def test_pins_are_chosen_for_the_platform_that_is_asked_for():
    on_linux, on_mac = (pins(EVERYBODY, platform, "3.13.5") for platform in (LINUX, INTEL_MAC))
    assert "mxnet==1.9.1" in set(on_linux) & set(on_mac)
    names = [pin.partition("==")[0] for pin in on_mac]
    assert len(names) == len(set(names)), "one version of each"
    assert "appnope" in names
    assert "appnope" not in {pin.partition("==")[0] for pin in on_linux}
    assert pins(["requirements.txt"], LINUX, "3.11.2") != pins(["requirements.txt"], LINUX, "3.12.3")


def test_every_pin_that_cannot_be_had_is_named(unavailable):
    """MXNet has no wheel for arm64 Macs, NumPy 1.21 none for this Python, and there is no version 0.0.1 of pytest."""
    asked = ["mxnet==1.9.1", "numpy==1.21.0", "pytest==0.0.1", "six==1.17.0"]
    assert set(unavailable(asked, "aarch64-apple-darwin", "3.13.5")) == set(asked[:3])


@pytest.mark.parametrize(("platform", "python", "names"), PROMISED, ids=lambda value: value if value[0] != "r" else "")
def test_every_pin_can_be_had(unavailable, platform, python, names):
    assert unavailable(pins(names, platform, python), platform, python) == []


def test_the_readme_promises_what_is_asked_for():
    text = " ".join((ROOT / "README.md").read_text(encoding="utf-8").split())
    oldest, *_, newest = (python.rpartition(".")[0] for python in PYTHONS)
    assert f"Python {oldest} to {newest}" in text
    assert f"Intel Mac with macOS {MACOS.removesuffix('.0')} or later" in text
