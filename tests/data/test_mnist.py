"""Where MNIST comes from: a folder of the user's, the cache, or mirrors, tried with the published files."""

import functools
import gzip
import shutil
import subprocess
import sys
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest

from helpers.base.errors import DigitsError
from helpers.cli.check import data_line
from helpers.data import mnist as sources
from helpers.data.idx import read_idx
from helpers.data.load import load_mnist
from helpers.data.mnist import DownloadError

NAMES = [
    "train-images-idx3-ubyte.gz",
    "train-labels-idx1-ubyte.gz",
    "t10k-images-idx3-ubyte.gz",
    "t10k-labels-idx1-ubyte.gz",
]
PROGRAM = """
import sys
from pathlib import Path
from helpers.data.mnist import download_mnist
download_mnist(Path(sys.argv[1]), (sys.argv[2],))
"""


class Handler(SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass


@pytest.fixture(scope="module")
def published():
    """The folder with the published files, as they are served: compressed."""
    files = sources.local_mnist()
    if not files or {path.name for path in files.values()} != set(NAMES):
        pytest.skip("the compressed files of MNIST are not at hand: set MNIST_DIR")
    return files["train-images"].parent


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """An empty cache, no MNIST_DIR, and a proxy that nobody runs: no network."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("MNIST_DIR", raising=False)
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.setenv(name, "127.0.0.1")
    return sources.cache_dir()


@pytest.fixture
def mirror(published):
    handler = functools.partial(Handler, directory=str(published))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


def fill(folder, published, names=NAMES):
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        shutil.copyfile(published / name, folder / name)


def test_folder_of_the_user(published, cache, tmp_path, monkeypatch):
    fill(tmp_path / "mine", published)
    monkeypatch.setenv("MNIST_DIR", str(tmp_path / "mine"))
    keys = ["train-images", "train-labels", "t10k-images", "t10k-labels"]
    assert sources.mnist_files() == dict(zip(keys, (tmp_path / "mine" / name for name in NAMES), strict=True))
    assert sources.local_mnist() == sources.mnist_files()
    assert not cache.exists()


def test_home_folder_may_be_a_tilde(published, cache, tmp_path, monkeypatch):
    fill(tmp_path / "mine", published)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("MNIST_DIR", "~/mine")
    assert sources.mnist_files()["t10k-labels"] == tmp_path / "mine" / NAMES[3]


@pytest.mark.parametrize("dot", [False, True])
def test_unpacked_files(published, cache, tmp_path, monkeypatch, dot):
    for name in NAMES:
        unpacked = name.removesuffix(".gz").replace("-idx", ".idx" if dot else "-idx")
        (tmp_path / unpacked).write_bytes(gzip.decompress((published / name).read_bytes()))
    monkeypatch.setenv("MNIST_DIR", str(tmp_path))
    assert sources.mnist_files()["train-labels"].name == f"train-labels{'.' if dot else '-'}idx1-ubyte"


def test_folder_that_is_none(cache, tmp_path, monkeypatch):
    monkeypatch.setenv("MNIST_DIR", str(tmp_path / "nowhere"))
    with pytest.raises(DigitsError, match=f"expected a folder in MNIST_DIR, got {tmp_path}/nowhere: correct"):
        sources.mnist_files()


def test_folder_that_cannot_be_looked_into(cache, monkeypatch):
    monkeypatch.setenv("MNIST_DIR", "/" + "x" * 300)
    with pytest.raises(DigitsError, match=r"cannot read MNIST_DIR, /x+: the name is too long"):
        sources.mnist_files()


def test_relative_folder_is_named_in_full(cache, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MNIST_DIR", "mine")
    with pytest.raises(DigitsError, match=f"expected a folder in MNIST_DIR, got {tmp_path}/mine: "):
        sources.mnist_files()


def test_folder_that_lacks_a_file(published, cache, tmp_path, monkeypatch):
    fill(tmp_path, published, NAMES[:3])
    monkeypatch.setenv("MNIST_DIR", str(tmp_path))
    with pytest.raises(
        DigitsError, match=f"expected t10k-labels-idx1-ubyte.gz in MNIST_DIR, got {tmp_path} without it: put all"
    ):
        sources.mnist_files()


@pytest.mark.parametrize("name", NAMES)
def test_a_file_that_somebody_has_gzipped_anew(published, cache, tmp_path, monkeypatch, name):
    fill(tmp_path, published)
    content = gzip.decompress((published / name).read_bytes())
    (tmp_path / name).write_bytes(gzip.compress(content, compresslevel=1, mtime=0))
    monkeypatch.setenv("MNIST_DIR", str(tmp_path))
    assert tmp_path / name in sources.mnist_files().values()
    assert read_idx(tmp_path / name).nbytes in (len(content) - 16, len(content) - 8)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("damage", "what"),
    [
        (lambda content: content[:-1], "which is cut off"),
        (
            lambda content: content[:99] + b"!" + content[100:],
            "which (is damaged|has another content, with the SHA-256 .*)",
        ),
        (lambda content: gzip.compress(content, 1), "which is gzipped twice"),
        (lambda content: b"<!doctype html><title>404</title>", "which is a web page"),
        (lambda content: gzip.compress(b"\n<html>"), "which is a web page"),
        (lambda content: b"PK\x03\x04", "which is of another kind"),
        (lambda content: b"", "which is of another kind"),
        (
            lambda content: gzip.compress(b"\0\0\x08\x01\0\0\0\x01\x07"),
            "which has another content, with the SHA-256 .*",
        ),
    ],
)
def test_folder_with_a_damaged_file(published, cache, tmp_path, monkeypatch, name, damage, what):
    fill(tmp_path, published)
    damaged = damage((published / name).read_bytes())
    (tmp_path / name).write_bytes(damaged)
    monkeypatch.setenv("MNIST_DIR", str(tmp_path))
    with pytest.raises(
        DigitsError, match=f"expected the published file with the SHA-256 .*, got .*{name}, {what}: fetch it again"
    ):
        sources.mnist_files()
    assert (tmp_path / name).read_bytes() == damaged  # the user's folder is the user's


def test_cache(published, cache, capfd):
    assert sources.cached_mnist() is None
    fill(cache, published)
    assert sources.cached_mnist() == sources.local_mnist() == sources.mnist_files()
    assert sources.mnist_files()["train-images"] == cache / NAMES[0]
    assert capfd.readouterr() == ("", "")


def test_damaged_cache_is_not_trusted(published, cache, mirror, capfd):
    fill(cache, published)
    (cache / NAMES[3]).write_bytes((published / NAMES[3]).read_bytes()[:2000])
    assert sources.cached_mnist() is None
    with pytest.raises(DownloadError):  # no network
        sources.mnist_files()
    capfd.readouterr()
    files = sources.download_mnist(cache, (mirror,))
    assert f"{NAMES[3]} is damaged and will be replaced." in capfd.readouterr().err
    assert sources.mnist_files() == sources.cached_mnist() == files


def test_download_of_the_published_files(published, cache, mirror):
    files = sources.download_mnist(cache, (mirror,))
    assert sources.mnist_files() == files
    for path in files.values():
        assert path.read_bytes() == (published / path.name).read_bytes()
    assert sorted(path.name for path in cache.iterdir()) == sorted(NAMES)


def test_two_processes_download_at_once(published, cache, mirror):
    command = [sys.executable, "-c", PROGRAM, str(cache), mirror]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(2)]
    for process in running:
        process.communicate(timeout=300)
    assert [process.returncode for process in running] == [0, 0]
    assert sources.cached_mnist()
    assert sorted(path.name for path in cache.iterdir()) == sorted(NAMES)


def test_no_network_names_the_ways_out(cache):
    with pytest.raises(DownloadError, match="cannot download MNIST: no mirror") as caught:
        sources.mnist_files()
    message = str(caught.value)
    for words in ("ossci-datasets", "storage.googleapis.com", "HTTPS_PROXY", "MNIST_DIR", "DIGITS_SOURCE=digits"):
        assert words in message
    assert "\n" not in message
    assert not cache.exists()


def file_as_cache(cache):
    cache.parent.write_bytes(b"mine")


def folder_as_file(cache):
    (cache / NAMES[0]).mkdir(parents=True)


def link_to_itself(cache):
    cache.parent.mkdir()
    cache.symlink_to(cache)


@pytest.mark.parametrize("spoil", [file_as_cache, folder_as_file, link_to_itself])
def test_unusable_cache(cache, spoil, capfd):
    spoil(cache)
    with pytest.raises(DownloadError, match=f"cannot use the cache {cache}: cannot read {cache}") as caught:
        load_mnist("mnist")
    message = str(caught.value)
    for words in ("set XDG_CACHE_HOME to another folder", "MNIST_DIR", "DIGITS_SOURCE=digits"):
        assert words in message
    assert "\n" not in message
    assert capfd.readouterr() == ("", "")
    assert load_mnist("auto").source == "digits"
    assert capfd.readouterr().err.splitlines() == [
        f"Notice: {message}.",
        "This is NOT MNIST: the digits now in use are scikit-learn's, fewer and coarser.",
    ]
    assert data_line().problem == message
    if spoil is file_as_cache:
        assert cache.parent.read_bytes() == b"mine"


def test_check_tells_a_damaged_cache_from_an_empty_one(cache):
    assert data_line().found == "MNIST, not here yet"
    cache.mkdir(parents=True)
    assert data_line().found == "MNIST, not here yet"
    (cache / NAMES[2]).write_bytes(b"half of it")
    line = data_line()
    assert line.found == "MNIST, damaged or incomplete"
    assert line.note == f"the next use fetches it again into {cache}"
    assert not line.problem
    assert (cache / NAMES[2]).read_bytes() == b"half of it"


def test_checksums_and_mirrors_are_complete():
    assert [f"{name}.gz" for name, _, _ in sources.FILES.values()] == NAMES
    assert len(sources.MIRRORS) == 2
    assert all(mirror.startswith("https://") and mirror.endswith("/") for mirror in sources.MIRRORS)
