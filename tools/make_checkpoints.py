"""Train the parameters that ship in helpers/checkpoints/ on real MNIST, each with a card of how it was made.

    python tools/make_checkpoints.py [mlp] [lenet] [dropout-cnn] [canvas]
    python tools/make_checkpoints.py --measure [...]    trains nothing, brings the accuracies on the cards up to date

The notebooks train the MLP and LeNet by a plainer recipe, which a class can follow line by line. These runs are longer
and let the learning rate fall along a cosine (I. Loshchilov, F. Hutter: "SGDR", ICLR 2017), which is worth up to one
percentage point. "canvas" is the dropout CNN, trained with augmentation to read what is drawn. The last epoch is the
one that ships: neither it nor the seed was chosen by its accuracy on the test images or the pen strokes.
"""

import argparse
import hashlib
import json
import logging
import time
from dataclasses import dataclass

import numpy as np
from pen_strokes import ABOUT, draw_on_pad, pen_strokes_path, read_pen_strokes

from helpers.base.files import atomic_write
from helpers.classifier import Classifier, checkpoint_path
from helpers.data import Digits, Split, load_mnist
from helpers.drawing import augment
from helpers.networks import NETWORKS, read_params, write_params
from helpers.training import RECIPES, Progress, device

import mxnet as mx

SEED = 1
BATCH_SIZE = 100


@dataclass(frozen=True)
class Run:
    """How a shipped network is trained: MXNet's name of the optimizer and its settings.

    `augmented` is the share of each batch's images that are distorted, each time anew.
    """

    network: str
    optimizer: str
    epochs: int
    settings: dict[str, float]
    augmented: float = 0.0


RUNS = {
    "mlp": Run("mlp", "sgd", 20, {"learning_rate": 0.1, "momentum": 0.9, "wd": 1e-4}),
    "lenet": Run("lenet", "sgd", 15, {"learning_rate": 0.05, "momentum": 0.9, "wd": 1e-4}),
    "dropout-cnn": Run("dropout-cnn", "adam", 15, {"learning_rate": 0.001}),
    "canvas": Run("dropout-cnn", "adam", 15, {"learning_rate": 0.001}, augmented=0.75),
}


class Batches(mx.io.NDArrayIter):
    """Shuffled batches of `split`, of which about the share `augmented` is distorted.

    `fit` asks for a batch while the devices still compute the one before, so the distortions cost little time.
    """

    def __init__(self, split: Split, augmented: float):
        self.augmented = augmented
        self.rng = np.random.default_rng(SEED)
        super().__init__(split.images, split.labels, BATCH_SIZE, shuffle=True)

    def next(self) -> mx.io.DataBatch:
        batch = super().next()
        if self.augmented:
            images = batch.data[0].asnumpy()
            chosen = self.rng.random(len(images)) < self.augmented
            images[chosen] = augment(images[chosen], self.rng)
            batch.data = [mx.nd.array(images)]
        return batch


def train(name: str, digits: Digits) -> mx.mod.Module:
    """Train the network of that name as its run above says."""
    run = RUNS[name]
    batches = -(-len(digits.train.images) // BATCH_SIZE)
    rate = run.settings["learning_rate"]
    schedule = mx.lr_scheduler.CosineScheduler(max_update=batches * run.epochs, base_lr=rate, final_lr=rate / 100)
    np.random.seed(SEED)
    mx.random.seed(SEED)
    module = mx.mod.Module(NETWORKS[run.network](), context=device(), logger=logging.getLogger(__name__))
    module.fit(
        Batches(digits.train, run.augmented),
        num_epoch=run.epochs,
        optimizer=run.optimizer,
        optimizer_params=run.settings | {"lr_scheduler": schedule},
        initializer=RECIPES[run.network].initializer,
        batch_end_callback=Progress(batches, run.epochs),
    )
    return module


def origin(name: str, digits: Digits, minutes: float) -> dict:
    """The part of a card that says how the parameters were made."""
    run = RUNS[name]
    augmented = {"augmentation": f"helpers.drawing.augment on {run.augmented:.0%} of each batch, always anew"}
    return {
        "network": run.network,
        "data": f"MNIST, the first {len(digits.train.images):,} of the 60,000 training images",
        "command": f"python tools/make_checkpoints.py {name}",
        "seed": SEED,
        "epochs": run.epochs,
        "batch_size": BATCH_SIZE,
        "optimizer": run.optimizer,
        "settings": run.settings | {"schedule": "cosine to 1 % of the learning rate"},
        **(augmented if run.augmented else {}),
        "minutes": round(minutes, 1),
    }


def measure(name: str, test: Split, pen: Split | None) -> dict:
    """The part of a card that says how the parameters score; without the pen strokes it says nothing about them."""
    params = read_params(checkpoint_path(name))  # Classifier.load would hold them against the card that is to change
    classifier = Classifier(RUNS[name].network, {key.removeprefix("arg:"): array for key, array in params.items()})

    def accuracy(split: Split) -> float:
        answers = classifier.probabilities_of(split.images).argmax(axis=1)
        return round(float((answers == split.labels).mean()), 4)

    of_pen = {"pen_strokes_accuracy": accuracy(pen), "pen_strokes": ABOUT} if pen else {}
    sha256 = hashlib.sha256(checkpoint_path(name).read_bytes()).hexdigest()
    return {"test_accuracy": accuracy(test), **of_pen, "sha256": sha256}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"any of {', '.join(RUNS)}; all of them by default")
    parser.add_argument("--measure", action="store_true", help="train nothing, only measure anew what there is")
    options = parser.parse_args()
    for name in options.names:
        if name not in RUNS:
            parser.error(f'there is no network "{name}": choose {", ".join(RUNS)}')
    digits = load_mnist("mnist")
    pen = draw_on_pad(read_pen_strokes()) if pen_strokes_path().exists() else None
    if pen is None:
        print(
            f"Notice: no pen strokes at {pen_strokes_path()}, so nothing new about them; PEN_STROKES names their file."
        )
    for name in options.names or RUNS:
        path = checkpoint_path(name)
        card_path = path.with_suffix(".json")
        if options.measure:
            card = json.loads(card_path.read_text(encoding="utf-8"))
        else:
            start = time.perf_counter()
            module = train(name, digits)
            card = origin(name, digits, (time.perf_counter() - start) / 60)
            write_params(path, {f"arg:{key}": array.asnumpy() for key, array in module.get_params()[0].items()})
        found = measure(name, digits.test, pen)
        card = {key: value for key, value in card.items() if key not in found} | found
        with atomic_write(card_path) as partial:
            partial.write_text(json.dumps(card, indent=2) + "\n", encoding="utf-8")
        print(
            f"{name}: test accuracy {card['test_accuracy']:.4f}, on the pen strokes "
            f"{card.get('pen_strokes_accuracy', 'unknown')}, {card['minutes']} minutes, {path.name}"
        )


if __name__ == "__main__":
    main()
