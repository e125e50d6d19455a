"""A guess in JupyterLab, in a real browser: nothing of its answer is on the page before a choice is locked in."""

import pytest
from playwright.sync_api import expect

from helpers.exercises import guesses_of
from tests.tools import hosts
from tests.tools.places import PHONE, SCREENSHOTS, Jupyter, open_page
from tests.tools.probe import write_notebook

pytestmark = pytest.mark.slow

CELL = 'from helpers.exercises import guess\n\nguess("2a")'
GUESS = guesses_of(2)["a"]
WRONG = "About half of the time: right or wrong."


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    folder = tmp_path_factory.mktemp("guess")
    for name in ("desktop.ipynb", "phone.ipynb"):
        write_notebook(folder / name, CELL)
    with hosts.jupyterlab(folder) as server:
        yield Jupyter("jupyterlab", folder, server)


def lock(page, choice):
    box = page.locator(".guess")
    box.get_by_label(choice, exact=True).check()
    box.get_by_role("button", name="Lock it in").click()
    return box


@pytest.mark.parametrize("choice", [WRONG, GUESS.right], ids=["wrong", "right"])
def test_the_answer_comes_when_a_guess_is_locked_in(chromium, lab, choice):
    printed = []
    with open_page(chromium, printed, viewport={"width": 1200, "height": 900}) as page:
        lab.open(page, "desktop.ipynb", shows=".guess")
        box = page.locator(".guess")
        button = box.get_by_role("button", name="Lock it in")
        expect(box.get_by_role("radio")).to_have_count(len(GUESS.choices))
        expect(button).to_be_disabled()
        for thinking in GUESS.choices.values():
            assert thinking not in page.content()
        lock(page, choice)
        answer = box.get_by_role("status")
        expect(answer).to_contain_text(GUESS.choices[choice])
        begin = "Right: " if choice == GUESS.right else "You guessed: "
        assert answer.inner_text().startswith(f"{begin}{choice}")
        expect(answer).to_contain_text(GUESS.choices[GUESS.right])
        for radio in box.get_by_role("radio").all():
            expect(radio).to_be_disabled()
        expect(box.get_by_role("button", name="Locked in")).to_be_disabled()
    assert printed == []


def test_all_choices_can_be_read_on_a_phone(chromium, lab):
    with open_page(chromium, [], **PHONE) as page:
        lab.open(page, "phone.ipynb", shows=".guess")
        box = lock(page, WRONG)
        expect(box.get_by_role("status")).to_be_visible()
        page.locator(".guess").scroll_into_view_if_needed()
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=SCREENSHOTS / "guess_on_a_phone.png")
        cut = "label => label.scrollWidth > label.clientWidth + 1"
        for label in box.locator(".widget-radio-box label").all():
            assert not label.evaluate(cut), label.inner_text()
            assert label.bounding_box()["x"] + label.bounding_box()["width"] <= PHONE["viewport"]["width"]
