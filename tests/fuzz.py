"""Damage files and messages at random and read them: each has to give a result or a DigitsError of one line.

    python -m tests.fuzz --minutes 10
    python -m tests.fuzz --mutations 2000 --seed 7 --target idx

A batch of mutations runs in a fork, which may take so much memory and so many seconds; a crash or a loop costs its
batch alone. Whatever else comes out is a find: its input is saved, and a line says what came. The same seed and targets
make the same mutations, batch by batch.
"""

import argparse
import gzip
import importlib.util
import io
import json
import os
import random
import re
import signal
import struct
import sys
import tempfile
import time
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import scipy.io
import scipy.sparse

from helpers.base.errors import DigitsError
from helpers.canvas.collection import make_item, read_collection
from helpers.classifier.classifier import Classifier, checkpoint_path
from helpers.data.idx import read_idx, write_idx
from helpers.data.mat import read_mat, write_mat
from helpers.drawing.photo import to_mnist_from_image
from helpers.drawing.picture import read_picture
from helpers.drawing.strokes import to_mnist
from helpers.networks.params import read_params
from helpers.networks.symbols import parameter_shapes
from helpers.training.callbacks import History
from helpers.training.checkpoint import Checkpoint
from helpers.training.recipes import Settings
from tests.tools.limits import limited, peak

BATCH = 50  # mutations in a fork
SECONDS = 10  # for one mutation
ADDRESSES = 2500  # MB that a batch may ask for
GROWTH = 800  # MB that its memory may grow by
NUMBERS = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 2**31 - 1, 2**31, 2**32 - 1, 2**62, 2**63, 2**64 - 1)
WORDS = (b"1" + b"0" * 400, b"-1", b"1e999", b"NaN", b"-0.0", b"null", b"true", b'"7"', b"[]", b"{}", b"9" * 5000)


@dataclass(frozen=True)
class Target:
    """samples: whole inputs to damage, by a function, since some take a while; read: what has to bear the damage.

    inside: damages what is packed in a sample and packs it anew, so that the damage gets past checksums.
    """

    samples: Callable[[], list[bytes]]
    read: Callable[[Path], object]
    inside: Callable[[bytes, random.Random], bytes] | None = None


# Mutations


def damage(content: bytes, rng: random.Random, others: list[bytes]) -> bytes:
    """The content with one to four things wrong."""
    for _ in range(rng.choice((1, 1, 2, 4))):
        content = rng.choice((_flip, _number, _cut, _drop, _repeat, _splice, _word))(content, rng, others)
    return content


def _flip(content: bytes, rng: random.Random, others: list[bytes]) -> bytes:
    changed = bytearray(content)
    for _ in range(rng.randint(1, 8) if content else 0):
        changed[_place(content, rng)] ^= 1 << rng.randrange(8)
    return bytes(changed)


def _number(content: bytes, rng: random.Random, others: list[bytes]) -> bytes:
    size = rng.choice((1, 2, 4, 8))
    number = rng.choice(NUMBERS) & (1 << 8 * size) - 1
    place = _place(content, rng)
    return content[:place] + number.to_bytes(size, rng.choice(("little", "big"))) + content[place + size :]


def _cut(content: bytes, rng: random.Random, others: list[bytes]) -> bytes:
    return content[: _place(content, rng)]


def _drop(content: bytes, rng: random.Random, others: list[bytes]) -> bytes:
    place = _place(content, rng)
    return content[:place] + content[place + rng.randint(1, 64) :]


def _repeat(content: bytes, rng: random.Random, others: list[bytes]) -> bytes:
    place = _place(content, rng)
    return content[:place] + content[place : place + rng.randint(1, 64)] * rng.choice((2, 3, 1000)) + content[place:]


def _splice(content: bytes, rng: random.Random, others: list[bytes]) -> bytes:
    other = rng.choice(others)
    return content[: _place(content, rng)] + other[_place(other, rng) :]


def _word(content: bytes, rng: random.Random, others: list[bytes]) -> bytes:
    """Another number in a text of JSON, if it is one."""
    found = list(re.finditer(rb"-?\d+(?:\.\d+)?", content[:100_000]))
    if content[:1] not in b"[{" or not found:
        return _number(content, rng, others)
    match = rng.choice(found)
    return content[: match.start()] + rng.choice(WORDS) + content[match.end() :]


def _place(content: bytes, rng: random.Random) -> int:
    """Anywhere; half of them near the beginning, where the headers are."""
    end = len(content) if rng.random() < 0.5 else min(len(content), 200)
    return rng.randrange(max(1, end))


