"""How a network learns: batches, callbacks, evaluation, recipes, checkpoints.

Chapters 2 to 4 and 7.
"""

from helpers.training.batches import ShuffledBatches
from helpers.training.callbacks import BestEpoch, History, Progress
from helpers.training.devices import device, devices
from helpers.training.evaluation import LazyAccuracy, accuracy, predict
from helpers.training.fit import train
from helpers.training.recipes import PLAIN_SGD, RECIPES

__all__ = [
    "PLAIN_SGD",
    "RECIPES",
    "BestEpoch",
    "History",
    "LazyAccuracy",
    "Progress",
    "ShuffledBatches",
    "accuracy",
    "device",
    "devices",
    "predict",
    "train",
]
