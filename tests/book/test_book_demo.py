"""The book's live demo: how it is put together, and how it reads in a browser with nothing but a plain web server."""

import gzip
import json
import re
from contextlib import contextmanager

import book_demo
import numpy as np
import pytest
from onnxruntime import InferenceSession
from playwright.sync_api import expect

from helpers.base.errors import DigitsError
from helpers.canvas.collection import read_collection
from helpers.canvas.readers import SURE
from helpers.classifier.classifier import SHIPPED, Classifier
from helpers.drawing.strokes import Steps, to_mnist
from tests.tools import hosts
from tests.tools.pad import Pad
from tests.tools.places import DESKTOP, PHONE, SCREENSHOTS, open_page

ALL_STEPS = Steps()
NOWHERE = "http://127.0.0.1:9"  # the port that is there to answer nothing
PROBABILITIES = "bars => bars.map(({ style }) => Number(style.transform.match(/scaleX\\((.*)\\)/)[1]))"


@pytest.fixture(scope="module")
def printed() -> list[str]:
    """What the pages print as errors to the browser's console, and the exceptions that nothing catches."""
    return []


@pytest.fixture(autouse=True)
def nothing_printed(printed):
    yield
    errors = list(printed)
    printed.clear()
    assert not errors


@contextmanager
def demo(chromium, printed, site, script="", **options):
    """The pad of the demo. Its page reaches no other host, and tries none. script: runs before those of the page."""
    elsewhere = []

    def stay(route):
        if route.request.url.startswith(site):
            return route.continue_()
        elsewhere.append(route.request.url)
        return route.abort()

    with open_page(chromium, printed, **options) as page:
        page.context.route("**/*", stay)
        page.add_init_script(script)
        page.goto(site)
        pad = Pad(page.locator(".digit-canvas"))
        pad.settle()
        yield pad
    assert elsewhere == []


@pytest.fixture(scope="module")
def open_pad(chromium, printed, site):
    with demo(chromium, printed, site, **DESKTOP) as pad:
        yield pad


@pytest.fixture
def pad(open_pad):
    open_pad.clear()
    return open_pad


@pytest.fixture(scope="module")
def examples():
    """An example of each digit by its label."""
    text = (hosts.ROOT / "notebooks" / "example_digits.json").read_text(encoding="utf-8")
    return {digit["label"]: digit["strokes"] for digit in json.loads(text)}


@pytest.fixture(scope="module")
def network():
    return Classifier.load("canvas")


def ink(pad) -> list:
    """The strokes on the pad, in units of the pad."""
    drawn = [re.findall(r"[\d.]+", path.get_attribute("d")) for path in pad.ink.all()]
    return [(np.array(numbers, float).reshape(-1, 2) / 1000).tolist() for numbers in drawn]


def assert_python_sees_the_same(pad, network, steps=ALL_STEPS):
    image = to_mnist(ink(pad), steps=steps)
    assert np.abs(pad.preview / 255 - image).max() <= 2 / 255
    probabilities = network.probabilities(image)
    assert np.allclose(pad.root.locator(".bar .fill").evaluate_all(PROBABILITIES), probabilities, atol=1e-2)
    assert pad.answer == (str(probabilities.argmax()) if probabilities.max() >= SURE else "?")


# In the browser


def test_reads_what_python_reads(pad, examples, network):
    right = 0
    for label, strokes in examples.items():
        pad.clear()
        pad.draw(strokes)
        assert_python_sees_the_same(pad, network)
        right += pad.answer == str(label)
    assert len(examples) == 10
    assert right >= 9


def test_each_step_can_be_left_out(pad, examples, network):
    pad.draw(examples[7])
    for name in ("fit", "centre", "ink", "resize"):
        changed = not getattr(ALL_STEPS, name)
        pad.click(f'[data-step="{name}"]')
        assert_python_sees_the_same(pad, network, Steps(**{name: changed}))
        pad.click(f'[data-step="{name}"]')
    assert_python_sees_the_same(pad, network)


def test_the_rest_of_the_canvas_works(pad, examples):
    pad.draw(examples[3])
    pad.click(".undo")
    pad.click(".redo")
    pad.root.locator(".keep-label").select_option("3")
    pad.click(".keep")
    expect(pad.root.locator(".kept")).to_have_text("kept 1 digit")
    expect(pad.root.locator(".answer .spoken")).to_have_text(re.compile("^3, "))
    pad.click(".clear")
    assert (pad.state, pad.answer, pad.preview.max()) == ("empty", "", 0)