# Targets


def idx_samples() -> list[bytes]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "a.idx")
        contents = []
        for array in (np.arange(2 * 28 * 28, dtype=np.uint8).reshape(2, 28, 28), np.arange(10.0), np.arange(9)):
            write_idx(path, array if array.dtype != np.int64 else array.astype(np.int32))
            contents.append(path.read_bytes())
    return contents + [gzip.compress(content, mtime=0) for content in contents]


def in_gzip(content: bytes, rng: random.Random) -> bytes:
    if not content.startswith(b"\x1f\x8b"):
        content = gzip.compress(content, mtime=0)
    inner = gzip.decompress(content)
    return gzip.compress(damage(inner, rng, [inner]), mtime=0)


def params_samples() -> list[bytes]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "a.params")
        shapes = parameter_shapes("mlp")
        Classifier("mlp", {name: np.full(shape, 0.01) for name, shape in shapes.items()}).save(path)
        return [path.read_bytes(), checkpoint_path("mlp").read_bytes()]


def read_network(path: Path) -> np.ndarray:
    """Read a network; where there is one, ask it."""
    read_params(path)
    return Classifier.load(path).probabilities(np.eye(28, dtype=np.float32))


SEVEN = [[[0.1, 0.1], [0.4, 0.1], [0.2, 0.5]], [[0.15, 0.3], [0.3, 0.3]]]


def kept_samples() -> list[bytes]:
    item = make_item(7, SEVEN, 0.06)
    pixels = np.rint(item.image * 255).astype(int).ravel().tolist()
    record = {"label": item.label, "pen": item.pen, "strokes": item.strokes, "image": pixels}
    return [json.dumps([record] * count).encode() for count in (1, 3)] + [b"[]"]


def strokes_samples() -> list[bytes]:
    return [json.dumps(strokes).encode() for strokes in (SEVEN, [], [[]], [[[0.5, 0.5]]])]


def draw(path: Path) -> np.ndarray:
    """What the pad does with the strokes of a message. Text that is no JSON never comes so far."""
    try:
        strokes = json.loads(path.read_bytes())
    except (ValueError, RecursionError):
        raise DigitsError("expected JSON, got none: send it again") from None
    return to_mnist(strokes)


def picture_samples() -> list[bytes]:
    picture = np.full((40, 30, 4), 255, np.uint8)
    cv2.line(picture, (10, 5), (20, 35), (0, 0, 0, 255), 4)
    grey = picture[..., 0]
    kinds = {".png": (picture, grey, grey.astype(np.uint16) * 257), ".jpg": (picture[..., :3],), ".bmp": (grey,)}
    kinds |= {".webp": (picture[..., :3],), ".tiff": (picture[..., :3], grey), ".pgm": (grey,)}
    return [cv2.imencode(ending, each)[1].tobytes() for ending, pictures in kinds.items() for each in pictures]


def in_png(content: bytes, rng: random.Random) -> bytes:
    """Damage one chunk of a PNG, unpacked where it holds pixels, and give it a right checksum."""
    if not content.startswith(b"\x89PNG"):
        return damage(content, rng, [content])
    parts = [content[:8]]
    position = 8
    chunks = []
    while position < len(content):
        (size,) = struct.unpack_from(">I", content, position)
        chunks.append((content[position + 4 : position + 8], content[position + 8 : position + 8 + size]))
        position += 12 + size
    chosen = rng.randrange(len(chunks))
    for number, (kind, inner) in enumerate(chunks):
        if number == chosen:
            packed = kind == b"IDAT" and rng.random() < 0.5
            inner = damage(zlib.decompress(inner) if packed else inner, rng, [inner])
            inner = zlib.compress(inner) if packed else inner
        parts.append(struct.pack(">I", len(inner)) + kind + inner + struct.pack(">I", zlib.crc32(kind + inner)))
    return b"".join(parts)


def mat_samples() -> list[bytes]:
    images = np.arange(40 * 784).astype(np.uint8).reshape(40, 28, 28)
    parts = {"train": (images[:20], np.arange(20) % 10), "test": (images[20:], np.arange(20) % 10)}
    arrays = {f"{part}{digit}": images[:2].reshape(2, 784) for part in ("train", "test") for digit in range(10)}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "a.mat")
        write_mat(path, parts)
        contents = [path.read_bytes()]
        odd = {"train0": scipy.sparse.eye(5), "train1": {"a": [1, "b"]}, "train2": np.array([[1, "x"]], object)}
        for more, options in (({}, {"format": "4"}), ({}, {}), (odd, {})):
            scipy.io.savemat(path, arrays | more, **options)
            contents.append(path.read_bytes())
    return contents


