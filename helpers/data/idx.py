"""IDX, the format of the MNIST files: a typed array of any number of dimensions, often compressed with gzip.

Two zero bytes, one for the type, one for the number of dimensions D; then D sizes, four bytes each; then the values in
C order. All numbers are big-endian. Source: the MNIST page of Y. LeCun, C. Cortes and C. Burges.
Chapter 1.
"""

import gzip
import hashlib
import math
import struct
import zlib
from pathlib import Path

import numpy as np

from helpers.base.errors import DigitsError
from helpers.base.files import atomic_write, reason

TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}


def read_idx(path: str | Path, sha256: str | None = None) -> np.ndarray:
    """The array in the file at `path`, in the machine's own byte order.

    Whether the file is compressed is told by its content, not by its name. With `sha256`, the hexadecimal SHA-256 of
    the file as it lies on the disk, nothing else is accepted.
    Raises DigitsError for a file that cannot be read, is not IDX, is damaged, or has another checksum.
    """
    path = Path(path)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DigitsError(f"cannot read {path}: {reason(error)}") from error
    if sha256:
        found = hashlib.sha256(content).hexdigest()
        if found != sha256.lower():
            raise DigitsError(f"expected a file with the SHA-256 {sha256}, got {path} with {found}: fetch it again")
    try:
        return _parse(_decompress(content))
    except _FormatError as error:
        raise DigitsError(f"expected an IDX file, got {path}, which {error}") from error


def write_idx(path: str | Path, array: np.ndarray) -> None:
    """Write `array` to `path`, compressed when the name ends in .gz; the same array always gives the same bytes.

    The file appears whole or not at all. Raises DigitsError for a type that IDX does not have, and where the file
    cannot be written.
    """
    array = np.asarray(array)
    big_endian = array.dtype.newbyteorder(">")
    codes = [code for code, dtype in TYPES.items() if big_endian == dtype]
    if not codes:
        names = ", ".join(np.dtype(dtype).name for dtype in TYPES.values())
        raise DigitsError(f"expected one of IDX's types {names}, got {array.dtype}: convert with array.astype(...)")
    header = struct.pack(f">HBB{array.ndim}I", 0, codes[0], array.ndim, *array.shape)
    content = header + array.astype(big_endian).tobytes()
    if str(path).endswith(".gz"):
        content = gzip.compress(content, mtime=0)
    with atomic_write(path) as temporary:
        temporary.write_bytes(content)


class _FormatError(Exception):
    """What is wrong with a file's content and the next step; the message goes on from "..., which "."""


def _decompress(content: bytes) -> bytes:
    if not content.startswith(b"\x1f\x8b"):
        return content
    try:
        return gzip.decompress(content)
    except EOFError as error:
        raise _FormatError("is cut off, its gzip stream has no end: fetch the file again") from error
    except (gzip.BadGzipFile, zlib.error) as error:
        raise _FormatError(f"is damaged ({error}): fetch the file again") from error


def _parse(content: bytes) -> np.ndarray:
    magic = content[:4]
    if len(magic) < 4 or magic[:2] != b"\0\0" or magic[2] not in TYPES:
        raise _FormatError(
            f"starts with the bytes {magic.hex(' ') or '(none)'}, not with 00 00, a type from 08 to 0e and the number "
            "of dimensions: check that it is the right file"
        )
    dtype = np.dtype(TYPES[magic[2]])
    dimensions = magic[3]
    start = 4 + 4 * dimensions
    if len(content) < start:
        raise _FormatError(f"is cut off within its header of {start} bytes: fetch the file again")
    shape = struct.unpack_from(f">{dimensions}I", content, offset=4)
    # Python's integers do not overflow, and nothing is allocated by what a header merely claims.
    expected = math.prod(shape) * dtype.itemsize
    found = len(content) - start
    if found != expected:
        problem = "is cut off" if found < expected else "is too long"
        sizes = " x ".join(map(str, shape)) or "one value"
        raise _FormatError(
            f"{problem}, with {found} bytes of values instead of {expected} for {sizes} of {dtype.name}: "
            "fetch the file again"
        )
    try:
        return np.frombuffer(content, dtype, offset=start).reshape(shape).astype(dtype.newbyteorder("="))
    except ValueError as error:
        raise _FormatError(
            f"has {dimensions} dimensions {shape}, more than NumPy can hold: fetch the file again"
        ) from error
