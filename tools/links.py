"""Let every badge, link and first cell lead to one copy of the project on GitHub: a teacher's fork, say.

    python tools/links.py OWNER/NAME

The address stands in [project.urls] of pyproject.toml, and wherever readers click or copy it: PLACES. A file is written
whole or not at all, pyproject.toml last, so what was interrupted can be run again.
"""

import argparse
import re
import sys
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path

from helpers.base.errors import DigitsError, exit_code
from helpers.base.files import atomic_write, reason

ROOT = Path(__file__).resolve().parent.parent
PROJECT = "pyproject.toml"
PLACES = (
    "README.md",
    "CONTRIBUTING.md",
    "benchmarks/README.md",
    "binder/*",
    "book/*.md",
    "book/conf.py",
    "docs/*.md",
    "notebooks/*.ipynb",
    "notebooks/*.md",
    PROJECT,
)

# What stands before owner/name where it can only be this project, whatever copy of it; in a link within a link the
# slashes are written as %2F, in a notebook a quotation mark has a backslash before it.
BEFORE = (
    r"colab\.research\.google\.com/github/",
    r"kaggle\.com/kernels/welcome\?src=https://github\.com/",
    r"mybinder\.org/v2/gh/",
    r"\bgit-pull\?repo=https%3A%2F%2Fgithub\.com%2F",
    r'\bseries = \\?"https://github\.com/',
)
LAUNCH = re.compile(rf"(?P<before>{'|'.join(BEFORE)})(?P<owner>[\w.-]+)(?P<slash>/|%2F)(?P<name>[\w.-]+)")


def parse(text: str) -> tuple[str, str]:
    """Owner and name of a repository. Raises DigitsError for anything that GitHub would not call one."""
    found = re.fullmatch(r"([A-Za-z0-9](?:-?[A-Za-z0-9]){0,38})/([A-Za-z0-9._-]{1,100})", text)
    if not found or found[2] in (".", "..") or found[2].endswith(".git"):
        got = " ".join(text.split()) or "nothing"
        raise DigitsError(f"expected a repository on GitHub, got {got}: give REPOSITORY=owner/name")
    return found[1], found[2]


def repository_url(owner: str, name: str) -> str:
    return f"https://github.com/{owner}/{name}"


def book_url(owner: str, name: str) -> str:
    """Where GitHub Pages shows the book of a repository."""
    host = f"{owner.lower()}.github.io"
    return f"https://{host}/" if name.lower() == host else f"https://{host}/{name}/"


def declared(project: Path) -> tuple[str, str]:
    """Owner and name by the pyproject.toml of the folder. Raises DigitsError where it has none."""
    path = project / PROJECT
    try:
        urls = tomllib.loads(path.read_text(encoding="utf-8"))["project"]["urls"]
        return parse(urls["Repository"].removeprefix("https://github.com/"))
    except OSError as error:
        raise DigitsError(f"cannot read {path}: {reason(error)}") from error
    except (KeyError, tomllib.TOMLDecodeError) as error:
        raise DigitsError(f"expected Repository in [project.urls] of {path}, got none: restore it with git") from error


def places(project: Path) -> Iterator[Path]:
    """The files that an address may stand in; pyproject.toml, which says what the old one was, comes last."""
    for pattern in PLACES:
        yield from (path for path in sorted(project.glob(pattern)) if path.is_file())


def rewritten(text: str, old: tuple[str, str], new: tuple[str, str]) -> str:
    """The text of a place with the new address in place of the old one, and in every link that launches the project."""
    text = LAUNCH.sub(lambda found: f"{found['before']}{new[0]}{found['slash']}{new[1]}", text)
    clone = "{} && cd {}"  # the folder that git makes has the name of the repository
    text = text.replace(clone.format(repository_url(*old), old[1]), clone.format(repository_url(*new), new[1]))
    address = rf"(github\.com)(/|%2F){re.escape(old[0])}\2{re.escape(old[1])}(?![\w-])"
    text = re.sub(address, rf"\g<1>\g<2>{new[0]}\g<2>{new[1]}", text)
    return text.replace(book_url(*old), book_url(*new))


def rewrite(project: Path, new: tuple[str, str]) -> int:
    """Write the address of the new repository into all places, and return how many files have changed."""
    old = declared(project)
    changed = 0
    for path in places(project):
        try:
            before = path.read_bytes()
        except OSError as error:
            raise DigitsError(f"cannot read {path}: {reason(error)}") from error
        after = rewritten(before.decode(), old, new).encode()
        if after != before:
            with atomic_write(path) as partial:
                partial.write_bytes(after)
            changed += 1
    return changed


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("repository", metavar="OWNER/NAME")
    new = parse(parser.parse_args(arguments).repository)
    changed = rewrite(ROOT, new)
    print(f"Badges and links lead to {repository_url(*new)} ({changed} files changed)")


if __name__ == "__main__":
    sys.exit(exit_code(main))