def test_reads_on_without_a_network(chromium, printed, site, examples, network):
    with demo(chromium, printed, site, **DESKTOP) as pad:
        pad.page.context.set_offline(True)
        pad.draw(examples[2])
        assert_python_sees_the_same(pad, network)


def test_a_server_that_lets_the_browser_unpack(chromium, printed, site, folder, examples, network):
    def encoded(route):
        name = route.request.url.rsplit("/", 1)[1]
        body = (folder / "_static" / "demo" / name).read_bytes()
        route.fulfill(body=gzip.decompress(body), content_type="application/octet-stream")

    with open_page(chromium, printed, **DESKTOP) as page:
        page.route("**/*.gz", encoded)
        page.goto(site)
        pad = Pad(page.locator(".digit-canvas"))
        pad.draw(examples[6])
        assert_python_sees_the_same(pad, network)


# Several networks

LOAD = """async (files) => {
    const { Reader } = await import("./_static/demo/reader.js");
    globalThis.reader = await Reader.load(files);
}"""
READ = "async (image) => { const { image: _, ...rest } = await reader.read(Uint8Array.from(image)); return rest; }"
SEVERAL = {"MLP": "mlp", "LeNet": "lenet", "CNN": "dropout-cnn"}


def test_several_networks_read_side_by_side(open_pad, site, digits):
    page = open_pad.page
    asked = []
    page.on("request", lambda request: asked.append(request.url.rsplit("/", 1)[1]))
    page.evaluate(LOAD, SEVERAL)
    page.evaluate(LOAD, SEVERAL)
    files = [f"{file}.{kind}" for file in ("dropout-cnn", "lenet", "mlp") for kind in ("json", "onnx.gz")]
    assert sorted(asked) == files  # once each, and the runtime was there
    networks = {name: Classifier.load(file) for name, file in SEVERAL.items()}
    for image in digits.test.images[:20, 0]:
        drawn = np.rint(image * 255)
        found = page.evaluate(READ, drawn.ravel().tolist())
        assert list(found["readings"]) == list(SEVERAL)
        for name, network in networks.items():
            probabilities = network.probabilities((drawn / 255).astype(np.float32))
            reading = found["readings"][name]
            assert np.allclose(reading["probabilities"], probabilities, atol=0.005)
            assert reading["answer"] == (probabilities.argmax() if probabilities.max() >= SURE else None)
        sure = None not in [reading["answer"] for reading in found["readings"].values()]
        assert (found["state"], found["error"]) == ("sure" if sure else "unsure", "")


def test_a_network_that_cannot_be_loaded_keeps_no_other_from_answering(chromium, site, digits):
    with open_page(chromium, [], **DESKTOP) as page:  # the browser prints what it cannot load
        page.goto(site)
        page.evaluate(LOAD, {"MLP": "mlp", "Lost": "lost"})
        found = page.evaluate(READ, np.rint(digits.test.images[0].ravel() * 255).tolist())
    assert found["state"] == "error"
    assert found["error"] == "The network cannot be loaded: lost.onnx.gz: the server answers 404"
    assert found["readings"]["MLP"]["answer"] == digits.test.labels[0]
    assert found["readings"]["Lost"] == {"probabilities": [0] * 10, "answer": None}


# What is kept


def keep(pad, strokes, label) -> None:
    pad.clear()
    pad.draw(strokes)
    pad.root.locator(".keep-label").select_option(str(label))
    pad.click(".keep")


def downloaded(pad, folder):
    """The collection in the file that Download gives."""
    with pad.page.expect_download() as download:
        pad.page.get_by_role("button", name="Download").click()
    assert download.value.suggested_filename == "my_digits.json"
    download.value.save_as(folder / "my_digits.json")
    return read_collection(folder / "my_digits")


