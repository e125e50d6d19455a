"""The book's demo makes the same image of a drawing in the browser as helpers.drawing does in Python."""

import dataclasses
import itertools
import json
import math
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from pen_strokes import place_at_random

from helpers.classifier.classifier import Classifier
from helpers.drawing.strokes import PEN_WIDTH, Steps, to_mnist

ROOT = Path(__file__).parents[2]
MODULE = ROOT / "book" / "demo" / "to_mnist.js"
DRAW = """
import { readFileSync, writeFileSync } from "node:fs";
const { toMnist } = await import(process.argv[1]);
const drawings = JSON.parse(readFileSync(0, "utf8"));
writeFileSync(1, Buffer.concat(drawings.map(({ strokes, pen, steps }) => toMnist(strokes, pen, steps))));
"""
FAR = 2 / 255  # no pixel may be farther from Python's
ALL_STEPS = Steps()
EVERY_STEP = [
    ALL_STEPS,
    Steps(fit=False),
    Steps(centre=False),
    Steps(ink=False),
    Steps(False, False, False),
    Steps(resize=True),
]
PENS = [0.002, 0.02, PEN_WIDTH, 0.14, 1]
NOTHING = float("nan")
ODD = {
    "nothing": [],
    "no point": [[]],
    "no number": [[[NOTHING, 0.5]], [[0.5, math.inf]]],
    "dot": [[[0.5, 0.5]]],
    "dot in a corner": [[[0, 1]]],
    "same point": [[[0.5, 0.5]] * 3],
    "tiny": [[[0.5, 0.5], [0.502, 0.501]]],
    "upright": [[[0.5, 0.2], [0.5, 0.8]]],
    "level": [[[0.2, 0.5], [0.8, 0.5]]],
    "diagonal": [[[0.1, 0.1], [0.9, 0.9]], [[0.9, 0.1], [0.1, 0.9]]],
    "frame": [[[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]]],
    "gap": [[[0.2, 0.2], [NOTHING, 0.3], [0.7, 0.8]]],
    "across the pad": [[[-3, 0.4], [4, 0.6]], [[0.4, 4], [0.5, -2]]],
    "beside the pad": [[[5, 5], [5.5, 6]]],
    "far": [[[90, 0.5], [-80, 0.3], [0.5, 0.5]]],
    "scribble": [np.random.default_rng(0).random((1000, 2)).tolist()],
}


@pytest.fixture(scope="module")
def examples():
    """The strokes of notebooks/example_digits.json."""
    return [digit["strokes"] for digit in json.loads((ROOT / "notebooks" / "example_digits.json").read_text("utf-8"))]


def in_browser(drawings, pen=PEN_WIDTH, steps=ALL_STEPS):
    """The images that to_mnist.js makes: (N, 28, 28) float32 in 0..1."""
    return in_browser_each([(strokes, pen, steps) for strokes in drawings])


def in_browser_each(drawings):
    """Likewise, of drawings that are (strokes, pen, steps)."""
    node = shutil.which("node")
    if not node:
        pytest.skip("node is missing, which runs the demo's drawing code: `apt-get install nodejs`")
    message = [
        {"strokes": sendable(strokes), "pen": pen, "steps": dataclasses.asdict(steps)}
        for strokes, pen, steps in drawings
    ]
    command = [node, "--input-type=module", "--eval", DRAW, str(MODULE)]
    done = subprocess.run(command, input=json.dumps(message).encode(), capture_output=True, timeout=120)
    assert done.returncode == 0, done.stderr.decode()
    return np.frombuffer(done.stdout, np.uint8).reshape(-1, 28, 28).astype(np.float32) / 255


def in_python(drawings, pen=PEN_WIDTH, steps=ALL_STEPS):
    return np.stack([to_mnist(strokes, pen, steps) for strokes in drawings])


def answers(images):
    """What the shipped network reads in images (N, 28, 28): (N,) digits."""
    return Classifier.load("canvas").probabilities_of(images[:, np.newaxis]).argmax(axis=1)


def sendable(strokes):
    """JSON has no NaN: None is as little a number."""
    return [[[value if math.isfinite(value) else None for value in point] for point in stroke] for stroke in strokes]


def test_pen_digits_give_the_same_images_and_answers(pen_strokes):
    rng = np.random.default_rng(0)
    drawings = [place_at_random(strokes, rng) for _, strokes in pen_strokes]
    ours, pythons = in_browser(drawings), in_python(drawings)
    assert len(ours) == 600
    assert np.abs(ours - pythons).max() <= FAR
    assert np.count_nonzero(answers(ours) == answers(pythons)) >= 599


@pytest.fixture(scope="module")
def every_image(examples):
    """All examples and odd drawings with each pen and each choice of steps, as one process of node makes them."""
    drawings = [*examples, *ODD.values()]
    ways = list(itertools.product(PENS, EVERY_STEP))
    images = in_browser_each([(strokes, *way) for way in ways for strokes in drawings])
    return dict(zip(ways, np.split(images, len(ways)), strict=True))


@pytest.mark.slow
@pytest.mark.parametrize("steps", EVERY_STEP, ids=str)
@pytest.mark.parametrize("pen", PENS)
def test_every_step_gives_the_same_image(examples, every_image, steps, pen):
    ours, pythons = every_image[pen, steps], in_python([*examples, *ODD.values()], pen, steps)
    differences = np.abs(ours - pythons).max(axis=(1, 2))
    names = [*range(len(examples)), *ODD]
    assert {name: difference for name, difference in zip(names, differences, strict=True) if difference > FAR} == {}


def test_examples_give_the_same_answers(examples):
    ours, pythons = in_browser(examples), in_python(examples)
    assert ours.any(axis=(1, 2)).all()
    assert np.array_equal(answers(ours), answers(pythons))


@pytest.mark.parametrize("pen", [0, -1, 2])
def test_a_pen_without_a_width_is_refused(pen):
    with pytest.raises(AssertionError, match="RangeError: expected a pen's width above 0 and at most 1, got"):
        in_browser([ODD["dot"]], pen)
