"""helpers.base.environment: a wrong variable or package costs one line, and never a process of MXNet."""

import json
import mmap
import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from jupyter_client.manager import start_new_kernel

from helpers.base.environment import READ_BY_MXNET, SETTINGS, faults, job_fault, simplify
from tests.tools.failures import assert_one_error

ROOT = Path(__file__).parents[2]
JOB = {"DMLC_PS_ROOT_URI": "127.0.0.1", "DMLC_PS_ROOT_PORT": "9", "DMLC_NUM_SERVER": "1", "DMLC_NUM_WORKER": "1"}
ALL = 'expected OMP_NUM_THREADS to be a whole number from 1 to 10000, got "all": unset OMP_NUM_THREADS or set it to 2'


def clean(**variables):
    """This process's environment without any variable of MXNet, with `variables`."""
    prefixes = (*READ_BY_MXNET, "DIGITS_")
    variables = {"PYTHONPATH": str(ROOT)} | variables  # a kernel starts in notebooks/
    return {name: value for name, value in os.environ.items() if not name.startswith(prefixes)} | variables


def python(*arguments, **variables):
    command = [sys.executable, *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, env=clean(**variables), capture_output=True, text=True, timeout=300)


# Which values the table takes


def test_an_environment_that_says_nothing():
    assert faults(clean()) == []


def test_mxnet_reads_every_name_of_the_table():
    """Each is in its library, or in its modules of Python."""
    package = Path(find_spec("mxnet").origin).parent
    names = {name for name in SETTINGS if name.startswith(("MXNET_", "NNVM_"))}
    with (package / "libmxnet.so").open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as library:
        found = {name.decode() for name in re.findall(rb"(?<=\0)(?:MXNET|NNVM)_[A-Z_]+(?=\0)", library)}
    sources = [package / "model.py", package / "ndarray/_internal.py", package / "optimizer/optimizer.py"]
    for path in sources:
        found |= set(re.findall(r"MXNET_[A-Z_]+", path.read_text(encoding="utf-8")))
    assert len(names) > 50
    assert names - found == set()


@pytest.mark.parametrize("name", SETTINGS)
def test_what_is_said_to_work_is_taken(name):
    assert faults({name: SETTINGS[name].works}) == []


@pytest.mark.parametrize("name", sorted(set(SETTINGS) - {"OMP_STACKSIZE", "GOMP_STACKSIZE"}))
def test_a_word_is_refused_in_one_line_that_names_variable_value_and_remedy(name):
    (line,) = faults({name: "abc\n"})
    works = SETTINGS[name].works
    assert line.startswith(f"expected {name} to be ")
    assert line.endswith(f', got "abc\\n": unset {name} or set it to {works}, then start Python or Jupyter again')


REFUSED = {
    "OMP_NUM_THREADS": ["all", "1.5", "0x2", "1e3", ",2", "2,", "2;1", "100000", "2147483648", "9" * 5000],
    "OMP_STACKSIZE": ["16k", "64", "8000G"],
    "MXNET_CPU_WORKER_NTHREADS": ["0", "-1", "1000000000", "2,1", "1.5", "0x2", "1_0"],
    "MXNET_CPU_PRIORITY_NTHREADS": ["0", "-1"],
    "MXNET_CPU_TEMP_COPY": ["0", "-1", "1000000000"],
    "MXNET_CPU_PARALLEL_RAND_COPY": ["0", "-1"],
    "MXNET_ENFORCE_CYTHON": ["1", "-1"],
    "MXNET_ENABLE_CYTHON": ["true"],
    "MXNET_ENGINE_TYPE": ["naiveengine", " NaiveEngine"],
    "MXNET_EXEC_BULK_EXEC_MAX_NODE_TRAIN": ["-1"],
    "MXNET_KVSTORE_BIGARRAY_BOUND": ["0"],
    "MXNET_MKLDNN_ENABLED": [" 1", "2", "yes", "on", "-1"],
    "MXNET_SUBGRAPH_BACKEND": ["mkldnn"],
    "MXNET_USE_NUM_CORES_OPERATOR_TUNING": ["-1", "1000000000"],
    "NNVM_EXEC_MATCH_RANGE": ["-1"],
    "DMLC_ROLE": ["Worker", " worker", "nonsense", "server", "scheduler"],
    "DIGITS_WORKERS_HERE": ["0"],
}

