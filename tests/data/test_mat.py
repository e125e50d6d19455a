"""MATLAB's form of MNIST, written by SciPy and damaged by hand."""

import struct
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from scipy.io import loadmat, savemat

from helpers.base.errors import DigitsError
from helpers.data.idx import write_idx
from helpers.data.load import load_mat
from helpers.data.mat import mnist_to_mat, read_mat, write_mat

ROOT = Path(__file__).parents[2]
CONTENT = "expected a MATLAB file with train0..train9 and test0..test9, with data .*, got .*"


def variables(train=12, test=3):
    """Ten classes: every image has its own first pixels, its class in the last one."""
    random = np.random.default_rng(1)
    parts = {f"train{d}": (train + d, d) for d in range(10)} | {f"test{d}": (test, d) for d in range(10)}
    images = {name: random.integers(0, 256, (count, 784), dtype=np.uint8) for name, (count, _) in parts.items()}
    for name, (_, digit) in parts.items():
        images[name][:, -1] = digit
    return images


@pytest.mark.parametrize("options", [{}, {"do_compression": True}, {"format": "4"}])
def test_every_image_arrives_with_its_label(tmp_path, options):
    written = variables()
    savemat(tmp_path / "mnist_all.mat", written, **options)
    digits = load_mat(tmp_path / "mnist_all.mat")

    train_total = sum(12 + d for d in range(10))  # 165
    sizes = len(digits.train), len(digits.valid), len(digits.test)
    assert sizes == (train_total - train_total // 12, train_total // 12, 30) == (152, 13, 30)
    for part in (digits.train, digits.valid, digits.test):
        assert (part.images.dtype, part.labels.dtype) == (np.float32, np.int32)
        assert part.images.shape[1:] == (1, 28, 28)
        np.testing.assert_array_equal(np.round(part.images[:, 0, -1, -1] * 255), part.labels)

    images = np.concatenate([digits.train.images, digits.valid.images]).reshape(-1, 784)
    together = np.concatenate([written[f"train{d}"] for d in range(10)])
    assert {image.tobytes() for image in np.round(images * 255).astype(np.uint8)} == {row.tobytes() for row in together}
    in_order = np.concatenate([written[f"test{d}"] for d in range(10)]).reshape(-1, 1, 28, 28)
    np.testing.assert_array_equal(np.round(digits.test.images * 255), in_order)


def in_one(images, labels):
    """The layout of "MNIST original"."""
    return {"data": images.T, "label": labels[np.newaxis].astype(float)}


def in_parts(images, labels):
    """60 for training and 10 for the test, the labels with a 1 in the place of the digit."""
    ones = np.eye(10, dtype=np.uint8)[labels]
    return {"train_x": images[:60], "train_y": ones[:60], "test_x": images[60:], "test_y": ones[60:]}


def in_parts_with_digits(images, labels):
    parts = in_parts(images, labels)
    return parts | {"train_y": labels[:60, np.newaxis], "test_y": labels[np.newaxis, 60:].astype(np.int32)}


@pytest.mark.parametrize("layout", [in_one, in_parts, in_parts_with_digits])
def test_other_layouts(tmp_path, layout):
    random = np.random.default_rng(0)
    images, labels = random.integers(0, 256, (70, 784), dtype=np.uint8), random.integers(0, 10, 70)
    savemat(tmp_path / "m.mat", layout(images, labels))
    parts = read_mat(tmp_path / "m.mat")
    for part, chosen in (("train", slice(60)), ("test", slice(60, None))):
        np.testing.assert_array_equal(parts[part][0].reshape(-1, 784), images[chosen])
        np.testing.assert_array_equal(parts[part][1], labels[chosen])


@pytest.mark.parametrize(
    ("layout", "change", "message"),
    [
        (in_one, {"label": None}, f"{CONTENT}m.mat without label: check"),
        (in_one, {"data": np.zeros((70, 784), np.uint8)}, r"with data of uint8 of shape \(70, 784\): check"),
        (in_one, {"data": np.zeros((784, 70))}, r"with data of float64 of shape \(784, 70\): check"),
        (
            in_one,
            {"label": np.full((1, 70), 10)},
            r"with label of int64 of shape \(1, 70\), no digit for each of 70 images",
        ),
        (
            in_one,
            {"label": np.zeros((1, 69))},
            r"with label of float64 of shape \(1, 69\), no digit for each of 70 images",
        ),
        (in_parts, {"test_y": None}, f"{CONTENT}m.mat without test_y: check"),
        (
            in_parts,
            {"train_x": np.zeros((60, 28, 28), np.uint8)},
            r"with train_x of uint8 of shape \(60, 28, 28\): check",
        ),
    ],
)
def test_other_layouts_with_other_variables(tmp_path, layout, change, message):
    arrays = layout(np.zeros((70, 784), np.uint8), np.zeros(70, int)) | change
    savemat(tmp_path / "m.mat", {name: value for name, value in arrays.items() if value is not None})
    refused(tmp_path / "m.mat", message)


def test_training_images_are_shuffled_the_same_way_each_time(tmp_path):
    savemat(tmp_path / "m.mat", variables())
    first, second = load_mat(tmp_path / "m.mat"), load_mat(str(tmp_path / "m.mat"))
    np.testing.assert_array_equal(first.train.images, second.train.images)
    assert len(set(first.train.labels[:20])) > 5
    assert len(set(first.valid.labels)) > 5  # the last of a sorted file would all be 9


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"train3": None}, f"{CONTENT}m.mat without train3: check"),
        ({"test9": None}, f"{CONTENT}m.mat without test9: check"),
        ({"train0": np.zeros((3, 783), np.uint8)}, f"{CONTENT}m.mat with train0 of uint8 of shape \\(3, 783\\): check"),
        ({"train0": np.zeros((784, 3), np.uint8)}, "with train0 of uint8 of shape \\(784, 3\\)"),
        ({"train0": np.zeros((3, 28, 28), np.uint8)}, "with train0 of uint8 of shape \\(3, 28, 28\\)"),
        ({"train0": np.zeros((3, 784))}, "with train0 of float64 of shape \\(3, 784\\)"),
        ({"train0": "text"}, "with train0 of char of shape \\(1,\\)"),
        (dict.fromkeys(variables()) | {"other": np.zeros(3)}, "m.mat without any of them: check"),
        ({"train0": {"a": 1}}, "with train0 of .* of shape \\(1, 1\\)"),
        (
            {f"test{d}": np.zeros((0, 784), np.uint8) for d in range(10)},
            "at least 12 images for training and 1 for testing, got 165 and 0 in",
        ),
        (
            {f"train{d}": np.zeros((1, 784), np.uint8) for d in range(10)},
            "at least 12 images for training and 1 for testing, got 10 and 30 in",
        ),
    ],
)
def test_file_with_other_variables(tmp_path, change, message):
    arrays = {name: value for name, value in (variables() | change).items() if value is not None}
    savemat(tmp_path / "m.mat", arrays)
    refused(tmp_path / "m.mat", message)


