"""A guess that is locked in before its answer can be seen: `guess("2a")` below the question of a chapter.

The guesses of chapter 2 stand in the dictionary GUESSES of the module `chapter2`, by their letters. The teacher's notes
have the same texts: `python tools/guesses_in_notes.py` writes them there.

Chapters 1 to 9.
"""

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module

import ipywidgets

from helpers.base.errors import DigitsError

WIDGET = "application/vnd.jupyter.widget-view+json"
# On a narrow screen a choice takes two lines, but ipywidgets gives each the height of one.
STYLE = """<style>
.guess .widget-radio-box label { display: flex; flex-direction: row-reverse; justify-content: flex-end; gap: 6px; }
.guess .widget-radio-box label { align-items: baseline; height: auto; line-height: 1.4; padding: 2px 0; }
.guess .widget-radio-box input { flex: none; height: auto; }
.guess .widget-html-content { line-height: 1.5; max-width: 44em; }
</style>"""


@dataclass(frozen=True)
class Guess:
    """A question of a chapter with the answers to choose from.

    question: as the cell above it ends, word for word. choices: in the order in which they are shown, each with the
    thinking behind it; that of the right one says why it is right. right: the right choice. The texts are plain, but
    for `code` in backticks.
    """

    question: str
    choices: Mapping[str, str]
    right: str

    def __post_init__(self):
        if self.right not in self.choices or len(self.choices) < 2:
            raise DigitsError(
                f"expected at least two choices, the right one among them, got {list(self.choices)}: "
                f'which of them is "{self.right}"?'
            )

    @property
    def wrong(self) -> dict[str, str]:
        """The other choices, each with the thinking behind it."""
        return {choice: thinking for choice, thinking in self.choices.items() if choice != self.right}


class GuessBox:
    """A guess to make: in a notebook with a kernel a widget, elsewhere a list with a folded answer.

    `choice` is the choice that was locked in, or None.
    """

    def __init__(self, guess: Guess):
        self.guess = guess
        self.choice: str | None = None
        plain = [(choice.replace("`", ""), choice) for choice in guess.choices]
        self._radio = ipywidgets.RadioButtons(options=plain, value=None, layout={"width": "auto"})
        self._button = ipywidgets.Button(description="Lock it in", disabled=True, button_style="primary")
        self._answer = ipywidgets.HTML()
        self._radio.observe(self._chosen, "value")
        self._button.on_click(self._lock)
        self._box = ipywidgets.VBox([ipywidgets.HTML(STYLE), self._radio, self._button, self._answer])
        self._box.add_class("guess")

    def _chosen(self, _) -> None:
        self._button.disabled = self._radio.value is None or self.choice is not None

    def _lock(self, _) -> None:
        """Fix the choice and show the answer, which the browser does not have before."""
        if self.choice is None and self._radio.value is not None:
            self.choice = self._radio.value
            self._radio.disabled = True
            self._button.disabled = True
            self._button.description = "Locked in"
            self._answer.value = f'<div role="status">{_verdict(self.guess, self.choice)}</div>'

    def __repr__(self) -> str:
        return "\n".join(["Guess:", *(f"- {choice}" for choice in self.guess.choices)])

    def _repr_mimebundle_(self, include=None, exclude=None):
        view = {"version_major": 2, "version_minor": 0, "model_id": self._box.model_id}
        return {WIDGET: view, "text/html": _still(self.guess), "text/plain": repr(self)}


def guess(number: str) -> GuessBox:
    """The box of a guess by the number of its chapter and its letter, such as "2a".

    Raises DigitsError for a guess that does not exist.
    """
    found = re.fullmatch(r"(\d+)([a-z])", str(number))
    try:
        return GuessBox(guesses_of(int(found[1]))[found[2]])
    except (TypeError, KeyError):
        raise DigitsError(
            f'expected the number of a guess, got "{number}", which does not exist: '
            'write the number of its chapter and its letter, for example "2a"'
        ) from None


def guesses_of(chapter: int) -> dict[str, Guess]:
    """The guesses of a chapter by their letters; none of a chapter that has none, or does not exist."""
    try:
        return getattr(import_module(f"helpers.exercises.chapter{chapter}"), "GUESSES", {})
    except ModuleNotFoundError:
        return {}


def _verdict(guess: Guess, choice: str) -> str:
    """The answer as HTML, beginning with what belongs to the choice."""
    others = {other: thinking for other, thinking in guess.wrong.items() if other != choice}
    right = f"{_marked(guess.right)} {_marked(guess.choices[guess.right])}"
    if choice == guess.right:
        told = f"<p><b>Right:</b> {right}</p>"
    else:
        told = f"<p><b>You guessed:</b> {_marked(choice)} {_marked(guess.choices[choice])}</p>"
        told += f"<p><b>The answer:</b> {right}</p>"
    return told + (f"<p>What others guess, and what they are thinking:</p>{_thinking(others)}" if others else "")


def _still(guess: Guess) -> str:
    """The choices and the folded answer as HTML, for a page without a kernel."""
    choices = "".join(f"<li>{_marked(choice)}</li>" for choice in guess.choices)
    right = f"<p><b>Right:</b> {_marked(guess.right)} {_marked(guess.choices[guess.right])}</p>"
    folded = f"<details><summary>Answer</summary>{right}{_thinking(guess.wrong)}</details>"
    return f"<p>Choose one before you unfold the answer:</p><ul>{choices}</ul>{folded}"


def _thinking(choices: Mapping[str, str]) -> str:
    each = (f"<li><i>{_marked(choice)}</i> {_marked(thinking)}</li>" for choice, thinking in choices.items())
    return f"<ul>{''.join(each)}</ul>"


def _marked(text: str) -> str:
    """A text as HTML, with what stands in backticks as code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(text, quote=False))
