"""The live pieces in the chapters of the book, in a browser, with the network switched off once they are there."""

import json
import re
from contextlib import contextmanager
from types import SimpleNamespace

import book_demo
import numpy as np
import pytest
from onnxruntime import InferenceSession
from playwright.sync_api import expect
from sphinx.errors import ExtensionError

from book import live
from helpers.classifier.classifier import Classifier
from helpers.drawing.strokes import Steps, to_mnist
from tests.tools import hosts
from tests.tools.pad import Fingers, Pad
from tests.tools.places import DESKTOP, PHONE, SCREENSHOTS, open_page

import mxnet as mx

LOADED = {  # with what else than the runtime each is loaded
    "pad": ["mlp", "lenet", "dropout-cnn", "canvas"],
    "shift": ["mlp", "lenet"],
    "vote": ["dropout-cnn-thinned"],
}
PLACES = range(-6, 7)
PROBABILITIES = "bars => bars.map(({ style }) => Number(style.transform.match(/scaleX\\((.*)\\)/)[1]))"
SEVEN = [[[0.2, 0.2], [0.75, 0.22], [0.4, 0.85]]]
windows = pytest.mark.parametrize("options", [DESKTOP, PHONE], ids=["screen", "phone"])


@pytest.fixture
def piece(chromium, site):
    """A function that opens a piece, waits for its pad and switches the network off. It printed no error at the end."""
    printed = []

    @contextmanager
    def piece(name, script="", **options):
        with open_page(chromium, printed, **options) as page:
            page.add_init_script(script)
            page.goto(f"{site}{name}.html")
            pad = Pad(page.locator(".digit-canvas"))
            pad.settle()
            page.context.set_offline(True)
            yield pad

    yield piece
    assert printed == []


@pytest.fixture(scope="module")
def networks():
    return {file: Classifier.load(file) for file in ("mlp", "lenet", "dropout-cnn", "canvas")}


def bars(pad, name) -> list[float]:
    return pad.root.locator(f"[data-network='{name}'] .bar .fill").evaluate_all(PROBABILITIES)


def ink(pad) -> list:
    """The strokes on the pad, in units of the pad."""
    drawn = [re.findall(r"[\d.]+", path.get_attribute("d")) for path in pad.ink.all()]
    return [(np.array(numbers, float).reshape(-1, 2) / 1000).tolist() for numbers in drawn]


def draw(pad, strokes, options) -> None:
    """With the mouse, or where there is a touch screen with a finger."""
    if not options.get("has_touch"):
        pad.draw(strokes)
        return
    fingers = Fingers(pad)
    for first, *rest in strokes:
        pad.surface.scroll_into_view_if_needed()
        fingers.down(first)
        fingers.move(*rest)
        fingers.up()
    pad.settle()


def fits(pad) -> bool:
    return pad.page.evaluate("document.documentElement.scrollWidth <= innerWidth")


# Chapter 5: the pad


@windows
def test_four_networks_read_what_is_drawn(piece, networks, options):
    with piece("pad", **options) as pad:
        draw(pad, SEVEN, options)
        for steps in (Steps(), Steps(resize=True)):
            image = to_mnist(ink(pad), steps=steps)
            assert np.abs(pad.preview / 255 - image).max() <= 2 / 255
            for name, file in {"MLP": "mlp", "LeNet": "lenet", "CNN": "dropout-cnn", "Canvas CNN": "canvas"}.items():
                assert np.allclose(bars(pad, name), networks[file].probabilities(image), atol=1e-2), name
            pad.click("[data-step=resize]")
        assert fits(pad)
        pad.screenshot(SCREENSHOTS / f"book-pad-{options['viewport']['width']}.png")


def test_digits_kept_on_the_front_page_are_offered(piece, site):
    with piece("demo", **DESKTOP) as pad:
        pad.draw(SEVEN)
        drawn = ink(pad)
        pad.root.locator(".keep-label").select_option("7")
        pad.click(".keep")
        pad.page.context.set_offline(False)
        page = pad.page.context.new_page()
        page.goto(f"{site}pad.html")
        chapter = Pad(page.locator(".digit-canvas"))
        page.get_by_role("button", name="Draw your 7 again").click()
        assert chapter.settle() != "empty"
        assert ink(chapter) == drawn
        chapter.click(".undo")
        assert ink(chapter) == []
        page.locator(".kept-here").get_by_role("button", name="Delete").click()
        expect(page.locator(".shelf")).to_be_hidden()


# Chapter 3: a digit moved


def moved(image, right, down):
    padded = np.pad(image, 6)
    return padded[6 - down : 34 - down, 6 - right : 34 - right]


