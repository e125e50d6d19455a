"""How many threads MXNet computes with: one for each device, where MXNet by itself would take half of the cores.

The threads of one operation wait for one another by spinning. Where another program keeps one core busy, the others
spin for the one that has no core: LeNet with two threads on two cores falls to a sixth of its speed, and a small
network is slower with two threads than with one even on a machine that does nothing else. Devices, the contexts of
`mx.mod.Module(context=[mx.cpu(0), mx.cpu(1)])`, share the images of a batch and wait for one another once in a batch
only. So as many devices as there are cores, with one thread each, use them all (`helpers.training.devices`).

MXNet and OpenMP read environment variables once, when `import mxnet` loads them; `helpers/__init__.py` calls
`prepare()` before. A variable that the user has set stays as it is.

All chapters.
"""

import os

import psutil

AUTO = "DIGITS_AUTO_THREADS"  # what `prepare` has set; a child process that inherits it counts for itself

WORKERS_HERE = "DIGITS_WORKERS_HERE"  # set by the launcher: how many workers share the cores of this host


def cores() -> int:
    """The physical cores that this process may use. Two threads of one core share its arithmetic units."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(usable, psutil.cpu_count(logical=False) or usable)


def cores_here() -> int:
    """The cores for this process where several workers share those of their host, at least 1."""
    return max(1, cores() // int(os.environ.get(WORKERS_HERE, 1)))


def prepare() -> None:
    """Give each operation of MXNet one thread, unless OMP_NUM_THREADS says otherwise."""
    set_threads(1)
    # A copy of a large array from NumPy would be shared among threads that belong to the Python thread, beside those
    # of MXNet's own worker. These are then more than there are cores, and OpenMP puts threads that wait to sleep at
    # once: waking them for each operation makes a small network half as fast. So such a copy takes one thread.
    os.environ.setdefault("MXNET_CPU_PARALLEL_SIZE", str(2**31 - 1))
    # All CPU devices share the working memory of their operators. With MXNet's 4 pieces of it two devices mostly wait
    # for one another; a network computed operator by operator, as in chapter 7, needs about 32 to keep both busy.
    os.environ.setdefault("MXNET_CPU_TEMP_COPY", "32")


def set_threads(count: int) -> None:
    """Choose the number of threads before `import mxnet`, where the user has not: afterwards it has no effect."""
    if os.environ.get("OMP_NUM_THREADS") == os.environ.get(AUTO):  # both are missing, or both as they were set here
        os.environ["OMP_NUM_THREADS"] = os.environ[AUTO] = str(count)
