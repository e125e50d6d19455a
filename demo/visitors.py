"""One kernel for each visitor: a limited number of them, each taken away when nobody draws or it takes too much."""

import gc
import subprocess
from collections import Counter
from datetime import UTC, datetime, timedelta

import psutil
from jupyter_server.services.kernels.kernelmanager import AsyncMappingKernelManager
from tornado.ioloop import PeriodicCallback
from tornado.web import HTTPError
from traitlets import Integer

from helpers.base.server import PromptConnection

CLOSED = 60  # seconds without a connection until a page counts as closed: over a slow network it may connect late
LOOK = 1  # second between two looks at the memory of the kernels
MEGABYTE = 1024 * 1024


class VisitorKernels(AsyncMappingKernelManager):
    """Starts no more than `visitors` kernels, and shuts one down `cull_idle_timeout` seconds after the last stroke.

    A page that closes shuts its kernel down at once; where its browser does not say so, CLOSED seconds later. A kernel
    that holds more than `memory` MB ends within a second. That is looked up, as the operating system's own limits fit
    MXNet badly: RLIMIT_AS and RLIMIT_DATA count what threads and libraries reserve, 1.9 GB and 0.5 GB of which a kernel
    uses 0.25 GB on two cores, and more with every core.
    """

    visitors = Integer(20, config=True)
    memory = Integer(500, config=True)
    _starting = 0  # kernels that take a place, but are not counted by len() yet

    def __init__(self, **options):
        super().__init__(**options)
        self.sockets = Counter()  # how many websockets are open, by the id of their kernel

    async def start_kernel(self, **options) -> str:
        """Start a kernel and return its id. Raises HTTPError 503 when every place is taken."""
        if len(self) + self._starting >= self.visitors:
            raise HTTPError(503, reason="Every place is taken")
        self._starting += 1
        try:
            # What a kernel says of wrong messages would fill the terminal. What goes wrong in a cell, the server hears.
            silent = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
            return await super().start_kernel(extra_arguments=["--log-level=ERROR"], **silent, **options)
        finally:
            self._starting -= 1

    async def shutdown_kernel(self, kernel_id: str, **options) -> None:
        """Tell the page, then shut its kernel down: to a browser, a dead kernel looks like a slow one.

        What a visit leaves refers to itself in circles, and Python collects such so seldom that the server grew.
        """
        for connection in list(PromptConnection._open_sockets):
            if connection.kernel_id == kernel_id:
                connection._send_status_message("dead")
        await super().shutdown_kernel(kernel_id, **options)
        gc.collect()

    def initialize_culler(self) -> None:
        """Look at the memory of the kernels, too, from the first one on."""
        super().initialize_culler()
        PeriodicCallback(self.cull_large_kernels, LOOK * 1000).start()

    async def cull_large_kernels(self) -> None:
        """End every kernel that holds more than `memory` MB, at once: a busy one would not hear of it."""
        for kernel_id, kernel in list(self._kernels.items()):
            megabytes = resident(kernel.provisioner and kernel.provisioner.pid) // MEGABYTE
            if megabytes > self.memory and kernel_id in self:
                self.log.error("a visitor's kernel held %d MB and was ended: it may take %d", megabytes, self.memory)
                await self.shutdown_kernel(kernel_id, now=True)

    async def cull_kernel_if_idle(self, kernel_id: str) -> None:
        """Shut the kernel down where its page has closed, or where nobody has drawn for too long."""
        silent = datetime.now(UTC) - self._kernels[kernel_id].last_activity
        if not self._kernel_connections.get(kernel_id) and silent > timedelta(seconds=CLOSED):
            await self.shutdown_kernel(kernel_id)
        else:
            await super().cull_kernel_if_idle(kernel_id)


def resident(pid: int | None) -> int:
    """The bytes that a process holds in memory; 0 where there is no such process."""
    try:
        return psutil.Process(pid).memory_info().rss if pid else 0
    except psutil.Error:
        return 0
