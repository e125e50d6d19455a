"""tools/link_libraries.py, beside a library that lacks another one as MXNet's may."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import scipy

from tests.tools.failures import assert_one_error

TOOLS = Path(__file__).parents[2] / "tools"
SITE = Path(scipy.__file__).parents[1]
# This one of SciPy's relies on another, and looks for it where it lies itself, as libmxnet.so does.
LIBRARY = next(SITE.glob("scipy.libs/libgfortran-*"))
NEEDED = next(each.name for each in SITE.glob("scipy.libs/libquadmath-*") if each.name.encode() in LIBRARY.read_bytes())

# What the tool does in a Python whose platform is the one named first, as far as it can tell.
RUN = "import platform, sys; machine = sys.argv[1]; platform.machine = lambda: machine; import link_libraries as tool"


def place(folder, needed):
    """A folder of packages that has an MXNet whose library needs the one of that name."""
    (folder / "mxnet").mkdir()
    (folder / "mxnet" / "__init__.py").touch()
    name = needed.encode()
    assert len(name) <= len(NEEDED)
    content = LIBRARY.read_bytes().replace(NEEDED.encode(), name.ljust(len(NEEDED), b"\0"))
    (folder / "mxnet" / "libmxnet.so").write_bytes(content)
    return folder


def link(folder, machine="x86_64"):
    script = f"{RUN}; sys.path.insert(0, {str(folder)!r}); sys.exit(tool.main())"
    command = [sys.executable, "-c", script, machine]
    return subprocess.run(command, cwd=TOOLS, capture_output=True, text=True, timeout=300)


def test_an_mxnet_that_has_all_is_left_alone(tmp_path):
    shutil.copy(SITE / "scipy.libs" / NEEDED, place(tmp_path, NEEDED) / "mxnet")
    done = link(tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_library_that_another_package_has_is_linked(tmp_path):
    copies = place(tmp_path, "libquadmath.so.9") / "scipy.libs"  # no system has a ninth version
    copies.mkdir()
    shutil.copy(SITE / "scipy.libs" / NEEDED, copies)
    done = link(tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "This machine has no libquadmath.so.9: MXNet uses the copy of scipy\n"
    assert (tmp_path / "mxnet" / "libquadmath.so.9").resolve() == copies / NEEDED
    assert link(tmp_path).stdout == ""


@pytest.mark.parametrize(
    ("machine", "needed", "advice"),
    [
        ("x86_64", "libother.so.9", "install the package of your system that has it, or use the container"),
        ("aarch64", "libarmpl_lp64_mp.so", "MXNet's wheel for Linux on aarch64 does not load: use the container"),
        ("riscv64", "libgomp.so.9", "MXNet's wheel for Linux on riscv64 does not load: use the container"),
    ],
)
def test_a_library_that_nothing_has(tmp_path, machine, needed, advice):
    done = link(place(tmp_path, needed), machine)
    assert_one_error(done, f"expected {needed}, which MXNet needs, got none: {advice}")
    assert "apt-get" not in done.stderr


@pytest.mark.parametrize(("needed", "package"), [("libgomp.so.1", "libgomp1"), ("libquadmath.so.0", "libquadmath0")])
def test_a_library_that_debian_has(needed, package):
    script = f"{RUN}; print(tool.remedy({needed!r}, machine))"
    command = [sys.executable, "-c", script, "x86_64"]
    done = subprocess.run(command, cwd=TOOLS, capture_output=True, text=True, check=True)
    assert done.stdout == f"apt-get install {package}\n"


def test_a_library_for_another_processor(tmp_path):
    library = place(tmp_path, NEEDED) / "mxnet" / "libmxnet.so"
    content = bytearray(library.read_bytes())
    content[18:20] = (183).to_bytes(2, "little")  # e_machine of its ELF header: arm64
    library.write_bytes(content)
    assert_one_error(link(tmp_path), "expected MXNet's libmxnet.so to load, got ", "use the container")
