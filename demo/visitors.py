"""One kernel for each visitor: a limited number of them, each taken away when nobody draws."""

from datetime import UTC, datetime, timedelta

from jupyter_server.services.kernels.kernelmanager import AsyncMappingKernelManager
from tornado.web import HTTPError
from traitlets import Integer

from helpers.base.server import PromptConnection

CLOSED = 60  # seconds without a connection until a page counts as closed: over a slow network it may connect late


class VisitorKernels(AsyncMappingKernelManager):
    """Starts no more than `visitors` kernels, and shuts one down `cull_idle_timeout` seconds after the last stroke.

    A page that closes shuts its kernel down at once; where its browser does not say so, CLOSED seconds later.
    """

    visitors = Integer(20, config=True)
    _starting = 0  # kernels that take a place, but are not counted by len() yet

    async def start_kernel(self, **options) -> str:
        """Start a kernel and return its id. Raises HTTPError 503 when every place is taken."""
        if len(self) + self._starting >= self.visitors:
            raise HTTPError(503, reason="Every place is taken")
        self._starting += 1
        try:
            return await super().start_kernel(extra_arguments=["--log-level=ERROR"], **options)
        finally:
            self._starting -= 1

    async def shutdown_kernel(self, kernel_id: str, **options) -> None:
        """Tell the page, then shut its kernel down: to a browser, a dead kernel looks like a slow one."""
        for connection in list(PromptConnection._open_sockets):
            if connection.kernel_id == kernel_id:
                connection._send_status_message("dead")
        await super().shutdown_kernel(kernel_id, **options)

    async def cull_kernel_if_idle(self, kernel_id: str) -> None:
        """Shut the kernel down where its page has closed, or where nobody has drawn for too long."""
        silent = datetime.now(UTC) - self._kernels[kernel_id].last_activity
        if not self._kernel_connections.get(kernel_id) and silent > timedelta(seconds=CLOSED):
            await self.shutdown_kernel(kernel_id)
        else:
            await super().cull_kernel_if_idle(kernel_id)
