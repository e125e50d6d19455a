"""What `python -m helpers by-hand` does: load, train, measure on the test images."""

import time
from argparse import Namespace

from helpers.by_hand_training import NETWORKS, accuracy, arrays, train
from helpers.data import load_mat, load_mnist


def run(options: Namespace) -> dict[str, object]:
    """The result of training `options.network` by hand, for people and for JSON. Raises DigitsError as `train` does."""
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
