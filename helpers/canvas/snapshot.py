"""A still picture of a drawing and its answers, for a stored notebook: there a widget shows nothing without its kernel.

Chapter 5.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes

from helpers.base.arrays import one_image
from helpers.base.errors import DigitsError
from helpers.canvas.traits import width
from helpers.drawing.strokes import as_strokes
from helpers.plots.figures import BLUE, FAINT, GREYS, INK, MUTED, WIDTH, Figure
from helpers.plots.words import counted, whole_percent

POINTS = 72  # per inch, Matplotlib's unit of line width

GAP = 0.16  # inches between the parts

LINE = 0.18  # inches for each line of a title

LABEL = 0.45  # inches for a percentage beside its bar


def still(
    strokes: Sequence,
    pen: float,
    image: np.ndarray,
    probabilities: Mapping[str, np.ndarray],
    answers: Mapping[str, int | None],
) -> Figure:
    """The pad with its ink, the 28 x 28 image that the networks received, and the bars of each network, side by side.

    strokes and pen: as `helpers.drawing.to_mnist` takes them. image: (28, 28) in 0..1. By the name of each network:
    probabilities (10,), zeros where it has read nothing, and its answer, a digit, or None where it is not sure.
    Raises DigitsError for values of another form, and unless both dicts name the same networks.
    """
    strokes = as_strokes(strokes)
    pen = width(pen)
    image = one_image(image)
    probabilities = {name: np.asarray(p) for name, p in probabilities.items()}
    _check(probabilities, answers)
    picture = _empty_picture(_alt(len(strokes), probabilities, answers), len(probabilities))
    side = picture.get_figheight() - 2 * LINE - 2 * GAP
    _draw_pad(_axes_at(picture, GAP, side, "the pad"), strokes, pen * side * POINTS)
    _draw_image(_axes_at(picture, side + 2 * GAP, side, "what it receives"), image)
    first = 2 * side + 4 * GAP  # where the charts begin; each has its digits at its left
    step = (WIDTH - first) / len(probabilities)
    for i, (name, p) in enumerate(probabilities.items()):
        inches = step - 1.5 * GAP
        is_doubtful = answers[name] is None and p.any()
        title = f"{_two_best(p)}?" if is_doubtful else in_words(p, answers[name])  # "not sure" would be too wide
        _draw_bars(_axes_at(picture, first + i * step, inches, f"{name}\n{title}"), p, inches)
    return picture


def in_words(probabilities: np.ndarray, answer: int | None) -> str:
    """An answer in words, as canvas.js has it: "7, 98 %" or "not sure: 7 or 1"; "nothing" of an empty pad."""
    if not probabilities.any():
        return "nothing"
    if answer is None:
        return f"not sure: {_two_best(probabilities)}"
    return f"{answer}, {whole_percent(probabilities[answer])}"


def _two_best(probabilities: np.ndarray) -> str:
    best, second = np.argsort(-probabilities, kind="stable")[:2]
    return f"{best} or {second}"


def _check(probabilities: Mapping[str, np.ndarray], answers: Mapping[str, int | None]) -> None:
    """Raise DigitsError unless there are ten probabilities and an answer of each network, of at least one."""
    if not probabilities or probabilities.keys() != answers.keys():
        raise DigitsError(
            f"expected probabilities and answers of the same networks, got {list(probabilities)} and {list(answers)}: "
            "give both as dicts with the same names"
        )
    for name, p in probabilities.items():
        if p.shape != (10,):
            raise DigitsError(
                f"expected ten probabilities of {name}, got an array of shape {p.shape}: give one for each digit"
            )


def _alt(strokes: int, probabilities: Mapping[str, np.ndarray], answers: Mapping[str, int | None]) -> str:
    told = []
    for name, p in probabilities.items():
        verb = "is" if answers[name] is None and p.any() else "reads"
        told.append(f"{name} {verb} {in_words(p, answers[name])}")
    drawn = f"a drawing of {counted(strokes, 'stroke')}, the 28 by 28 image made of it, and ten bars per network"
    return f"The digit canvas: {drawn}. {'; '.join(told)}."


def _empty_picture(alt: str, charts: int) -> Figure:
    """A picture as high as its pad, its gaps and two lines of title; with more charts the pad is smaller."""
    side = {1: 2.1, 2: 1.5, 3: 1.5}.get(charts, 1.25)
    return Figure(alt, WIDTH, side + 2 * LINE + 2 * GAP)


def _axes_at(picture: Figure, left: float, inches: float, title: str) -> Axes:
    """Axes so many inches wide, `left` inches from the left edge, as high as the picture has room for."""
    high = picture.get_figheight()
    axes = picture.add_axes((left / WIDTH, GAP / high, inches / WIDTH, (high - 2 * LINE - 2 * GAP) / high))
    axes.set_title(title, fontsize=9, pad=5)
    return axes


def _draw_pad(axes: Axes, strokes: Sequence[np.ndarray], linewidth: float) -> None:
    """The ink, its width in points."""
    ink = {"color": INK, "linewidth": linewidth, "solid_capstyle": "round", "solid_joinstyle": "round"}
    for stroke in strokes:
        axes.plot(*stroke.T, linestyle="-", marker="", **ink)
    axes.set(xlim=(0, 1), ylim=(1, 0), xticks=[], yticks=[])
    axes.spines[:].set(visible=True, color=FAINT)


def _draw_image(axes: Axes, image: np.ndarray) -> None:
    axes.imshow(image, cmap=GREYS, vmin=0, vmax=1)
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set(visible=True, color=FAINT)


def _draw_bars(axes: Axes, p: np.ndarray, inches: float) -> None:
    """The ten bars, in axes so many inches wide that the percentage of the longest needs room in, too."""
    best = int(p.argmax()) if p.any() else -1
    bars = axes.barh(range(10), p, height=0.7, color=[BLUE if digit == best else MUTED for digit in range(10)])
    labels = [whole_percent(v) if v >= 0.005 else "" for v in p]
    texts = axes.bar_label(bars, labels, padding=3, fontsize=7.5, color=INK)
    axes.set(xlim=(0, inches / max(inches - LABEL, 0.2)), ylim=(9.6, -0.6), xticks=[], yticks=range(10))
    axes.tick_params(axis="y", length=0, labelsize=8)
    axes.spines["bottom"].set_visible(False)
    if best >= 0:
        texts[best].set_weight("bold")
