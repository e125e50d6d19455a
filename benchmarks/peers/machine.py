"""The machine and what it does without any training: its cores, its limit, the time that an import takes."""

import os
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

from turns import environment

ROOT = Path(__file__).parent.parent.parent
IMPORTS = {"mxnet": "helpers, mxnet", "pytorch": "torch", "jax": "jax", "keras": "keras"}


def limit(options, folder: Path) -> dict:
    """The GFLOP/s of the fastest large matrix product on these cores, and whose it is."""
    pythons = {"numpy": sys.executable, "mxnet": sys.executable, "torch": options.peers_python}
    found = {}
    for library, python in pythons.items():
        if library == "torch" and not any(form.startswith("pytorch") for form in options.forms):
            continue
        done = run([python, Path(__file__).parent / "matmul.py", library], library, options, folder)
        if done is not None:
            found[library] = float(done)
    best = max(found, key=found.get, default=None)
    name = best and f"a product of 2048 x 2048 in {best}"
    return {"gflops": found.get(best), "name": name, "each": found}


def import_seconds(framework: str, options, folder: Path) -> float | None:
    """The median of three fresh processes that import it; None where that fails."""
    python = sys.executable if framework == "mxnet" else options.peers_python
    seconds = []
    for _ in range(1 if options.smoke else 3):
        start = time.perf_counter()
        if run([python, "-c", f"import {IMPORTS[framework]}"], framework, options, folder) is None:
            return None
        seconds.append(time.perf_counter() - start)
    return median(seconds)


def run(command: list, form: str, options, folder: Path) -> str | None:
    """What a process prints, None when it fails."""
    try:
        done = subprocess.run(
            command, cwd=ROOT, env=environment(form, None, options, folder), capture_output=True, text=True
        )
    except OSError:
        return None
    return None if done.returncode else done.stdout


def cores() -> int:
    """Those that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
