"""The exercises of chapter 6: log-uniform numbers, how many draws suffice, a pruner, a claim to object to.

Chapter 6.
"""

from collections.abc import Callable

import numpy as np

from helpers.exercises.guesses import Guess
from helpers.exercises.judge import answer_array, is_open, missing_point, wrong_number, wrong_shape, wrong_type

GUESSES = {
    "a": Guess(
        "How many of the twenty lie below 0.1?",
        {
            "About thirteen: two of the three factors of ten lie there.": (
                "Thinking in factors of ten. `uniform` does not: it thinks in lengths, and the stretch is short."
            ),
            "About ten: small and large rates are equally likely.": "They would be, if the border were at 0.5.",
            "About two.": "The stretch from 0.001 to 0.1 is a tenth of the range, so it gets a tenth of the draws.",
        },
        right="About two.",
    ),
    "b": Guess(
        "How many different learning rates do the two of them try?",
        {
            "Nine and nine: both train nine times.": (
                "Counting trainings. But in a grid three trainings share each rate and differ in the width alone."
            ),
            "The grid three, chance nine.": "Each of the three rates of the grid is trained with three widths.",
            "The grid nine, chance fewer, since it repeats itself.": (
                "Expecting chance to repeat itself, as dice do. Numbers with many digits hardly ever do."
            ),
        },
        right="The grid three, chance nine.",
    ),
    "c": Guess(
        "What is left of the search?",
        {
            "Nothing: it was in the memory of the process.": (
                "Right for a list of results in a notebook. But Optuna wrote each trial into the file as it ended."
            ),
            "The trials that had ended.": (
                "They are in the file. What was being trained at that moment is lost, but for its settings."
            ),
            "Everything: the training goes on where it was.": (
                "That would take a file of the parameters, too. The study holds settings and accuracies."
            ),
        },
        right="The trials that had ended.",
    ),
    "d": Guess(
        "By how much does the best of the twenty beat their mean?",
        {
            "Not at all: they are all equally good.": (
                "The settings are, the networks are not: the first weights and the order of the images differ."
            ),
            "By about a tenth of a point.": "That would be nice. With so few images the seed moves more than this.",
            "By almost a point.": "On MNIST by 0.8 points: more than many an improvement of which people are proud.",
        },
        right="By almost a point.",
    ),
}

GOOD = 0.05  # the share of settings that exercise 2 calls good
SURE = 0.95  # how likely it shall be that one of them is drawn


def exercise_1(log_uniform: Callable) -> str | None:
    """A function of a random generator, the lowest and the highest number, and how many to draw."""
    if not callable(log_uniform):
        return wrong_type(log_uniform, "a function")
    low, high, count = 1e-4, 1.0, 4000
    found = log_uniform(np.random.default_rng(0), low, high, count)
    if is_open(found):
        return "the function returns nothing yet: let it return `count` numbers."
    drawn = answer_array(found)
    if drawn.shape != (count,):
        return wrong_shape(drawn.shape, (count,), "return as many numbers as `count` says.")
    if np.array_equal(drawn, answer_array(log_uniform(np.random.default_rng(1), low, high, count))):
        return "these are the same numbers for every `rng`: draw them with rng.uniform."
    if drawn.max() <= 0:
        return "these are logarithms: lead them back to numbers by the power that belongs to your logarithm."
    below = (drawn < 0.1).mean()
    if below < 0.2:
        return f"only {below:.0%} are below 0.1, as if drawn evenly: draw their logarithms evenly."
    if drawn.min() < low * 0.999 or drawn.max() > high * 1.001 or drawn.min() > 2 * low:
        return (
            f"the numbers go from {drawn.min():.2g} to {drawn.max():.2g}, but they should go from {low:g} to {high:g}: "
            "do the logarithm and the power have the same base?"
        )
    shares = np.histogram(np.log10(drawn), bins=4, range=(-4, 0))[0] / count
    if np.abs(shares - 0.25).max() > 0.05:
        shown = ", ".join(f"{share:.0%}" for share in shares)
        return f"the four factors of ten from {low:g} to {high:g} get {shown} of the numbers, but each should get 25%."
    return None


def exercise_2(draws) -> str | None:
    """The smallest number of draws, a whole number."""
    right = int(np.ceil(np.log(1 - SURE) / np.log(1 - GOOD)))
    mistakes = [
        (20, "with 20 draws one good one is expected on average, but in 36 of 100 cases there is none."),
        (19, "with 19 draws the chance is 62%: how likely is it that all of them miss?"),
        (1, "a single draw is good with a chance of 5%."),
        (right - 1, "so close: with 58 all miss with a chance of 5.1%, which is still more than 5%."),
        (right + 1, "this is enough, but one fewer is enough, too."),
        (SURE, "this is the chance that you want: how many draws does it take?"),
    ]
    if isinstance(draws, float) and not draws.is_integer() and right - 1 < draws < right:
        return "right, but draws come whole: which is the smallest whole number that is enough?"
    return wrong_number(draws, right, mistakes)


# Accuracies after each epoch of four trainings; two of them were given up early.
EARLIER = [[0.50, 0.70, 0.80], [0.60, 0.80, 0.90], [0.40], [0.70, 0.90]]


def exercise_3(hopeless: Callable) -> str | None:
    """A function of an accuracy, an epoch and the accuracies of earlier trainings."""
    if not callable(hopeless):
        return wrong_type(hopeless, "a function")
    first = hopeless(0.54, 0, _copy())  # median 0.55
    if is_open(first):
        return "the function returns nothing yet: let it return True or False."
    if not isinstance(first, bool | np.bool_):
        return wrong_type(first, "True or False")
    if hopeless(0.95, 1, _copy()):
        return "a training that is better than all others is given up: is the comparison the right way round?"
    if hopeless(0.56, 0, _copy()):
        return (
            "after the first epoch 0.56 is above the median of 0.50, 0.60, 0.40 and 0.70, and yet it is given up: "
            "compare with the same epoch of the others, not with their last or their best."
        )
    if not first:
        return (
            "after the first epoch 0.54 is below the median of 0.50, 0.60, 0.40 and 0.70, which is 0.55, and yet it "
            "goes on."
        )
    if not hopeless(0.75, 1, _copy()):
        return (
            "after the second epoch 0.75 is below 0.80, the median of the three that came so far: does yours count "
            "one that did not, or the mean, or the first epoch?"
        )
    if hopeless(0.10, 2, _copy()):
        return "only two trainings have reached the third epoch, and fewer than three are not asked."
    if hopeless(0.10, 0, []):
        return "the first training of all is given up, with nothing to compare it with."
    if hopeless(0.80, 1, _copy()):
        return "0.80 equals the median, and only what is below it is given up."
    return None


def _copy() -> list[list[float]]:
    return [list(each) for each in EARLIER]


def exercise_4(objection) -> str | None:
    """Your objection, a text of three or four sentences."""
    points = [
        (
            r"\bvalidat|held[- ]out|never seen|\bunseen|fresh|new images|new test|chos\w* by (the )?test",
            "By which images were the 200 settings chosen, and what do these images still tell afterwards?",
        ),
        (
            r"\bluck|\bchance|flatter|random|coinciden|noise|lottery|expected maximum|too optimistic|overstat",
            "How high would the best of 200 come out if all of them were equally good?",
        ),
        (
            r"\bseed|repeat|once more|several (times|runs|trainings)|again|spread|interval|average|\bmean\b",
            "Each number comes from a single training: what would you do about that?",
        ),
    ]
    return missing_point(objection, points, least=25)
