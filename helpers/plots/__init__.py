"""Every picture of the notebooks but the drawing of a network (helpers.networks): `from helpers import plots`.

Each function takes arrays (NumPy or MXNet) and returns a `Figure` with alternative text in `.alt`, which shows itself
as the last line of a cell. `figure` makes an empty one for a picture of your own; `sliding_window` makes a widget.
All chapters.
"""

from helpers.plots.charts import bars, chart, curves, learning_curves
from helpers.plots.figures import BLUE, GREEN, INK, ORANGE, SKY, WIDTH, Figure, figure
from helpers.plots.galleries import digits, feature_maps, filters, mistakes
from helpers.plots.predictions import confusion, probability_bars
from helpers.plots.sliding import sliding_window
from helpers.plots.small_networks import units
from helpers.plots.windows import boxes, channel_sum, places, pooling, to_scale, window
from helpers.plots.words import listing

__all__ = [
    "BLUE", "GREEN", "INK", "ORANGE", "SKY", "WIDTH", "Figure", "bars", "boxes", "channel_sum", "chart", "confusion",
    "curves", "digits", "feature_maps", "figure", "filters", "learning_curves", "listing", "mistakes", "places",
    "pooling", "probability_bars", "sliding_window", "to_scale", "units", "window",
]  # fmt: skip
