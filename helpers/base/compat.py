"""Make MXNet 1.9.1 import on a current Python and NumPy, and predict with the parameters it was given last.

MXNet's last release is of 2022. Since then NumPy and Python have dropped a few names that it reads while it is
imported. `prepare()` puts back those names and no others, each only where it is missing, and leaves the rest of
NumPy as it is. `helpers/__init__.py` calls it, so `import helpers` has to come before `import mxnet`.
All chapters.
"""

import importlib
import importlib.util
import os
import sys
import types
import warnings

import numpy as np


def removed_numpy_names() -> dict[str, object]:
    """The NumPy names that MXNet 1.9.1 reads while it is imported, each with what it stood for."""
    names = {
        "bool": np.bool_,  # dropped in 1.24; NumPy 2 has the name again, and there too it means bool_
        "Inf": np.inf,  # this one and all below: dropped in NumPy 2.0 or later
        "NAN": np.nan,
        "NaN": np.nan,
        "NINF": -np.inf,
        "PINF": np.inf,
        "NZERO": -0.0,
        "PZERO": 0.0,
        "alltrue": np.all,
        "sometrue": np.any,
        "product": np.prod,
        "round_": np.round,
        "in1d": lambda a, b, **options: np.isin(np.ravel(a), b, **options),
        "msort": lambda a: np.sort(a, axis=0),
        "trapz": getattr(np, "trapezoid", None),  # renamed in 2.0
    }
    # Financial functions: NumPy has had only stubs of them that raise since 1.20, and none at all since 2.5.
    return names | dict.fromkeys(("mirr", "npv", "pmt", "ppmt", "pv", "rate"), _financial_function)


def _financial_function(*args, **options):
    raise NotImplementedError("NumPy's financial functions live in the package numpy_financial")


class _LighterImport:
    """Keeps two packages away from `import mxnet`, which takes almost twice as long with them, and mends it.

    It asks for scikit-learn to make FeedForward one of its estimators, for scipy.stats to test random numbers and to
    calibrate networks of 8-bit integers, and does without where they are missing. Everyone else gets them as ever.
    """

    @staticmethod
    def find_spec(name: str, path: object = None, target: object = None) -> None:
        mxnet = sys.modules.get("mxnet")
        importing = mxnet is not None and not hasattr(mxnet, "api")  # the last of its modules
        if importing and name == "mxnet.api":
            _forget_earlier_batches(sys.modules["mxnet.model"])
            importlib.import_module("helpers.base.speed")
        if importing and name in ("sklearn", "scipy.stats"):
            raise ModuleNotFoundError(f"MXNet does without {name}", name=name)


def prepare() -> None:
    """Restore what MXNet 1.9.1 needs, set its backend, silence its start-up messages. A second call changes nothing."""
    _restore_numpy_names()
    if importlib.util.find_spec("distutils") is None:
        _restore_distutils()
    if _LighterImport not in sys.meta_path:
        sys.meta_path.insert(0, _LighterImport)

    # Python's remarks on MXNet's source (odd escapes, old names): nothing that a reader could act on.
    warnings.filterwarnings("ignore", category=DeprecationWarning, module=r"mxnet(\.|$)")
    warnings.filterwarnings("ignore", category=SyntaxWarning, module=r".*mxnet")

    # MXNet reads these two when it binds a network; a setting that the user made stays. Its default backend for
    # prediction, "MKLDNN", keeps the parameters of a network's first pass for good: new ones, from set_params() or from
    # a training module by shared_module, change no answer. "default" fuses nothing, and its answers are right.
    os.environ.setdefault("MXNET_SUBGRAPH_BACKEND", "default")
    os.environ.setdefault("MXNET_SUBGRAPH_VERBOSE", "0")  # else each bind writes which backend it uses


def _restore_numpy_names() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # NumPy warns when it is asked whether it has one of the dropped names
        for name, value in removed_numpy_names().items():
            if not hasattr(np, name):
                setattr(np, name, value)


def _restore_distutils() -> None:
    """Python 3.12 dropped distutils; MXNet compares version numbers with two of its classes."""
    from packaging.version import Version

    version = types.ModuleType("distutils.version")
    version.LooseVersion = Version
    version.StrictVersion = Version
    package = types.ModuleType("distutils")
    package.version = version
    sys.modules["distutils"] = package
    sys.modules["distutils.version"] = version


def _forget_earlier_batches(model: types.ModuleType) -> None:
    """Let what a callback of fit() is given hold its own batch only. model: mxnet.model.

    fit() hands over its locals(), where `batch_end_params` is what the callback was given before. Since Python 3.13
    each locals() is a dictionary of its own, so each would hold the one before it, and the last one every batch of
    all epochs: 1.7 GB after ten epochs of MNIST.
    """
    new = model.BatchEndParam.__new__

    def without_earlier(cls, epoch, nbatch, eval_metric, locals):
        if locals:
            locals.pop("batch_end_params", None)
        return new(cls, epoch, nbatch, eval_metric, locals)

    model.BatchEndParam.__new__ = without_earlier
