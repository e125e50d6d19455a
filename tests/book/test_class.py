"""The teacher's page of the book: thirty files of kept digits, in a real browser that reaches no network."""

import json
import re

import numpy as np
import pytest
from playwright.sync_api import expect
from scipy.stats import binomtest

from helpers.canvas.collection import read_collection
from helpers.canvas.readers import SURE
from helpers.classifier.classifier import Classifier
from helpers.drawing.strokes import to_mnist
from tests.tools import hosts
from tests.tools.pad import WAIT
from tests.tools.places import DESKTOP, PHONE, SCREENSHOTS, open_page

NETWORKS = {"MLP": "mlp", "LeNet": "lenet", "CNN": "dropout-cnn", "CNN for drawings": "canvas"}
CELLS = "rows => rows.map(row => [...row.cells].map(cell => cell.innerText.trim()))"


@pytest.fixture
def page(chromium, site):
    printed = []
    with open_page(chromium, printed, **DESKTOP) as page:
        page.goto(f"{site}class.html")
        yield page
    assert printed == []


def item(label, strokes, pen=0.06) -> dict:
    """A kept digit as it stands in a file."""
    image = np.rint(to_mnist(strokes, pen) * 255).astype(int).ravel().tolist()
    return {"label": int(label), "pen": pen, "strokes": [np.asarray(each).tolist() for each in strokes], "image": image}


@pytest.fixture(scope="module")
def examples():
    """A digit of each label, as kept."""
    digits = json.loads((hosts.ROOT / "notebooks" / "example_digits.json").read_text(encoding="utf-8"))
    strokes = {digit["label"]: digit["strokes"] for digit in digits}
    return [item(label, strokes[label]) for label in range(10)]


def file(name, content) -> dict:
    """A file as Playwright gives it to the chooser; content: bytes, or what becomes JSON."""
    buffer = content if isinstance(content, bytes) else json.dumps(content).encode()
    return {"name": name, "mimeType": "application/json", "buffer": buffer}


def choose(page, *files) -> None:
    """Open the files by the button, and wait until the networks have read them."""
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Open the files of a class").click()
    chooser.value.set_files(list(files))
    settle(page)


def settle(page) -> None:
    page.locator(".state[data-state=ready]").wait_for(timeout=2 * WAIT)


def lines(page) -> list[str]:
    return page.locator(".lines li").all_inner_texts()


def matrix(page, network) -> list[list[str]]:
    """The cells of the confusion matrix, a row for each digit and one for all."""
    page.get_by_label("Network", exact=True).select_option(network)
    return page.locator(".confusion :is(tbody, tfoot) tr").evaluate_all(CELLS)


def names(page) -> list[str]:
    return page.locator(".persons input").evaluate_all("inputs => inputs.map(input => input.value)")


def answers_of(network, items) -> np.ndarray:
    """What Python answers to the images of the items, 10 for "not sure"."""
    images = np.array([each["image"] for each in items], np.float32).reshape(-1, 1, 28, 28) / 255
    probabilities = Classifier.load(network).probabilities_of(images)
    return np.where(probabilities.max(axis=1) >= SURE, probabilities.argmax(axis=1), 10)


