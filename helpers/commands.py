"""What each command of `python -m helpers` does; the arguments and the exit codes are in `__main__.py`.

Every command takes the parsed options, prints its result on stdout, as text or as one JSON document, and returns its
exit code. The imports are inside, so that one command does not pay, or fail, for what another needs.
"""

import json
import time
from argparse import Namespace
from pathlib import Path

from helpers.files import check_writable, checkpoint_beside
from helpers.interrupts import noting_ctrl_c


def check(options: Namespace) -> int:
    """Print what this machine has and lacks."""
    from helpers.check import inspect, table

    lines = inspect()
    fine = not any(line.problem for line in lines)
    _report(options, {"fine": fine, "lines": [vars(line) for line in lines]}, table(lines))
    return 0 if fine else 1


def data(options: Namespace) -> int:
    """Load the data and print which they are."""
    from helpers.data import load_mnist

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
    from helpers.threads import set_threads

    if options.network == "mlp":
        set_threads(1)  # its layers are so small that a second thread costs more than it brings

    from helpers.data import load_mnist
    from helpers.distributed import place_of
    from helpers.evaluation import accuracy
    from helpers.resume import read_checkpoint
    from helpers.training import device, train

    context = None if options.device == "auto" else device(options.device)
    place = place_of(options.kvstore)
    before = read_checkpoint(checkpoint_beside(out), place) if options.resume else None
    digits, start = load_mnist(options.source), time.monotonic()
    with noting_ctrl_c() as interrupts:
        module, history = train(
            options.network,
            digits,
            epochs=options.epochs,
            batch_size=options.batch_size,
            learning_rate=options.lr,
            seed=options.seed,
            context=context,
            path=out,  # saved after each better epoch, so that even a killed process leaves the best one
            checkpoint=checkpoint_beside(out),
            start=before,
            place=place,
        )
    if not place.first:
        return 0
    result = {
        "network": options.network,
        "data": digits.source,
        "origin": digits.origin,
        "kvstore": place.kind,
        "workers": place.workers,
        "seed": options.seed or (before.settings.seed if before else 0),
        "minutes": round((time.monotonic() - start) / 60, 2),
        "epochs": len(history.valid),
        "best_epoch": history.valid.index(max(history.valid)) + 1,
        "valid_accuracy": max(history.valid),
        "test_accuracy": None if interrupts else accuracy(module, digits.test),
        "host": place.host,
        "file": str(out),
    }
    _report(options, result | {"history": history.to_dict()}, _lines(result))
    return 130 if interrupts else 0


def launch(options: Namespace) -> int:
    """Train with several processes."""
    from helpers.launch_command import run

    run(options)
    return 0


def by_hand(options: Namespace) -> int:
    """Train a network that is written by hand."""
    from helpers.threads import cores, set_threads

    set_threads(max(1, cores() // options.devices))
    from helpers.by_hand_command import run

    result = run(options)
    _report(options, result, _lines({name: value for name, value in result.items() if name != "history"}))
    return 0


def evaluate(options: Namespace) -> int:
    """Print a network's accuracy on the test images."""
    from helpers.classifier import Classifier
    from helpers.data import load_mnist

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
    from helpers.predict_command import run

    results = run(options)
    if options.json:
        _report(options, results, "")
    return 1 if any("error" in result for result in results) else 0


def export(options: Namespace) -> int:
    """Write a network as an ONNX file."""
    from helpers.export_command import run

    result = run(options)
    _report(options, result, _lines(result))
    return 0


def _report(options: Namespace, result: object, text: str) -> None:
    print(json.dumps(result, indent=2, ensure_ascii=False) if options.json else text)


def _lines(result: dict[str, object]) -> str:
    """The result as text, a line per entry; shares of one get four decimals."""
    shown = {name: f"{value:.4f}" if "accuracy" in name and value else value for name, value in result.items()}
    return "\n".join(f"{name.replace('_', ' '):15}{value}" for name, value in shown.items() if value is not None)
