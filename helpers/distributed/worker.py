"""One worker among several: join the parameter server, take a share of the data, agree with the others.

In "dist_sync" a step uses one batch of the whole job, of which each worker computes an equal part: the servers add up
the workers' gradients, and each worker takes the same step with the sum. (MXNet would also let the servers take the
step. But then nobody can read the state of the optimizer, which a checkpoint has to hold.) In "dist_async" each worker
pushes the gradient of a batch of its own as soon as it has it, and the servers take a step with each.

Serves training and the command line.
"""

import atexit
import json
import os
import sys
import threading
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from helpers.base.environment import job_fault
from helpers.base.errors import DigitsError
from helpers.distributed.nodes import behind_socket, socket_of

import mxnet as mx

if TYPE_CHECKING:
    from helpers.data.load import Split

START_SECONDS = 60  # for scheduler, servers and all workers to have found each other


class CountingStore(mx.kv.KVStore):
    """MXNet's own, which also counts the bytes that this worker pushes and pulls."""

    moved = 0

    @classmethod
    def create(cls, kind: str) -> "CountingStore":
        """As mx.kv.create does it. kind: "dist_sync" or "dist_async"."""
        plain = mx.kv.create(kind)
        store = cls(plain.handle)
        plain.handle = None  # there is one store, which only one of the two may free
        return store

    def push(self, key: str, value: mx.nd.NDArray | list[mx.nd.NDArray], **options: object) -> None:
        """Give the servers a gradient."""
        super().push(key, value, **options)
        self._count(value)

    def pull(self, key: str, out: mx.nd.NDArray | list[mx.nd.NDArray], **options: object) -> None:
        """Take a value from the servers."""
        super().pull(key, out, **options)
        self._count(out)

    def pushpull(self, key: str, value: list[mx.nd.NDArray], out: object = None, **options: object) -> None:
        """Do both; what is pulled takes the place of `value` where `out` is None."""
        super().pushpull(key, value, out, **options)
        self._count(value)
        self._count(value if out is None else out)

    def _count(self, value: mx.nd.NDArray | list[mx.nd.NDArray]) -> None:
        """Of a list, which has an array for each device here, one travels: MXNet adds them up before."""
        array = value[0] if isinstance(value, list) else value
        self.moved += array.size * np.dtype(array.dtype).itemsize


