"""The beginning of chapter 7: a network for a pencil and forty lines of autograd; the walkthrough as printed."""

import contextlib
import io
import math
import re

import nbformat
import numpy as np
import pytest

from helpers.by_hand import mlp_gradients
from helpers.data.mat import write_mat
from tests.by_hand.conftest import NOTEBOOK
from tests.tools.samples import few

import mxnet as mx

CELLS = {cell.id: cell for cell in nbformat.read(NOTEBOOK, as_version=4).cells}


@pytest.fixture(scope="module")
def small():
    """What the cell of the picture computes forward."""
    names = {"np": np}
    with contextlib.redirect_stdout(io.StringIO()):
        exec(CELLS["pencil-forward"].source, names)
    return names


def test_the_picture_has_the_gradients_of_mxnets_autograd(small):
    parameters = [mx.nd.array(small[name], dtype="float64") for name in ("w1", "b1", "w2", "b2")]
    for parameter in parameters:
        parameter.attach_grad()
    x, t = (mx.nd.array(small[name].reshape(1, -1), dtype="float64") for name in ("x", "t"))
    with mx.autograd.record():
        a1 = mx.nd.relu(mx.nd.FullyConnected(x, *parameters[:2], num_hidden=3))
        loss = -(t * mx.nd.log_softmax(mx.nd.FullyConnected(a1, *parameters[2:], num_hidden=2))).sum()
    loss.backward()
    gw1, gb1, gw2, gb2 = (parameter.grad.asnumpy().tolist() for parameter in parameters)
    assert gw1 == [[-1, -2], [1, 2], [0, 0]]
    assert gb1 == [-1, 1, 0]
    assert gw2 == [[-0.5, -1, 0], [0.5, 1, 0]]
    assert gb2 == [-0.5, 0.5]
    for ours, theirs in zip(mlp_gradients(x, t, parameters), (gw1, gb1, gw2, gb2), strict=True):
        np.testing.assert_allclose(ours.asnumpy(), theirs, atol=1e-12)


def test_the_picture_says_them_but_for_the_one_that_is_asked_for():
    [picture] = [output for output in CELLS["pencil-backward"].outputs if "image/png" in output.data]
    words = picture.metadata["image/png"]["alt"].replace("\N{MINUS SIGN}", "-")
    assert re.findall(r"error ([-.\d]+), gradients ([-.\d, ?]+?)[.;](?: |$)", words) == [
        ("-1", "-1, ?"),
        ("1", "1, 2"),
        ("0", "0, 0"),
        ("-0.5", "-0.5, -1, 0"),
        ("0.5", "0.5, 1, 0"),
    ]


def test_every_number_is_one_for_a_pencil(small):
    numbers = np.concatenate([np.ravel(small[name]) for name in ("x", "t", "w1", "b1", "w2", "b2", "a1", "z2", "p")])
    assert set(np.abs(numbers)) <= {0, 0.5, 1, 2}


def test_autograd_takes_about_forty_lines():
    cells = ("number", "number-functions", "number-backward")
    lines = [line for name in cells for line in CELLS[name].source.splitlines()]
    assert 35 <= len(lines) <= 45, len(lines)


@pytest.mark.parametrize("value", [-1.3, 0.4, 2.0])
def test_slopes_of_the_scalar_autograd(chapter, value):
    """A number that is used several times, on ways of different length, against finite differences."""

    def result(x):
        y = x * x + x
        return chapter.log(chapter.exp(y) + chapter.exp(x * chapter.relu(y))) * x

    x = chapter.Number(value)
    chapter.backward(result(x))
    step = 1e-6
    above, below = (result(chapter.Number(value + h)).value for h in (step, -step))
    assert x.gradient == pytest.approx((above - below) / (2 * step), rel=1e-6)


def test_the_values_of_the_scalar_autograd(chapter):
    a, b = chapter.Number(3.0), chapter.Number(-2.0)
    assert (a + b).value == 1
    assert (a * b).value == -6
    assert [chapter.relu(each).value for each in (a, b)] == [3, 0]
    assert chapter.log(chapter.exp(b)).value == pytest.approx(-2)
    assert chapter.exp(a).value == math.exp(3)


def test_load_mb_from_mat(chapter, digits, tmp_path):
    """All training images once, in batches of which the last is short, and targets that are those of the images."""
    part = few(digits, train=600)
    path = tmp_path / "mnist_all.mat"
    splits = {"train": part.train, "test": digits.test}
    write_mat(path, {k: (np.round(255 * s.images[:, 0]).astype(np.uint8), s.labels) for k, s in splits.items()})
    batches, (images, targets) = chapter.load_mb_from_mat(path, 256)
    assert [data.shape for data, _ in batches] == [(256, 784), (256, 784), (88, 784)]
    assert [label.shape for _, label in batches] == [(256, 10), (256, 10), (88, 10)]
    assert (images.shape, targets.shape) == ((len(digits.test), 784), (len(digits.test), 10))
    assert images.dtype == targets.dtype == np.float32
    known = {image.tobytes(): label for image, label in zip(part.train.images, part.train.labels, strict=True)}
    rounded = {np.round(255 * np.frombuffer(key, np.float32)).astype(np.uint8).tobytes(): n for key, n in known.items()}
    for data, label in batches:
        for image, target in zip(np.round(255 * data).astype(np.uint8), label, strict=True):
            assert target.tolist() == np.eye(10)[rounded[image.tobytes()]].tolist()


def test_what_the_stored_chapter_says_of_the_printed_settings():
    """On MNIST: one answer to every image with the page's settings, all ten digits with those of the script."""
    printed = "".join(output.text for output in CELLS["printed-cnn"].outputs)
    (low, one), (high, all_ten) = re.findall(r"(0\.\d{4}) of the validation .*: \[(.*)\]", printed)
    assert len(one.split(", ")) == 1
    assert float(low) < 0.12
    assert len(all_ten.split(", ")) == 10
    assert float(high) > 0.9


def test_the_script_that_does_not_wait_ends_as_if_all_had_gone_well():
    printed = "".join(output.text for output in CELLS["script-run"].outputs)
    hurried, patient = re.findall(r"took ([\d.]+) s, exit code (\d), error: (.*)", printed)
    assert hurried[1:] == ("0", "none")
    assert patient[1] == "1"
    assert "scale" in patient[2]
    assert float(hurried[0]) < float(patient[0])