def refused(path, message):
    before = path.read_bytes()
    with pytest.raises(DigitsError, match=message) as caught:
        load_mat(path)
    assert str(caught.value).startswith("expected ")
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda content: b"", "expected a MATLAB file .*m.mat, which is not one or damaged: check"),
        (lambda content: b"hello", "expected a MATLAB file .*m.mat, which is not one or damaged: check"),
        (
            lambda content: b"\x89PNG\r\n\x1a\n" * 100,
            "expected a MATLAB file .*m.mat, which is not one or damaged: check",
        ),
        (lambda content: bytes(1000), "expected a MATLAB file .*m.mat, which is not one or damaged: check"),
        (lambda content: content[:60], "expected a MATLAB file .*m.mat, which is not one or damaged: check"),
        (
            lambda content: content[: len(content) // 2],
            "expected a MATLAB file .*m.mat, which is not one or damaged: check",
        ),
        (lambda content: content[:128], "m.mat without any of them: check"),
        (
            lambda content: b"\x89HDF\r\n\x1a\n" + bytes(1000),
            "expected a MATLAB file .*m.mat, which is not one or damaged: check",
        ),
        (
            lambda content: b"MATLAB 7.3 MAT-file".ljust(124) + b"\x00\x02IM" + bytes(384) + b"\x89HDF\r\n\x1a\n",
            "version 7.3: save it anew with save\\(..., '-v7'\\)",
        ),
    ],
)
def test_file_that_is_something_else(tmp_path, damage, message):
    path = tmp_path / "m.mat"
    savemat(path, variables())
    path.write_bytes(damage(path.read_bytes()))
    refused(path, message)


def test_missing_file_and_folder(tmp_path):
    with pytest.raises(DigitsError, match=r"cannot read .*none\.mat: there is no such file"):
        load_mat(tmp_path / "none.mat")
    with pytest.raises(DigitsError, match="it is a folder"):
        load_mat(tmp_path)


# Writing


def idx_files(folder, train=50, test=20):
    """Four IDX files of random images, the labels in a random order, and their arrays."""
    random, files, arrays = np.random.default_rng(2), {}, {}
    for key, count in {"train": train, "t10k": test}.items():
        images, labels = random.integers(0, 256, (count, 28, 28)), random.permutation(np.arange(count) % 10)
        for kind, array in {"images": images, "labels": labels}.items():
            name = f"{key}-{kind}"
            files[name], arrays[name] = folder / f"{name}.gz", array.astype(np.uint8)
            write_idx(files[name], arrays[name])
    return files, arrays


