"""Look at the environment before `import mxnet`, and say in one line which variable is wrong and what works.

MXNet 1.9.1 and OpenMP read environment variables in C++. A value that they cannot read, or one out of range, aborts the
process (a notebook says "Kernel died"), hangs it, or fails deep inside MXNet. `SETTINGS` has the variables that MXNet
reads in this series, with the values that it takes. Nothing that works is refused: a variable that MXNet never reads
here is not in the table, and a number has no limits but those beyond which MXNet fails.

`helpers/__init__.py` calls `prepare()`. A notebook gets the error at once; elsewhere it comes with `import mxnet`, so
that whatever does without MXNet goes on working, such as a Jupyter server or `python -m helpers check`.

All chapters.
"""

import builtins
import importlib.machinery
import json
import mmap
import os
import re
import sys
from collections.abc import Callable, Mapping, MutableMapping
from contextlib import suppress
from dataclasses import dataclass
from importlib import metadata
from types import ModuleType

from helpers.base.errors import DigitsError

INT = 2**31 - 1  # the largest int of C++

THREADS = 10_000  # some systems start more, but none that is set up as usual starts 32,000

NUMBER = re.compile(r"\s*[+-]?0*\d{1,10}\s*", re.ASCII)  # as C++ reads it

# What a process that serves a job needs beside DMLC_ROLE.
JOB = ("DMLC_PS_ROOT_URI", "DMLC_PS_ROOT_PORT", "DMLC_NUM_SERVER", "DMLC_NUM_WORKER")

# How the variables begin that MXNet reads, or a library below it, or the linker that loads them.
READ_BY_MXNET = ("DMLC_", "DNNL_", "GOMP_", "KMP_", "LD_", "MXNET_", "NNVM_", "OMP_", "OPENBLAS_", "PS_")


class WrongEnvironment(DigitsError):
    """MXNet cannot start with a variable, or with a package. A notebook shows this line without a traceback."""

    def _render_traceback_(self) -> list[str]:
        """What IPython shows instead of the traceback, in which only this package would appear."""
        return [f"DigitsError: {self}"]


class BrokenPackage(WrongEnvironment, ImportError):
    """A package is installed and cannot be imported. MXNet does without it, as it does without one that is missing."""


@dataclass(frozen=True)
class Setting:
    """What a variable may hold: in words, as a check of its text, and one value that works."""

    expected: str
    accepts: Callable[[str], bool]
    works: str


def whole(works: int, least: int = -INT - 1, most: int = INT) -> Setting:
    """A whole number as C++ reads it: decimal digits, with or without a sign, blanks around them."""

    def accepts(text: str) -> bool:
        return bool(NUMBER.fullmatch(text)) and least <= int(text) <= most

    if most < INT:
        return Setting(f"a whole number from {least if least >= 0 else 1} to {most}", accepts, str(works))
    if least > -INT:
        return Setting(f"a whole number of at least {least}", accepts, str(works))
    return Setting("a whole number", accepts, str(works))


def not_zero(works: int) -> Setting:
    """A whole number by which MXNet divides; one below 0 means no limit."""
    any_whole = whole(works).accepts
    return Setting("a whole number of at least 1", lambda text: any_whole(text) and int(text) != 0, str(works))


def switch(works: int) -> Setting:
    """0 or 1 as C++ reads it, with no blanks; true and false are the same."""
    return Setting("0 or 1", lambda text: text.lower() in ("0", "1", "false", "true"), str(works))


def python_number(convert: type, works: float, least: float = -INT, most: float = INT) -> Setting:
    """A number that Python reads. convert: int or float."""

    def accepts(text: str) -> bool:
        try:
            return least <= convert(text) <= most
        except ValueError:
            return False

    if most == 0:
        return Setting("0", accepts, "0")
    kind = "a whole number" if convert is int else "a number"
    return Setting(kind if least < 0 else f"{kind} of at least {least}", accepts, f"{works:g}")


def choice(*names: str) -> Setting:
    """One of several names; the first is what MXNet chooses by itself."""
    return Setting(f"one of {', '.join(names)}", lambda text: text in names, names[0])


def stack() -> Setting:
    """The size of a thread's stack, in kilobytes or with a unit. OpenMP passes over one that makes no sense to it."""

    def accepts(text: str) -> bool:
        size = re.fullmatch(r"\s*(\d+)\s*([BKMG]?)\s*", text, re.ASCII | re.IGNORECASE)
        if size is None:
            return True
        count = int(size[1]) << {"B": 0, "K": 10, "": 10, "M": 20, "G": 30}[size[2].upper()]
        if count < 16 << 10 or count >= 2**63:
            return True
        if count < 80 << 10:
            return False
        try:
            mmap.mmap(-1, count).close()  # asks the system for it, and takes no memory yet
        except (OSError, ValueError):
            return False
        return True

    return Setting("a size from 80K up to the memory of this machine", accepts, "16M")


