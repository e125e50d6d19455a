"""What the tests of the exercises expect of a verdict."""

from helpers.exercises.verdict import Verdict


def assert_wrong(verdict: Verdict, words: str) -> None:
    """The answer is wrong or missing, and these words say why, up to a capital letter at their beginning."""
    assert not verdict.right
    assert verdict.text.startswith(("not yet. ", "still open. "))
    assert words.lower() in verdict.text.lower(), f"{words!r} is not in {verdict.text!r}"
