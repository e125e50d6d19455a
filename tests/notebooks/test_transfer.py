"""Chapter 9 leaves MXNet: its own cells fill networks of PyTorch and JAX with MXNet's parameters and train them on."""

import re
import subprocess
from pathlib import Path

import nbformat
import pytest
from store_notebooks import execute

ROOT = Path(__file__).parents[2]
CHAPTER = ROOT / "notebooks" / "09_after_mxnet.ipynb"
OTHERS = ROOT / ".cache" / "bench" / "bin" / "python"  # made by tools/make_bench_venv.sh, where the chapter looks, too
PACKAGES = {"PyTorch": "torch", "JAX": "jax", "Keras": "tensorflow"}
LINE = (
    r"{network} in {framework}: 1,000 of 1,000 answers are the same, largest difference (\S+)\n"
    r" +one more epoch: test accuracy (\S+) -> (\S+) \(in MXNet (\S+); the probabilities differ by (\S+) at most\)\n"
)


def printed(notebook):
    return "".join(output.get("text", "") for cell in notebook.cells for output in cell.get("outputs", []))


def assert_arrived(text, framework):
    for network in ("lenet", "dropout-cnn"):
        found = re.search(LINE.format(network=network, framework=framework), text)
        assert found, f"{network} is not in {framework}"
        largest, before, after, in_mxnet, away = map(float, found.groups())
        assert largest < 1e-5
        assert after > before
        if network == "lenet":  # no random numbers: the second epoch is MXNet's own, but for rounding
            assert abs(after - in_mxnet) < 0.01
            assert away < 0.05


@pytest.mark.parametrize("framework", PACKAGES)
def test_the_stored_transfer(framework):
    assert_arrived(printed(nbformat.read(CHAPTER, as_version=4)), framework)


@pytest.fixture(scope="module")
def ran():
    """What the chapter prints on the offline digits, up to the last transfer."""
    if not OTHERS.exists():
        pytest.skip("the other frameworks are not installed: tools/make_bench_venv.sh installs them")
    notebook = nbformat.read(CHAPTER, as_version=4)
    last = [place for place, cell in enumerate(notebook.cells) if "transfer" in cell.metadata.get("tags", [])][-1]
    notebook.cells = notebook.cells[: last + 1]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DIGITS_SOURCE", "digits")
        copy = CHAPTER.with_name(".transfer.ipynb")
        nbformat.write(notebook, copy)
        try:
            return printed(execute(copy)[0])
        finally:
            copy.unlink()


@pytest.mark.slow
@pytest.mark.parametrize("framework", PACKAGES)
def test_the_transfer(framework, ran):
    question = f"import importlib.util, sys; sys.exit(importlib.util.find_spec('{PACKAGES[framework]}') is None)"
    if subprocess.run([OTHERS, "-c", question]).returncode:
        pytest.skip(f"{framework} is not installed: tools/make_bench_venv.sh installs it")
    assert_arrived(ran, framework)
