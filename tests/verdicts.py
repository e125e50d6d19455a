"""What the tests of the exercises expect of a verdict."""

from helpers.exercises import Verdict


def assert_wrong(verdict: Verdict, words: str) -> None:
    """It says that the answer is wrong, and these words of why."""
    assert not verdict.right
    assert verdict.text.startswith("not yet. ")
    assert words in verdict.text
