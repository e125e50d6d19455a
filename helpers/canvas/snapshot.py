"""A still picture of a canvas at work, for a stored notebook: there a widget shows nothing without its kernel."""

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes

from helpers.plots.figures import BLUE, FAINT, GREYS, INK, MUTED, WIDTH, Figure
from helpers.plots.words import counted

if TYPE_CHECKING:
    from helpers.canvas.widget import DigitCanvas

NOT_SURE = "not sure, "

POINTS = 72  # per inch, Matplotlib's unit of line width

GAP, LINE = 0.16, 0.18  # inches between the parts, and for each line of a title

LABEL = 0.45  # inches for a percentage beside its bar


def still(canvas: "DigitCanvas") -> Figure:
    """The pad with its ink, the 28 x 28 image that the networks received, and the bars of each network, side by side.

    It shows the canvas as it is now and does not change with it.
    """
    several = isinstance(canvas.probabilities, dict)
    probabilities = canvas.probabilities if several else {canvas.networks[0]: canvas.probabilities}
    answers = canvas.answer if several else {canvas.networks[0]: canvas.answer}
    told = {name: _told(p, answers[name]) for name, p in probabilities.items()}
    strokes = counted(len(canvas.strokes), "stroke")
    what = f"{'; '.join(f'{name} reads {words}' for name, words in told.items())}"
    alt = f"The digit canvas: a drawing of {strokes}, the 28 by 28 image made of it, and ten bars per network. {what}."

    side = {1: 2.1, 2: 1.5, 3: 1.5}.get(len(told), 1.25)
    picture = Figure(alt, WIDTH, side + 2 * LINE + 2 * GAP)
    pad = _axes_at(picture, GAP, side, "the pad")
    image = _axes_at(picture, side + 2 * GAP, side, "what it receives")
    _draw_pad(pad, canvas.strokes, canvas.pen * side * POINTS)
    image.imshow(canvas.image, cmap=GREYS, vmin=0, vmax=1)
    image.set(xticks=[], yticks=[])
    for axes in (pad, image):
        axes.spines[:].set(visible=True, color=FAINT)
    first = 2 * side + 4 * GAP  # where the charts begin; each has its digits at its left
    step = (WIDTH - first) / len(told)
    for i, (name, p) in enumerate(probabilities.items()):
        title = f"{name}\n{told[name].removeprefix(NOT_SURE)}"
        inches = step - 1.5 * GAP
        _draw_bars(_axes_at(picture, first + i * step, inches, title), p, inches)
    return picture


def _percent(p: float) -> str:
    """As on the pad: whole numbers, and never certain."""
    return "> 99 %" if p > 0.995 else f"{100 * p:.0f} %"


def _axes_at(picture: Figure, left: float, width: float, title: str) -> Axes:
    """Axes of this place and width in inches, as high as the picture has room for."""
    high = picture.get_figheight()
    axes = picture.add_axes((left / WIDTH, GAP / high, width / WIDTH, (high - 2 * LINE - 2 * GAP) / high))
    axes.set_title(title, fontsize=9, pad=5)
    return axes


def _told(probabilities: np.ndarray, answer: int | None) -> str:
    """An answer in words: "7, 98.2 %", "not sure, 7 or 1?"."""
    best, second = (int(digit) for digit in np.argsort(-probabilities, kind="stable")[:2])
    if not probabilities.any():
        return "nothing"
    return f"{NOT_SURE}{best} or {second}?" if answer is None else f"{answer}, {_percent(probabilities[answer])}"


def _draw_pad(axes: Axes, strokes: list, width: float) -> None:
    ink = {"color": INK, "linewidth": width, "solid_capstyle": "round", "solid_joinstyle": "round"}
    for stroke in strokes:
        axes.plot(*np.transpose(stroke), linestyle="-", marker="", **ink)
    axes.set(xlim=(0, 1), ylim=(1, 0), xticks=[], yticks=[])


def _draw_bars(axes: Axes, p: np.ndarray, inches: float) -> None:
    """The ten bars, in axes so many inches wide that the percentage of the longest needs room in, too."""
    best = int(p.argmax()) if p.any() else -1
    bars = axes.barh(range(10), p, height=0.7, color=[BLUE if digit == best else MUTED for digit in range(10)])
    texts = axes.bar_label(bars, [_percent(v) if v >= 0.005 else "" for v in p], padding=3, fontsize=7.5, color=INK)
    axes.set(xlim=(0, inches / max(inches - LABEL, 0.2)), ylim=(9.6, -0.6), xticks=[], yticks=range(10))
    axes.tick_params(axis="y", length=0, labelsize=8)
    axes.spines["bottom"].set_visible(False)
    if best >= 0:
        texts[best].set_weight("bold")
