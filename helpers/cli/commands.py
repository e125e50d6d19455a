"""What each command of `python -m helpers` does; the arguments and the exit codes are in `__main__.py`.

Every command takes the parsed options, prints its result on stdout, as text or as one JSON document, and returns its
exit code. The imports are inside, so that one command does not pay, or fail, for what another needs.
"""

import json
import signal
import sys
import time
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from helpers.base.errors import DigitsError
from helpers.base.files import check_writable, checkpoint_beside


def check(options: Namespace) -> int:
    """Print what this machine has and lacks."""
    from helpers.cli.check import inspect, table

    lines = inspect()
    fine = not any(line.problem for line in lines)
    _report(options, {"fine": fine, "lines": [vars(line) for line in lines]}, table(lines))
    return 0 if fine else 1


def data(options: Namespace) -> int:
    """Load the data and print which they are."""
    from helpers.data.load import load_mnist

    digits = load_mnist(options.source)
    parts = {name: getattr(digits, name) for name in ("train", "valid", "test")}
    result = {"data": digits.source, "origin": digits.origin}
    result |= {name: {"images": len(part), "first_labels": part.labels[:10].tolist()} for name, part in parts.items()}
    text = [digits.origin]
    for name, part in parts.items():
        text.append(f"{name:5}  {len(part):6,} images, the first: {' '.join(map(str, part.labels[:10]))}")
    _report(options, result, "\n".join(text))
    return 0


def train(options: Namespace) -> int:
    """Train a network and save its best epoch."""
    out = options.out or Path(f"{options.network}.params")
    check_writable(out)  # before the minutes of training, not after
    from helpers.base.threads import set_threads

    if options.network == "mlp":
        set_threads(1)  # its layers are so small that a second thread costs more than it brings

    from helpers.data.load import load_mnist
    from helpers.distributed.worker import place_of
    from helpers.training.checkpoint import read_checkpoint
    from helpers.training.devices import device
    from helpers.training.evaluation import accuracy
    from helpers.training.fit import Job, train
    from helpers.training.recipes import Settings

    context = device(options.device)
    place = place_of(options.kvstore)
    before = read_checkpoint(checkpoint_beside(out), place) if options.resume else None
    usual = before.settings if before else Settings(options.network)
    numbers = {
        "epochs": options.epochs,
        "batch_size": options.batch_size,
        "learning_rate": options.lr,
        "seed": options.seed,
    }
    given = {name: number for name, number in numbers.items() if number is not None}
    settings = replace(usual, network=options.network, **given)
    job = Job(
        context=context,
        path=out,  # saved after each better epoch, so that even a killed process leaves the best one
        checkpoint=checkpoint_beside(out),
        start=before,
        place=place,
    )
    digits = load_mnist(options.source)
    start = time.monotonic()
    with noting_ctrl_c() as interrupts:
        module, history = train(settings, digits, job)
    if not place.first:
        return 0
    result = {
        "network": settings.network,
        "data": digits.source,
        "origin": digits.origin,
        "kvstore": place.kind,
        "workers": place.workers,
        "seed": settings.seed,
        "minutes": round((time.monotonic() - start) / 60, 2),
        "epochs": len(history.valid),
        "best_epoch": history.best_epoch,
        "valid_accuracy": max(history.valid),
        "test_accuracy": None if interrupts else accuracy(module, digits.test),
        "host": place.host,
        "file": str(out),
    }
    _report(options, result | {"history": history.to_dict()}, _lines(result))
    return 130 if interrupts else 0


def launch(options: Namespace) -> int:
    """Train with several processes."""
    from helpers.cli.launch import run

    run(options)
    return 0