# Empty means unset, for each of them. What works is MXNet's own choice, or that of this project.
SETTINGS = {
    "DIGITS_START_SECONDS": python_number(float, 60, least=0),
    "DIGITS_WORKERS_HERE": python_number(int, 1, least=1),
    "GOMP_STACKSIZE": stack(),
    "MXNET_BACKWARD_DO_MIRROR": whole(0),
    "MXNET_CPU_PARALLEL_RAND_COPY": whole(1, least=1, most=1000),  # 5 MB each
    "MXNET_CPU_PARALLEL_SIZE": whole(200_000),
    "MXNET_CPU_PRIORITY_NTHREADS": whole(4, least=1, most=THREADS),
    "MXNET_CPU_TEMP_COPY": whole(32, least=1, most=10_000_000),
    "MXNET_CPU_WORKER_NTHREADS": whole(1, least=1, most=THREADS),
    "MXNET_DISABLE_MKLDNN_CONV_OPT": whole(0),
    "MXNET_DISABLE_MKLDNN_FC_OPT": whole(0),
    "MXNET_DISABLE_MKLDNN_FUSE_CONV_BN": whole(0),
    "MXNET_DISABLE_MKLDNN_FUSE_CONV_RELU": whole(0),
    "MXNET_DISABLE_MKLDNN_FUSE_CONV_SUM": whole(0),
    "MXNET_DISABLE_MKLDNN_FUSE_FC_ELTWISE": switch(0),
    "MXNET_DISABLE_MKLDNN_QEM_FLOAT_OUTPUT": switch(0),
    "MXNET_DISABLE_MKLDNN_QEM_FUSE_ALL": switch(0),
    "MXNET_DISABLE_MKLDNN_QFC_FLOAT_OUTPUT": switch(0),
    "MXNET_DISABLE_MKLDNN_QFC_FUSE_ALL": switch(0),
    "MXNET_DISABLE_MKLDNN_QTRANSFORMER_FLOAT_OUTPUT": switch(0),
    "MXNET_DISABLE_MKLDNN_QTRANSFORMER_FUSE_ALL": switch(0),
    "MXNET_DISABLE_MKLDNN_TRANSFORMER_OPT": whole(0),
    "MXNET_ELIMINATE_COMMON_EXPR": switch(1),
    "MXNET_ENABLE_CYTHON": python_number(int, 1),
    "MXNET_ENFORCE_CYTHON": python_number(int, 0, least=0, most=0),  # the wheels have no Cython modules
    "MXNET_ENGINE_INFO": switch(0),
    "MXNET_ENGINE_TYPE": choice("ThreadedEnginePerDevice", "ThreadedEngine", "NaiveEngine"),
    "MXNET_EXEC_BULK_EXEC_INFERENCE": switch(1),
    "MXNET_EXEC_BULK_EXEC_MAX_NODE_TRAIN": whole(15, least=0, most=100_000_000),
    "MXNET_EXEC_BULK_EXEC_MAX_NODE_TRAIN_BWD": whole(15, least=0, most=100_000_000),
    "MXNET_EXEC_BULK_EXEC_MAX_NODE_TRAIN_FWD": whole(15, least=0, most=100_000_000),
    "MXNET_EXEC_BULK_EXEC_TRAIN": switch(1),
    "MXNET_EXEC_INPLACE_GRAD_SUM_CAP": whole(8),
    "MXNET_EXEC_VERBOSE_LOGGING": switch(0),
    "MXNET_GPU_COPY_NTHREADS": whole(2),
    "MXNET_GPU_PARALLEL_RAND_COPY": whole(4),
    "MXNET_GPU_TEMP_COPY": whole(1),
    "MXNET_GPU_WORKER_NTHREADS": whole(2),
    "MXNET_INFER_STORAGE_TYPE_VERBOSE_LOGGING": switch(0),
    "MXNET_KVSTORE_BIGARRAY_BOUND": not_zero(1_000_000),
    "MXNET_KVSTORE_LOGTREE": switch(0),
    "MXNET_KVSTORE_REDUCTION_NTHREADS": whole(4),
    "MXNET_KVSTORE_SERIAL_PUSH": whole(0),
    "MXNET_MEM_PLAN_VERBOSE_LOGGING": switch(0),
    "MXNET_MKLDNN_CACHE_NUM": whole(-1),
    "MXNET_MKLDNN_DEBUG": switch(0),
    "MXNET_MKLDNN_ENABLED": switch(1),
    "MXNET_MKLDNN_FORCE_FC_AB_FORMAT": switch(0),
    "MXNET_MP_OPENCV_NUM_THREADS": whole(0),
    "MXNET_MP_WORKER_NTHREADS": whole(1),
    "MXNET_OMP_MAX_THREADS": whole(1),
    "MXNET_OPTIMIZER_AGGREGATION_SIZE": python_number(int, 4),
    "MXNET_OUTPUT_TUNING_DATA": switch(0),
    "MXNET_PROFILER_AUTOSTART": whole(0),
    "MXNET_PROFILER_MODE": whole(0),
    "MXNET_SUBGRAPH_BACKEND": choice("default", "MKLDNN", "default_v2", "MKLDNN_QUANTIZE", "NONE"),
    "MXNET_SUBGRAPH_VERBOSE": whole(0),
    "MXNET_TUNING_WEIGHT_SCALE": python_number(float, 0),
    "MXNET_UPDATE_AGGREGATION_SIZE": python_number(int, 4),
    "MXNET_UPDATE_ON_KVSTORE": python_number(int, 1),
    "MXNET_USE_NUM_CORES_OPERATOR_TUNING": whole(1, least=0, most=THREADS),
    "MXNET_VERBOSE_TUNING_INFO": switch(0),
    "NNVM_AUTO_SEARCH_MATCH_RANGE": switch(0),
    "NNVM_EXEC_MATCH_RANGE": whole(16, least=0),
    "NNVM_EXEC_NUM_TEMP": whole(1),
    "OMP_NUM_THREADS": whole(2, most=THREADS),
    "OMP_STACKSIZE": stack(),
}


