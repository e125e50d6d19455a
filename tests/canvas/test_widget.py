"""The canvas without a browser: what a cell sets and reads, and what a message of the browser changes."""

import itertools
import re
import threading

import numpy as np
import pytest
import traitlets

from helpers.base.errors import DigitsError
from helpers.canvas.collection import read_collection
from helpers.canvas.snapshot import still
from helpers.canvas.widget import DigitCanvas, as_one_module
from helpers.classifier.classifier import Classifier
from helpers.classifier.inside import Layers, Saliency, plan
from helpers.drawing.strokes import Steps, to_mnist

ONE = [[[0.5, 0.2], [0.5, 0.8]]]
SEVEN = [[[0.3, 0.2], [0.7, 0.2], [0.45, 0.85]]]
SMALL_SEVEN = [[[0.05 + x / 4, 0.05 + y / 4] for x, y in SEVEN[0]]]


class Moody(Classifier):
    """A real LeNet that can be told to fail."""

    failing = False

    def probabilities(self, image):
        if self.failing:
            raise ValueError("the network has a headache\nwith a long story behind it")
        return super().probabilities(image)


@pytest.fixture(scope="module")
def lenet():
    return Classifier.load("lenet")


@pytest.fixture
def canvas(lenet):
    return DigitCanvas(lenet)


@pytest.fixture
def moody(lenet, monkeypatch):
    monkeypatch.setattr(Moody, "failing", False)
    return DigitCanvas({"moody": Moody("lenet", lenet.params), "steady": lenet})


def draw_in_browser(canvas, seq, strokes, **changes):
    """What arrives from a browser that has drawn."""
    canvas.set_state({"drawing": canvas.drawing | {"seq": seq, "strokes": strokes} | changes})


def test_empty_pad(canvas):
    assert canvas.strokes == []
    assert canvas.answer is None
    assert canvas.error == ""
    assert canvas.result["state"] == "empty"
    np.testing.assert_array_equal(canvas.image, np.zeros((28, 28), np.float32))
    np.testing.assert_array_equal(canvas.probabilities, np.zeros(10, np.float32))


@pytest.mark.parametrize(("strokes", "digit"), [(ONE, 1), (SEVEN, 7), (SMALL_SEVEN, 7)])
def test_strokes_give_the_answer_in_the_next_statement(canvas, lenet, strokes, digit):
    canvas.strokes = strokes
    assert canvas.answer == digit
    np.testing.assert_array_equal(canvas.image, to_mnist(strokes))
    np.testing.assert_allclose(canvas.probabilities, lenet.probabilities(to_mnist(strokes)), atol=1e-6)
    assert canvas.probabilities.dtype == np.float32
    canvas.strokes = []
    assert (canvas.answer, canvas.probabilities.sum()) == (None, 0)


def test_real_digits_drawn_with_a_pen(canvas, pen_strokes):
    chosen = pen_strokes[::30]
    right = 0
    for label, strokes in chosen:
        canvas.strokes = strokes
        right += int(canvas.probabilities.argmax()) == label
    assert len(chosen) == 20
    assert right >= 18


def test_several_networks(lenet):
    canvas = DigitCanvas({"plain": "mlp", "LeNet": lenet})
    assert canvas.answer == {"plain": None, "LeNet": None}
    canvas.strokes = SEVEN
    assert canvas.answer == {"plain": 7, "LeNet": 7}
    assert canvas.probabilities.keys() == {"plain", "LeNet"}
    assert {p.shape for p in canvas.probabilities.values()} == {(10,)}
    assert not np.array_equal(*canvas.probabilities.values())
    assert canvas.networks == list(canvas.result["readings"]) == ["plain", "LeNet"]


def test_one_in_a_dict_stays_a_dict(lenet):
    canvas = DigitCanvas({"my own": lenet})
    canvas.strokes = ONE
    assert canvas.answer == {"my own": 1}


def test_names_of_a_single_network(lenet):
    assert DigitCanvas(lenet).networks == ["LeNet"]
    assert DigitCanvas("mlp").networks == ["MLP"]