def in_mat(content: bytes, rng: random.Random) -> bytes:
    """Damage one packed variable of a MATLAB file and pack it anew."""
    if content[126:128] != b"IM":
        return damage(content, rng, [content])
    parts = [content[:128]]
    position = 128
    chosen = rng.randrange(20)
    for number in range(30):
        if position + 8 > len(content):
            break
        kind, size = struct.unpack_from("<II", content, position)
        part = content[position : position + 8 + size]
        position += 8 + size
        if number == chosen:
            inner = zlib.decompress(part[8:]) if kind == 15 else part
            packed = zlib.compress(damage(inner, rng, [inner]))
            part = struct.pack("<II", 15, len(packed)) + packed
        parts.append(part)
    return b"".join(parts)


def checkpoint_samples() -> list[bytes]:
    arrays = {name: np.full(shape, 0.01, np.float32) for name, shape in parameter_shapes("mlp").items()}
    states = {f"{name}:{number}": array for name, array in arrays.items() for number in range(2)}
    history = History([0.5, 0.6], [0.5, 0.7], [1.0, 1.1])
    return [Checkpoint(Settings("mlp"), history, arrays, arrays, kept).to_bytes() for kept in ({}, states)]


def in_zip(content: bytes, rng: random.Random) -> bytes:
    """Damage one member of a checkpoint, and pack all of them anew."""
    with zipfile.ZipFile(io.BytesIO(content)) as file:
        members = {name: file.read(name) for name in file.namelist()}
    chosen = "about.npy" if rng.random() < 0.5 else rng.choice(list(members))
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", rng.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)), compresslevel=1) as file:
        for name, inner in members.items():
            if name != chosen:
                file.writestr(name, inner)
            elif name == "about.npy":  # its header tells the length
                text = damage(inner[inner.index(b"{", 10 + struct.unpack_from("<H", inner, 8)[0]) :], rng, [inner])
                array = io.BytesIO()
                np.lib.format.write_array(array, np.frombuffer(text, np.uint8))
                file.writestr(name, array.getvalue())
            else:
                file.writestr(name, damage(inner, rng, [inner]))
    return packed.getvalue()


def read_checkpoint(path: Path) -> object:
    """A checkpoint, and what a training takes from it."""
    found = Checkpoint.from_bytes(path.read_bytes(), path)
    return found.arrays(), found.best_arrays(), found.history.best_epoch, found.settings.optimizer_params(10, 1)


def message_samples() -> list[bytes]:
    """Messages as the page of the demo sends them: the offsets, the channel, and four dicts."""
    header = {"msg_id": "1", "msg_type": "comm_msg", "session": "2", "username": "", "date": "2026", "version": "5.2"}
    drawing = {"method": "update", "state": {"drawing": {"seq": 1, "strokes": SEVEN, "pen": 0.06}}, "buffer_paths": []}
    contents = [("comm_msg", {"comm_id": "3", "data": drawing}), ("kernel_info_request", {})]
    messages = []
    for kind, content in contents:
        parts = [b"shell", *(json.dumps(part).encode() for part in (header | {"msg_type": kind}, {}, {}, content))]
        offsets = [8 * (2 + len(parts))]
        for part in parts:
            offsets.append(offsets[-1] + len(part))
        messages.append(struct.pack(f"<{1 + len(offsets)}Q", len(offsets), *offsets) + b"".join(parts))
    return messages


def hear(path: Path) -> bool:
    """What the demo's websocket does with a message: it passes on, drops it, or closes the connection."""
    from demo.messages import Conversation

    try:
        return Conversation().admits(path.read_bytes())
    except ValueError:
        raise DigitsError("expected a message of the page, got another: the connection is closed") from None


TARGETS = {
    "idx": Target(idx_samples, read_idx, in_gzip),
    "params": Target(params_samples, read_network),
    "kept": Target(kept_samples, lambda path: read_collection(path).images.shape),
    "strokes": Target(strokes_samples, draw),
    "picture": Target(picture_samples, lambda path: to_mnist_from_image(read_picture(path)), in_png),
    "mat": Target(mat_samples, read_mat, in_mat),
    "checkpoint": Target(checkpoint_samples, read_checkpoint, in_zip),
}
if importlib.util.find_spec("demo.messages"):
    TARGETS["message"] = Target(message_samples, hear)