def prepare() -> bool:
    """Look at the environment, now and when MXNet is imported. Return whether MXNet can start with it.

    A valid form that MXNet cannot read is rewritten, see `simplify`. Raises WrongEnvironment in a notebook.
    """
    if _Watch not in sys.meta_path:
        sys.meta_path.insert(0, _Watch)
    simplify(os.environ)
    found = faults(os.environ)
    if found and _in_notebook() and "mxnet" not in sys.modules:
        raise WrongEnvironment(found[0])
    return not found


def simplify(variables: MutableMapping[str, str]) -> None:
    """Write what is valid in OpenMP, and too much for MXNet, in a way that works.

    - Empty variables are removed: they mean the same as none.
    - Of OMP_NUM_THREADS=4,2 the first number stays. The second is for loops inside of loops, which MXNet has none of.
    - OMP_NUM_THREADS is at most OMP_THREAD_LIMIT, OMP_DYNAMIC is false, and OMP_MAX_ACTIVE_LEVELS is at least 1. With
      fewer threads than it has asked for, MXNet waits for ever.
    """
    for name in [*SETTINGS, "DMLC_ROLE"]:
        if variables.get(name) == "":
            del variables[name]
    threads = variables.get("OMP_NUM_THREADS", "")
    if re.fullmatch(r"\s*\d+\s*(,\s*\d+\s*)+", threads, re.ASCII):
        threads = threads.split(",")[0].strip()
        variables["OMP_NUM_THREADS"] = threads
    limit = variables.get("OMP_THREAD_LIMIT", "")
    if NUMBER.fullmatch(limit) and NUMBER.fullmatch(threads) and int(threads) > int(limit) > 0:
        variables["OMP_NUM_THREADS"] = limit.strip()
    if variables.get("OMP_DYNAMIC", "").strip().lower() == "true":
        variables["OMP_DYNAMIC"] = "false"
    levels = variables.get("OMP_MAX_ACTIVE_LEVELS", "")
    if NUMBER.fullmatch(levels) and int(levels) == 0:
        variables["OMP_MAX_ACTIVE_LEVELS"] = "1"


def faults(variables: Mapping[str, str]) -> list[str]:
    """A line for all that keeps MXNet from starting in this process with these variables."""
    found = [_python_fault(), _role_fault(variables)]
    for name, setting in SETTINGS.items():
        text = variables.get(name, "")
        if text and not setting.accepts(text):
            found.append(_fault(f"{name} to be {setting.expected}", _quoted(text), name, setting.works))
    return [fault for fault in found if fault]


def _fault(expected: str, got: str, name: str, works: str) -> str:
    again = "then start Python or Jupyter again"
    return f"expected {expected}, got {got}: unset {name} or set it to {works}, {again}"


