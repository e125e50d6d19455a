"""IDX, the format of the MNIST files: a typed array of any number of dimensions, often compressed with gzip.

Two zero bytes, one for the type, one for the number of dimensions D; then D sizes, four bytes each; then the values in
C order. All numbers are big-endian. Source: the MNIST page of Y. LeCun, C. Cortes and C. Burges.
Chapter 1.
"""

import gzip
import hashlib
import io
import math
import struct
import zlib
from pathlib import Path
from typing import BinaryIO

import numpy as np

from helpers.base.errors import DigitsError
from helpers.base.files import atomic_write, read_file

TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}

MOST = 60_000 * 28 * 28  # bytes of values: MNIST's largest file

LARGER = "check that it is the right file; read_idx(..., most=...) takes larger ones"

GZIP = b"\x1f\x8b"  # how a compressed file begins

FRAME = 2**16  # more bytes than a header has, or gzip adds to values that it cannot make smaller


def read_idx(path: str | Path, sha256: str | None = None, most: int = MOST) -> np.ndarray:
    """The array in the file at `path`, in the machine's own byte order.

    Whether the file is compressed is told by its content, not by its name. With `sha256`, the hexadecimal SHA-256 of
    the file as it lies on the disk, nothing else is accepted. `most` is how many bytes the values may have: the header
    is asked before anything is unpacked, so that a small file cannot take all memory.
    Raises DigitsError for a file that cannot be read, is not IDX, is damaged, larger, or has another checksum.
    """
    path = Path(path)
    content = read_file(path, most + FRAME, "an IDX file", LARGER)
    if sha256:
        found = hashlib.sha256(content).hexdigest()
        if found != sha256.lower():
            raise DigitsError(f"expected a file with the SHA-256 {sha256}, got {path} with {found}: fetch it again")
    try:
        return _parse(unpacking(content), most)
    except (_FormatError, EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise DigitsError(f"expected an IDX file, got {path}, which {_problem(error)}") from error


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


def _problem(error: Exception) -> str:
    """What is wrong with the content; gzip's own errors in our words."""
    if isinstance(error, _FormatError):
        return str(error)
    if isinstance(error, EOFError):
        return "is cut off, its gzip stream has no end: fetch the file again"
    return f"is damaged ({error}): fetch the file again"


def unpacking(content: bytes) -> BinaryIO:
    """A stream of the content, or of what gzip has made it from; that unpacks no more than is asked for."""
    compressed = content.startswith(GZIP)
    return gzip.GzipFile(fileobj=io.BytesIO(content)) if compressed else io.BytesIO(content)


def _parse(stream: BinaryIO, most: int) -> np.ndarray:
    magic = stream.read(4)
    if len(magic) < 4 or magic[:2] != b"\0\0" or magic[2] not in TYPES:
        raise _FormatError(
            f"starts with the bytes {magic.hex(' ') or '(none)'}, not with 00 00, a type from 08 to 0e and the number "
            "of dimensions: check that it is the right file"
        )
    dtype = np.dtype(TYPES[magic[2]])
    dimensions = magic[3]
    sizes = stream.read(4 * dimensions)
    if len(sizes) < 4 * dimensions:
        raise _FormatError(f"is cut off within its header of {4 + 4 * dimensions} bytes: fetch the file again")
    shape = struct.unpack(f">{dimensions}I", sizes)
    of_shape = f"{' x '.join(map(str, shape)) or 'one value'} of {dtype.name}"
    # Python's integers do not overflow, and nothing is allocated by what a header merely claims.
    expected = math.prod(shape) * dtype.itemsize
    if expected > most:
        raise _FormatError(f"claims {of_shape}, more than {most / 1e6:,.0f} MB: {LARGER}")
    values = stream.read(expected + 1)  # reads on to the checksum of a gzip stream, if it ends there
    if len(values) < expected:
        found = f"{len(values)} bytes of values instead of {expected} for {of_shape}"
        raise _FormatError(f"is cut off, with {found}: fetch the file again")
    if len(values) > expected:
        raise _FormatError(f"is too long, with more than {expected} bytes of values for {of_shape}: fetch it again")
    try:
        return np.frombuffer(values, dtype).reshape(shape).astype(dtype.newbyteorder("="))
    except ValueError as error:
        raise _FormatError(
            f"has {dimensions} dimensions {shape}, more than NumPy can hold: fetch the file again"
        ) from error
