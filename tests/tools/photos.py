"""Photos of digits on paper, drawn as a phone would take them: kinds that differ in light, paper and surroundings.

A photo of each kind has a strength, a size, a slant and a place of its own, drawn by a seeded generator. `take` gives
the photo (H, W, 3) uint8 of strokes, `KINDS` names what it can show, `shoot` also has the helpers look for the digit,
and `read` has a network answer.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import cv2
import numpy as np

from helpers.base.errors import DigitsError
from helpers.classifier.classifier import SURE
from helpers.drawing.photo import to_mnist_from_image

Light = np.ndarray  # (H, W, 3) float32: what the paper or the ink reflects, 0..1

VERY_SURE = 0.9

BLANK = [[0, 0], [0.6, 1]]  # where nothing is written, things leave room for a digit of these proportions

FINE = 2  # the ink is drawn this many times as large and then made smaller: soft edges, as a lens makes them


def take(kind: str, strokes: Sequence, rng: np.random.Generator) -> np.ndarray:
    """A photo of one digit, (H, W, 3) uint8.

    strokes: points [x, y], y downwards, in any unit; without any the sheet is blank. Raises KeyError for a kind that is
    not in KINDS.
    """
    scene = Scene(rng)
    KINDS[kind](scene)
    return scene.photo(strokes)


class Scene:
    """A sheet with one digit and what is around it; each kind changes some of it before the photo is taken."""

    def __init__(self, rng: np.random.Generator):
        self.rng = rng
        self.height = int(rng.integers(320, 640))
        self.width = int(self.height * rng.uniform(0.75, 1.3))
        self.size = rng.uniform(0.25, 0.6)  # of the digit's longer side, as a share of the photo's shorter side
        self.pen = rng.uniform(0.05, 0.11)  # of the digit's longer side
        self.ink = np.float32([1, 1, 1]) * rng.uniform(0.08, 0.25)
        self.paper = np.float32([1, 1, 1]) * rng.uniform(0.8, 0.95) * rng.uniform(0.96, 1, 3).astype(np.float32)
        self.room = [0.06, 0.06, 0.06, 0.06]  # left, top, right, bottom: shares of the photo that the digit keeps off
        self.on_paper: list[Callable[[Light], None]] = []  # printed under the digit
        self.over: list[Callable[[Light], None]] = []  # laid or cast over the sheet
        self.noise = rng.uniform(0.005, 0.02)
        self.blur = rng.uniform(0.4, 1.0)
        self.quality = 92
        self.grain = 0.0  # of the ink, as of a pencil's

    def photo(self, strokes: Sequence) -> np.ndarray:
        ink, self.box = self._draw(strokes or [BLANK])
        ink *= len(strokes) > 0
        light = np.tile(self.paper, (self.height, self.width, 1))
        for draw in self.on_paper:
            draw(light)
        light = light * (1 - ink[..., np.newaxis]) + np.minimum(light, self.ink) * ink[..., np.newaxis]
        for lay in self.over:
            lay(light)
        light = cv2.GaussianBlur(light, (0, 0), self.blur)
        light += self.rng.normal(0, self.noise, light.shape)
        pixels = (np.clip(light, 0, 1) * 255).astype(np.uint8)
        coded = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, self.quality])[1]
        return cv2.imdecode(coded, cv2.IMREAD_COLOR)

    def _draw(self, strokes: Sequence) -> tuple[np.ndarray, np.ndarray]:
        """The ink (H, W) in 0..1 and its box: left, top, right, bottom in pixels."""
        lines = [np.asarray(stroke, np.float64).reshape(-1, 2) for stroke in strokes]
        low = np.min([line.min(axis=0) for line in lines], axis=0)
        high = np.max([line.max(axis=0) for line in lines], axis=0)
        side = min(self.height, self.width)
        scale = self.size * side / max(*(high - low), 1e-9)
        pen = max(1.5, self.pen * self.size * side)
        angle = np.radians(self.rng.uniform(-6, 6))
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        lines = [((line - (low + high) / 2) * scale) @ turn for line in lines]
        reach = np.max([np.abs(line).max(axis=0) for line in lines], axis=0) + pen / 2
        sides = np.array([self.width, self.height])
        first = reach + sides * self.room[:2]
        last = sides - reach - sides * self.room[2:]
        middle = first + self.rng.random(2) * (last - first) if (first < last).all() else (first + last) / 2
        fine = np.zeros((self.height * FINE, self.width * FINE), np.uint8)
        points = [np.round((line + middle) * FINE * 16).astype(np.int32) for line in lines]
        points = [line if len(line) > 1 else np.repeat(line, 2, axis=0) for line in points]
        cv2.polylines(fine, points, False, 255, max(1, round(pen * FINE)), cv2.LINE_AA, 4)
        ink = cv2.resize(fine, (self.width, self.height), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
        if self.grain:
            ink *= 1 - self.grain * self.rng.random(ink.shape, dtype=np.float32)
        return ink, np.concatenate([middle - reach, middle + reach])

    def mask(self, corners: np.ndarray, soft: float) -> np.ndarray:
        """The share (H, W, 1) of each pixel in a polygon of corners (n, 2), as shares of the photo's sides."""
        fine = np.zeros((self.height, self.width), np.float32)
        points = np.round(np.asarray(corners) * [self.width, self.height]).astype(np.int32)
        cv2.fillPoly(fine, [points], 1.0)
        return cv2.GaussianBlur(fine, (0, 0), soft)[..., np.newaxis]

    def half(self) -> np.ndarray:
        """The corners of one side of a straight line that goes through the middle part of the photo."""
        place = self.rng.uniform(0.25, 0.75, 2)
        angle = self.rng.uniform(0, 2 * np.pi)
        along = np.array([np.cos(angle), np.sin(angle)]) * 3
        across = np.array([-along[1], along[0]])
        return np.stack([place - along, place + along, place + along + across, place - along + across])


