"""Small parts of the data, for tests that train."""

from dataclasses import replace


def few(digits, train=500, valid=101):
    """The first images for training and validation; 101 leave a last batch of one."""
    return replace(
        digits,
        train=replace(digits.train, images=digits.train.images[:train], labels=digits.train.labels[:train]),
        valid=replace(digits.valid, images=digits.valid.images[:valid], labels=digits.valid.labels[:valid]),
    )
