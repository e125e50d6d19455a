"""Parameters of tests that `make test` leaves out, as one of their kind tells enough for now."""

import pytest


def slow(*values):
    """The values for pytest.mark.parametrize, each marked slow."""
    return [pytest.param(value, marks=pytest.mark.slow) for value in values]
