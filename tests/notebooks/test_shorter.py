"""What tests change to be done sooner: it has to be there to be changed."""

from pathlib import Path

import nbformat
import pytest

from tests.tools.shorter import SHORTER, shorten

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"


@pytest.mark.parametrize("name", SHORTER)
def test_every_constant_stands_in_its_notebook(name):
    cells = nbformat.read(NOTEBOOKS / name, as_version=4).cells
    code = "\n".join(cell.source for cell in cells if cell.cell_type == "code")
    assert not [constant for constant in SHORTER[name] if constant not in code]
    for cell in cells:
        shorten(name, cell)
    shorter = "\n".join(cell.source for cell in cells if cell.cell_type == "code")
    assert not [constant for constant in SHORTER[name] if constant in shorter]
