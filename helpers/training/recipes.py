"""How each network is trained, and the settings of one training."""

import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from helpers.base.errors import DigitsError
from helpers.networks.symbols import NETWORKS

import mxnet as mx

if TYPE_CHECKING:
    from helpers.data.load import Digits

PLAIN_SGD = "plainsgd"  # the name by which MXNet knows the class below, once this module is imported


@mx.optimizer.register
class PlainSGD(mx.optimizer.Optimizer):
    """`optimizer=PLAIN_SGD`: w <- w - learning_rate * (rescale_grad * gradient + wd * w), with no momentum.

    It does what `optimizer="sgd"` does. That one updates several arrays at a time (`mx.nd.multi_sgd_update`), made for
    graphics cards; on a CPU this operator takes 1.6 times as long for each number as `mx.nd.sgd_update`.
    """

    def create_state(self, index: int, weight: mx.nd.NDArray) -> None:
        """There is nothing to remember between updates."""

    def update(self, index: int, weight: mx.nd.NDArray, grad: mx.nd.NDArray, state: None) -> None:
        """Change `weight` in place by one step against `grad`, of the same shape."""
        self._update_count(index)
        settings = {"lr": self._get_lr(index), "wd": self._get_wd(index), "rescale_grad": self.rescale_grad}
        mx.nd.sgd_update(weight, grad, out=weight, **settings)


@dataclass(frozen=True)
class Recipe:
    """How a network is trained: MXNet's name of the optimizer, its learning rate, epochs, images per batch.

    With `cosine` the learning rate falls to a hundredth along a cosine.
    """

    optimizer: str
    learning_rate: float
    epochs: int
    batch_size: int
    initializer: mx.init.Initializer
    cosine: bool = False


RECIPES = {
    "mlp": Recipe(PLAIN_SGD, 0.1, epochs=10, batch_size=100, initializer=mx.init.Xavier()),
    "lenet": Recipe(PLAIN_SGD, 0.1, epochs=10, batch_size=100, initializer=mx.init.Xavier()),
    "dropout-cnn": Recipe("adam", 0.001, epochs=15, batch_size=100, initializer=mx.init.Xavier(), cosine=True),
}


@dataclass(frozen=True)
class Settings:
    """One training: what has to be the same at every worker, and after a break.

    `data` tells the training images from others.
    """

    network: str
    epochs: int
    batch_size: int
    learning_rate: float
    seed: int
    data: str


def choose(
    network: str,
    digits: "Digits",
    epochs: int | None = None,
    batch_size: int | None = None,
    learning_rate: float | None = None,
    seed: int | None = None,
    before: Settings | None = None,
) -> Settings:
    """Settings with what is None taken from those of `before` a break, or from `RECIPES` and seed 0.

    Raises DigitsError for bad values, and for others than before, except that the epochs may be more or fewer.
    """
    if network not in NETWORKS:
        raise DigitsError(f'unknown network "{network}": choose {", ".join(NETWORKS)}')
    recipe, images = RECIPES[network], len(digits.train.labels)
    usual = before or Settings(network, recipe.epochs, recipe.batch_size, recipe.learning_rate, 0, "")
    settings = Settings(
        network,
        usual.epochs if epochs is None else epochs,
        usual.batch_size if batch_size is None else batch_size,
        usual.learning_rate if learning_rate is None else learning_rate,
        usual.seed if seed is None else seed,
        f"{images:,} images, labels {zlib.crc32(digits.train.labels.tobytes()):08x}",
    )
    if settings.epochs < 1:
        raise DigitsError(f"epochs = {settings.epochs}: train for at least 1")
    if not 1 <= settings.batch_size <= images:
        raise DigitsError(f"batch size = {settings.batch_size}: choose 1 to {images}, the number of training images")
    if not 0 < settings.learning_rate < float("inf"):
        rate = f"give a number above 0, for example {recipe.learning_rate}"
        raise DigitsError(f"learning rate = {settings.learning_rate}: {rate}")
    if not 0 <= settings.seed < 2**31:
        raise DigitsError(f"seed = {settings.seed}: choose a whole number from 0 to {2**31 - 1}")
    for name, value in vars(settings).items():
        if before and name != "epochs" and value != vars(before)[name]:
            was = vars(before)[name]
            raise DigitsError(f"the checkpoint is of a training with {name} = {was}, not {value}: train anew")
    return settings
