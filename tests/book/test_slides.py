"""`make slides`: a page for each notebook, in a real browser without a network."""

import re
import subprocess
import sys

import class_copies
import pytest
from playwright.sync_api import expect

NOTEBOOKS = sorted(class_copies.NOTEBOOKS.glob("*.ipynb"))


@pytest.fixture(scope="module")
def slides(packages, tmp_path_factory):
    folder = tmp_path_factory.mktemp("class") / "slides"
    command = [sys.executable, class_copies.__file__, "slides", "--out", folder]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    return folder


@pytest.fixture
def page(chromium):
    """A page that reads files alone; in the end nothing else was asked for, and nothing went wrong."""
    page = chromium.new_page(viewport={"width": 1280, "height": 800})
    wrong = []

    def only_files(route):
        if route.request.url.startswith(("file:", "data:")):
            route.continue_()
        else:
            wrong.append(route.request.url)
            route.abort()

    page.route("**/*", only_files)
    page.on("requestfailed", lambda request: wrong.append(request.url))
    page.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    yield page
    page.close()
    assert not wrong


def test_a_page_for_each_notebook(slides):
    assert sorted(path.name for path in slides.glob("*.html")) == [f"{path.stem}.html" for path in NOTEBOOKS]
    for path in slides.glob("*.html"):
        text = path.read_text(encoding="utf-8")
        assert "Solution</summary>" not in text
        for source in re.findall(r"""<(?:script|link|img)[^>]*?(?:src|href)=["'](?!data:)([^"']+)""", text):
            assert (slides / source).exists(), f"{path.name} loads {source}"
        pictures = re.findall(r"<img [^>]*>", text)
        assert all(re.search(r'alt="\w[^"]{15,}"', picture) for picture in pictures), path.name
        assert "No description has been provided" not in text
        assert "Open in Colab" not in text
        assert "hosted.py" not in text


def test_links_of_the_slides_lead_to_files(slides):
    for path in slides.glob("*.html"):
        targets = re.findall(r'<a href="([^"#]+)', path.read_text(encoding="utf-8"))
        files = [target for target in targets if not re.match(r"[a-z]+:", target)]
        assert not [target for target in files if not (slides / target).exists()], path.name
        assert not [target for target in files if target.endswith(".ipynb")], path.name


def test_slides_move_on(slides, page):
    page.goto((slides / "03_lenet.html").as_uri())
    page.wait_for_function("Reveal.isReady()")
    shown = page.locator("section.present section.present, section.present:not(.stack)").last
    assert page.title() == "3. LeNet: looking with small windows slides"
    expect(shown.locator("h1")).to_contain_text("3. LeNet")
    page.locator("mjx-container svg").first.wait_for(state="attached")
    total = page.evaluate("Reveal.getTotalSlides()")
    assert total > 80

    def shows(part, text):
        expect(part).to_contain_text(text, use_inner_text=True)

    page.keyboard.press("ArrowRight")  # the setup has no output
    expect(shown.locator("h1")).to_have_count(0)
    shows(shown, "import mxnet as mx")
    page.keyboard.press("ArrowRight")  # the data, then their number
    output = shown.locator(".fragment")
    shows(shown, "digits = load_mnist()")
    expect(output).to_have_css("visibility", "hidden")
    page.keyboard.press("ArrowRight")
    expect(output).to_have_class("fragment visible current-fragment")
    shows(output, "training images")

    def texts(elements):
        return page.evaluate(f"[...document.querySelectorAll('{elements}')].map(element => element.innerText)")

    headings = texts(", ".join(f".slides h{level}" for level in (1, 2, 3)))
    firsts = texts(", ".join(f".slides > section > section:first-child h{level}" for level in (1, 2, 3)))
    assert firsts == headings, "each heading begins a slide"
    for _ in range(2 * total):
        page.keyboard.press("ArrowRight")
    shows(shown.locator("h2"), "Recap")
    assert page.evaluate("Reveal.isLastSlide()")


@pytest.mark.parametrize("name", [path.stem for path in NOTEBOOKS])
def test_every_page_opens(slides, page, name):
    page.goto((slides / f"{name}.html").as_uri())
    page.locator(".slides h1").wait_for()
    page.locator(".slide-number-b").first.wait_for()
    prose = page.evaluate("[...document.querySelectorAll('.jp-MarkdownOutput')].map(cell => cell.innerText)")
    assert not [text for text in prose if re.search(r"\$.+\$", text)], "a formula is left as text"
