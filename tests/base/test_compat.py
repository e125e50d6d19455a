"""helpers.base.compat, tried in fresh interpreters. `make test-pythons` runs it with the other Pythons, too.

Python 3.11 and 3.12 try it with NumPy 1 as well: it is what `pip install .` takes there, since MXNet's metadata ask for
it, with the last SciPy that works with it. Both are fetched once into .cache/. Later Pythons have no wheel of them.
"""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NUMPY_1 = ("numpy==1.26.4", "scipy==1.17.1")
NUMPYS = ["pinned", "numpy 1"] if sys.version_info < (3, 13) else ["pinned"]

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

# Prints for each added name what `import mxnet` ends with when that one is missing; each in a process of its own.
WITHOUT = """
import json, os, sys
import helpers
import numpy as np

for name in sys.argv[1:]:
    if os.fork() == 0:
        delattr(np, name)
        try:
            import mxnet
        except (AttributeError, RuntimeError) as error:
            print(json.dumps([name, str(error)]), flush=True)
        os._exit(0)
    os.wait()
"""


def run(code, *arguments, **variables):
    """Run the code as a student would run a script in the project: same folder, default warnings."""
    environment = {key: value for key, value in os.environ.items() if key not in ("PYTHONWARNINGS", "PYTHONPATH")}
    environment.pop("MXNET_SUBGRAPH_VERBOSE", None)
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=ROOT,
        env=environment | variables,
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.fixture(scope="module", params=NUMPYS)
def numpy(request):
    """Variables of a process that has a NumPy: the one that is pinned, or that of `NUMPY_1`."""
    if request.param == "pinned":
        return {}
    folder = ROOT / ".cache" / "-".join([*NUMPY_1, sys.implementation.cache_tag]).replace("==", "-")
    if not folder.exists():
        new = folder.with_name(f"{folder.name}.new")
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--only-binary", ":all:"]
        done = subprocess.run([*command, "--target", new, *NUMPY_1], capture_output=True, text=True)
        if done.returncode:
            pytest.skip(f"{' and '.join(NUMPY_1)} cannot be had here: {done.stderr.strip().splitlines()[-1]}")
        new.rename(folder)
    return {"PYTHONPATH": str(folder)}


def test_a_first_training_works_and_is_silent(numpy):
    done = run(TRAIN, **numpy)
    assert done.stderr == ""
    assert done.returncode == 0
    assert float(done.stdout) > 0.9


def test_a_training_with_a_callback_lets_go_of_its_batches(numpy):
    done = run(BATCHES, **numpy)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) <= 3  # this one, the one before and the one that is being fetched


def test_only_names_that_numpy_lacks_are_added(numpy):
    found = json.loads(run(COMPARE_NUMPY, **numpy).stdout)
    assert found["changed"] == []
    assert found["added"], "this NumPy would need no help"
    assert json.loads(run(LACKS, *found["added"], **numpy).stdout) == found["added"]


@pytest.mark.slow  # an import of MXNet for each of them
def test_each_added_name_is_needed(numpy):
    names = json.loads(run(COMPARE_NUMPY, **numpy).stdout)["added"]
    errors = dict(map(json.loads, run(WITHOUT, *names, **numpy).stdout.splitlines()))
    assert list(errors) == names
    for name, error in errors.items():
        assert name in error


def test_without_help_the_import_fails(numpy):
    assert re.search(r"AttributeError: .*(numpy|np)\b|No module named 'distutils'", run("import mxnet", **numpy).stderr)


def test_a_setting_of_the_user_stays():
    code = "import os, helpers; print(os.environ['MXNET_SUBGRAPH_VERBOSE'])"
    assert run(code, MXNET_SUBGRAPH_VERBOSE="1").stdout == "1\n"
    assert run(code).stdout == "0\n"


def test_importing_helpers_does_not_import_mxnet():
    assert run("import sys, helpers; print('mxnet' in sys.modules)").stdout == "False\n"


def test_preparing_again_changes_nothing():
    code = "import helpers, warnings; from helpers.base import compat; a = list(warnings.filters); compat.prepare(); "
    assert run(code + "print(warnings.filters == a)").stdout == "True\n"


@pytest.mark.slow
def test_heavy_packages_come_to_everyone_but_mxnet():
    for code in (
        "import sys, helpers, mxnet; assert not {'sklearn', 'scipy.stats'} & set(sys.modules); "
        "import scipy.stats; assert 'sklearn' not in sys.modules; import sklearn.base",
        "import scipy.stats, sklearn.base, helpers, mxnet as mx; assert mx.test_utils.ss is scipy.stats; "
        "assert mx.model.FeedForward",
    ):
        done = run(code)
        assert (done.returncode, done.stderr) == (0, "")
