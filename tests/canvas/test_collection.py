"""The collection of digits: nothing is lost, whoever writes at the same time, is killed or runs out of disk."""

import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from helpers.base import files as lock
from helpers.base.errors import DigitsError
from helpers.canvas import collection
from helpers.canvas.collection import append_item, make_item, read_collection
from helpers.drawing.strokes import to_mnist

SEVEN = [[[0.1, 0.1], [0.4, 0.1], [0.2, 0.5]]]
ONE = [[[0.6, 0.2], [0.6, 0.9]]]

APPEND = """
import sys
from helpers.base.errors import DigitsError
from helpers.canvas import collection
from helpers.canvas.collection import append_item, make_item
path, label, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
strokes = [[[0.1, 0.1], [0.4, 0.1], [0.2, 0.5]]]
print("ready", flush=True)
sys.stdin.readline()
try:
    for _ in range(count):
        append_item(path, make_item(label, strokes, 0.06))
except DigitsError as error:
    print(error)
"""


@pytest.fixture
def path(tmp_path):
    return tmp_path / "my_digits.json"


def keep(path, label=7, strokes=SEVEN):
    return append_item(path, make_item(label, strokes, 0.06))


def appender(path, label, count, before=""):
    """A process that is about to append; it begins when it reads a line."""
    command = [sys.executable, "-c", before + APPEND, str(path), str(label), str(count)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "ready\n"
    return process


def begin(process):
    process.stdin.write("\n")
    process.stdin.flush()


def test_what_is_kept_comes_back(path):
    assert len(read_collection(path)) == 0
    assert keep(path, 7, SEVEN) == 1
    assert keep(path, np.int64(1), [np.array(stroke) for stroke in ONE]) == 2
    found = read_collection(path)
    assert found.labels.tolist() == [7, 1]
    assert found.strokes == [SEVEN, ONE]
    assert found.images.dtype == np.uint8
    assert np.array_equal(found.images[1] / np.float32(255), to_mnist(ONE))


def test_the_files_can_be_read_without_this_project(path):
    keep(path, 7, SEVEN)
    keep(path, 1, ONE)
    records = json.loads(path.read_text())
    assert [record["label"] for record in records] == [7, 1]
    assert len(path.read_text().splitlines()) == 2 + len(records)  # one line for each, and the brackets
    with np.load(path.with_suffix(".npz")) as arrays:
        assert arrays["labels"].tolist() == [7, 1]
        assert arrays["images"].shape == (2, 28, 28)
        assert arrays["images"][0].ravel().tolist() == records[0]["image"]


def test_the_ending_may_be_left_out(path, monkeypatch):
    monkeypatch.chdir(path.parent)
    keep("my_digits")
    assert len(read_collection("my_digits.json")) == len(read_collection(path)) == 1


def test_a_name_with_a_dot_and_a_link(path):
    keep(path.with_name("class.2"))
    assert path.with_name("class.2.npz").exists()
    path.symlink_to("class.2.json")
    keep(path)
    assert path.is_symlink()
    assert len(read_collection(path.with_name("class.2.json"))) == 2


def test_points_that_are_no_numbers_are_left_out(path):
    keep(path, 1, [[*ONE[0], [float("nan"), 0.5]], []])
    assert read_collection(path).strokes == [ONE]


@pytest.mark.parametrize("strokes", [[], [[]], [[[float("nan"), 0.5]]]])
def test_an_empty_drawing_is_refused(path, strokes):
    with pytest.raises(DigitsError, match=r"^expected a drawing, got an empty pad: draw a digit first$"):
        keep(path, 7, strokes)
    assert not path.exists()


@pytest.mark.parametrize("label", [10, -1, None, "7", 7.0, True])
def test_a_label_is_a_digit(path, label):
    with pytest.raises(DigitsError, match=r"^expected a label from 0 to 9, got ") as caught:
        keep(path, label)
    assert f"got {label!r}: " in str(caught.value)
    assert not path.exists()


@pytest.mark.parametrize("pen", [0, 1.5, "thick", None, True])
def test_a_pen_has_a_width(pen):
    with pytest.raises(DigitsError, match=r"^expected a pen's width above 0 and at most 1, got ") as caught:
        make_item(7, SEVEN, pen)
    assert f"got {pen!r}: " in str(caught.value)


def test_the_image_is_the_one_that_all_steps_make(path):
    item = make_item(7, SEVEN, 0.14)
    assert np.array_equal(item.image, to_mnist(SEVEN))
    append_item(path, item)
    (record,) = json.loads(path.read_text())
    assert (record["label"], record["strokes"], record["pen"]) == (7, SEVEN, 0.14)
    assert record["image"] == np.rint(item.image * 255).ravel().tolist()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b'[{"label": 7, "strok',
        b"\xff\xfe\x00",
        b"[" * 100_000,
        b'{"cells": []}',
        b"[1, 2]",
        b'[{"label": 7}]',
        b'[{"label": 12, "pen": 0.06, "strokes": [[[0, 0]]], "image": []}]',
    ],
)
def test_a_damaged_or_foreign_file_is_refused_and_untouched(path, content):
    path.write_bytes(content)
    for use in (keep, read_collection):
        with pytest.raises(DigitsError, match=r"^expected a collection of digits, got .*my_digits\.json, ") as caught:
            use(path)
        assert "\n" not in str(caught.value)
    assert path.read_bytes() == content
    assert not path.with_suffix(".npz").exists()


