"""Digits in all written forms: every label and form comes, as the canvas draws it, and the same again from a seed."""

from collections import Counter

import numpy as np
import pytest

from helpers.classifier.classifier import Classifier
from helpers.drawing.strokes import to_mnist
from helpers.handwriting.allographs import FORMS, write_digit, write_digits

NAMED = [(label, form) for label, forms in FORMS.items() for form in forms]


@pytest.fixture(scope="module")
def written():
    return write_digits(1000, np.random.default_rng(1))


def test_form(written):
    images, labels = written
    assert images.shape == (1000, 1, 28, 28)
    assert images.dtype == np.float32
    assert labels.shape == (1000,)
    assert labels.dtype == np.int32
    assert images.min() == 0
    assert images.max() == 1
    assert images.any(axis=(1, 2, 3)).all()


def test_the_seed_alone_decides(written):
    images, labels = write_digits(50, np.random.default_rng(1))
    again, same = write_digits(50, np.random.default_rng(1))
    assert np.array_equal(images, again)
    assert np.array_equal(labels, same)
    assert not np.array_equal(images, write_digits(50, np.random.default_rng(2))[0])


def test_all_labels_are_about_as_frequent(written):
    counts = Counter(written[1].tolist())
    assert set(counts) == set(range(10))
    assert min(counts.values()) > 60


def test_no_digits():
    images, labels = write_digits(0, np.random.default_rng(1))
    assert images.shape == (0, 1, 28, 28)
    assert labels.shape == (0,)


def test_the_forms_that_the_project_promises():
    for label, forms in {
        0: {"plain", "slashed"},
        1: {"plain", "flag", "flag and base"},
        2: {"plain", "looped"},
        3: {"round", "flat"},
        4: {"open", "closed"},
        5: {"top apart", "in one"},
        7: {"plain", "barred", "serif"},
        8: {"in one", "two circles"},
        9: {"straight leg", "curved leg"},
    }.items():
        assert forms <= set(FORMS[label])


def test_a_digit_is_written_in_any_of_its_forms():
    rng = np.random.default_rng(0)
    strokes = Counter(len(write_digit(7, rng)) for _ in range(100))
    assert strokes[1] > 20  # without a bar
    assert strokes[2] > 20  # with one


def test_the_ink_is_where_the_form_has_it():
    """The bar of a 7 and the slash of a 0 in the mean of many images."""
    rng = np.random.default_rng(4)

    def mean(label, form):
        return np.mean([to_mnist(write_digit(label, rng, form)) for _ in range(60)], axis=0)

    assert mean(7, "barred")[13:17, 7:11].mean() > 3 * mean(7, "plain")[13:17, 7:11].mean()
    assert mean(0, "slashed")[12:16, 12:16].mean() > 3 * mean(0, "plain")[12:16, 12:16].mean()


def test_a_one_has_its_flag_and_its_base():
    """The median width of the ink in the lowest and in the highest fifth of the digit."""
    rng = np.random.default_rng(4)

    def widths(form):
        found = []
        for _ in range(60):
            rows = to_mnist(write_digit(1, rng, form))
            rows = rows[rows.any(axis=1)] > 0.3
            fifth = len(rows) // 5
            found.append([rows[-fifth:].any(axis=0).sum(), rows[: 2 * fifth].any(axis=0).sum()])
        return np.median(found, axis=0)

    (plain_foot, plain_head), (foot, head) = widths("plain"), widths("flag and base")
    assert foot > 1.5 * plain_foot
    assert head > 1.2 * plain_head
    assert widths("base")[0] > 1.5 * plain_foot


@pytest.mark.slow
@pytest.mark.parametrize(("label", "form"), NAMED, ids=[f"{label} {form}" for label, form in NAMED])
def test_each_form_is_its_digit(label, form):
    """By a network that has learnt from none of them; a 1 with a flag is what it knows least."""
    rng = np.random.default_rng(2)
    images = np.stack([to_mnist(write_digit(label, rng, form)) for _ in range(60)])[:, np.newaxis]
    answers = Classifier.load("dropout-cnn").probabilities_of(images).argmax(axis=1)
    others = Counter(answers[answers != label].tolist())
    assert (answers == label).mean() > max([0.3, *(count / 60 for count in others.values())])
