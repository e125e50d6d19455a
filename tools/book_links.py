"""Find what is wrong with a folder of web pages: links that lead nowhere, files of other hosts, silent pictures."""

from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit


class Page(HTMLParser):
    """A web page. ids: what links can lead to; links: where its own lead; loads: what it is made of; silent: pictures
    without alternative text."""

    def __init__(self, path: Path):
        super().__init__()
        self.ids: set[str | None] = set()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.silent: list[str] = []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        self.ids |= {attributes.get("id"), attributes.get("name")}
        if attributes.get("href"):
            (self.links if tag == "a" else self.loads).append(attributes["href"])
        if attributes.get("src"):
            self.loads.append(attributes["src"])
        if tag == "img" and attributes["src"].endswith(attributes.get("alt") or ""):  # docutils makes one of the path
            self.silent.append(attributes["src"])


def faults(site: Path) -> list[str]:
    """A line for each fault of the pages below the folder `site`; none where all is well."""
    site = site.resolve()
    files = (path for path in sorted(site.rglob("*.html")) if "_static" not in path.parts)  # there are templates
    pages = {path: Page(path) for path in files}
    return [f"{path.relative_to(site)}: {fault}" for path in pages for fault in _faults(path, pages, site)]


def _faults(path: Path, pages: dict[Path, Page], site: Path) -> Iterator[str]:
    page = pages[path]
    for source in page.silent:
        yield f"the picture {source} has no alternative text"
    for url in page.loads:
        if urlsplit(url).netloc:
            yield f"{url} is loaded from another host"
    for url in page.links + page.loads:
        parts = urlsplit(url)
        if parts.scheme or parts.netloc:
            continue
        target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
        if not target.is_file() or not target.is_relative_to(site):
            yield f"{url} leads to no file of the book"
        elif parts.fragment and target in pages and unquote(parts.fragment) not in pages[target].ids:
            yield f"{url} leads to no place of its page"
