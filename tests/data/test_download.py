"""Downloads over real connections from a server on this machine that behaves well or badly, as the path says."""

import hashlib
import json
import signal
import socket
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from helpers.base.errors import DigitsError
from helpers.data import mnist as module
from helpers.data.mnist import DownloadError, download, file_sha256

CONTENT = {"a.gz": bytes(range(256)) * 800, "b.gz": b"a second file" * 10}
CHECKSUMS = {name: hashlib.sha256(content).hexdigest() for name, content in CONTENT.items()}
PROGRAM = """
import json, sys
from pathlib import Path
from helpers.data.mnist import DownloadError, download
checksums, folder, *mirrors = sys.argv[1:]
try:
    download(json.loads(checksums), Path(folder), mirrors)
except DownloadError as error:
    sys.exit(str(error))
"""


class Handler(BaseHTTPRequestHandler):
    """/good serves CONTENT; /missing has nothing; /wrong, /half and /stall go wrong in the way of their names.

    /together gives nobody the second half of a file before three clients have the first.
    """

    def do_HEAD(self):
        self.send_response(403)  # as some stores answer for a folder; an answer it is
        self.end_headers()

    def do_GET(self):
        _, behaviour, name = self.path.split("/")
        self.server.requests.append((behaviour, name))
        content = CONTENT[name]
        self.send_response(404 if behaviour == "missing" else 200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if behaviour == "wrong":
            content = content[::-1]
        half = len(content) // 2
        self.wfile.write(content[:half])
        if behaviour == "stall":
            self.server.stalled.set()
            self.server.resume.wait(60)
        if behaviour == "together":
            self.server.barrier.wait(60)
        if behaviour in ("good", "wrong", "together"):
            self.wfile.write(content[half:])

    def log_message(self, *args):
        pass


@pytest.fixture
def server(monkeypatch):
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.requests, server.barrier = [], threading.Barrier(3)
    server.stalled, server.resume = threading.Event(), threading.Event()
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield server
    server.resume.set()
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def mirror(server):
    return lambda behaviour: f"http://127.0.0.1:{server.server_port}/{behaviour}/"


@pytest.fixture
def closed_port():
    """An address on this machine where nobody listens: a connection is refused at once."""
    with socket.socket() as bound:  # bound, so that nobody else takes the port, but never listening
        bound.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{bound.getsockname()[1]}"


def holds_all(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()} == CONTENT


def start(folder, *mirrors):
    command = [sys.executable, "-c", PROGRAM, json.dumps(CHECKSUMS), str(folder), *mirrors]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_all_files_from_the_first_mirror(server, mirror, tmp_path, capfd):
    folder = tmp_path / "new" / "folder"
    download(CHECKSUMS, folder, [mirror("good"), mirror("missing")])
    assert holds_all(folder)
    assert server.requests == [("good", "a.gz"), ("good", "b.gz")]
    output, progress = capfd.readouterr()
    assert output == ""
    assert "a.gz: 100%" in progress
    assert "b.gz: 100%" in progress
    assert progress.startswith(f"Downloading into {folder}\n")
    assert progress.count("Downloading") == 1  # without pooch's own log

    download(CHECKSUMS, folder, [mirror("missing")])
    assert len(server.requests) == 2  # what is there is not fetched again
    assert capfd.readouterr() == ("", "")


def test_only_what_is_missing_or_damaged(server, mirror, tmp_path, capfd):
    download(CHECKSUMS, tmp_path, [mirror("good")])
    (tmp_path / "a.gz").write_bytes(CONTENT["a.gz"][:1000])
    server.requests.clear()
    capfd.readouterr()
    download(CHECKSUMS, tmp_path, [mirror("good")])
    assert holds_all(tmp_path)
    assert server.requests == [("good", "a.gz")]
    assert capfd.readouterr().err.startswith(f"{tmp_path / 'a.gz'} is damaged and will be replaced.\n")


@pytest.mark.parametrize("bad", ["missing", "wrong", "half"])
def test_next_mirror_takes_over(server, mirror, tmp_path, bad):
    download(CHECKSUMS, tmp_path, [mirror(bad), mirror("good")])
    assert holds_all(tmp_path)
    assert server.requests == [(bad, "a.gz"), (bad, "a.gz"), ("good", "a.gz"), ("good", "b.gz")]


@pytest.mark.parametrize(
    ("bad", "cause"),
    [
        ("missing", "HTTP status 404"),
        ("wrong", "not the published bytes"),
        ("half", "the connection broke off"),
        ("stall", "no answer in time"),
    ],
)
def test_bad_mirror_is_tried_twice_and_leaves_nothing(server, mirror, tmp_path, monkeypatch, bad, cause):
    monkeypatch.setattr(module, "STALL", 0.5)
    (tmp_path / "b.gz").write_bytes(b"damaged")
    with pytest.raises(DownloadError) as caught:
        download(CHECKSUMS, tmp_path, [mirror(bad)])
    assert f"(127.0.0.1:{server.server_port}: {cause}): check the network" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert server.requests == [(bad, "a.gz")] * 2
    assert [path.name for path in tmp_path.iterdir()] == ["b.gz"]
    server.resume.set()
    download(CHECKSUMS, tmp_path, [mirror("good")])
    assert holds_all(tmp_path)


def test_no_connection(closed_port, tmp_path, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with pytest.raises(DownloadError, match=f"{closed_port}: no connection.* check the network and .* HTTPS_PROXY"):
        download(CHECKSUMS, tmp_path / "new", [f"http://{closed_port}/"])
    assert not (tmp_path / "new").exists()


def test_mirror_that_never_answers_is_given_up_soon(server, mirror, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "REACH", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as mute:
        silent = f"http://127.0.0.1:{mute.getsockname()[1]}/"
        start = time.monotonic()
        with pytest.raises(DownloadError, match="no answer in time"):
            download(CHECKSUMS, tmp_path, [silent, silent + "again/"])
        assert time.monotonic() - start < 5
        download(CHECKSUMS, tmp_path, [silent, mirror("good")])
    assert holds_all(tmp_path)


def test_look_up_of_a_name_that_takes_long_is_given_up_soon(tmp_path, monkeypatch):
    """As without a network: the system may look for a name server for minutes, and no time limit of requests holds."""
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setattr(module, "REACH", 0.2)
    given_up = threading.Event()

    def look_up(*_, **__):
        given_up.wait(60)
        raise socket.gaierror

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    start = time.monotonic()
    with pytest.raises(DownloadError, match=r"one\.example: no answer in time; two\.example: no answer in time"):
        download(CHECKSUMS, tmp_path, ["https://one.example/", "https://two.example/"])
    assert time.monotonic() - start < 10
    given_up.set()
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("proxy", "cause"),
    [
        ("http://{}", "the proxy refuses or does not answer"),
        ("http://", "the proxy's address is not valid"),
        ("::::", "not a valid host or port"),
    ],
)
def test_wrong_proxy(closed_port, tmp_path, monkeypatch, proxy, cause):
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, proxy.format(closed_port))
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(DownloadError, match=f"example.org: .*{cause}.*: check .* the variable HTTPS_PROXY"):
        download(CHECKSUMS, tmp_path, ["https://example.org/"])
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("address", ["example", "file:///tmp/", "http://"])
def test_mirror_that_is_no_address(tmp_path, address):
    with pytest.raises(DownloadError, match="no mirror gives the files") as caught:
        download(CHECKSUMS, tmp_path, [address])
    assert "\n" not in str(caught.value)


def test_folder_that_cannot_be_made(server, mirror, tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(DigitsError, match="not a folder"):
        download(CHECKSUMS, tmp_path / "file" / "folder", [mirror("good")])
    assert (tmp_path / "file").read_bytes() == b""


def test_disk_that_takes_no_more_bytes(server, mirror, tmp_path):
    limited = "import resource\nresource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))" + PROGRAM
    command = [sys.executable, "-c", limited, json.dumps(CHECKSUMS), str(tmp_path / "new"), mirror("good")]
    run = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert run.returncode == 1
    assert run.stderr.splitlines()[-1].startswith(f"cannot write {tmp_path / 'new'}: the file would be larger")
    assert not list((tmp_path / "new").iterdir())


def test_processes_that_download_at_once(server, mirror, tmp_path):
    running = [start(tmp_path, mirror("together")) for _ in range(3)]
    for process in running:
        process.communicate(timeout=300)
    assert [process.returncode for process in running] == [0, 0, 0]
    assert sorted(server.requests) == [("together", "a.gz")] * 3 + [("together", "b.gz")] * 3
    assert holds_all(tmp_path)


def test_interrupt_leaves_nothing(server, mirror, tmp_path):
    process = start(tmp_path, mirror("stall"))
    assert server.stalled.wait(60)
    process.send_signal(signal.SIGINT)
    assert "KeyboardInterrupt" in process.communicate(timeout=300)[1]
    assert not list(tmp_path.iterdir())


def test_killed_process_leaves_nothing_that_is_trusted(server, mirror, tmp_path):
    process = start(tmp_path, mirror("stall"))
    assert server.stalled.wait(60)
    process.kill()
    process.communicate(timeout=300)
    assert not set(CONTENT) & {path.name for path in tmp_path.iterdir()}
    download(CHECKSUMS, tmp_path, [mirror("good")])
    assert all(file_sha256(tmp_path / name) == checksum for name, checksum in CHECKSUMS.items())


def test_checksum_of_a_file(tmp_path):
    (tmp_path / "abc").write_bytes(b"abc")  # the example of FIPS 180-2
    assert file_sha256(tmp_path / "abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert file_sha256(tmp_path / "none") is None
    with pytest.raises(DigitsError, match="it is a folder"):
        file_sha256(tmp_path)
