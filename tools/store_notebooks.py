"""Execute the notebooks on real MNIST and store them with tidy outputs.

    python tools/store_notebooks.py [NOTEBOOK...]

Each notebook runs in a fresh kernel of the Python that runs this script, in the folder notebooks/. It is written
only after its last cell has succeeded, so an error leaves the stored one as it was. The minutes that the run took go
into its first cell ("**About 3 minutes**"), into the table of notebooks/teaching.md and, with the accuracy that it
prints last, into the tables of README.md.
"""

import argparse
import math
import os
import re
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import nbformat
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, DeadKernelError
from tidy_notebook import tidy

from helpers.base.errors import DigitsError, exit_code
from helpers.base.files import atomic_write, reason

ROOT = Path(__file__).resolve().parent.parent


class OwnKernel(AsyncKernelManager):
    """The kernel of the running Python, whatever kernels this machine has registered."""

    def __init__(self, **options):
        super().__init__(kernel_spec_manager=KernelSpecManager(kernel_dirs=[]), **options)


def execute(path: Path) -> tuple[nbformat.NotebookNode, int]:
    """The notebook with fresh outputs, and the minutes it took, rounded up.

    Raises DigitsError when the file cannot be read or a cell fails.
    """
    try:
        notebook = nbformat.read(path, as_version=4)
    except OSError as error:
        raise DigitsError(f"cannot read {path}: {reason(error)}") from error
    client = NotebookClient(
        notebook,
        timeout=None,
        kernel_manager_class=OwnKernel,
        kernel_name="python3",
        extra_arguments=["--log-level=ERROR"],
        record_timing=False,
        store_widget_state=False,
        resources={"metadata": {"path": str(path.parent)}},
    )
    start = time.perf_counter()
    try:
        client.execute()
    except (CellExecutionError, DeadKernelError) as error:
        cause = f"{error.ename}: {error.evalue}" if isinstance(error, CellExecutionError) else str(error)
        line = next(filter(None, cause.splitlines()), "")
        cell = f"{path.name}, code cell {client.code_cells_executed}"
        raise DigitsError(f"{cell}: {line} (the stored notebook is as it was)") from error
    return notebook, math.ceil((time.perf_counter() - start) / 60)


def state_minutes(notebook: nbformat.NotebookNode, minutes: int) -> None:
    """Write the minutes into the notebook's first cell."""
    stated = f"**About {minutes} minute{'s' if minutes > 1 else ''}**"
    notebook.cells[0].source = re.sub(r"\*\*About \w+ minutes?\*\*", stated, notebook.cells[0].source)


def last_accuracy(notebook: nbformat.NotebookNode) -> str | None:
    """The number in the last line `Test accuracy: 0.9...` that the notebook prints; None where it prints none."""
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    printed = "".join(output.text for output in outputs if output.output_type == "stream")
    found = re.findall(r"^Test accuracy: (0\.\d+)$", printed, flags=re.MULTILINE)
    return found[-1] if found else None


def state_in_readme(readme: Path, name: str, minutes: int, accuracy: str | None) -> None:
    """Write a notebook's minutes and accuracy into the tables: the first `N min` of its row, and beside its network."""
    before = readme.read_text(encoding="utf-8")
    notebook = re.escape(f"notebooks/{name}")
    text = re.sub(rf"(?m)^(\|.*\({notebook}\).*?\| )\w+( min )", rf"\g<1>{minutes}\2", before, count=1)
    if accuracy:
        text = re.sub(rf"(?m)^(\|.*\({notebook}\) \| )(?:0\.\d+|TBD)( \|)", rf"\g<1>{accuracy}\2", text, count=1)
    if text != before:
        with atomic_write(readme) as partial:
            partial.write_text(text, encoding="utf-8")


def state_in_teaching(teaching: Path, name: str, minutes: int) -> None:
    """Write a notebook's minutes into the table of the teacher's notes: the first number of its row."""
    before = teaching.read_text(encoding="utf-8")
    text = re.sub(rf"(?m)^(\|.*\({re.escape(name)}\) \| )\d+( \|)", rf"\g<1>{minutes}\2", before, count=1)
    if text != before:
        with atomic_write(teaching) as partial:
            partial.write_text(text, encoding="utf-8")


def store(path: Path) -> int:
    """Execute the notebook, write it and what the tables say of it, and return the minutes it took."""
    notebook, minutes = execute(path)
    tidy(notebook)
    state_minutes(notebook, minutes)
    nbformat.validate(notebook)
    with atomic_write(path) as partial:
        partial.write_text(nbformat.writes(notebook) + "\n", encoding="utf-8")
    state_in_readme(ROOT / "README.md", path.name, minutes, last_accuracy(notebook))
    state_in_teaching(ROOT / "notebooks" / "teaching.md", path.name, minutes)
    return minutes


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("notebooks", nargs="*", type=Path, metavar="NOTEBOOK", help="all of notebooks/ by default")
    notebooks = parser.parse_args(arguments).notebooks or sorted((ROOT / "notebooks").glob("*.ipynb"))
    os.environ["DIGITS_SOURCE"] = "mnist"
    for path in notebooks:
        print(f"{path.name}: running ...", file=sys.stderr)
        print(f"{path.name}: stored, {store(path.resolve())} min")


if __name__ == "__main__":
    sys.exit(exit_code(main))
