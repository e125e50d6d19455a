"""Charts of numbers: bars and curves."""

import numpy as np
from matplotlib.ticker import MaxNLocator

from helpers.base.arrays import as_array, as_numbers
from helpers.base.errors import DigitsError
from helpers.plots.figures import BLUE, INK, LINES, PAPER, WIDTH, Figure, figure
from helpers.plots.words import counted, listing


def bars(values, labels=None, xlabel: str = "digit", ylabel: str = "images", title: str | None = None) -> Figure:
    """A bar for each of `values` (K,), its number above it; `labels` are K names, 0 to K - 1 when left out."""
    values = as_numbers(values, "values")
    names = [str(name) for name in (range(len(values)) if labels is None else as_array(labels, "labels"))]
    if len(names) != len(values):
        raise DigitsError(f"{len(names)} labels for {len(values)} values: give one label for each value")
    texts = [_short(value) for value in values]
    each = listing(f"{text} for {name}" for name, text in zip(names, texts, strict=True))
    picture = chart(f"Bar chart of {ylabel} by {xlabel}: {each}.", title, height=3.2)
    axes = picture.axes[0]
    drawn = axes.bar(range(len(values)), values, width=0.72, color=BLUE)
    axes.bar_label(drawn, texts, padding=3, fontsize=9, color=INK)
    axes.margins(x=0.02, y=0.12)
    axes.set(xlabel=xlabel, ylabel=ylabel)
    axes.set_xticks(range(len(values)), names)
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:,g}")
    axes.tick_params(axis="x", length=0)
    return picture


def curves(x, series: dict, xlabel: str, ylabel: str, title: str | None = None) -> Figure:
    """Lines through the points (x, y) of each name in `series`, {name: y}; each has its own colour, marker and dash.

    `x` (K,) and every y (K,) are numbers; the names stand beside the ends of the lines. At most six lines.
    """
    x = as_numbers(x, "x")
    if not (isinstance(series, dict) and 1 <= len(series) <= len(LINES)):
        raise DigitsError(f'curves: give 1 to {len(LINES)} by name, for example {{"MLP": accuracies}}')
    ys = {str(name): as_numbers(y, f'the curve "{name}"') for name, y in series.items()}
    for name, y in ys.items():
        if len(y) != len(x):
            raise DigitsError(f'the curve "{name}" has {len(y)} values for {len(x)} of x: give one value for each x')
    told = " ".join(_told(name, x, y) for name, y in ys.items())
    picture = chart(f"Line chart of {ylabel} against {xlabel}. {told}", title)
    axes = picture.axes[0]
    _draw_lines(axes, {name: (x, y) for name, y in ys.items()})
    axes.set(xlabel=xlabel, ylabel=ylabel)
    if len(x) <= 12:
        axes.set_xticks(x, [_short(value) for value in x])
    return picture


def learning_curves(history, title: str | None = None) -> Figure:
    """Accuracy on training and validation data after each epoch, the best validation epoch ringed.

    `history` has lists `train` and `valid` (helpers.training.History), or is a dictionary with these keys. One may be
    shorter than the other, as it is in the middle of an epoch; one may be empty, not both.
    """
    lists = history if isinstance(history, dict) else getattr(history, "__dict__", {})
    if not {"train", "valid"} & set(lists):
        held = f"with {listing(lists)}" if lists else f"of type {type(history).__name__}"
        raise DigitsError(f'a history {held}: give lists "train" and "valid"')
    named = {"training": lists.get("train"), "validation": lists.get("valid")}
    ys = {name: as_numbers(y, f"{name} accuracies") for name, y in named.items() if y is not None and len(y)}
    if not ys:
        raise DigitsError("the history is empty: train for at least one epoch with its callbacks")
    epochs = max(map(len, ys.values()))
    told = [f"{name.capitalize()} from {y[0]:.4f} to {y[-1]:.4f}." for name, y in ys.items()]
    best = None
    if "validation" in ys:
        best = int(ys["validation"].argmax())
        note = f"best on validation: {ys['validation'][best]:.4f} after epoch {best + 1}"
        told.append(f"{note[0].upper()}{note[1:]}.")
    picture = chart(f"Learning curves, accuracy over {counted(epochs, 'epoch')}. {' '.join(told)}", title)
    axes = picture.axes[0]
    if best is not None:
        ring = {"markersize": 13, "markerfacecolor": "none", "markeredgecolor": INK, "markeredgewidth": 1.2}
        axes.plot(best + 1, ys["validation"][best], "o", linestyle="none", label=note, **ring)
    _draw_lines(axes, {name: (np.arange(1, len(y) + 1), y) for name, y in ys.items()})
    if best is not None:
        ringed = axes.lines[:1]
        picture.legend(handles=ringed, loc="outside lower right", frameon=False, fontsize=9, handletextpad=0.2)
    axes.set(xlabel="epoch", ylabel="accuracy")
    if epochs <= 20:
        axes.set_xticks(range(1, epochs + 1))
    else:
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    return picture