def plain(scene: Scene) -> None:
    """Bare paper in even light."""


def soft_shadow(scene: Scene) -> None:
    """Part of the sheet lies in a shadow with a broad edge."""
    _shadow(scene, scene.rng.uniform(10, 40))


def firm_shadow(scene: Scene) -> None:
    """Part of the sheet lies in a shadow with a narrow edge."""
    _shadow(scene, scene.rng.uniform(1, 4))


def _shadow(scene: Scene, soft: float) -> None:
    depth = scene.rng.uniform(0.2, 0.55)
    corners = scene.half()

    def cast(light: Light) -> None:
        light *= 1 - depth * scene.mask(corners, soft)

    scene.over.append(cast)


def table_at_an_edge(scene: Scene) -> None:
    """The table is visible along one or two edges."""
    edges = scene.rng.choice(4, scene.rng.integers(1, 3), replace=False)
    _table(scene, {int(edge): scene.rng.uniform(0.03, 0.2) for edge in edges})


def table_all_around(scene: Scene) -> None:
    """The whole sheet is visible, with the table around it."""
    _table(scene, {edge: scene.rng.uniform(0.05, 0.16) for edge in range(4)})


def _table(scene: Scene, shares: dict[int, float]) -> None:
    rng = scene.rng
    colour = np.float32(rng.choice([[0.2, 0.3, 0.45], [0.3, 0.3, 0.3], [0.1, 0.15, 0.2], [0.35, 0.45, 0.6]]))
    colour = colour * rng.uniform(0.7, 1.2)
    left, top, right, bottom = (shares.get(edge, -0.3) for edge in range(4))
    skew = rng.uniform(-0.02, 0.02, (4, 2))
    corners = np.array([[left, top], [1 - right, top], [1 - right, 1 - bottom], [left, 1 - bottom]]) + skew
    for edge, share in shares.items():
        scene.room[edge] = share + 0.07
    veins = cv2.GaussianBlur(rng.normal(0, 1, (scene.height, scene.width)).astype(np.float32), (0, 0), 12, sigmaY=1)
    wood = colour * (1 + 0.15 * (veins / np.abs(veins).max())[..., np.newaxis])

    def lay(light: Light) -> None:
        sheet = scene.mask(corners, 0.7)
        light[:] = light * sheet + wood * (1 - sheet)

    scene.over.append(lay)
    scene.size *= 0.85


def finger(scene: Scene) -> None:
    """A finger holds the sheet at an edge."""
    rng = scene.rng
    skin = np.float32(rng.choice([[0.55, 0.65, 0.85], [0.3, 0.4, 0.6], [0.2, 0.27, 0.4]])) * rng.uniform(0.9, 1.05)
    edge = int(rng.integers(0, 4))
    thick = rng.uniform(0.06, 0.1) * min(scene.height, scene.width)
    deep = rng.uniform(0.08, 0.18)
    scene.room[edge] = deep + 0.12
    scene.size *= 0.85
    along = rng.uniform(0.15, 0.85)
    lean = rng.uniform(-0.1, 0.1)

    def lay(light: Light) -> None:
        tip = {0: (deep, along), 1: (along, deep), 2: (1 - deep, along), 3: (along, 1 - deep)}[edge]
        root = {0: (-0.2, along + lean), 1: (along + lean, -0.2), 2: (1.2, along + lean), 3: (along + lean, 1.2)}[edge]
        ends = [
            tuple(int(share * side) for share, side in zip(end, (scene.width, scene.height), strict=True))
            for end in (tip, root)
        ]
        shape = np.zeros(light.shape[:2], np.float32)
        cv2.line(shape, *ends, 1.0, round(2 * thick), cv2.LINE_AA)
        shade = cv2.GaussianBlur(shape, (0, 0), thick / 3)[..., np.newaxis]
        light *= 1 - 0.3 * shade
        round_off = cv2.GaussianBlur(shape, (0, 0), thick / 2)[..., np.newaxis]
        shape = cv2.GaussianBlur(shape, (0, 0), 1)[..., np.newaxis]
        light[:] = light * (1 - shape) + skin * (0.6 + 0.4 * round_off) * shape

    scene.over.append(lay)


