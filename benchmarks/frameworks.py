"""MXNet's training and inference beside those of PyTorch, JAX and Keras: same data, networks, batches and cores.

    make bench
    .venv/bin/python benchmarks/frameworks.py --networks mlp --forms mxnet pytorch --smoke

Each form of a framework is a process of its own (benchmarks/peers/). All of one network live at once and take turns,
an epoch each, so that whatever slows the machine for a while slows all of them: first on a quiet machine, then beside
a process that keeps one core busy. report.py says what is worked out of the figures.
"""

import argparse
import platform
import shlex
import signal
import sys
import tempfile
from datetime import date
from importlib.metadata import version
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT / "benchmarks" / "peers"), str(ROOT / "benchmarks"), str(ROOT)]

from turns import Turns, short  # noqa: E402, I001  copies the environment before helpers
from machine import cores, import_seconds, limit  # noqa: E402
from processor import processor  # noqa: E402

import report  # noqa: E402
from helpers.data import Digits, load_mnist  # noqa: E402
from helpers.base.errors import DigitsError  # noqa: E402

TARGETS = {"mlp": 0.95, "lenet": 0.98, "dropout-cnn": 0.98}  # test accuracies to reach
TORCH = ("pytorch", "pytorch DataLoader", "pytorch channels_last", "pytorch compile", "pytorch compile channels_last")
FORMS = ("mxnet", "mxnet stock", *TORCH, "jax", "keras")
BATCH = 100
SMOKE_IMAGES = 2000


def main(arguments: list[str] | None = None) -> int:
    given = sys.argv[1:] if arguments is None else arguments
    options = make_parser().parse_args(given)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that no process and no folder stays behind
    if options.smoke:
        options.epochs, options.images = 1, min(options.images or SMOKE_IMAGES, SMOKE_IMAGES)
    out = options.out or (ROOT / "build" / "bench" if options.smoke else report.RESULTS)
    try:
        digits = load_mnist(options.source)
        results = measure(options, digits)
        results["command"] = shlex.join([".venv/bin/python", "benchmarks/frameworks.py", *map(short, given)])
        report.write_results(results, out)
    except (DigitsError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    print(report.section(results), end="")
    return exit_code(results)


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Compare MXNet with PyTorch, JAX and Keras on this machine's cores.")
    parser.add_argument("--networks", nargs="+", choices=TARGETS, default=list(TARGETS))
    parser.add_argument("--forms", nargs="+", choices=FORMS, default=list(FORMS), metavar="FORM", help=", ".join(FORMS))
    parser.add_argument(
        "--epochs", type=int, default=5, metavar="N", help="timed ones, after a first, and as many busy (default: 5)"
    )
    parser.add_argument("--images", type=int, metavar="N", help="only the first N training images")
    parser.add_argument("--source", choices=("mnist", "digits"), default="mnist")
    parser.add_argument("--smoke", action="store_true", help="1 epoch of 2,000 images; results go to build/bench/")
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="default: benchmarks/results")
    python = ROOT / ".cache" / "bench" / "bin" / "python"
    about = "the Python that has the other frameworks (default: of tools/make_bench_venv.sh)"
    parser.add_argument("--peers-python", default=str(python), metavar="FILE", help=about)
    return parser


def measure(options, digits: Digits) -> dict:
    """All results; each network is measured on its own, one after the other."""
    count = len(digits.train.labels[: options.images])
    if count < BATCH or options.epochs < 1:
        raise DigitsError(f"{count} images, {options.epochs} epochs: at least {BATCH} and 1 are needed")
    results = {
        "date": str(date.today()),
        "command": "",
        "machine": {"cores": cores(), "model": processor()},
        "versions": {"Python": platform.python_version(), "numpy": version("numpy")},
        "data": {"source": digits.source, "training_images": count, "test_images": len(digits.test.labels)},
        "networks": {},
    }
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder = Path(name)
        np.save(folder / "train_images.npy", digits.train.images[:count])
        np.save(folder / "train_labels.npy", digits.train.labels[:count].astype(np.int64))
        np.save(folder / "test_images.npy", digits.test.images)
        np.save(folder / "test_labels.npy", digits.test.labels.astype(np.int64))
        seconds = {
            f: import_seconds(f, options, folder) for f in dict.fromkeys(form.split()[0] for form in options.forms)
        }
        results["limit"] = limit(options, folder)
        for network in options.networks:
            turns = Turns(network, options, folder, count // BATCH * BATCH)
            try:
                forms = turns.run(options.epochs)
            finally:
                turns.end()
            for form, figures in forms.items():
                if "error" not in figures:
                    figures["import_s"] = seconds[form.split()[0]]
            results["versions"] |= turns.versions
            results["networks"][network] = found = {
                "samples": count // BATCH * BATCH,
                "target": TARGETS[network],
                "training_flop": training_flop(network),
                "limit_gflops": results["limit"]["gflops"],
                "forms": forms,
            }
            report.summarise(found)
    return results


def training_flop(network: str) -> int:
    """Floating-point operations to train on one image once, those of convolutions and fully connected layers.

    A multiply-add counts as 2. Forward takes one pass of them, backward two: the gradient of the weights and that of
    the input, which nobody needs of the first layer.
    """
    from helpers.networks import NETWORKS, layers

    adds = []
    for layer in layers(NETWORKS[network]()):
        if layer.parameters:  # each output takes as many multiply-adds as its filter or unit has weights, less the bias
            adds.append(int(np.prod(layer.output_shape)) * (layer.parameters // layer.output_shape[1] - 1))
    return 6 * sum(adds) - 2 * adds[0]


def exit_code(results: dict) -> int:
    """1 when MXNet, or each form of PyTorch that was asked for, failed for a network; else 0."""
    for network in results["networks"].values():
        for framework in ("mxnet", "pytorch"):
            asked = [form for name, form in network["forms"].items() if name.split()[0] == framework]
            if asked and all("error" in form for form in asked):
                return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
