"""How long the canvas takes from pen-up to the painted answer, in each of its hosts, in a real browser; and how long a
host takes from its start until it answers.

    .venv/bin/python benchmarks/canvas.py
    .venv/bin/python benchmarks/canvas.py --hosts voila --digits 10 --with-nagle
    .venv/bin/python benchmarks/canvas.py --xray --network lenet

A mouse draws digits in Chromium (CHROMIUM names one). The time is taken in the page: from the event `pointerup` to the
end of the frame in which the answer to this very drawing is painted: once on a quiet machine, and once beside a
process that keeps one core busy. With --xray the look inside the network is open, so that all its layers are painted.
Needs the packages of requirements.txt.
"""

import argparse
import os
import platform
import signal
import sys
import tempfile
import time
from contextlib import contextmanager
from datetime import date
from importlib.metadata import version
from pathlib import Path

import numpy as np
from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tools"), str(ROOT / "benchmarks")]

from busy import busy_core  # noqa: E402
from pen_strokes import pen_strokes_path, read_pen_strokes  # noqa: E402
from processor import processor  # noqa: E402

from helpers.classifier import SHIPPED, Classifier  # noqa: E402
from helpers.drawing import to_mnist  # noqa: E402
from tests.tools import hosts  # noqa: E402

DEMO = ROOT / "demo" / "draw.ipynb"
TITLES = {"lab": "JupyterLab", "notebook": "Notebook 7", "voila": "Voila (`make demo`)"}
POINTS = 24  # of a stroke as the mouse draws it
PACE = 0.008  # seconds from one point to the next, as a pen at 125 Hz

# Ten digits in strokes, for a machine without real ones.
PLAIN = [
    [[[0.5, 0.1], [0.25, 0.3], [0.25, 0.7], [0.5, 0.9], [0.75, 0.7], [0.75, 0.3], [0.5, 0.1]]],
    [[[0.4, 0.25], [0.55, 0.1], [0.55, 0.9]]],
    [[[0.25, 0.25], [0.5, 0.1], [0.75, 0.3], [0.5, 0.6], [0.25, 0.9], [0.75, 0.9]]],
    [[[0.3, 0.15], [0.6, 0.1], [0.7, 0.3], [0.45, 0.48], [0.75, 0.65], [0.6, 0.9], [0.3, 0.85]]],
    [[[0.35, 0.1], [0.25, 0.55], [0.75, 0.55]], [[0.65, 0.1], [0.6, 0.9]]],
    [[[0.35, 0.1], [0.3, 0.45], [0.6, 0.42], [0.7, 0.65], [0.55, 0.9], [0.28, 0.85]], [[0.35, 0.1], [0.72, 0.1]]],
    [[[0.6, 0.1], [0.35, 0.4], [0.3, 0.75], [0.5, 0.9], [0.68, 0.72], [0.5, 0.55], [0.32, 0.68]]],
    [[[0.25, 0.12], [0.75, 0.12], [0.55, 0.5], [0.45, 0.9]]],
    [[[0.5, 0.5], [0.3, 0.3], [0.5, 0.1], [0.7, 0.3], [0.3, 0.7], [0.5, 0.9], [0.7, 0.7], [0.5, 0.5]]],
    [[[0.68, 0.3], [0.5, 0.1], [0.32, 0.3], [0.5, 0.48], [0.68, 0.3], [0.66, 0.6], [0.6, 0.9]]],
]

# Keeps in window.times, for each pen-up, how long its answer took; the answer is there when `seq` reaches `drawn`.
TIMER = """root => {
  if (window.times) return;  // it listens already
  window.times = [];
  const painted = (act) => requestAnimationFrame(() => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = act;
    port2.postMessage(null);
  });
  addEventListener("pointerup", (event) => {
    const answered = () => Number(root.dataset.seq) >= Number(root.dataset.drawn);
    const finish = () => painted(() => window.times.push(performance.now() - event.timeStamp));
    if (answered()) return finish();
    const observer = new MutationObserver(() => {
      if (!answered()) return;
      observer.disconnect();
      finish();
    });
    observer.observe(root, { attributes: true, attributeFilter: ["data-seq"] });
  });
}"""


def main() -> None:
    options = make_parser().parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that no server stays behind
    digits = digits_to_draw(options.digits)
    print_machine(options.digits)
    print("\n| host | p50 | p95 | slowest | p50, busy | p95, busy | ready after |\n|" + " --- |" * 7)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=hosts.find_chromium(), args=hosts.CHROMIUM_FLAGS)
        for prompt in (True, False) if options.with_nagle else (True,):
            for name in options.hosts.split(","):
                with opened(browser, name, prompt, options) as (page, ready):
                    times = measure(page, digits)
                    with busy_core():
                        busy = measure(page, digits)
                title = TITLES[name] + ("" if prompt else ", with Nagle's algorithm")
                p50, p95 = np.percentile(times, [50, 95])
                found = (p50, p95, max(times), *np.percentile(busy, [50, 95]))
                row = [title, *(f"{time:.0f} ms" for time in found), f"{ready:.1f} s"]
                print("|", " | ".join(row), "|", flush=True)
        browser.close()
    print_python_side(digits, options.network)


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Measure pen-up to painted answer in each host of the canvas.")
    parser.add_argument("--hosts", default=",".join(TITLES), help="default: lab,notebook,voila")
    parser.add_argument("--digits", type=int, default=50, metavar="N", help="to draw in each (default: 50)")
    parser.add_argument("--network", default="canvas", choices=SHIPPED, help="that reads them (default: canvas)")
    parser.add_argument("--xray", action="store_true", help="open the look inside the network")
    parser.add_argument("--with-nagle", action="store_true", help="measure also without the project's configuration")
    return parser


