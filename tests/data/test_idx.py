"""IDX against files packed by hand with `struct`, and against the published MNIST."""

import gzip
import hashlib
import struct

import numpy as np
import pytest

from helpers.base.errors import DigitsError
from helpers.data.idx import read_idx, write_idx
from helpers.data.mnist import local_mnist

HEADER = b"\x00\x00\x08\x01\x00\x00\x00\x03"  # three unsigned bytes


def write(path, content):
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("compress", [bytes, gzip.compress])
@pytest.mark.parametrize(
    ("code", "letter", "dtype", "values"),
    [
        (0x08, "B", np.uint8, [0, 1, 254, 255, 7, 9]),
        (0x09, "b", np.int8, [0, -1, 127, -128, 7, 9]),
        (0x0B, "h", np.int16, [0, -1, 32767, -32768, 258, 9]),
        (0x0C, "i", np.int32, [0, -1, 2**31 - 1, -(2**31), 66051, 9]),
        (0x0D, "f", np.float32, [0.0, -1.5, 3.25, 2.0**100, float("inf"), 9.0]),
        (0x0E, "d", np.float64, [0.0, -1.5, 0.1, 2.0**1000, float("-inf"), 9.0]),
    ],
)
def test_every_type_packed_by_hand(tmp_path, compress, code, letter, dtype, values):
    content = struct.pack(f">HBBII6{letter}", 0, code, 2, 2, 3, *values)
    array = read_idx(write(tmp_path / "any.name", compress(content)))
    np.testing.assert_array_equal(array, np.array(values, dtype).reshape(2, 3), strict=True)
    assert array.dtype.isnative
    assert array.flags.writeable

    written = tmp_path / "written.idx"
    write_idx(written, array)
    assert written.read_bytes() == content


@pytest.mark.parametrize("shape", [(), (1,), (0,), (0, 28, 28), (2, 1, 3), (2, 3, 1, 2, 1, 2)])
@pytest.mark.parametrize("name", ["a.idx", "a.idx.gz"])
def test_round_trip_of_any_shape(tmp_path, shape, name):
    array = np.arange(-3, np.prod(shape) - 3, dtype=np.int16).reshape(shape)
    write_idx(tmp_path / name, array)
    np.testing.assert_array_equal(read_idx(tmp_path / name), array, strict=True)
    assert (tmp_path / name).read_bytes().startswith(b"\x1f\x8b") == name.endswith(".gz")
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_memory_layout_and_byte_order_do_not_matter(tmp_path):
    array = np.arange(12, dtype=np.int32).reshape(3, 4)
    for other in (array.astype(">i4"), array.astype("<i4"), np.asfortranarray(array), array[::-1][::-1]):
        write_idx(tmp_path / "a.idx", other)
        np.testing.assert_array_equal(read_idx(tmp_path / "a.idx"), array, strict=True)


def test_same_array_gives_the_same_bytes(tmp_path):
    for name in ("a.gz", "b.gz"):
        write_idx(tmp_path / name, np.arange(9.0))
    assert (tmp_path / "a.gz").read_bytes() == (tmp_path / "b.gz").read_bytes()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "expected an IDX file.* which starts with the bytes \\(none\\), not with 00 00"),
        (b"\x00\x00\x08", "which starts with the bytes 00 00 08, not with 00 00, a type"),
        (b"\x89PNG\r\n", "which starts with the bytes 89 50 4e 47, not with 00 00"),
        (b"\x00\x01\x08\x01" + HEADER[4:] + b"abc", "which starts with the bytes 00 0"),
        (b"\x00\x00\x0a\x01" + HEADER[4:] + b"abc", "which starts with the bytes 00 0"),
        (HEADER[:-1], "cut off within its header of 8 bytes"),
        (HEADER + b"ab", "cut off, with 2 bytes of values instead of 3 for 3 of uint8: fetch the file again"),
        (HEADER, "cut off, with 0 bytes of values"),
        (HEADER + b"abcd", "too long, with more than 3 bytes of values for 3 of uint8: fetch it again"),
        (
            b"\x00\x00\x0e\x03" + b"\xff" * 12 + b"abc",
            "claims 4294967295 x 4294967295 x 4294967295 of float64, more than 47 MB: check that it is the right",
        ),
        (b"\x00\x00\x08\xff" + b"\x00\x00\x00\x01" * 255 + b"a", "255 dimensions .* more than NumPy can hold"),
        (b"\x00\x00\x0e\x03" + bytes(4) + b"\xff" * 8, "3 dimensions .* more than NumPy can hold"),
        (gzip.compress(HEADER + b"ab", mtime=0), "cut off, with 2 bytes of values"),
        (gzip.compress(HEADER + b"abc", mtime=0)[:-9], "cut off, its gzip stream has no end"),
        (gzip.compress(HEADER + b"abc", mtime=0)[:5], "cut off, its gzip stream has no end"),
        (gzip.compress(HEADER + b"abc", mtime=0)[:-8] + bytes(8), "damaged \\(CRC check failed"),
        (gzip.compress(HEADER + b"abc", mtime=0) + b"more", "damaged \\(Not a gzipped file"),
        (b"\x1f\x8b\x08\x00" + bytes(6) + b"\xff" * 20, "damaged"),
        (gzip.compress(b"\x89PNG", mtime=0), "which starts with the bytes 89 50 4e 47"),
    ],
)
def test_bad_content_is_one_line(tmp_path, content, message):
    path = write(tmp_path / "bad.idx", content)
    with pytest.raises(DigitsError, match=message) as caught:
        read_idx(path)
    assert str(caught.value).startswith(f"expected an IDX file, got {path}, which ")
    assert "\n" not in str(caught.value)
    assert path.read_bytes() == content


