"""Writing on a real file system: what was there stays until the new file is whole, and one writes at a time."""

import errno
import os
import stat
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from helpers.base import files
from helpers.base.errors import DigitsError
from helpers.base.files import atomic_write, check_writable, reason

ROOT = Path(__file__).parents[2]

# A real disk that refuses: from 1,000 bytes on the kernel fails every write to a file, as a full one does.
LIMITED = """
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
from helpers.base.errors import DigitsError
from helpers.base.files import atomic_write
try:
    with atomic_write(sys.argv[1]) as temporary:
        temporary.write_bytes(bytes(5000))
except DigitsError as error:
    print(error)
"""


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "weights.params"
    path.write_bytes(b"old")
    return path


def test_new_content_appears_only_at_the_end(path):
    with atomic_write(path) as temporary:
        temporary.write_bytes(b"new")
        assert path.read_bytes() == b"old"
        assert (temporary.parent, temporary.suffix) == (path.parent, ".params")
    assert path.read_bytes() == b"new"
    assert list(path.parent.iterdir()) == [path]


def test_two_writers_do_not_share_a_temporary_file(path):
    with atomic_write(path) as first, atomic_write(path) as second:
        assert first != second
        first.write_bytes(b"first")
        second.write_bytes(b"second")
    assert path.read_bytes() == b"first"  # the outer one ends last
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("failure", [ValueError, KeyboardInterrupt, SystemExit, DigitsError])
def test_any_exception_keeps_the_old_file(path, failure):
    def fail_half_way():
        with atomic_write(path) as temporary:
            temporary.write_bytes(b"half")
            raise failure

    with pytest.raises(failure):
        fail_half_way()
    assert path.read_bytes() == b"old"
    assert list(path.parent.iterdir()) == [path]


def test_permissions_follow_the_umask(path):
    umask = os.umask(0o027)
    try:
        with atomic_write(path) as temporary:
            temporary.write_bytes(b"new")
    finally:
        os.umask(umask)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_symbolic_link_stays_a_link(path):
    link = path.with_name("latest.params")
    link.symlink_to(path.name)
    with atomic_write(link) as temporary:
        temporary.write_bytes(b"new")
    assert link.is_symlink()
    assert path.read_bytes() == b"new"


def test_disk_that_takes_no_more_bytes(path):
    run = subprocess.run([sys.executable, "-c", LIMITED, str(path)], capture_output=True, text=True, timeout=300)
    assert run.stdout == f"cannot write {path}: {reason(OSError(errno.EFBIG, ''))}\n"
    assert run.stderr == ""
    assert path.read_bytes() == b"old"
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("missing/weights.params", "no such file or folder"),
        ("weights.params/more.params", "not a folder"),
        (".", "a folder or a device"),
        ("x" * 300, "name is too long"),
    ],
)
def test_place_that_cannot_be_written(path, name, message):
    target = path.parent / name
    with pytest.raises(DigitsError, match=message) as caught, atomic_write(target) as temporary:
        temporary.write_bytes(b"new")
    with pytest.raises(DigitsError) as noticed_before:
        check_writable(target)
    assert str(noticed_before.value) == str(caught.value)
    assert str(target) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert path.read_bytes() == b"old"
    assert list(path.parent.iterdir()) == [path]


def test_link_into_a_folder_that_is_gone(tmp_path):
    link = tmp_path / "x.params"
    link.symlink_to("gone/x.params")
    with pytest.raises(DigitsError, match=f"cannot write {link}: there is no such file or folder"):
        check_writable(link)
    assert [*tmp_path.iterdir()] == [link]


def test_trial_changes_nothing(path):
    check_writable(path)
    check_writable(path.with_name("new.params"))
    assert path.read_bytes() == b"old"
    assert list(path.parent.iterdir()) == [path]


def test_device_is_not_replaced_by_a_file():
    with pytest.raises(DigitsError, match="/dev/null: it is a folder or a device"), atomic_write("/dev/null"):
        pass
    assert Path("/dev/null").is_char_device()


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OSError(errno.ENOSPC, ""), "the disk is full: free some space or choose another place"),
        (OSError(errno.EDQUOT, ""), "your share of the disk is used up: free some space or choose another place"),
        (OSError(errno.EACCES, ""), "permission is missing: choose a place that is yours, or change its permissions"),
        (OSError(errno.EPERM, ""), "permission is missing: choose a place that is yours, or change its permissions"),
        (PermissionError("no\ncode"), "permission is missing: choose a place that is yours, or change its permissions"),
        (OSError(errno.EROFS, ""), "the disk is read-only: choose another place"),
        (OSError(errno.EIO, "Input/output error"), "input/output error"),  # any other: the system's own words
        (OSError("A\nlibrary's own"), "a library's own"),
        (OSError(), "oserror"),
    ],
)
def test_reasons_say_the_next_step(error, words):
    assert reason(error) == words


