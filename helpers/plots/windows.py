"""Pictures of windows on images: a kernel that slides, boxes, pooling, channels that are summed, maps to scale.

Chapter 3.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from helpers.base.arrays import as_numbers, as_tiles
from helpers.base.errors import DigitsError
from helpers.plots.figures import BLUE, FAINT, GREYS, INK, MUTED, ORANGE, PAPER, WINE, Figure, figure
from helpers.plots.words import counted, listing

DASHES = ("-", "--", "-.", ":")  # of the boxes, so that they differ in grey, too
STRIP = 3.0  # pixels, the width of a row of numbers
COLOURS = (ORANGE, BLUE, WINE, INK)


def slide(image: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """The map that a kernel (k, k) makes of an image (H, W), moved by one pixel at a time: (H - k + 1, W - k + 1)."""
    patches = np.lib.stride_tricks.sliding_window_view(image, kernel.shape)
    return (patches * kernel).sum(axis=(2, 3))


def window(image, kernel, places: Sequence[tuple[int, int]]) -> Figure:
    """A kernel (k, k) on an image (H, W), a row of three panels for each of `places`, (row, column) of the window.

    Left the image with the window, in the middle each pixel times its weight and their sum, right the map as far as the
    window has come. DigitsError for a kernel that is not square or does not fit, and for a place outside the map.
    """
    image = as_tiles(image, "image", most=1)[0].astype(float)
    kernel = np.asarray(kernel, dtype=float)
    _check_kernel(kernel, image)
    result = slide(image, kernel)
    for row, column in places:
        if not (0 <= row < result.shape[0] and 0 <= column < result.shape[1]):
            last = f"row 0 to {result.shape[0] - 1} and column 0 to {result.shape[1] - 1}"
            raise DigitsError(f"expected a place within {last}, got ({row}, {column}): move the window inside")
    each = listing(f"{result[place]:.2f} at row {place[0]}, column {place[1]}" for place in places)
    picture = figure(f"A window of {len(kernel)} by {len(kernel)} pixels on the image; the sum is {each}.", height=0.1)
    picture.set_figheight(2.5 * len(places))
    panels = picture.subplots(len(places), 3, squeeze=False, width_ratios=(1, 1.15, 1))
    for (whole, products, found), place in zip(panels, places, strict=True):
        _draw_tile(whole, image, 0, max(1.0, image.max()))
        _box(whole, *place, len(kernel), ORANGE)
        whole.set_title(f"row {place[0]}, column {place[1]}", fontsize=10)
        _draw_products(products, image, kernel, place)
        _draw_map_so_far(found, result, place)
    return picture


def _check_kernel(kernel: np.ndarray, image: np.ndarray) -> None:
    if kernel.ndim != 2 or kernel.shape[0] != kernel.shape[1] or not 1 <= len(kernel) <= min(image.shape):
        fix = "give a table of weights such as 3 rows of 3"
        raise DigitsError(f"expected a square kernel that fits on the image, got shape {kernel.shape}: {fix}")


def _draw_products(axes: Axes, image: np.ndarray, kernel: np.ndarray, place: tuple[int, int]) -> None:
    """Each pixel of the window times its weight, on a ground that is as dark as the pixel; the sum above."""
    size = len(kernel)
    patch = image[place[0] : place[0] + size, place[1] : place[1] + size]
    _draw_tile(axes, patch, 0, max(1.0, image.max()))
    for (row, column), pixel in np.ndenumerate(patch):
        text = f"{pixel:.2f}\n× {kernel[row, column]:.3g}".replace("-", "−")
        colour = PAPER if pixel > 0.55 * max(1.0, image.max()) else INK
        axes.text(column, row, text, ha="center", va="center", fontsize=30 / size, color=colour)
    axes.set_title(f"sum of the products: {(patch * kernel).sum():.2f}".replace("-", "−"), fontsize=10)
    _rule(axes, size)


def _draw_map_so_far(axes: Axes, result: np.ndarray, place: tuple[int, int]) -> None:
    """The map up to the place of the window; what comes later is left white."""
    bound = float(np.abs(result).max()) or 1.0
    later = np.arange(result.size).reshape(result.shape) > place[0] * result.shape[1] + place[1]
    axes.imshow(np.ma.masked_array(result, later), cmap=GREYS, vmin=-bound, vmax=bound)
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set(visible=True, color=MUTED)
    _box(axes, *place, 1, ORANGE)
    axes.set_title("the map so far", fontsize=10)


def places(side: int, size: int, cases: Mapping[str, tuple[int, int]]) -> Figure:
    """Where a window of `size` pixels stands on an image of `side` pixels, for each name in `cases`: (pad, stride).

    A dot marks the middle of each place, an outline the first one; the border that padding adds is hatched.
    """
    sides = {name: (side + 2 * pad - size) // stride + 1 for name, (pad, stride) in cases.items()}
    each = listing(f"{name}: {count} by {count}" for name, count in sides.items())
    picture = figure(f"The places of a window of {size} by {size} on {side} by {side} pixels. {each}.", height=2.9)
    for axes, (name, (pad, stride)) in zip(picture.subplots(1, len(cases)), cases.items(), strict=True):
        axes.add_patch(
            _square(-pad, -pad, side + 2 * pad, facecolor=PAPER, edgecolor=MUTED, hatch="///" if pad else "")
        )
        for row, column in np.ndindex(side, side):
            axes.add_patch(_square(row, column, 1, facecolor=PAPER, edgecolor=MUTED, linewidth=0.6))
        middles = np.arange(sides[name]) * stride - pad + (size - 1) / 2
        axes.plot(*map(np.ravel, np.meshgrid(middles, middles)), "o", color=BLUE, markersize=5, linestyle="none")
        _box(axes, -pad, -pad, size, ORANGE)
        axes.set(xlim=(-1.7, side + 0.7), ylim=(side + 0.7, -1.7), aspect="equal")
        axes.set_axis_off()
        axes.set_title(f"{name}\n{sides[name]} × {sides[name]} places", fontsize=10)
    return picture


def boxes(image, named: Mapping[str, tuple[int, int, int]], title: str | None = None) -> Figure:
    """An image (H, W) with a box for each name, {name: (top row, left column, side)}, the smallest first; at most four.

    A box may reach beyond the image. Colours and dashes are explained at the right.
    """
    image = as_tiles(image, "image", most=1)[0]
    if not 1 <= len(named) <= len(DASHES):
        raise DigitsError(f"expected 1 to {len(DASHES)} boxes, got {len(named)}: leave some out")
    sides = listing(f"{name} ({side} by {side} pixels)" for name, (_, _, side) in named.items())
    picture = figure(f"{title + '. ' if title else ''}An image with boxes around what is seen: {sides}.", height=3.4)
    axes, words = picture.subplots(1, 2, width_ratios=(1, 1.1))
    _draw_tile(axes, image, 0, max(1.0, float(image.max())))
    words.set_axis_off()
    looks = zip(named.items(), COLOURS, DASHES, strict=False)
    for number, ((name, (top, left, side)), colour, dash) in enumerate(looks):
        inset = 0.28 * (len(named) - 1 - number)  # so that boxes that share an edge can be told apart
        _box(axes, top + inset, left + inset, side - 2 * inset, colour, dash)
        words.plot((0, 0.16), (-number, -number), color=colour, linestyle=dash, linewidth=2.5, marker="none")
        words.text(0.2, -number, f"{name}: {side} × {side}", va="center", fontsize=10)
    words.set(xlim=(-0.05, 1.3), ylim=(-len(named) + 0.4, 0.6))
    if title:
        axes.set_title(title)
    return picture


def pooling(table, size: int = 2) -> Figure:
    """A table of numbers (H, W) cut into squares of `size`, the largest of each in bold, and what pooling leaves."""
    table = np.asarray(table, dtype=float)
    height, width = (side // size for side in table.shape)
    squares = table.reshape(height, size, width, size)
    left = squares.max(axis=(1, 3))
    largest = (squares == left[:, None, :, None]).reshape(table.shape)
    rows = "; ".join(" ".join(f"{value:g}" for value in row) for row in left)
    picture = figure(
        f"A table of {table.shape[0]} by {table.shape[1]} numbers, pooled to {rows}.", width=5.4, height=2.5
    )
    before, after = picture.subplots(1, 2)
    _draw_numbers(before, table, largest, "the largest of each square")
    _draw_numbers(after, left, np.ones_like(left, dtype=bool), "is what is left")
    after.set(xlim=before.get_xlim(), ylim=before.get_ylim())  # the same size of a number in both
    for axes, step in ((before, size), (after, 1)):
        for top in range(0, height * step, step):
            for column in range(0, width * step, step):
                shaded = (top + column) // step % 2
                axes.add_patch(
                    _square(top, column, step, facecolor=FAINT if shaded else PAPER, edgecolor=INK, zorder=0)
                )
    return picture


def _draw_numbers(axes: Axes, table: np.ndarray, bold: np.ndarray, title: str) -> None:
    axes.set(xlim=(-0.6, table.shape[1] - 0.4), ylim=(table.shape[0] - 0.4, -0.6), aspect="equal", xticks=[], yticks=[])
    axes.spines[:].set_visible(False)
    axes.set_title(title, fontsize=10)
    for (row, column), value in np.ndenumerate(table):
        look = {"weight": "bold", "color": INK} if bold[row, column] else {"color": MUTED}
        axes.text(column, row, f"{value:g}".replace("-", "−"), ha="center", va="center", fontsize=12, **look)


def channel_sum(maps, kernels, names: Sequence[str]) -> Figure:
    """How maps (C, H, W) become one: each with a kernel (C, k, k) of its own, and the C results summed.

    names (C,) stand above the maps. All results and their sum have one scale, on which the middle grey is 0.
    """
    maps = np.asarray(maps, dtype=float)
    kernels = np.asarray(kernels, dtype=float)
    if not len(maps) == len(kernels) == len(names):
        given = f"{len(maps)} maps, {len(kernels)} kernels and {len(names)} names"
        raise DigitsError(f"expected as many kernels and names as maps, got {given}: give one for each map")
    parts = np.stack([slide(one, kernel) for one, kernel in zip(maps, kernels, strict=True)])
    total = parts.sum(axis=0)
    bound = max(np.abs(parts).max(), np.abs(total).max())
    alt = (
        f"{counted(len(maps), 'map')}, each with its own kernel, make {len(maps)} results, and these are summed to one."
    )
    picture = figure(alt, height=0.1)
    picture.set_figheight(1.75 * len(maps))
    grid = picture.add_gridspec(len(maps), 7, width_ratios=(1, 0.16, 0.45, 0.16, 1, 0.16, 1))
    for row, (one, kernel, part) in enumerate(zip(maps, kernels, parts, strict=True)):
        tiles = [picture.add_subplot(grid[row, column]) for column in (0, 2, 4)]
        ranges = (np.abs(maps).max(), np.abs(kernels).max(), bound)
        for axes, values, most in zip(tiles, (one, kernel, part), ranges, strict=True):
            _draw_tile(axes, values, -most, most)
        tiles[0].set_title(names[row], fontsize=10)
        for column, sign in ((1, "∗"), (3, "=")):
            _sign(picture, grid[row, column], sign)
    _sign(picture, grid[:, 5], "+" if len(maps) < 2 else "sum")
    last = picture.add_subplot(grid[:, 6])
    _draw_tile(last, total, -bound, bound)
    last.set_title("one map", fontsize=10)
    return picture


def _sign(picture: Figure, place, sign: str) -> None:
    axes = picture.add_subplot(place)
    axes.set_axis_off()
    axes.text(0.5, 0.5, sign, ha="center", va="center", fontsize=13 if len(sign) == 1 else 10)


def to_scale(stages: Mapping[str, np.ndarray], shown: int = 4) -> Figure:
    """What an image becomes on its way through a network: all sides on one scale, from left to right.

    stages: {name: array}, each (C, H, W), of which the first `shown` maps are drawn as a fanned pile, or (N,), drawn as
    a strip. Each has a scale of its own from its smallest value (light) to its largest (dark).
    """
    pitch, gap = 0.28, 4.0  # how far each map of a pile stands below and beside the one before, as a share; pixels
    across = 0.0
    words = []
    picture = figure("to be said below", height=3.1)
    axes = picture.add_subplot()
    for name, values in stages.items():
        values = as_numbers(values, name) if np.ndim(values) == 1 else np.asarray(values, dtype=float)
        width = _width(values[:shown], pitch)
        slot = max(width, 14.0)  # as much as the words need
        left = across + (slot - width) / 2
        if values.ndim == 1:
            _draw_strip(axes, values, left)
        else:
            _draw_pile(axes, values[:shown], left, pitch)
        size = " × ".join(map(str, values.shape))
        axes.text(across + slot / 2, 24.5, f"{name}\n{size}", ha="center", va="top", fontsize=8.5, linespacing=1.4)
        words.append(f"{name} {size}")
        across += slot + gap
    axes.set(xlim=(-1, across - gap + 2), ylim=(31, -25), aspect="equal")
    axes.set_axis_off()
    picture.alt = f"What one image becomes, to scale from left to right: {listing(words)}."
    return picture


def _width(values: np.ndarray, pitch: float) -> float:
    """How much of the width a pile of maps or a strip of numbers takes, in pixels."""
    return STRIP if values.ndim == 1 else values.shape[1] * (1 + pitch * (len(values) - 1))


def _draw_pile(axes: Axes, maps: np.ndarray, left: float, pitch: float) -> None:
    """Maps one before the other around the middle line, the first in front."""
    side = maps.shape[1]
    step = pitch * side
    low, high = maps.min(), maps.max()
    for number in reversed(range(len(maps))):
        x = left + number * step
        y = -side / 2 + (len(maps) - 1) * step / 2 - number * step
        axes.imshow(maps[number], cmap=GREYS, vmin=low, vmax=high, extent=(x, x + side, y + side, y), zorder=9 - number)
        axes.add_patch(Rectangle((x, y), side, side, fill=False, edgecolor=MUTED, linewidth=0.8, zorder=9.5 - number))


def _draw_strip(axes: Axes, values: np.ndarray, left: float) -> None:
    """A row of numbers as a thin upright strip, each a line; at most 40 pixels high."""
    high = min(40.0, 2.6 * len(values))
    axes.imshow(values[:, None], cmap=GREYS, extent=(left, left + STRIP, high / 2, -high / 2), aspect="auto")
    axes.add_patch(Rectangle((left, -high / 2), STRIP, high, fill=False, edgecolor=MUTED, linewidth=0.8))


def _draw_tile(axes: Axes, values: np.ndarray, low: float, high: float) -> None:
    axes.imshow(values, cmap=GREYS, vmin=low, vmax=high)
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set(visible=True, color=MUTED)


def _rule(axes: Axes, size: int) -> None:
    """Thin lines between the cells of a table that imshow has drawn."""
    for place in np.arange(size - 1) + 0.5:
        axes.axhline(place, color=MUTED, linewidth=0.8)
        axes.axvline(place, color=MUTED, linewidth=0.8)


def _square(top: float, left: float, side: float, **look) -> Rectangle:
    """A patch around the pixels from (top, left); the middle of pixel 0 is at 0."""
    return Rectangle((left - 0.5, top - 0.5), side, side, **look)


def _box(axes: Axes, top: int, left: int, side: int, colour: str, dash: str = "-") -> None:
    """An outline that stands out from ink and paper: a white line under a coloured one."""
    bare = {"fill": False, "clip_on": False, "zorder": 5}
    axes.add_patch(_square(top, left, side, edgecolor=PAPER, linewidth=4, **bare))
    axes.add_patch(_square(top, left, side, edgecolor=colour, linewidth=2.2, linestyle=dash, **bare))