@dataclass(frozen=True)
class Place:
    """Where this process stands in its job: alone, or with the `kvstore` that the workers share."""

    kvstore: CountingStore | None = None

    @property
    def kind(self) -> str:
        """ "local", "dist_sync" or "dist_async"."""
        return self.kvstore.type if self.kvstore else "local"

    @property
    def host(self) -> str | None:
        """The address that this worker listens at; None where it is alone, or behind a socket."""
        return os.environ.get("DMLC_NODE_HOST") if self.kvstore and not behind_socket() else None

    @property
    def moved(self) -> int | None:
        """The bytes that this worker has pushed and pulled so far; None without a store."""
        return self.kvstore.moved if self.kvstore else None

    @property
    def workers(self) -> int:
        """How many workers there are, this one counted."""
        return self.kvstore.num_workers if self.kvstore else 1

    @property
    def worker(self) -> int:
        """The number of this worker, from 0."""
        return self.kvstore.rank if self.kvstore else 0

    @property
    def first(self) -> bool:
        """Whether this is worker 0, the one that validates and saves."""
        return self.worker == 0

    @property
    def steps_per_batch(self) -> int:
        """How many steps all workers together take while this one goes through a batch."""
        return self.workers if self._asynchronous else 1

    def share(self, split: "Split") -> "Split":
        """This worker's part of the images."""
        return share(split, self.workers, self.worker) if self.workers > 1 else split

    def batch_of_each(self, batch_size: int) -> int:
        """How many images of a step this worker computes. Raises DigitsError where the parts would not be equal."""
        if self._asynchronous:
            return batch_size
        if batch_size % self.workers:
            next_size = -(-batch_size // self.workers) * self.workers
            given = f"expected a batch size that can be split equally among {self.workers} workers, got {batch_size}"
            raise DigitsError(f"{given}: give --batch-size {next_size}")
        return batch_size // self.workers

    def agree(self, settings: dict[str, object]) -> None:
        """Raise DigitsError where this worker's settings are not worker 0's, such as other data on another host."""
        theirs = json.loads(self.broadcast("settings", json.dumps(settings).encode()))
        for name, value in settings.items():
            if theirs[name] != value:
                given = f"expected {name} = {theirs[name]}, as worker 0 has, got {value} at worker {self.worker}"
                raise DigitsError(f"{given}: make the hosts alike")

    def broadcast(self, key: str, content: bytes) -> bytes:
        """What worker 0 gives as `content`, at every worker. All have to call it, with a key that is used only once."""
        if self.kvstore is None:
            return content
        length = len(content).to_bytes(8, "little")
        size = int.from_bytes(self._broadcast(f"{key}/length", length), "little")
        return self._broadcast(key, content if self.first else bytes(size)) if size else b""

    def _broadcast(self, key: str, content: bytes) -> bytes:
        """Send one byte as one float32, the type that every server takes; `content` has the same length everywhere."""
        values = mx.nd.array(np.frombuffer(content, np.uint8), dtype=np.float32)
        self.kvstore.init(key, values)  # waits for all workers, and takes what worker 0 gives
        self.kvstore.pull(key, out=values)
        return values.asnumpy().astype(np.uint8).tobytes()

    @property
    def _asynchronous(self) -> bool:
        return "async" in self.kind


def share(split: "Split", num_parts: int, part_index: int) -> "Split":
    """Part `part_index` of `num_parts` equal ones: every num_parts-th image. What cannot be dealt out is left out."""
    end = len(split.labels) - len(split.labels) % num_parts
    return type(split)(split.images[part_index:end:num_parts], split.labels[part_index:end:num_parts])


def place_of(kind: str | None = None) -> Place:
    """Where this process stands. kind: "local", "dist_sync", "dist_async", or None for what suits.

    Raises DigitsError for "local" in a launch, and as `join` does.
    """
    launched = os.environ.get("DMLC_ROLE") == "worker"
    kind = kind or ("dist_sync" if launched else "local")
    if kind != "local":
        return join(kind)
    if launched:
        given = 'expected the kvstore dist_sync or dist_async in a launch, got "local", which leaves each worker alone'
        raise DigitsError(f"{given}: choose one of the two")
    return Place()


@cache  # keeps the store: freed after an error, it would tell the servers that this worker has done its part
def join(kind: str) -> Place:
    """Become a worker of the job that the launcher has started this process for. kind: "dist_sync" or "dist_async".

    Where the others do not answer within the seconds that DIGITS_START_SECONDS gives, or 60, it ends the process with
    one line on stderr: MXNet itself would wait for ever, and cannot be interrupted. Raises DigitsError outside a job.
    """
    if os.environ.get("DMLC_ROLE") != "worker":
        command = f"python -m helpers launch -n 2 -s 1 -- train ... --kvstore {kind}"
        raise DigitsError(f'expected a scheduler and servers for "{kind}", got none: start them with `{command}`')
    fault = job_fault(os.environ)
    if fault:
        raise DigitsError(fault)
    seconds = float(os.environ.get("DIGITS_START_SECONDS", START_SECONDS))
    timer = threading.Timer(seconds, _give_up, [seconds])
    timer.daemon = True
    timer.start()
    atexit.register(join.cache_clear)
    # Module.fit reads it: with "dist_sync" each worker takes the steps itself.
    os.environ["MXNET_UPDATE_ON_KVSTORE"] = "0" if kind == "dist_sync" else "1"
    before = os.umask(0o077)  # of the socket that MXNet makes here, whose file nobody else may open
    try:
        return Place(CountingStore.create(kind))
    finally:
        os.umask(before)
        timer.cancel()


def _give_up(seconds: float) -> None:
    """End this process, from the thread of a timer, with one line on stderr."""
    host, port = os.environ["DMLC_PS_ROOT_URI"], os.environ["DMLC_PS_ROOT_PORT"]
    if behind_socket():
        where, fix = socket_of(port), "see that it runs, or give it longer with --start-seconds"
    else:
        where, fix = f"{host}:{port}", "see that it runs and that no firewall is between the hosts"
    print(
        f"error: expected the scheduler at {where} to bring all together within {seconds:g} seconds, "
        f"got no answer: {fix}",
        file=sys.stderr,
        flush=True,
    )
    os._exit(1)