def test_thirty_files_give_the_numbers_of_python(page, pen_strokes, tmp_path):
    items = [item(label, strokes) for label, strokes in pen_strokes]
    people = [items[first::30] for first in range(30)]
    files = [file(f"person {number}.json", each) for number, each in enumerate(people)]
    choose(page, files[0])
    page.context.set_offline(True)
    choose(page, *files[1:])
    page.context.set_offline(False)
    assert lines(page) == []
    expect(page.locator(".state")).to_have_text("600 digits of 30 people.")
    assert names(page) == [f"person {number}" for number in range(30)]

    labels = np.array([each["label"] for each in items])
    for title, network in NETWORKS.items():
        answers = answers_of(network, items)
        table = np.zeros((10, 11), int)
        np.add.at(table, (labels, answers), 1)
        found = matrix(page, title)
        for digit, row in enumerate([*table, table.sum(axis=0)]):
            assert [int(cell or 0) for cell in found[digit][1:12]] == row.tolist(), (title, digit)
            right = int(row[digit] if digit < 10 else np.trace(table))
            interval = binomtest(right, int(row.sum())).proportion_ci(method="wilson")
            assert found[digit][12:] == [
                f"{right} of {row.sum()}",
                f"{100 * right / row.sum():.1f} %",
                f"{100 * interval.low:.1f} to {100 * interval.high:.1f}",
            ]

        cells = page.locator(f".persons td[data-network='{title}']")
        for cell, own in zip(cells.all(), range(30), strict=True):
            wrong = [i for i in range(own, 600, 30) if answers[i] != labels[i]]
            expect(cell.locator(".score")).to_have_text(f"{len(people[own]) - len(wrong)} of {len(people[own])}")
            said = cell.locator("canvas").evaluate_all("all => all.map(each => each.getAttribute('aria-label'))")
            words = [f"a {labels[i]}, read as: {'not sure' if answers[i] == 10 else answers[i]}" for i in wrong]
            assert said == words

    page.get_by_label("Digit", exact=True).select_option("7")
    expect(page.locator(".large canvas")).to_have_count(int((labels == 7).sum()))
    page.get_by_label("Show", exact=True).select_option("7")
    sevens = [int((labels[own::30] == 7).sum()) for own in range(30)]
    for score, count in zip(page.locator(".persons td[data-network=MLP] .score").all(), sevens, strict=True):
        expect(score).to_have_text(re.compile(f"of {count}$") if count else "none")

    with page.expect_download() as download:
        page.get_by_role("button", name="Download one merged file").click()
    download.value.save_as(tmp_path / "class.json")
    collection = read_collection(tmp_path / "class")
    together = [each for own in people for each in own]
    assert collection.labels.tolist() == [each["label"] for each in together]
    assert (collection.images.reshape(-1, 784) == [each["image"] for each in together]).all()
    page.get_by_role("button", name="Remove all").click()
    choose(page, file("class.json", (tmp_path / "class.json").read_bytes()))
    assert names(page) == [f"person {number}" for number in range(30)]
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENSHOTS / "class.png", full_page=True)


BAD = {
    "empty.json": (b"", "which is empty: ask for the file again"),
    "notes.json": (b"Dear all", "which is no JSON, or is cut off: ask for the file again"),
    "cut.json": (b'[{"label": 3, "pen":', "which is no JSON, or is cut off: ask for the file again"),
    "deep.json": (b"[" * 100_000, "which is no JSON, or is cut off: ask for the file again"),
    "dict.json": ({"label": 3}, "which holds no list: ask for the file again"),
    "none.json": ([], "which holds no digit: keep some, and download them again"),
    "numbers.json": ([1, None, "x", {}], "which holds something else: ask for the file again"),
    "photo.png": (b"\x89PNG\r\n\x1a\n" + bytes(100), "which is no JSON, or is cut off: ask for the file again"),
    "huge.json": (b" " * (2**24 + 1), "which has 17 MB, more than 16: ask for the file again"),
}


def test_each_bad_file_is_a_line_and_no_good_one_is_lost(page, examples):
    bad = [file(name, content) for name, (content, _) in BAD.items()]
    choose(page, file("anna.json", examples), *bad, file("ben.json", [examples[3] | {"pen": 0.1}]))
    assert lines(page) == [f"expected a file of kept digits, got {name}, {said}" for name, (_, said) in BAD.items()]
    assert names(page) == ["anna", "ben"]
    expect(page.locator(".state")).to_have_text("11 digits of 2 people.")


DAMAGES = {
    "label": [10, -1, 1.5, True, "3", None],
    "pen": [0, 1.1, "a", None],
    "image": [[0] * 783, [0] * 783 + [256], [0] * 783 + [0.5], "x" * 784, None],
    "strokes": [[], [[]], [[[0.1]]], [[[0.1, None]]], {"length": 1}, "ink", None],
}


