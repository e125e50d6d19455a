"""The network that learns on the page of chapter 7: its arithmetic against MXNet's, its check, and the page itself."""

import gzip
import json
import re
import shutil
import subprocess
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from book_digits import TRAIN, VALID, digits_in_bytes
from playwright.sync_api import expect

from helpers.by_hand import mlp_forward, mlp_parameters
from helpers.data.load import load_mnist
from tests.tools import hosts
from tests.tools.pad import WAIT, Fingers, Pad
from tests.tools.places import DESKTOP, PHONE, SCREENSHOTS, open_page

import mxnet as mx

FOLDER = Path(__file__).parents[2] / "book" / "demo"
PARAMETERS = ["w1", "b1", "w2", "b2"]
NEAR = 1e-4  # no parameter may be farther from MXNet's
HEAD = """
import { readFileSync, writeFileSync } from "node:fs";
const [folder, scratch] = process.argv.slice(1);
const { readDigits, Training } = await import(`${folder}/training.js`);
const training = new Training(readDigits(readFileSync(`${scratch}/digits`)));
const print = (value) => console.log(JSON.stringify(value));
"""
BUGS = {
    "": [],
    "relu": ["W1", "b1"],
    "sign": ["W1", "b1", "W2", "b2"],
    "last": ["b1", "b2"],
    "misprint": ["W2"],
    "relu misprint": ["W1", "b1", "W2"],
}


@pytest.fixture(scope="module")
def scratch(digits, tmp_path_factory):
    """A folder with the digits, for node."""
    folder = tmp_path_factory.mktemp("training")
    (folder / "digits").write_bytes(digits_in_bytes(digits))
    return folder


