"""Build the series as a web site: the notebooks with their stored outputs, the pages beside them, the helpers' API.

    python tools/make_book.py [--out FOLDER] [--external]

Nothing is executed, and what is built needs no network to be read. Every warning is an error, a link that leads nowhere
too; then what stood in FOLDER stays. Links to other sites are only tried with --external, and then nothing is built.
"""

import argparse
import re
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import book_demo
from book_links import faults
from book_source import lay_source

from helpers.base.errors import DigitsError, exit_code
from helpers.base.files import reason

ROOT = Path(__file__).resolve().parent.parent
MARK = "searchindex.js"  # in every book, and hardly in any other folder


def build(project: Path, out: Path) -> int:
    """Build the book of the folder `project` in `out`, whole or not at all; return the number of its pages.

    Raises DigitsError for anything that is wrong with it: the first fault, and the file beside `out` with all of them.
    """
    log = out.with_name(f"{out.name}.log")
    if out.exists() and not (out / MARK).exists():
        raise DigitsError(f"{out} holds something else than a book: choose another folder, or remove it")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix=f".{out.name}-", dir=out.parent) as scratch:
            source, site = Path(scratch, "source"), Path(scratch, "site")
            lay_source(project.resolve(), source)
            stop_for(sphinx_warnings("html", source, site), log)
            add_scripts(site / "_static")
            stop_for(faults(site), log)
            if out.exists():
                out.rename(Path(scratch, "old"))
            site.rename(out)
    except OSError as error:
        raise DigitsError(f"cannot build {out}: {reason(error)}") from error
    return len(list(out.rglob("*.html")))


def try_external_links(project: Path) -> None:
    """Follow every link to another site. Raises DigitsError for those that are broken."""
    with TemporaryDirectory() as scratch:
        source = Path(scratch, "source")
        lay_source(project, source)
        stop_for(sphinx_warnings("linkcheck", source, Path(scratch, "links")), ROOT / "build" / "links.log")


def sphinx_warnings(builder: str, source: Path, target: Path) -> list[str]:
    """Run one of Sphinx's builders from the folder `source` into `target` and return what it warns of, a line each."""
    log = target.with_suffix(".log")
    options = ["-b", builder, "-q", "-W", "--keep-going", "-d", target.with_suffix(".doctrees"), "-w", log]
    command = [sys.executable, "-m", "sphinx", *options, source, target]
    done = subprocess.run(command, capture_output=True, text=True)
    text = (log.read_text(encoding="utf-8") if log.exists() else "") or (done.stderr if done.returncode else "")
    lines = text.replace(f"{source}/", "").splitlines()
    return [line.strip() for line in lines if re.search(r"(WARNING|ERROR|CRITICAL|Error|Exception): ", line)] or lines


def add_scripts(static: Path) -> None:
    """Add what the pages run in the reader's browser: the pad of the front page, MathJax and the icons."""
    book_demo.build(static / "demo")
    packages = book_demo.packages()
    (static / "mathjax").mkdir()
    shutil.copy(packages / "mathjax" / "es5" / "tex-svg.js", static / "mathjax")
    for part in ("css/all.min.css", "webfonts"):
        source, target = packages / "@fortawesome" / "fontawesome-free" / part, static / "fontawesome" / part
        target.parent.mkdir(parents=True, exist_ok=True)
        (shutil.copytree if source.is_dir() else shutil.copy)(source, target)
    (static / "scripts" / "fontawesome.js").unlink()  # no page asks for it: see book/_templates/layout.html


def stop_for(found: list[str], log: Path) -> None:
    """Raise DigitsError with the first of the faults, if there is one, and keep all of them in the file `log`."""
    log.unlink(missing_ok=True)
    if found:
        log.parent.mkdir(parents=True, exist_ok=True)
        log.write_text("\n".join(found) + "\n", encoding="utf-8")
        raise DigitsError(f"{found[0]} ({len(found)} in all: see {log})")


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--out", type=Path, metavar="FOLDER", default=ROOT / "build" / "book", help="build/book by default"
    )
    parser.add_argument("--external", action="store_true", help="only try the links to other sites")
    chosen = parser.parse_args(arguments)
    if chosen.external:
        try_external_links(ROOT)
        print("Every link to another site works")
    else:
        pages = build(ROOT, chosen.out)
        print(f"{chosen.out}: {pages} pages; to read them: python3 -m http.server --directory {chosen.out}")


if __name__ == "__main__":
    sys.exit(exit_code(main))