def test_what_is_kept_stays_on_the_device_until_it_is_deleted(chromium, printed, site, examples, tmp_path):
    with demo(chromium, printed, site, **DESKTOP) as pad:
        line = pad.page.locator(".kept-here")
        expect(line).to_have_text("Open a file", use_inner_text=True)
        keep(pad, examples[3], 3)
        keep(pad, examples[8], 8)
        expect(line).to_contain_text("2 digits are kept in this browser, and nowhere else.")

        pad.page.reload()
        expect(line).to_contain_text("2 digits are kept")
        collection = downloaded(pad, tmp_path)
        assert collection.labels.tolist() == [3, 8]
        for image, strokes in zip(collection.images, collection.strokes, strict=True):
            assert np.abs(image / 255 - to_mnist(strokes)).max() <= 2 / 255

        line.get_by_role("button", name="Delete").click()
        expect(line).to_have_text("Open a file", use_inner_text=True)
        pad.page.reload()
        pad.root.wait_for()
        expect(line).to_have_text("Open a file", use_inner_text=True)


def open_file(pad, path) -> None:
    with pad.page.expect_file_chooser() as chooser:
        pad.page.get_by_role("button", name="Open a file").click()
    chooser.value.set_files(path)


def test_a_file_of_kept_digits_is_opened_again(chromium, printed, site, examples, tmp_path):
    path = tmp_path / "my_digits.json"
    line = ".kept-here [role=status]"
    with demo(chromium, printed, site, **DESKTOP) as pad:
        keep(pad, examples[3], 3)
        keep(pad, examples[8], 8)
        first = downloaded(pad, tmp_path)
    with demo(chromium, printed, site, **DESKTOP) as pad:
        status = pad.page.locator(line)
        keep(pad, examples[1], 1)
        open_file(pad, path)
        expect(status).to_have_text("2 added from my_digits.json. 3 digits are kept in this browser, and nowhere else.")
        expect(pad.root.locator(".kept")).to_have_text("kept 3 digits")
        open_file(pad, path)
        expect(status).to_have_text(
            re.compile(r"^0 added from my_digits\.json, 2 were there already\. 3 digits are kept")
        )
        (tmp_path / "notes.json").write_text("Dear all", encoding="utf-8")
        open_file(pad, tmp_path / "notes.json")
        expect(status).to_have_text(
            re.compile("^expected a file of kept digits, got notes.json, which is no JSON.* 3 digits are kept")
        )
        (tmp_path / "half.json").write_text('[{"label": 3}, ' + path.read_text(encoding="utf-8")[1:], encoding="utf-8")
        open_file(pad, tmp_path / "half.json")
        expect(status).to_have_text(re.compile("^0 added from half.json, 2 were there already, 1 damaged and left out"))
        merged = downloaded(pad, tmp_path)
        assert merged.labels.tolist() == [1, 3, 8]
        assert merged.strokes[1:] == first.strokes


def test_two_pages_of_the_book_keep_in_one_place(chromium, printed, site, examples):
    with demo(chromium, printed, site, **DESKTOP) as pad:
        other = Pad(pad.page.context.new_page().locator(".digit-canvas"))
        other.page.goto(site)
        keep(pad, examples[1], 1)
        keep(other, examples[5], 5)
        expect(other.page.locator(".kept-here")).to_contain_text("2 digits are kept")


def test_a_full_storage_is_said_and_loses_nothing(chromium, printed, site, examples, tmp_path):
    with demo(chromium, printed, site, **DESKTOP) as pad:
        keep(pad, examples[3], 3)
        pad.page.evaluate("""() => {
            for (let size = 2 ** 22; size >= 1; size /= 2) {
                try { for (let i = 0; ; i += 1) localStorage.setItem(`${size} ${i}`, "x".repeat(size)); } catch {}
            }
        }""")
        keep(pad, examples[8], 8)
        line = pad.page.locator(".kept-here")
        expect(line).to_contain_text("This browser stores no more: download your digits before you leave the page.")
        assert downloaded(pad, tmp_path).labels.tolist() == [3, 8]


@pytest.mark.parametrize("damaged", ["[{", '{"label": 3}', '[{"label": 3}]', "[null]"])
def test_damaged_digits_are_set_aside(chromium, printed, site, examples, damaged):
    key = "digits-with-mxnet: my_digits"
    script = f"if (!localStorage.length) localStorage.setItem({key!r}, {damaged!r})"
    with demo(chromium, printed, site, script=script, **DESKTOP) as pad:
        keep(pad, examples[4], 4)
        expect(pad.page.locator(".kept-here")).to_contain_text("1 digit is kept")
        assert pad.page.evaluate(f"localStorage.getItem({key + ', damaged'!r})") == damaged