def test_a_folder_whose_links_lead_in_a_circle(tmp_path):
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    with pytest.raises(DigitsError, match=r"cannot write .*its links lead in a circle: give the path of a file"):
        check_writable(tmp_path / "a" / "x.params")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b"]


# The lock

HOLD = """
import sys
from pathlib import Path
from helpers.base.files import locked
with locked(Path(sys.argv[1])):
    print("locked", flush=True)
    sys.stdin.readline()
"""


@pytest.fixture
def holder(path):
    """A process that holds the lock until it reads a line or is killed."""
    command = [sys.executable, "-c", HOLD, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "locked\n"
        yield process
        process.kill()


def test_another_process_waits_and_is_told_in_one_line_when_it_takes_too_long(path, holder, monkeypatch):
    monkeypatch.setattr(files, "PATIENCE", 0.1)
    message = f"^cannot write {path}: it has been in use for 0.1 seconds: try again$"
    with pytest.raises(DigitsError, match=message), files.locked(path):
        pass
    monkeypatch.setattr(files, "PATIENCE", 30)
    threading.Timer(0.2, holder.communicate, ("\n",)).start()
    start = time.monotonic()
    with files.locked(path):
        assert time.monotonic() - start > 0.1
        assert holder.wait(10) == 0


def test_a_killed_process_leaves_nothing_locked(path, holder, monkeypatch):
    monkeypatch.setattr(files, "PATIENCE", 1)
    holder.kill()
    holder.wait()
    with files.locked(path):
        pass
    assert path.read_bytes() == b"old"


def test_the_patience_is_ten_seconds():
    assert files.PATIENCE == 10


def test_threads_take_turns(path):
    def add_one(_):
        with files.locked(path):
            number = int(path.read_bytes())
            time.sleep(0.001)
            path.write_text(str(number + 1))

    path.write_text("0")
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(add_one, range(40)))
    assert path.read_bytes() == b"40"


def test_an_error_frees_the_lock(path, monkeypatch):
    monkeypatch.setattr(files, "PATIENCE", 1)
    for failure in (ValueError, KeyboardInterrupt, DigitsError):
        with pytest.raises(failure), files.locked(path):
            raise failure
    with pytest.raises(DigitsError, match=f"cannot write {path}: the disk is full"), files.locked(path):
        raise OSError(errno.ENOSPC, "")
    with files.locked(path):
        pass


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("missing/weights.params", "there is no such file or folder: check the path"),
        ("weights.params/more.params", "a part of the path is not a folder: check the path"),
        ("x" * 300, "the name is too long: give a shorter one"),
    ],
)
def test_place_that_cannot_be_locked(path, name, message):
    target = path.parent / name
    with pytest.raises(DigitsError, match=f"^cannot write {target}: {message}$"), files.locked(target):
        pass
    assert list(path.parent.iterdir()) == [path]


def test_the_permissions_of_the_lock_follow_the_umask(path):
    """Several people of one class add to a file in a shared folder, and have to be able to lock it."""
    umask = os.umask(0o002)
    try:
        with files.locked(path):
            [lock] = [file for file in path.parent.iterdir() if file != path]
            assert stat.S_IMODE(lock.stat().st_mode) == 0o664
    finally:
        os.umask(umask)


def test_files_are_written_without_any_package():
    """`python -m helpers check` has to say what is missing, and imports this module."""
    code = "import helpers.base.files"
    subprocess.run(
        [sys.executable, "-I", "-S", "-c", f"import sys; sys.path.append({str(ROOT)!r}); {code}"], check=True
    )


# Reading


def test_a_file_of_the_most_bytes_is_read_and_one_more_is_not(tmp_path):
    path = tmp_path / "x"
    path.write_bytes(bytes(1000))
    assert files.read_file(path, 1000, "a file", "fix it") == bytes(1000)
    with pytest.raises(DigitsError, match=rf"^expected a file of at most 0 MB, got {path}, which has more: fix it$"):
        files.read_file(path, 999, "a file", "fix it")


@pytest.mark.parametrize("name", ["a\0b", "\ud800"])
def test_a_name_that_no_file_can_have(name):
    with pytest.raises(DigitsError, match="no file can have this name: give another one"):
        files.read_file(name, 1000, "a file", "fix it")
    with pytest.raises(DigitsError, match="no file can have this name: give another one"):
        check_writable(name)


def test_a_missing_file_is_told_apart(tmp_path):
    with pytest.raises(files.MissingFile, match=r"^cannot read .*/none: there is no such file or folder"):
        files.read_file(tmp_path / "none", 1000, "a file", "fix it")


def test_a_pipe_is_read_to_its_end(tmp_path):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    writer = subprocess.Popen(["sh", "-c", f"exec 3>{path}; sleep 1; echo more >&3"])
    time.sleep(0.1)
    with path.open("rb"):  # so that the writer is there before the reader
        assert files.read_file(path, 1000, "a file", "fix it") == b"more\n"
    writer.wait()
