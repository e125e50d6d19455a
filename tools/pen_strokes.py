"""Read the real pen digits that the networks are measured with, twice 600; nothing is trained on them.

"unipen" are isolated digits of UNIPEN (I. Guyon et al., ICPR 1994), for the report: nothing is chosen by them. "uji"
are those of UJI Pen Characters 2 (D. Llorens et al., LREC 2008), drawn by people in Spain, whose ones have flags; what
the network for drawings learns from was chosen by them. Neither belongs to the project. The variables PEN_STROKES and
PEN_STROKES_UJI name their files; without them the files are looked for in ../shared/pen_strokes and
../shared/pen_strokes_uji, beside the project. They are JSON, compressed with gzip or not: a list of records with a
`label` and the `strokes`, which are lists of points [x, y] in 0..1000, y downwards.
"""

import gzip
import json
import os
import zlib
from pathlib import Path

import numpy as np

from helpers.base.errors import DigitsError
from helpers.base.files import reason
from helpers.data import Split
from helpers.drawing import to_mnist

SHARED = Path(__file__).parent.parent.parent / "shared"
VARIABLES = {"unipen": "PEN_STROKES", "uji": "PEN_STROKES_UJI"}
BESIDE = {"unipen": SHARED / "pen_strokes" / "strokes.json.gz", "uji": SHARED / "pen_strokes_uji" / "strokes.json.gz"}
SEED = 1  # of the sizes and places at which the digits are drawn for the cards of the checkpoints
DRAWN = (
    "by helpers.drawing.to_mnist, drawn at random sizes of 10 % to 100 % of the pad and at random places "
    f"(seed {SEED}); only measured, never trained on"
)
ABOUT = {
    "unipen": f"600 digits by 56 people, from UNIPEN train_r01_v07, section 1a (CC BY 4.0), {DRAWN}",
    "uji": f"600 digits by 30 people in Spain, from UJI Pen Characters 2 (CC BY 4.0), {DRAWN}",
}

Strokes = list[list[list[float]]]


def pen_strokes_path(source: str = "unipen") -> Path:
    """Where the file of "unipen" or "uji" is expected, whether it is there or not."""
    return Path(os.environ.get(VARIABLES[source]) or BESIDE[source])


def read_pen_strokes(source: str = "unipen") -> list[tuple[int, Strokes]]:
    """The label of each digit, 0 to 9, and its strokes: points [x, y] in 0..1, the longer side of the digit being 1.

    Raises DigitsError where the file is missing or damaged.
    """
    path = pen_strokes_path(source)
    try:
        content = path.read_bytes()
        records = json.loads(gzip.decompress(content) if content.startswith(b"\x1f\x8b") else content)
        return [
            (int(record["label"]), [(np.array(stroke) / 1000).tolist() for stroke in record["strokes"]])
            for record in records
        ]
    except FileNotFoundError:
        raise DigitsError(
            f"expected pen strokes in {path}, got no file: set {VARIABLES[source]} to their file"
        ) from None
    except (EOFError, zlib.error, ValueError, KeyError, TypeError) as error:
        raise DigitsError(f"expected pen strokes in {path}, got something else ({error}): copy it again") from error
    except OSError as error:
        raise DigitsError(f"cannot read {path}: {reason(error)}") from error


def place_at_random(strokes: Strokes, rng: np.random.Generator) -> Strokes:
    """The strokes at a random size, the longer side 10 % to 100 % of the pad's, and at a random place on the pad.

    strokes: points in any unit in which the longer side of the digit is 1.
    """
    corner = np.min([np.min(stroke, axis=0) for stroke in strokes], axis=0)
    extent = np.max([np.max(stroke, axis=0) for stroke in strokes], axis=0) - corner
    size = rng.uniform(0.1, 1)
    place = rng.random(2) * (1 - size * extent)
    return [((np.array(stroke) - corner) * size + place).tolist() for stroke in strokes]


def draw_on_pad(digits: list[tuple[int, Strokes]], seed: int = SEED) -> Split:
    """The digits as images (N, 1, 28, 28), drawn on the canvas at random sizes and places, and their labels (N,)."""
    rng = np.random.default_rng(seed)
    labels, drawings = zip(*digits, strict=True)
    images = [to_mnist(place_at_random(strokes, rng)) for strokes in drawings]
    return Split(np.stack(images)[:, np.newaxis], np.array(labels, np.int32))
