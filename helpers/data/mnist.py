"""Where the four files of MNIST come from, each verified by its SHA-256 whenever it is asked for (10 ms for all four).

1. `MNIST_DIR`, where that variable is set: a folder that holds the files, compressed or not;
2. else the cache, a folder of the user's;
3. else a download from the mirrors into the cache, by pooch: verified, tried again, and in its place only when whole.

All chapters.
"""

import hashlib
import os
import sys
import threading
import zlib
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from pathlib import Path
from urllib.parse import urlsplit

import platformdirs

from helpers.base.errors import DigitsError
from helpers.base.files import open_to_read, reason
from helpers.data.idx import GZIP, unpacking

# By key: the name of the file, without .gz; the SHA-256 of the published file, with .gz; that of its content.
FILES = {
    "train-images": (
        "train-images-idx3-ubyte",
        "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
        "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    ),
    "train-labels": (
        "train-labels-idx1-ubyte",
        "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
        "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    ),
    "t10k-images": (
        "t10k-images-idx3-ubyte",
        "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
        "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    ),
    "t10k-labels": (
        "t10k-labels-idx1-ubyte",
        "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
        "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    ),
}

MIRRORS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
)

REACH = 5  # seconds in which a mirror has to answer at all

STALL = 20  # seconds for which a download may stand still

BLOCK = 2**20  # bytes

MOST = 2**26  # bytes that are looked at of a file: more than MNIST's largest has, unpacked

CAUSES = {  # by the name of what requests raises, or of the nearest class above it
    "ProxyError": "the proxy refuses or does not answer",
    "InvalidProxyURL": "the proxy's address is not valid",
    "SSLError": "no secure connection: a proxy in between, or a wrong clock",
    "ChunkedEncodingError": "the connection broke off",
    "Timeout": "no answer in time",
    "ConnectionError": "no connection",
}

OTHER_WAYS = (
    "or put the four files into a folder and set MNIST_DIR to it, or set DIGITS_SOURCE=digits for handwriting that "
    "needs no download"
)


class DownloadError(DigitsError):
    """The files cannot be fetched: the network, the mirrors or the disk."""


def mnist_files() -> dict[str, Path]:
    """The paths by "train-images", "train-labels", "t10k-images" and "t10k-labels"; downloads 11.6 MB where need be.

    Raises DigitsError when `MNIST_DIR` is set but does not hold the files, DownloadError when they cannot be fetched
    or kept.
    """
    return local_mnist() or download_mnist(cache_dir())


def local_mnist() -> dict[str, Path] | None:
    """The files of `MNIST_DIR` where that is set, else of the cache; None where they would have to be downloaded."""
    folder = os.environ.get("MNIST_DIR")
    return _from_folder(folder) if folder else cached_mnist()


def cached_mnist() -> dict[str, Path] | None:
    """The files in the cache, or None unless all four are there and intact.

    Raises DownloadError where the cache is unusable: then nothing can be downloaded into it either.
    """
    folder = cache_dir()
    files = _published(folder)
    try:
        intact = all(file_sha256(path) == FILES[key][1] for key, path in files.items())
    except DigitsError as error:
        fix = f"set XDG_CACHE_HOME to another folder, {OTHER_WAYS}"
        raise DownloadError(f"cannot use the cache {folder}: {error}: {fix}") from error
    return files if intact else None


def download_mnist(folder: Path, mirrors: Sequence[str] = MIRRORS) -> dict[str, Path]:
    """The files in `folder`, those that it lacks or holds damaged fetched from the mirrors. Raises DownloadError."""
    try:
        download({f"{name}.gz": sha256 for name, sha256, _ in FILES.values()}, folder, mirrors)
    except DownloadError as error:
        raise DownloadError(f"cannot download MNIST: {error}, {OTHER_WAYS}") from error
    return _published(folder)


def cache_dir() -> Path:
    """The folder for downloads: ~/.cache/digits-with-mxnet on Linux, or as the platform or XDG_CACHE_HOME has it."""
    return Path(platformdirs.user_cache_dir("digits-with-mxnet", appauthor=False))


def file_sha256(path: Path) -> str | None:
    """The hexadecimal SHA-256 of a file, None where there is no such file. Raises DigitsError if it cannot be read.

    Of a file of more than 64 MB, or one without end, it is that of its beginning, which no file of MNIST has.
    """
    digest = hashlib.sha256()
    try:
        with open_to_read(path) as file:
            for _ in range(MOST // BLOCK + 1):
                digest.update(file.read(BLOCK))  # nothing, once it has ended
        return digest.hexdigest()
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise DigitsError(f"cannot read {path}: {reason(error)}") from error


def download(checksums: Mapping[str, str], folder: Path, mirrors: Sequence[str]) -> None:
    """Fetch the files that `folder` lacks, or holds damaged, with a progress bar for each on stderr.

    checksums: the SHA-256 by file name; mirrors: URLs that such a name completes, tried in turn, each twice where it
    answers. pooch downloads to another name, verifies, and then renames, so neither a download that breaks off nor
    another process at the same time does harm. Raises DownloadError, within seconds where no mirror answers.
    """
    found = {name: file_sha256(folder / name) for name in checksums}
    missing = [name for name in checksums if found[name] != checksums[name]]
    if not missing:
        return
    for name in missing:
        if found[name]:
            print(f"{folder / name} is damaged and will be replaced.", file=sys.stderr)

    import pooch  # both take longer than all the imports above, and MNIST is mostly here already
    import requests

    pooch.get_logger().setLevel("WARNING")  # the bars name the files already
    causes = {}
    for mirror in mirrors:
        try:
            _wait_for_answer(mirror)
            print(f"Downloading into {folder}", file=sys.stderr)
            files = pooch.create(folder, mirror, registry=dict(checksums), retry_if_failed=1)
            for name in missing:
                files.fetch(name, downloader=_download_with_bar)
            return
        except (requests.RequestException, ValueError) as error:  # ValueError: pooch has found a wrong checksum
            causes[mirror] = _cause(error)
        except OSError as error:  # comes second, for requests derives its exceptions from it
            raise DownloadError(f"cannot write {folder}: {reason(error)}") from error
    tried = "; ".join(f"{urlsplit(mirror).netloc or mirror}: {cause}" for mirror, cause in causes.items())
    raise DownloadError(f"no mirror gives the files ({tried}): check the network and the variable HTTPS_PROXY")


def _wait_for_answer(mirror: str) -> None:
    """Raise what requests raises unless the mirror answers within REACH seconds, whatever the answer is.

    The time limits of requests count anew for each of a host's addresses, and not at all for the look-up of its name.
    Without a network that makes minutes, for which a class must not wait; hence a thread that can be left to itself.
    """
    import requests

    answer = Future()

    def ask() -> None:
        try:
            answer.set_result(requests.head(mirror, timeout=REACH))
        except Exception as error:  # raised again below
            answer.set_exception(error)

    threading.Thread(target=ask, daemon=True).start()
    try:
        answer.result(timeout=REACH)
    except TimeoutError as error:
        raise requests.Timeout from error


def _download_with_bar(url: str, output_file: str, fetcher: object) -> None:
    """Download for pooch with a bar of text. Its own is a widget in a notebook, and a stored notebook loses widgets."""
    import pooch
    from tqdm import tqdm

    # pooch asks whether there is a bar before it has told the bar its total, and a bar without one has no answer.
    with tqdm(desc=Path(url).name, total=1, unit="B", unit_scale=True) as bar:
        pooch.HTTPDownloader(progressbar=bar, chunk_size=2**14, timeout=(REACH, STALL))(url, output_file, fetcher)


def _cause(error: Exception) -> str:
    """In a few words, why a mirror has given no file."""
    names = [kind.__name__ for kind in type(error).__mro__]
    if "HTTPError" in names:
        return f"HTTP status {error.response.status_code}"
    if "timed out" in str(error):  # requests does not use its Timeout for a download under way
        return CAUSES["Timeout"]
    if "hash" in str(error):
        return "not the published bytes"
    known = [CAUSES[name] for name in names if name in CAUSES]
    return known[0] if known else " ".join(str(error).split())


def _published(folder: Path) -> dict[str, Path]:
    return {key: folder / f"{name}.gz" for key, (name, _, _) in FILES.items()}


def _from_folder(variable: str) -> dict[str, Path]:
    try:
        folder = Path(variable).expanduser().absolute()
    except RuntimeError as error:  # ~name of nobody, or ~ without a home
        found = f"{variable}, and this machine knows no such home"
        raise DigitsError(f"expected a folder in MNIST_DIR, got {found}: give its absolute path") from error
    try:
        if not folder.is_dir():
            raise DigitsError(f"expected a folder in MNIST_DIR, got {folder}: correct the variable or unset it")
        return {key: _find(folder, *name_and_sums) for key, name_and_sums in FILES.items()}
    except OSError as error:
        raise DigitsError(f"cannot read MNIST_DIR, {folder}: {reason(error)}") from error


def _find(folder: Path, name: str, *checksums: str) -> Path:
    """The file in `folder`: as published, unpacked, or unpacked with a dot in its name, `train-images.idx3-ubyte`."""
    candidates = [folder / f"{name}.gz", folder / name, folder / name.replace("-idx", ".idx")]
    existing = [path for path in candidates if path.is_file()]
    if not existing:
        fix = "put all four files there, or unset the variable"
        raise DigitsError(f"expected {name}.gz in MNIST_DIR, got {folder} without it: {fix}")
    path = existing[0]
    found = file_sha256(path)
    if found not in checksums:
        what = _other_than_published(path, checksums[1])
        if what:
            fix = "fetch it again, or unset MNIST_DIR"
            raise DigitsError(f"expected the published file with the SHA-256 {checksums[0]}, got {path}, {what}: {fix}")
    return path


def _other_than_published(path: Path, sha256: str) -> str | None:
    """What is wrong with a file that is not the published one byte for byte; None where it was only gzipped anew."""
    try:
        with open_to_read(path) as file:
            content = file.read(MOST)
    except (OSError, ValueError) as error:
        raise DigitsError(f"cannot read {path}: {reason(error)}") from error
    try:
        unpacked = unpacking(content).read(MOST)
    except EOFError:
        return "which is cut off"
    except (OSError, zlib.error):
        return "which is damaged"
    found = hashlib.sha256(unpacked).hexdigest()
    if found == sha256:
        return None
    if unpacked.startswith(GZIP):
        return "which is gzipped twice"
    if unpacked.lstrip()[:1] == b"<":
        return "which is a web page"
    if not unpacked.startswith(b"\0\0"):
        return "which is of another kind"
    return f"which has another content, with the SHA-256 {found}"
