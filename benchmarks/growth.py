"""How the time of an epoch grows with the number of images and of batches, and how fast a file streams.

    .venv/bin/python benchmarks/growth.py
    .venv/bin/python benchmarks/growth.py --most 60000 --rounds 1

The MLP is trained by `Module.fit` on MNIST's training images, repeated or cut to each size; LeNet on them in memory and
from a RecordIO file. The sizes take turns, so that a slow minute of the machine meets all of them. Linear means:
seconds = a + b * images for one batch size, and seconds = a + b * batches for one number of images; the fit is of the
relative error. All of it on one thread.
"""

import argparse
import json
import sys
import tempfile
import time
from datetime import date
from pathlib import Path
from statistics import median

import numpy as np

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from record_file import stream, write_recordio  # noqa: E402

from helpers.base.files import atomic_write  # noqa: E402
from helpers.data import Split, load_mnist  # noqa: E402
from helpers.networks import NETWORKS, faster  # noqa: E402
from helpers.plots import Figure, figure  # noqa: E402
from helpers.training import RECIPES, LazyAccuracy, ShuffledBatches  # noqa: E402

import mxnet as mx  # noqa: E402

SIZES = [10_000, 30_000, 100_000, 300_000, 600_000]
BATCH_SIZES = [10, 20, 50, 100, 200, 500, 1000]
IMAGES = 20_000  # for the batch sizes


def main() -> None:
    options = make_parser().parse_args()
    train = load_mnist(options.source).train
    measured = measure(train, options.most, options.rounds)
    results = {"date": str(date.today()), "rounds": options.rounds, "source": options.source}
    found = summary(measured, len(train))
    results |= found | {name: {str(x): times for x, times in each.items()} for name, each in measured.items()}
    options.out.mkdir(parents=True, exist_ok=True)
    with atomic_write(options.out / "growth.json") as temporary:
        temporary.write_text(json.dumps(results, indent=1) + "\n")
    with atomic_write(options.out / "growth.png") as temporary:
        chart(measured).savefig(temporary, format="png", dpi=100)
    print(json.dumps(found, indent=1))


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--most", type=int, default=SIZES[-1], metavar="N", help="the largest number of images")
    parser.add_argument("--rounds", type=int, default=3, help="how often each is measured; the median counts")
    parser.add_argument("--source", choices=("mnist", "digits"), default="mnist")
    parser.add_argument("--out", type=Path, default=ROOT / "benchmarks" / "results")
    return parser


def measure(train: Split, most: int, rounds: int) -> dict[str, dict[int, list[float]]]:
    """Seconds of each epoch: by number of images (batches of 100), by batch size, from the file and from memory."""
    sizes, some = [*(size for size in SIZES if size < most), most], resized(train, min(IMAGES, most))
    batch_sizes = [size for size in BATCH_SIZES if 2 * size <= len(some)]
    found = {"images": {size: [] for size in sizes}, "batch_size": {size: [] for size in batch_sizes}}
    found |= {"stream": {len(train): []}, "memory": {len(train): []}}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "train.rec")
        write_recordio(train, path)
        for _ in range(rounds):
            for size in sizes:
                found["images"][size].append(seconds("mlp", ShuffledBatches(resized(train, size), 100)))
            for size in batch_sizes:
                found["batch_size"][size].append(seconds("mlp", ShuffledBatches(some, size)))
            found["stream"][len(train)].append(seconds("lenet", stream(path, 100)))
            found["memory"][len(train)].append(seconds("lenet", ShuffledBatches(train, 100)))
    return found


def resized(split: Split, size: int) -> Split:
    """The first `size` images, from the beginning again where there are not so many."""
    chosen = np.arange(size) % len(split)
    return Split(split.images[chosen], split.labels[chosen])


def seconds(network: str, batches: mx.io.DataIter) -> float:
    """One epoch of `Module.fit`; its first batch, which pays for what is made once, counts as much as the others."""
    module, ticks, recipe = mx.mod.Module(faster(NETWORKS[network]())), [], RECIPES[network]

    def note(param):
        if param.nbatch == 0:
            mx.nd.waitall()
        ticks.append(time.perf_counter())

    module.fit(
        batches,
        num_epoch=1,
        eval_metric=LazyAccuracy(),
        optimizer=recipe.optimizer,
        optimizer_params={"learning_rate": recipe.learning_rate},
        initializer=recipe.initializer,
        batch_end_callback=note,
    )
    mx.nd.waitall()
    return (time.perf_counter() - ticks[0]) * len(ticks) / (len(ticks) - 1)


def summary(measured: dict[str, dict[int, list[float]]], images: int) -> dict[str, object]:
    """What of it is a straight line, as the largest relative distance from it; and the rate of the file."""
    by_images = {size: median(found) for size, found in measured["images"].items()}
    count = min(IMAGES, max(by_images))
    by_batches = {count / size: median(found) for size, found in measured["batch_size"].items()}
    stream_rate, memory_rate = (images / median(measured[name][images]) for name in ("stream", "memory"))
    return {
        "off_the_line_by_images": round(off_the_line(by_images), 3),
        "off_the_line_by_batches": round(off_the_line(by_batches), 3),
        "streamed_images_per_second": round(stream_rate),
        "in_memory_images_per_second": round(memory_rate),
        "streamed_to_in_memory": round(stream_rate / memory_rate, 3),
    }


def line(points: dict[float, float]) -> np.ndarray:
    """a and b of y = a + b x with the least sum of squared relative errors."""
    x, y = np.array(list(points)), np.array(list(points.values()))
    return np.linalg.lstsq(np.stack([1 / y, x / y], axis=1), np.ones(len(y)), rcond=None)[0]


def off_the_line(points: dict[float, float]) -> float:
    """The largest |y - line| / line."""
    a, b = line(points)
    return max(abs(y / (a + b * x) - 1) for x, y in points.items())


def chart(measured: dict[str, dict[int, list[float]]]) -> Figure:
    """Both curves with their lines, on logarithmic axes."""
    count = min(IMAGES, max(measured["images"]))
    by_images = {size: median(times) for size, times in measured["images"].items()}
    by_batches = {count / size: median(times) for size, times in measured["batch_size"].items()}
    panels = [(by_images, "images, in batches of 100"), (by_batches, f"batches of {count:,} images")]
    alt = "Seconds per epoch against the number of images and the number of batches: both lie close to straight lines"
    drawn = figure(alt)
    for panel, (points, label) in zip(drawn.subplots(1, 2), panels, strict=True):
        (a, b), xs = line(points), np.geomspace(min(points), max(points))
        panel.loglog(list(points), list(points.values()), "o", label="measured")
        panel.loglog(xs, a + b * xs, "--", marker="", label=f"{a:.2g} s + {b * 1000:.2g} ms each")
        panel.set_xlabel(label)
        panel.set_ylabel("seconds per epoch")
        panel.legend()
    return drawn


if __name__ == "__main__":
    main()