def test_a_network_of_ones_own_making():
    class Guess:
        def probabilities(self, image):
            return [0, 0, 0, 0.7, 0.3, 0, 0, 0, 0, 0]

    canvas = DigitCanvas(Guess())
    canvas.strokes = ONE
    assert canvas.answer == 3
    assert canvas.networks == ["Guess"]


def test_not_sure(lenet):
    canvas = DigitCanvas(lenet, sure=1.0)
    canvas.strokes = [[[0.2, 0.2], [0.8, 0.3], [0.2, 0.5], [0.9, 0.7], [0.1, 0.9], [0.5, 0.1]]]
    assert canvas.answer is None
    assert canvas.result["state"] == "unsure"
    assert 0 < canvas.probabilities.max() < 1


def test_the_browser_gets_the_bytes_that_python_used(canvas):
    draw_in_browser(canvas, 1, SEVEN)
    sent = np.frombuffer(canvas.result["image"], np.uint8).reshape(28, 28)
    np.testing.assert_array_equal(np.float32(sent / 255), canvas.image)
    assert canvas.result["seq"] == 1
    assert canvas.result["readings"]["LeNet"]["answer"] == canvas.answer == 7
    assert canvas.strokes == SEVEN


def test_what_a_cell_draws_gets_a_number_that_no_browser_gives(canvas):
    draw_in_browser(canvas, 41, ONE)
    canvas.strokes = SEVEN
    assert canvas.drawing["seq"] == canvas.result["seq"] == 42
    canvas.pen = 0.1
    assert canvas.drawing["seq"] == canvas.result["seq"] == 44
    assert canvas.drawing["strokes"] == SEVEN


def test_setting_the_same_again_reads_nothing(canvas):
    canvas.strokes = SEVEN
    seq = canvas.result["seq"]
    canvas.strokes = [list(map(tuple, SEVEN[0]))]
    canvas.steps = {}
    assert canvas.result["seq"] == seq


@pytest.mark.parametrize("steps", [{"fit": False}, {"centre": False}, {"fit": False, "ink": False}, {"resize": True}])
def test_steps(canvas, steps):
    canvas.strokes = SMALL_SEVEN
    full = canvas.image
    canvas.steps = steps
    np.testing.assert_array_equal(canvas.image, to_mnist(SMALL_SEVEN, canvas.pen, Steps(**steps)))
    assert not np.array_equal(canvas.image, full)
    canvas.steps = Steps()
    np.testing.assert_array_equal(canvas.image, full)


def test_the_pen_matters_only_without_the_ink_step(canvas):
    canvas.strokes = SEVEN
    full = canvas.image
    canvas.pen = 0.12
    np.testing.assert_array_equal(canvas.image, full)
    canvas.steps = {"ink": False}
    assert canvas.image.sum() > full.sum()


def test_observers_find_everything_as_it_is_now(canvas):
    seen = []
    names = ["strokes", "image", "probabilities", "answer"]

    def look(change):
        consistent = np.array_equal(canvas.image, to_mnist(canvas.strokes))
        seen.append((change["name"], consistent and canvas.answer == int(canvas.probabilities.argmax())))

    canvas.observe(look, names)
    draw_in_browser(canvas, 1, SEVEN)
    canvas.strokes = ONE
    assert sorted(name for name, _ in seen) == sorted(names * 2)
    assert all(consistent for _, consistent in seen)


def test_observers_hear_only_of_what_has_changed(canvas):
    canvas.strokes = SEVEN
    heard = []
    canvas.observe(lambda change: heard.append(change["name"]), ["image", "probabilities", "answer", "error"])
    draw_in_browser(canvas, 9, SEVEN, inside=True)
    draw_in_browser(canvas, 11, [[[x / 2, y / 2] for x, y in SEVEN[0]]])  # the same image at another place
    assert heard == []


