"""What all tests share: fixtures, which tests `make test` leaves out, how two workers share the rest, and what a run
says at its end of the tests that did not run."""

import os
import re
import signal
from collections import Counter
from pathlib import Path

import nbformat
import pytest
from xdist.scheduler import LoadFileScheduling

from tests.tools.shorter import shorten

NOTEBOOKS = sorted((Path(__file__).parent.parent / "notebooks").glob("*.ipynb"))

# The markers of pyproject.toml whose tests --quick leaves out. Not `browser`: one drawing is made by `make test`, too.
LEFT_OUT = ("hosts", "book", "mnist", "slow", "quiet")

# Whoever uses the fixture needs what the marker says.
MARKED_BY_FIXTURE = {"mnist": "mnist", "chromium": "browser", "packages": "book"}

# What takes longest begins first, so that no worker is left alone with it in the end.
LONGEST = (
    "06_hyper_parameters.ipynb",
    "08_many_devices.ipynb",
    "07_backprop_by_hand.ipynb",
    "04_dropout_cnn.ipynb",
    "03_lenet.ipynb",
)

# Folders whose tests share servers, a browser or what npm installs: one worker has all of them.
TOGETHER = ("tests/canvas/browser/", "tests/book/")

# Tests start several processes at once, browsers among them. A thread for each core in each process would be more than
# there are cores, and all of them would wait for one another. What more threads give is in test_threads.py.
os.environ.setdefault("OMP_NUM_THREADS", "1")

REASONS = pytest.StashKey[Counter[str]]()  # why tests were left out, and how many for each reason


def pytest_addoption(parser):
    parser.addoption(
        "--quick",
        action="store_true",
        help=f"leave out what is marked {', '.join(LEFT_OUT)}, and train for fewer epochs in notebooks (`make test`)",
    )


def pytest_configure(config):
    config.stash[REASONS] = Counter()


@pytest.hookimpl(tryfirst=True)  # before -m chooses among the markers
def pytest_collection_modifyitems(config, items):
    for item in items:
        for fixture, marker in MARKED_BY_FIXTURE.items():
            if fixture in getattr(item, "fixturenames", ()):
                item.add_marker(marker)
    places = {name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(item.path.name, len(LONGEST)))
    if config.getoption("quick"):
        _make_quick(config, items)


def _make_quick(config, items):
    needs = dict(line.split(": ", 1) for line in config.getini("markers") if ": " in line)
    chosen = []
    dropped = []
    for item in items:
        marker = next((name for name in LEFT_OUT if item.get_closest_marker(name)), None)
        if marker:
            config.stash[REASONS][f"{marker}: {needs[marker]}"] += 1
        (dropped if marker else chosen).append(item)
        if hasattr(item, "cell"):
            shorten(item.path.name, item.cell)
    items[:] = chosen
    config.hook.pytest_deselected(items=dropped)


class InFiles(LoadFileScheduling):
    """Each worker gets whole files, so the cells of a notebook run in order and in one kernel."""

    def _split_scope(self, nodeid):
        return next((folder for folder in TOGETHER if nodeid.startswith(folder)), super()._split_scope(nodeid))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    return InFiles(config, log)


def pytest_sessionfinish(session):
    if hasattr(session.config, "workeroutput"):  # a worker, which tells its controller
        session.config.workeroutput["reasons"] = dict(session.config.stash[REASONS])


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node):
    reasons = getattr(node, "workeroutput", {}).get("reasons", {})  # all workers have collected the same
    node.config.stash[REASONS] = Counter(reasons) or node.config.stash[REASONS]


def pytest_terminal_summary(terminalreporter, config):
    skips = Counter(reason_of(report) for report in terminalreporter.stats.get("skipped", []))
    if not skips and not config.stash[REASONS]:
        return
    terminalreporter.section("what did not run, and why")
    for reason, count in config.stash[REASONS].items():
        terminalreporter.line(f"{count:5} left to `make test-all`, {reason}")
    for reason, count in skips.items():
        terminalreporter.line(f"{count:5} skipped: {reason}")


def reason_of(report):
    """Why a test was skipped, as it said itself."""
    reason = str(report.longrepr[-1] if isinstance(report.longrepr, tuple) else report.longrepr)
    return reason.removeprefix("Skipped: ")


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


@pytest.fixture(scope="module")
def chromium():
    """A real browser. Folders whose tests want another, or one for all of them, have a fixture of their own."""
    from tests.tools import hosts

    with hosts.open_chromium() as browser:
        yield browser


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
    """Label and strokes of 600 real pen digits of UNIPEN, to measure with: see tools/pen_strokes.py."""
    return _pen_strokes("unipen")


@pytest.fixture(scope="session")
def uji_strokes():
    """Label and strokes of 600 real pen digits by people in Spain, to measure with: see tools/pen_strokes.py."""
    return _pen_strokes("uji")


def _pen_strokes(source):
    from pen_strokes import VARIABLES, pen_strokes_path, read_pen_strokes

    path = pen_strokes_path(source)
    if not path.exists():
        pytest.skip(f"the pen strokes are not here, {path}: set {VARIABLES[source]} to their file")
    return read_pen_strokes(source)


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
        reason = reason_of(report)
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