TAKEN = {
    "OMP_NUM_THREADS": ["0", "-1", " 2 ", "+2", "02", "1000"],
    "OMP_STACKSIZE": ["abc", "0", "1", "1B", "-1", "100", "16 M", "1g", "1T", "9" * 20],
    "OMP_WAIT_POLICY": ["abc", "active"],
    "OMP_PLACES": ["abc", "cores"],
    "MXNET_CPU_WORKER_NTHREADS": [" 2 ", "+2"],
    "MXNET_CPU_PARALLEL_SIZE": ["-1", "0", "2147483647"],
    "MXNET_CPU_TEMP_COPY": ["1", "100000"],
    "MXNET_ENGINE_TYPE": ["NaiveEngine", "ThreadedEngine"],
    "MXNET_KVSTORE_BIGARRAY_BOUND": ["-1"],
    "MXNET_MKLDNN_CACHE_NUM": ["-1"],
    "MXNET_MKLDNN_ENABLED": ["0", "TRUE", "fAlse"],
    "MXNET_SUBGRAPH_BACKEND": ["NONE", "MKLDNN"],
    "MXNET_UPDATE_ON_KVSTORE": [" 1 ", "-1"],
    "MXNET_SAFE_ACCUMULATION": ["abc"],  # nothing in the series reads it
    "MXNET_HOME": ["/nonexistent"],
    "DMLC_ROLE": ["worker"],
    "DMLC_PS_ROOT_PORT": ["abc"],
    "PS_VERBOSE": ["abc"],
}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in REFUSED.items() for value in values])
def test_a_value_that_ends_mxnet_is_refused(name, value):
    (line,) = faults({name: value})
    assert line.startswith(f"expected {name} to be ")
    assert len(line.splitlines()) == 1
    assert len(line) < 250


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in TAKEN.items() for value in values])
def test_a_value_with_which_mxnet_works_is_taken(name, value):
    assert faults({name: value}) == []


def test_each_wrong_variable_gets_its_line():
    assert len(faults({"OMP_NUM_THREADS": "all", "MXNET_CPU_TEMP_COPY": "0", "DMLC_ROLE": "server"})) == 3


@pytest.mark.parametrize(
    ("variables", "simple"),
    [
        ({"OMP_NUM_THREADS": "2,1"}, {"OMP_NUM_THREADS": "2"}),
        ({"OMP_NUM_THREADS": " 3 , 2,1"}, {"OMP_NUM_THREADS": "3"}),
        ({"OMP_NUM_THREADS": ""}, {}),
        ({"MXNET_ENGINE_TYPE": "", "MXNET_ENABLE_CYTHON": "", "DMLC_ROLE": ""}, {}),
        ({"OMP_NUM_THREADS": "8", "OMP_THREAD_LIMIT": "4"}, {"OMP_NUM_THREADS": "4", "OMP_THREAD_LIMIT": "4"}),
        ({"OMP_NUM_THREADS": "2", "OMP_THREAD_LIMIT": "4"}, {"OMP_NUM_THREADS": "2", "OMP_THREAD_LIMIT": "4"}),
        ({"OMP_NUM_THREADS": "2", "OMP_THREAD_LIMIT": "x"}, {"OMP_NUM_THREADS": "2", "OMP_THREAD_LIMIT": "x"}),
        ({"OMP_DYNAMIC": " TRUE"}, {"OMP_DYNAMIC": "false"}),
        ({"OMP_MAX_ACTIVE_LEVELS": "0"}, {"OMP_MAX_ACTIVE_LEVELS": "1"}),
        ({"OMP_NUM_THREADS": "all", "MNIST_DIR": ""}, {"OMP_NUM_THREADS": "all", "MNIST_DIR": ""}),
    ],
)
def test_a_valid_form_that_mxnet_cannot_take_is_rewritten(variables, simple):
    simplify(variables)
    assert variables == simple


