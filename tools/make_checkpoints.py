"""Train the parameters that ship in helpers/checkpoints/ on real MNIST, each with a card of how it was made.

    python tools/make_checkpoints.py [mlp] [lenet] [dropout-cnn]

The notebooks train the MLP and LeNet by a plainer recipe, which a class can follow line by line. These runs are longer
and let the learning rate fall along a cosine (I. Loshchilov, F. Hutter: "SGDR", ICLR 2017), which is worth up to one
percentage point. The last epoch is the one that ships: neither it nor the seed was chosen by its accuracy on the test
images.
"""

import argparse
import hashlib
import json
import logging
import time
from pathlib import Path

import numpy as np

from helpers import evaluation, training
from helpers.callbacks import Progress
from helpers.data import Digits, iterator, load_mnist
from helpers.files import atomic_write
from helpers.networks import NETWORKS
from helpers.params import write_params

import mxnet as mx

FOLDER = Path(__file__).parent.parent / "helpers" / "checkpoints"
SEED = 1
BATCH_SIZE = 100
RECIPES = {
    "mlp": ("sgd", 20, {"learning_rate": 0.1, "momentum": 0.9, "wd": 1e-4}),
    "lenet": ("sgd", 15, {"learning_rate": 0.05, "momentum": 0.9, "wd": 1e-4}),
    "dropout-cnn": ("adam", 15, {"learning_rate": 0.001}),
}


def train(name: str, digits: Digits) -> mx.mod.Module:
    """Train the network of that name by its recipe above."""
    optimizer, epochs, settings = RECIPES[name]
    batches = -(-len(digits.train.images) // BATCH_SIZE)
    rate = settings["learning_rate"]
    schedule = mx.lr_scheduler.CosineScheduler(max_update=batches * epochs, base_lr=rate, final_lr=rate / 100)
    np.random.seed(SEED)
    mx.random.seed(SEED)
    module = mx.mod.Module(NETWORKS[name](), context=training.devices(), logger=logging.getLogger(__name__))
    module.fit(
        iterator(digits.train, BATCH_SIZE, shuffle=True),
        num_epoch=epochs,
        optimizer=optimizer,
        optimizer_params=settings | {"lr_scheduler": schedule},
        initializer=training.RECIPES[name].initializer,
        batch_end_callback=Progress(batches, epochs),
    )
    return module


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"any of {', '.join(RECIPES)}; all of them by default")
    names = parser.parse_args().names or list(RECIPES)
    digits = load_mnist("mnist")
    for name in names:
        start = time.perf_counter()
        module = train(name, digits)
        minutes = (time.perf_counter() - start) / 60
        path = FOLDER / f"{name}.params"
        write_params(path, {f"arg:{key}": array.asnumpy() for key, array in module.get_params()[0].items()})
        optimizer, epochs, settings = RECIPES[name]
        card = {
            "network": name,
            "data": f"MNIST, the first {len(digits.train.images):,} of the 60,000 training images",
            "command": f"python tools/make_checkpoints.py {name}",
            "seed": SEED,
            "epochs": epochs,
            "batch_size": BATCH_SIZE,
            "optimizer": optimizer,
            "settings": settings | {"schedule": "cosine to 1 % of the learning rate"},
            "minutes": round(minutes, 1),
            "test_accuracy": round(evaluation.accuracy(module, digits.test), 4),
            "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        }
        with atomic_write(path.with_suffix(".json")) as partial:
            partial.write_text(json.dumps(card, indent=2) + "\n", encoding="utf-8")
        print(f"{name}: test accuracy {card['test_accuracy']:.4f} after {minutes:.1f} minutes, {path.name}")


if __name__ == "__main__":
    main()
