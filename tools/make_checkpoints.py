"""Train the parameters that ship in helpers/checkpoints/ on real MNIST, each with a card of how it was made.

    python tools/make_checkpoints.py [mlp] [lenet] [dropout-cnn] [canvas]
    python tools/make_checkpoints.py --measure [...]    trains nothing, brings the accuracies on the cards up to date

The notebooks train the MLP and LeNet by a plainer recipe, which a class can follow line by line. These runs are longer
and let the learning rate fall along a cosine (I. Loshchilov, F. Hutter: "SGDR", ICLR 2017), which is worth up to one
percentage point. "canvas" is the dropout CNN, trained with augmentation to read what is drawn, and after
that also on what helpers.handwriting writes: digits in forms that MNIST lacks, and drawings that are no digits. The
last epoch is the one that ships; neither it nor the seed was chosen by its accuracy on the test images. The mix of
images for canvas was chosen on MNIST's validation images and UJI's pen digits; UNIPEN's are for the report alone.
"""

import argparse
import hashlib
import json
import logging
import time
from dataclasses import dataclass, replace

import letters
import numpy as np
from pen_strokes import ABOUT, VARIABLES, draw_on_pad, pen_strokes_path, read_pen_strokes
from scipy.stats import binomtest

from helpers.base.files import atomic_write
from helpers.classifier import SURE, Classifier, checkpoint_path
from helpers.data import Digits, Split, load_mnist
from helpers.drawing import augment
from helpers.handwriting import draw_doodles, write_digits
from helpers.networks import NETWORKS, faster, read_params, write_params
from helpers.training import RECIPES, LazyAccuracy, Progress, device

import mxnet as mx

SEED = 1
BATCH_SIZE = 100
PEN_KEYS = {"unipen": "pen_strokes", "uji": "uji_strokes"}  # what the pen digits are called on a card


@dataclass(frozen=True)
class Written:
    """What a network learns after MNIST alone: MNIST and what `helpers.handwriting` writes, for some more epochs.

    `digits` come in the forms of `helpers.handwriting.FORMS`; `doodles` are no digits. About the share `augmented` of
    all images is distorted, each time anew. `weight` is that of the parameters in the mean with others.
    """

    epochs: int
    learning_rate: float
    digits: int
    doodles: int
    augmented: float
    weight: int


@dataclass(frozen=True)
class Run:
    """How a shipped network is trained: MXNet's name of the optimizer and its settings.

    `augmented` is the share of each batch's images that are distorted, each time anew. With several of `written` the
    network goes on in each of these ways, and the weighted mean of the parameters that they lead to is kept.
    """

    network: str
    optimizer: str
    epochs: int
    settings: dict[str, float]
    augmented: float = 0.0
    written: tuple[Written, ...] = ()


RUNS = {
    "mlp": Run("mlp", "sgd", 20, {"learning_rate": 0.1, "momentum": 0.9, "wd": 1e-4}),
    "lenet": Run("lenet", "sgd", 15, {"learning_rate": 0.05, "momentum": 0.9, "wd": 1e-4}),
    "dropout-cnn": Run("dropout-cnn", "adam", 15, {"learning_rate": 0.001}),
    "canvas": Run(
        "dropout-cnn",
        "adam",
        15,
        {"learning_rate": 0.001},
        augmented=0.75,
        written=(
            Written(epochs=5, learning_rate=4e-4, digits=25_000, doodles=6_000, augmented=0.5, weight=2),
            Written(epochs=4, learning_rate=3e-4, digits=20_000, doodles=9_000, augmented=0.75, weight=1),
        ),
    ),
}


class Batches(mx.io.NDArrayIter):
    """Shuffled batches of images, of which about the share `augmented` is distorted, with their targets.

    `fit` asks for a batch while the devices still compute the one before, so the distortions cost little time.
    """

    def __init__(self, images: np.ndarray, targets: np.ndarray, augmented: float):
        self.augmented = augmented
        self.rng = np.random.default_rng(SEED)
        super().__init__(images, targets, BATCH_SIZE, shuffle=True)

    def next(self) -> mx.io.DataBatch:
        batch = super().next()
        if self.augmented:
            images = batch.data[0].asnumpy()
            chosen = self.rng.random(len(images)) < self.augmented
            images[chosen] = augment(images[chosen], self.rng)
            batch.data = [mx.nd.array(images)]
        return batch


