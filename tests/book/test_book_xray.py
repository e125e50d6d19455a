"""The X-ray of the book's pad: its numbers are MXNet's, and it is used with a mouse, with keys and with a finger."""

import base64
import json
import re

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from helpers.canvas.readers import Inside
from helpers.canvas.traits import Look
from helpers.classifier.classifier import SHIPPED, Classifier
from helpers.classifier.inside import Saliency, plan
from tests.classifier.test_inside import mxnets_own
from tests.tools import hosts
from tests.tools.pad import Fingers, Pad
from tests.tools.places import DESKTOP, PHONE, SCREENSHOTS, open_page

# Numbers travel packed: lists of so many would take the browser's driver minutes.
PACKED = """
    const pack = (numbers) => {
        const bytes = new Uint8Array(Float32Array.from(numbers).buffer);
        let text = "";
        for (let i = 0; i < bytes.length; i += 8192) text += String.fromCharCode(...bytes.subarray(i, i + 8192));
        return btoa(text);
    };
    const unpack = (text) => new Float32Array(Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer);
    const { layersOf, partsOf } = await import("./_static/demo/xray.js");
    const { Reader } = await import("./_static/demo/reader.js");
"""

# All layers by name, as the X-ray has them, for an image and the outputs of the layers with weights.
LAYERS = f"""async ([plan, outputs, image]) => {{ {PACKED}
    return layersOf(plan, unpack(outputs), unpack(image)).map(({{ name, values }}) => [name, pack(values)]);
}}"""

# What the book's reader tells of the inside.
LOOK = f"""async ([file, image, look]) => {{ {PACKED}
    const reader = await Reader.load({{ one: file }});
    const {{ inside, error }} = await reader.read(unpack(image), {{ inside: true, ...look }});
    if (error || inside.error) throw new Error(error || inside.error);
    const {{ plan, values = [], saliency = [], unit }} = inside;
    const told = unit && {{ ...unit, weights: pack(unit.weights) }};
    return {{ plan, values: pack(values), saliency: pack(saliency), unit: told }};
}}"""

# The sum of a unit's products, its bias, and its value in its layer.
PARTS = f"""async ([plan, outputs, image, unit]) => {{ {PACKED}
    const layer = layersOf(plan, unpack(outputs), unpack(image)).find(({{ name }}) => name === unit.layer);
    const {{ groups, sum }} = partsOf(layer, unit.index, unpack(unit.weights));
    const products = groups.flatMap(({{ products }}) => products);
    return [products.reduce((a, b) => a + b, 0), sum, unit.bias, layer.values[unit.index]];
}}"""


def pack(numbers):
    return base64.b64encode(np.asarray(numbers, np.float32).tobytes()).decode()


def unpack(text):
    return np.frombuffer(base64.b64decode(text), np.float32)


@pytest.fixture(scope="module")
def printed():
    return []


@pytest.fixture(scope="module")
def page(chromium, site, printed):
    with open_page(chromium, printed, **DESKTOP) as page:
        page.goto(site)
        Pad(page.locator(".digit-canvas")).settle()
        yield page
    assert printed == []


@pytest.fixture(scope="module")
def rounded():
    """The networks with the parameters that the book has, each in 16 bits."""
    whole = {name: Classifier.load(name) for name in SHIPPED}
    params = {
        name: {each: array.astype(np.float16).astype(np.float32) for each, array in network.params.items()}
        for name, network in whole.items()
    }
    return {name: Classifier(network.network, params[name]) for name, network in whole.items()}


@pytest.fixture(scope="module")
def drawn(mnist):
    """100 real digits as the bytes that a network receives."""
    return np.rint(mnist.test.images[:100, 0] * 255).astype(int)


def as_floats(image):
    return (image / 255).astype(np.float32)


# Numbers


@pytest.mark.parametrize("name", SHIPPED)
def test_the_layers_in_the_book_are_mxnets(page, rounded, drawn, name):
    outputs = mxnets_own(rounded[name])
    for image in drawn:
        found = page.evaluate(LOOK, [name, pack(image), {}])
        layers = dict(page.evaluate(LAYERS, [found["plan"], found["values"], pack(image)]))
        assert_layers(layers, outputs(as_floats(image)))


@pytest.mark.parametrize("name", SHIPPED)
def test_the_layers_in_a_notebook_are_mxnets(page, drawn, name):
    network = Classifier.load(name)
    inside, own = Inside({name: network}), mxnets_own(network)
    for image in drawn:
        found = inside.look(as_floats(image), Look())
        outputs = base64.b64encode(found["values"]).decode()
        layers = dict(page.evaluate(LAYERS, [found["plan"], outputs, pack(image)]))
        assert_layers(layers, own(as_floats(image)))


def assert_layers(found, expected):
    names = [name for name in expected if not name.startswith(("flatten", "drop"))]
    assert list(found) == ["data", *names]
    for name in names:
        assert np.allclose(unpack(found[name]), expected[name].ravel(), atol=1e-4), name


