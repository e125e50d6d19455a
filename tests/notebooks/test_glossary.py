"""The glossary: each term once, and linked from where a reader of the chapters meets it first."""

import re
from pathlib import Path

import nbformat
import pytest

FOLDER = Path(__file__).parents[2] / "notebooks"
CHAPTERS = {path.name: nbformat.read(path, as_version=4) for path in sorted(FOLDER.glob("*.ipynb"))}
GLOSSARY = (FOLDER / "glossary.md").read_text(encoding="utf-8")
ENTRIES = dict(re.findall(r"^## (.+)\n\n((?:.+\n)+)", GLOSSARY, flags=re.MULTILINE))

LINK = re.compile(r"\[([^\]]*)\]\(([^)\s]*)\)")
ITALICS = re.compile(r"(?<![*\w])\*(?![*\s])([^*]+?)\*(?![*\w])")
OPEN, CLOSE = "\N{LEFT WHITE SQUARE BRACKET}", "\N{RIGHT WHITE SQUARE BRACKET}"  # stand around a link to the entry

# What the chapters say before they introduce the term, in another sense of the word.
ANOTHER_SENSE = {"Kernel": "brings down the kernel", "In step": "in steps", "Pull": "pulls every weight"}

# In italics to stress a word, not to introduce it.
STRESSED = {
    *("all", "and", "different", "exactly", "faster", "have", "is", "on average", "one", "same", "sums", "the same"),
    *("there", "where you wait", "which", "with", "your class", "like those of the test"),
    *("a firm", "adds", "function", "you"),
    *("error", "first weights", "gradient of the weights", "image", "leans", "names", "processes", "users"),
    "negative logarithm of the probability of the right answer",
}


def slug(term):
    """The anchor of a heading, as GitHub and MyST make it."""
    return re.sub(r"[^\w-]", "", term.lower().replace(" ", "-"))


def forms(term):
    """The term itself and the words that its entry calls the same."""
    return [term, *ITALICS.findall(ENTRIES[term])]


def pattern(term):
    """Finds the term in any of its forms, in the singular or the plural, in a text without emphasis."""
    words = "|".join(re.escape(form) for form in forms(term))
    return re.compile(rf"\b(?:{words})(?:s|es)?\b", re.IGNORECASE)


def running_text(notebook, exercises=False):
    """The Markdown that a reader goes through in order. Not the first cell, which tells beforehand what is to come, nor
    the recap; the exercises, which one may leave out, only where they are asked for."""
    for cell in notebook.cells[1:]:
        if cell.cell_type == "markdown" and cell.id != "recap" and (exercises or not cell.id.startswith("exercise")):
            yield cell.source


def plain(text, term):
    """The words of a Markdown text without emphasis, headings, formulas, code and links; links to the entry of `term`
    are marked, and those to other entries left out."""
    entry = f"glossary.md#{slug(term)}"
    text = re.sub(r"^(?:#|    )[^\n]*|\$\$.*?\$\$|\$[^$]*\$", "", text, flags=re.MULTILINE | re.DOTALL)
    text = LINK.sub(lambda link: f"{OPEN}{link[1]}{CLOSE}" if link[2] == entry else _elsewhere(*link.groups()), text)
    text = re.sub(r"`([^`]*)`", lambda code: code[1] if pattern(term).fullmatch(code[1]) else "", text)
    words = " ".join(text.replace("*", "").split())
    return words.replace(ANOTHER_SENSE.get(term, "\0"), "")


def _elsewhere(words, target):
    """What counts of another link: its words, but for those that introduce another term, as "parameter server" does."""
    return "" if target.startswith("glossary.md#") else words


def links():
    """Chapter and anchor of every link to the glossary."""
    for chapter, notebook in CHAPTERS.items():
        for cell in notebook.cells:
            if cell.cell_type == "markdown":
                targets = [target for _, target in LINK.findall(cell.source)]
                yield from ((chapter, target[12:]) for target in targets if target.startswith("glossary.md#"))


def test_each_term_once_and_in_order():
    headings = re.findall(r"^#+ (.+)$", GLOSSARY, flags=re.MULTILINE)
    assert headings == ["Glossary", *ENTRIES], "each heading has one paragraph below it"
    assert list(ENTRIES) == sorted(ENTRIES, key=str.lower)
    every_form = [form.lower() for term in ENTRIES for form in forms(term)]
    assert len(every_form) == len(set(every_form))


def test_entries_are_short():
    for term, text in ENTRIES.items():
        explained = text.partition("First used in")[0].replace("\n", " ")
        assert 1 <= len(re.findall(r"[.:;)] ", explained)) <= 6, term
        assert len(explained.split()) <= 50, term


@pytest.mark.parametrize("term", ENTRIES)
def test_linked_from_its_first_use_alone(term):
    texts = [
        (chapter, plain(text, term))
        for chapter, book in CHAPTERS.items()
        for text in running_text(book, exercises=True)
    ]
    first, chapter, text = next((use, name, text) for name, text in texts if (use := pattern(term).search(text)))
    before, after = text[: first.start()], text[first.end() :]
    where = f"{chapter}: ...{before[-60:]}{first[0]}{after[:30]}..."
    assert (before[-1:], after[:1]) == (OPEN, CLOSE), f"the first use of the term is not linked: {where}"
    assert [chapter] == [name for name, anchor in links() if anchor == slug(term)]
    assert f"First used in [chapter {int(chapter[:2])}]({chapter})" in " ".join(ENTRIES[term].split())


def test_links_lead_to_entries():
    assert {anchor for _, anchor in links()} == {slug(term) for term in ENTRIES}
    for text, target in LINK.findall(GLOSSARY):
        assert target in CHAPTERS
        assert text == f"chapter {int(target[:2])}"


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_what_a_chapter_introduces_is_there(chapter):
    """A term is set in italics where it is introduced."""
    known = [pattern(term) for term in ENTRIES]
    for text in running_text(CHAPTERS[chapter]):
        words = re.sub(r"\$\$.*?\$\$|\$[^$]*\$|`[^`]*`", "", LINK.sub(r"\1", text), flags=re.DOTALL)
        for italic in (" ".join(found.split()) for found in ITALICS.findall(words)):
            named = italic.lower() in STRESSED or any(term.fullmatch(italic) for term in known)
            assert named, f'"{italic}" has no entry in glossary.md (or belongs to STRESSED)'
