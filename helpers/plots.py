"""Every picture of the notebooks but the drawing of a network (helpers.diagram): `from helpers import plots`.

Each function takes arrays (NumPy or MXNet) and returns a `Figure` with alternative text in `.alt`, which shows itself
as the last line of a cell. `figure` makes an empty one for a picture of your own.
"""

from helpers.answers import confusion, probability_bars
from helpers.charts import bars, curves, learning_curves
from helpers.figures import Figure, figure
from helpers.galleries import digits, feature_maps, filters, mistakes

__all__ = [
    "Figure",
    "bars",
    "confusion",
    "curves",
    "digits",
    "feature_maps",
    "figure",
    "filters",
    "learning_curves",
    "mistakes",
    "probability_bars",
]