def test_wrong_checksum(tmp_path):
    path = write(tmp_path / "a.idx", HEADER + b"abc")
    right = hashlib.sha256(path.read_bytes()).hexdigest()
    assert bytes(read_idx(path, sha256=right.upper())) == b"abc"
    with pytest.raises(
        DigitsError, match=f"expected a file with the SHA-256 00ff, got .*a.idx with {right}: fetch it again"
    ):
        read_idx(path, sha256="00ff")


def test_more_than_mnist_has_takes_a_word(tmp_path):
    path = tmp_path / "a.idx.gz"
    write_idx(path, np.zeros(60_000 * 28 * 28 + 1, np.uint8))
    with pytest.raises(
        DigitsError, match=r"which claims 47040001 of uint8, more than 47 MB: check that .* most=\.\.\."
    ):
        read_idx(path)
    assert len(read_idx(path, most=10**8)) == 60_000 * 28 * 28 + 1


def test_missing_file_and_folder(tmp_path):
    with pytest.raises(DigitsError, match="nowhere: there is no such file"):
        read_idx(tmp_path / "nowhere")
    with pytest.raises(DigitsError, match=f"cannot read {tmp_path}: it is a folder"):
        read_idx(tmp_path)


@pytest.mark.parametrize(
    "array", [np.arange(3), np.array([True]), np.array(["a"]), np.array([None]), [1, 2], np.float16(1), np.uint16([1])]
)
def test_type_that_idx_lacks_keeps_the_old_file(tmp_path, array):
    path = write(tmp_path / "a.idx", b"old")
    with pytest.raises(
        DigitsError, match=r"types uint8, int8, int16, int32, float32, float64, got .*: convert"
    ) as caught:
        write_idx(path, array)
    assert str(np.asarray(array).dtype) in str(caught.value)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_folder_that_is_not_there(tmp_path):
    with pytest.raises(DigitsError, match=r"cannot write .*a\.idx: there is no such file or folder"):
        write_idx(tmp_path / "missing" / "a.idx", np.zeros(3))


@pytest.fixture(scope="module")
def published():
    files = local_mnist()
    if not files:
        pytest.skip("MNIST is not at hand: set MNIST_DIR")
    return files


def test_published_mnist(published):
    images, labels = read_idx(published["train-images"]), read_idx(published["train-labels"])
    assert (images.shape, images.dtype, labels.shape) == ((60000, 28, 28), np.uint8, (60000,))
    assert labels[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]
    assert images[0, 5, 12:24].tolist() == [3, 18, 18, 18, 126, 136, 175, 26, 166, 255, 247, 127]
    assert not images[0, :5].any()
    assert round(images.mean() / 255, 4) == 0.1307  # the constants with which others standardise MNIST
    assert round(images.std() / 255, 4) == 0.3081


def test_published_content_comes_back_byte_for_byte(published, tmp_path):
    write_idx(tmp_path / "labels", read_idx(published["t10k-labels"]))
    content = published["t10k-labels"].read_bytes()
    content = gzip.decompress(content) if content.startswith(b"\x1f\x8b") else content
    assert (tmp_path / "labels").read_bytes() == content
