"""Pictures made of small images: digits, mistakes, filters, feature maps."""

import math

import numpy as np

from helpers.base.arrays import as_array, as_classes, as_probabilities, as_tiles
from helpers.base.errors import DigitsError
from helpers.plots.figures import FAINT, GREYS, INK, MUTED, PNG_PIXELS, WIDTH, Figure
from helpers.plots.words import counted, listing, percent

MOST = 200  # images in one picture: more of them are too small to see


def digits(images, labels=None, columns: int = 10, title: str | None = None) -> Figure:
    """Digits in rows of `columns`, dark on light, each with its label above it where `labels` are given.

    Images: (N, 1, 28, 28), (N, 28, 28) or one (28, 28), floats in 0..1 or integers in 0..255. Labels: N digits or
    texts. DigitsError on other shapes, another number of labels, or more than 200 images.
    """
    array = as_tiles(images, "images", MOST)
    alt, captions = f"{counted(len(array), 'handwritten digit')}, without labels.", None
    if labels is not None:
        labels = np.atleast_1d(as_array(labels, "labels"))
        captions = [f"{label:g}" if labels.dtype.kind == "f" else str(label) for label in labels]
        if len(captions) != len(array):
            raise DigitsError(f"{len(captions)} labels for {len(array)} images: give one label for each image")
        alt = f"{counted(len(array), 'handwritten digit')}: {listing(captions)}."
    alt = f"{title}. {alt}" if title else alt
    return _gallery(array, alt, columns, grey_range(array), title, above=captions)


def mistakes(images, labels, probabilities, count: int = 10, columns: int = 5, title: str | None = None) -> Figure:
    """The digits that were read wrongly, the most confident answer first, `count` at most.

    Above each stands the answer and the truth, below it the probability that the answer had. Images (N, 1, 28, 28),
    labels (N,), probabilities (N, 10). Without a mistake the picture says so. DigitsError where the N differ.
    """
    array, labels = as_tiles(images), as_classes(labels, "labels")
    if len(labels) != len(array):
        raise DigitsError(f"{len(labels)} labels for {len(array)} images: give one label for each image")
    probabilities = as_probabilities(probabilities, len(array))
    if not 1 <= count <= MOST:
        raise DigitsError(f"count = {count}: ask for 1 to {MOST} mistakes")
    answers, confidence = probabilities.argmax(axis=1), probabilities.max(axis=1)
    wrong = np.flatnonzero(answers != labels)
    worst = wrong[np.argsort(-confidence[wrong], kind="stable")][:count]
    if len(worst) == 0:
        picture = Figure(f"No mistakes: {_all(len(array))} read correctly.", height=0.8)
        picture.text(0.5, 0.5, picture.alt, ha="center", va="center", fontsize=11, color=INK)
        return picture

    heading = title or f"{counted(len(wrong), 'mistake')} in {counted(len(array), 'digit')}"
    if len(wrong) > 1 and not title:
        heading += ", the most confident first" if len(worst) == len(wrong) else f", the {len(worst)} most confident"
    above = [f"{answers[i]}, not {labels[i]}" for i in worst]
    below = [percent(confidence[i]) for i in worst]
    each = [f"{labels[i]} read as {answers[i]} ({chance})" for i, chance in zip(worst, below, strict=True)]
    alt = f"{heading}: {', '.join(each)}."
    return _gallery(array[worst], alt, columns, grey_range(array), heading, above, below)


def filters(weights, columns: int = 10, title: str | None = None) -> Figure:
    """The filters of a first convolution, weights (F, 1, h, w), on one scale: dark is positive, light is negative.

    So a dark cell looks for ink and a light one for paper; the grey in the middle of the scale takes no side.
    """
    array = as_tiles(weights, "filters", MOST)
    size = f"{array.shape[1]} by {array.shape[2]}"
    alt = f"{counted(len(array), 'filter')} of {size} weights, from {array.min():.2f} to {array.max():.2f}."
    alt = f"{title}. {alt}" if title else alt
    bound = float(np.abs(array).max()) or 1.0
    return _gallery(array, alt, columns, (-bound, bound), title, range(len(array)), scale="weight")