@pytest.mark.parametrize("name", SHIPPED)
def test_a_units_products_and_its_bias_are_its_value(page, drawn, rounded, name):
    rng = np.random.default_rng(0)
    for image in drawn[:5]:
        whole = page.evaluate(LOOK, [name, pack(image), {}])
        for layer in whole["plan"]:
            if layer["kind"] not in ("convolution", "dense"):
                continue
            unit = [layer["name"], int(rng.integers(np.prod(layer["shape"])))]
            found = page.evaluate(LOOK, [name, pack(image), {"unit": unit, "layers": False}])
            assert found["values"] == ""
            parts = [whole["plan"], whole["values"], pack(image), found["unit"]]
            products, total, bias, value = page.evaluate(PARTS, parts)
            assert np.isclose(products, total, atol=1e-6)
            assert np.isclose(total + bias, value, atol=1e-4)
            row = np.unravel_index(unit[1], layer["shape"])[0]
            assert np.array_equal(
                unpack(found["unit"]["weights"]), rounded[name].params[f"{unit[0]}_weight"][row].ravel()
            )


@pytest.mark.parametrize("digit", [None, 3])
@pytest.mark.parametrize("name", SHIPPED)
def test_the_ink_for_and_against_is_pythons(page, rounded, drawn, name, digit):
    saliency = Saliency(rounded[name])
    for image in drawn[:20]:
        found = unpack(page.evaluate(LOOK, [name, pack(image), {"digit": digit}])["saliency"])
        expected = saliency.signed(as_floats(image), digit).ravel()
        assert np.allclose(found, expected, atol=1e-3 * np.abs(expected).max())


# On the page


@pytest.fixture(scope="module")
def seven():
    text = (hosts.ROOT / "notebooks" / "example_digits.json").read_text(encoding="utf-8")
    return next(digit["strokes"] for digit in json.loads(text) if digit["label"] == 7)


def opened(page, strokes) -> Pad:
    """The pad with a digit on it and the X-ray open."""
    pad = Pad(page.locator(".digit-canvas"))
    pad.clear()
    pad.draw(strokes)
    if pad.root.locator(".inside").get_attribute("open") is None:
        pad.click(".inside summary")
    pad.root.locator(".layer").last.wait_for()
    return pad


def layer(pad, name):
    return pad.root.locator(f".layer[data-layer={name}] > canvas")


def tap(pad, name, x=0.5, y=0.5):
    box = layer(pad, name).bounding_box()
    layer(pad, name).click(position={"x": x * box["width"], "y": y * box["height"]})
    pad.settle()


def test_every_layer_is_painted_and_described(page, seven):
    pad = opened(page, seven)
    names = [figure.get_attribute("data-layer") for figure in pad.root.locator(".layer").all()]
    assert names == ["data", *(layer["name"] for layer in plan("dropout-cnn")[1:])]
    for name in names:
        colours = layer(pad, name).evaluate(
            "canvas => new Set(new Uint32Array(canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height)"
            ".data.buffer)).size"
        )
        assert colours > 5, name
    caption = pad.root.locator(".layer[data-layer=conv2] figcaption")
    expect(caption).to_have_text(
        re.compile(r"^conv2 64 maps of 14 × 14, .* black 0, blue \d+\.\d\d, orange −\d+\.\d\d$")
    )


def test_a_tap_shows_how_a_unit_comes_about(page, seven):
    pad = opened(page, seven)
    unit = pad.root.locator(".unit")
    tap(pad, "relu2")
    expect(unit).to_contain_text(re.compile(r"relu2, map \d+, row \d+, column \d+: "))
    expect(unit.locator(".window")).to_have_count(3)
    expect(unit.locator(".equation")).to_contain_text(
        re.compile(r"^sum of 288 products .* \+ bias .*; relu2: the larger of 0")
    )
    tap(pad, "pool1")
    expect(unit).to_contain_text("the largest of the 4 is")
    tap(pad, "fc1", 0.2, 0.2)
    expect(unit.locator("canvas.maps")).to_have_count(3)
    expect(unit.locator(".inputs tbody tr")).to_have_count(9)
    expect(unit.locator(".equation")).to_contain_text("sum of 1152 products")
    unit.get_by_role("button", name="Close").click()
    expect(unit).to_have_count(0)
    expect(layer(pad, "fc1")).to_be_focused()


def test_another_map_below_a_unit(page, seven):
    pad = opened(page, seven)
    tap(pad, "conv2")
    unit = pad.root.locator(".unit")
    first = unit.locator(".window").first.inner_text()
    unit.get_by_label("From which map").select_option(index=5)
    assert unit.locator(".window").first.inner_text() != first
    assert "map" in unit.locator(".window caption").first.inner_text()


