"""How each network is trained by default (its recipe), and how one training is run (its settings).

Chapters 3 and 4 and the command line.
"""

import zlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from helpers.base.errors import DigitsError

import mxnet as mx

if TYPE_CHECKING:
    from helpers.data.load import Split

LARGEST_SEED = 2**31 - 1


@dataclass(frozen=True)
class Recipe:
    """How a network is trained: MXNet's name of the optimizer, its learning rate, epochs, images per batch.

    With `cosine` the learning rate falls along a cosine to a hundredth of where it began. A `small` network has layers
    of so little work that a second device costs more than it brings.
    """

    optimizer: str
    learning_rate: float
    epochs: int
    batch_size: int
    initializer: mx.init.Initializer
    cosine: bool = False
    small: bool = False


RECIPES = {
    "mlp": Recipe("sgd", 0.1, epochs=10, batch_size=100, initializer=mx.init.Xavier(), small=True),
    "lenet": Recipe("sgd", 0.1, epochs=10, batch_size=100, initializer=mx.init.Xavier()),
    "dropout-cnn": Recipe("adam", 0.001, epochs=15, batch_size=100, initializer=mx.init.Xavier(), cosine=True),
}


@dataclass(frozen=True)
class Settings:
    """One training: what has to be the same at every worker, and after a break.

    `network` is "mlp", "lenet" or "dropout-cnn"; what is None is taken from its recipe when the settings are made, so
    afterwards nothing is None. `batch_size` counts images, and `learning_rate` is above 0. `seed` determines the order
    of the images, the first parameters and dropout. `data` tells the training images from others: see `with_data`.
    Raises DigitsError for an unknown network and for numbers out of range.
    """

    network: str
    epochs: int | None = None
    batch_size: int | None = None
    learning_rate: float | None = None
    seed: int = 0
    data: str = ""

    def __post_init__(self):
        if self.network not in RECIPES:
            raise DigitsError(f'expected a network, got "{self.network}": choose {", ".join(RECIPES)}')
        recipe = RECIPES[self.network]
        for name in ("epochs", "batch_size", "learning_rate"):
            if getattr(self, name) is None:
                object.__setattr__(self, name, getattr(recipe, name))  # a frozen dataclass has no other way

        if self.epochs < 1:
            raise DigitsError(f"expected at least 1 epoch, got {self.epochs}: train for 1 or more")
        if self.batch_size < 1:
            raise DigitsError(
                f"expected a batch size of at least 1, got {self.batch_size}: choose more images per batch"
            )
        if not 0 < self.learning_rate < float("inf"):
            given = f"expected a finite learning rate above 0, got {self.learning_rate}"
            raise DigitsError(f"{given}: choose one such as {recipe.learning_rate}")
        if not 0 <= self.seed <= LARGEST_SEED:
            raise DigitsError(f"expected a seed from 0 to {LARGEST_SEED}, got {self.seed}: choose a whole number there")

    def with_data(self, split: "Split") -> "Settings":
        """These settings for training on `split`. Raises DigitsError where a batch is larger than all of it."""
        images = len(split.labels)
        if self.batch_size > images:
            given = f"expected a batch size from 1 to {images}, the number of training images, got {self.batch_size}"
            raise DigitsError(f"{given}: choose fewer images per batch")
        return replace(self, data=f"{images:,} images, labels {zlib.crc32(split.labels.tobytes()):08x}")

    def check_unchanged(self, before: "Settings") -> None:
        """Raise DigitsError unless these are the settings `before` a break; only the epochs may be more or fewer."""
        for name, value in vars(self).items():
            was = getattr(before, name)
            if name != "epochs" and value != was:
                raise DigitsError(f"expected {name} = {was}, as in the checkpoint, got {value}: train anew")

    def optimizer_params(self, steps: int, epochs_done: int = 0) -> dict[str, object]:
        """What `Module.fit` gives to the optimizer: the learning rate, and how it falls.

        `steps` is the number of steps in an epoch; the optimizer counts on from the end of `epochs_done` epochs.
        """
        params = {"learning_rate": self.learning_rate, "begin_num_update": steps * epochs_done}
        if RECIPES[self.network].cosine:
            params["lr_scheduler"] = mx.lr_scheduler.CosineScheduler(
                max_update=steps * self.epochs, base_lr=self.learning_rate, final_lr=self.learning_rate / 100
            )
        return params
