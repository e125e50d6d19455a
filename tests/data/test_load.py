"""The digits as a network gets them: MNIST against what is published about it, and which source it is."""

import subprocess
import sys

import numpy as np
import pytest

from helpers.base.errors import DigitsError
from helpers.data.load import Split, iterator, load_mnist
from helpers.data.mnist import DownloadError

import mxnet as mx

TRAIN_COUNTS = [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
TEST_COUNTS = [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]


@pytest.fixture
def no_network(tmp_path, monkeypatch):
    """An empty cache, no MNIST_DIR, and a proxy that nobody runs."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("MNIST_DIR", raising=False)
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    return tmp_path


def check_form(digits):
    for part in (digits.train, digits.valid, digits.test):
        assert part.images.shape == (len(part), 1, 28, 28)
        assert (part.images.dtype, part.labels.dtype) == (np.float32, np.int32)
        assert (part.images.min(), part.images.max()) == (0, 1)
        assert set(part.labels) == set(range(10))


def test_mnist_as_published(mnist):
    check_form(mnist)
    assert (len(mnist.train), len(mnist.valid), len(mnist.test)) == (55000, 5000, 10000)
    assert mnist.train.labels[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]
    assert mnist.test.labels[:10].tolist() == [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]
    assert (np.bincount(mnist.train.labels) + np.bincount(mnist.valid.labels)).tolist() == TRAIN_COUNTS
    assert np.bincount(mnist.test.labels).tolist() == TEST_COUNTS
    row = np.array([3, 18, 18, 18, 126, 136, 175, 26, 166, 255, 247, 127], np.float32) / 255
    np.testing.assert_array_equal(mnist.train.images[0, 0, 5, 12:24], row)
    assert mnist.source == "mnist"


def test_offline_digits(digits):
    check_form(digits)
    assert (len(digits.train), len(digits.valid), len(digits.test)) == (5 * 1297, 200, 300)
    assert digits.source == "digits"
    assert "not MNIST" in digits.origin
    again = load_mnist("digits")
    for part in ("train", "valid", "test"):
        np.testing.assert_array_equal(getattr(digits, part).images, getattr(again, part).images)
        np.testing.assert_array_equal(getattr(digits, part).labels, getattr(again, part).labels)


def test_auto_falls_back_and_says_so(no_network, digits, capfd):
    fallen_back = load_mnist()
    assert fallen_back.source == "digits"
    np.testing.assert_array_equal(fallen_back.test.images, digits.test.images)
    output, notice = capfd.readouterr()
    assert output == ""
    assert len(notice.splitlines()) == 2
    assert "This is NOT MNIST: the digits now in use are scikit-learn's, fewer and coarser." in notice
    assert "set MNIST_DIR" in notice
    assert not (no_network / "cache").exists()


def test_mnist_does_not_fall_back(no_network):
    with pytest.raises(DownloadError, match="cannot download MNIST"):
        load_mnist("mnist")


@pytest.mark.parametrize("source", ["auto", "mnist"])
def test_wrong_folder_is_an_error_even_where_there_is_another_way(no_network, monkeypatch, source):
    monkeypatch.setenv("MNIST_DIR", str(no_network))
    with pytest.raises(DigitsError, match=r"expected train-images-idx3-ubyte\.gz in MNIST_DIR"):
        load_mnist(source)
    assert not list(no_network.iterdir())


def test_variable_chooses_for_auto(no_network, monkeypatch, capfd):
    monkeypatch.setenv("DIGITS_SOURCE", "digits")
    assert load_mnist().source == "digits"
    assert capfd.readouterr() == ("", "")  # wanted, so there is nothing to notice
    monkeypatch.setenv("DIGITS_SOURCE", "mnist")
    with pytest.raises(DownloadError):
        load_mnist()
    assert load_mnist("digits").source == "digits"


@pytest.mark.parametrize("source", ["MNIST", "", "fashion", None, 3])
def test_unknown_source(source):
    with pytest.raises(DigitsError, match=rf"expected a source of mnist, digits, auto, got {source!r}: choose one"):
        load_mnist(source)


def test_unknown_source_in_the_variable(monkeypatch):
    monkeypatch.setenv("DIGITS_SOURCE", "cifar")
    with pytest.raises(
        DigitsError, match="expected mnist, digits, auto in DIGITS_SOURCE, got 'cifar': choose one or unset it"
    ):
        load_mnist()


@pytest.fixture
def split():
    """Seven images, each full of its own number."""
    labels = np.arange(7, dtype=np.int32)
    return Split(np.broadcast_to(labels.reshape(-1, 1, 1, 1) / np.float32(10), (7, 1, 28, 28)), labels)


def test_batches_in_order_and_the_last_one_filled_up(split):
    batches = list(iterator(split, batch_size=3))
    assert [batch.label[0].asnumpy().tolist() for batch in batches] == [[0, 1, 2], [3, 4, 5], [6, 0, 1]]
    assert [batch.pad for batch in batches] == [0, 0, 2]
    for batch in batches:
        assert batch.data[0].shape == (3, 1, 28, 28)
        np.testing.assert_allclose(batch.data[0].asnumpy()[:, 0, 5, 5] * 10, batch.label[0].asnumpy(), rtol=1e-6)


def test_names_are_those_that_module_expects(split):
    batches = iterator(split, 7)
    assert [(d.name, d.shape) for d in batches.provide_data] == [("data", (7, 1, 28, 28))]
    assert [(d.name, d.shape) for d in batches.provide_label] == [("softmax_label", (7,))]
    assert isinstance(batches, mx.io.NDArrayIter)


def test_shuffled_batches_keep_images_and_labels_together(split):
    np.random.seed(0)
    batches = iterator(split, 7, shuffle=True)
    orders = []
    for _ in range(5):
        batches.reset()
        batch = next(batches)
        orders.append(tuple(batch.label[0].asnumpy().astype(int)))
        np.testing.assert_allclose(batch.data[0].asnumpy()[:, 0, 0, 0] * 10, orders[-1], rtol=1e-6)
        assert sorted(orders[-1]) == list(range(7))
    assert len(set(orders)) > 1
    assert split.labels.tolist() == list(range(7))


@pytest.mark.parametrize("batch_size", [0, -1, 8, 2.5, "3", None])
def test_bad_batch_size(split, batch_size):
    with pytest.raises(
        DigitsError, match=f"expected a batch size from 1 to 7, got {batch_size!r}: choose a whole number"
    ):
        iterator(split, batch_size)


def imported(program):
    """Which of the heavy packages a program imports."""
    heavy = {"mxnet", "sklearn", "scipy", "cv2", "matplotlib", "pooch", "requests", "tqdm"}
    program = f"import sys\n{program}\nprint(*{heavy} & set(sys.modules))"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=300, check=True)
    return set(run.stdout.split())


def test_import_is_light():
    """Nothing heavy is imported before it is needed."""
    assert imported("import helpers.data") == set()
    assert "cv2" in imported("from helpers.data import load_mnist; load_mnist('digits')")


def test_mnist_needs_nothing_heavy(mnist):
    """`mnist` makes sure that the files are here."""
    assert imported("from helpers.data import load_mnist; load_mnist('mnist')") == set()