def test_an_observer_may_draw(canvas):
    def clear(change):
        if change["new"] == 7:
            canvas.strokes = []

    canvas.observe(clear, "answer")
    draw_in_browser(canvas, 1, SEVEN)
    assert canvas.strokes == canvas.drawing["strokes"] == []
    assert canvas.result["seq"] == canvas.drawing["seq"] == 2
    assert canvas.answer is None


@pytest.mark.parametrize("name", ["image", "probabilities", "answer", "error"])
def test_results_cannot_be_set(canvas, name):
    with pytest.raises(traitlets.TraitError, match="read-only"):
        setattr(canvas, name, None)


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("strokes", 3, "expected strokes"),
        ("strokes", [[0.1, 0.2]], "stroke 0"),
        ("strokes", [[[0.1, 0.2, 0.3]]], "stroke 0"),
        ("strokes", ["ab"], "stroke 0"),
        ("pen", 0, "got 0: "),
        ("pen", "thick", "'thick'"),
        ("pen", float("nan"), "nan"),
        ("steps", {"fitt": True}, "'fitt'"),
        ("steps", {"fit": 1}, "'fit': 1"),
        ("steps", True, "got True: "),
        ("inside", "yes", "'yes'"),
    ],
)
def test_bad_values_are_refused_and_change_nothing(canvas, name, value, says):
    canvas.strokes = SEVEN
    before = getattr(canvas, name), canvas.drawing, canvas.result
    with pytest.raises(DigitsError, match=re.escape(says)) as raised:
        setattr(canvas, name, value)
    assert re.search(r"wanted|^expected", str(raised.value))
    assert "\n" not in str(raised.value)
    assert (getattr(canvas, name), canvas.drawing, canvas.result) == before


def test_odd_strokes_are_drawn_without_what_is_no_point(canvas):
    canvas.strokes = [[], [[0.5, 0.2], [float("nan"), 0.3], [0.5, 0.8]], np.zeros((0, 2)), [[float("inf"), 0]]]
    assert canvas.strokes == ONE
    assert canvas.answer == 1


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (None, "got NoneType: "),
        ({}, "got an empty dict: "),
        ({"a": 3}, "got int: "),
        ({3: "mlp"}, "got one with the name 3: "),
        ({" ": "mlp"}, "got one with the name ' ': "),
        ([], "got list: "),
        (Classifier, "got the class Classifier: "),
        ("resnet", "resnet"),
    ],
)
def test_what_is_no_network_is_refused(given, says):
    with pytest.raises(DigitsError, match=says):
        DigitCanvas(given)


def test_a_wrong_bound_is_refused(lenet):
    with pytest.raises(DigitsError, match=r"^expected the least probability of an answer in 0\.\.1, got sure = 60: "):
        DigitCanvas(lenet, sure=60)


def test_options_are_traits(lenet):
    canvas = DigitCanvas(lenet, strokes=SEVEN, pen=0.1)
    assert (canvas.answer, canvas.pen, canvas.drawing["pen"]) == (7, 0.1, 0.1)


def test_two_canvases_share_nothing(lenet):
    first, second = DigitCanvas(lenet), DigitCanvas(lenet)
    first.strokes = SEVEN
    first.steps = {"fit": False}
    first.keep(7)
    assert (second.strokes, second.steps["fit"], second.items) == ([], True, [])


def test_a_network_that_fails_says_so_and_the_next_stroke_works(moody):
    Moody.failing = True
    draw_in_browser(moody, 1, SEVEN)
    assert moody.error == moody.result["error"] == "moody: ValueError: the network has a headache"
    assert moody.result["state"] == "error"
    assert moody.answer == {"moody": None, "steady": 7}
    assert moody.probabilities["moody"].sum() == 0
    Moody.failing = False
    draw_in_browser(moody, 3, ONE)
    assert (moody.error, moody.result["state"]) == ("", "sure")
    assert moody.answer == {"moody": 1, "steady": 1}


