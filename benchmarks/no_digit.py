"""Ways to tell that a drawing is no digit: how many letters and how many pen digits each turns away.

    .venv/bin/python benchmarks/no_digit.py

Each way gives an image a number, and turns it away below a threshold: the highest at which it turns away at most one of
UJI's 600 pen digits, as Wilson's interval of 1 in 600 ends just below 1 %. UNIPEN's digits and the letters then tell
how good it is. All ways begin with the network for drawings, which has learnt to be unsure of doodles. Needs MNIST and
both sets of pen strokes; writes its table into benchmarks/README.md, or with --print prints it. Takes a minute or two.
"""

import argparse
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from photos import ROOT  # first: it lets Python find what lies in tools/

import letters  # isort: skip
from pen_strokes import VARIABLES, draw_on_pad, read_pen_strokes  # isort: skip
from report import between_marks
from sklearn.linear_model import LogisticRegression

from helpers.base.files import atomic_write
from helpers.classifier import SURE, Classifier, load_params
from helpers.data import load_mnist
from helpers.handwriting import draw_doodles, write_digits
from helpers.networks import NETWORKS

import mxnet as mx

ALLOWED = 1  # of UJI's digits that a way may turn away

TEMPERATURES = np.arange(0.5, 3, 0.05)

LEARNT = 20_000, 10_000, 8_000  # MNIST's images, written digits and doodles, for class means and an eleventh class

SEED = 1

Arrays = dict[str, np.ndarray]  # by set: "uji", "unipen", "letters"


class Way(NamedTuple):
    """What a way makes of the images: a certainty for each (N,), and the probabilities (N, 10) of its answers."""

    name: str
    certainty: Arrays
    probabilities: Arrays
    threshold: float | None = None  # a fixed one, where UJI does not choose it


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--print", action="store_true", help="write no files")
    options = parser.parse_args()
    pens = {source: draw_on_pad(read_pen_strokes(source)) for source in VARIABLES}
    images = {source: split.images for source, split in pens.items()} | {"letters": letters.hershey_letters()}
    labels = {source: split.labels for source, split in pens.items()}
    lines = [
        "| way | threshold | UJI, turned away | UNIPEN, turned away | UNIPEN, wrong | letters, turned away "
        f"| letters, {letters.SURE} or more |",
        "| --- " * 7 + "|",
        *(row(way, labels) for way in ways(images, labels["uji"])),
    ]
    table = "\n".join(lines) + "\n"
    if options.print:
        print(table)
        return
    readme = ROOT / "benchmarks" / "README.md"
    text = between_marks(readme.read_text(encoding="utf-8"), "ways", table)
    with atomic_write(readme) as temporary:
        temporary.write_text(text, encoding="utf-8")


def row(way: Way, labels: Arrays) -> str:
    """A line of the table: what becomes of the digits, and of the letters."""
    threshold = np.sort(way.certainty["uji"])[ALLOWED] if way.threshold is None else way.threshold
    answered = {name: certainty >= threshold for name, certainty in way.certainty.items()}
    away = {name: int((~given).sum()) for name, given in answered.items()}
    wrong = answered["unipen"] & (way.probabilities["unipen"].argmax(axis=1) != labels["unipen"])
    sure = answered["letters"] & (way.probabilities["letters"].max(axis=1) > letters.SURE)
    counts = f"{away['uji']} | {away['unipen']} | {wrong.sum()} | {away['letters']} | {sure.sum()}"
    return f"| {way.name} | {threshold:.2f} | {counts} |"


def ways(images: Arrays, labels: np.ndarray) -> Iterator[Way]:
    """The ways, the simplest first; labels: those of UJI."""
    arg_params, _ = load_params("canvas")
    weight, bias = (arg_params[f"logits_{part}"].asnumpy() for part in ("weight", "bias"))
    hidden = {name: last_hidden(arg_params, each) for name, each in images.items()}
    logits = {name: each @ weight.T + bias for name, each in hidden.items()}
    plain = {name: softmax(each) for name, each in logits.items()}
    highest = {name: each.max(axis=1) for name, each in plain.items()}
    yield Way("probability, as shipped", highest, plain, SURE)
    yield Way("probability", highest, plain)

    surprise = [-np.log(softmax(logits["uji"] / t)[np.arange(len(labels)), labels]).mean() for t in TEMPERATURES]
    best = TEMPERATURES[np.argmin(surprise)]
    warm = {name: softmax(each / best) for name, each in logits.items()}
    yield Way(f"temperature {best:.2f}", {name: each.max(axis=1) for name, each in warm.items()}, warm)

    other = {name: Classifier.load("dropout-cnn").probabilities_of(each) for name, each in images.items()}
    agree = {name: (plain[name].argmax(axis=1) == other[name].argmax(axis=1)).astype(float) for name in plain}
    yield Way("two networks, the same answer", agree, plain, 1.0)
    yield Way("two networks, agreement", {name: (plain[name] * other[name]).sum(axis=1) for name in plain}, plain)

    mnist = load_mnist("mnist").train
    rng = np.random.default_rng(SEED)
    count, written, doodles = LEARNT
    digits, written_labels = write_digits(written, rng)
    shown = np.concatenate([mnist.images[:count], digits, draw_doodles(doodles, rng)])
    learnt = last_hidden(arg_params, shown)
    classes = np.concatenate([mnist.labels[:count], written_labels, np.full(doodles, 10)])
    means = unit(np.stack([learnt[:count][classes[:count] == digit].mean(axis=0) for digit in range(10)]))
    nearness = {name: (unit(each) @ means.T).max(axis=1) for name, each in hidden.items()}
    yield Way("angle to a class mean, as its cosine", nearness, plain)

    last_layer = LogisticRegression(C=0.01, max_iter=60).fit(learnt, classes)
    eleven = {name: last_layer.predict_proba(each) for name, each in hidden.items()}
    ten = {name: each[:, :10] for name, each in eleven.items()}
    yield Way("an eleventh class", {name: 1 - each[:, 10] for name, each in eleven.items()}, ten)


def last_hidden(arg_params: dict[str, mx.nd.NDArray], images: np.ndarray, size: int = 500) -> np.ndarray:
    """What the last hidden layer of the network for drawings answers, (N, 625), for images (N, 1, 28, 28)."""
    symbol = NETWORKS["dropout-cnn"]().get_internals()["relu4_output"]
    executor = symbol.simple_bind(mx.cpu(), data=(size, 1, 28, 28), grad_req="null")
    executor.copy_params_from(arg_params, allow_extra_params=True)
    padded = np.concatenate([images, np.zeros((-len(images) % size, 1, 28, 28), np.float32)])
    batches = np.split(padded, len(padded) // size)
    answers = [executor.forward(is_train=False, data=mx.nd.array(batch))[0].asnumpy() for batch in batches]
    return np.concatenate(answers)[: len(images)]


def softmax(logits: np.ndarray) -> np.ndarray:
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def unit(vectors: np.ndarray) -> np.ndarray:
    """Vectors (N, D) scaled to length 1."""
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


if __name__ == "__main__":
    main()
