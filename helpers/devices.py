"""Which devices there are to compute on."""

import os

from helpers.errors import DigitsError

import mxnet as mx


def device(name: str = "auto") -> mx.Context:
    """Where to compute: "cpu", "gpu" (DigitsError where MXNet finds none), or "auto", the GPU where there is one."""
    if name not in ("auto", "cpu", "gpu"):
        raise DigitsError(f'unknown device "{name}": choose "auto", "cpu" or "gpu"')
    if name == "cpu":
        return mx.cpu()
    if mx.context.num_gpus():
        return mx.gpu()
    if name == "gpu":
        raise DigitsError('MXNet finds no GPU here: use device(name="auto") or "cpu"')
    return mx.cpu()


def devices() -> list[mx.Context]:
    """Every device that a Module can share its batches among: the GPU where there is one, else one per CPU core.

    By itself MXNet uses one of two cores, so a convolutional network trains faster on a context for each; more than
    four of them make the shares of a batch of 100 too small to be worth it.
    """
    if mx.context.num_gpus():
        return [mx.gpu()]
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return [mx.cpu(i) for i in range(min(4, cores))]
