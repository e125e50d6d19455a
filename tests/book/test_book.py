"""The book of `make book`: built once, then read in a real browser that reaches no network."""

import functools
import gzip
import http.server
import inspect
import itertools
import pkgutil
import re
import shutil
import subprocess
import sys
import threading
from importlib import import_module

import book_links
import book_source
import make_book
import nbformat
import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

import helpers
from book.live import PIECES
from helpers.base.errors import DigitsError, exit_code
from helpers.plots.figures import Axes

NOTEBOOKS = sorted((make_book.ROOT / "notebooks").glob("*.ipynb"))
NAMES = [path.stem for path in NOTEBOOKS]
PAGES = [path.relative_to(make_book.ROOT) for path in [*book_source.pages_of(make_book.ROOT), *NOTEBOOKS]]
FACELESS = {"helpers.base", "helpers.cli"}  # an empty __init__
MODULES = [module.name for module in pkgutil.walk_packages(helpers.__path__, "helpers.") if module.name not in FACELESS]
PHONE = {"width": 360, "height": 740}
DESKTOP = {"width": 1280, "height": 900}
# A formula within a line does not scroll: what is too wide is cut off. In a table it scrolls with the table.
CUT_FORMULAS = """[...document.querySelectorAll("p span.math mjx-container")]
    .filter(formula => !formula.closest(".pst-scrollable-table-container"))
    .filter(formula => formula.getBoundingClientRect().right > innerWidth)
    .map(formula => formula.closest("p").innerText)"""


class Silent(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *arguments):
        pass


class Reader:
    """A browser's page on the book. `outside`: what it asked of other hosts; `printed`: the errors of its console."""

    def __init__(self, page, address):
        self.page = page
        self.address = address
        self.outside = []
        self.printed = []
        page.on("request", self._note)
        page.on("pageerror", lambda error: self.printed.append(str(error)))
        page.on("console", lambda message: message.type == "error" and self.printed.append(message.text))

    def _note(self, request):
        if not request.url.startswith((self.address, "data:", "blob:")):
            self.outside.append(request.url)

    def open(self, name, until="networkidle"):
        self.page.goto(self.address + name, wait_until=until)
        return self.page

    def ask(self, expression):
        return self.page.evaluate(expression)


@pytest.fixture(scope="session")
def book(packages, tmp_path_factory):
    """The folder of the whole book, built by the command."""
    out = tmp_path_factory.mktemp("made") / "book"
    command = [sys.executable, make_book.__file__, "--out", out]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    assert re.search(r"book: \d+ pages; to read them: python3 -m http\.server --directory ", done.stdout)
    assert list(out.parent.iterdir()) == [out]  # nothing else is left
    return out


@pytest.fixture(scope="module")
def address(book):
    """Where a web server of the tests' own has the book."""
    handler = functools.partial(Silent, directory=book)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@pytest.fixture
def read(chromium, address):
    """A function that gives a Reader with a window of the given size. Whatever it opens stays within the book."""
    readers = []

    def read(viewport=DESKTOP, **options):
        reader = Reader(chromium.new_page(viewport=viewport, **options), address)
        readers.append(reader)
        return reader

    yield read
    for reader in readers:
        reader.page.close()
        assert reader.outside == []
        assert reader.printed == []


# What it contains


def test_the_pages_are_found_at_all():
    names = {path.as_posix() for path in PAGES}
    assert {"README.md", "CONTRIBUTING.md", "benchmarks/README.md", "docs/troubleshooting.md"} <= names
    assert "notebooks/glossary.md" in names


@pytest.mark.parametrize("path", PAGES, ids=str)
def test_every_page_of_the_series_is_in_the_navigation(book, path):
    name = path.with_suffix(".html").as_posix()
    assert (book / name).exists()
    assert name in book_links.Page(book / "index.html").links


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_a_chapter_opens_in_colab_and_on_binder_by_a_link(book, path):
    """Without the badge's picture, which is another host's, and without the cell that does nothing elsewhere."""
    page = book_links.Page(book / "notebooks" / f"{path.stem}.html")
    [link] = {link for link in page.links if link.startswith("https://colab.research.google.com/github/")}
    assert link.endswith(f"/blob/main/notebooks/{path.name}")
    [launch] = {link for link in page.links if link.startswith("https://mybinder.org/v2/gh/")}
    assert launch.endswith(f"/main?urlpath=lab/tree/notebooks/{path.name}")
    assert "hosted.py" not in (book / "notebooks" / f"{path.stem}.html").read_text(encoding="utf-8")


