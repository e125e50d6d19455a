"""helpers.exercises.guess: every guess of the chapters, the box without a browser, and the forms it takes elsewhere."""

import re
from html.parser import HTMLParser

import nbformat
import pytest
import tidy_notebook
from nbformat.v4 import new_code_cell, new_notebook, new_output

from helpers.base.errors import DigitsError
from helpers.exercises import Guess, guess, guesses_of

ALL = {f"{chapter}{letter}": each for chapter in range(1, 10) for letter, each in guesses_of(chapter).items()}


class Outline(HTMLParser):
    """The text of a page, that of folded parts apart, and whether each element is closed."""

    def __init__(self, page: str):
        super().__init__()
        self.open: list[str] = []
        self.shown = self.folded = ""
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "details" in self.open and "summary" not in self.open:
            self.folded += data
        else:
            self.shown += data


def html_of(box):
    return box._repr_mimebundle_()["text/html"]


def press(box):
    box._button.click()


def choose(box, choice):
    box._radio.value = choice.replace("`", "")


def plain(text):
    return text.replace("`", "")


# Every guess


def test_chapters_have_guesses_without_gaps():
    assert {"1a", "2a"} <= ALL.keys()
    for chapter in range(1, 10):
        letters = list(guesses_of(chapter))
        assert letters == list("abcdefghijkl"[: len(letters)])


@pytest.mark.parametrize("number", ALL)
def test_each_guess_reads_as_sentences(number):
    each = ALL[number]
    assert 3 <= len(each.choices) <= 5
    for text in (each.question, *each.choices, *each.choices.values()):
        assert text[0].isupper() or text[0].isdigit() or text[0] in "`+−-", text
        assert text[-1] in ".?!", text
        assert not re.search(r"[*_]\w|\]\(|[<>]", text), text


@pytest.mark.parametrize("number", ALL)
def test_the_answer_is_folded_where_there_is_no_kernel(number):
    each = ALL[number]
    page = Outline(html_of(guess(number)))
    assert page.open == []
    for choice in each.choices:
        assert plain(choice) in page.shown
    for thinking in each.choices.values():
        assert plain(thinking) in page.folded
        assert plain(thinking) not in page.shown
    assert "Right:" not in page.shown
    assert f"Right: {plain(each.right)}" in page.folded


# The box


def test_a_choice_is_fixed_once_it_is_locked_in():
    box = guess("2a")
    wrong, other = list(ALL["2a"].wrong)[:2]
    press(box)
    assert (box.choice, box._answer.value) == (None, "")
    choose(box, wrong)
    assert box._answer.value == ""
    press(box)
    shown = box._answer.value
    assert wrong in shown
    assert ALL["2a"].choices[wrong] in shown
    choose(box, other)
    press(box)
    assert box.choice == wrong
    assert box._answer.value == shown
    assert box._radio.disabled
    assert box._button.disabled


@pytest.mark.parametrize("number", ALL)
def test_the_answer_begins_with_what_belongs_to_the_choice(number):
    each = ALL[number]
    for choice, thinking in each.choices.items():
        box = guess(number)
        choose(box, choice)
        press(box)
        told = Outline(box._answer.value).shown
        begin = "Right: " if choice == each.right else "You guessed: "
        assert told.startswith(f"{begin}{plain(choice)} {plain(thinking)}")
        for text in each.choices.values():
            assert plain(text) in told


def test_two_boxes_of_a_guess_do_not_know_each_other():
    one, two = guess("2a"), guess("2a")
    choose(one, ALL["2a"].right)
    press(one)
    assert two.choice is None
    assert not two._radio.disabled


def test_texts_are_not_taken_for_html():
    odd = Guess("Is it?", {"a < b & `c`.": "Since b > a.", "No.": "Why?"}, right="No.")
    page = html_of(type(guess("2a"))(odd))
    assert "<li>a &lt; b &amp; <code>c</code>.</li>" in page


@pytest.mark.parametrize("number", ["2", "a", "2z", "2A", "99a", "", None, "2a ", 2])
def test_there_is_no_such_guess(number):
    with pytest.raises(DigitsError, match=r"^expected the number of a guess, got .*, which does not exist: write"):
        guess(number)


@pytest.mark.parametrize("right", ["Yes", "Maybe."])
def test_the_right_choice_has_to_be_among_them(right):
    with pytest.raises(DigitsError, match=r"^expected at least two choices, the right one among them, got"):
        Guess("Is it?", {"Yes.": "It is.", "No.": "It is not."}, right=right)


# Stored


def test_a_stored_notebook_keeps_the_folded_form():
    data = guess("2a")._repr_mimebundle_()
    cell = new_code_cell('guess("2a")', outputs=[new_output("execute_result", data, execution_count=1)])
    notebook = new_notebook(cells=[cell])
    tidy_notebook.tidy(notebook)
    (output,) = notebook.cells[0].outputs
    assert set(output.data) == {"text/html", "text/plain"}
    assert "<details>" in output.data["text/html"]
    nbformat.validate(notebook)