def in_node(scratch, script, head=HEAD):
    """What the script prints, with `training` at hand."""
    node = shutil.which("node")
    if not node:
        pytest.skip("node is missing, which runs the book's training: `apt-get install nodejs`")
    command = [node, "--input-type=module", "--eval", head + script, str(FOLDER), str(scratch)]
    done = subprocess.run(command, capture_output=True, timeout=600, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


# The digits


def test_the_file_holds_the_digits(digits):
    content = digits_in_bytes(digits)
    head, _, rest = content.partition(b"\n")
    train, valid = (min(len(part), most) for part, most in ((digits.train, TRAIN), (digits.valid, VALID)))
    assert json.loads(head) == {"source": digits.source, "train": train, "valid": valid}
    numbers = np.frombuffer(rest, np.uint8)
    labels, images = numbers[: train + valid], numbers[train + valid :].reshape(-1, 28, 28)
    assert np.array_equal(labels, [*digits.train.labels[:train], *digits.valid.labels[:valid]])
    assert np.array_equal(images[:train], np.round(255 * digits.train.images[:train, 0]))
    assert np.array_equal(images[train:], np.round(255 * digits.valid.images[:valid, 0]))


def test_mnist_takes_less_than_a_megabyte(mnist):
    content = digits_in_bytes(mnist)
    assert json.loads(content.partition(b"\n")[0]) == {"source": "mnist", "train": 5_000, "valid": 1_000}
    assert len(gzip.compress(content, mtime=0)) < 1e6


# The arithmetic


def trained_by_mxnet(start, images, labels, size, rate):
    """The parameters after one step with each batch, by Module, its layers and its SGD; and the module."""
    data = mx.sym.var("data")
    hidden = mx.sym.relu(mx.sym.FullyConnected(data, mx.sym.var("w1"), mx.sym.var("b1"), num_hidden=256))
    logits = mx.sym.FullyConnected(hidden, mx.sym.var("w2"), mx.sym.var("b2"), num_hidden=10)
    module = mx.mod.Module(mx.sym.SoftmaxOutput(logits, mx.sym.var("label")), ["data"], ["label"])
    batches = mx.io.NDArrayIter(images, labels, size, data_name="data", label_name="label")
    module.bind(batches.provide_data, batches.provide_label)
    module.init_params(arg_params=dict(zip(PARAMETERS, start, strict=True)))
    module.init_optimizer(optimizer="sgd", optimizer_params={"learning_rate": rate, "rescale_grad": 1 / size})
    for batch in batches:
        module.forward_backward(batch)
        module.update()
    found = module.get_params()[0]
    return [found[name] for name in PARAMETERS]


@pytest.mark.parametrize(("size", "steps"), [(256, 5), (136, 1)], ids=["five batches", "a short batch"])
@pytest.mark.parametrize("rate", [0.1, 1.0])
def test_steps_lead_where_mxnet_s_lead(scratch, digits, size, steps, rate):
    mx.random.seed(0)
    start = mlp_parameters()
    chosen = np.random.default_rng(0).permutation(min(TRAIN, len(digits.train)))[: size * steps]
    images, labels = digits.train.images[chosen].reshape(-1, 784), digits.train.labels[chosen]
    by_mxnet = trained_by_mxnet(start, images, labels, size, rate)

    (scratch / "start").write_bytes(b"".join(parameter.asnumpy().tobytes() for parameter in start))
    (scratch / "order").write_bytes(chosen.astype(np.int32).tobytes())
    (scratch / "images").write_bytes(np.round(255 * digits.test.images[:20]).astype(np.uint8).tobytes())
    of_images = in_node(
        scratch,
        f"""
        const start = new Float32Array(Uint8Array.from(readFileSync(`${{scratch}}/start`)).buffer);
        let first = 0;
        for (const {{ values }} of training.parameters) {{
          values.set(start.subarray(first, first += values.length));
        }}
        training.order = [...new Int32Array(Uint8Array.from(readFileSync(`${{scratch}}/order`)).buffer)];
        for (let step = 0; step < {steps}; step++) training.step({rate});
        const end = training.parameters.map(({{ values }}) => Buffer.from(values.buffer));
        writeFileSync(`${{scratch}}/end`, Buffer.concat(end));
        const images = readFileSync(`${{scratch}}/images`);
        print([...Array(20).keys()].map((i) => training.read(images.subarray(784 * i, 784 * (i + 1)))));
        """,
    )
    end = np.frombuffer((scratch / "end").read_bytes(), np.float32)
    places = np.cumsum([parameter.size for parameter in start])[:-1]
    for ours, theirs, first in zip(np.split(end, places), by_mxnet, start, strict=True):
        theirs, first = theirs.asnumpy().ravel(), first.asnumpy().ravel()
        assert np.abs(theirs - first).max() > 10 * NEAR  # it has gone somewhere
        assert np.abs(ours - theirs).max() < NEAR
    x = mx.nd.array(digits.test.images[:20].reshape(-1, 784))
    assert np.abs(of_images - mlp_forward(x, by_mxnet)[1].asnumpy()).max() < NEAR


@pytest.mark.parametrize("bugs", BUGS)
def test_the_check_finds_each_bug_and_nothing_else(scratch, bugs):
    rows = in_node(scratch, f"print(training.check({json.dumps(bugs.split())}));")
    assert [row["name"] for row in rows] == ["W1", "b1", "W2", "b2"]
    wrong = [row["name"] for row in rows if row["difference"] is None or row["difference"] > 1e-4]
    assert wrong == BUGS[bugs]
    for row in rows:
        assert row["name"] in wrong or row["difference"] < 1e-7
        assert row["name"] not in wrong or row["difference"] is None or row["difference"] > 0.5
        assert (row["difference"] is None) == (row["found"] != row["shape"])


def test_a_gradient_of_another_shape_is_refused_and_changes_nothing(scratch):
    message, before, after = in_node(
        scratch,
        """
        const sum = () => training.parameters.map(({ values }) => values.reduce((a, b) => a + b));
        const before = sum();
        try { training.step(0.5, ["misprint"]); } catch (error) { print([error.message, before, sum()]); }
        """,
    )
    assert message == "expected a gradient of 10 × 256 for W2, got 10 × 10: they cannot be subtracted"
    assert before == after


@pytest.mark.parametrize(
    ("rate", "scale", "bugs", "diverges"),
    [
        (0.5, None, [], False),
        (1, None, [], False),
        (0.5, 0.2, [], False),
        (0.5, None, ["relu"], False),
        (2, None, [], True),
        (3, None, [], True),
        (3, 0.01, [], True),
        (10, None, [], True),
        (0.5, None, ["sign"], True),
    ],
)
@pytest.mark.slow
def test_the_cliff_is_noticed_and_nothing_else_is_taken_for_it(scratch, rate, scale, bugs, diverges):
    found = in_node(
        scratch,
        f"""
        training.begin({json.dumps(scale)});
        let seen = {{}};
        for (let step = 0; step < 40 && !seen.diverged; step++) seen = training.step({rate}, {json.dumps(bugs)});
        print([seen.diverged, seen.step]);
        """,
    )
    assert bool(found[0]) == diverges, found
    assert diverges or found == ["", 40]


def test_ten_epochs_teach_it_mnist(mnist, tmp_path):
    (tmp_path / "digits").write_bytes(digits_in_bytes(mnist))
    reached = in_node(
        tmp_path,
        """
        const reached = [];
        for (let step = 1; step <= 200; step++) {
          const { accuracy, epoch } = training.step(0.5);
          if (Number.isInteger(epoch)) reached.push(accuracy);
        }
        print(reached);
        """,
    )
    print("of the 1,000 validation images right after each epoch:", reached)
    assert len(reached) == 10
    assert reached[0] > 0.75
    assert reached[-1] > 0.92


# The page


class Training:
    """The page, with what is pressed on it and what is seen."""

    def __init__(self, page):
        self.page = page
        self.root = page.locator(".training")
        self.said = self.root.locator(".said")
        self.verdict = self.root.locator(".bugs .verdict")
        self.pad = Pad(self.root.locator(".digit-canvas"))

    def load(self):
        self.page.get_by_role("button", name="Load the digits").click()
        self.root.wait_for()
        expect(self.said).to_contain_text("At the beginning")
        expect(self.verdict).to_have_text("All four gradients are right.")

    def press(self, name):
        self.root.get_by_role("button", name=name, exact=True).click()

    @property
    def step(self) -> int:
        return int(re.search(r"step (\d+)", self.root.locator(".now").inner_text())[1])

    def play_until(self, step):
        self.press("Play")
        assert hosts.wait_until(lambda: self.step >= step, 120)
        self.press("Pause")
        expect(self.said).to_contain_text("of the other digits are right")

    def slider(self, name):
        return self.root.get_by_role("slider", name=name)

    def choose(self, slider, number):
        """Set a slider to one of its choices, from the left, with the keyboard."""
        place = self.slider(slider)
        place.focus()
        self.page.keyboard.press("Home")
        for _ in range(number):
            self.page.keyboard.press("ArrowRight")

    def picture(self, number):
        return self.root.locator(".units canvas").nth(number).evaluate("canvas => canvas.toDataURL()")

    def curve(self, number):
        return self.root.locator(".curve .line").nth(number).get_attribute("d")


@contextmanager
def opened(chromium, site, load=True, **options):
    """The page, which asks no other host for anything and prints no error."""
    printed, elsewhere = [], []
    with open_page(chromium, printed, **options) as page:
        page.on("request", lambda request: request.url.startswith((site, "data:")) or elsewhere.append(request.url))
        page.goto(f"{site}train.html")
        training = Training(page)
        if load:
            training.load()
        yield training
    assert (printed, elsewhere) == ([], [])


@pytest.fixture(autouse=True)
def patience():
    """A slow machine takes seconds for a check of the gradients."""
    expect.set_options(timeout=WAIT)
    yield
    expect.set_options(timeout=5_000)


@pytest.fixture
def training(chromium, site):
    with opened(chromium, site, **DESKTOP) as training:
        yield training


@pytest.fixture(scope="module")
def three():
    """The strokes of a 3."""
    text = (hosts.ROOT / "notebooks" / "example_digits.json").read_text(encoding="utf-8")
    return next(digit["strokes"] for digit in json.loads(text) if digit["label"] == 3)


def test_nothing_is_loaded_until_the_button_is_pressed(chromium, site):
    asked = []
    with opened(chromium, site, load=False, **DESKTOP) as training:
        training.page.on("request", lambda request: asked.append(request.url.rsplit("/", 1)[1]))
        training.page.wait_for_load_state("networkidle")
        assert asked == []
        training.load()
    assert {"digits.gz", "network.js", "training_worker.js"} <= set(asked)
    assert not any("ort" in name or name.endswith(".onnx.gz") for name in asked)  # it needs no runtime


def test_one_step_play_and_pause(training):
    assert training.step == 0
    training.press("One step")
    expect(training.said).to_have_text(re.compile(r"Step 1: the loss was \d\.\d\d\."))
    pictures = [training.picture(0), training.picture(1)]
    training.play_until(12)
    stopped = training.step
    assert stopped >= 12
    assert training.picture(0) != pictures[0]
    assert training.picture(1) != pictures[1]
    assert training.curve(0).count("L") == stopped - 1  # a loss for each step
    assert training.curve(1).count("L") == stopped // 5  # and the beginning
    training.page.wait_for_timeout(500)
    assert training.step == stopped
    label = training.root.locator(".curve svg").first.get_attribute("aria-label")
    assert label.startswith("Loss of the batch, per image: from")
    training.press("Start again")
    expect(training.root.locator(".now")).to_contain_text("step 0")
    assert training.curve(0) == ""
    assert training.root.locator(".curve .before").first.get_attribute("d")  # the run before stays behind it


def test_the_same_settings_give_the_same_steps(training):
    training.press("One step")
    expect(training.said).to_contain_text("Step 1:")
    first = training.said.inner_text(), training.picture(1)
    training.press("Start again")
    expect(training.said).to_contain_text("At the beginning")
    training.press("One step")
    expect(training.said).to_contain_text("Step 1:")
    assert (training.said.inner_text(), training.picture(1)) == first


def test_sliders_say_what_they_choose_and_larger_first_weights_begin_anew(training):
    training.press("One step")
    expect(training.said).to_contain_text("Step 1:")
    training.choose("Learning rate", 2)
    assert training.slider("Learning rate").get_attribute("aria-valuetext") == "0.1"
    assert training.step == 1  # goes on with the new rate
    training.choose("First weights", 6)
    assert training.slider("First weights").get_attribute("aria-valuetext") == "N(0, 1)"
    expect(training.root.locator(".now")).to_contain_text("step 0")
    training.press("One step")
    expect(training.said).to_have_text(re.compile(r"Step 1: the loss was \d\d\.\d\d\."))


def test_the_cliff_is_said_in_one_line(training):
    training.choose("Learning rate", 9)
    training.press("Play")
    expect(training.said).to_have_text(
        re.compile(r"^Diverged at step \d+: .* With a rate of 10 .*, and start again\.$")
    )
    assert "\n" not in training.said.inner_text()
    expect(training.root).to_have_attribute("data-state", "diverged")
    training.choose("Learning rate", 4)
    training.play_until(3)  # begins anew by itself
    assert training.step < 60


def test_bugs_turn_the_check_red_and_green_again(training):
    boxes = training.root.get_by_role("checkbox")
    reds = training.root.locator("tr.wrong th")
    for name, formula in {"relu": "ReLU lets", "sign": "T − P", "last": "b = S", "misprint": "A₂ is P"}.items():
        box = training.root.get_by_label(formula)
        box.check()
        expect(reds).to_have_text(BUGS[name])
        expect(training.verdict).to_contain_text("wrong")
        box.uncheck()
        expect(reds).to_have_count(0)
        expect(training.verdict).to_have_text("All four gradients are right.")
    assert boxes.count() > 4


def test_the_network_learns_with_one_bug_diverges_with_another_and_refuses_the_misprint(training):
    training.root.get_by_label("A₂ is P").check()
    training.press("Play")
    expect(training.said).to_have_text(
        "No step: expected a gradient of 10 × 256 for W2, got 10 × 10: they cannot be subtracted. Remove the bug."
    )
    training.root.get_by_label("A₂ is P").uncheck()
    training.root.get_by_label("ReLU lets").check()
    training.play_until(20)
    assert float(re.search(r"([\d.]+)\s%", training.said.inner_text())[1]) > 60
    training.root.get_by_label("T − P").check()
    training.press("Play")
    expect(training.said).to_contain_text("Each step leads uphill. Remove the bug")


def test_a_digit_drawn_is_read_by_the_network_as_it_is_now(training, three):
    training.pad.draw(three)
    before = training.pad.percents
    training.play_until(60)
    training.pad.settle()
    assert training.pad.percents != before  # without a new stroke
    assert training.pad.answer == "3"
    training.pad.clear()
    assert training.pad.state == "empty"
    training.press("Start again")
    training.pad.draw(three)
    assert training.pad.percents == before


def test_it_goes_on_without_a_network(training, three):
    training.page.context.set_offline(True)
    training.play_until(3)
    training.root.get_by_label("T − P").check()
    expect(training.verdict).to_have_text("All four gradients are wrong.")
    training.pad.draw(three)
    assert training.pad.state in ("sure", "unsure")


def test_a_missing_file_is_said_and_can_be_tried_again(chromium, site):
    printed = []
    with open_page(chromium, printed, **DESKTOP) as page:
        page.route("**/digits.gz", lambda route: route.fulfill(status=404))
        page.goto(f"{site}train.html")
        page.get_by_role("button", name="Load the digits").click()
        expect(page.get_by_role("status")).to_have_text(
            "The digits cannot be loaded: digits.gz: the server answers 404. Press again to try once more."
        )
        page.unroute("**/digits.gz")
        Training(page).load()
    assert all("404" in line for line in printed)


def test_a_book_without_mnist_says_so(chromium, site):
    content = gzip.compress(digits_in_bytes(load_mnist("digits")))
    with opened(chromium, site, load=False, **DESKTOP) as training:
        training.page.route("**/digits.gz", lambda route: route.fulfill(body=content))
        training.load()
        expect(training.root.locator(".note").last).to_contain_text("These are not MNIST’s digits")


def test_on_a_phone_by_touch(chromium, site):
    with opened(chromium, site, **PHONE) as training:
        assert training.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        training.root.get_by_role("button", name="Play").tap()
        assert hosts.wait_until(lambda: training.step >= 5, 120)
        training.root.get_by_role("button", name="Pause").tap()
        training.root.get_by_label("T − P").tap()
        expect(training.verdict).to_have_text("All four gradients are wrong.")
        training.pad.surface.scroll_into_view_if_needed()
        finger = Fingers(training.pad)
        finger.down((0.5, 0.2))
        finger.move((0.5, 0.5), (0.5, 0.8))
        finger.up()
        assert training.pad.settle() in ("sure", "unsure")
        sizes = training.root.locator("button:visible, input[type=range]:visible").evaluate_all(
            "all => all.map((each) => each.getBoundingClientRect().height)"
        )
        assert min(sizes) >= 24
        training.pad.screenshot(SCREENSHOTS / "book-training-phone.png")


def test_pictures_rest_where_motion_is_not_wanted(chromium, site):
    with opened(chromium, site, reduced_motion="reduce", **DESKTOP) as training:
        before = training.picture(0)
        training.press("Play")
        assert hosts.wait_until(lambda: training.step >= 3, 60)
        assert training.step >= 20 or training.picture(0) == before
        training.press("Pause")
        expect(training.said).to_contain_text("right")
        assert training.picture(0) != before