@windows
def test_the_sliders_move_the_digit(piece, networks, options):
    with piece("shift", **options) as pad:
        pad.settle()
        sideways, along = (pad.page.get_by_role("slider", name=name) for name in ("Sideways", "Up and down"))
        sideways.press("End")
        for _ in range(2):
            along.press("ArrowLeft")
        assert sideways.get_attribute("aria-valuetext") == "6 pixels to the right"
        assert along.get_attribute("aria-valuetext") == "2 pixels up"
        pad.settle()
        image = moved(to_mnist(ink(pad)), 6, -2)
        assert np.abs(pad.preview / 255 - image).max() <= 2 / 255
        for name, file in {"MLP": "mlp", "LeNet": "lenet"}.items():
            assert np.allclose(bars(pad, name), networks[file].probabilities(image), atol=1e-2)
        assert fits(pad)
        pad.screenshot(SCREENSHOTS / f"book-shift-{options['viewport']['width']}.png")


@windows
def test_the_maps_show_what_is_read_at_every_place(piece, networks, options):
    with piece("shift", **options) as pad:
        pad.clear()
        expect(pad.page.locator(".answer-maps")).to_be_hidden()
        draw(pad, SEVEN, options)
        image = to_mnist(ink(pad))
        images = np.stack([[moved(image, right, down)] for down in PLACES for right in PLACES])
        for name, file in {"MLP": "mlp", "LeNet": "lenet"}.items():
            answers = networks[file].probabilities_of(images).argmax(axis=1)
            figure = pad.page.locator(".answer-map", has_text=name)
            same = (answers == answers[84]).sum()
            expect(figure).to_contain_text(re.compile(rf"{name}: reads {answers[84]} at \d+ of 169 places"))
            shown = np.array([int(cell) for cell in figure.locator(".place").all_inner_texts()])
            assert (shown != answers).sum() <= 2  # where two digits are as probable, half of the bytes may decide
            assert abs((shown == shown[84]).sum() - same) <= 2
        pad.page.locator(".answer-map .place").first.click()
        pad.settle()
        assert np.abs(pad.preview / 255 - moved(image, -6, -6)).max() <= 2 / 255


# Chapter 4: a vote


@windows
def test_the_thinned_networks_vote(piece, networks, options):
    with piece("vote", **options) as pad:
        pad.settle()
        image = to_mnist(ink(pad))
        text = pad.page.locator(".ballot .count")
        expect(text).to_contain_text("The vote of 50")
        whole = networks["dropout-cnn"].probabilities(image)
        assert np.allclose(bars(pad, "Test mode: nothing dropped"), whole, atol=1e-2)
        first = votes(text)
        assert sum(first.values()) == pad.page.locator(".tile").count() == 50
        assert len(first) >= 2  # it begins with what could be a 4 or a 9

        mean = bars(pad, "Mean of the thinned networks")
        assert abs(sum(mean) - 1) < 0.02
        pad.page.get_by_role("button", name="Vote again").click()
        pad.settle()
        assert bars(pad, "Mean of the thinned networks") != mean
        assert np.allclose(bars(pad, "Test mode: nothing dropped"), whole, atol=1e-2)  # as often as it is asked
        pad.page.get_by_role("slider", name="Thinned networks").press("End")
        expect(text).to_contain_text("The vote of 100")
        assert sum(votes(text).values()) == 100
        assert fits(pad)
        pad.screenshot(SCREENSHOTS / f"book-vote-{options['viewport']['width']}.png")
        pad.clear()
        expect(text).to_be_hidden()
        draw(pad, SEVEN, options)
        assert max(votes(text).values()) >= 90  # a clear 7


def votes(text) -> dict[str, int]:
    return {digit: int(count) for count, digit in re.findall(r"(\d+) for (\d)", text.inner_text())}


def test_the_masks_are_those_of_dropout(piece):
    script = """async () => {
        const { masks } = await import("./_static/demo/dropout.js");
        return Object.fromEntries(Object.entries(masks(20)).map(([name, { data, dims }]) => [name, [[...data], dims]]));
    }"""
    with piece("vote", **DESKTOP) as pad:
        made = pad.page.evaluate(script)
    shapes = {"drop1_mask": (32, 14, 14), "drop2_mask": (64, 7, 7), "drop3_mask": (128, 3, 3), "drop4_mask": (625,)}
    assert {name: tuple(dims) for name, (_, dims) in made.items()} == {n: (20, *shape) for n, shape in shapes.items()}
    values = np.concatenate([np.array(data) for data, _ in made.values()])
    assert set(np.unique(values.round(5))) == {0, round(1 / 0.7, 5)}
    assert abs((values == 0).mean() - 0.3) < 4 * np.sqrt(0.21 / values.size)