def ruled(scene: Scene) -> None:
    """Ruled paper."""
    _lines(scene, [0])


def squared(scene: Scene) -> None:
    """Squared paper."""
    _lines(scene, [0, 1])


def _lines(scene: Scene, ways: list[int]) -> None:
    rng = scene.rng
    side = min(scene.height, scene.width)
    digit = scene.size * side
    gap = rng.uniform(0.35, 1.2) * digit
    colour = np.float32(rng.choice([[0.9, 0.75, 0.6], [0.7, 0.7, 0.7], [0.85, 0.65, 0.55]])) * rng.uniform(0.8, 1.05)
    tilt = np.radians(rng.uniform(-3, 3))
    thick = int(rng.integers(1, 3))
    start = rng.random(2) * gap

    def draw(light: Light) -> None:
        fine = np.zeros(light.shape[:2], np.float32)
        reach = max(scene.height, scene.width) * 1.5
        for way in ways:
            along = np.array([np.cos(tilt), np.sin(tilt)]) if way == 0 else np.array([-np.sin(tilt), np.cos(tilt)])
            across = np.array([-along[1], along[0]])
            for number in range(-60, 61):
                middle = np.array([scene.width, scene.height]) / 2 + across * (number * gap + start[way])
                ends = [tuple(np.round((middle + along * sign * reach) * 16).astype(int).tolist()) for sign in (-1, 1)]
                cv2.line(fine, *ends, 1.0, thick, cv2.LINE_AA, 4)
        fine = np.clip(fine, 0, 1)[..., np.newaxis]
        light[:] = light * (1 - fine) + np.minimum(light, colour) * fine

    scene.on_paper.append(draw)


def printed_box(scene: Scene) -> None:
    """The digit stands in a printed box, as on a form."""
    _box(scene, open_sides=False)


def cell_of_a_grid(scene: Scene) -> None:
    """The digit stands in a cell whose lines go on to the edges of the photo."""
    _box(scene, open_sides=True)


def _box(scene: Scene, open_sides: bool) -> None:
    rng = scene.rng
    shade = np.float32([1, 1, 1]) * rng.uniform(0.1, 0.5)
    thick = max(1, round(rng.uniform(0.004, 0.014) * min(scene.height, scene.width)))
    margin = rng.uniform(0.1, 0.5, 4)  # between digit and box, of the digit's longer side
    scene.room = [0.15] * 4
    scene.size *= 0.85

    def draw(light: Light) -> None:
        left, top, right, bottom = scene.box
        side = max(right - left, bottom - top)
        left, top = left - margin[0] * side, top - margin[1] * side
        right, bottom = right + margin[2] * side, bottom + margin[3] * side
        ends = (-9, scene.width + 9, -9, scene.height + 9) if open_sides else (left, right, top, bottom)
        for x in (left, right):
            cv2.line(light, (round(x), round(ends[2])), (round(x), round(ends[3])), shade.tolist(), thick, cv2.LINE_AA)
        for y in (top, bottom):
            cv2.line(light, (round(ends[0]), round(y)), (round(ends[1]), round(y)), shade.tolist(), thick, cv2.LINE_AA)

    scene.on_paper.append(draw)


def glare(scene: Scene) -> None:
    """A lamp is mirrored in a part of the sheet."""
    rng = scene.rng
    place = rng.uniform(0.2, 0.8, 2) * [scene.width, scene.height]
    width = rng.uniform(0.1, 0.3) * min(scene.height, scene.width)
    strength = rng.uniform(0.2, 0.5)
    scene.paper = scene.paper * np.float32(0.8)

    def shine(light: Light) -> None:
        y, x = np.mgrid[: scene.height, : scene.width].astype(np.float32)
        spot = np.exp(-((x - place[0]) ** 2 + (y - place[1]) ** 2) / (2 * width**2))
        light += strength * spot[..., np.newaxis]

    scene.over.append(shine)


