"""Files that are made to take all memory: each costs one line, and no more memory than an honest file.

One process imports the readers and tries each file in a fork of itself, so that one's memory is not another's.
"""

import io
import json
import os
import struct
import subprocess
import sys
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
MEBIBYTE = bytes(2**20)
BOMB = 400  # MB that each of the small files unpacks to

READ = """
import json, sys
from pathlib import Path
from helpers.canvas.collection import _read_records
from helpers.data.idx import read_idx
from helpers.data.mat import read_mat
from helpers.data.mnist import file_sha256
from helpers.drawing.picture import read_picture
from helpers.networks.params import read_params
from helpers.training.checkpoint import read_checkpoint
from tests.tools.limits import limited
readers = {
    "idx": read_idx,
    "params": read_params,
    "json": lambda path: _read_records(Path(path)),  # read_collection would follow the link first
    "png": read_picture,
    "mat": read_mat,
    "checkpoint": lambda path: read_checkpoint(Path(path)),
    "sha256": lambda path: file_sha256(Path(path)),
}
import scipy.io  # read_mat imports it when it is asked
for name, kind, path in json.loads(sys.argv[1]):
    print(json.dumps([name, limited(lambda: readers[kind](path), memory=1000, seconds=60)]))
"""


def chunk(kind, content):
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def zeros(compressor, head=b""):
    """`BOMB` MB of zeros behind a head, compressed."""
    parts = [compressor.compress(head), *(compressor.compress(MEBIBYTE) for _ in range(BOMB)), compressor.flush()]
    return b"".join(parts)


def idx_bomb():
    head = struct.pack(">HBBI", 0, 8, 1, BOMB << 20)
    return zeros(zlib.compressobj(1, wbits=31), head)


def mat_bomb():
    rows = (BOMB << 20) // 784
    head = struct.pack("<IIIIIIii", 6, 8, 9, 0, 5, 8, rows, 784)
    head += struct.pack("<II8sII", 1, 6, b"train0", 2, rows * 784)
    packed = zeros(zlib.compressobj(1), struct.pack("<II", 14, len(head) + rows * 784) + head)
    return b"MATLAB 5.0 MAT-file".ljust(124) + b"\0\1IM" + struct.pack("<II", 15, len(packed)) + packed


def picture_bomb():
    packed = zeros(zlib.compressobj(1))
    size = struct.pack(">IIBBBBB", 12_000, 12_000, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", size) + chunk(b"IDAT", packed) + chunk(b"IEND", b"")


def chunk_bomb():
    """A PNG whose first data claim 2 GB."""
    size = struct.pack(">IIBBBBB", 30, 40, 8, 6, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", size) + struct.pack(">I", 2**31 - 1) + b"IDAT" + bytes(200)


def checkpoint(array):
    """A checkpoint whose first parameters are in `array`, a file of NumPy's format in parts."""
    about = io.BytesIO()
    text = json.dumps({"settings": {"network": "mlp"}, "history": {}}).encode()
    np.lib.format.write_array(about, np.frombuffer(text, np.uint8))
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as file:
        file.writestr("about.npy", about.getvalue())
        with file.open("params/fc1_weight.npy", "w") as member:
            for part in array:
                member.write(part)
    return content.getvalue()


def header(numbers):
    stream = io.BytesIO()
    np.lib.format.write_array_header_1_0(stream, {"descr": "<f4", "fortran_order": False, "shape": (numbers,)})
    return stream.getvalue()


def kept(strokes):
    record = {"label": 7, "pen": 0.06, "strokes": strokes, "image": [0] * 784}
    return json.dumps([record]).encode()


FILES = {
    "bomb.idx": (idx_bomb, "claims 419430400 of uint8, more than 47 MB: check that it is the right file"),
    "bomb.mat": (mat_bomb, "of at most 62 MB, got "),
    "bomb.png": (picture_bomb, "of at most 52 million pixels, got "),
    "chunk.png": (chunk_bomb, "got a file that is damaged or of another kind: give a PNG or JPEG file"),
    "bomb.checkpoint": (
        lambda: checkpoint([header(BOMB << 18), *[MEBIBYTE] * BOMB]),
        "expected a whole checkpoint in ",
    ),
    "claims.checkpoint": (lambda: checkpoint([header(2**32), bytes(99)]), "expected a whole checkpoint in "),
    "number.json": (lambda: kept([[[10**400, 0.5]]]), "which holds something else at entry 1"),
    "lists.json": (lambda: b"[" + b"[]," * 2**23 + b"[]]", "expected a collection of digits of at most 17 MB"),
}
ENDLESS = {
    "idx": "expected an IDX file of at most 47 MB, got ",
    "params": "expected parameters of MXNet of at most 67 MB, got ",
    "json": "expected a collection of digits of at most 17 MB, got ",
    "png": "expected a picture of at most 134 MB, got ",
    "mat": "uint8 with 784 pixels of at most 62 MB, got ",
    "checkpoint": "expected a checkpoint of at most 17 MB, got ",
}


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory):
    """By name of the case: what its reader said, the memory that it took in MB, and the seconds."""
    folder = tmp_path_factory.mktemp("attacks")
    for name, (make, _) in FILES.items():
        (folder / name).write_bytes(make())
    for kind in [*ENDLESS, "sha256"]:
        (folder / f"endless.{kind}").symlink_to("/dev/zero")
        os.mkfifo(folder / f"pipe.{kind}")  # that nobody writes to
    cases = [(path.name, path.suffix[1:], str(path)) for path in sorted(folder.iterdir())]
    command = [sys.executable, "-c", READ, json.dumps(cases)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return dict(map(json.loads, done.stdout.splitlines()))


CASES = {name: problem for name, (_, problem) in FILES.items()}
CASES |= {f"endless.{kind}": problem for kind, problem in ENDLESS.items()}


@pytest.mark.parametrize(("name", "problem"), CASES.items(), ids=CASES)
def test_a_file_that_asks_for_too_much_costs_one_line_and_little_memory(outcomes, name, problem):
    said, grown, seconds = outcomes[name]
    assert said.startswith("DigitsError: expected ")
    assert problem in said
    assert "\n" not in said
    assert grown < 200
    assert seconds < 20


@pytest.mark.parametrize("kind", ENDLESS)
def test_a_pipe_that_nobody_writes_to_is_not_waited_for(outcomes, kind):
    said, _, seconds = outcomes[f"pipe.{kind}"]
    assert said.startswith("DigitsError: expected ")
    assert seconds < 20


def test_a_cache_without_end_or_writer_has_another_checksum(outcomes):
    assert len(outcomes["endless.sha256"][0]) == len(outcomes["pipe.sha256"][0]) == 64