def by_hand(options: Namespace) -> int:
    """Train a network that is written by hand."""
    from helpers.base.threads import cores, set_threads

    set_threads(max(1, cores() // options.devices))

    result = _by_hand(options)
    _report(options, result, _lines({name: value for name, value in result.items() if name != "history"}))
    return 0


def evaluate(options: Namespace) -> int:
    """Print a network's accuracy on the test images."""
    from helpers.classifier.classifier import Classifier
    from helpers.data.load import load_mnist

    classifier, digits = Classifier.load(options.model), load_mnist(options.source)
    answers = classifier.probabilities_of(digits.test.images).argmax(axis=1)
    result = {
        "network": classifier.network,
        "model": options.model,
        "data": digits.source,
        "origin": digits.origin,
        "images": len(answers),
        "correct": int((answers == digits.test.labels).sum()),
    }
    result["test_accuracy"] = result["correct"] / result["images"]
    _report(options, result, _lines(result))
    return 0


def predict(options: Namespace) -> int:
    """Read pictures; one that cannot be read does not keep the others from their answer."""

    results = _predict(options)
    if options.json:
        _report(options, results, "")
    return 1 if any("error" in result for result in results) else 0


def export(options: Namespace) -> int:
    """Write a network as an ONNX file."""

    result = _export(options)
    _report(options, result, _lines(result))
    return 0


def _report(options: Namespace, result: object, text: str) -> None:
    print(json.dumps(result, indent=2, ensure_ascii=False) if options.json else text)


def _lines(result: dict[str, object]) -> str:
    """The result as text, a line per entry; shares of one get four decimals."""
    shown = {name: f"{value:.4f}" if "accuracy" in name and value else value for name, value in result.items()}
    return "\n".join(f"{name.replace('_', ' '):15}{value}" for name, value in shown.items() if value is not None)


# MERGED predict_command: What `python -m helpers predict` does: read pictures and answer for each.

NOT_SURE = 0.5  # below this probability it says that it is not sure


def _predict(options: Namespace) -> list[dict[str, object]]:
    """One result for each of `options.images`, printed as text at once unless `options.json`.

    A picture that cannot be read costs a line on stderr, and does not keep the others from their answer; its result
    has the key "error".
    """

    from helpers.classifier.classifier import Classifier
    from helpers.drawing.photo import read_picture, to_mnist_from_image

    classifier = Classifier.load(options.model)
    results = []
    for path in options.images:
        try:
            image = to_mnist_from_image(read_picture(path))
            if not image.any():
                raise DigitsError(f"{path} shows no ink: give a picture of one digit on a plain background")
        except DigitsError as error:
            print(f"error: {error}", file=sys.stderr)
            results.append({"file": path, "error": str(error)})
            continue
        probabilities = classifier.probabilities(image)
        digit, probability = int(probabilities.argmax()), float(probabilities.max())
        results.append({"file": path, "digit": digit, "probability": probability, "sure": probability >= NOT_SURE})
        results[-1]["probabilities"] = probabilities.tolist()
        if not options.json:
            print(f"{path}: {digit}, probability {probability:.3f}{'' if probability >= NOT_SURE else ', not sure'}")
    return results


# MERGED by_hand_command: What `python -m helpers by-hand` does: load, train, measure on the test images.


def _by_hand(options: Namespace) -> dict[str, object]:
    """The result of training `options.network` by hand, for people and for JSON. Raises DigitsError as `train` does."""

    from helpers.by_hand import NETWORKS, accuracy, arrays, train
    from helpers.data.load import load_mat, load_mnist

    digits = load_mat(options.mat) if options.mat else load_mnist(options.source)
    start = time.monotonic()
    done = train(
        options.network,
        digits,
        epochs=options.epochs,
        batch_size=options.batch_size,
        rate=options.lr,
        scale=options.scale,
        devices=options.devices,
        seed=options.seed,
    )
    network = NETWORKS[options.network]
    return {
        "network": f"{options.network} by hand",
        "data": digits.source,
        "origin": digits.origin,
        "seed": options.seed,
        "devices": options.devices,
        "minutes": round((time.monotonic() - start) / 60, 2),
        "epochs": len(done.valid),
        "valid_accuracy": done.valid[-1],
        "test_accuracy": accuracy(network.forward, done.parameters, *arrays(digits.test, network.image)),
        "history": {"batches": done.batches, "valid": done.valid, "seconds": done.seconds},
    }


# MERGED export_command: What `python -m helpers export` does: load a network, write it as an ONNX file.


def _export(options: Namespace) -> dict[str, object]:
    """What was written to `options.to`, for people and for JSON. Raises DigitsError as `export_onnx` does."""

    from helpers.classifier.classifier import Classifier
    from helpers.classifier.onnx_export import INPUT, OUTPUT, export_onnx

    classifier = Classifier.load(options.model)
    export_onnx(classifier, options.to)
    return {
        "network": classifier.network,
        "model": options.model,
        "input": INPUT,
        "output": OUTPUT,
        "bytes": options.to.stat().st_size,
        "file": str(options.to),
    }


# MERGED interrupts: Ctrl-C that ends a training in good order, and is remembered.


@contextmanager
def noting_ctrl_c() -> Iterator[list[int]]:
    """Yield a list that Ctrl-C adds to: training ends in good order on it, but the exit code has to tell."""
    noted = []

    def note(number: int, frame: object) -> None:
        noted.append(number)
        raise KeyboardInterrupt

    before = signal.getsignal(signal.SIGINT)
    if before is signal.SIG_IGN:  # started in the background: stay deaf
        yield noted
        return
    signal.signal(signal.SIGINT, note)
    try:
        yield noted
    finally:
        signal.signal(signal.SIGINT, before)
