"""Every notebook as Colab runs it from its badge: that notebook alone in a folder, with the packages that Colab has.

The environment has the versions of colab-packages.txt on Python 3.13. It is made once, in .cache/colab/; what the first
cell of a notebook adds to it is taken out before the next run. The notebook and what its first cell clones are those of
the work tree. Colab's own page, in which the pad is shown, cannot be tried so.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from links import declared, repository_url
from nbclient import NotebookClient

from tests.tools.shorter import shorten

ROOT = Path(__file__).parents[2]
LIST = Path(__file__).with_name("colab-packages.txt")
ENVIRONMENT = ROOT / ".cache" / "colab"
VERSION = "3.13"  # of Colab's Python
MINUTES = 60  # seconds

# What would let the outer environment, or its settings, into the inner one.
LEAKS = re.compile(r"PYTHON|VIRTUAL_ENV|CONDA|JUPYTER|IPYTHON|MNIST_DIR|MXNET|MPL|PEN_STROKES")

FILES = """
import json, sys
json.dumps([file for module in list(sys.modules.values()) if (file := getattr(module, "__file__", None))])
"""

pytestmark = pytest.mark.slow


def python_of_colab():
    """A Python of Colab's version that can make environments; None where there is none."""
    installed = sorted(Path.home().glob(f".pyenv/versions/{VERSION}.*/bin/python"))
    question = f"import ensurepip, sys; sys.exit('%d.%d' % sys.version_info[:2] != '{VERSION}')"
    for python in (sys.executable, f"python{VERSION}", *installed):
        found = shutil.which(python)
        if found and subprocess.run([found, "-c", question], capture_output=True).returncode == 0:
            return found
    return None


def pip(*arguments):
    """Run pip in the environment, and return what it printed."""
    command = [ENVIRONMENT / "bin" / "python", "-m", "pip", "--disable-pip-version-check", *arguments]
    done = subprocess.run(command, env=outside(), capture_output=True, text=True, timeout=20 * MINUTES)
    if done.returncode:
        pytest.skip(f"Colab's packages cannot be had, which takes a network: {done.stderr.splitlines()[-1]}")
    return done.stdout


def outside():
    """The variables of this process, without what belongs to its Python."""
    kept = {name: value for name, value in os.environ.items() if not LEAKS.match(name)}
    own = {str(Path(sys.executable).parent), str(ROOT / ".venv" / "bin")}
    kept["PATH"] = os.pathsep.join(folder for folder in os.environ["PATH"].split(os.pathsep) if folder not in own)
    return kept


@pytest.fixture(scope="module")
def colab():
    """The Python of the environment, which has just the packages of the list."""
    python = python_of_colab()
    if python is None:
        pytest.skip(f"there is no Python {VERSION} here, which Colab has")
    stamp = ENVIRONMENT / "stamp"
    made_of = f"{python}\n{LIST.read_text(encoding='utf-8')}"
    if not stamp.exists() or stamp.read_text(encoding="utf-8") != made_of:
        subprocess.run([python, "-m", "venv", "--clear", ENVIRONMENT], env=outside(), check=True)
        pip("install", "--quiet", "--no-deps", "--only-binary=:all:", "--requirement", str(LIST))
        stamp.write_text(made_of, encoding="utf-8")
    added = packages().keys() - listed().keys()
    if added:
        pip("uninstall", "--quiet", "--yes", *sorted(added))
    assert packages() == listed()
    return ENVIRONMENT / "bin" / "python"


def listed():
    lines = LIST.read_text(encoding="utf-8").splitlines()
    return dict(canonical(line) for line in lines if not line.startswith("#"))


def packages():
    """The packages of the environment and their versions."""
    return dict(canonical(line) for line in pip("list", "--format=freeze").splitlines())


def canonical(line):
    name, _, version = line.partition("==")
    return re.sub(r"[-_.]+", "-", name).lower(), version


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """The variables of a kernel there. To git, the project's address on GitHub means the work tree as it is now."""
    folder = tmp_path_factory.mktemp("github")
    repository = folder / "digits.git"
    who = ("-c", "user.name=A", "-c", "user.email=a@example.org")
    git = ("git", *who, "--git-dir", repository, "--work-tree", ROOT)
    subprocess.run(["git", "init", "--quiet", "--bare", "--initial-branch=main", repository], check=True)
    for command in (("add", "--all"), ("commit", "--quiet", "--message=All")):
        subprocess.run([*git, *command], cwd=ROOT, check=True)
    mirror = {"KEY_0": f"url.{repository.as_uri()}.insteadOf", "VALUE_0": repository_url(*declared(ROOT)), "COUNT": "1"}
    return outside() | {f"GIT_CONFIG_{name}": value for name, value in mirror.items()} | {"DIGITS_SOURCE": "digits"}


@pytest.fixture
def run(colab, server, tmp_path):
    """A function that runs a notebook in the folder given, by a new kernel of the environment."""
    command = [str(colab), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    (tmp_path / "kernels" / "colab").mkdir(parents=True)
    spec = {"argv": command, "display_name": "Colab", "language": "python"}
    (tmp_path / "kernels" / "colab" / "kernel.json").write_text(json.dumps(spec), encoding="utf-8")
    specs = KernelSpecManager(kernel_dirs=[str(tmp_path / "kernels")], ensure_native_kernel=False)

    class Kernel(AsyncKernelManager):
        def __init__(self, **options):
            super().__init__(kernel_spec_manager=specs, **options)

    def run(notebook, folder):
        client = NotebookClient(
            notebook,
            kernel_manager_class=Kernel,
            kernel_name="colab",
            timeout=10 * MINUTES,
            resources={"metadata": {"path": str(folder)}},
        )
        client.execute(env=server | {"IPYTHONDIR": str(tmp_path / "ipython")})

    return run


def printed(cell):
    return "".join(output.text for output in cell.outputs if output.output_type == "stream")


def test_runs_from_top_to_bottom(path, notebook, run, tmp_path):
    content = tmp_path / "content"
    content.mkdir()
    shutil.copy(path, content)
    before = packages()
    for cell in notebook.cells:
        shorten(path.name, cell)
    notebook.cells.append(nbformat.v4.new_code_cell(FILES))
    run(notebook, content)

    fetch = next(cell for cell in notebook.cells if cell.id == "fetch")
    [line] = printed(fetch).splitlines()
    assert line.startswith(f"The series is in {content / 'digits'}, and this notebook runs there. Installed: ")
    assert before.items() <= packages().items(), "a package of Colab's own has changed"
    files = json.loads(eval(notebook.cells[-1].outputs[-1].data["text/plain"]))
    prefixes = (ENVIRONMENT, content / "digits", Path(base_prefix()))
    assert {"mxnet", "helpers"} <= {Path(file).parent.name for file in files}
    assert not [file for file in files if not any(Path(file).is_relative_to(folder) for folder in prefixes)]


def test_after_a_restart_nothing_is_fetched_again(run, tmp_path):
    """The kernel is a new one, in the folder in which the first cell has run."""
    notebook = nbformat.read(ROOT / "notebooks" / "01_data.ipynb", as_version=4)
    notebook.cells = notebook.cells[1:2]
    for _ in range(2):
        run(notebook, tmp_path)
    [line] = printed(notebook.cells[0]).splitlines()
    assert line.endswith("Installed: nothing")


def base_prefix():
    question = "import sys; print(sys.base_prefix)"
    return subprocess.check_output([ENVIRONMENT / "bin" / "python", "-c", question], text=True).strip()
