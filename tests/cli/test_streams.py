"""Closed and full streams, odd locales and names, signals at any moment: one line, and the exit code that is told."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import pytest

ROOT = Path(__file__).parents[2]
DATA = "data --source digits"
CLOSED = "error: expected a stdout for the result, got one that is closed: give it a file, or > /dev/null\n"
FULL = "error: the disk is full: free some space or choose another place\n"
NAME = "数😀é.png"


def run(line, **variables):
    """Exit code, stdout and stderr of `python -m helpers` with these words and redirections, as a shell sees them."""
    environment = {name: text for name, text in os.environ.items() if name != "PYTHONUNBUFFERED"}
    environment |= {"PYTHONPATH": str(ROOT), "MNIST_DIR": ""} | variables
    command = ["bash", "-c", f'"$0" -m helpers {line}', sys.executable]
    done = subprocess.run(command, env=environment, capture_output=True, timeout=100)
    encoding = variables.get("PYTHONIOENCODING", "utf-8")
    return done.returncode, done.stdout.decode(encoding), done.stderr.decode(encoding)


@pytest.fixture
def picture(tmp_path, monkeypatch, digits):
    """The content of a picture of a digit; the current folder is an empty one."""
    monkeypatch.chdir(tmp_path)
    image = 255 - cv2.resize(np.round(digits.test.images[0, 0] * 255).astype(np.uint8), (100, 100))
    return cv2.imencode(".png", image)[1].tobytes()


STREAMS = {
    "stdout closed": (f"{DATA} >&-", 1, CLOSED),
    "stdout closed, --help": ("--help >&-", 1, CLOSED),
    "stdout closed, json": (f"{DATA} --json >&-", 1, CLOSED),
    "stdout full": (f"{DATA} > /dev/full", 1, FULL),
    "stdout full, --help": ("--help > /dev/full", 1, FULL),
    "stdin closed": (f"{DATA} <&- > /dev/null", 0, ""),
    "all closed": (f"{DATA} <&- >&- 2>&-", 1, ""),
    "stderr closed": ("predict none.png 2>&-", 1, ""),
    "stderr full": ("predict none.png 2> /dev/full", 1, ""),
    "stderr full, wrong usage": ("predict 2> /dev/full", 2, ""),
    "stderr full, all well": ("predict picture.png > /dev/null 2> /dev/full", 0, ""),
}


@pytest.mark.slow
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a device that is always full")
@pytest.mark.parametrize(("line", "code", "error"), STREAMS.values(), ids=STREAMS)
def test_streams_that_take_nothing(picture, line, code, error):
    Path("picture.png").write_bytes(picture)
    assert run(line) == (code, "", error)


def test_an_error_does_not_end_up_among_the_results():
    """Python prints on stdout what is meant for a stderr that is closed."""
    assert run("predict none.png 2>&-") == (1, "", "")


def test_a_closed_stdout_is_noticed_before_a_file_takes_its_number(tmp_path):
    out = tmp_path / "x.params"
    assert run(f"train mlp --source digits --epochs 1 --out {out} >&-") == (1, "", CLOSED)
    assert not out.exists()


@pytest.mark.slow
def test_a_training_goes_on_without_a_place_for_its_progress(tmp_path):
    out = tmp_path / "x.params"
    code, said, _ = run(f"train mlp --source digits --epochs 1 --json --out {out} 2> /dev/full")
    assert (code, json.loads(said)["epochs"], out.exists()) == (0, 1, True)


LOCALES = {
    "ascii": {"PYTHONIOENCODING": "ascii"},
    "latin 1": {"PYTHONIOENCODING": "latin-1"},
    "C": {"LC_ALL": "C"},
    "POSIX without UTF-8": {"LC_ALL": "POSIX", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"},
    "usual": {},
}


@pytest.mark.parametrize("name", ["ascii", *(pytest.param(name, marks=pytest.mark.slow) for name in [*LOCALES][1:])])
def test_names_that_the_locale_cannot_write(picture, name):
    Path(NAME).write_bytes(picture)
    wrong = b"\xff.png".decode("utf-8", "surrogateescape")
    Path(wrong).write_bytes(picture)
    Path("two\nlines \x1b[31m.png").write_bytes(b"")
    code, said, errors = run("predict *.png --model mlp", **LOCALES[name])
    assert (code, len(said.splitlines()), len(errors.splitlines())) == (1, 2, 1)
    assert "\\x1b" in errors
    code, said, errors = run("predict *.png --model mlp --json", **LOCALES[name])
    files = {result["file"] for result in json.loads(said)}
    assert code == 1
    if name != "POSIX without UTF-8":  # where Python itself has the bytes alone
        assert files == {NAME, wrong, "two\nlines \x1b[31m.png"}


@pytest.mark.parametrize("home", ["~nosuchuser", "~nosuchuser/mnist"])
def test_a_home_that_nobody_has(home):
    code, said, errors = run("data", MNIST_DIR=home)
    expected = f"error: expected a folder in MNIST_DIR, got {home}, and this machine knows no such home: give its"
    assert (code, said, errors.count("\n")) == (1, "", 1)
    assert errors.startswith(expected)


def test_files_that_are_none(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("loop.png").symlink_to("loop.png")
    os.mkfifo("pipe.png")
    code, said, errors = run("predict loop.png pipe.png /dev/zero . --model mlp")
    assert (code, said) == (1, "")
    assert [line.split(": ")[1] for line in errors.splitlines()] == [
        "cannot read loop.png",
        "expected a picture in pipe.png, got an empty file",
        "expected a picture of at most 134 MB, got /dev/zero, which has more",
        "cannot read .",
    ]


def test_a_damaged_picture_costs_one_line(picture):
    """libpng and libjpeg add lines of their own, past Python's stderr."""
    Path("damaged.png").write_bytes(picture[:300] + b"\0\0\0\0" + picture[304:])
    code, said, errors = run("predict damaged.png --model mlp")
    assert (code, said, errors.count("\n")) == (1, "", 1)
    assert errors.startswith("error: expected a picture in damaged.png, got ")


