"""What is fetched when it is first needed: into real environments, from the network, a wheelhouse or not at all."""

import importlib.metadata
import os
import re
import shutil
import subprocess
import venv
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from helpers.base.packages import ONNX_BEFORE, PINS, PROTOBUF, fetch_onnx
from tests.tools.failures import assert_one_error
from tests.tools.uv import find_uv

ROOT = Path(__file__).parents[2]
FETCH = """
import sys
from helpers.base.errors import exit_code
from helpers.base.packages import fetch_onnx
sys.exit(exit_code(fetch_onnx))
"""
NOWHERE = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"), "http://127.0.0.1:9")
NOWHERE |= {"PIP_CONFIG_FILE": os.devnull, "PIP_FIND_LINKS": "", "UV_NO_CONFIG": "1"}
SAID = "Fetching onnx and onnxruntime, 120 MB, once\n"


class Environment:
    """A scratch environment without packages, and a checkout with what `fetch_onnx` needs."""

    def __init__(self, folder, with_pip):
        self.project = folder / "project"
        (self.project / "helpers" / "base").mkdir(parents=True)
        (self.project / "helpers" / "__init__.py").touch()  # so that NumPy is not missed
        for name in ("__init__", "errors", "packages"):
            shutil.copy(ROOT / "helpers" / "base" / f"{name}.py", self.project / "helpers" / "base")
        shutil.copy(PINS, self.project)
        venv.create(folder / "venv", with_pip=with_pip, symlinks=True)
        self.python = folder / "venv" / "bin" / "python"
        self.programs = folder / "bin"
        self.programs.mkdir()

    def run(self, code=FETCH, **variables):
        outer = {name: value for name, value in os.environ.items() if name != "WHEELHOUSE"}
        environment = outer | {"PYTHONPATH": str(self.project), "PATH": str(self.programs)} | variables
        command = [self.python, "-c", code]
        return subprocess.run(command, cwd=self.project, env=environment, capture_output=True, text=True, timeout=600)

    def site(self):
        [folder] = self.python.parents[1].glob("lib/python*/site-packages")
        return folder

    def claim(self, name, version):
        """Let a package count as installed, though only its metadata are there."""
        about = self.site() / f"{name}-{version}.dist-info"
        about.mkdir(parents=True)
        (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n", encoding="utf-8")

    def add_pip(self, script):
        """Let `python -m pip` be a program that notes what it is told."""
        self.claim("pip", "26.0")
        note = "import sys; open('pip.log', 'a').write(' '.join(sys.argv[1:]) + '\\n')\n"
        package = self.site() / "pip"
        package.mkdir()
        (package / "__init__.py").touch()
        (package / "__main__.py").write_text(f"import os\nos.chdir({str(self.project)!r})\n{note}{script}", "utf-8")

    def told(self):
        return (self.project / "pip.log").read_text(encoding="utf-8").splitlines()


@pytest.fixture
def bare(tmp_path):
    """An environment that has no pip, either."""
    return Environment(tmp_path, with_pip=False)


def pins():
    """By name, the versions that are pinned for this platform."""
    lines = PINS.read_text(encoding="utf-8").splitlines()
    found = [Requirement(line) for line in lines if re.match(r"\w", line)]
    return {pin.name: str(pin.specifier)[2:] for pin in found if not pin.marker or pin.marker.evaluate()}


def last_error(done):
    """The line of the error, below the one that says what is being done."""
    assert done.returncode == 1, done.stderr
    first, error = done.stderr.splitlines()
    assert first.startswith("Fetching onnx and onnxruntime")
    assert error.startswith("error: expected the packages onnx and onnxruntime, got none")
    return error


def test_where_they_are_nothing_happens(capfd):
    fetch_onnx()
    assert capfd.readouterr() == ("", "")


def test_the_pinned_onnx_needs_the_protobuf_that_is_known_here():
    needed = {Requirement(line).name: Requirement(line) for line in importlib.metadata.requires("onnx")}
    assert [specifier.version for specifier in needed["protobuf"].specifier] == [".".join(map(str, PROTOBUF))]
    assert pins()["onnx"] not in Requirement(ONNX_BEFORE).specifier


@pytest.mark.slow
@pytest.mark.parametrize("with_uv", [False, True], ids=["ensurepip", "uv"])
def test_they_are_fetched_once_and_can_be_used_at_once(bare, with_uv):
    """By the process that fetches them, in the versions that are pinned."""
    if with_uv:
        (bare.programs / "uv").symlink_to(find_uv())
    code = FETCH.replace("sys.exit(", "code = ")[:-2] + "\nfrom importlib.metadata import version\n"
    code += "print(*(f'{name}=={version(name)}' for name in sys.argv[1:])) if not code else sys.exit(code)"
    done = bare.run(code.replace("sys.argv[1:]", repr(list(pins()))))
    if "no network" in done.stderr:
        pytest.skip(f"packages cannot be had here: {done.stderr.splitlines()[-1]}")
    assert (done.returncode, done.stderr) == (0, SAID)
    assert dict(pair.split("==") for pair in done.stdout.split()) == pins()
    done = bare.run(**NOWHERE)
    assert (done.returncode, done.stderr) == (0, "")


def test_without_a_network(bare):
    """By the pip that Python brings."""
    error = last_error(bare.run(**NOWHERE))
    assert " and no network: connect and run this again" in error


def test_from_a_wheelhouse(bare):
    """Beside helpers/ or where the variable says, which need be no absolute path; its wheels are the only ones."""
    bare.add_pip("sys.exit(1)")
    (bare.project / "wheelhouse").mkdir()
    (bare.project / "a stick").mkdir()
    for variables, name in (({}, "wheelhouse"), ({"WHEELHOUSE": "a stick"}, "a stick")):
        done = bare.run(**variables)
        folder = bare.project / name
        assert f"{folder} has no wheels of them for this Python: collect it anew" in last_error(done)
        assert f" --no-index --find-links {folder} " in bare.told()[-1]


def test_what_is_there_stays(bare):
    """Only what is missing is installed, and never what it needs."""
    bare.add_pip("sys.exit(1)")
    bare.claim("protobuf", "7.40.0")
    bare.claim("ml_dtypes", "0.5.4")
    bare.run()
    [told] = bare.told()
    assert " --no-deps " in told
    wanted = [f"{name}=={version}" for name, version in pins().items() if name not in ("protobuf", "ml-dtypes")]
    assert [word for word in told.split() if word in wanted] == wanted
    assert "protobuf" not in told
    assert "ml-dtypes" not in told


def test_an_older_protobuf_gets_an_older_onnx(bare):
    """As on Colab."""
    bare.add_pip("sys.exit(1)")
    bare.claim("protobuf", "5.29.6")
    bare.run()
    assert f" {ONNX_BEFORE} " in bare.told()[0]
    assert "onnx==" not in bare.told()[0]


@pytest.mark.parametrize(
    ("said", "cause"),
    [
        ("ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device", "No space left"),
        (
            "WARNING: a\nERROR: No matching distribution found for onnx==1.0\n",
            "(No matching distribution found",
        ),
        ("", "(the installer gave no reason)"),
    ],
    ids=["full", "no wheel", "silent"],
)
def test_an_installer_that_fails(bare, said, cause):
    bare.add_pip(f"sys.stderr.write({said!r}); sys.exit(1)")
    error = last_error(bare.run())
    assert cause in error
    assert error.endswith("): mend that and run this again")


def test_an_installer_that_only_claims_to_have_installed(bare):
    bare.add_pip("")
    assert "the installer gave no reason" in last_error(bare.run())


def test_without_a_checkout(bare):
    bare.add_pip("")
    (bare.project / PINS.name).unlink()
    assert_one_error(bare.run(), "got none and no pins of them: pip install onnx onnxruntime")


def test_without_any_installer(bare):
    code = f"import sys; sys.modules['ensurepip'] = None; import subprocess\n{FETCH}"
    (bare.site() / "sitecustomize.py").write_text("import sys; sys.modules['ensurepip'] = None", encoding="utf-8")
    done = bare.run(code)
    assert "expected pip or uv to fetch onnx and onnxruntime with, got neither: install" in done.stderr
    assert len(done.stderr.splitlines()) == 2