def test_a_worker_without_a_job():
    assert job_fault(JOB) == ""
    line = job_fault(JOB | {"DMLC_NUM_SERVER": "", "DMLC_NUM_WORKER": ""})
    assert line.startswith(
        "expected DMLC_NUM_SERVER, DMLC_NUM_WORKER beside DMLC_ROLE=worker, got none: unset DMLC_ROLE"
    )


# Fresh processes


@pytest.mark.parametrize(
    ("variables", "threads"),
    [
        ({"OMP_NUM_THREADS": "2,1"}, 2),
        ({"OMP_NUM_THREADS": "3", "OMP_THREAD_LIMIT": "2", "OMP_DYNAMIC": "true", "MXNET_ENGINE_TYPE": ""}, 2),
    ],
)
def test_a_valid_form_works(variables, threads):
    script = "import helpers, mxnet as mx; print(mx.nd.ones(3).sum().asscalar(), mx.base._LIB.omp_get_max_threads())"
    done = python("-c", script, **variables)
    assert (done.stdout, done.stderr, done.returncode) == (f"3.0 {threads}\n", "", 0)


@pytest.mark.parametrize(
    ("options", "variables", "line"),
    [
        ([], {"OMP_NUM_THREADS": "all"}, ALL),
        ([], {"MXNET_CPU_TEMP_COPY": "0"}, 'got "0": unset MXNET_CPU_TEMP_COPY or set it to 32'),
        ([], {"PYTHONOPTIMIZE": "2"}, "got PYTHONOPTIMIZE=2: unset PYTHONOPTIMIZE or set it to 1"),
        (["-OO"], {}, "got the option -OO: leave it out, or give -O"),
        ([], {"DMLC_ROLE": "scheduler"}, 'got "scheduler": unset DMLC_ROLE or set it to worker'),
        ([], {"DMLC_ROLE": "server"} | JOB, 'got "server": unset DMLC_ROLE or set it to worker'),
        ([], {"DIGITS_WORKERS_HERE": "x"}, 'got "x": unset DIGITS_WORKERS_HERE or set it to 1'),
    ],
)
def test_a_command_that_needs_mxnet_says_it_in_one_line(options, variables, line):
    done = python(*options, "-m", "helpers", "evaluate", "mlp", "--source", "digits", **variables)
    assert_one_error(done, line)


def test_a_worker_that_was_left_over_says_it_in_one_line(tmp_path):
    command = ["train", "mlp", "--source", "digits", "--out", tmp_path / "mlp.params"]
    done = python("-m", "helpers", *command, DMLC_ROLE="worker")
    assert_one_error(done, "beside DMLC_ROLE=worker, got none: unset DMLC_ROLE, or start the job with ")


def test_a_script_gets_a_digits_error_instead_of_an_abort():
    script = "import helpers\nfrom helpers.base.errors import DigitsError\n"
    script += "try:\n    import mxnet\nexcept DigitsError as error:\n    print(error)"
    done = python("-c", script, OMP_NUM_THREADS="all")
    assert done.stdout.startswith(ALL)
    assert (done.stderr, done.returncode) == ("", 0)


def test_what_does_without_mxnet_goes_on_working():
    """The Jupyter server imports helpers.base.server, for one."""
    variables = {"OMP_NUM_THREADS": "all", "DMLC_ROLE": "server", "DIGITS_WORKERS_HERE": "x"}
    done = python("-c", "import helpers.base.server, helpers.cli.parser; print('works')", **variables)
    assert (done.stdout, done.stderr, done.returncode) == ("works\n", "", 0)


def check(**variables):
    """The problems that `check` lists, as text."""
    done = python("-m", "helpers", "check", "--json", **variables)
    assert done.returncode == 1
    return [line["problem"] for line in json.loads(done.stdout)["lines"] if line["problem"]]


