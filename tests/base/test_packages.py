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

from helpers.base.packages import OLDER_PINS, PINS, PROTOBUF, fetch_onnx
from tests.tools.failures import assert_one_error
from tests.tools.locks import hashes_of, read_pins
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
        for pins in (PINS, OLDER_PINS):
            shutil.copy(pins, self.project)
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
        """Let `python -m pip` be a program that notes what it is told, and each requirement of its file."""
        self.claim("pip", "26.0")
        note = "import sys; words = ' '.join(sys.argv[1:]); told = open('pins.txt').read()\n"
        write = f"open({str(self.project / 'pip.log')!r}, 'a').write(words + '\\n' + told + '\\n')\n"
        package = self.site() / "pip"
        package.mkdir()
        (package / "__init__.py").touch()
        (package / "__main__.py").write_text(f"{note}{write}{script}", "utf-8")

    def told(self):
        return (self.project / "pip.log").read_text(encoding="utf-8").splitlines()


@pytest.fixture
def bare(tmp_path):
    """An environment that has no pip, either."""
    return Environment(tmp_path, with_pip=False)


def pins():
    """By name, the versions that are pinned for this platform."""
    found = read_pins(PINS.name)
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
    [older] = read_pins(OLDER_PINS.name)
    assert [older.name, *older.specifier] == ["onnx", *Requirement("onnx==1.19.1").specifier]  # Colab's, as tried


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
        assert any(line.endswith(f" --no-index --find-links {folder}") for line in bare.told())


def test_what_is_there_stays(bare):
    """Only what is missing is installed, and never what it needs."""
    bare.add_pip("sys.exit(1)")
    bare.claim("protobuf", "7.40.0")
    bare.claim("ml_dtypes", "0.5.4")
    bare.run()
    command, *told = bare.told()
    assert " --no-deps " in command
    assert " --require-hashes " in command
    wanted = [f"{name}=={version}" for name, version in pins().items() if name not in ("protobuf", "ml-dtypes")]
    assert [pin for pin in (line.split()[0] for line in told) if pin in wanted] == wanted
    assert not [line for line in told if line.startswith(("protobuf", "ml-dtypes"))]
    known = hashes_of(PINS.name)
    for line in told:  # each with its hashes, as one line
        assert re.findall("sha256:([0-9a-f]+)", line) == known[line.partition(" --hash=")[0]]


def test_an_older_protobuf_gets_an_older_onnx(bare):
    """As on Colab."""
    bare.add_pip("sys.exit(1)")
    bare.claim("protobuf", "5.29.6")
    bare.run()
    assert [line.split()[0] for line in bare.told() if line.startswith("onnx==")] == ["onnx==1.19.1"]


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


@pytest.mark.slow
@pytest.mark.parametrize("with_uv", [False, True], ids=["pip", "uv"])
def test_a_file_that_is_not_the_pinned_one(bare, with_uv):
    """As pip and uv refuse it that are really there: everything is checked before anything is installed."""
    if with_uv:
        (bare.programs / "uv").symlink_to(find_uv())
    other = re.sub("sha256:[0-9a-f]{64}", f"sha256:{'0' * 64}", (bare.project / PINS.name).read_text(encoding="utf-8"))
    (bare.project / PINS.name).write_text(other, encoding="utf-8")
    error = last_error(bare.run())
    if "no network" in error:
        pytest.skip(f"packages cannot be had here: {error}")
    assert re.search(r"but another file of \S+==\S+ than the pins name by its SHA-256: try another network$", error)
    assert not list(bare.site().glob("*onnx*"))


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