class Accuracy(LazyAccuracy):
    """`eval_metric="acc"` for targets that are probabilities, too: right is the likeliest of them."""

    def update(self, labels: list[mx.nd.NDArray], preds: list[mx.nd.NDArray]) -> None:
        super().update([label.argmax(axis=1) if label.ndim == 2 else label for label in labels], preds)


def train(name: str, digits: Digits) -> dict[str, mx.nd.NDArray]:
    """Train the network of that name as its run above says, and return its parameters."""
    run = RUNS[name]
    params = fit(run, Batches(digits.train.images, digits.train.labels, run.augmented), run.epochs)
    if not run.written:
        return params
    ends = [train_on_written(run, written, digits.train, params) for written in run.written]
    # The mean of networks with a common past is as good as any of them, or better (M. Wortsman et al.: "Model soups",
    # ICML 2022). Here one of them reads digits better, and the other turns more letters away.
    weights = [written.weight for written in run.written]
    total = sum(weights)
    return {key: sum(w * end[key] for w, end in zip(weights, ends, strict=True)) / total for key in params}


def train_on_written(
    run: Run, written: Written, train: Split, params: dict[str, mx.nd.NDArray]
) -> dict[str, mx.nd.NDArray]:
    """Train `params` on MNIST and on what `helpers.handwriting` writes; a target is a probability for every digit.

    `SoftmaxOutput` takes such targets in place of labels. Of a doodle each of the ten digits is as likely as the
    others, so the network learns to be sure of none.
    """
    rng = np.random.default_rng(SEED)
    images, labels = write_digits(written.digits, rng)
    images = np.concatenate([train.images, images, draw_doodles(written.doodles, rng)])
    targets = np.full((len(images), 10), 0.1, np.float32)
    labels = np.concatenate([train.labels, labels])
    targets[: len(labels)] = np.eye(10)[labels]
    batches = Batches(images, targets, written.augmented)
    settings = run.settings | {"learning_rate": written.learning_rate}
    return fit(replace(run, settings=settings), batches, written.epochs, params)