def test_a_network_that_answers_nonsense():
    class Nonsense:
        def probabilities(self, image):
            return np.full(11, np.nan)

    canvas = DigitCanvas(Nonsense())
    canvas.strokes = ONE
    shape = "expected ten finite probabilities, got an array of shape (11,) with NaN or infinite values"
    assert canvas.error == f"Nonsense: {shape}: correct what the network answers"


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"strokes": 3}, "a list of lists of points"),
        ({"strokes": [[["a", 1]]]}, "stroke 0"),
        ({"pen": 0}, "expected a pen's width above 0 and at most 1, got 0: "),
        ({"steps": {"fit": "no"}}, "got {'fit': 'no'}: "),
        ({"strokes": [[[10**400, 0.5]]]}, "something else in stroke 0"),
        ({"pen": 10**400}, "expected a pen's width above 0 and at most 1, got 1000"),
        ({"look_at": ["LeNet"]}, "expected the name of a network to look at, got ['LeNet']: "),
    ],
)
def test_a_drawing_that_is_none_does_no_harm(canvas, wrong, says):
    canvas.strokes = SEVEN
    draw_in_browser(canvas, 7, **({"strokes": ONE} | wrong))
    assert says in canvas.error
    assert canvas.result["error"] == canvas.error
    assert (canvas.result["seq"], canvas.result["state"]) == (7, "error")
    draw_in_browser(canvas, 9, ONE, pen=0.06, steps=canvas.steps)
    assert (canvas.error, canvas.answer) == ("", 1)


@pytest.mark.parametrize("seq", [None, [7], "7", True, 7.0, -1, 10**400])
def test_a_drawing_with_a_wrong_number_is_answered_as_the_next_one(canvas, seq):
    draw_in_browser(canvas, 5, SEVEN)
    draw_in_browser(canvas, seq, ONE)
    assert (canvas.result["seq"], canvas.result["state"]) == (6, "error")
    assert "expected a drawing with its number, got seq = " in canvas.error
    assert len(canvas.error) < 200
    draw_in_browser(canvas, 7, ONE)
    assert (canvas.error, canvas.answer, canvas.result["seq"]) == ("", 1, 7)


@pytest.mark.parametrize("drawing", [[], None, 3, "ink", {}, {"strokes": ONE}])
def test_what_is_no_drawing_at_all(canvas, drawing):
    draw_in_browser(canvas, 5, SEVEN)
    before = canvas.drawing
    canvas.set_state({"drawing": drawing})
    assert canvas.drawing == before
    assert (canvas.result["seq"], canvas.result["state"]) == (6, "error")
    assert canvas.error.startswith("expected a drawing with strokes, pen, steps, inside and seq, got ")
    canvas.pen = 0.1  # what a cell sets comes after it
    assert (canvas.error, canvas.answer, canvas.result["seq"]) == ("", 7, 8)


def test_a_drawing_with_a_part_missing_says_which(canvas):
    canvas.set_state({"drawing": {"seq": 7, "strokes": ONE, "steps": canvas.steps, "inside": False}})
    parts = "strokes, pen, steps, inside and seq"
    expected = f"expected a drawing with {parts}, got one without pen: load the page anew"
    assert canvas.error == canvas.result["error"] == expected


def floats(data):
    return np.frombuffer(data, np.float32)


def test_inside_only_when_it_is_open(canvas, lenet):
    canvas.strokes = SEVEN
    assert canvas.result["inside"] == {}
    canvas.inside = True
    inside = canvas.result["inside"]
    assert (inside["network"], inside["error"], inside.keys() & {"unit"}) == ("LeNet", "", set())
    expected = np.concatenate([values.ravel() for values in Layers(lenet)(canvas.image).values()])
    assert np.array_equal(floats(inside["values"]), expected)
    assert inside["plan"] == plan("lenet")
    assert np.array_equal(floats(inside["saliency"]), Saliency(lenet).signed(canvas.image).ravel())
    canvas.strokes = []
    assert canvas.result["inside"] == {}


