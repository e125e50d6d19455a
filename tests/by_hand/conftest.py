"""Chapter 7 as the tests take it: what its cells tagged "network" define."""

from collections import namedtuple
from pathlib import Path
from types import SimpleNamespace

import nbformat
import numpy as np
import pytest

NOTEBOOK = Path(__file__).parents[2] / "notebooks" / "07_backprop_by_hand.ipynb"


@pytest.fixture(scope="session")
def chapter():
    """The networks, the layers in two ways (IM2COL, OPERATORS), and the three checks of a gradient."""
    import mxnet as mx  # not above: a current Python needs helpers first, which the test modules import

    names = {"mx": mx, "np": np, "namedtuple": namedtuple}
    for cell in nbformat.read(NOTEBOOK, as_version=4).cells:
        if "network" in cell.metadata.get("tags", []):
            exec(cell.source, names)
    return SimpleNamespace(**names)
