"""One look for every picture of the series, and a Matplotlib figure that carries alternative text.

A `Figure` is made without pyplot, so nothing is shown by accident and no setting of Matplotlib changes for anyone
else. In a notebook it shows itself when it is the last line of a cell, once, with its alternative text.

All chapters.
"""

import base64
import html
import io
import sys

import matplotlib
from cycler import cycler
from matplotlib.axes import Axes as MatplotlibAxes
from matplotlib.figure import Figure as MatplotlibFigure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from PIL import Image

from helpers.base.errors import DigitsError

WIDTH = 7.2  # inches of a full-width picture: 720 CSS pixels, what a notebook's column holds on a small laptop

CSS_PIXELS = 100  # per inch

PNG_PIXELS = 2 * CSS_PIXELS  # sharp letters on a dense screen

# The colours of letters and of a pen, of what stands back, of frames, and of the background.
INK = "#1a1a1a"
MUTED = "#595959"
FAINT = "#d9d9d9"
PAPER = "white"

# From the palettes of Okabe and Ito and of Tol, told apart with any kind of colour vision. None relies on it: each
# colour has its own marker and dash.
BLUE = "#0072B2"
ORANGE = "#D55E00"
GREEN = "#009E73"
WINE = "#882255"
SKY = "#56B4E9"

LINES = cycler(
    color=[BLUE, ORANGE, GREEN, WINE, SKY, INK],
    marker=["o", "s", "^", "D", "v", "P"],
    linestyle=["-", "--", "-.", ":", (0, (6, 1)), (0, (1, 1))],
)

GREYS = "gray_r"  # 0 is paper, 1 is ink: a digit looks as it was written

STYLE = {
    "font.family": "DejaVu Sans",  # comes with Matplotlib, so every machine draws the same picture
    "font.size": 10,
    "text.color": INK,
    "axes.titlesize": 11,
    "axes.titlelocation": "left",
    "axes.titlepad": 10,
    "axes.labelcolor": INK,
    "axes.labelpad": 6,
    "axes.facecolor": PAPER,
    "axes.edgecolor": MUTED,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.prop_cycle": LINES,
    "grid.color": "#e6e6e6",
    "grid.linewidth": 0.8,
    "grid.linestyle": "-",
    "lines.linewidth": 1.8,
    "lines.markersize": 6,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "legend.frameon": False,
    "legend.fontsize": 9,
    "image.cmap": GREYS,
    "image.interpolation": "nearest",
    "savefig.bbox": None,
    "savefig.transparent": False,
}


def _in_style(method):
    """`method` run with the settings of STYLE; afterwards Matplotlib's are as they were."""

    def styled(*args, **options):
        with matplotlib.rc_context(STYLE):
            return method(*args, **options)

    styled.__name__ = method.__name__
    styled.__doc__ = method.__doc__
    return styled


class Axes(MatplotlibAxes):
    """Axes in the look of the series. Matplotlib reads its settings in these methods, not when it draws."""

    __init__ = _in_style(MatplotlibAxes.__init__)
    plot = _in_style(MatplotlibAxes.plot)
    imshow = _in_style(MatplotlibAxes.imshow)
    text = _in_style(MatplotlibAxes.text)
    annotate = _in_style(MatplotlibAxes.annotate)
    legend = _in_style(MatplotlibAxes.legend)
    grid = _in_style(MatplotlibAxes.grid)
    set_title = _in_style(MatplotlibAxes.set_title)