def test_check_says_it_whatever_else_is_wrong_with_mxnet(tmp_path):
    (tmp_path / "mxnet").mkdir()
    (tmp_path / "mxnet" / "__init__.py").write_text("raise AttributeError('no such name')", encoding="utf-8")
    path = f"{tmp_path}:{ROOT}"
    problems = check(OMP_NUM_THREADS="all", PYTHONPATH=path, DIGITS_SOURCE="digits")
    assert [problem.split(",")[0] for problem in problems] == [ALL.split(",")[0]]


def test_check_finds_a_variable_that_the_table_does_not_know(tmp_path):
    library = tmp_path / "libmxnet.so"
    library.write_text("no library", encoding="utf-8")
    (problem,) = check(MXNET_LIBRARY_PATH=str(library), DIGITS_SOURCE="digits")
    assert problem.endswith(": unset MXNET_LIBRARY_PATH")


@pytest.mark.parametrize(
    ("init", "cause"),
    [
        ("raise TypeError('a descriptor')", "TypeError: a descriptor"),
        ("def (", "SyntaxError: invalid syntax"),
        ("from .onnx_cpp2py_export import ONNX_ML", "ModuleNotFoundError: No module named 'onnx.onnx_cpp2py_export'"),
        ("", "an empty module"),
        (None, "an empty folder"),
    ],
)
def test_a_broken_onnx_is_named(tmp_path, init, cause):
    folder = tmp_path / "onnx"
    folder.mkdir()
    if init is not None:
        (folder / "__init__.py").write_text(init, encoding="utf-8")
    script = f"import helpers, sys; sys.path[:] = [{str(tmp_path)!r}]\ntry:\n    import onnx\n"
    script += "except ImportError as error:\n    print(error)"
    done = python("-c", script)
    assert done.stderr == ""
    assert done.stdout.startswith(f"expected the package onnx in {folder} to be whole, got {cause}")
    assert ": python -m pip install --force-reinstall --no-deps onnx" in done.stdout
    assert len(done.stdout.splitlines()) == 1


@pytest.mark.slow
def test_a_broken_onnx_costs_the_export_alone(tmp_path):
    """MXNet imports onnx where it is installed, and would fail with any error but that it is missing."""
    (tmp_path / "onnx").mkdir()
    (tmp_path / "onnx" / "__init__.py").write_text("raise TypeError('a descriptor')", encoding="utf-8")
    path = {"PYTHONPATH": f"{tmp_path}:{ROOT}"}
    line = f"expected the package onnx in {tmp_path}/onnx to be whole, got TypeError: a descriptor: python -m pip"
    assert python("-c", "import helpers, mxnet", **path).returncode == 0
    assert_one_error(python("-m", "helpers", "export", "mlp", "--to", tmp_path / "mlp.onnx", **path), line)
    (problem,) = check(DIGITS_SOURCE="digits", **path)
    assert problem.startswith(line)


def test_a_whole_onnx_is_as_ever():
    script = "import helpers, onnx; print(type(onnx.__loader__).__name__, onnx.__spec__.loader is onnx.__loader__)"
    assert python("-c", script).stdout == "SourceFileLoader True\n"


def test_a_notebook_shows_the_line_alone_and_works_once_it_is_mended():
    manager, client = start_new_kernel(env=clean(OMP_NUM_THREADS="all"), cwd=str(ROOT / "notebooks"))
    try:
        cell = "from helpers.data import load_mnist\nimport mxnet as mx\nprint(mx.nd.ones(3).sum().asscalar())"
        shown = []
        client.execute_interactive(cell, timeout=300, output_hook=lambda message: shown.append(message["content"]))
        (error,) = [content for content in shown if "traceback" in content]
        (line,) = error["traceback"]
        assert line.startswith(f"DigitsError: {ALL}")
        shown.clear()
        mended = f"import os\nos.environ['OMP_NUM_THREADS'] = '2,1'\n{cell}"
        client.execute_interactive(mended, timeout=300, output_hook=lambda message: shown.append(message["content"]))
        assert [content["text"] for content in shown if "text" in content] == ["3.0\n"]
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
