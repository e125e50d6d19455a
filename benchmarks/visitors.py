"""How the demo bears its visitors: bots that draw at the same time, or visits one after another, at a real server.

    .venv/bin/python benchmarks/visitors.py --bots 20 --minutes 60
    .venv/bin/python benchmarks/visitors.py --visits 200

A bot opens the page, connects to its kernel as a browser does, and draws digit after digit: it sends each as it grows,
and waits for each answer before it sends more. At the end comes a line of JSON:

- drawings, lost: how many digits were drawn, and how many of them had no answer within ten seconds;
- thrown_out: how many times a bot lost its connection or its place, and came again;
- p50_ms, p95_ms: from pen-up to the answer, without the browser's part of it;
- server_mb: what the server holds at the start and at the end, without its kernels: with bots when all of them are
  there, with visits after the first ten;
- kernel_mb: the most that a kernel holds at the end.

With --visits it fails where the server holds over a tenth more at the end than at the start.
"""

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import count, cycle
from pathlib import Path

import numpy as np
import psutil
from tornado.httpclient import HTTPClientError

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tools")]

from canvas import digits_to_draw  # noqa: E402

from tests.tools import hosts  # noqa: E402
from tests.tools.kernel_socket import KernelSocket  # noqa: E402
from tests.tools.visit import Visit  # noqa: E402

MEGABYTE = 1024 * 1024
PACE = 0.03  # seconds from one message to the next while the pen moves
POINTS = 4  # of a stroke in each message more than in the last
PAUSE = 1  # second between two digits
PATIENCE = 10  # seconds for an answer
WARM = 10  # visits after which the server has loaded all that it needs
GROWTH = 0.1  # of the server's memory, at most

Strokes = list[list[list[float]]]


def main(arguments: list[str] | None = None) -> None:
    options = make_parser().parse_args(arguments)
    found = asyncio.run(measure_visits(options.visits) if options.visits else measure_bots(options))
    print(json.dumps(found))
    start, end = found["server_mb"]
    if options.visits and end > start * (1 + GROWTH):
        sys.exit(f"error: expected the server to stay within {GROWTH:.0%} of {start} MB, got {end} MB: look for a leak")


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bots", type=int, default=20, metavar="N", help="that draw at the same time (default: 20)")
    parser.add_argument("--minutes", type=float, default=60, metavar="M", help="that they draw for (default: 60)")
    parser.add_argument("--visits", type=int, metavar="N", help="no bots, but so many visits one after another")
    return parser


def serve(visitors: int):
    """A real demo, as a context."""
    return hosts.running([sys.executable, "-m", "demo", "--port={port}", f"--visitors={visitors}"], "/")


class Bot:
    """Draws as a visitor does. `waits`: seconds from pen-up to each answer, None for one that did not come."""

    def __init__(self, digits: Iterator[list[np.ndarray]]):
        self.digits = digits
        self.waits: list[float | None] = []
        self.thrown_out = 0
        self._numbers = count(1, 2)

    async def stay(self, port: int, arrived: asyncio.Barrier, seconds: float) -> None:
        """Draw for so many seconds from when every bot has come."""
        end = None
        while end is None or time.monotonic() < end:
            try:
                visit = await asyncio.to_thread(Visit, port)
                async with visit.socket() as kernel:
                    if end is None:
                        await arrived.wait()
                        end = time.monotonic() + seconds
                    while time.monotonic() < end:
                        await self.draw(visit, kernel)
                        await asyncio.sleep(PAUSE)
            except (OSError, HTTPClientError, AssertionError):  # the last where the server closes the websocket
                if end is None:
                    raise
                self.thrown_out += 1
                await asyncio.sleep(PAUSE)

    async def draw(self, visit: Visit, kernel: KernelSocket) -> None:
        """Draw one digit, and keep how long its answer took."""
        self.waits.append(None)
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE):
                for strokes in growing(next(self.digits)):
                    begin = time.perf_counter()
                    await visit.draw(kernel, strokes, next(self._numbers))
                    wait = time.perf_counter() - begin
                    await asyncio.sleep(max(0, PACE - wait))
                self.waits[-1] = wait


def growing(strokes: list[np.ndarray]) -> Iterator[Strokes]:
    """The drawings that a page sends while these strokes are being drawn, the last of them whole."""
    strokes = [stroke.round(4).tolist() for stroke in strokes]
    for i, stroke in enumerate(strokes):
        for end in range(POINTS, len(stroke), POINTS):
            yield [*strokes[:i], stroke[:end]]
        yield strokes[: i + 1]


async def measure_bots(options: argparse.Namespace) -> dict:
    """So many bots at the same time, for so many minutes."""
    digits = digits_to_draw(max(10, options.bots))
    bots = [Bot(cycle(digits[i:] + digits[:i])) for i in range(options.bots)]
    arrived = asyncio.Barrier(len(bots) + 1)
    # A page waits in a thread until its kernel is there, and the names of hosts are looked up in threads, too.
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(2 * len(bots)))
    with serve(options.bots) as host:
        async with asyncio.TaskGroup() as group:
            for bot in bots:
                group.create_task(bot.stay(host.port, arrived, options.minutes * 60))
            await arrived.wait()
            start = server_megabytes(host)
        return report(bots, host, start) | {"bots": options.bots, "minutes": options.minutes}


async def measure_visits(visits: int) -> dict:
    """One digit on each visit, and the page closes."""
    bot = Bot(cycle(digits_to_draw(10)))
    with serve(1) as host:
        for number in range(visits):
            visit = await asyncio.to_thread(Visit, host.port)
            async with visit.socket() as kernel:
                await bot.draw(visit, kernel)
            if number <= min(WARM, visits // 2):
                start = server_megabytes(host)
            found = report([bot], host, start)
            await asyncio.to_thread(visit.close)
        return found | {"visits": visits}


def report(bots: list[Bot], host: hosts.Host, start: int) -> dict:
    """What the bots have met and what the processes hold."""
    waits = [wait for bot in bots for wait in bot.waits]
    answered = [1000 * wait for wait in waits if wait is not None]
    p50, p95 = np.percentile(answered, [50, 95]).round(1).tolist() if answered else (None, None)
    kernels = [psutil.Process(pid).memory_info().rss // MEGABYTE for pid in host.kernels()]
    return {
        "drawings": len(waits),
        "lost": len(waits) - len(answered),
        "thrown_out": sum(bot.thrown_out for bot in bots),
        "p50_ms": p50,
        "p95_ms": p95,
        "server_mb": [start, server_megabytes(host)],
        "kernel_mb": max(kernels, default=0),
    }


def server_megabytes(host: hosts.Host) -> int:
    return psutil.Process(host.process.pid).memory_info().rss // MEGABYTE


if __name__ == "__main__":
    main()
