"""Give MXNet the two system libraries that its Linux wheel leaves out, where the machine lacks them.

The wheel relies on libquadmath and libgomp of the system, and a bare Debian has neither. SciPy and scikit-learn bring
copies in their own wheels, so a link beside libmxnet.so is enough, and nobody has to be root.
"""

import ctypes
import importlib.util
import os
import platform
import re
import sys
from pathlib import Path

# Debian's packages. No other library that the wheel for x86-64 relies on is left out of it.
PACKAGES = {"libgomp.so.1": "libgomp1", "libquadmath.so.0": "libquadmath0"}
CONTAINER = "use the container (docs/troubleshooting.md)"


def missing_library(mxnet: Path) -> str | None:
    """The first library that libmxnet.so cannot find, such as "libquadmath.so.0"; None when it finds all.

    Raises OSError where libmxnet.so does not load for another reason.
    """
    try:
        ctypes.CDLL(str(mxnet / "libmxnet.so"))
    except OSError as error:
        found = re.match(r"(lib[\w.+-]+): cannot open shared object file", str(error))
        if not found:
            raise
        return found[1]
    return None


def remedy(library: str, machine: str) -> str:
    """What gives MXNet that library on a Linux of that processor ("x86_64"): an advice without a full stop."""
    if (
        machine != "x86_64"
    ):  # the wheel for arm64 needs libraries that are in no package, libarmpl_lp64_mp.so among them
        return f"MXNet's wheel for Linux on {machine} does not load: {CONTAINER}"
    if library in PACKAGES:
        return f"apt-get install {PACKAGES[library]}"
    return f"install the package of your system that has it, or {CONTAINER}"


def main() -> int:
    """Link what is missing. Returns the exit code: 0, or 1 where MXNet does not load and a line says what does help."""
    spec = importlib.util.find_spec("mxnet")
    if sys.platform != "linux" or spec is None:
        return 0
    mxnet = Path(spec.origin).parent
    machine = platform.machine()
    try:
        while name := missing_library(mxnet):
            copies = sorted(mxnet.parent.glob(f"*.libs/{name.partition('.')[0]}-*"))
            if not copies or (mxnet / name).is_symlink():
                print(f"error: expected {name}, which MXNet needs, got none: {remedy(name, machine)}", file=sys.stderr)
                return 1
            (mxnet / name).symlink_to(os.path.relpath(copies[-1], mxnet))
            print(f"This machine has no {name}: MXNet uses the copy of {copies[-1].parent.name.removesuffix('.libs')}")
    except OSError as error:
        print(f"error: expected MXNet's libmxnet.so to load, got {error}: {CONTAINER}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
