"""Fixtures that several test modules share, and the switch NO_SKIPS that turns skips into failures."""

import os
import re
import signal
from pathlib import Path

import nbformat
import pytest

NOTEBOOKS = sorted((Path(__file__).parent.parent / "notebooks").glob("*.ipynb"))

# Tests start several processes at once, browsers among them. A thread for each core in each process would be more than
# there are cores, and all of them would wait for one another. What more threads give is in test_threads.py.
os.environ.setdefault("OMP_NUM_THREADS", "1")


def pytest_sessionstart():
    # A script's background job starts with SIGINT ignored, and so would each process that a test interrupts.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    # Below nohup SIGHUP is ignored, and so it would be by them. A handler is not inherited, and lets the tests go on.
    if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
        signal.signal(signal.SIGHUP, lambda *_: None)


@pytest.fixture(autouse=True)
def unset_source(monkeypatch):
    """`make test` sets DIGITS_SOURCE for the notebooks; a unit test starts without it."""
    monkeypatch.delenv("DIGITS_SOURCE", raising=False)


@pytest.fixture(scope="session")
def digits():
    """The offline handwriting of scikit-learn, the same on every machine."""
    from helpers.data.load import load_mnist

    return load_mnist("digits")


@pytest.fixture(scope="session")
def mnist():
    """The real MNIST from MNIST_DIR or from the cache. Never downloads: a unit test must not need a network."""
    from helpers.data.load import load_mnist
    from helpers.data.mnist import cached_mnist

    if not os.environ.get("MNIST_DIR") and not cached_mnist():
        pytest.skip("MNIST is not at hand: set MNIST_DIR, or fetch it with `python -m helpers data --source mnist`")
    return load_mnist("mnist")


@pytest.fixture(scope="session")
def pen_strokes():
    """Label and strokes of 600 real pen digits, to measure with: see tools/pen_strokes.py."""
    from pen_strokes import pen_strokes_path, read_pen_strokes

    if not pen_strokes_path().exists():
        pytest.skip(f"the pen strokes are not here, {pen_strokes_path()}: set PEN_STROKES to their file")
    return read_pen_strokes()


@pytest.fixture(params=NOTEBOOKS, ids=lambda path: path.stem)
def path(request):
    """Each notebook of the series in turn."""
    return request.param


@pytest.fixture
def notebook(path):
    """The notebook at `path`, as it is stored."""
    return nbformat.read(path, as_version=4)


# A skip on a machine that has everything hides a broken test, so CI sets NO_SKIPS=1, and in MAY_SKIP the reasons (a
# regular expression) of those tests that cannot run where it is.


def _fail_skip(report):
    if os.environ.get("NO_SKIPS") == "1" and report.skipped and not hasattr(report, "wasxfail"):
        reason = str(report.longrepr[-1] if isinstance(report.longrepr, tuple) else report.longrepr)
        if os.environ.get("MAY_SKIP") and re.search(os.environ["MAY_SKIP"], reason):
            return report
        report.outcome = "failed"
        report.longrepr = f"NO_SKIPS=1, but this was skipped. {reason}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport():
    return _fail_skip((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report():
    return _fail_skip((yield))
