"""helpers.base.compat, tried in fresh interpreters: this Python, and those that COMPAT_PYTHONS names.

COMPAT_PYTHONS lists further interpreters, separated by colons, such as `python3.12:python3.13`. For each, an
environment with `MXNET` and the NumPy of `NUMPY` below is made once under .cache/. Without the variable only the
running Python is tried, since a test cannot install an interpreter. `.ci/run` names all that it finds.
"""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PYTHONS = [sys.executable, *filter(None, os.environ.get("COMPAT_PYTHONS", "").split(":"))]
MXNET = "1.9.1"
NUMPY = {"3.11": "1.26.4", "3.12": "1.26.4", "3.13": "2.5.5"}  # NumPy 1, as MXNet asks for, has no wheels for 3.13

TRAIN = """
import helpers
import mxnet as mx
import numpy as np

np.random.seed(0)
mx.random.seed(0)
labels = np.arange(2000) % 4
images = np.eye(4)[labels] + np.random.normal(0, 0.2, (2000, 4))
batches = mx.io.NDArrayIter(images, labels, 50, shuffle=True)
scores = mx.sym.FullyConnected(mx.sym.Variable("data"), num_hidden=4)
module = mx.mod.Module(mx.sym.SoftmaxOutput(scores, name="softmax"))
module.fit(batches, num_epoch=1, optimizer_params={"learning_rate": 0.5}, initializer=mx.init.Xavier())
print(dict(module.score(batches, "acc"))["accuracy"])
"""

# How many batches of a training are still in memory when the last of them has been seen by a callback.
BATCHES = """
import helpers
import weakref
import mxnet as mx
import numpy as np

batches = mx.io.NDArrayIter(np.zeros((1000, 4)), np.zeros(1000), 50)
scores = mx.sym.FullyConnected(mx.sym.Variable("data"), num_hidden=4)
module = mx.mod.Module(mx.sym.SoftmaxOutput(scores, name="softmax"))
seen = []


def note(parameters):
    seen.append(weakref.ref(parameters.locals["data_batch"]))
    if len(seen) == 40:
        print(sum(batch() is not None for batch in seen))


module.fit(batches, num_epoch=2, batch_end_callback=note)
"""

COMPARE_NUMPY = """
import json
import numpy as np

before = dict(vars(np))
import helpers

after = vars(np)
print(json.dumps({
    "added": sorted(after.keys() - before.keys()),
    "changed": [name for name in before if name not in after or after[name] is not before[name]],
}))
"""

LACKS = """
import json, sys, warnings
import numpy as np

warnings.simplefilter("ignore")
print(json.dumps([name for name in sys.argv[1:] if not hasattr(np, name)]))
"""

WITHOUT = """
import sys
import helpers
import numpy as np

delattr(np, sys.argv[1])
import mxnet
"""


def run(python, code, *arguments, **variables):
    """Run the code as a student would run a script in the project: same folder, default warnings."""
    environment = {key: value for key, value in os.environ.items() if key not in ("PYTHONWARNINGS", "PYTHONPATH")}
    environment.pop("MXNET_SUBGRAPH_VERBOSE", None)
    return subprocess.run(
        [python, "-c", code, *arguments],
        cwd=ROOT,
        env=environment | variables,
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.fixture(scope="session", params=PYTHONS, ids=lambda name: Path(name).name)
def python(request):
    """An interpreter that has NumPy and MXNet: the running one, or one of an environment made for it."""
    if request.param == sys.executable:
        return sys.executable
    version = subprocess.check_output(
        [request.param, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"], text=True
    ).strip()
    assert version in NUMPY, f"{request.param} is Python {version}; a NumPy is pinned for {', '.join(NUMPY)}"
    # The pins are part of the name: with other pins it is another environment.
    folder = ROOT / ".cache" / f"compat-{version}-mxnet-{MXNET}-numpy-{NUMPY[version]}-psutil"
    python = folder / "bin" / "python"
    if not (folder / "finished").exists():
        subprocess.run([request.param, "-m", "venv", "--clear", folder], check=True)
        pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--only-binary", ":all:"]
        subprocess.run([*pip, "--no-deps", f"mxnet=={MXNET}"], check=True)  # its metadata do not allow NumPy 2
        others = ["packaging", "requests", "graphviz<0.9", "psutil"]
        subprocess.run([*pip, f"numpy=={NUMPY[version]}", *others], check=True)
        (folder / "finished").touch()
    return str(python)


def test_a_first_training_works_and_is_silent(python):
    done = run(python, TRAIN)
    assert done.stderr == ""
    assert done.returncode == 0
    assert float(done.stdout) > 0.9


def test_a_training_with_a_callback_lets_go_of_its_batches(python):
    done = run(python, BATCHES)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) <= 3  # this one, the one before and the one that is being fetched


def test_only_names_that_numpy_lacks_are_added(python):
    found = json.loads(run(python, COMPARE_NUMPY).stdout)
    assert found["changed"] == []
    assert found["added"], "this NumPy would need no help"
    assert json.loads(run(python, LACKS, *found["added"]).stdout) == found["added"]


def test_each_added_name_is_needed(python):
    for name in json.loads(run(python, COMPARE_NUMPY).stdout)["added"]:
        done = run(python, WITHOUT, name)
        assert done.returncode != 0, f"mxnet imports without numpy.{name}"
        assert name in done.stderr


def test_without_help_the_import_fails(python):
    assert re.search(r"AttributeError: .*(numpy|np)\b|No module named 'distutils'", run(python, "import mxnet").stderr)


def test_a_setting_of_the_user_stays():
    code = "import os, helpers; print(os.environ['MXNET_SUBGRAPH_VERBOSE'])"
    assert run(sys.executable, code, MXNET_SUBGRAPH_VERBOSE="1").stdout == "1\n"
    assert run(sys.executable, code).stdout == "0\n"


def test_importing_helpers_does_not_import_mxnet():
    assert run(sys.executable, "import sys, helpers; print('mxnet' in sys.modules)").stdout == "False\n"


def test_preparing_again_changes_nothing():
    code = "import helpers, warnings; from helpers.base import compat; a = list(warnings.filters); compat.prepare(); "
    assert run(sys.executable, code + "print(warnings.filters == a)").stdout == "True\n"


def test_heavy_packages_come_to_everyone_but_mxnet():
    for code in (
        "import sys, helpers, mxnet; assert not {'sklearn', 'scipy.stats'} & set(sys.modules); "
        "import scipy.stats; assert 'sklearn' not in sys.modules; import sklearn.base",
        "import scipy.stats, sklearn.base, helpers, mxnet as mx; assert mx.test_utils.ss is scipy.stats; "
        "assert mx.model.FeedForward",
    ):
        done = run(sys.executable, code)
        assert (done.returncode, done.stderr) == (0, "")
