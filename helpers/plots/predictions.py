"""Pictures of what a network answers: the confusion matrix of many digits, the probabilities of one."""

import numpy as np
from matplotlib.colors import PowerNorm

from helpers.base.arrays import as_classes, as_probabilities, as_tiles
from helpers.base.errors import DigitsError
from helpers.plots.charts import chart
from helpers.plots.figures import BLUE, FAINT, GREYS, INK, MUTED, PAPER, Figure
from helpers.plots.galleries import grey_range
from helpers.plots.words import counted, listing, percent


def confusion(true, predicted, title: str | None = None) -> Figure:
    """How often each digit (row) got each answer (column): counts in the cells, mistakes the darker the more there are.

    `true` and `predicted` are digits 0 to 9 of shape (N,). The diagonal, the right answers, stays grey, so that it does
    not drown the mistakes; an empty cell is a zero. At the right: the share of each digit that was read correctly.
    """
    true, predicted = as_classes(true, "true labels"), as_classes(predicted, "predicted labels")
    if len(true) != len(predicted):
        raise DigitsError(f"{len(predicted)} predicted for {len(true)} true labels: give one answer for each digit")
    counts = np.zeros((10, 10), int)
    np.add.at(counts, (true, predicted), 1)
    right, of_each = counts.diagonal(), counts.sum(axis=1)
    wrong = counts - np.diag(right)
    most = [divmod(int(i), 10) for i in np.argsort(-wrong, axis=None, kind="stable")[:3] if wrong.flat[i]]
    told = f"{right.sum():,} of {counted(len(true), 'digit')} read correctly, {wrong.sum():,} wrongly"
    often = f"; most often {listing(f'{a} as {b} ({counts[a, b]})' for a, b in most)}" if most else ""
    alt = f"Confusion matrix: {told}{often}."

    picture = chart(alt, title or told, width=6.4, height=6.0)
    axes = picture.axes[0]
    colours = PowerNorm(0.6, vmin=0, vmax=2.7 * max(1, wrong.max()))  # black figures stay legible on the darkest cell
    axes.imshow(np.ma.masked_equal(wrong, 0), cmap="Oranges", norm=colours)
    axes.imshow(np.ma.masked_equal(np.eye(10), 0), cmap="Greys", vmin=0, vmax=10)
    middle = {"ha": "center", "va": "center", "fontsize": 9}
    for (row, column), n in np.ndenumerate(counts):
        if n:
            axes.text(column, row, f"{n:,}", **middle, color=MUTED if row == column else INK)
    for i in np.flatnonzero(of_each):
        axes.text(10.2, i, f"{100 * right[i] / of_each[i]:.1f} %", **middle, color=MUTED)
    axes.text(10.2, -1, "correct", **middle, color=MUTED)
    axes.set(xticks=range(10), yticks=range(10), xlabel="answer", ylabel="true digit")
    axes.xaxis.tick_top()
    axes.xaxis.set_label_position("top")
    axes.set_xticks(np.arange(11) - 0.5, minor=True)
    axes.set_yticks(np.arange(11) - 0.5, minor=True)
    axes.tick_params(which="both", length=0)
    axes.spines[:].set_visible(False)
    axes.grid(False)
    axes.grid(which="minor", color=FAINT, linewidth=0.8)
    return picture


def probability_bars(probabilities, image=None, title: str | None = None) -> Figure:
    """The ten probabilities (10,) of one answer, the largest filled and bold; `image` (28, 28) stands beside them."""
    p = as_probabilities(probabilities, 1)[0]
    best, *others = (int(i) for i in np.argsort(-p, kind="stable"))
    result = f"read as {best} with probability {percent(p[best])}"
    next_ones = [f"{i} with {percent(p[i])}" for i in others[:2] if p[i] >= 0.0005]
    alt = f"A digit {result}; {f'then {listing(next_ones)}' if next_ones else 'no other reaches 0.1 %'}."
    picture = chart(alt, title or result.capitalize(), height=2.8, beside=image is not None)
    axes = picture.axes[0]
    if image is not None:
        array = as_tiles(image, "image", most=1)
        low, high = grey_range(array)
        seen = picture.axes[1]
        seen.imshow(array[0], cmap=GREYS, vmin=low, vmax=high)
        seen.set(xticks=[], yticks=[])
        seen.spines[:].set(visible=True, color=FAINT)
    drawn = axes.bar(range(10), p, width=0.72, color=[BLUE if i == best else PAPER for i in range(10)], edgecolor=BLUE)
    texts = axes.bar_label(drawn, [percent(v) if v >= 0.0005 else "" for v in p], padding=3, fontsize=8.5, color=INK)
    texts[best].set_weight("bold")
    axes.set(xticks=range(10), xlim=(-0.6, 9.6), ylim=(0, 1.12), xlabel="digit", ylabel="probability")
    axes.set_yticks((0, 0.5, 1), ("0 %", "50 %", "100 %"))
    axes.tick_params(axis="x", length=0)
    axes.get_xticklabels()[best].set_weight("bold")
    return picture