@pytest.mark.slow
def test_a_picture_from_a_pipe(picture):
    Path("picture.png").write_bytes(picture)
    assert run("predict <(sleep 1; cat picture.png) --model mlp")[0] == 0


SIGNALS = {signal.SIGINT: {130, -signal.SIGINT}, signal.SIGTERM: {-signal.SIGTERM}, signal.SIGHUP: {-signal.SIGHUP}}
COMMANDS = {
    "data": ("data", "--source", "digits"),
    "predict": ("predict", *["picture.png"] * 50),
    "export": ("export", "lenet", "--to", "old.onnx"),
}


@pytest.mark.slow
@pytest.mark.parametrize("words", COMMANDS.values(), ids=COMMANDS)
def test_a_signal_at_any_moment(picture, words):
    """Each signal in turn, at nine moments. -2 is Python's own end after Ctrl-C; a shell calls both 130."""
    Path("picture.png").write_bytes(picture)
    Path("old.onnx").write_bytes(b"an older file")
    command = [sys.executable, "-m", "helpers", *words]
    variables = os.environ | {"PYTHONPATH": str(ROOT)}
    start = time.monotonic()
    subprocess.run([*command[:-1], "new.onnx"] if "export" in words else command, env=variables, capture_output=True)
    took = time.monotonic() - start
    whole = Path("new.onnx").read_bytes() if Path("new.onnx").exists() else b""
    Path("new.onnx").unlink(missing_ok=True)
    numbers = list(SIGNALS) * 3
    for part, number in enumerate(numbers):
        process = subprocess.Popen(command, env=variables, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        time.sleep(took * part / len(numbers))
        process.send_signal(number)
        _, errors = process.communicate(timeout=300)
        assert process.returncode in SIGNALS[number] | {0}, errors
        assert errors in ("", "interrupted\n")
        assert {path.name for path in Path().iterdir()} == {"picture.png", "old.onnx"}
        assert Path("old.onnx").read_bytes() in (b"an older file", whole)