@pytest.mark.parametrize(
    "wrong", [{"label": True}, {"pen": 0}, {"image": [256] + [0] * 783}, {"image": "0" * 784}, {"strokes": [[1, 2]]}]
)
def test_each_value_of_a_record_is_checked(path, wrong):
    keep(path)
    (record,) = json.loads(path.read_text())
    path.write_text(json.dumps([record, record | wrong]))
    with pytest.raises(DigitsError, match="entry 2"):
        read_collection(path)


def test_the_arrays_are_made_anew_from_the_truth(path):
    keep(path, 7)
    path.with_suffix(".npz").write_bytes(b"damaged")
    keep(path, 1, ONE)
    with np.load(path.with_suffix(".npz")) as arrays:
        assert arrays["labels"].tolist() == [7, 1]


@pytest.mark.slow
def test_two_processes_append_at_once(path):
    processes = [appender(path, label, 50) for label in (3, 8)]
    for process in processes:
        begin(process)
    for process in processes:
        assert process.communicate(timeout=120) == ("", None)
    labels = read_collection(path).labels
    assert np.bincount(labels, minlength=10)[[3, 8]].tolist() == [50, 50]
    assert len(labels) == 100
    assert (np.diff(labels) != 0).sum() > 1  # they did take turns
    files = {file.name for file in path.parent.iterdir()}
    assert files == {"my_digits.json", "my_digits.npz", ".my_digits.json.lock"}


def test_a_killed_process_leaves_a_valid_file_and_no_lock(path):
    for _ in range(60):
        keep(path)  # so many that a write takes a while, and the kill falls into it
    process = appender(path, 3, 1000)
    before = len(read_collection(path))
    begin(process)
    while len(read_collection(path)) < before + 3:
        assert process.poll() is None
    process.kill()
    process.communicate()
    survived = len(read_collection(path))
    assert survived >= before + 3
    start = time.monotonic()
    assert keep(path) == survived + 1
    assert time.monotonic() - start < 20  # no lock is left to wait for


def test_a_full_disk_loses_nothing(path):
    # From 5,000 bytes on, the kernel fails every write to a file, as a full disk does.
    limit = "import resource, signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
    limit += "resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000))\n"
    process = appender(path, 7, 10, before=limit)
    begin(process)
    said, _ = process.communicate(timeout=300)
    assert "cannot write" in said
    assert said.count("\n") == 1
    records = json.loads(path.read_text())
    assert 1 <= len(records) < 10
    with np.load(path.with_suffix(".npz")) as arrays:
        assert len(arrays["labels"]) == len(records)
    assert not list(path.parent.glob(".*.json"))  # no half-written file


def test_a_process_that_never_gives_the_lock_back(path, monkeypatch):
    monkeypatch.setattr(lock, "PATIENCE", 0.2)
    process = appender(path, 3, 10_000)
    begin(process)

    def keep_while_it_is_stopped():
        for _ in range(1000):  # sooner or later it has the lock
            os.kill(process.pid, signal.SIGSTOP)
            keep(path)
            os.kill(process.pid, signal.SIGCONT)
            time.sleep(0.02)

    with pytest.raises(DigitsError, match="in use"):
        keep_while_it_is_stopped()
    count = len(read_collection(path))
    process.kill()
    process.communicate()
    assert keep(path) == count + 1


def test_a_folder_that_is_missing(tmp_path):
    with pytest.raises(DigitsError, match=r"cannot write .*check the path"):
        keep(tmp_path / "nowhere" / "my_digits")


def test_as_split(path):
    keep(path, 7, SEVEN)
    keep(path, 1, ONE)
    split = read_collection(path).as_split()
    assert (split.images.shape, split.images.dtype) == ((2, 1, 28, 28), np.float32)
    assert (split.labels.tolist(), split.labels.dtype) == ([7, 1], np.int32)
    assert np.array_equal(split.images[0, 0], to_mnist(SEVEN))


def test_a_split_of_nothing_is_refused(path):
    with pytest.raises(DigitsError, match=r"^expected a collection of at least one digit, got an empty one: draw a "):
        read_collection(path).as_split()


def test_a_collection_never_grows_beyond_what_can_be_read(path, monkeypatch):
    keep(path)
    before = path.read_bytes()
    monkeypatch.setattr(collection, "MOST", len(before) + 10)
    with pytest.raises(
        DigitsError, match=r"^expected a collection of at most .* got .*my_digits\.json, which would have"
    ):
        keep(path)
    assert path.read_bytes() == before
    assert len(read_collection(path)) == 1
