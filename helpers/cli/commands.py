"""What each command of `python -m helpers` does: one function for each, of the command's name.

A command takes the options that helpers.cli.parser has read, prints its result on stdout, as text or as one JSON
document, and returns its exit code; helpers.cli.main says what the codes mean. The imports are inside the functions, so
that one command does not pay, or fail, for what another needs.

Chapters 7 to 9.
"""

import json
import signal
import sys
import time
from argparse import Namespace
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from helpers.base.errors import DigitsError, printable
from helpers.base.files import check_writable, checkpoint_beside
from helpers.cli.streams import without_c

if TYPE_CHECKING:
    import numpy as np

NOT_SURE = ", not sure: this may be no digit"


def check(options: Namespace) -> int:
    """Print what this machine has and lacks."""
    from helpers.cli.check import inspect, table

    lines = inspect()
    fine = not any(line.problem for line in lines)
    _report(options, {"fine": fine, "lines": [vars(line) for line in lines]}, table(lines))
    return 0 if fine else 1


def data(options: Namespace) -> int:
    """Load the data and print where they come from, how many they are and how they begin."""
    from helpers.data.load import load_mnist

    digits = load_mnist(options.source)
    parts = {name: getattr(digits, name) for name in ("train", "valid", "test")}
    result = {"data": digits.source, "origin": digits.origin}
    result |= {name: {"images": len(part), "first_labels": part.labels[:10].tolist()} for name, part in parts.items()}
    text = [printable(digits.origin)]
    for name, part in parts.items():
        text.append(f"{name:5}  {len(part):6,} images, the first: {' '.join(map(str, part.labels[:10]))}")
    _report(options, result, "\n".join(text))
    return 0


def train(options: Namespace) -> int:
    """Train a network and save its best epoch."""
    out = options.out or Path(f"{options.network}.params")
    check_writable(out)  # before the minutes of training, not after
    from helpers.data.load import load_mnist
    from helpers.distributed.worker import place_of
    from helpers.training.checkpoint import read_checkpoint
    from helpers.training.evaluation import accuracy
    from helpers.training.fit import Job, train
    from helpers.training.recipes import Settings

    import mxnet as mx

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
        device=options.device,
        context=[mx.cpu(i) for i in range(options.devices)] if options.devices else None,
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
        "moved": place.moved,
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
    from helpers.cli.launch import launch_training

    launch_training(options)
    return 0


def by_hand(options: Namespace) -> int:
    """Train a network that is written by hand."""
    from helpers.by_hand import HANDMADE_NETWORKS, inputs_and_targets, share_right, train_by_hand
    from helpers.data.load import load_mat, load_mnist

    digits = load_mat(options.mat) if options.mat else load_mnist(options.source)
    start = time.monotonic()
    outcome = train_by_hand(
        options.network,
        digits,
        epochs=options.epochs,
        batch_size=options.batch_size,
        rate=options.lr,
        scale=options.scale,
        devices=options.devices,
        device=options.device,
        seed=options.seed,
    )
    network = HANDMADE_NETWORKS[options.network]
    home = outcome.parameters[0].context
    test = [array.as_in_context(home) for array in inputs_and_targets(digits.test, network.image)]
    result = {
        "network": f"{options.network} by hand",
        "data": digits.source,
        "origin": digits.origin,
        "seed": options.seed,
        "devices": options.devices,
        "minutes": round((time.monotonic() - start) / 60, 2),
        "epochs": len(outcome.of_valid),
        "valid_accuracy": outcome.of_valid[-1],
        "test_accuracy": share_right(network.forward, outcome.parameters, *test),
    }
    history = {"batches": outcome.of_batches, "valid": outcome.of_valid, "seconds": outcome.seconds}
    _report(options, result | {"history": history}, _lines(result))
    return 0


