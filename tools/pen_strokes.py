"""Read the 600 real pen digits that the networks are measured with; nothing is trained on them or chosen by them.

They are isolated digits of UNIPEN (I. Guyon et al., ICPR 1994) and do not belong to the project. The variable
PEN_STROKES names their file; without it the file is looked for in ../shared/pen_strokes, beside the project. It is
JSON, compressed with gzip or not: a list of records with a `label` and the `strokes`, which are lists of points [x, y]
in 0..1000, y downwards.
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

BESIDE = Path(__file__).parent.parent.parent / "shared" / "pen_strokes" / "strokes.json.gz"
SEED = 1  # of the sizes and places at which the digits are drawn for the cards of the checkpoints
ABOUT = (
    "600 digits by 56 people, from UNIPEN train_r01_v07, section 1a (CC BY 4.0), by helpers.drawing.to_mnist, drawn at "
    f"random sizes of 10 % to 100 % of the pad and at random places (seed {SEED}); only measured, never trained on"
)

Strokes = list[list[list[float]]]


def pen_strokes_path() -> Path:
    """Where the file is expected, whether it is there or not."""
    return Path(os.environ.get("PEN_STROKES") or BESIDE)


def read_pen_strokes() -> list[tuple[int, Strokes]]:
    """The label of each digit, 0 to 9, and its strokes: points [x, y] in 0..1, the longer side of the digit being 1.

    Raises DigitsError where the file is missing or damaged.
    """
    path = pen_strokes_path()
    try:
        content = path.read_bytes()
        records = json.loads(gzip.decompress(content) if content.startswith(b"\x1f\x8b") else content)
        return [
            (int(record["label"]), [(np.array(stroke) / 1000).tolist() for stroke in record["strokes"]])
            for record in records
        ]
    except FileNotFoundError:
        raise DigitsError(f"expected pen strokes in {path}, got no file: set PEN_STROKES to their file") from None
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
