"""Judge when a training stops: scripted trainings whose validation accuracies are known beforehand."""

from collections.abc import Callable

from helpers.exercises.judge import is_open

# Accuracies, patience, the best epoch, and the epoch after which the training has to stop.
RUNS = [
    ([0.90, 0.93, 0.92, 0.95, 0.94, 0.93, 0.92, 0.96], 2, 4, 6),
    ([0.90, 0.95, 0.91, 0.93, 0.92, 0.94, 0.93, 0.92, 0.91, 0.96], 3, 2, 5),
    ([0.90, 0.90, 0.90, 0.95, 0.94, 0.93, 0.92], 2, 1, 3),
    ([0.90, 0.89, 0.95], 1, 1, 2),
]


class _Endless(Exception):
    """The training has gone on after the last accuracy that is known."""


class _Run:
    """A training and its validation, for a function that stops them in time."""

    def __init__(self, accuracies: list[float]):
        self._accuracies, self.epochs = accuracies, 0

    def train_epoch(self) -> None:
        if self.epochs == len(self._accuracies):
            raise _Endless
        self.epochs += 1

    def validate(self) -> float:
        return self._accuracies[self.epochs - 1] if self.epochs else 0.1  # a guess before the first epoch


def wrong_stop(stop_early: Callable) -> str | None:
    """Judge `stop_early(train_epoch, validate, patience)`, which returns the number of the best epoch, from 1."""
    for accuracies, patience, best, last in RUNS:
        run, found = _Run(accuracies), None
        try:
            found = stop_early(run.train_epoch, run.validate, patience)
        except _Endless:
            mistake = f"your training does not stop: after epoch {last}, {patience} in a row had not beaten the best."
        else:
            if is_open(found):
                return "the function returns nothing yet: let it return the number of the best epoch."
            mistake = _wrong_epochs(run.epochs, last) or _wrong_best(found, best, last, accuracies)
        if mistake:
            known = ", ".join(f"{accuracy:.2f}" for accuracy in accuracies[: max(last, run.epochs)])
            return f"with patience {patience} and the accuracies {known}: {mistake}"
    return None


def _wrong_epochs(epochs: int, last: int) -> str | None:
    if epochs == 0:
        return "nothing is trained: call train_epoch() in a loop."
    if epochs < last:
        return (
            f"your training stops after epoch {epochs}, and {last} are wanted: "
            "each epoch that is better than all before starts the patience anew."
        )
    if epochs == last + 1:
        return f"your training stops after epoch {epochs}, one too late: the patience ended with epoch {last}."
    if epochs > last:
        return (
            f"your training stops after epoch {epochs}, and {last} are wanted: "
            "compare with the best so far, not with the epoch before, and equal is not better."
        )
    return None


def _wrong_best(found, best: int, last: int, accuracies: list[float]) -> str | None:
    if found == best:
        return None
    if found == best - 1:
        return f"{found} comes back: epochs are counted from 1."
    if found == last:
        return f"{found} comes back, the last epoch: the best is wanted."
    if found == accuracies[best - 1]:
        return f"{found} comes back, an accuracy: the number of its epoch is wanted."
    return f"{found!r} comes back: the number of the best epoch is wanted."
