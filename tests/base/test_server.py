"""No Nagle delay on the kernels' websockets: asked of the sockets of real servers while a kernel talks."""

import asyncio
import json
import sys
import urllib.request

import pytest

from tests.tools import hosts
from tests.tools.kernel_socket import kernel_socket
from tests.tools.socket_probe import PROBE

JUPYTER = [sys.executable, "-m", "jupyter_server", "--no-browser", "--log-level=ERROR", "--ServerApp.port={port}"]
JUPYTER += ["--IdentityProvider.token=secret", "--ServerApp.jpserver_extensions={'tests.tools.socket_probe': True}"]
JUPYTER += ["--allow-root"]


def get(url, **options):
    request = urllib.request.Request(url, headers={"Authorization": "token secret", "Cookie": "digits=1"}, **options)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return answer.read().decode()


def nodelay(port, kernel):
    async def look():
        async with kernel_socket(port, kernel, "secret") as kernel_side:
            await kernel_side.ask("kernel_info_request")
            return await asyncio.to_thread(get, f"http://127.0.0.1:{port}{PROBE}")

    return json.loads(asyncio.run(look()))["nodelay"]


@pytest.mark.slow
@pytest.mark.parametrize("prompt", [True, False])
def test_jupyter_with_the_projects_configuration(prompt):
    """And without it there is the delay, so it is the configuration that removes it."""
    with hosts.running(JUPYTER, "/", prompt) as host:
        kernel = json.loads(get(f"http://127.0.0.1:{host.port}/api/kernels", data=b"{}"))["id"]
        assert nodelay(host.port, kernel) == [prompt]


@pytest.mark.slow
def test_the_demo():
    command = [sys.executable, "-c", "import sys, tests.tools.socket_probe as probe; probe.main(sys.argv[1])", "{port}"]
    with hosts.running(command, "/") as host:
        page = get(host.url())
        assert nodelay(host.port, page.split('"kernelId": "')[1].split('"')[0]) == [True]
