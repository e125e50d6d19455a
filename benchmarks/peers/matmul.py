"""GFLOP/s of a product of two float32 matrices of 2048 x 2048: the best of ten, for numpy, mxnet or torch.

python benchmarks/peers/matmul.py numpy
"""

import sys
import time
from pathlib import Path

import numpy as np

SIZE, TIMES = 2048, 10


def product(library: str):
    """A function that multiplies and waits for the result."""
    a, b = np.random.default_rng(0).random((2, SIZE, SIZE), dtype=np.float32)
    if library == "numpy":
        return lambda: a @ b
    if library == "torch":
        import torch

        a, b = torch.from_numpy(a), torch.from_numpy(b)
        return lambda: torch.mm(a, b)
    sys.path.append(str(Path(__file__).parent.parent.parent))
    import helpers  # noqa: F401  has to come before mxnet

    import mxnet as mx

    a, b = mx.nd.array(a), mx.nd.array(b)
    return lambda: mx.nd.dot(a, b).wait_to_read()


if __name__ == "__main__":
    multiply = product(sys.argv[1])
    seconds = []
    for _ in range(TIMES + 1):
        start = time.perf_counter()
        multiply()
        seconds.append(time.perf_counter() - start)
    print(2 * SIZE**3 / min(seconds[1:]) / 1e9)