def test_inside_of_another_network():
    canvas = DigitCanvas({"a": "mlp", "b": "dropout-cnn"}, strokes=SEVEN, inside=True)
    assert (canvas.result["inside"]["network"], canvas.result["inside"]["plan"]) == ("a", plan("mlp"))
    draw_in_browser(canvas, 9, SEVEN, look_at="b")
    assert (canvas.result["inside"]["network"], canvas.result["inside"]["plan"]) == ("b", plan("dropout-cnn"))


def test_inside_of_a_unit_without_the_layers(canvas, lenet):
    draw_in_browser(canvas, 5, SEVEN, inside=True, layers=False, unit=["conv2", 70])
    inside = canvas.result["inside"]
    assert inside.keys() == {"network", "error", "unit"}
    assert (inside["unit"]["layer"], inside["unit"]["index"]) == ("conv2", 70)
    assert np.array_equal(floats(inside["unit"]["weights"]), lenet.params["conv2_weight"][1].ravel())
    assert inside["unit"]["bias"] == lenet.params["conv2_bias"][1]
    canvas.strokes = ONE  # what a cell draws shows in the layers
    assert "values" in canvas.result["inside"]


def test_inside_with_the_ink_for_another_digit(canvas, lenet):
    draw_in_browser(canvas, 5, SEVEN, inside=True, digit=3)
    saliency = floats(canvas.result["inside"]["saliency"])
    assert np.array_equal(saliency, Saliency(lenet).signed(canvas.image, 3).ravel())
    assert not np.array_equal(saliency, Saliency(lenet).signed(canvas.image).ravel())


@pytest.mark.parametrize(
    "wrong",
    [
        {"look_at": ["LeNet"]},
        {"unit": "conv1"},
        {"unit": ["conv1"]},
        {"unit": [1, "conv1"]},
        {"unit": {"conv1": 1}},
        {"unit": ["conv1", 1.5]},
        {"digit": 10},
        {"digit": True},
        {"digit": "7"},
        {"layers": "no"},
    ],
)
def test_a_wrong_look_is_an_error_and_the_next_one_works(canvas, wrong):
    draw_in_browser(canvas, 5, SEVEN, inside=True, **wrong)
    assert (canvas.result["seq"], canvas.result["state"]) == (5, "error")
    assert canvas.error.startswith("expected ")
    draw_in_browser(canvas, 7, SEVEN, inside=True)
    assert (canvas.error, canvas.answer, canvas.result["inside"]["error"]) == ("", 7, "")


@pytest.mark.parametrize("unit", [["conv9", 1], ["logits", 10], ["conv1", -1], ["conv1", 10**400], ["x" * 10**5, 1]])
def test_a_unit_that_is_not_there_keeps_no_network_from_answering(canvas, unit):
    draw_in_browser(canvas, 5, SEVEN, inside=True, unit=unit)
    assert (canvas.result["state"], canvas.answer) == ("sure", 7)
    assert canvas.result["inside"]["error"].startswith("expected a unit of conv1, conv2, fc1, logits, got ")
    assert len(canvas.result["inside"]["error"]) < 200


def test_inside_of_a_network_of_ones_own_making():
    class Guess:
        def probabilities(self, image):
            return np.eye(10)[3]

    canvas = DigitCanvas(Guess(), strokes=ONE, inside=True)
    assert canvas.answer == 3
    inside = canvas.result["inside"]
    assert inside.keys() == {"network", "error"}
    assert (
        inside["error"] == "expected a Classifier, got Guess, whose layers are not known here: look into a Classifier"
    )


def test_the_scripts_are_one_module():
    script = as_one_module(["elements.js", "xray.js", "canvas.js"])
    assert "import " not in [line[:7] for line in script.splitlines()]
    assert re.findall("^export.*", script, flags=re.MULTILINE) == ["export default { render };"]
    assert script.index("function make(") < script.index("class Xray") < script.index("class Board")


def test_keep_in_memory(canvas):
    canvas.strokes = SEVEN
    canvas.steps = {"resize": True}
    assert canvas.keep(7) == 1
    (digit,) = canvas.items
    assert (digit.label, digit.strokes) == (7, SEVEN)
    np.testing.assert_array_equal(digit.image, to_mnist(SEVEN))
    assert (canvas.collection["count"], canvas.collection["file"], canvas.collection["error"]) == (1, "", "")


