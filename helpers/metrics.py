"""A training accuracy that does not hold up the training."""

from collections import deque

import mxnet as mx

BEHIND = 20  # batches


class LazyAccuracy(mx.metric.EvalMetric):
    """Accuracy for `Module.fit(eval_metric=...)`, counted a little later: correct over total, 0 to 1.

    `mx.metric.Accuracy` fetches each batch's answers at once, and so waits for them, before the next batch can be
    handed to MXNet. This one notes a copy of the answers, which MXNet makes when it gets there, and counts it `BEHIND`
    batches later or at `get()`. So Python stays ahead, but never so far that the waiting batches fill the memory.
    """

    def __init__(self):
        super().__init__("accuracy")

    def reset(self) -> None:
        super().reset()
        self._noted = deque()

    def update(self, labels: list[mx.nd.NDArray], preds: list[mx.nd.NDArray]) -> None:
        """labels: (N,) each; preds: probabilities (N, 10) each, one pair per output of the network."""
        self._noted.extend((label, pred.copy()) for label, pred in zip(labels, preds, strict=True))
        while len(self._noted) > BEHIND:
            self._count()

    def get(self) -> tuple[str, float]:
        """The name and the accuracy since the last `reset()`, NaN before the first batch. Waits for the batches."""
        while self._noted:
            self._count()
        return super().get()

    def _count(self) -> None:
        label, pred = self._noted.popleft()
        self.sum_metric += int((pred.asnumpy().argmax(axis=1) == label.asnumpy()).sum())
        self.num_inst += len(label)