def _quoted(text: str) -> str:
    """The text in quotation marks, on one line, not too long."""
    return json.dumps(text if len(text) <= 40 else f"{text[:37]}...", ensure_ascii=False)


def _python_fault() -> str:
    """MXNet writes some of its documentation while it is imported, out of docstrings."""
    if sys.flags.optimize < 2:
        return ""
    expected = "Python to keep its docstrings, which MXNet reads"
    if sys.flags.ignore_environment or not os.environ.get("PYTHONOPTIMIZE"):
        return f"expected {expected}, got the option -OO: leave it out, or give -O"
    return _fault(expected, f"PYTHONOPTIMIZE={os.environ['PYTHONOPTIMIZE']}", "PYTHONOPTIMIZE", "1")


def _role_fault(variables: Mapping[str, str]) -> str:
    """Whether DMLC_ROLE is left over from a job. As a server or scheduler `import mxnet` serves, and never returns."""
    role = variables.get("DMLC_ROLE") or "worker"
    if role == "worker":
        return ""
    expected = "DMLC_ROLE to be worker, scheduler or server"
    if role in ("scheduler", "server"):
        if _serves() and all(variables.get(name) for name in JOB):
            return ""
        expected = "DMLC_ROLE to be worker outside a job that `python -m helpers launch` has started"
    return _fault(expected, _quoted(role), "DMLC_ROLE", "worker")


def _serves() -> bool:
    """Whether this process may be a server or a scheduler: a script or a node of a job, but no notebook.

    Of the commands only `train` is one that some other launcher may start in every role.
    """
    program = getattr(sys.modules["__main__"], "__spec__", None)
    if program is not None and program.name == "helpers.__main__":
        return sys.argv[1:2] == ["train"]
    return not _in_notebook()


def job_fault(variables: Mapping[str, str]) -> str:
    """What a worker lacks of a job; empty where it is in one."""
    missing = [name for name in JOB if not variables.get(name)]
    if not missing:
        return ""
    expected = f"{', '.join(missing)} beside DMLC_ROLE=worker"
    return f"expected {expected}, got none: unset DMLC_ROLE, or start the job with `python -m helpers launch`"


def to_blame(starts: Callable[[Mapping[str, str]], bool]) -> str:
    """The variable without which MXNet starts, though the table does not know it; empty where there is none.

    starts: whether MXNet starts in a process with these variables.
    """
    suspects = [name for name in os.environ if name.startswith(READ_BY_MXNET)]
    if not suspects or not starts(_without(suspects)):
        return ""
    return next((name for name in suspects if starts(_without([name]))), "")


def _without(names: list[str]) -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name not in names}


def _in_notebook() -> bool:
    return hasattr(builtins, "__IPYTHON__")


class _Watch:
    """Sees `import mxnet` before it happens, and lets a broken onnx look like a missing one, which MXNet expects."""

    @staticmethod
    def find_spec(name: str, path: object = None, target: object = None) -> importlib.machinery.ModuleSpec | None:
        if name == "mxnet":
            simplify(os.environ)
            found = faults(os.environ)
            if found:
                raise WrongEnvironment(found[0])
        if name == "onnx":
            spec = importlib.machinery.PathFinder.find_spec(name, path)
            if spec is not None:
                spec.loader = _Careful(spec.loader)
            return spec
        return None


class _Careful:
    """Loads a package as `loader` does. Raises BrokenPackage where that fails, and where the package is empty."""

    def __init__(self, loader: object) -> None:
        self._loader = loader

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType | None:
        return self._loader.create_module(spec) if self._loader else None

    def exec_module(self, module: ModuleType) -> None:
        module.__spec__.loader = self._loader
        module.__loader__ = self._loader
        if self._loader is None:  # a folder without __init__.py
            raise BrokenPackage(_broken(module, "an empty folder"))
        try:
            self._loader.exec_module(module)
        except Exception as error:
            raise BrokenPackage(_broken(module, f"{type(error).__name__}: {error}")) from error
        if not hasattr(module, "__version__"):
            raise BrokenPackage(_broken(module, "an empty module"))


def _broken(module: ModuleType, got: str) -> str:
    name = module.__name__
    version = ""
    with suppress(metadata.PackageNotFoundError):
        version = f"=={metadata.version(name)}"
    place = next(iter(module.__path__), "")
    cause = " ".join(got.split())
    fix = f"python -m pip install --force-reinstall --no-deps {name}{version}"
    return f"expected the package {name} in {place} to be whole, got {cause}: {fix}"
