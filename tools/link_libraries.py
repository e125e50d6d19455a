"""Give MXNet the two system libraries that its Linux wheel leaves out, where the machine lacks them.

The wheel relies on libquadmath and libgomp of the system, and a bare Debian has neither. NumPy and scikit-learn bring
copies in their own wheels, so a link beside libmxnet.so is enough, and nobody has to be root.
"""

import ctypes
import importlib.util
import os
import re
import sys
from pathlib import Path


def missing_library(mxnet: Path) -> str | None:
    """The first library that libmxnet.so cannot find, such as "libquadmath.so.0"; None when it finds all."""
    try:
        ctypes.CDLL(str(mxnet / "libmxnet.so"))
    except OSError as error:
        found = re.match(r"(lib[\w.+-]+): cannot open shared object file", str(error))
        if not found:
            raise
        return found[1]
    return None


def main() -> int:
    """Link what is missing. Returns the exit code: 0, or 1 where no copy is at hand and a line says how to get it."""
    spec = importlib.util.find_spec("mxnet")
    if sys.platform != "linux" or spec is None:
        return 0
    mxnet = Path(spec.origin).parent
    while name := missing_library(mxnet):
        copies = sorted(mxnet.parent.glob(f"*.libs/{name.partition('.')[0]}-*"))
        if not copies or (mxnet / name).is_symlink():
            fix = "apt-get install libgomp1 libquadmath0"
            print(f"error: expected {name}, which MXNet needs, got none: {fix}", file=sys.stderr)
            return 1
        (mxnet / name).symlink_to(os.path.relpath(copies[-1], mxnet))
        print(f"This machine has no {name}: MXNet uses the copy of {copies[-1].parent.name.removesuffix('.libs')}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