def feature_maps(maps, columns: int = 10, title: str | None = None) -> Figure:
    """What the filters of a layer answer to one image, maps (F, h, w), on one scale: the darker, the larger."""
    array = as_tiles(maps, "feature maps", MOST)
    strength = np.abs(array).mean(axis=(1, 2))
    alt = (
        f"{counted(len(array), 'feature map')} of {array.shape[1]} by {array.shape[2]}, values from "
        f"{array.min():.2f} to {array.max():.2f}. On average map {strength.argmax()} answers most strongly, "
        f"map {strength.argmin()} least."
    )
    alt = f"{title}. {alt}" if title else alt
    bound = float(np.abs(array).max()) or 1.0
    low = -bound if array.min() < 0 else 0.0  # where there are negative values, zero is the middle of the scale
    return _gallery(array, alt, columns, (low, bound), title, range(len(array)), scale="value")


def grey_range(array: np.ndarray) -> tuple[float, float]:
    """The values drawn as paper and as ink: 0 and 1 or, for integers, 255; wider where the images go beyond."""
    high = 255 if array.dtype.kind in "iu" and array.max() > 1 else 1
    return min(0, array.min()), max(high, array.max())


def _all(number: int) -> str:
    return f"all {number:,} digits were" if number > 1 else "the one digit was"


def _gallery(array, alt, columns, grey, title=None, above=None, below=None, scale=None) -> Figure:
    """Images side by side in the range `grey`, with a caption `above` and `below` each and a scale at the right.

    In fewer columns where the captions need the width. Places are whole pixels of the PNG and each pixel of an image
    covers a whole number of them, so that all look equal. And Matplotlib's own layout takes seconds for a hundred axes.
    """
    if columns < 1:
        raise DigitsError(f"columns = {columns}: give at least 1")
    count, high, wide = array.shape
    edge, gap, line, heading, bar_room = 16, 20, 40, 50 if title else 0, 170 if scale else 0
    room = int(WIDTH * PNG_PIXELS) - 2 * edge - bar_room
    caption = 17 * max(len(str(words)) for words in (*(above or ()), *(below or ()), ""))  # pixels of the longest
    columns = max(1, min(columns, count, room // (caption + gap)))
    rows = math.ceil(count / columns)
    cell = min(room // columns, max(288, caption + gap))
    zoom = max(1, (min(cell, 288) - gap) // max(high, wide))
    across, down = zoom * wide, zoom * high
    step = down + gap + line * ((above is not None) + (below is not None))

    indent = max(0, caption - across) // 2  # an image is centred under a caption that is wider
    width = 2 * (edge + indent) + (columns - 1) * cell + across + bar_room
    width = max(width, 2 * edge + 18 * len(title or ""))
    height = max(2 * edge + heading + rows * step - gap, 180 if scale else 0)
    picture = Figure(alt, width / PNG_PIXELS, height / PNG_PIXELS)

    def axes_at(left, top, across, down):
        return picture.add_axes((left / width, 1 - (top + down) / height, across / width, down / height))

    if title:
        picture.text(edge / width, 1 - edge / height, title, va="top", fontsize=11, color=INK)
    for i, image in enumerate(array):
        row, column = divmod(i, columns)
        top = edge + heading + row * step + line * (above is not None)
        axes = axes_at(edge + indent + column * cell, top, across, down)
        drawn = axes.imshow(image, cmap=GREYS, vmin=grey[0], vmax=grey[1], interpolation="nearest", aspect="auto")
        axes.set(xticks=[], yticks=[])
        axes.spines[:].set(visible=True, color=FAINT)
        if above is not None:
            axes.set_title(above[i], loc="center", fontsize=10, pad=3)
        if below is not None:
            axes.set_xlabel(below[i], fontsize=9, color=MUTED, labelpad=3)
    if scale:
        top = edge + heading + line + 24
        axes = axes_at(width - edge - bar_room + 30, top, 24, min(height - top - edge - 8, 400))
        ticks = sorted({grey[0], 0, grey[1]})
        bar = picture.colorbar(drawn, cax=axes, ticks=ticks, format=lambda value, _: f"{value:.2f}".replace("-", "−"))
        bar.outline.set_edgecolor(FAINT)
        axes.tick_params(labelsize=9, color=MUTED)
        axes.set_title(scale, loc="left", fontsize=9, pad=12)
    return picture