class Figure(MatplotlibFigure):
    """A Matplotlib figure with alternative text `alt`: one or more sentences for those who cannot see it.

    `width` and `height` are inches. Its axes (`add_subplot`, `subplots`, `add_axes`) have the look of the series. With
    pyplot: `plt.figure(FigureClass=plots.Figure, alt="...")`.
    Raises DigitsError for alternative text that is empty or no text.
    """

    def __init__(self, alt: str, width: float = WIDTH, height: float = 4.0, **options):
        if not (isinstance(alt, str) and alt.strip()):
            raise DigitsError(f"expected alternative text, got {alt!r}: say in a sentence what the picture shows")
        chosen = {name: value for name, value in options.items() if value is not None}  # pyplot gives None for the rest
        super().__init__(**{"figsize": (width, height), "dpi": CSS_PIXELS, "facecolor": PAPER} | chosen)
        self.alt = alt

    def add_subplot(self, *args, **options):  # `subplots` comes here too
        return super().add_subplot(*args, **_with_our_axes(options))

    def add_axes(self, *args, **options):
        return super().add_axes(*args, **_with_our_axes(options))

    def png(self) -> bytes:
        """The picture as a PNG file, two pixels for each of CSS, in a palette of 256 colours to keep it small."""
        file = io.BytesIO()
        with matplotlib.rc_context(STYLE):
            self.savefig(file, format="png", dpi=PNG_PIXELS, facecolor=PAPER)
        return compact_png(file.getvalue())

    def html(self) -> str:
        """The picture with its alternative text as HTML, for an `ipywidgets.HTML` that a slider changes."""
        return self._bundle()[0]["text/html"]

    def _bundle(self) -> tuple[dict, dict]:
        return display_bundle(self.png(), self.alt, round(self.get_figwidth() * CSS_PIXELS))

    def _repr_mimebundle_(self, include=None, exclude=None):
        _keep_pyplot_away(type(self))
        return self._bundle()


def _with_our_axes(options: dict) -> dict:
    """The options of a new axes, of our class unless another is asked for ("polar", "3d")."""
    return options if {"projection", "polar"} & options.keys() else {"axes_class": Axes} | options


def _keep_pyplot_away(kind: type) -> None:
    """Once pyplot is imported, IPython has a formatter for all Matplotlib figures, which would win and know no `alt`.

    One for our own class goes before it; it returns None, and IPython then takes what `_repr_mimebundle_` gives.
    """
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    if shell is not None:
        for name, formatter in shell.display_formatter.formatters.items():
            if name.startswith(("image/", "application/pdf")):
                formatter.for_type(kind, lambda figure: None)


def figure(alt: str, width: float = WIDTH, height: float = 4.0) -> Figure:
    """An empty figure for a picture of your own; `alt` says what it will show, `width` and `height` are inches.

    Add axes to it, draw, and leave it as the last line of a cell:

        picture = plots.figure("A parabola through the origin, open to the top.")
        axes = picture.add_subplot()
        axes.plot(x, x**2)
        picture
    """
    # A margin all around, since a dark notebook shows where the white paper ends.
    return Figure(alt, width, height, layout=ConstrainedLayoutEngine(w_pad=0.08, h_pad=0.08))


def display_bundle(png: bytes, alt: str, width: int) -> tuple[dict, dict]:
    """The forms in which a notebook may show a picture, `width` CSS pixels wide, and their metadata.

    JupyterLab gives a PNG no alternative text, but it prefers HTML, where `alt` is read out. Programs that make pages
    of stored notebooks take the PNG and find `alt` in the metadata.
    """
    source = f"data:image/png;base64,{base64.b64encode(png).decode()}"
    image = f'<img src="{source}" alt="{html.escape(alt)}" width="{width}">'
    return {"text/html": image, "image/png": png, "text/plain": alt}, {"image/png": {"alt": alt, "width": width}}


def compact_png(png: bytes) -> bytes:
    """The same picture in a palette of 256 colours, a half to a third of the size, without the date or program."""
    file = io.BytesIO()
    picture = Image.open(io.BytesIO(png)).convert("RGB").quantize(256, dither=Image.Dither.NONE)
    picture.save(file, format="png", optimize=True)
    return file.getvalue()


def png_width(png: bytes) -> int:
    """The width of a PNG file in pixels."""
    return Image.open(io.BytesIO(png)).width
