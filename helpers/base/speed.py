"""MXNet's own names, made fast on a CPU: what `NDArrayIter`, `optimizer="sgd"` and `eval_metric="acc"` do behind them.

Code as MXNet's tutorials write it trains a small network at a third of what the processor can do. Three things cost
that time, and each is mended where MXNet lets one in:

- `eval_metric="acc"` waits for the answers of each batch before the next batch is handed to MXNet. MXNet's registry of
  metrics gives `LazyAccuracy` for that name instead.
- `optimizer="sgd"` changes several arrays by one operator, which was made for graphics cards: on a CPU it takes 1.6
  times as long for each number. A class of ours in the registry of optimizers would not do, since a parameter server
  reads it inside `import mxnet`, where it knows MXNet's alone. So one method of `mx.optimizer.SGD` is replaced.
- `NDArrayIter(shuffle=True)` copies all images into their new order at each epoch, then cuts the batches out in the
  thread that computes. Here NumPy gathers a batch in the Python thread while MXNet computes the one before. There is no
  registry of iterators, so two methods of `mx.io.NDArrayIter` are replaced.

For the same seed, the order of the images and the way accuracy is counted are MXNet's own to the last digit. The
parameters differ in rounding, since one operator multiplies in another order than the other does.

`helpers.base.compat` imports this module at the end of `import mxnet`. With the variable DIGITS_SPEED=0 MXNet stays as
it is.

Chapters 2 to 4.
"""

import ctypes
import functools
import os
import warnings
from collections import deque

import numpy as np

import mxnet as mx

BEHIND = 20  # batches by which LazyAccuracy counts later than it is told


class LazyAccuracy(mx.metric.Accuracy):
    """`eval_metric="acc"`: correct over total, 0 to 1, as `mx.metric.Accuracy` counts, but a little later.

    That one fetches the answers of each batch at once, and so waits for them, before the next batch can be handed to
    MXNet. This one notes which classes they are, which MXNet finds when it gets there, and counts them `BEHIND` batches
    later or when it is asked. So Python stays ahead, but never so far that the waiting batches fill the memory.
    """

    def update(self, labels: list[mx.nd.NDArray], preds: list[mx.nd.NDArray]) -> None:
        """labels: (N,) each; preds: probabilities (N, 10) or classes (N,) each, one pair per output of the network.

        Raises ValueError where they differ in number.
        """
        labels, preds = mx.metric.check_label_shapes(labels, preds, True)
        for label, pred in zip(labels, preds, strict=True):
            classes = pred.copy() if pred.shape == label.shape else mx.nd.argmax(pred, axis=self.axis)
            self._noted.append((label, classes))
        while len(self._noted) > BEHIND:
            self._count()

    def reset(self) -> None:
        """Forget all counts."""
        super().reset()
        self._noted = deque()

    def reset_local(self) -> None:
        """Forget the counts since the last call; those of the whole epoch stay. Waits for the batches."""
        self._count_all()
        super().reset_local()

    def get(self) -> tuple[str, float]:
        """The name and the accuracy since the last reset, NaN before the first batch. Waits for the batches."""
        self._count_all()
        return super().get()

    def get_global(self) -> tuple[str, float]:
        """The name and the accuracy since the last `reset()`, NaN before the first batch. Waits for the batches."""
        self._count_all()
        return super().get_global()

    def _count_all(self) -> None:
        while self._noted:
            self._count()

    def _count(self) -> None:
        label, classes = self._noted.popleft()
        super().update([label], [classes])


def _prepare() -> None:
    """Put all three in place."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # MXNet warns of a name that is registered again
        mx.metric.alias("acc", "accuracy")(LazyAccuracy)
    mx.optimizer.SGD._update_impl = _each_array_alone(mx.optimizer.SGD._update_impl)
    mx.io.NDArrayIter._shuffle_data = _shuffled_by_index(mx.io.NDArrayIter._shuffle_data)
    mx.io.NDArrayIter._getdata = _gathered(mx.io.NDArrayIter._getdata)


def _each_array_alone(original):
    """`mx.optimizer.SGD._update_impl` with one operator for each array, for arrays on a CPU that hold all numbers."""

    @functools.wraps(original)
    def update(self, indices, weights, grads, states, multi_precision=False):
        if not isinstance(indices, (tuple, list)):
            indices, weights, grads, states = [indices], [weights], [grads], [states]
        if multi_precision or self.momentum < 0 or not all(map(_is_plain, (*weights, *grads))):
            return original(self, indices, weights, grads, states, multi_precision)
        self._update_count(indices)
        settings = {"rescale_grad": self.rescale_grad}
        if self.clip_gradient:
            settings["clip_gradient"] = self.clip_gradient
        rates = zip(self._get_lrs(indices), self._get_wds(indices), strict=True)
        for weight, grad, state, (lr, wd) in zip(weights, grads, states, rates, strict=True):
            if state is None:
                mx.nd.sgd_update(weight, grad, out=weight, lr=lr, wd=wd, **settings)
            else:
                mx.nd.sgd_mom_update(weight, grad, state, out=weight, momentum=self.momentum, lr=lr, wd=wd, **settings)

    return update


def _shuffled_by_index(original):
    """`mx.io.NDArrayIter._shuffle_data`, which draws the same order, but leaves the images where they are."""

    @functools.wraps(original)
    def shuffle(self):
        if "layout" not in self.__dict__ or not _can_gather(self):  # it has none yet while it is made
            return original(self)
        np.random.shuffle(self.idx)
        self._order = _order(self)[self.idx]  # as MXNet does it: the order of the last epoch, in a new one

    return shuffle


def _gathered(original):
    """`mx.io.NDArrayIter._getdata` for an iterator that shuffles."""

    @functools.wraps(original)
    def getdata(self, data_source, start=None, end=None):
        if not self.shuffle or not _can_gather(self):
            return original(self, data_source, start, end)
        rows = _order(self)[start:end]
        return [mx.nd.from_numpy(_view(array)[rows]) for _, array in data_source]

    return getdata


def _can_gather(iterator: mx.io.NDArrayIter) -> bool:
    """Whether the first axis of its arrays counts the images, and NumPy can read them."""
    arrays = [array for _, array in iterator.data + iterator.label]
    return iterator.layout.startswith("N") and all(map(_is_plain, arrays))


def _order(iterator: mx.io.NDArrayIter) -> np.ndarray:
    """At each place in this epoch, the number of the image in the iterator's arrays."""
    return iterator.__dict__.setdefault("_order", np.arange(iterator.num_data))


def _is_plain(array: object) -> bool:
    """Whether it is an array of MXNet's in this computer's memory, with all its numbers, float32."""
    return (
        isinstance(array, mx.nd.NDArray)
        and array.stype == "default"
        and array.dtype == np.float32
        and array.context.device_type == "cpu"
    )


def _view(array: mx.nd.NDArray) -> np.ndarray:
    """The numbers of the array where they are, without a copy; they must not be changed."""
    array.wait_to_read()
    address = ctypes.c_void_p()
    mx.base.check_call(mx.base._LIB.MXNDArrayGetData(array.handle, ctypes.byref(address)))
    numbers = ctypes.cast(address, ctypes.POINTER(ctypes.c_float))
    return np.ctypeslib.as_array(numbers, array.shape)


# Here, as a class registers itself, and not called by `compat`: where this module is imported before MXNet, it is only
# half there when MXNet comes to its end.
if os.environ.get("DIGITS_SPEED") != "0":
    _prepare()
