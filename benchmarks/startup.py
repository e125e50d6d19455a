"""What a student waits for before anything is computed, and how much memory training takes.

    .venv/bin/python benchmarks/startup.py

- seconds of `import helpers, mxnet` in a fresh process: median of 5;
- seconds from "Run" in notebook 1, with a kernel that has started and data in the cache, until its first picture;
- megabytes that one epoch of `python -m helpers train lenet` takes at most (ru_maxrss).
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import nbformat
from jupyter_client.manager import start_new_kernel

ROOT = Path(__file__).parent.parent


def main() -> None:
    waits = {"import_s": import_seconds(), "first_picture_s": picture_seconds()}
    print(json.dumps(waits | {"lenet_mb": lenet_megabytes()}))


def import_seconds() -> float:
    seconds = []
    for _ in range(5):
        start = time.perf_counter()
        subprocess.run([sys.executable, "-c", "import helpers, mxnet"], cwd=ROOT, check=True)
        seconds.append(time.perf_counter() - start)
    return round(median(seconds), 2)


def picture_seconds() -> float:
    """From the first cell on, as "Run all" would go."""
    cells = nbformat.read(ROOT / "notebooks" / "01_data.ipynb", as_version=4).cells
    manager, client = start_new_kernel(cwd=str(ROOT / "notebooks"))
    pictures = []

    def note(message):
        content = message["content"]
        if message["msg_type"] == "error":
            sys.exit("\n".join(content["traceback"]))
        if "image/png" in content.get("data", {}) or "text/html" in content.get("data", {}):
            pictures.append(time.perf_counter())

    try:
        start = time.perf_counter()
        for cell in cells:
            if cell.cell_type == "code" and not pictures:
                client.execute_interactive(cell.source, output_hook=note, timeout=120)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    return round(pictures[0] - start, 2)


def lenet_megabytes() -> int:
    """The most memory that training LeNet on MNIST for an epoch has held at a time.

    It is never less than what the calling process has held, with which Linux starts to count (getrusage(2), ru_maxrss).
    """
    with tempfile.TemporaryDirectory() as folder:
        out = str(Path(folder, "lenet.params"))
        training = ["-m", "helpers", "train", "lenet", "--epochs", "1", "--source", "mnist", "--out", out]
        process = subprocess.Popen([sys.executable, *training], cwd=ROOT, stdout=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
    if os.waitstatus_to_exitcode(status):
        raise SystemExit("error: the training failed, its reason stands above")
    return usage.ru_maxrss // 1024


if __name__ == "__main__":
    main()
