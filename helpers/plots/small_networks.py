"""A small network unit by unit, with the numbers on its edges: forward in black, backward in red and in boxes.

Chapter 7.
"""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from helpers.base.arrays import as_numbers
from helpers.base.errors import DigitsError
from helpers.plots.figures import INK, MUTED, PAPER, WIDTH, Figure, figure

RED = "#B00020"
FORWARD = {"color": INK, "fontsize": 10, "ha": "center", "va": "center"}
BACKWARD = {"color": RED, "fontsize": 9, "ha": "center", "va": "center", "fontweight": "bold"}
BOX = {"boxstyle": "square,pad=0.18", "facecolor": PAPER, "edgecolor": RED, "linewidth": 1.0}
BARE = {"boxstyle": "square,pad=0.1", "facecolor": PAPER, "edgecolor": "none"}
APART = 3.0  # from layer to layer
DOWN = 1.15  # from unit to unit


def units(
    values: Sequence,
    weights: Sequence,
    biases: Sequence,
    errors: Sequence,
    gradients: Sequence,
    targets: Sequence = (),
    hidden: tuple = (),
) -> Figure:
    """A network of `len(values)` layers as circles, each edge with its weight and, boxed, the gradient of it.

    values: the numbers of the units, layer by layer, from the inputs to the outputs. weights and gradients: between two
    layers an array (outputs, inputs). biases and errors: of all layers but the first; the error of a unit stands below
    it, and is the gradient of its bias, too. targets: the right answers, beside the outputs. hidden: (layer, output,
    input) of an edge whose gradient is shown as a question mark; the layers of edges count from 0.
    Raises DigitsError for arrays whose shapes do not fit one another.
    """
    values, biases, errors = ([np.ravel(each) for each in arrays] for arrays in (values, biases, errors))
    weights, gradients = ([np.asarray(each, float) for each in arrays] for arrays in (weights, gradients))
    _check(values, weights, biases, errors, gradients)
    sizes = [len(layer) for layer in values]
    picture = figure(_in_words(values, weights, errors, gradients, targets, hidden), WIDTH, 1.0 + 1.3 * max(sizes))
    axes = picture.add_subplot()
    places = [_places(k, size) for k, size in enumerate(sizes)]
    for k, (weight, gradient) in enumerate(zip(weights, gradients, strict=True)):
        for i, j in np.ndindex(weight.shape):
            shown = "?" if (k, i, j) == tuple(hidden) else _text(gradient[i, j])
            _draw_edge(axes, places[k][j], places[k + 1][i], _text(weight[i, j]), shown)
    for k, layer in enumerate(values):
        for i, value in enumerate(layer):
            _draw_unit(axes, places[k][i], _text(value), *([biases[k - 1][i], errors[k - 1][i]] if k else []))
    for place, target in zip(places[-1], targets, strict=False):
        axes.text(place[0] + 0.3, place[1], f"target {_text(target)}", **FORWARD | {"ha": "left"})
    right = APART * (len(sizes) - 1)
    bottom = places[np.argmax(sizes)][-1][1] - 0.9
    axes.text(0, bottom, "forward: value, weight, bias", **FORWARD | {"ha": "left"})
    axes.text(right / 2 + 0.6, bottom, "backward: error, gradient", bbox=BOX, **BACKWARD | {"ha": "left"})
    axes.set(xlim=(-0.4, right + (1.0 if len(targets) else 0.4)), ylim=(bottom - 0.2, -bottom - 0.35))
    axes.axis("off")
    return picture


def _check(values, weights, biases, errors, gradients) -> None:
    sizes = [len(as_numbers(layer, "values")) for layer in values]
    wanted = list(zip(sizes[1:], sizes[:-1], strict=True))
    found = [[array.shape for array in arrays] for arrays in (weights, gradients, biases, errors)]
    if found != [wanted, wanted, [(size,) for size in sizes[1:]], [(size,) for size in sizes[1:]]]:
        shapes = f"weights {found[0]}, gradients {found[1]}, biases {found[2]}, errors {found[3]}"
        raise DigitsError(f"expected arrays for layers of {sizes} units, got {shapes}: one row of weights per output")


def _places(layer: int, size: int) -> list[tuple[float, float]]:
    """The middles of a layer's units, from top to bottom."""
    return [(APART * layer, DOWN * ((size - 1) / 2 - i)) for i in range(size)]


def _draw_edge(axes: Axes, start: tuple, end: tuple, weight: str, gradient: str) -> None:
    """Both numbers lie on the edge: the weight near its start, the gradient near its end, where it is made."""
    axes.plot(*zip(start, end, strict=True), marker="", color=MUTED, linestyle="-", linewidth=0.9, zorder=1)
    for part, text, look, box in ((0.2, weight, FORWARD, BARE), (0.8, gradient, BACKWARD, BOX)):
        place = [a + part * (b - a) for a, b in zip(start, end, strict=True)]
        axes.text(*place, text, bbox=box, zorder=3, **look)


def _draw_unit(axes: Axes, place: tuple, value: str, bias: float | None = None, error: float | None = None) -> None:
    axes.scatter(*place, s=1150, facecolor=PAPER, edgecolor=INK, linewidth=1.3, zorder=4)
    axes.text(*place, value, zorder=5, **FORWARD | {"fontsize": 11})
    if bias is not None:
        x, y = place
        axes.text(x, y + 0.32, f"bias {_text(bias)}", zorder=5, **FORWARD | {"fontsize": 9}, bbox=BARE)
        axes.text(x, y - 0.35, _text(error), zorder=5, bbox=BOX, **BACKWARD)


def _text(value: float) -> str:
    """A number as one writes it with a pencil, with a real minus sign."""
    return f"{value + 0.0:.3g}".replace("-", "\N{MINUS SIGN}")


def _in_words(values, weights, errors, gradients, targets, hidden) -> str:
    words = [f"A network of {'-'.join(str(len(layer)) for layer in values)} units with a number on each edge."]
    for k, (weight, gradient) in enumerate(zip(weights, gradients, strict=True)):
        rows = []
        for i, row in enumerate(weight):
            slopes = ["?" if (k, i, j) == tuple(hidden) else _text(gradient[i, j]) for j in range(len(row))]
            rows.append(
                f"unit {i + 1} has the value {_text(values[k + 1][i])}, weights {', '.join(map(_text, row))}, "
                f"error {_text(errors[k][i])}, gradients {', '.join(slopes)}"
            )
        words.append(f"Layer {k + 2}: {'; '.join(rows)}.")
    inputs = f"Inputs {', '.join(map(_text, values[0]))}."
    wanted = [f"Targets {', '.join(map(_text, targets))}."] if len(targets) else []
    return " ".join([words[0], inputs, *words[1:], *wanted])
