"""The devices that a network can be trained on: the GPU, or cores of the CPU.

Chapters 3, 4 and 7, and the command line.
"""

from helpers.base.errors import DigitsError
from helpers.base.threads import cores_here

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


def devices(name: str = "auto") -> list[mx.Context]:
    """The devices that a Module shares each batch among: the GPU, or a context for each core of the CPU, at most four.

    name: as for `device`, with the same DigitsError. Each context computes in one thread (`helpers.base.threads`). The
    same number of them gives the same parameters, bit for bit; another number adds in another order, and each device
    draws its own random numbers for dropout.
    """
    first = device(name)
    if first.device_type == "gpu":
        return [first]
    return [mx.cpu(i) for i in range(min(MOST, cores_here()))]
