"""How a network learns: batches, callbacks, evaluation, recipes, checkpoints.

Chapters 2 to 4, 6 and 7, and the command line.
"""

from helpers.base.speed import LazyAccuracy
from helpers.training.batches import ShuffledBatches
from helpers.training.callbacks import BestEpoch, History, Progress
from helpers.training.contexts import device, devices
from helpers.training.evaluation import accuracy, predict
from helpers.training.fit import Job, train
from helpers.training.recipes import RECIPES, Settings

__all__ = [
    "RECIPES",
    "BestEpoch",
    "History",
    "Job",
    "LazyAccuracy",
    "Progress",
    "Settings",
    "ShuffledBatches",
    "accuracy",
    "device",
    "devices",
    "predict",
    "train",
]
