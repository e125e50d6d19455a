"""Pictures made of small images side by side: digits, mistakes, filters, feature maps.

Chapters 1 to 8.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.image import AxesImage

from helpers.base.arrays import as_array, as_classes, as_probabilities, as_tiles
from helpers.base.errors import DigitsError
from helpers.plots.figures import FAINT, GREYS, INK, MUTED, PNG_PIXELS, WIDTH, Figure
from helpers.plots.words import counted, listing, percent, titled

MOST = 200  # images in one picture: more of them are too small to see

# Sizes in pixels of the PNG.
EDGE = 16  # around the picture
GAP = 20  # between images
LINE = 40  # for a caption
LETTER = 17  # width of a caption's widest letters
TITLE = 50  # for the title of the picture
TITLE_LETTER = 18
LARGEST = 288  # side of an image with its gap
SCALE_ROOM = 170
SCALE_HEIGHT = 180  # the least a scale needs


def digits(images, labels=None, columns: int = 10, title: str | None = None) -> Figure:
    """Digits in rows of `columns`, dark on light, each with its label above it where `labels` are given.

    Images: (N, 1, 28, 28), (N, 28, 28) or one (28, 28), floats in 0..1 or integers in 0..255. Labels: N digits or
    texts. DigitsError on other shapes, another number of labels, or more than 200 images.
    """
    array = as_tiles(images, "images", MOST)
    count = counted(len(array), "handwritten digit")
    captions = None
    alt = f"{count}, without labels."
    if labels is not None:
        labels = np.atleast_1d(as_array(labels, "labels"))
        _check_one_label_each(labels, array)
        captions = [f"{label:g}" if labels.dtype.kind == "f" else str(label) for label in labels]
        alt = f"{count}: {listing(captions)}."
    return Gallery(array, titled(alt, title), grey_range(array), columns, title, above=captions).draw()


def mistakes(images, labels, probabilities, count: int = 10, columns: int = 5, title: str | None = None) -> Figure:
    """The digits that were read wrongly, the most confident answer first, `count` at most.

    Above each stands the answer and the truth, below it the probability that the answer had. Images (N, 1, 28, 28),
    labels (N,), probabilities (N, 10). Without a mistake the picture says so. DigitsError where the N differ.
    """
    array = as_tiles(images)
    labels = as_classes(labels, "labels")
    _check_one_label_each(labels, array)
    probabilities = as_probabilities(probabilities, len(array))
    if not 1 <= count <= MOST:
        raise DigitsError(f"expected a count from 1 to {MOST}, got {count}: choose how many mistakes to draw")
    answers = probabilities.argmax(axis=1)
    confidence = probabilities.max(axis=1)
    wrong = np.flatnonzero(answers != labels)
    worst = wrong[np.argsort(-confidence[wrong], kind="stable")][:count]
    if len(worst) == 0:
        return _no_mistakes(len(array))

    heading = title or f"{counted(len(wrong), 'mistake')} in {counted(len(array), 'digit')}"
    if len(wrong) > 1 and not title:
        heading += ", the most confident first" if len(worst) == len(wrong) else f", the {len(worst)} most confident"
    above = [f"{answers[i]}, not {labels[i]}" for i in worst]
    below = [percent(confidence[i]) for i in worst]
    each = [f"{labels[i]} read as {answers[i]} ({chance})" for i, chance in zip(worst, below, strict=True)]
    alt = f"{heading}: {', '.join(each)}."
    return Gallery(array[worst], alt, grey_range(array), columns, heading, above, below).draw()


def filters(weights, columns: int = 10, title: str | None = None) -> Figure:
    """The filters of a first convolution, weights (F, 1, h, w), on one scale: dark is positive, light is negative.

    So a dark cell looks for ink and a light one for paper; the grey in the middle of the scale takes no side.
    """
    array = as_tiles(weights, "filters", MOST)
    size = f"{array.shape[1]} by {array.shape[2]}"
    alt = f"{counted(len(array), 'filter')} of {size} weights, from {array.min():.2f} to {array.max():.2f}."
    bound = float(np.abs(array).max()) or 1.0
    numbers = [str(i) for i in range(len(array))]
    return Gallery(array, titled(alt, title), (-bound, bound), columns, title, numbers, scale="weight").draw()


def feature_maps(maps, columns: int = 10, title: str | None = None) -> Figure:
    """What the filters of a layer answer to one image, maps (F, h, w), on one scale: the darker, the larger."""
    array = as_tiles(maps, "feature maps", MOST)
    strength = np.abs(array).mean(axis=(1, 2))
    alt = (
        f"{counted(len(array), 'feature map')} of {array.shape[1]} by {array.shape[2]}, values from "
        f"{array.min():.2f} to {array.max():.2f}. On average map {strength.argmax()} answers most strongly, "
        f"map {strength.argmin()} least."
    )
    bound = float(np.abs(array).max()) or 1.0
    low = -bound if array.min() < 0 else 0.0  # where there are negative values, zero is the middle of the scale
    numbers = [str(i) for i in range(len(array))]
    return Gallery(array, titled(alt, title), (low, bound), columns, title, numbers, scale="value").draw()


def grey_range(array: np.ndarray) -> tuple[float, float]:
    """The values drawn as paper and as ink: 0 and 1 or, for integers, 255; wider where the images go beyond."""
    high = 255 if array.dtype.kind in "iu" and array.max() > 1 else 1
    return min(0, array.min()), max(high, array.max())


def _check_one_label_each(labels: np.ndarray, images: np.ndarray) -> None:
    if len(labels) != len(images):
        number = len(images)
        raise DigitsError(
            f"expected {number} labels for {number} images, got {len(labels)}: give one label for each image"
        )


def _no_mistakes(count: int) -> Figure:
    """A line of text instead of mistakes."""
    who = f"all {count:,} digits were" if count > 1 else "the one digit was"
    picture = Figure(f"No mistakes: {who} read correctly.", height=0.8)
    picture.text(0.5, 0.5, picture.alt, ha="center", va="center", fontsize=11, color=INK)
    return picture


@dataclass(frozen=True)
class Gallery:
    """Images side by side, and what stands around them."""

    images: np.ndarray  # (N, height, width)
    alt: str
    grey: tuple[float, float]  # the values drawn as paper and as ink
    columns: int  # at most; where the captions need the width it becomes fewer
    title: str | None = None
    above: Sequence[str] | None = None  # a caption for each image
    below: Sequence[str] | None = None
    scale: str | None = None  # what the values are; a scale of them stands at the right

    def draw(self) -> Figure:
        """The picture. Raises DigitsError for less than one column."""
        if self.columns < 1:
            raise DigitsError(f"expected at least 1 column, got {self.columns}: choose how many images stand in a row")
        places = _Places(self)
        picture = Figure(self.alt, places.width / PNG_PIXELS, places.height / PNG_PIXELS)
        if self.title:
            left = EDGE / places.width
            top = 1 - EDGE / places.height
            picture.text(left, top, self.title, va="top", fontsize=11, color=INK)
        for i in range(len(self.images)):
            drawn = self._draw_image(i, picture.add_axes(places.image(i)))
        if self.scale:
            self._draw_scale(drawn, picture, picture.add_axes(places.scale()))
        return picture

    def _draw_image(self, i: int, axes: Axes) -> AxesImage:
        low, high = self.grey
        drawn = axes.imshow(self.images[i], cmap=GREYS, vmin=low, vmax=high, interpolation="nearest", aspect="auto")
        axes.set(xticks=[], yticks=[])
        axes.spines[:].set(visible=True, color=FAINT)
        if self.above is not None:
            axes.set_title(self.above[i], loc="center", fontsize=10, pad=3)
        if self.below is not None:
            axes.set_xlabel(self.below[i], fontsize=9, color=MUTED, labelpad=3)
        return drawn

    def _draw_scale(self, drawn: AxesImage, picture: Figure, axes: Axes) -> None:
        ticks = sorted({self.grey[0], 0, self.grey[1]})
        bar = picture.colorbar(drawn, cax=axes, ticks=ticks, format=lambda value, _: f"{value:.2f}".replace("-", "−"))
        bar.outline.set_edgecolor(FAINT)
        axes.tick_params(labelsize=9, color=MUTED)
        axes.set_title(self.scale, loc="left", fontsize=9, pad=12)


class _Places:
    """Where the parts of a gallery stand: all images equally large, in fewer columns where captions need the width.

    Places are whole pixels of the PNG, and each pixel of an image covers a whole number of them, so that all look
    equal. Besides, Matplotlib's own layout takes seconds for a hundred axes.
    """

    def __init__(self, gallery: Gallery):
        count, high, wide = gallery.images.shape
        captions = [*(gallery.above or ()), *(gallery.below or ())]
        caption = LETTER * max(map(len, captions), default=0)
        bar = SCALE_ROOM if gallery.scale else 0
        room = int(WIDTH * PNG_PIXELS) - 2 * EDGE - bar

        self._columns = max(1, min(gallery.columns, count, room // (caption + GAP)))
        self._cell = min(room // self._columns, max(LARGEST, caption + GAP))
        zoom = max(1, (min(self._cell, LARGEST) - GAP) // max(high, wide))
        self._across = zoom * wide
        self._down = zoom * high
        self._above = LINE if gallery.above is not None else 0
        below = LINE if gallery.below is not None else 0
        self._step = self._above + self._down + below + GAP
        self._top = EDGE + (TITLE if gallery.title else 0)
        self._left = EDGE + max(0, caption - self._across) // 2  # an image is centred under a caption that is wider

        rows = math.ceil(count / self._columns)
        of_images = 2 * self._left + (self._columns - 1) * self._cell + self._across + bar
        of_title = 2 * EDGE + TITLE_LETTER * len(gallery.title or "")
        self.width = max(of_images, of_title)
        self.height = max(self._top + rows * self._step - GAP + EDGE, SCALE_HEIGHT if gallery.scale else 0)

    def image(self, i: int) -> tuple[float, float, float, float]:
        """The place of an image, as `Figure.add_axes` takes it."""
        row, column = divmod(i, self._columns)
        left = self._left + column * self._cell
        top = self._top + row * self._step + self._above
        return self._rectangle(left, top, self._across, self._down)

    def scale(self) -> tuple[float, float, float, float]:
        """The place of the scale, as `Figure.add_axes` takes it."""
        left = self.width - EDGE - SCALE_ROOM + 30
        top = self._top + LINE + 24
        return self._rectangle(left, top, 24, min(self.height - top - EDGE - 8, 400))

    def _rectangle(self, left: int, top: int, across: int, down: int) -> tuple[float, float, float, float]:
        """Shares of the picture's width and height; Matplotlib counts from the bottom."""
        bottom = top + down
        return left / self.width, 1 - bottom / self.height, across / self.width, down / self.height
