"""What one student takes of a server: memory and processor time of a kernel that runs a notebook from top to bottom.

    .venv/bin/python benchmarks/classroom.py notebooks/02_mlp.ipynb notebooks/03_lenet.ipynb

For each notebook it prints a line of JSON:

- peak_mb: the most that the kernel has held at a time (VmHWM), pages that it shares with other kernels included;
- then_mb: what it holds at the end, for as long as the notebook is open; a shared page counts in part (PSS);
- cpu_s: the seconds of one core that it has computed for;
- seconds: how long it took here;
- busy_seconds, with --busy: how long it took once more, beside a process that keeps one core busy.

Only on Linux. MNIST has to be at hand, or the numbers are those of the offline digits.
"""

import argparse
import json
import os
import re
import sys
import time
from pathlib import Path

import nbformat
import psutil
from busy import busy_core
from jupyter_client.manager import start_new_kernel

ROOT = Path(__file__).resolve().parent.parent
MEGABYTE = 1024 * 1024


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("notebooks", nargs="+", type=Path)
    parser.add_argument("--busy", action="store_true", help="run each once more with one core kept busy")
    options = parser.parse_args(arguments)
    for path in options.notebooks:
        found = {"notebook": path.stem} | measure(path.resolve())
        if options.busy:
            with busy_core():
                found["busy_seconds"] = measure(path.resolve())["seconds"]
        print(json.dumps(found), flush=True)


def measure(path: Path) -> dict[str, float]:
    """Run all cells of a notebook in a fresh kernel. Exits with the traceback where one fails."""
    cells = [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
    project = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    manager, client = start_new_kernel(cwd=str(path.parent), env=os.environ | {"PYTHONPATH": project})
    kernel = psutil.Process(manager.provisioner.pid)
    try:
        start = time.perf_counter()
        for cell in cells:
            client.execute_interactive(cell.source, output_hook=stop_at_error, timeout=3600)
        seconds = time.perf_counter() - start
        spent = kernel.cpu_times()
        status = Path(f"/proc/{kernel.pid}/status").read_text(encoding="utf-8")
        return {
            "peak_mb": int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) // 1024,
            "then_mb": kernel.memory_full_info().pss // MEGABYTE,
            "cpu_s": round(spent.user + spent.system + spent.children_user + spent.children_system),
            "seconds": round(seconds),
        }
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def stop_at_error(message: dict) -> None:
    if message["msg_type"] == "error":
        sys.exit("\n".join(message["content"]["traceback"]))


if __name__ == "__main__":
    main()
