"""Pictures of what a network answers: the confusion matrix of many digits, the probabilities of one.

Chapters 2 to 5 and 9.
"""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import PowerNorm

from helpers.base.arrays import as_classes, as_probabilities, as_tiles
from helpers.base.errors import DigitsError
from helpers.plots.charts import chart
from helpers.plots.figures import BLUE, FAINT, GREYS, INK, MUTED, PAPER, Figure
from helpers.plots.galleries import grey_range
from helpers.plots.words import counted, listing, percent

VISIBLE = 0.0005  # the least probability that has a number, 0.1 % when it is rounded


def confusion(true, predicted, title: str | None = None) -> Figure:
    """How often each digit (row) got each answer (column): counts in the cells, mistakes the darker the more there are.

    `true` and `predicted` are digits 0 to 9 of shape (N,). The diagonal, the right answers, stays grey, so that it does
    not drown the mistakes; an empty cell is a zero. At the right: the share of each digit that was read correctly.
    """
    true = as_classes(true, "true labels")
    predicted = as_classes(predicted, "predicted labels")
    if len(true) != len(predicted):
        wanted = f"{len(true)} predicted labels, as many as true ones"
        raise DigitsError(f"expected {wanted}, got {len(predicted)}: give one answer for each digit")
    counts = np.zeros((10, 10), int)
    np.add.at(counts, (true, predicted), 1)
    wrong = counts - np.diag(counts.diagonal())
    summary = f"{np.trace(counts):,} of {counted(len(true), 'digit')} read correctly, {wrong.sum():,} wrongly"
    alt = f"Confusion matrix: {summary}{_most_frequent(wrong)}."

    picture = chart(alt, title or summary, width=6.4, height=6.0)
    axes = picture.axes[0]
    colours = PowerNorm(0.6, vmin=0, vmax=2.7 * max(1, wrong.max()))  # black figures stay legible on the darkest cell
    axes.imshow(np.ma.masked_equal(wrong, 0), cmap="Oranges", norm=colours)
    axes.imshow(np.ma.masked_equal(np.eye(10), 0), cmap="Greys", vmin=0, vmax=10)
    _write_counts(axes, counts)
    _rule_cells(axes)
    return picture


def _most_frequent(wrong: np.ndarray) -> str:
    """The three most frequent mistakes in words, "" without any; `wrong` (10, 10) counts answers by true digit."""
    cells = [divmod(int(i), 10) for i in np.argsort(-wrong, axis=None, kind="stable")[:3] if wrong.flat[i]]
    if not cells:
        return ""
    return f"; most often {listing(f'{true} as {answer} ({wrong[true, answer]})' for true, answer in cells)}"


def _write_counts(axes: Axes, counts: np.ndarray) -> None:
    """The count in each cell that has one, and the share of each digit that was read correctly at the right."""
    middle = {"ha": "center", "va": "center", "fontsize": 9}
    for (row, column), count in np.ndenumerate(counts):
        if count:
            axes.text(column, row, f"{count:,}", **middle, color=MUTED if row == column else INK)
    for row in np.flatnonzero(counts.sum(axis=1)):
        share = 100 * counts[row, row] / counts[row].sum()
        axes.text(10.2, row, f"{share:.1f} %", **middle, color=MUTED)
    axes.text(10.2, -1, "correct", **middle, color=MUTED)


def _rule_cells(axes: Axes) -> None:
    """The digits along both sides, answers on top, and thin lines between the cells."""
    axes.set(xticks=range(10), yticks=range(10), xlabel="answer", ylabel="true digit")
    axes.xaxis.tick_top()
    axes.xaxis.set_label_position("top")
    axes.set_xticks(np.arange(11) - 0.5, minor=True)
    axes.set_yticks(np.arange(11) - 0.5, minor=True)
    axes.tick_params(which="both", length=0)
    axes.spines[:].set_visible(False)
    axes.grid(False)
    axes.grid(which="minor", color=FAINT, linewidth=0.8)


def probability_bars(probabilities, image=None, title: str | None = None) -> Figure:
    """The ten probabilities (10,) of one answer, the largest filled and bold; `image` (28, 28) stands beside them."""
    p = as_probabilities(probabilities, 1)[0]
    best, *others = (int(i) for i in np.argsort(-p, kind="stable"))
    result = f"read as {best} with probability {percent(p[best])}"
    runners_up = [f"{i} with {percent(p[i])}" for i in others[:2] if p[i] >= VISIBLE]
    rest = f"then {listing(runners_up)}" if runners_up else "no other reaches 0.1 %"
    picture = chart(f"A digit {result}; {rest}.", title or result.capitalize(), height=2.8, beside=image is not None)
    if image is not None:
        _draw_digit(picture.axes[1], image)
    _draw_probabilities(picture.axes[0], p, best)
    return picture


def _draw_digit(axes: Axes, image) -> None:
    array = as_tiles(image, "image", most=1)
    low, high = grey_range(array)
    axes.imshow(array[0], cmap=GREYS, vmin=low, vmax=high)
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set(visible=True, color=FAINT)


def _draw_probabilities(axes: Axes, p: np.ndarray, best: int) -> None:
    colours = [BLUE if i == best else PAPER for i in range(10)]
    drawn = axes.bar(range(10), p, width=0.72, color=colours, edgecolor=BLUE)
    numbers = [percent(v) if v >= VISIBLE else "" for v in p]
    texts = axes.bar_label(drawn, numbers, padding=3, fontsize=8.5, color=INK)
    texts[best].set_weight("bold")
    axes.set(xticks=range(10), xlim=(-0.6, 9.6), ylim=(0, 1.12), xlabel="digit", ylabel="probability")
    axes.set_yticks((0, 0.5, 1), ("0 %", "50 %", "100 %"))
    axes.tick_params(axis="x", length=0)
    axes.get_xticklabels()[best].set_weight("bold")