def test_damaged_items_are_left_out_as_python_would_refuse_them(page, examples, tmp_path):
    damaged = [examples[0] | {name: value} for name, values in DAMAGES.items() for value in values]
    for number, each in enumerate(damaged):
        path = tmp_path / f"{number}.json"
        path.write_text(json.dumps([each]), encoding="utf-8")
        with pytest.raises(Exception, match="at entry 1"):
            read_collection(path)
    choose(page, file("anna.json", [examples[1], *damaged, examples[2]]))
    assert lines(page) == [f"anna.json: {len(damaged)} items are damaged and are left out."]
    expect(page.locator(".state")).to_have_text("2 digits of 1 person.")


def test_a_file_twice_counts_once(page, examples):
    choose(page, file("anna.json", examples[:5]), file("my_digits (3).json", examples[:5]))
    assert lines(page) == ["my_digits (3).json: all its digits are here already, from anna."]
    choose(page, file("anna.json", examples))
    assert lines(page) == ["anna.json: 5 of its digits were here already and count once."]
    assert names(page) == ["anna"]
    expect(page.locator(".state")).to_have_text("10 digits of 1 person.")


def test_two_people_whose_files_have_one_name(page, examples):
    choose(page, file("my_digits.json", examples[:5]), file("my_digits.json", examples[5:]))
    assert lines(page) == [
        "my_digits.json: there is another my_digits, so this one is called my_digits 2: change it below."
    ]
    field = page.get_by_label("Name of my_digits 2")
    field.fill("  Zoë  <b>K.</b> ")
    field.press("Tab")
    assert names(page) == ["my_digits", "Zoë <b>K.</b>"]
    page.get_by_role("button", name="Remove my_digits").click()
    assert names(page) == ["Zoë <b>K.</b>"]
    expect(page.locator(".state")).to_have_text("5 digits of 1 person.")


def test_names_in_a_file_are_taken(page, examples):
    persons = ["Ana", "<script>", "Ana", 7, "  ", "x" * 200]
    choose(page, file("ben.json", [each | {"person": who} for each, who in zip(examples, persons, strict=False)]))
    assert names(page) == ["Ana", "<script>", "ben", "x" * 60]


def test_a_hundred_files(page, examples):
    files = [file(f"{number}.json", [examples[number % 10] | {"pen": (number + 1) / 1000}]) for number in range(100)]
    choose(page, *files)
    expect(page.locator(".state")).to_have_text("100 digits of 100 people.")
    expect(page.locator(".persons tbody tr")).to_have_count(100)
    assert lines(page) == []


def test_files_are_dropped(page, examples):
    page.evaluate(
        """text => {
            const data = new DataTransfer();
            data.items.add(new File([text], "anna.json"));
            const drop = type => document.querySelector(".drop").dispatchEvent(
                new DragEvent(type, { dataTransfer: data, bubbles: true, cancelable: true }));
            drop("dragover");
            drop("drop");
        }""",
        json.dumps(examples),
    )
    settle(page)
    expect(page.locator(".state")).to_have_text("10 digits of 1 person.")
    assert names(page) == ["anna"]


def test_the_keyboard_opens_files(page, examples):
    page.locator(".drop").wait_for()
    page.keyboard.press("Tab")
    expect(page.locator(".drop")).to_be_focused()
    with page.expect_file_chooser() as chooser:
        page.locator(".drop").press("Enter")  # which waits until the page takes keys
    chooser.value.set_files([file("anna.json", examples)])
    settle(page)
    expect(page.locator(".state")).to_have_text("10 digits of 1 person.")


def test_fits_a_phone(chromium, site, examples):
    with open_page(chromium, [], **PHONE) as page:
        page.goto(f"{site}class.html")
        choose(page, file("anna.json", examples), file(f"{'long ' * 20}.json", [examples[0] | {"pen": 0.1}]))
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["viewport"]["width"]
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=SCREENSHOTS / "class-phone.png", full_page=True)
