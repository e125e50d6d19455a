"""One framework trains one network and answers the driver, benchmarks/frameworks.py, which starts this file.

    python benchmarks/peers/serve.py --form "pytorch compile" --network lenet --data FOLDER

One command a line comes on stdin, such as {"do": "epoch"}; one line of JSON goes to stdout for each. FOLDER holds
train_images.npy, train_labels.npy, test_images.npy and test_labels.npy. In between the process only waits.
"""

import argparse
import importlib
import json
import os
import re
import sys
import time
from pathlib import Path

import numpy as np

MODULES = {"mxnet": "mxnet_peer", "pytorch": "torch_peer", "jax": "jax_peer", "keras": "keras_peer"}
BATCH = 100  # images per training step
WARM_UP = 20  # single images that do not count
NAMES = ("train_images", "train_labels", "test_images", "test_labels")


class Session:
    """The driver's side as a peer sees it: `go()` until there is an epoch to train, `done(accuracy)` at its end."""

    def __init__(self, data: dict[str, np.ndarray], answers):
        self.data, self._answers, self.peer = data, answers, None
        self._start = 0.0
        self._warm = set()

    def answer(self, **figures) -> None:
        print(json.dumps(figures), file=self._answers, flush=True)

    def go(self) -> bool:
        """Carry out commands until the next epoch (True; its clock runs) or the end (False)."""
        for line in sys.stdin:
            command = json.loads(line)
            what = command.pop("do")
            if what == "quit":
                return False
            if what == "epoch":
                self._start = time.perf_counter()
                return True
            self.answer(**getattr(self, what)(**command))
        return False

    def done(self, accuracy: float) -> None:
        """Stop the clock: the metric is read, the parameters are ready."""
        self.answer(seconds=time.perf_counter() - self._start, training_accuracy=float(accuracy))

    def accuracy(self) -> dict:
        images, labels = self.data["test_images"], self.data["test_labels"]
        found = [self.peer.predict(images[i : i + 1000]).argmax(axis=1) for i in range(0, len(images), 1000)]
        return {"accuracy": float(np.mean(np.concatenate(found) == labels))}

    def latency(self, first: int, count: int) -> dict:
        """Milliseconds for each of `count` single images, by way of answering: an array in, probabilities out."""
        images = self.data["test_images"][:, 0]
        found = {}
        for way, (one, _) in self.peer.answerers.items():
            for image in images[:WARM_UP]:
                one(image)
            found[way] = []
            for i in range(first, first + count):
                start = time.perf_counter()
                one(images[i % len(images)])
                found[way].append(1000 * (time.perf_counter() - start))
        return {"ms": found}

    def throughput(self) -> dict:
        """Images per second over all test images, by way of answering and images per call."""
        images = self.data["test_images"]
        found = {}
        for way, (_, many) in self.peer.answerers.items():
            for size in self.peer.batch_sizes:
                size = size or len(images)
                name = way if size == len(images) else f"{way}, batches of {size}"
                if name not in self._warm:
                    many(images[:size])
                    self._warm.add(name)
                start = time.perf_counter()
                for i in range(0, len(images), size):
                    many(images[i : i + size])
                found[name] = len(images) / (time.perf_counter() - start)
        return {"images_per_s": found}

    def memory(self) -> dict:
        """The most memory that this process has held, in MB."""
        status = Path("/proc/self/status").read_text(encoding="utf-8")
        return {"memory_mb": int(re.search(r"VmHWM:\s+(\d+)", status)[1]) / 1024}


def main() -> int:
    parser = argparse.ArgumentParser(description="Train with one framework, as benchmarks/frameworks.py commands.")
    parser.add_argument("--form", required=True)
    parser.add_argument("--network", required=True)
    parser.add_argument("--data", required=True, type=Path)
    options = parser.parse_args()
    # What a library prints goes to stderr, and only answers go to the driver.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    sys.path.append(str(Path(__file__).parent.parent.parent))  # for helpers
    session = Session({name: np.load(options.data / f"{name}.npy") for name in NAMES}, answers)
    try:
        module = importlib.import_module(MODULES[options.form.split()[0]])
        session.peer = module.Peer(options.network, options.form, session.data)
        session.answer(versions=session.peer.versions)
        session.peer.train(session)
    except Exception as error:
        line = next((line for line in str(error).splitlines() if line.strip()), "")
        session.answer(error=f"{type(error).__name__}: {line.strip()}")
        raise
    return 0


if __name__ == "__main__":
    code = main()
    sys.stderr.flush()
    os._exit(code)  # no library's clean-up may hold up the others
