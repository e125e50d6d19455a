"""Charts of numbers: bars and curves.

All chapters.
"""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from helpers.base.arrays import as_array, as_numbers
from helpers.base.errors import DigitsError
from helpers.plots.figures import BLUE, INK, LINES, PAPER, WIDTH, Figure, figure
from helpers.plots.words import counted, listing, number, titled

MARKERS = 12  # on a curve, about: more would hide the line that they tell apart


def bars(values, labels=None, xlabel: str = "digit", ylabel: str = "images", title: str | None = None) -> Figure:
    """A bar for each of `values` (K,), its number above it; `labels` are K names, 0 to K - 1 when left out."""
    values = as_numbers(values, "values")
    names = [str(name) for name in (range(len(values)) if labels is None else as_array(labels, "labels"))]
    if len(names) != len(values):
        count = len(values)
        raise DigitsError(
            f"expected {count} labels for {count} values, got {len(names)}: give one label for each value"
        )
    texts = [number(value) for value in values]
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
        given = len(series) if isinstance(series, dict) else f"an object of type {type(series).__name__}"
        fix = 'for example {"MLP": accuracies}'
        raise DigitsError(f"expected 1 to {len(LINES)} curves by name, got {given}: give a dictionary, {fix}")
    ys = {str(name): as_numbers(y, f'the curve "{name}"') for name, y in series.items()}
    for name, y in ys.items():
        if len(y) != len(x):
            wanted = f'{len(x)} values in the curve "{name}"'
            raise DigitsError(f"expected {wanted}, got {len(y)}: give one value for each x")
    words = " ".join(_curve_in_words(name, x, y) for name, y in ys.items())
    picture = chart(f"Line chart of {ylabel} against {xlabel}. {words}", title)
    axes = picture.axes[0]
    _draw_lines(axes, {name: (x, y) for name, y in ys.items()})
    axes.set(xlabel=xlabel, ylabel=ylabel)
    if len(x) <= 12:
        axes.set_xticks(x, [number(value) for value in x])
    return picture


def learning_curves(history, title: str | None = None) -> Figure:
    """Accuracy on training and validation data after each epoch, the best validation epoch ringed.

    `history` has lists `train` and `valid` (helpers.training.History), or is a dictionary with these keys. One may be
    shorter than the other, as it is in the middle of an epoch; one may be empty, not both.
    """
    ys = _accuracies(history)
    epochs = max(map(len, ys.values()))
    words = [f"Learning curves, accuracy over {counted(epochs, 'epoch')}."]
    words += [f"{name.capitalize()} from {y[0]:.4f} to {y[-1]:.4f}." for name, y in ys.items()]
    best = None
    if "validation" in ys:
        best = int(ys["validation"].argmax())
        accuracy = ys["validation"][best]
        note = f"best on validation: {accuracy:.4f} after epoch {best + 1}"
        words.append(f"{note.capitalize()}.")
    picture = chart(" ".join(words), title)
    axes = picture.axes[0]
    if best is not None:
        _draw_ring(axes, best + 1, accuracy, note)
    _draw_lines(axes, {name: (np.arange(1, len(y) + 1), y) for name, y in ys.items()})
    if best is not None:
        ring = axes.lines[:1]
        picture.legend(handles=ring, loc="outside lower right", frameon=False, fontsize=9, handletextpad=0.2)
    axes.set(xlabel="epoch", ylabel="accuracy")
    if epochs <= 20:
        axes.set_xticks(range(1, epochs + 1))
    else:
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    return picture


def _accuracies(history) -> dict[str, np.ndarray]:
    """The lists of a history that have an entry, by what they were measured on."""
    lists = history if isinstance(history, dict) else getattr(history, "__dict__", {})
    if not {"train", "valid"} & set(lists):
        given = f"one with {listing(lists)}" if lists else f"an object of type {type(history).__name__}"
        fix = "give a helpers.training.History, or a dictionary with both"
        raise DigitsError(f'expected a history with lists "train" and "valid", got {given}: {fix}')
    named = {"training": lists.get("train"), "validation": lists.get("valid")}
    ys = {name: as_numbers(y, f"{name} accuracies") for name, y in named.items() if y is not None and len(y)}
    if not ys:
        raise DigitsError("expected a history of one epoch or more, got an empty one: train with its callbacks first")
    return ys


def _draw_ring(axes: Axes, x: float, y: float, label: str) -> None:
    ring = {"markersize": 13, "markerfacecolor": "none", "markeredgecolor": INK, "markeredgewidth": 1.2}
    axes.plot(x, y, "o", linestyle="none", label=label, **ring)


def _draw_lines(axes: Axes, points: dict) -> None:
    """Curves {name: (x, y)}, each its name and marker at the right of its end, moved apart where ends are close."""
    looks = dict(zip(points, LINES, strict=False))
    for name, (x, y) in points.items():
        few = max(1, len(x) // MARKERS)
        axes.plot(x, y, **looks[name], markeredgecolor=PAPER, markeredgewidth=0.8, markevery=few)
    axes.margins(x=0.04, y=0.12)
    left, right = axes.get_xlim()
    low, high = axes.get_ylim()
    if max(y.max() for _, y in points.values()) <= 1 < high:
        high = 1 + 0.03 * (1 - low)  # an accuracy ends at 1, and so does its axis
    ends = {name: y[-1] for name, (_, y) in points.items()}
    names = sorted(ends, key=ends.get)
    places = spread_apart([ends[name] for name in names], 0.07 * (high - low))
    for name, place in zip(names, places, strict=True):
        _draw_name(axes, name, place, looks[name])
    axes.set(xlim=(left, right), ylim=(low, high))


def _draw_name(axes: Axes, name: str, place: float, look: dict) -> None:
    """The name of a curve, after its marker, just right of the axes at the height `place`."""
    beside = axes.get_yaxis_transform()
    axes.plot(1.02, place, transform=beside, **look | {"linestyle": "none", "clip_on": False})
    axes.annotate(
        name,
        (1.02, place),
        xycoords=beside,
        xytext=(8, 0),
        textcoords="offset points",
        va="center",
        annotation_clip=False,
    )


def spread_apart(places: list[float], gap: float) -> np.ndarray:
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


def _curve_in_words(name: str, x: np.ndarray, y: np.ndarray) -> str:
    """One curve in words: every point where there are few, otherwise the ends and the extremes."""
    points = [f"{number(b)} at {number(a)}" for a, b in zip(x, y, strict=True)]
    if len(points) <= 8:
        return f"{name}: {listing(points)}."
    return f"{name}: {points[0]} to {points[-1]}, lowest {points[y.argmin()]}, highest {points[y.argmax()]}."


def chart(alt: str, title: str | None, width: float = WIDTH, height: float = 3.8, beside: bool = False) -> Figure:
    """A figure whose first axes hold the chart; with `beside`, its second ones stand to the left for an image."""
    said = title and title.lower() in alt.lower()
    picture = figure(alt if said else titled(alt, title), width, height)
    grid = picture.add_gridspec(1, 2, width_ratios=(1, 2.6)) if beside else picture.add_gridspec(1, 1)
    axes = picture.add_subplot(grid[-1])
    if beside:
        picture.add_subplot(grid[0])
    axes.grid(axis="y")
    if title:
        axes.set_title(title)
    return picture
