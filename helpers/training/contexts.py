"""The devices that a network can be trained on: the GPU, or cores of the CPU.

Chapters 3, 4 and 6, and the command line.
"""

from helpers.base.errors import DigitsError
from helpers.base.threads import cores

import mxnet as mx

MOST = 4  # contexts; with more of them the shares of a batch of 100 are too small to be worth it


def device(name: str = "auto") -> mx.Context:
    """Where to compute: "cpu", "gpu" (DigitsError where MXNet finds none), or "auto", the GPU where there is one."""
    if name not in ("auto", "cpu", "gpu"):
        raise DigitsError(f'expected the device "auto", "cpu" or "gpu", got "{name}": choose one of the three')
    if name == "cpu":
        return mx.cpu()
    if mx.context.num_gpus():
        return mx.gpu()
    if name == "gpu":
        raise DigitsError('expected a GPU, got a machine where MXNet finds no GPU: use device(name="auto") or "cpu"')
    return mx.cpu()


def devices() -> list[mx.Context]:
    """Every device that a Module can share its batches among: the GPU where there is one, else one per CPU core.

    There are at most four. Each context brings its own threads, OMP_NUM_THREADS of them: set that to 1 before MXNet is
    imported (`helpers.base.threads.set_threads`), so that each context has one core. On a CPU, one context with a
    thread per core is as fast and simpler.
    """
    if mx.context.num_gpus():
        return [mx.gpu()]
    return [mx.cpu(i) for i in range(min(MOST, cores()))]