def test_the_front_page_says_how_long_each_chapter_takes_to_read(book):
    """A chapter with more words and code than another takes no less, and none says how long it runs."""
    front = (book / "index.html").read_text(encoding="utf-8")
    assert not re.search(r"About \w+ minutes?", front)
    minutes, sizes = [], []
    for path in NOTEBOOKS:
        entry = re.search(rf'<dt><a [^>]*href="notebooks/{path.stem}\.html".*?</dd>', front, flags=re.DOTALL)
        minutes.append(int(re.search(r"(\d+) minutes to read", entry[0])[1]))
        cells = nbformat.read(path, as_version=4).cells
        text = "\n".join(cell.source for cell in cells[: [cell.id for cell in cells].index("exercises")])
        sizes.append(len(text))
    assert np.corrcoef(minutes, sizes)[0, 1] > 0.9
    assert minutes[NAMES.index("01_data")] == 25  # 2,060 words at 238 a minute and 128 lines at 500 an hour


def test_each_page_has_a_title_of_its_own(book):
    pages = [path for path in book.rglob("*.html") if not {"_static", "_modules"} & set(path.parts)]
    assert len({re.search(r"<title>(.*?)</title>", page.read_text(encoding="utf-8"))[1] for page in pages}) == len(
        pages
    )


@pytest.mark.parametrize("name", MODULES)
def test_every_module_has_a_page_with_what_it_offers(book, name):
    page = book / "api" / f"{name}.html"
    assert page.exists(), f"tools/book_source.py does not list {name}: does the docstring of helpers name its room?"
    ids = book_links.Page(page).ids
    module = import_module(name)
    for member, value in vars(module).items():
        offered = (inspect.isfunction(value) or inspect.isclass(value)) and not member.startswith("_")
        if offered and value.__module__ == name and value.__doc__ and value is not Axes:
            assert f"{name}.{member}" in ids


def test_docstrings_are_set_as_they_are_meant(book):
    page = "\n".join(path.read_text(encoding="utf-8") for path in book.glob("api/helpers.drawing*.html"))
    assert re.search(r"<p><strong>strokes</strong>: a list of lists of points", page)
    assert "<pre>strokes -&gt; fit_strokes -&gt; draw_ink" in re.sub(r"</?span[^>]*>", "", page)
    assert re.search(r'<code class="[^"]*literal[^"]*">.*?to_ink.*?</code>', page)
    assert not [path.name for path in book.glob("api/*.html") if "Alias for field" in path.read_text(encoding="utf-8")]


# How it reads


# What is wider than its place, and says so neither to the eye nor to a screen reader
SILENTLY_CUT = """[...document.querySelectorAll('.bd-article *')]
    .filter(element => getComputedStyle(element).display !== "inline")
    .filter(element => !element.parentElement.closest("mjx-container"))
    .filter(element => ["auto", "scroll", "hidden"].includes(getComputedStyle(element).overflowX))
    .filter(element => !element.matches(".spoken")) // a text for screen readers alone
    .filter(({ scrollWidth, clientWidth }) => clientWidth > 0 && scrollWidth > clientWidth + 1)
    .filter(element => !element.matches("span.math") || element.querySelector("svg").getBoundingClientRect().width
        > element.getBoundingClientRect().width + 1) // else what is wider is the text for screen readers
    .filter(element => element.tabIndex !== 0 || !element.getAttribute("aria-label") || !fades(element))
    .map(element => `${element.tagName}.${element.className} ${element.innerText.slice(0, 40)}`)"""
FADES = """window.fades = element => {
    const { maskImage, overflowX } = getComputedStyle(element);
    return overflowX !== "hidden" && /gradient.*- 3rem|gradient.*- 48px/.test(maskImage);
}"""