# Running


class Find(Exception):
    """Neither a result nor a DigitsError of one line."""


def try_one(target: Target, path: Path) -> str:
    """ "result" or "error" for the input at `path`. Raises Find."""
    signal.setitimer(signal.ITIMER_REAL, SECONDS)
    try:
        target.read(path)
        return "result"
    except DigitsError as error:
        if "\n" in str(error) or not str(error).startswith(("expected ", "cannot read ")):
            raise Find(f"a line that is none: {error}") from error
        return "error"
    except Exception as error:
        raise Find(f"{type(error).__name__}: {error}") from error
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def mutated(target: Target, samples: list[bytes], rng: random.Random) -> bytes:
    """A damaged sample."""
    sample = rng.choice(samples)
    if target.inside and rng.random() < 0.5:
        return target.inside(sample, rng)
    return damage(sample, rng, samples)


def batch(name: str, samples: list[bytes], seed: str, count: int, path: Path) -> str:
    """Try `count` mutations, each at `path`, and return how many gave what, as JSON. Raises Find."""
    rng = random.Random(seed)
    target = TARGETS[name]
    signal.signal(signal.SIGALRM, _late)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # libpng and libjpeg write there what they think of a picture
    outcomes: Counter[str] = Counter()
    before = peak()
    for _ in range(count):
        path.write_bytes(mutated(target, samples, rng))
        outcomes[try_one(target, path)] += 1
        if peak() - before > GROWTH:
            raise Find(f"memory grew by {peak() - before:.0f} MB")
    return json.dumps(outcomes)


def _late(number: int, frame: object) -> None:
    raise TimeoutError(f"more than {SECONDS} seconds")


def run(names: list[str], seed: int, mutations: float, minutes: float, finds: Path) -> tuple[Counter[str], list[str]]:
    """How many mutations gave what, by target, and a line for each find, whose input is saved in the folder `finds`."""
    end = time.monotonic() + 60 * minutes
    samples = {name: TARGETS[name].samples() for name in names}
    outcomes: Counter[str] = Counter()
    found = []
    done = 0
    number = 0
    with tempfile.TemporaryDirectory() as folder:
        while done < mutations and time.monotonic() < end:
            name = names[number % len(names)]
            count = int(min(BATCH, mutations - done))
            path = Path(folder, f"input.{'json' if name == 'kept' else name}")
            of_batch = f"{seed}/{name}/{number}"
            work = _bound(name, samples[name], of_batch, count, path)
            said, _, _ = limited(work, ADDRESSES, SECONDS * count)
            if said.startswith("{"):
                outcomes.update({f"{name} {kind}": times for kind, times in json.loads(said).items()})
            else:
                finds.mkdir(parents=True, exist_ok=True)
                saved = finds / f"{name}-{seed}-{number}{path.suffix}"
                saved.write_bytes(path.read_bytes() if path.exists() else b"")
                cause = said or "the process died or took too long"
                found.append(f"{of_batch}: {cause[:300]!r}: {saved}")
                print(f"find: {found[-1]}", file=sys.stderr, flush=True)
            done += count
            number += 1
    return outcomes, found


def _bound(name: str, samples: list[bytes], seed: str, count: int, path: Path) -> Callable[[], str]:
    return lambda: batch(name, samples, seed, count, path)


def main() -> int:
    """Exit code 0 where nothing was found, else 1."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=10, metavar="N", help="how long at most (default: 10)")
    parser.add_argument("--mutations", type=float, default=float("inf"), metavar="N", help="how many (default: no end)")
    parser.add_argument("--seed", type=int, default=int(time.time()), metavar="S", help="(default: the clock)")
    parser.add_argument(
        "--target", choices=TARGETS, action="append", metavar="NAME", help=f"any of {', '.join(TARGETS)}"
    )
    about = "the folder for the inputs of finds (default: build/fuzz)"
    parser.add_argument("--finds", type=Path, default=Path("build/fuzz"), metavar="FOLDER", help=about)
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    names = options.target or list(TARGETS)
    outcomes, found = run(names, options.seed, options.mutations, options.minutes, options.finds)
    for name in names:
        print(f"{name:12}{outcomes[f'{name} result']:8,} results  {outcomes[f'{name} error']:8,} errors")
    print(f"{outcomes.total():,} mutations, {len(found)} finds")
    return 1 if found else 0


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    sys.exit(main())