def fit(run: Run, batches: Batches, epochs: int, params: dict[str, mx.nd.NDArray] | None = None):
    """Train on all batches for so many epochs, from `params` on or from the start, and return the parameters."""
    steps = -(-batches.num_data // BATCH_SIZE)
    rate = run.settings["learning_rate"]
    schedule = mx.lr_scheduler.CosineScheduler(max_update=steps * epochs, base_lr=rate, final_lr=rate / 100)
    np.random.seed(SEED)
    mx.random.seed(SEED)
    symbol = faster(NETWORKS[run.network]())
    module = mx.mod.Module(symbol, context=device(), logger=logging.getLogger(__name__))
    module.fit(
        batches,
        num_epoch=epochs,
        optimizer=run.optimizer,
        optimizer_params=run.settings | {"lr_scheduler": schedule},
        initializer=RECIPES[run.network].initializer,
        arg_params=params,
        eval_metric=Accuracy(),
        batch_end_callback=Progress(steps, epochs),
    )
    return module.get_params()[0]


def origin(name: str, digits: Digits, minutes: float) -> dict:
    """The part of a card that says how the parameters were made."""
    run = RUNS[name]
    card = {
        "network": run.network,
        "data": f"MNIST, the first {len(digits.train.images):,} of the 60,000 training images",
        "command": f"python tools/make_checkpoints.py {name}",
        "seed": SEED,
        "epochs": run.epochs,
        "batch_size": BATCH_SIZE,
        "optimizer": run.optimizer,
        "settings": run.settings | {"schedule": "cosine to 1 % of the learning rate"},
    }
    if run.augmented:
        card["augmentation"] = f"helpers.drawing.augment on {run.augmented:.0%} of each batch, always anew"
    if run.written:
        card["written"] = [vars(written) for written in run.written]
        card["written_by"] = "helpers.handwriting, after the epochs above and beside MNIST; the mean of the parameters"
    return card | {"minutes": round(minutes, 1)}


def measure(name: str, test: Split, pens: dict[str, Split]) -> dict:
    """The part of a card that says how the parameters score; of pen strokes that are not here it says nothing.

    "..._unsure" is the share of the pen digits of which the pad says that it is not sure.
    """
    params = read_params(checkpoint_path(name))  # Classifier.load would hold them against the card that is to change
    classifier = Classifier(RUNS[name].network, {key.removeprefix("arg:"): array for key, array in params.items()})

    def accuracy(split: Split) -> float:
        answers = classifier.probabilities_of(split.images).argmax(axis=1)
        return round(float((answers == split.labels).mean()), 4)

    def share(images: np.ndarray, above: float) -> float:
        return round(float((classifier.probabilities_of(images).max(axis=1) > above).mean()), 4)

    found = {"test_accuracy": accuracy(test)}
    for source, split in pens.items():
        key = PEN_KEYS[source]
        unsure = round(1 - share(split.images, SURE), 4)
        found |= {f"{key}_accuracy": accuracy(split), f"{key}_unsure": unsure, key: ABOUT[source]}
    found |= {"letters_sure": share(letters.hershey_letters(), letters.SURE), "letters": letters.ABOUT}
    return found | {"sha256": hashlib.sha256(checkpoint_path(name).read_bytes()).hexdigest()}


def interval(share: float, of: int) -> str:
    """A share, which a card has rounded, with its count and the 95 % interval of Wilson (1927)."""
    count = round(share * of)
    low, high = binomtest(count, of).proportion_ci(method="wilson")
    return f"{count:5} of {of:6,} = {count / of:.4f} ({low:.4f} to {high:.4f})"


def summary(name: str, card: dict) -> str:
    """What a card says of the network, one measurement a line."""
    kinds = {"MNIST's test images": ("test_accuracy", 10_000)}
    for key, text in {"pen_strokes": "pen digits, UNIPEN", "uji_strokes": "pen digits, UJI"}.items():
        kinds |= {text: (f"{key}_accuracy", 600), f"{text}, not sure": (f"{key}_unsure", 600)}
    kinds["letters, surely a digit"] = ("letters_sure", 104)
    lines = [f"  {text:30} {interval(card[key], of)}" for text, (key, of) in kinds.items() if key in card]
    return "\n".join([f"{name}, {card['minutes']} minutes", *lines])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"any of {', '.join(RUNS)}; all of them by default")
    parser.add_argument("--measure", action="store_true", help="train nothing, only measure anew what there is")
    options = parser.parse_args()
    for name in options.names:
        if name not in RUNS:
            parser.error(f'there is no network "{name}": choose {", ".join(RUNS)}')
    digits = load_mnist("mnist")
    pens = {}
    for source, variable in VARIABLES.items():
        path = pen_strokes_path(source)
        if path.exists():
            pens[source] = draw_on_pad(read_pen_strokes(source))
        else:
            print(f"Notice: no pen strokes at {path}, so nothing new about them; {variable} names their file.")
    for name in options.names or RUNS:
        path = checkpoint_path(name)
        card_path = path.with_suffix(".json")
        if options.measure:
            card = json.loads(card_path.read_text(encoding="utf-8"))
        else:
            start = time.perf_counter()
            params = train(name, digits)
            card = origin(name, digits, (time.perf_counter() - start) / 60)
            write_params(path, {f"arg:{key}": array.asnumpy() for key, array in params.items()})
        found = measure(name, digits.test, pens)
        card = {key: value for key, value in card.items() if key not in found} | found
        with atomic_write(card_path) as partial:
            partial.write_text(json.dumps(card, indent=2) + "\n", encoding="utf-8")
        print(summary(name, card))


if __name__ == "__main__":
    main()
