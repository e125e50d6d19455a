"""Read and write MXNet's .params files: named arrays, byte for byte as `mx.nd.save` writes them.

`mx.nd.load` believes whatever a file's header claims: a damaged one can take gigabytes of memory or end the process.
Here every size is compared with the bytes that are there, so that a bad file costs one line.

All numbers are little-endian: a magic number, 8 reserved bytes and the number of arrays; each array as a version, a
storage type (0: dense), its shape, the device it was on, a type and its values; then the names.
Source: MXNet 1.9.1, src/ndarray/ndarray.cc.

Serves the classifier, training and the launches of chapter 7.
"""

import hashlib
import math
import struct
from pathlib import Path

import numpy as np

from helpers.base.errors import DigitsError
from helpers.base.files import atomic_write, read_file

MAGIC = 0x112

VERSION = 0xF993FAC9

VERSION_OF_NUMPY_SHAPES = 0xF993FACA

TYPES = {0: "<f4", 1: "<f8", 2: "<f2", 3: "<u1", 4: "<i4", 5: "<i1", 6: "<i8"}

MOST = 2**26  # bytes of a file: 20 times the largest network of the series

FIX = "give a file that Module.save_params, Classifier.save or `python -m helpers train --out` wrote"


def read_params(path: str | Path, sha256: str | None = None) -> dict[str, np.ndarray]:
    """The arrays of the file at `path` by name, such as "arg:fc1_weight"; they are read-only.

    The format has no checksum: with `sha256`, the hexadecimal one of the whole file, nothing else is accepted.
    Raises DigitsError for a file that cannot be read, is not of this format, is cut off, damaged or larger than 67 MB,
    or has another checksum.
    """
    path = Path(path)
    content = read_file(path, MOST, "parameters of MXNet", FIX)
    if sha256 and hashlib.sha256(content).hexdigest() != sha256.lower():
        fix = "fetch both again, as with `git checkout`, or delete the card where the change was meant"
        raise DigitsError(
            f"expected the parameters of the card beside {path}, got a file that was changed since: {fix}"
        )
    if content[:8] != struct.pack("<Q", MAGIC):
        raise DigitsError(f"expected parameters of MXNet in {path}, got a file of another kind: {FIX}")
    try:
        arrays, names = _parse(content)
    except (ValueError, KeyError, OverflowError, struct.error) as error:
        found = "a file that is cut off or damaged"
        raise DigitsError(f"expected parameters of MXNet in {path}, got {found}: copy it again, or {FIX}") from error
    if arrays and not names:  # as mx.nd.save writes a list
        fix = "save them by name, as in mx.nd.save(path, dict(arg_params))"
        raise DigitsError(f"expected arrays with names in {path}, got {len(arrays)} without any: {fix}, or {FIX}")
    return dict(zip(names, arrays, strict=True))


def write_params(path: str | Path, params: dict[str, np.ndarray]) -> None:
    """Write float32 arrays by name to `path`, whole or not at all. Raises DigitsError where that fails."""
    with atomic_write(path) as temporary, temporary.open("wb") as file:
        file.write(struct.pack("<QQQ", MAGIC, 0, len(params)))
        for array in params.values():
            file.write(struct.pack(f"<Iii{array.ndim}q", VERSION, 0, array.ndim, *array.shape))
            file.write(struct.pack("<iii", 1, 0, 0))  # device 0 of the kind CPU; type float32
            file.write(np.ascontiguousarray(array, dtype="<f4").tobytes())
        file.write(struct.pack("<Q", len(params)))
        for name in map(str.encode, params):
            file.write(struct.pack("<Q", len(name)) + name)


def _parse(content: bytes) -> tuple[list[np.ndarray], list[str]]:
    """The arrays and their names, as many or none.

    Raise ValueError, KeyError, OverflowError or struct.error when the content is not whole and in order.
    """
    position = 0

    def take(layout: str) -> tuple:
        nonlocal position
        values = struct.unpack_from(f"<{layout}", content, position)
        position += struct.calcsize(f"<{layout}")
        return values

    _, _, count = take("QQQ")
    arrays = []
    for _ in range(count):
        version, storage, dimensions = take("Iii")
        if version not in (VERSION, VERSION_OF_NUMPY_SHAPES) or storage != 0 or not 1 <= dimensions <= 32:
            raise ValueError("not a dense array")
        *shape, _, _, code = take(f"{dimensions}qiii")
        dtype = np.dtype(TYPES[code])
        if min(shape) < 1:
            raise ValueError("an empty array")
        arrays.append(np.frombuffer(content, dtype, math.prod(shape), offset=position).reshape(shape))
        position += arrays[-1].nbytes
    names = []
    for _ in range(*take("Q")):
        (length,) = take("Q")
        (name,) = take(f"{length}s")
        names.append(name.decode())
    if position != len(content) or len(set(names)) < len(names) or len(names) not in (0, len(arrays)):
        raise ValueError("bytes are left over, two arrays have one name, or not all have one")
    return arrays, names