def digits_to_draw(count: int) -> list:
    """Strokes in 0..1: real pen digits where they are, evenly taken from all; else the plain ones again and again."""
    real = [strokes for _, strokes in read_pen_strokes()] if pen_strokes_path().exists() else PLAIN
    digits = [real[i * len(real) // count % len(real)] if len(real) >= count else real[i % 10] for i in range(count)]
    return [[np.array(stroke) * 0.6 + 0.2 for stroke in strokes] for strokes in digits]


@contextmanager
def opened(browser: Browser, name: str, prompt: bool, options: argparse.Namespace):
    """A page of the host with an empty canvas on it, and the seconds that the host took to start."""
    with tempfile.TemporaryDirectory() as folder:
        notebook = Path(folder) / DEMO.name
        notebook.write_text(
            DEMO.read_text("utf-8").replace('\\"canvas\\"', f'\\"{options.network}\\"'), encoding="utf-8"
        )
        server = {
            "lab": lambda: hosts.jupyterlab(Path(folder), prompt),
            "notebook": lambda: hosts.notebook(Path(folder), prompt),
            "voila": lambda: hosts.voila_of(notebook, prompt),
        }[name]
        start = time.perf_counter()
        with server() as host:
            ready = time.perf_counter() - start
            page = browser.new_page()
            page.set_default_timeout(120_000)
            page.goto(host.url(DEMO.name))
            if name != "voila":
                wait_for_kernel(page, host)
                page.get_by_role("menuitem", name="Run", exact=True).click()
                page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
            page.locator(".digit-canvas[data-state=empty]").wait_for()
            if options.xray:
                page.locator(".digit-canvas .inside summary").click()
                page.locator(".digit-canvas[data-state=empty]").wait_for()
            yield page, ready
            page.close()


def wait_for_kernel(page: Page, host: hosts.Host) -> None:
    """Until the notebook has its kernel; before, its menu would ask for one."""
    address = f"http://127.0.0.1:{host.port}/api/sessions?token={hosts.TOKEN}"
    sessions = lambda: page.request.get(address).json()  # noqa: E731
    assert hosts.wait_until(lambda: [each for each in sessions() if each["kernel"]["execution_state"] == "idle"], 60)
    page.wait_for_timeout(1000)


def measure(page: Page, digits: list) -> list[float]:
    """Milliseconds for each digit, after five that do not count."""
    root = page.locator(".digit-canvas")
    root.locator("svg.pad").scroll_into_view_if_needed()
    root.evaluate(TIMER)
    times = []
    for strokes in [*digits[:5], *digits]:
        box = root.locator("svg.pad").bounding_box()
        page.evaluate("window.times.length = 0")
        for stroke in strokes:
            x, y = (stroke * [box["width"], box["height"]] + [box["x"], box["y"]]).T
            at = np.linspace(0, len(stroke) - 1, POINTS)
            points = np.stack([np.interp(at, range(len(stroke)), x), np.interp(at, range(len(stroke)), y)], axis=1)
            page.mouse.move(*points[0])
            page.mouse.down()
            for point in points[1:]:
                time.sleep(PACE)
                page.mouse.move(*point)
            page.mouse.up()
        page.wait_for_function("window.times.length >= 1 && document.querySelector('[aria-busy=false].digit-canvas')")
        page.wait_for_timeout(50)
        times.append(page.evaluate("window.times.at(-1)"))
        root.locator(".clear").click()
        page.locator(".digit-canvas[data-state=empty]").wait_for()
    return times[5:]


def print_machine(count: int) -> None:
    source = "real pen digits" if pen_strokes_path().exists() else "plain digits"
    names = ("jupyterlab", "notebook", "voila", "ipykernel", "anywidget", "mxnet")
    print(
        f"{date.today()}: {count} {source}; {os.cpu_count()} cores, {processor()}; Python {platform.python_version()}, "
        + ", ".join(f"{name} {version(name)}" for name in names)
    )


def print_python_side(digits: list, network: str) -> None:
    """What of it is Python's own work on one drawing: the image, and the network."""
    classifier = Classifier.load(network)
    drawings = [[stroke.tolist() for stroke in strokes] for strokes in digits]
    images = [to_mnist(strokes) for strokes in drawings]
    classifier.probabilities(images[0])
    prepare = median_ms(to_mnist, drawings)
    classify = median_ms(classifier.probabilities, images)
    print(f"\nof which Python: {prepare:.1f} ms to prepare the image, {classify:.1f} ms to classify it")


def median_ms(function, arguments: list) -> float:
    times = []
    for argument in arguments:
        start = time.perf_counter()
        function(argument)
        times.append(1000 * (time.perf_counter() - start))
    return float(np.median(times))


if __name__ == "__main__":
    main()