def test_looks_the_same_on_a_screen_and_on_a_phone(chromium, printed, site, examples):
    for name, options in {"screen": DESKTOP, "phone": PHONE}.items():
        with demo(chromium, printed, site, **options) as pad:
            pad.draw(examples[4])
            pad.screenshot(SCREENSHOTS / f"book-demo-{name}.png")
            assert pad.page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_what_is_drawn_while_the_network_loads_is_answered_when_it_has_come(
    chromium, printed, site, folder, examples, network
):
    names = [*book_demo.RUNTIME, f"{book_demo.WASM}.gz", "canvas.onnx.gz"]
    megabytes = round(sum((folder / "_static" / "demo" / name).stat().st_size for name in names) / 1e6)
    held = []
    with open_page(chromium, printed, **DESKTOP) as page:
        page.route("**/*.wasm.gz", lambda route: held.append(route))
        with page.expect_request("**/*.wasm.gz"):
            page.goto(site)
        pad = Pad(page.locator(".digit-canvas"))
        hint = page.locator(".hint")
        expect(hint).to_have_text(
            f"Loading the network ({megabytes} MB): draw, and the answer comes as soon as it is there"
        )
        for stroke in examples[4]:
            pad.press(stroke[0])
            pad.move(*stroke[1:])
            pad.release()
        expect(pad.ink).to_have_count(len(examples[4]))
        assert (pad.state, pad.answer) == ("reading", "")
        held.pop().continue_()
        pad.settle()
        assert_python_sees_the_same(pad, network)
        expect(hint).to_have_text("")


def test_a_browser_that_cannot_run_the_network_says_so(chromium, printed, site, examples):
    with open_page(chromium, printed, **DESKTOP) as page:
        page.route("**/*.wasm.gz", lambda route: route.fulfill(body=b"no program", content_type="text/plain"))
        page.goto(site)
        pad = Pad(page.locator(".digit-canvas"))
        assert pad.settle() == "error"
        expect(pad.root.locator(".answer .line")).to_have_text(re.compile("^The network cannot be loaded: .*Compile"))
        assert pad.draw(examples[4]) == "error"
        assert pad.preview.max() > 200  # the image is made all the same
        expect(pad.root.locator(".hint")).to_have_text("")
    assert any("no program" in said or "wasm" in said for said in printed)
    printed.clear()  # the runtime's own complaint


# How it is put together


@pytest.mark.parametrize("name", SHIPPED)
def test_half_of_the_bytes_give_the_same_answers(name, digits):
    network = Classifier.load(name)
    packed = InferenceSession(book_demo.half_as_large(network)).run(["probabilities"], {"data": digits.test.images})[0]
    whole = network.probabilities_of(digits.test.images)
    assert np.abs(packed - whole).max() < 0.005
    assert (packed.argmax(axis=1) == whole.argmax(axis=1)).all()


@pytest.mark.parametrize("name", SHIPPED)
def test_half_of_the_bytes_cost_no_digit_of_mnist(name, mnist):
    network = Classifier.load(name)
    packed = InferenceSession(book_demo.half_as_large(network)).run(["probabilities"], {"data": mnist.test.images})[0]
    whole = network.probabilities_of(mnist.test.images)
    assert np.abs(packed - whole).max() < 0.005
    assert (packed.argmax(axis=1) != whole.argmax(axis=1)).sum() <= 2  # of 10,000; none when this was written


def test_the_drawing_code_is_that_of_the_widget(folder):
    for name in book_demo.SCRIPTS:
        original = hosts.ROOT / "helpers" / "canvas" / name
        assert (folder / "_static" / "demo" / name).read_bytes() == original.read_bytes()


def test_packages_are_installed_once(folder, monkeypatch):
    monkeypatch.setenv("PATH", "")  # no npm
    assert (book_demo.packages() / "mathjax" / "es5").is_dir()


def test_without_npm(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(DigitsError, match="npm is missing"):
        book_demo.packages(tmp_path / "cache")


def test_without_a_network(folder, tmp_path, monkeypatch):
    monkeypatch.setenv("npm_config_registry", NOWHERE)
    monkeypatch.setenv("npm_config_cache", str(tmp_path / "npm"))
    monkeypatch.setenv("npm_config_fetch_retries", "0")
    for _ in range(2):  # half an installation is not trusted
        with pytest.raises(DigitsError, match=r"ECONNREFUSED.*: is there a network") as caught:
            book_demo.packages(tmp_path / "cache")
        assert "\n" not in str(caught.value)