def evaluate(options: Namespace) -> int:
    """Print a network's accuracy on the test images."""
    from helpers.classifier.classifier import Classifier
    from helpers.data.load import load_mnist

    classifier = Classifier.load(options.model)
    digits = load_mnist(options.source)
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
    """Print the digit in each picture, with --all every digit, from left to right.

    A picture that cannot be read costs a line on stderr, and the others get an answer.
    """
    from helpers.classifier.classifier import Classifier
    from helpers.drawing.photo import to_mnist_of_each
    from helpers.drawing.picture import read_picture

    classifier = Classifier.load(options.model)
    results = []
    for path in options.images:
        try:
            with without_c():
                picture = read_picture(path)
            images = _images(to_mnist_of_each, picture, path)
            if len(images) > 1 and not options.all:
                fix = "--all reads each of them"
                raise DigitsError(f"expected one digit in {path}, got {len(images)} of them: {fix}")
        except DigitsError as error:
            print(f"error: {printable(str(error))}", file=sys.stderr)
            results.append({"file": path, "error": str(error)})
            continue
        answers = [_answer(classifier.probabilities(image)) for image in images]
        result = {"file": path} | (_number(answers) if options.all else answers[0])
        results.append(result)
        if not options.json:
            print(f"{printable(path)}: {_in_words(answers) if options.all else _in_a_word(result)}")
    if options.json:
        _report(options, results, "")
    return 1 if any("error" in result for result in results) else 0


def _images(to_images: Callable, picture: "np.ndarray", path: str) -> "np.ndarray":
    """The digits of a picture as MNIST would hold them; the error names the file."""
    try:
        return to_images(picture)
    except DigitsError as error:
        raise DigitsError(str(error).replace("expected a picture of a digit", f"expected a digit in {path}")) from error


def _answer(probabilities: "np.ndarray") -> dict[str, object]:
    """What `predict` says of one digit."""
    from helpers.classifier.classifier import SURE

    best = int(probabilities.argmax())
    probability = float(probabilities[best])
    sure = probability >= SURE
    return {"digit": best, "probability": probability, "sure": sure, "probabilities": probabilities.tolist()}


def _number(answers: list[dict]) -> dict[str, object]:
    """What `predict --all` says of the digits of a picture."""
    return {"number": _read(answers), "sure": all(answer["sure"] for answer in answers), "digits": answers}


def _read(answers: list[dict]) -> str:
    return "".join(str(answer["digit"]) for answer in answers)


def _in_a_word(answer: dict) -> str:
    return f"{answer['digit']}, probability {answer['probability']:.3f}{'' if answer['sure'] else NOT_SURE}"


def _in_words(answers: list[dict]) -> str:
    each = ", ".join(f"{answer['digit']} {answer['probability']:.2f}" for answer in answers)
    doubt = "" if all(answer["sure"] for answer in answers) else NOT_SURE
    return f"{_read(answers)}: {each}{doubt}"


def export(options: Namespace) -> int:
    """Write a network as an ONNX file."""
    from helpers.base.packages import fetch_onnx
    from helpers.classifier.classifier import Classifier
    from helpers.classifier.onnx_export import INPUT, OUTPUT, check_target, export_onnx

    classifier = Classifier.load(options.model)
    check_target(options.to)
    fetch_onnx()
    export_onnx(classifier, options.to)
    result = {
        "network": classifier.network,
        "model": options.model,
        "input": INPUT,
        "output": OUTPUT,
        "bytes": options.to.stat().st_size,
        "file": str(options.to),
    }
    _report(options, result, _lines(result))
    return 0


def _report(options: Namespace, result: object, text: str) -> None:
    """Print the result as one JSON document where --json asks for it, else the text."""
    if options.json:
        text = json.dumps(result, indent=2, ensure_ascii=False)
        try:
            text.encode(sys.stdout.encoding or "ascii")
        except UnicodeEncodeError:  # JSON has its own way to spell the letters that stdout lacks
            text = json.dumps(result, indent=2)
    print(text)


def _lines(result: dict[str, object]) -> str:
    """The result as text, a line for each entry that has a value; accuracies get four decimals."""
    lines = []
    for name, value in result.items():
        if value is None:
            continue
        shown = f"{value:.4f}" if "accuracy" in name and value else printable(str(value))
        lines.append(f"{name.replace('_', ' '):15}{shown}")
    return "\n".join(lines)


@contextmanager
def noting_ctrl_c() -> Iterator[list[int]]:
    """Yield a list that each Ctrl-C adds to.

    On Ctrl-C training ends in good order and returns as usual, but the exit code has to tell that it was interrupted.
    """
    noted = []

    def note(number: int, frame: object) -> None:
        noted.append(number)
        raise KeyboardInterrupt

    before = signal.getsignal(signal.SIGINT)
    if before is signal.SIG_IGN:  # started in the background, where Ctrl-C is not meant for it
        yield noted
        return
    signal.signal(signal.SIGINT, note)
    try:
        yield noted
    finally:
        signal.signal(signal.SIGINT, before)