def test_a_matlab_file_from_idx_files(tmp_path):
    files, arrays = idx_files(tmp_path)
    mnist_to_mat(tmp_path / "mnist_all.mat", files)
    found = {name: array for name, array in loadmat(tmp_path / "mnist_all.mat").items() if not name.startswith("__")}
    assert set(found) == {f"{part}{digit}" for part in ("train", "test") for digit in range(10)}
    for part, key in {"train": "train", "test": "t10k"}.items():
        for digit in range(10):
            wanted = arrays[f"{key}-images"][arrays[f"{key}-labels"] == digit].reshape(-1, 784)
            assert found[f"{part}{digit}"].dtype == np.uint8
            np.testing.assert_array_equal(found[f"{part}{digit}"], wanted)
    assert len(load_mat(tmp_path / "mnist_all.mat").test) == 20


def test_what_is_written_is_what_is_read(tmp_path):
    images = np.random.default_rng(3).integers(0, 256, (30, 28, 28), dtype=np.uint8)
    parts = {"train": (images[:20], np.repeat(np.arange(10), 2)), "test": (images[20:], np.arange(10))}
    write_mat(tmp_path / "m.mat", parts)
    for part, (found_images, found_labels) in read_mat(tmp_path / "m.mat").items():
        np.testing.assert_array_equal(found_images, parts[part][0])
        np.testing.assert_array_equal(found_labels, parts[part][1])


def test_published_mnist_as_a_matlab_file(mnist, tmp_path):
    path = tmp_path / "mnist_all.mat"
    mnist_to_mat(path)
    assert path.stat().st_size < 15e6
    digits = load_mat(path)
    assert (len(digits.train), len(digits.valid), len(digits.test)) == (55000, 5000, 10000)
    total = np.bincount(digits.train.labels) + np.bincount(digits.valid.labels)
    assert total.tolist() == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    order = np.argsort(mnist.test.labels, kind="stable")
    np.testing.assert_array_equal(digits.test.labels, mnist.test.labels[order])
    np.testing.assert_array_equal(digits.test.images, mnist.test.images[order])


@pytest.mark.parametrize(
    ("images", "labels", "message"),
    [
        (
            np.zeros((2, 28, 28)),
            [0, 1],
            "expected train images of uint8 .* got float64 of shape .* with 2 labels: convert",
        ),
        (np.zeros((2, 784), np.uint8), [0, 1], "uint8 of shape \\(2, 784\\) with 2 labels"),
        (np.zeros((2, 28, 28), np.uint8), [0], "with 1 labels"),
        (np.zeros((2, 28, 28), np.uint8), [0, 10], "expected train labels from 0 to 9"),
    ],
)
def test_what_cannot_be_written_leaves_the_file_as_it_was(tmp_path, images, labels, message):
    (tmp_path / "m.mat").write_text("mine")
    with pytest.raises(DigitsError, match=message):
        write_mat(tmp_path / "m.mat", {"train": (images, np.array(labels)), "test": (images, np.array(labels))})
    assert [path.name for path in tmp_path.iterdir()] == ["m.mat"]
    assert (tmp_path / "m.mat").read_text() == "mine"


def test_a_folder_that_is_not_there(tmp_path):
    files, _ = idx_files(tmp_path)
    with pytest.raises(DigitsError, match=r"cannot write .*none.*: there is no such file or folder"):
        mnist_to_mat(tmp_path / "none" / "m.mat", files)


@pytest.mark.parametrize("wrong", [14, 2**31])
@pytest.mark.parametrize("packed", [False, True])
def test_an_array_of_no_type(tmp_path, wrong, packed):
    """SciPy's reader ends the process on some of them, so it is asked in a process of its own."""
    path = tmp_path / "m.mat"
    images = variables()
    savemat(path, images)
    content = bytearray(path.read_bytes())
    place = content.index(images["train0"].T.tobytes()) - 8
    content[place : place + 4] = wrong.to_bytes(4, "little")
    (size,) = struct.unpack_from("<I", content, 132)
    if packed:
        inner = zlib.compress(content[128 : 136 + size])
        content[128 : 136 + size] = struct.pack("<II", 15, len(inner)) + inner
    path.write_bytes(content)
    command = [
        sys.executable,
        "-c",
        "import sys; from helpers.data.mat import read_mat; read_mat(sys.argv[1])",
        str(path),
    ]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].endswith("m.mat, which is not one or damaged: check that it is the right file")
