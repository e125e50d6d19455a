"""How long the front page of the book takes until its pad is there, and until its network has read a first digit.

    make book
    .venv/bin/python benchmarks/first_answer.py [--folder build/book] [--slower 6] [--times 5]

Each time Chromium (CHROMIUM names one), with the window of a phone and nothing in its cache, opens the page from a
plain web server of this machine, and a mouse draws a 7 as soon as there is a pad. All times are counted in the page,
from the moment it was asked for; the answer is there when it is painted. --slower: so many times slower runs the page's
own thread (DevTools' CPU throttling), as on a phone. The worker that computes the answer is not slowed: the thread is
free for the pen meanwhile.
"""

import argparse
import functools
import http.server
import os
import statistics
import sys
import threading
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks")]

from processor import processor  # noqa: E402

from tests.tools import hosts  # noqa: E402
from tests.tools.pad import WAIT, Pad  # noqa: E402
from tests.tools.places import PHONE  # noqa: E402

SEVEN = [[[0.25, 0.15], [0.75, 0.15], [0.45, 0.9]]]
MOMENTS = ("pad", "network", "pen up", "answer")
# Keeps in window.seen when the pad is there, when the network first answers (what is there of the ink), when the pen
# goes up, and when the answer to that is painted.
WATCH = """
window.seen = {};
new MutationObserver((_, observer) => {
  const root = document.querySelector(".digit-canvas");
  if (!root) return;
  observer.disconnect();
  seen.pad = performance.now();
  const painted = (name) => requestAnimationFrame(() => setTimeout(() => { seen[name] ??= performance.now(); }));
  addEventListener("pointerup", (event) => { seen["pen up"] = event.timeStamp; }, true); // before the pad hears of it
  new MutationObserver(() => {
    if (root.ariaBusy === "false") seen.network ??= performance.now();
    if (seen["pen up"] && root.ariaBusy === "false" && root.querySelector(".sign").textContent) painted("answer");
  }).observe(root, { attributes: true });
}).observe(document, { childList: true, subtree: true });
"""


class Silent(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *arguments):
        pass


def main() -> None:
    options = make_parser().parse_args()
    if not (options.folder / "index.html").exists():
        sys.exit(f"error: expected a book in {options.folder}, got nothing: build it with `make book`")
    print(f"{os.cpu_count()} cores, {processor()}; {options.slower} times slower; median (slowest) of {options.times}")
    with served(options.folder) as address, hosts.open_chromium() as chromium:
        found = [first_answer(chromium, address, options.slower) for _ in range(options.times)]
    waits = {name: [each[name] / 1000 for each in found] for name in MOMENTS}
    waits["pen up to answer"] = [(each["answer"] - each["pen up"]) / 1000 for each in found]
    for name, times in waits.items():
        print(f"{name}: {statistics.median(times):.2f} s ({max(times):.2f} s)")


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, default=ROOT / "build" / "book", help="the book; default: build/book")
    parser.add_argument("--slower", type=float, default=6, metavar="N", help="than this machine (default: 6)")
    parser.add_argument("--times", type=int, default=5, metavar="N", help="to open the page (default: 5)")
    return parser


@contextmanager
def served(folder: Path):
    """The address of a plain web server on the folder."""
    handler = functools.partial(Silent, directory=folder)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


def first_answer(chromium, address: str, slower: float) -> dict[str, float]:
    """Milliseconds by the names of MOMENTS. chromium: a browser of Playwright."""
    context = chromium.new_context(**PHONE)
    context.set_default_timeout(WAIT)
    page = context.new_page()
    context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": slower})
    page.add_init_script(WATCH)
    page.goto(address, wait_until="commit")
    pad = Pad(page.locator(".digit-canvas"))
    pad.root.wait_for()
    pad.draw(SEVEN)
    page.wait_for_function("window.seen.answer")
    seen = page.evaluate("window.seen")
    context.close()
    return seen


if __name__ == "__main__":
    main()