@pytest.mark.parametrize("window", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_nothing_is_cut_off_without_a_sign(read, path, window):
    reader = read(window)
    page = reader.open(f"notebooks/{path.stem}.html")
    page.add_script_tag(content=FADES)
    reader.ask("document.querySelectorAll('details').forEach(details => { details.open = true; })")
    expect(page.locator(".bd-article pre[data-more=right]").first).to_be_attached()
    page.wait_for_timeout(100)  # what has just unfolded is measured after its next frame
    assert reader.ask(SILENTLY_CUT) == []


def test_what_is_cut_off_scrolls_by_keys_and_fades_where_there_is_more(read):
    reader = read(PHONE)
    page = reader.open("notebooks/03_lenet.html")
    code = page.locator(".cell_input pre[role=group]").first
    expect(code).to_have_attribute("aria-label", "Code, scrolls sideways")
    code.focus()
    page.keyboard.press("ArrowRight")
    expect(code).to_have_attribute("data-more", "left right")
    code.evaluate("code => code.scrollTo({ left: code.scrollWidth })")
    expect(code).to_have_attribute("data-more", "left")
    page.set_viewport_size({"width": 1600, "height": 900})
    short = page.locator(".cell_input pre[data-more='']").first
    assert short.get_attribute("aria-label") is None


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_a_chapter_in_the_browser(read, path):
    """On a phone: its pictures with their texts, its formulas, its folded parts; and nothing wider than the window."""
    cells = nbformat.read(path, as_version=4).cells
    outputs = [output for cell in cells for output in cell.get("outputs", [])]
    alts = [output.metadata["image/png"]["alt"] for output in outputs if "image/png" in output.get("data", {})]
    reader = read(PHONE)
    page = reader.open(f"notebooks/{path.stem}.html")
    assert alts
    assert reader.ask("[...document.querySelectorAll('.cell_output img')].map(image => image.alt)") == alts
    assert reader.ask("[...document.images].every(image => image.complete && image.naturalWidth)")
    assert reader.ask("document.documentElement.scrollWidth") <= PHONE["width"]
    formulas = page.locator(".math")
    expect(page.locator(".math mjx-container svg")).to_have_count(formulas.count())
    expect(page.locator("mjx-merror")).to_have_count(0)
    assert reader.ask(CUT_FORMULAS) == []
    for folded in page.locator("section > details").all():
        content = folded.locator(":scope > :not(summary)").first
        expect(content).to_be_hidden()
        folded.locator("summary").click()
        expect(content).to_be_visible()
    solutions = sum(cell.source.count("```python") for cell in cells if "solution" in cell.metadata.get("tags", []))
    expect(page.locator("section > details .highlight-python")).to_have_count(solutions)
    assert reader.ask("document.documentElement.scrollWidth") <= PHONE["width"]


def test_other_pages_in_the_browser(read, book):
    reader = read(PHONE)
    folders = ("", "notebooks/", "docs/", "benchmarks/", "api/")
    for path in [path for folder in folders for path in book.glob(f"{folder}*.html")]:
        reader.open(str(path.relative_to(book)), until="load")
        assert reader.ask("document.documentElement.scrollWidth") <= PHONE["width"], path.name
        ends = "[...document.querySelectorAll('.prev-next-title')].map(title => title.getBoundingClientRect().right)"
        assert all(end <= PHONE["width"] for end in reader.ask(ends)), path.name


def test_long_names_fit_beside_the_page(read):
    reader = read(DESKTOP)
    reader.open("api/helpers.by_hand.html")
    ends = reader.ask(
        "[...document.querySelectorAll('.page-toc code')].map(code => code.getBoundingClientRect().right)"
    )
    assert ends
    assert max(ends) <= DESKTOP["width"]


LOOKS = {"light": DESKTOP, "dark": PHONE}


def pages_and_looks():
    """Live pieces in both looks. A chapter takes axe ten seconds: the others have one look each."""
    live = ["index", "class", *PIECES]
    others = [page for page in (f"notebooks/{name}" for name in NAMES) if page not in PIECES]
    return [*itertools.product(live, LOOKS), *zip(others, itertools.cycle(LOOKS), strict=False)]


@pytest.mark.parametrize(("name", "look"), pages_and_looks())
def test_axe_finds_nothing_serious(read, name, look):
    """With all that folds open, and with the live pieces."""
    reader = read(LOOKS[look], color_scheme=look)
    page = reader.open(f"{name}.html")
    if page.locator(".live").count():
        expect(page.locator("[id^=live-] > :not([role=status])").first).to_be_visible(timeout=60_000)
    reader.ask("document.querySelectorAll('details').forEach(details => { details.open = true; })")
    page.wait_for_timeout(100)  # what has just unfolded is named after its next frame
    found = Axe().run(page, options={"preload": False}).response  # it would ask for style sheets at wrong addresses
    assert found["passes"]
    serious = [each for each in found["violations"] if each["impact"] in ("serious", "critical")]
    assert [(each["id"], node["html"]) for each in serious for node in each["nodes"]] == []


def test_formulas_are_set_by_the_book_itself(read):
    page = read().open("notebooks/04_dropout_cnn.html")
    expect(page.locator(".math mjx-container svg").first).to_be_visible()
    assert page.locator(".math").count() > 0


def test_search_finds_a_chapter_by_its_word(read):
    page = read().open("index.html")
    page.keyboard.press("Control+K")
    page.get_by_role("searchbox").locator("visible=true").fill("dropout")
    page.keyboard.press("Enter")
    found = page.locator("#search-results a[href*='04_dropout_cnn.html']").first
    expect(found).to_be_visible()
    found.click()
    expect(page).to_have_title(re.compile("Dropout"))


@pytest.mark.parametrize("wish", ["light", "dark"])
def test_light_and_dark(read, wish):
    """The page begins as the reader's system is, and its switch makes it the other."""
    reader = read(color_scheme=wish)
    page = reader.open("notebooks/01_data.html")
    paper = "getComputedStyle(document.body).backgroundColor.match(/\\d+/g).slice(0, 3).every(each => each > 128)"
    assert reader.ask(paper) == (wish == "light")
    other = {"light": "dark", "dark": "light"}[wish]
    page.locator(".theme-switch-button:visible").click()
    page.locator(f".theme-change-button[data-mode={other}]:visible").click()
    expect(page.locator("html")).to_have_attribute("data-theme", other)
    assert reader.ask(paper) == (other == "light")


def test_the_front_page_is_light(read):
    """At most 6 MB, scripts and pages counted as small as a web server makes them that compresses these alone."""
    bodies = {}
    reader = read()
    reader.page.on("response", lambda answer: bodies.setdefault(answer.url, answer))
    reader.open("index.html")
    reader.page.locator(".digit-canvas[data-state=empty]").wait_for()
    text = ("text/", "application/json", "image/svg", "javascript")
    sizes = {}
    for url, answer in bodies.items():
        content = answer.body() if url.startswith(reader.address) else b""
        kind = answer.headers.get("content-type", "")
        sizes[url] = len(gzip.compress(content)) if any(name in kind for name in text) else len(content)
    assert any(url.endswith(".wasm.gz") for url in sizes)
    assert sum(sizes.values()) <= 6e6, sizes


def test_the_icons_are_there(read):
    """As letters of a font, which the theme would draw by a large script; its rooms for them are those of pictures."""
    page = read().open("search.html")
    shown = "getComputedStyle(document.querySelector('.fa-bars'), '::before').content"
    assert re.fullmatch(r'".+"', page.evaluate(shown))
    font = """document.fonts.load('900 16px "Font Awesome 7 Free"').then(faces => faces.map(face => face.status))"""
    assert set(page.evaluate(font)) == {"loaded"}
    icon = page.locator(".bd-search:visible .fa-magnifying-glass").first.bounding_box()
    field = page.locator(".bd-search:visible input").first.bounding_box()
    assert icon["x"] + icon["width"] <= field["x"]


def test_the_front_page_has_the_pad(read):
    page = read().open("index.html")
    expect(page.locator("#live-demo .digit-canvas")).to_be_visible()
    expect(page.locator(".needs-server")).to_be_hidden()


# When something is wrong


@pytest.fixture
def project(tmp_path):
    """A function that makes a project whose book has a single page, with the text given."""

    def project(text):
        folder = tmp_path / "project"
        shutil.copytree(make_book.ROOT / "book", folder / "book")
        for page in ("api.md", "class.md"):
            (folder / "book" / page).unlink()
        (folder / "README.md").write_text("---\norphan: true\n---\n# A project\n", encoding="utf-8")
        (folder / "book" / "index.md").write_text(f"# A page\n\n{text}\n", encoding="utf-8")
        return folder

    return project


WRONG = {
    "[that](nowhere.md)": "index.md:3: WARNING: 'myst' cross-reference target not found: 'nowhere.md'",
    "{py:obj}`helpers.nowhere`": "index.md:3: WARNING: py:obj reference target not found: helpers.nowhere",
    "<a href='nowhere.html'>that</a>": "index.html: nowhere.html leads to no file of the book",
}


@pytest.mark.parametrize("text", WRONG)
def test_what_is_wrong_stops_the_build_with_one_line(project, packages, tmp_path, text):
    out = tmp_path / "built" / "book"
    out.mkdir(parents=True)
    (out / make_book.MARK).write_text("the book of yesterday", encoding="utf-8")
    with pytest.raises(DigitsError) as error:
        make_book.build(project(text), out)
    log = tmp_path / "built" / "book.log"
    assert str(error.value).startswith(WRONG[text])
    assert "\n" not in str(error.value)
    assert str(error.value).endswith(f"in all: see {log})")
    assert WRONG[text] in log.read_text(encoding="utf-8")
    assert sorted(out.parent.iterdir()) == [out, log]
    assert (out / make_book.MARK).read_text(encoding="utf-8") == "the book of yesterday"


def test_a_page_with_nothing_wrong_replaces_the_book_before(project, packages, tmp_path):
    out = tmp_path / "built" / "book"
    out.mkdir(parents=True)
    for name in (make_book.MARK, "old.html"):
        (out / name).touch()
    make_book.build(project("[Another](README.md)"), out)
    assert (out / "index.html").exists()
    assert not (out / "old.html").exists()
    assert list(out.parent.iterdir()) == [out]


FAULTS = {
    "<a href='other.html#there'>that</a> <a href='#here'>this</a> <a href='https://example.org'>it</a>": None,
    "<img src='other.html' alt='A 7.'>": None,
    "<a href='other.html#nowhere'>that</a>": "other.html#nowhere leads to no place of its page",
    "<a href='#nowhere'>that</a>": "#nowhere leads to no place of its page",
    "<a href='../other.html'>that</a>": "../other.html leads to no file of the book",
    "<script src='nowhere.js?v=1'></script>": "nowhere.js?v=1 leads to no file of the book",
    "<script src='https://example.org/a.js'></script>": "https://example.org/a.js is loaded from another host",
    "<link href='//example.org/a.css'>": "//example.org/a.css is loaded from another host",
    "<img src='other.html'>": "the picture other.html has no alternative text",
    "<img src='other.html' alt='other.html'>": "the picture other.html has no alternative text",
}


@pytest.mark.parametrize("text", FAULTS)
def test_faults_of_pages(tmp_path, text):
    site = tmp_path / "site"
    site.mkdir()
    (site / "index.html").write_text(f"<p id='here'>{text}</p>", encoding="utf-8")
    (site / "other.html").write_text("<p id='there'></p>", encoding="utf-8")
    (tmp_path / "other.html").touch()  # outside
    assert book_links.faults(site) == ([f"index.html: {FAULTS[text]}"] if FAULTS[text] else [])


def test_a_folder_that_is_no_book_stays(tmp_path, capsys):
    (tmp_path / "letter.txt").write_text("dear all", encoding="utf-8")
    assert exit_code(lambda: make_book.main(["--out", str(tmp_path)])) == 1
    assert capsys.readouterr().err == (
        f"error: {tmp_path} holds something else than a book: choose another folder, or remove it\n"
    )
    assert (tmp_path / "letter.txt").exists()


def test_two_pictures_in_one_cell():
    picture = nbformat.v4.new_output("display_data", {"image/png": ""}, metadata={"image/png": {"alt": "A 7."}})
    cell = nbformat.v4.new_code_cell("two()", id="two", outputs=[picture, picture])
    with pytest.raises(DigitsError, match=r"99\.ipynb, cell two shows 2 pictures: show each in a cell of its own"):
        book_source.prepare(nbformat.v4.new_notebook(cells=[cell]), "99.ipynb")