def test_keep_in_a_file_that_goes_on(lenet, tmp_path):
    first = DigitCanvas(lenet, keep=tmp_path / "my_digits", strokes=SEVEN)
    first.keep(7)
    second = DigitCanvas(lenet, keep=tmp_path / "my_digits.json", strokes=ONE)
    assert second.collection["count"] == 1
    assert second.keep(np.int64(1)) == 2
    assert (len(second.items), second.collection["file"]) == (1, "my_digits.json")
    assert read_collection(tmp_path / "my_digits").labels.tolist() == [7, 1]


@pytest.mark.parametrize("label", [10, -1, "7", 7.0, None, True])
def test_keep_refuses_what_is_no_label(canvas, label):
    canvas.strokes = SEVEN
    with pytest.raises(DigitsError, match=f"^expected a label from 0 to 9, got {label!r}: "):
        canvas.keep(label)
    assert canvas.items == []


def test_keep_refuses_an_empty_pad(canvas):
    with pytest.raises(DigitsError, match="got an empty pad"):
        canvas.keep(7)


def test_the_button_keep(lenet, tmp_path):
    canvas = DigitCanvas(lenet, keep=tmp_path / "mine")
    canvas._handle_custom_msg({"keep": 7, "strokes": SEVEN, "pen": 0.06}, [])
    assert (canvas.collection["count"], canvas.collection["error"]) == (1, "")
    assert read_collection(tmp_path / "mine").strokes == [SEVEN]


@pytest.mark.parametrize(
    ("message", "says"),
    [
        ({}, "expected a digit with keep, strokes and pen, got one without keep: load the page anew"),
        ({"keep": 12, "strokes": SEVEN, "pen": 0.06}, "expected a label from 0 to 9, got 12: give the digit that"),
        ({"keep": 1, "strokes": 1, "pen": 1}, "a list of lists of points"),
        ([], "expected a digit with keep, strokes and pen, got []: load the page anew"),
        (None, "got None: load the page anew"),
        ({"keep": [7], "strokes": SEVEN, "pen": 0.06}, "got [7]: give the digit that"),
        ({"keep": 7, "strokes": [[[10**400, 0.5]]], "pen": 0.06}, "something else in stroke 0"),
        ({"keep": 7, "strokes": SEVEN, "pen": 10**400}, "expected a pen's width"),
    ],
)
def test_the_button_keep_says_what_went_wrong_each_time(canvas, message, says):
    canvas._handle_custom_msg(message, [])
    first = canvas.collection
    canvas._handle_custom_msg(message, [])
    assert says in first["error"]
    assert canvas.collection == first | {"times": first["times"] + 1}
    assert canvas.items == []


def test_a_file_that_cannot_be_written_keeps_nothing(lenet, tmp_path):
    canvas = DigitCanvas(lenet, keep=tmp_path / "no folder" / "mine", strokes=SEVEN)
    canvas._handle_custom_msg({"keep": 7, "strokes": SEVEN, "pen": 0.06}, [])
    assert "no such file or folder" in canvas.collection["error"]
    assert (canvas.collection["count"], canvas.items) == (0, [])


def test_a_file_of_something_else_is_refused_at_once(lenet, tmp_path):
    (tmp_path / "mine.json").write_text("{}")
    with pytest.raises(DigitsError, match=r"got .*mine\.json, which holds something else: "):
        DigitCanvas(lenet, keep=tmp_path / "mine")


