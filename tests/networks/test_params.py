"""Reading and writing MXNet's .params files, compared with MXNet's own reader and writer."""

import struct

import numpy as np
import pytest

from helpers.base.errors import DigitsError
from helpers.networks.params import read_params, write_params

import mxnet as mx

ARRAYS = {
    "arg:weight": np.random.default_rng(0).normal(size=(7, 3, 5, 5)).astype(np.float32),
    "arg:bias": np.zeros(7, np.float32),
    "aux:größe": np.arange(6, dtype=np.float32).reshape(2, 3),
}


@pytest.fixture
def saved(tmp_path):
    """A file as MXNet itself writes it."""
    path = tmp_path / "saved.params"
    mx.nd.save(str(path), {name: mx.nd.array(array) for name, array in ARRAYS.items()})
    return path


def same(found, wanted):
    return found.keys() == wanted.keys() and all(np.array_equal(found[name], wanted[name]) for name in wanted)


def test_reads_what_mxnet_writes(saved):
    assert same(read_params(saved), ARRAYS)


def test_writes_the_bytes_that_mxnet_writes(saved, tmp_path):
    write_params(tmp_path / "ours.params", ARRAYS)
    assert (tmp_path / "ours.params").read_bytes() == saved.read_bytes()


@pytest.mark.parametrize("dtype", ["float64", "float16", "uint8", "int32", "int8", "int64"])
def test_reads_every_type(tmp_path, dtype):
    array = np.arange(12).reshape(3, 4).astype(dtype)
    mx.nd.save(str(tmp_path / "x.params"), {"arg:x": mx.nd.array(array, dtype=dtype)})
    found = read_params(tmp_path / "x.params")["arg:x"]
    assert found.dtype == dtype
    assert np.array_equal(found, array)


def test_reads_a_file_of_the_numpy_interface(tmp_path):
    with mx.util.np_shape(True):
        mx.nd.save(str(tmp_path / "x.params"), {"arg:x": mx.nd.ones((2, 2))})
    assert np.array_equal(read_params(tmp_path / "x.params")["arg:x"], np.ones((2, 2)))


def put(layout, offset, value):
    """Overwrite a number in the header: count at 16, then the first array's type of storage at 28, its number of
    dimensions at 32, its four sizes from 36, its device at 68, its type at 76."""

    def change(content):
        content = bytearray(content)
        struct.pack_into(layout, content, offset, value)
        return bytes(content)

    return change


DAMAGED = {
    "half": lambda content: content[: len(content) // 2],
    "header only": lambda content: content[:24],
    "a byte short": lambda content: content[:-1],
    "a byte too many": lambda content: content + b"x",
    "10^12 arrays": put("<Q", 16, 10**12),
    "2^64 - 1 arrays": put("<Q", 16, 2**64 - 1),
    "no array": put("<Q", 16, 0),
    "an unknown version": put("<I", 24, 7),
    "sparse": put("<i", 28, 1),
    "10^9 dimensions": put("<i", 32, 10**9),
    "-1 dimensions": put("<i", 32, -1),  # mx.nd.load ends the process on this one
    "10^15 rows": put("<q", 36, 10**15),
    "2^62 rows": put("<q", 36, 2**62),
    "-5 rows": put("<q", 36, -5),
    "no row": put("<q", 36, 0),
    "an unknown type": put("<i", 76, 99),
    "another type": put("<i", 76, 1),
    "a name of 2^40 bytes": lambda content: content.replace(struct.pack("<Q", 10), struct.pack("<Q", 2**40)),
    "a name of other bytes": lambda content: content.replace(b"arg:bias", b"arg:\xff\xfe\xfd\xfc"),
    "the same name twice": lambda content: content.replace(
        struct.pack("<Q", 10) + b"arg:weight", struct.pack("<Q", 8) + b"arg:bias"
    ),
}


@pytest.mark.parametrize("damage", DAMAGED.values(), ids=DAMAGED)
def test_a_damaged_file_costs_one_line(saved, damage):
    content = saved.read_bytes()
    saved.write_bytes(damage(content))
    assert saved.read_bytes() != content
    with pytest.raises(DigitsError) as caught:
        read_params(saved)
    assert str(caught.value).startswith(
        f"expected parameters of MXNet in {saved}, got a file that is cut off or damaged: copy it again, or give a file"
    )


FOREIGN = {"empty": b"", "short": b"\x12\x01", "text": b"hello\n" * 50, "png": b"\x89PNG\r\n\x1a\n" + bytes(99)}


@pytest.mark.parametrize("content", FOREIGN.values(), ids=FOREIGN)
def test_another_kind_of_file_is_told_apart(tmp_path, content):
    (tmp_path / "x").write_bytes(content)
    with pytest.raises(
        DigitsError,
        match=r"^expected parameters of MXNet in .*/x, got a file of another kind: give a file that .* wrote$",
    ):
        read_params(tmp_path / "x")


def test_a_missing_file_and_a_folder(tmp_path):
    with pytest.raises(DigitsError, match=r"^cannot read .*none.params: there is no such file or folder"):
        read_params(tmp_path / "none.params")
    with pytest.raises(DigitsError, match=r"^cannot read .*: it is a folder: give the path of a file"):
        read_params(tmp_path)


def test_no_random_damage_gets_past_it(saved):
    """Whatever bytes are wrong, the answer is three arrays or one line."""
    content, random = saved.read_bytes(), np.random.default_rng(1)
    outcomes = set()
    for _ in range(500):
        damaged = bytearray(content)
        for position in random.integers(0, len(content), random.integers(1, 5)):
            damaged[position] = random.integers(0, 256)
        saved.write_bytes(damaged[: random.choice([len(damaged), random.integers(0, len(damaged))])])
        try:
            outcomes.add(len(read_params(saved)))
        except DigitsError as error:
            outcomes.add("one line" if "\n" not in str(error) else str(error))
    assert outcomes == {3, "one line"}


def test_a_failed_write_leaves_the_older_file(saved):
    before = saved.read_bytes()
    with pytest.raises(AttributeError):
        write_params(saved, ARRAYS | {"arg:last": None})
    assert saved.read_bytes() == before
    assert [path.name for path in saved.parent.iterdir()] == ["saved.params"]
    with pytest.raises(DigitsError, match=r"^cannot write .*no/such/x.params: there is no such file or folder"):
        write_params(saved.parent / "no" / "such" / "x.params", ARRAYS)


def test_a_list_has_no_names(tmp_path):
    mx.nd.save(str(tmp_path / "list.params"), [mx.nd.ones((2, 2)), mx.nd.ones(3)])
    with pytest.raises(
        DigitsError, match=r"expected arrays with names in .*list.params, got 2 without any: save them by"
    ):
        read_params(tmp_path / "list.params")
