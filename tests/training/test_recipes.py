"""Recipes, and settings that are complete and sound as soon as they are made."""

from dataclasses import replace

import pytest

from helpers.base.errors import DigitsError
from helpers.networks.symbols import NETWORKS
from helpers.training.recipes import RECIPES, Settings
from tests.tools.samples import few


def test_every_network_has_a_recipe():
    assert RECIPES.keys() == NETWORKS.keys()
    chosen = {name: (r.optimizer, r.learning_rate, r.epochs, r.batch_size) for name, r in RECIPES.items()}
    assert chosen == {
        "mlp": ("sgd", 0.1, 10, 100),
        "lenet": ("sgd", 0.1, 10, 100),
        "dropout-cnn": ("adam", 0.001, 15, 100),
    }


@pytest.mark.parametrize("network", RECIPES)
def test_what_is_not_given_comes_from_the_recipe(network):
    recipe = RECIPES[network]
    settings = Settings(network, seed=5)
    assert (settings.epochs, settings.batch_size) == (recipe.epochs, recipe.batch_size)
    assert (settings.learning_rate, settings.seed) == (recipe.learning_rate, 5)
    given = Settings(network, epochs=3, batch_size=7, learning_rate=0.2)
    assert (given.epochs, given.batch_size, given.learning_rate, given.seed) == (3, 7, 0.2, 0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"network": "alexnet"}, 'expected a network, got "alexnet": choose mlp, lenet, dropout-cnn'),
        ({"epochs": 0}, "expected at least 1 epoch, got 0: train for 1 or more"),
        ({"epochs": -3}, "expected at least 1 epoch, got -3: train for 1 or more"),
        ({"batch_size": 0}, "expected a batch size of at least 1, got 0: choose more images per batch"),
        ({"learning_rate": -0.1}, r"expected a finite learning rate above 0, got -0\.1: choose one such as 0\.1"),
        ({"learning_rate": 0}, "expected a finite learning rate above 0, got 0: choose"),
        ({"learning_rate": float("nan")}, "expected a finite learning rate above 0, got nan: choose"),
        ({"learning_rate": float("inf")}, "expected a finite learning rate above 0, got inf: choose"),
        ({"seed": -1}, "expected a seed from 0 to 2147483647, got -1: choose a whole number"),
        ({"seed": 2**31}, "expected a seed from 0 to 2147483647, got 2147483648: choose"),
    ],
)
def test_numbers_out_of_range(arguments, message):
    with pytest.raises(DigitsError, match=f"^{message}") as caught:
        Settings(**{"network": "mlp"} | arguments)
    assert "\n" not in str(caught.value)
    if "network" not in arguments:
        with pytest.raises(DigitsError, match=f"^{message}"):
            replace(Settings("mlp"), **arguments)


def test_the_data_are_told_apart(digits):
    settings = Settings("mlp").with_data(few(digits).train)
    assert settings == Settings("mlp").with_data(few(digits).train)
    assert settings.data.startswith("500 images, labels ")
    other_labels = replace(digits.train, labels=digits.train.labels[::-1].copy())
    found = {Settings("mlp").with_data(split).data for split in (few(digits).train, digits.train, other_labels)}
    assert len(found) == 3
