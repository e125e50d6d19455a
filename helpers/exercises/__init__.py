"""Exercises that answer back: `check("2.1", answer)` says that an answer is right, or what is wrong with it.

The module `chapter1` judges the exercises of chapter 1, and so on; what the judges share is in `judge`. `guess("2a")`
shows the choices of a guess and, once one is locked in, the answer.

Chapters 1 to 9.
"""

from helpers.exercises.guesses import Guess, GuessBox, guess, guesses_of
from helpers.exercises.ledger import LEDGER_FIELDS, VERDICTS
from helpers.exercises.verdict import check

__all__ = ["LEDGER_FIELDS", "VERDICTS", "Guess", "GuessBox", "check", "guess", "guesses_of"]