def low_light(scene: Scene) -> None:
    """Little light, much noise, and light from one side."""
    rng = scene.rng
    level = rng.uniform(0.25, 0.5)
    fall = rng.uniform(0, 0.4)
    scene.noise = rng.uniform(0.02, 0.05)
    slope = np.linspace(1, 1 - fall, scene.width, dtype=np.float32)[:: rng.choice([-1, 1])]

    def dim(light: Light) -> None:
        light *= level * slope[:, np.newaxis]

    scene.over.append(dim)


def jpeg_blocks(scene: Scene) -> None:
    """A JPEG of poor quality."""
    scene.quality = int(scene.rng.integers(8, 25))


def blue_ink(scene: Scene) -> None:
    """A blue ballpoint pen."""
    scene.ink = np.float32([0.65, 0.3, 0.2]) * scene.rng.uniform(0.8, 1.1)
    scene.pen = scene.rng.uniform(0.03, 0.06)


def pencil(scene: Scene) -> None:
    """A pencil: thin, grey and grainy."""
    scene.ink = np.float32([1, 1, 1]) * scene.rng.uniform(0.35, 0.6)
    scene.pen = scene.rng.uniform(0.03, 0.06)
    scene.grain = 0.6


def felt_pen(scene: Scene) -> None:
    """A thick felt pen."""
    scene.pen = scene.rng.uniform(0.11, 0.17)


def cut_to_its_edges(scene: Scene) -> None:
    """A crop that leaves no paper, or next to none, around the digit."""
    rng = scene.rng
    margin = max(0, round(rng.uniform(-0.01, 0.03) * scene.height))
    whole = scene.photo

    def cropped(strokes: Sequence) -> np.ndarray:
        photo = whole(strokes)
        left, top, right, bottom = np.round(scene.box).astype(int) + np.array([-1, -1, 1, 1]) * margin
        return np.ascontiguousarray(photo[max(top, 0) : bottom, max(left, 0) : right])

    scene.photo = cropped


KINDS: dict[str, Callable[[Scene], None]] = {
    kind.__name__.replace("_", " "): kind
    for kind in (
        plain,
        soft_shadow,
        firm_shadow,
        table_at_an_edge,
        table_all_around,
        finger,
        ruled,
        squared,
        printed_box,
        cell_of_a_grid,
        glare,
        low_light,
        jpeg_blocks,
        blue_ink,
        pencil,
        felt_pen,
        cut_to_its_edges,
    )
}
BOXES = ("printed box", "cell of a grid")  # the kinds that have something printed around the digit


class Shot(NamedTuple):
    """A photo (H, W, 3), the digit on it or None, and the image (28, 28) made of it, or None where it was refused."""

    label: int | None
    photo: np.ndarray
    image: np.ndarray | None


class Misread(NamedTuple):
    """A photo that was not read: its shot, the answer, and how probable that was; None and 0 where it was refused."""

    shot: Shot
    answer: int | None
    probability: float


@dataclass
class Row:
    """What became of the photos of one kind."""

    photos: int = 0
    right: int = 0
    refused: int = 0
    unsure: int = 0  # answers with a probability below SURE
    surely_wrong: int = 0  # of at least SURE
    very_surely_wrong: int = 0  # of at least VERY_SURE
    wrong: list[Misread] = field(default_factory=list)


def shoot(kind: str, digits: Sequence[tuple[int | None, Sequence]], seed: int = 0) -> list[Shot]:
    """A photo of that kind of each digit, given as its label and its strokes."""
    rng = np.random.default_rng([seed, list(KINDS).index(kind)])
    shots = []
    for label, strokes in digits:
        photo = take(kind, strokes, rng)
        try:
            image = to_mnist_from_image(photo)
        except DigitsError:
            image = None
        shots.append(Shot(label, photo, image))
    return shots


def read(shots: Sequence[Shot], classifier) -> Row:
    """What the classifier makes of them."""
    row = Row(photos=len(shots))
    for shot in shots:
        if shot.image is None:
            row.refused += 1
            row.wrong.append(Misread(shot, None, 0))
            continue
        probabilities = classifier.probabilities(shot.image)
        answer, probability = int(probabilities.argmax()), float(probabilities.max())
        row.unsure += probability < SURE
        row.right += answer == shot.label
        if answer != shot.label:
            row.wrong.append(Misread(shot, answer, probability))
            row.surely_wrong += probability >= SURE
            row.very_surely_wrong += probability >= VERY_SURE
    return row