def test_cells_and_browser_at_once(lenet):
    """What the two threads draw never gets mixed up: each result belongs to its drawing."""
    canvas = DigitCanvas({"a": lenet, "b": "mlp"})
    mixed = []

    def check(change):
        result, drawing = change["new"], canvas.drawing
        expected = np.rint(to_mnist(drawing["strokes"]) * 255).astype(np.uint8).tobytes()
        if result["seq"] != drawing["seq"] or result["image"] != expected:
            mixed.append(result["seq"])

    canvas.observe(check, "result")

    ended = threading.Event()
    drawn = []

    def browse():
        for seq in itertools.count(1001, 2):
            if ended.wait(0.001):  # a pen pauses too; without it one thread could keep the lock from the other
                return
            draw_in_browser(canvas, seq, ONE if seq % 4 == 1 else [])
            drawn.append(seq)

    browser = threading.Thread(target=browse, daemon=True)
    browser.start()
    answers = []
    while browser.is_alive() and (len(answers) < 100 or len(drawn) < 100):
        for strokes in (SEVEN, []):
            canvas.strokes = strokes
            with canvas.lock:
                answers.append((canvas.strokes, canvas.answer["a"]))
    ended.set()
    browser.join()
    assert mixed == []
    assert min(len(answers), len(drawn)) >= 100
    assert all((strokes, answer) in [(SEVEN, 7), (ONE, 1), ([], None)] for strokes, answer in answers)


def test_a_still_picture(canvas):
    canvas.strokes = SEVEN
    picture = canvas.still()
    assert picture.alt.startswith("The digit canvas: a drawing of 1 stroke")
    assert re.search(r"LeNet reads 7, (> 99|\d\d) %\.$", picture.alt)
    pad, image, bars = picture.axes
    np.testing.assert_allclose(pad.lines[0].get_xydata(), SEVEN[0])
    np.testing.assert_array_equal(image.images[0].get_array(), canvas.image)
    np.testing.assert_allclose([bar.get_width() for bar in bars.patches], canvas.probabilities)
    canvas.strokes = ONE
    np.testing.assert_array_equal(image.images[0].get_array(), to_mnist(SEVEN))
    assert picture.png().startswith(b"\x89PNG")


def test_a_still_picture_of_several_networks_and_of_an_empty_pad(lenet):
    canvas = DigitCanvas({"MLP": "mlp", "LeNet": lenet}, sure=1.0)
    assert "MLP reads nothing; LeNet reads nothing" in canvas.still().alt
    canvas.strokes = [[[0.2, 0.2], [0.8, 0.3], [0.2, 0.5], [0.9, 0.7], [0.1, 0.9], [0.5, 0.1]]]
    picture = canvas.still()
    assert len(picture.axes) == 4
    assert re.search(r"LeNet is not sure: \d or \d", picture.alt)  # in the words of the pad
    assert re.search(r"^LeNet\n\d or \d\?$", picture.axes[3].get_title(loc="left"))


def test_a_still_picture_of_any_drawing():
    """It takes values from anywhere, needs no canvas, and says what does not belong together."""
    doubtful = np.array([0, 0.52, 0, 0, 0, 0, 0, 0.48, 0, 0])
    values = {"strokes": ONE, "pen": 0.06, "image": to_mnist(ONE)}
    picture = still(**values, probabilities={"A": np.eye(10)[1], "B": doubtful}, answers={"A": 1, "B": None})
    assert picture.alt.endswith("A reads 1, > 99 %; B is not sure: 1 or 7.")
    assert [axes.get_title(loc="left") for axes in picture.axes[2:]] == ["A\n1, > 99 %", "B\n1 or 7?"]
    with pytest.raises(DigitsError, match=r"^expected probabilities and answers of the same networks, got \['A'\] and"):
        still(**values, probabilities={"A": doubtful}, answers={"B": 1})
    with pytest.raises(DigitsError, match=r"^expected ten probabilities of A, got an array of shape \(3,\): "):
        still(**values, probabilities={"A": np.ones(3)}, answers={"A": 1})
    with pytest.raises(DigitsError, match=r"^expected a pen's width above 0 and at most 1, got 0: "):
        still(**values | {"pen": 0}, probabilities={"A": doubtful}, answers={"A": 1})
    with pytest.raises(DigitsError, match=r"\(28, 28\)"):
        still(**values | {"image": np.zeros((20, 20))}, probabilities={"A": doubtful}, answers={"A": 1})