def test_keys_walk_from_unit_to_unit(page, seven):
    pad = opened(page, seven)
    canvas = layer(pad, "conv1")
    tap(pad, "conv1", 0.001, 0.01)
    told = lambda: canvas.get_attribute("aria-valuetext")  # noqa: E731
    place = lambda: re.match(r"map (\d+), row (\d+), column (\d+)", told()).groups()  # noqa: E731
    assert place() == ("0", "0", "0")
    for key, expected in {
        "ArrowRight": ("0", "0", "1"),
        "ArrowDown": ("0", "1", "1"),
        "PageDown": ("1", "1", "1"),
        "End": ("31", "1", "1"),
        "ArrowLeft": ("31", "1", "0"),
        "ArrowUp": ("31", "0", "0"),
        "PageUp": ("30", "0", "0"),
        "Home": ("0", "0", "0"),
    }.items():
        page.keyboard.press(key)
        pad.settle()
        assert place() == expected, key
    expect(canvas).to_have_attribute("aria-valuetext", re.compile("sum of 9 products .* bias"))
    page.keyboard.press("Escape")
    expect(pad.root.locator(".unit")).to_have_count(0)
    assert pad.ink.count()  # Escape clears the pad only where the pad has the focus


def test_a_class_shows_the_ink_for_it_and_against_it(page, seven):
    pad = opened(page, seven)
    pixels = "canvas => [...canvas.getContext('2d').getImageData(0, 0, 28, 28).data]"
    saliency = pad.root.locator(".saliency")
    pad.root.get_by_role("radio", name="its answer").check()
    pad.settle()
    first = saliency.evaluate(pixels)
    pad.root.get_by_role("radio", name="3", exact=True).check()
    pad.settle()
    expect(pad.root.locator(".evidence")).to_contain_text("Blue ink speaks for the 3, orange ink against it")
    assert saliency.evaluate(pixels) != first
    tap(pad, "softmax", 0.85, 0.5)  # the 8
    expect(pad.root.locator(".evidence")).to_contain_text("Blue ink speaks for the 8")
    expect(pad.root.locator(".unit .equation")).to_contain_text("over the sum of all ten such powers")


def test_follows_the_pen(page, seven):
    pad = opened(page, seven)
    tap(pad, "fc1", 0.2, 0.2)
    before = pad.root.locator(".unit .equation").inner_text()
    pad.press([0.2, 0.8])
    for x in np.linspace(0.25, 0.8, 12):
        pad.move([x, 0.8])
        page.wait_for_timeout(60)
    expect(pad.root.locator(".unit .equation")).not_to_have_text(before)  # the pen is still down
    pad.move([0.9, 0.3])
    pad.release()
    pad.settle()
    image = pad.preview
    shown = float(pad.root.locator(".unit-name strong").inner_text().split(": ")[1].replace("−", "-"))
    name = re.search(r"unit (\d+)", pad.root.locator(".unit-name").inner_text())[1]
    values = unpack(page.evaluate(LOOK, ["canvas", pack(image), {}])["values"])
    assert abs(values[-635:-10][int(name)] - shown) < 1e-3
    pad.clear()
    expect(pad.root.locator(".xray")).to_be_hidden()
    expect(pad.root.locator(".inside .note")).to_contain_text("Draw a digit")


@pytest.mark.parametrize("colours", ["light", "dark"])
@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["screen", "phone"])
def test_looks(chromium, printed, site, seven, size, colours):
    with open_page(chromium, printed, color_scheme=colours, **size) as page:
        page.goto(site)
        pad = opened(page, seven)
        tap(pad, "conv2", 0.3, 0.3)
        name = f"xray-{'phone' if size is PHONE else 'screen'}-{colours}.png"
        pad.root.locator(".inside").screenshot(path=SCREENSHOTS / name)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        found = Axe().run(page, context=".digit-canvas").response
        assert found["passes"]
        serious = [each for each in found["violations"] if each["impact"] in ("serious", "critical")]
        assert [(each["id"], node["html"]) for each in serious for node in each["nodes"]] == []
    assert printed == []


def test_a_finger_taps_and_scrolls(chromium, printed, site, seven):
    with open_page(chromium, printed, **PHONE) as page:
        page.goto(site)
        pad = opened(page, seven)
        layer(pad, "conv1").scroll_into_view_if_needed()
        box = layer(pad, "conv1").bounding_box()
        page.touchscreen.tap(box["x"] + 30, box["y"] + 30)
        expect(pad.root.locator(".unit")).to_be_visible()
        pad.root.get_by_role("button", name="Close").tap()
        before = page.evaluate("scrollY")
        finger = Fingers(pad)
        surface, box = pad.surface.bounding_box(), layer(pad, "conv1").bounding_box()
        x = (box["x"] + 60 - surface["x"]) / surface["width"]
        places = [(box["y"] + 40 - step * 20 - surface["y"]) / surface["height"] for step in range(8)]
        finger.down([x, places[0]])
        finger.move(*([x, y] for y in places[1:]))
        finger.up()
        page.wait_for_function("before => scrollY > before + 50", arg=before)
        expect(pad.root.locator(".unit")).to_have_count(0)


def test_the_front_page_loads_nothing_more_for_it(chromium, printed, site, seven):
    with open_page(chromium, printed, **DESKTOP) as page:
        page.goto(site)
        pad = Pad(page.locator(".digit-canvas"))
        pad.draw(seven)
        page.context.set_offline(True)
        pad.click(".inside summary")
        expect(pad.root.locator(".layer")).to_have_count(14)