def test_masks_thin_the_network_as_dropout_does(networks, digits):
    """Against MXNet's operators, one after the other, with the same masks."""
    network = networks["dropout-cnn"]
    rng = np.random.default_rng(0)
    shapes = {1: (32, 14, 14), 2: (64, 7, 7), 3: (128, 3, 3), 4: (625,)}
    masks = {i: (rng.random((5, *shape)) >= 0.3).astype(np.float32) / np.float32(0.7) for i, shape in shapes.items()}
    image = digits.test.images[:1]
    params = {name: mx.nd.array(array) for name, array in network.params.items()}
    x = mx.nd.array(np.repeat(image, 5, axis=0))
    for i in (1, 2, 3):
        weights = params[f"conv{i}_weight"], params[f"conv{i}_bias"]
        x = mx.nd.relu(mx.nd.Convolution(x, *weights, kernel=(3, 3), pad=(1, 1), num_filter=shapes[i][0]))
        x = mx.nd.Pooling(x, pool_type="max", kernel=(2, 2), stride=(2, 2)) * mx.nd.array(masks[i])
    x = mx.nd.relu(mx.nd.FullyConnected(x, params["fc1_weight"], params["fc1_bias"], num_hidden=625))
    x = mx.nd.FullyConnected(x * mx.nd.array(masks[4]), params["logits_weight"], params["logits_bias"], num_hidden=10)
    wanted = mx.nd.softmax(x).asnumpy()

    session = InferenceSession(book_demo.with_masks(book_demo.half_as_large(network)))
    feeds = {f"drop{i}_mask": mask for i, mask in masks.items()}
    assert np.abs(session.run(["probabilities"], {"data": image} | feeds)[0] - wanted).max() < 0.005
    ones = {name: np.ones_like(mask[:1]) for name, mask in feeds.items()}
    whole = session.run(["probabilities"], {"data": image} | ones)[0]
    assert np.abs(whole - network.probabilities_of(image)).max() < 0.005


# All of them


@pytest.mark.parametrize("name", LOADED)
def test_a_piece_says_what_it_loads(chromium, site, folder, name):
    files = [*book_demo.RUNTIME, f"{book_demo.WASM}.gz", *(f"{each}.onnx.gz" for each in LOADED[name])]
    megabytes = round(sum((folder / "_static" / "demo" / file).stat().st_size for file in files) / 1e6)
    held = []
    with open_page(chromium, [], **DESKTOP) as page:
        page.route("**/*.wasm.gz", lambda route: held.append(route))
        with page.expect_request("**/*.wasm.gz"):
            page.goto(f"{site}{name}.html")
        expect(page.locator(".hint")).to_have_text(re.compile(rf"^Loading the network \({megabytes} MB\): "))


@pytest.mark.parametrize("name", LOADED)
def test_a_browser_that_cannot_run_the_networks_says_so(chromium, site, name):
    with open_page(chromium, [], **DESKTOP) as page:  # the runtime complains, too
        page.route("**/*.wasm.gz", lambda route: route.fulfill(body=b"no program", content_type="text/plain"))
        page.goto(f"{site}{name}.html")
        pad = Pad(page.locator(".digit-canvas"))
        pad.settle()
        assert pad.draw(SEVEN) == "error"
        expect(pad.root.locator(".answer .line")).to_contain_text("The network cannot be loaded: ")


def test_each_piece_stands_after_a_cell_of_its_chapter():
    for page, pieces in live.PIECES.items():
        notebook = (hosts.ROOT / f"{page}.ipynb").read_text(encoding="utf-8")
        source = [notebook]
        live.add_pieces(None, page, source)
        cells = json.loads(source[0])["cells"]
        ids = [cell["id"] for cell in cells]
        for cell, name in pieces.items():
            assert ids[ids.index(cell) + 1] == f"live-{name}"
            assert (hosts.ROOT / "book" / "demo" / f"{name}.js").exists()
        before, after = (
            "\n".join("".join(cell["source"]) for cell in each if not cell["id"].startswith("live-"))
            for each in (json.loads(notebook)["cells"], cells)
        )
        assert after == before


def test_a_piece_goes_before_the_heading_of_the_next_section(monkeypatch):
    monkeypatch.setattr(live, "PIECES", {"a": {"end": "pad"}})
    cell = {
        "cell_type": "markdown",
        "id": "end",
        "metadata": {},
        "source": ["So it is.\n", "\n", "## Next\n", "\n", "It"],
    }
    source = [json.dumps({"cells": [cell]})]
    live.add_pieces(None, "a", source)
    first, piece, rest = json.loads(source[0])["cells"]
    assert (first["source"], piece["id"], rest["source"]) == ("So it is.\n", "live-pad", "## Next\n\nIt")


def test_a_chapter_without_the_cell_stops_the_book(monkeypatch):
    monkeypatch.setattr(live, "PIECES", {"a": {"gone": "pad"}})
    with pytest.raises(ExtensionError, match="a has no cell gone, after which pad goes: name another"):
        live.add_pieces(SimpleNamespace(), "a", ['{"cells": []}'])
