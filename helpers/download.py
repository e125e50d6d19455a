"""Fetch published files from mirrors: each is verified, and put in its place only when it is right."""

import hashlib
import sys
import threading
import time
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import urlsplit

import requests
from tqdm import tqdm

from helpers.errors import DigitsError
from helpers.files import reason

REACH = 5  # seconds in which a mirror has to answer at all
STALL = 20  # seconds for which a download may stand still
CAUSES = {  # the more special ones first: most are also a ConnectionError
    requests.exceptions.ProxyError: "the proxy refuses or does not answer",
    requests.exceptions.InvalidProxyURL: "the proxy's address is not valid",
    requests.exceptions.SSLError: "no secure connection: a proxy in between, or a wrong clock",
    requests.exceptions.ChunkedEncodingError: "the connection broke off",
    requests.ConnectionError: "no connection",
}


class DownloadError(DigitsError):
    """The files cannot be fetched: the network, the mirrors or the disk."""


def file_sha256(path: Path) -> str | None:
    """The hexadecimal SHA-256 of a file, None where there is no such file. Raises DigitsError if it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise DigitsError(f"cannot read {path}: {reason(error)}") from error


def download(checksums: Mapping[str, str], folder: Path, mirrors: Sequence[str]) -> None:
    """Fetch the files that `folder` lacks, or holds damaged, with a progress bar for each on stderr.

    checksums: the SHA-256 by file name; mirrors: URLs that such a name completes. Every mirror is tried twice, in turn.
    pooch downloads to another name, verifies, and then renames, so neither a download that breaks off nor another
    process at the same time does harm. Raises DownloadError, within seconds where no mirror answers.
    """
    found = {name: file_sha256(folder / name) for name in checksums}
    wanted = [name for name in checksums if found[name] != checksums[name]]
    if not wanted:
        return
    for name in filter(found.get, wanted):
        print(f"{folder / name} is damaged and will be replaced.", file=sys.stderr)

    causes = _silent(mirrors)
    answering = [mirror for mirror in mirrors if mirror not in causes]
    if answering:
        print(f"Downloading into {folder}", file=sys.stderr)
    for mirror in answering * 2:
        try:
            for name in wanted:
                _fetch(mirror + name, checksums[name], folder / name)
            return
        except (requests.RequestException, ValueError) as error:  # ValueError: pooch has found a wrong checksum
            causes[mirror] = _cause(error)
        except OSError as error:  # comes second, for requests derives its exceptions from it
            raise DownloadError(f"cannot save to {folder}: {reason(error)}") from error
    tried = "; ".join(f"{urlsplit(mirror).netloc or mirror}: {cause}" for mirror, cause in causes.items())
    raise DownloadError(f"no mirror gives the files ({tried}): check the network and the variable HTTPS_PROXY")


def _silent(mirrors: Sequence[str]) -> dict[str, str]:
    """The mirrors that do not answer within REACH seconds, each with the cause.

    All are asked at once, in threads that nobody waits for any longer: the time limits of requests count anew for each
    of a host's addresses, and not at all for the look-up of its name, which may take long without a network.
    """
    causes = dict.fromkeys(mirrors, f"no answer within {REACH} s")

    def ask(mirror: str) -> None:
        try:
            requests.head(mirror, timeout=REACH)
            causes.pop(mirror, None)
        except (OSError, ValueError) as error:
            causes[mirror] = _cause(error)

    threads = [threading.Thread(target=ask, args=(mirror,), daemon=True) for mirror in mirrors]
    for thread in threads:
        thread.start()
    end = time.monotonic() + REACH
    for thread in threads:
        thread.join(max(0, end - time.monotonic()))
    return dict(causes)


def _fetch(url: str, sha256: str, path: Path) -> None:
    """Download one file with pooch, which leaves alone what is there and right."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # imported in a notebook, pooch's own bar asks for a package of widgets
        import pooch

    pooch.get_logger().setLevel("WARNING")
    with _Bar(desc=path.name, unit="B", unit_scale=True) as bar:
        downloader = pooch.HTTPDownloader(progressbar=bar, chunk_size=2**14, timeout=(REACH, STALL))
        pooch.retrieve(url, f"sha256:{sha256}", fname=path.name, path=path.parent, downloader=downloader)


class _Bar(tqdm):
    """A text bar, the same in a terminal and in a notebook, as pooch wants one."""

    def __bool__(self) -> bool:
        return True  # pooch asks whether there is a bar before it knows the total, by which tqdm would answer

    def reset(self, total: float | None = None) -> None:
        self.n = 0  # pooch sets a finished bar back and fills it in one go; the time it has taken is to stay


def _cause(error: Exception) -> str:
    """In a few words, why a mirror has given no file."""
    if isinstance(error, requests.HTTPError):
        return f"HTTP status {error.response.status_code}"
    if "timed out" in str(error):  # there is a class for that, but requests does not use it for a download under way
        return "no answer in time"
    for kind, cause in CAUSES.items():
        if isinstance(error, kind):
            return cause
    return "not the published bytes" if "hash" in str(error) else " ".join(str(error).split())
