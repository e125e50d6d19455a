"""The networks that ship are what their cards say, and as good as the project promises."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import letters
import numpy as np
import pytest
from make_checkpoints import RUNS, SURE, interval
from pen_strokes import draw_on_pad, place_at_random

from helpers.base.errors import DigitsError
from helpers.canvas.readers import SURE as SURE_OF_THE_PAD
from helpers.classifier.classifier import SHIPPED, Classifier, checkpoint_path, load_params
from helpers.cli.main import main
from helpers.drawing.strokes import to_mnist
from tests.tools.written_forms import FORMS, written

import mxnet as mx

ROOT = Path(__file__).parents[2]
TEST_FLOOR = {"mlp": 0.98, "lenet": 0.991, "dropout-cnn": 0.995, "canvas": 0.995}
PEN_FLOOR = {"canvas": 0.985}
UJI_FLOOR = {"canvas": 0.992}
UNSURE_CEILING = {"pen_strokes": 0.025, "uji_strokes": 0.01}


def card_of(name):
    return json.loads(checkpoint_path(name).with_suffix(".json").read_text(encoding="utf-8"))


def accuracy(name, split):
    return (Classifier.load(name).probabilities_of(split.images).argmax(axis=1) == split.labels).mean()


@pytest.fixture(scope="module")
def pen_digits(pen_strokes):
    return draw_on_pad(pen_strokes)


@pytest.fixture(scope="module")
def uji_digits(uji_strokes):
    return draw_on_pad(uji_strokes)


def test_these_ship():
    files = {f"{name}{suffix}" for name in SHIPPED for suffix in (".json", ".params")}
    assert {path.name for path in checkpoint_path("mlp").parent.iterdir()} == files
    assert set(TEST_FLOOR) == set(SHIPPED) == set(RUNS)


@pytest.mark.parametrize("name", SHIPPED)
def test_the_card_tells_how_the_parameters_were_made(name):
    card, run = card_of(name), RUNS[name]
    assert card["network"] == Classifier.load(name).network == run.network
    assert card["sha256"] == hashlib.sha256(checkpoint_path(name).read_bytes()).hexdigest()
    assert card["data"].startswith("MNIST, the first 55,000")
    assert card["command"] == f"python tools/make_checkpoints.py {name}"
    assert (card["optimizer"], card["epochs"]) == (run.optimizer, run.epochs)
    assert card["settings"].items() >= run.settings.items()
    assert isinstance(card["seed"], int)
    assert card["batch_size"] == 100
    assert card["minutes"] > 0
    assert "UNIPEN" in card["pen_strokes"]
    assert "UJI" in card["uji_strokes"]
    assert ("augmentation" in card) == (run.augmented > 0)
    assert card.get("written", []) == [vars(written) for written in run.written]


@pytest.mark.parametrize("name", SHIPPED)
def test_accuracy_on_the_test_images(name, mnist):
    found = accuracy(name, mnist.test)
    assert found == pytest.approx(card_of(name)["test_accuracy"], abs=0.0003)
    assert found >= TEST_FLOOR[name]


@pytest.mark.parametrize("name", SHIPPED)
def test_accuracy_on_the_pen_strokes(name, pen_digits):
    assert len(pen_digits) == 600
    found = accuracy(name, pen_digits)
    assert found == pytest.approx(card_of(name)["pen_strokes_accuracy"], abs=0.005)
    assert found >= PEN_FLOOR.get(name, 0)


@pytest.mark.parametrize("name", SHIPPED)
def test_accuracy_on_the_strokes_from_spain(name, uji_digits):
    assert np.array_equal(np.bincount(uji_digits.labels), [60] * 10)
    found = accuracy(name, uji_digits)
    assert found == pytest.approx(card_of(name)["uji_strokes_accuracy"], abs=0.005)
    assert found >= UJI_FLOOR.get(name, 0)


def test_the_canvas_network_reads_drawings_best(pen_digits, uji_digits):
    for digits in (pen_digits, uji_digits):
        found = {name: accuracy(name, digits) for name in SHIPPED}
        assert max(found, key=found.get) == "canvas"


def test_it_reads_the_ones_of_europe(uji_digits):
    ones = uji_digits.images[uji_digits.labels == 1]
    answers = Classifier.load("canvas").probabilities_of(ones).argmax(axis=1)
    assert (answers == 1).sum() >= 59


@pytest.mark.parametrize("form", FORMS)
def test_it_reads_every_written_form(form):
    """Forms that were drawn for this test alone."""
    label, _ = FORMS[form]
    images = np.stack([to_mnist(strokes) for strokes in written(form, 150, np.random.default_rng(5))])
    answers = Classifier.load("canvas").probabilities_of(images[:, np.newaxis]).argmax(axis=1)
    assert (answers == label).mean() >= 0.97


def test_letters_do_not_get_a_sure_answer():
    found = Classifier.load("canvas").probabilities_of(letters.hershey_letters()).max(axis=1)
    assert (found > letters.SURE).mean() == pytest.approx(card_of("canvas")["letters_sure"], abs=0.02)
    assert (found > letters.SURE).mean() <= 0.15
    others = Classifier.load("dropout-cnn").probabilities_of(letters.hershey_letters()).max(axis=1)
    assert (others > letters.SURE).mean() > 0.4  # that is what a network says that has seen digits alone


def test_and_pen_digits_are_not_turned_away_for_it(pen_digits, uji_digits):
    assert SURE == SURE_OF_THE_PAD
    turned_away = 0
    for digits, key in ((pen_digits, "pen_strokes"), (uji_digits, "uji_strokes")):
        unsure = Classifier.load("canvas").probabilities_of(digits.images).max(axis=1) < SURE
        assert unsure.mean() == pytest.approx(card_of("canvas")[f"{key}_unsure"], abs=0.004)
        assert unsure.mean() <= UNSURE_CEILING[key]
        turned_away += unsure.sum()
    assert turned_away <= 0.01 * (len(pen_digits) + len(uji_digits))


def test_intervals_are_those_of_wilson():
    assert interval(0.9917, 600) == "  595 of    600 = 0.9917 (0.9806 to 0.9964)"  # as chapter 9 prints it


def test_the_pen_strokes_are_placed_at_random_on_the_pad(pen_strokes):
    rng = np.random.default_rng(1)
    boxes = []
    for _, strokes in pen_strokes:
        points = np.concatenate(place_at_random(strokes, rng))
        boxes.append((points.min(axis=0), points.max(axis=0)))
    low, high = np.moveaxis(boxes, 1, 0)
    assert low.min() >= 0
    assert high.max() <= 1
    sides = (high - low).max(axis=1)
    assert 0.1 <= sides.min() < 0.15
    assert 0.95 < sides.max() <= 1
    assert ((low + high) / 2).std(axis=0).min() > 0.1


def test_the_name_works_wherever_a_network_is_named(mnist, capsys, tmp_path):
    arg_params, _ = load_params("canvas")
    assert arg_params["fc1_weight"].shape == (625, 128 * 3 * 3)
    Classifier.load("canvas").save(tmp_path / "copy.params")
    assert (tmp_path / "copy.params").read_bytes() == checkpoint_path("canvas").read_bytes()
    assert main(["evaluate", "canvas", "--source", "mnist", "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert (result["model"], result["network"]) == ("canvas", "dropout-cnn")
    assert result["test_accuracy"] == pytest.approx(card_of("canvas")["test_accuracy"], abs=0.0003)


def test_measuring_anew_mends_a_card(mnist, tmp_path):
    """In a copy of the project; without the pen strokes what the card says of them stays."""
    for folder in ("helpers", "tools"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    path = tmp_path / "helpers" / "checkpoints" / "mlp.json"
    before = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps(before | {"test_accuracy": 0.5, "sha256": ""}), encoding="utf-8")
    variables = os.environ | {"PYTHONPATH": str(tmp_path), "PEN_STROKES": "none", "PEN_STROKES_UJI": "none"}
    command = [sys.executable, "tools/make_checkpoints.py", "--measure", "mlp"]
    done = subprocess.run(command, cwd=tmp_path, env=variables, capture_output=True, text=True, check=True, timeout=120)
    after = json.loads(path.read_text(encoding="utf-8"))
    assert after.pop("test_accuracy") == pytest.approx(before.pop("test_accuracy"), abs=0.0003)
    assert after == before
    assert "Notice: no pen strokes" in done.stdout
    assert path.with_suffix(".params").read_bytes() == checkpoint_path("mlp").read_bytes()


@pytest.fixture
def with_card(tmp_path):
    """A copy of the MLP and of its card."""
    path = tmp_path / "mlp.params"
    shutil.copy(checkpoint_path("mlp"), path)
    shutil.copy(checkpoint_path("mlp").with_suffix(".json"), path.with_suffix(".json"))
    return path


def test_one_changed_weight_is_noticed_by_the_card(with_card):
    assert Classifier.load(with_card).network == "mlp"
    content = bytearray(with_card.read_bytes())
    content[5000] ^= 1  # a number a little smaller or larger, which nothing else would give away
    with_card.write_bytes(content)
    for load in (Classifier.load, load_params):
        with pytest.raises(
            DigitsError, match=r"^expected the parameters of the card beside .*/mlp\.params, got a file th"
        ):
            load(with_card)
    with_card.with_suffix(".json").unlink()
    assert Classifier.load(with_card).network == "mlp"


CARDS = {
    "an older card": '{"network": "mlp"}',
    "no card": "[1, 2]",
    "a broken one": '{"sha256": ',
    "no text": '{"sha256": 7}',
    "deep": "[" * 60_000,
    "large": " " * 70_000 + "{}",
}


@pytest.mark.parametrize("text", CARDS.values(), ids=CARDS)
def test_parameters_without_a_checksum_are_read_as_ever(with_card, text):
    with_card.with_suffix(".json").write_text(text, encoding="utf-8")
    assert Classifier.load(with_card).network == "mlp"


@pytest.mark.parametrize("wrong", [np.nan, np.inf, 1e300])
def test_numbers_that_are_none_are_noticed(tmp_path, wrong):
    params = Classifier.load("mlp").params
    arrays = {f"arg:{name}": mx.nd.array(array, dtype="float64") for name, array in params.items()}
    arrays["arg:fc1_bias"][3] = wrong
    mx.nd.save(str(tmp_path / "x.params"), arrays)
    for load in (Classifier.load, load_params):
        with pytest.raises(
            DigitsError, match=r"^expected finite numbers in fc1_bias, got NaN or infinite values in .*/x"
        ):
            load(tmp_path / "x.params")


def test_numbers_too_large_to_compute_with_give_no_answer(digits):
    params = Classifier.load("mlp").params
    params["fc1_weight"][:] = 1e38
    params["fc2_weight"][:] = 1e38
    network = Classifier("mlp", params)
    for ask in (
        lambda: network.probabilities(digits.test.images[0, 0]),
        lambda: network.probabilities_of(digits.test.images),
    ):
        with pytest.raises(DigitsError, match=r"^expected probabilities, got NaN, as the parameters are too large"):
            ask()