def _draw_lines(axes, points: dict) -> None:
    """Curves {name: (x, y)}, each its name and marker at the right of its end, moved apart where ends are close."""
    looks = dict(zip(points, LINES, strict=False))
    for name, (x, y) in points.items():
        axes.plot(x, y, **looks[name], markeredgecolor=PAPER, markeredgewidth=0.8)
    axes.margins(x=0.04, y=0.12)
    (left, right), (low, high) = axes.get_xlim(), axes.get_ylim()
    if max(y.max() for _, y in points.values()) <= 1 < high:
        high = 1 + 0.03 * (1 - low)  # an accuracy ends at 1, and so does its axis
    names = sorted(points, key=lambda name: points[name][1][-1])
    place = _apart([points[name][1][-1] for name in names], 0.07 * (high - low))
    for name, y in zip(names, place, strict=True):
        look = looks[name] | {"linestyle": "none", "clip_on": False}
        axes.plot(1.02, y, transform=axes.get_yaxis_transform(), **look)
        axes.annotate(name, (1.02, y), xycoords=axes.get_yaxis_transform(), xytext=(8, 0), textcoords="offset points",
                      va="center", annotation_clip=False)  # fmt: skip
    axes.set(xlim=(left, right), ylim=(low, high))


def _apart(places: list[float], gap: float) -> np.ndarray:
    """Rising `places` moved as little as possible (least squares) until neighbours are `gap` apart.

    Without the gaps it is an isotonic regression, solved by pooling neighbours that are out of order.
    """
    gaps = gap * np.arange(len(places))
    pools = []
    for place in places - gaps:
        pools.append([place])
        while len(pools) > 1 and np.mean(pools[-2]) >= np.mean(pools[-1]):
            last = pools.pop()
            pools[-1] += last
    return np.concatenate([np.full(len(pool), np.mean(pool)) for pool in pools]) + gaps


def _told(name: str, x: np.ndarray, y: np.ndarray) -> str:
    """One curve in words: every point where there are few, otherwise the ends and the extremes."""
    points = [f"{_short(b)} at {_short(a)}" for a, b in zip(x, y, strict=True)]
    if len(points) <= 8:
        return f"{name}: {listing(points)}."
    return f"{name}: {points[0]} to {points[-1]}, lowest {points[y.argmin()]}, highest {points[y.argmax()]}."


def _short(value: float) -> str:
    """A number as one writes it: 5,923 or 0.9127."""
    return f"{value:,.0f}" if float(value).is_integer() or abs(value) >= 1000 else f"{value:.4g}"


def chart(alt: str, title: str | None, width: float = WIDTH, height: float = 3.8, beside: bool = False) -> Figure:
    """A figure whose first axes hold the chart; with `beside`, its second ones stand to the left for an image."""
    picture = figure(f"{title}. {alt}" if title and title.lower() not in alt.lower() else alt, width, height)
    grid = picture.add_gridspec(1, 2, width_ratios=(1, 2.6)) if beside else picture.add_gridspec(1, 1)
    axes = picture.add_subplot(grid[-1])
    if beside:
        picture.add_subplot(grid[0])
    axes.grid(axis="y")
    if title:
        axes.set_title(title)
    return picture
