"""Which devices there are to compute on."""

from helpers.base.errors import DigitsError
from helpers.base.threads import cores

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

    Each context brings its own threads, OMP_NUM_THREADS of them: set that to 1 before MXNet is imported
    (`helpers.base.threads.set_threads`), so that the contexts have one core each. More than four of them make the shares of
    a batch of 100 too small to be worth it. On a CPU, one context with a thread per core is as fast and simpler.
    """
    if mx.context.num_gpus():
        return [mx.gpu()]
    return [mx.cpu(i) for i in range(min(4, cores()))]
