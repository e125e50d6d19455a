"""The teacher's notes: each chapter and each guess is treated, the plans add up, and what is named exists."""

import re
import shlex
from pathlib import Path

import guesses_in_notes
import nbformat
import pytest

from helpers.cli.parser import make_parser
from helpers.exercises import guesses_of

ROOT = Path(__file__).parents[2]
NOTES = (ROOT / "notebooks" / "teaching.md").read_text(encoding="utf-8")
CHAPTERS = {path.name: nbformat.read(path, as_version=4) for path in sorted((ROOT / "notebooks").glob("*.ipynb"))}
PLANS = {"One hour": 60, "Two hours": 120, "Four hours": 240}
COMMANDS = re.findall(r"(?:^ {4}|`)((?:\.venv/bin/python|python|make|git) [^`#\n]*[^`#\s])", NOTES, flags=re.MULTILINE)

# An estimate: with these figures a class's time follows from the length of a chapter.
WORDS, CELLS, GUESS = 150, 2, 2  # words and code cells a minute, minutes for a guess

# How a chapter asks for a guess. So does a question at the end of a text, since the next cell answers it.
PROMPT = re.compile(r"\bguess (first|again|how)|make a guess|before you run the cell|do you expect|\?$", re.IGNORECASE)


def section(heading):
    """The text below the first heading that contains these words, up to the next heading."""
    below = NOTES[re.search(rf"^##.*{re.escape(heading)}.*\n", NOTES, flags=re.MULTILINE).end() :]
    return re.split(r"^##", below, maxsplit=1, flags=re.MULTILINE)[0]


def rows(text):
    """The cells of each row of the tables, without the head."""
    lines = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("| ")]
    return [[cell.strip(" |") for cell in line] for line in lines if not set(line[0]) <= {"-"}][1:]


def words(text):
    """A Markdown text on one line, without headings and emphasis; of links only the words."""
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", re.sub(r"^#[^\n]*", "", text, flags=re.MULTILINE))
    return " ".join(text.replace("*", "").split())


def guesses(chapter):
    """The notes on a chapter in parts: what comes first, a question that is quoted, its answers, the next question."""
    return re.split(r"((?:^> .*\n)+)", section(f"]({chapter})"), flags=re.MULTILINE)


def quotes(chapter):
    """The questions that the notes quote from a chapter."""
    return [words(re.sub(r"^> ", "", quote, flags=re.MULTILINE)) for quote in guesses(chapter)[1::2]]


def cells(chapter, kind):
    """The sources of a chapter between its head and its exercises, whose checks answer a wrong guess themselves."""
    found = [cell for cell in body(chapter) if not cell.id.startswith("exercise") and not is_guess(cell)]
    return [cell.source for cell in found if cell.cell_type == kind and cell.metadata.get("tags") != ["solution"]]


def body(chapter):
    """The cells of a chapter after its head. What stands behind the recap is for the curious, not for the class."""
    ids = [cell.id for cell in CHAPTERS[chapter].cells]
    return CHAPTERS[chapter].cells[1 : ids.index("recap") + 1]


def is_guess(cell):
    return cell.cell_type == "code" and cell.source.startswith("guess(")


def number_of(chapter):
    return int(chapter[:2])


def headings(chapter):
    return re.findall(r"^## (.+)$", "\n".join(cells(chapter, "markdown")), flags=re.MULTILINE)


@pytest.fixture(params=CHAPTERS)
def chapter(request):
    return request.param


def test_each_guess_is_treated(chapter):
    texts = [words(source) for source in cells(chapter, "markdown")]
    for text in texts:
        treated = any(quote in text for quote in quotes(chapter))
        assert treated or not PROMPT.search(text), f"no answer in teaching.md to: {text[-200:]}"
    for quote in quotes(chapter):
        assert sum(quote in text for text in texts) == 1, f"{chapter} does not ask (once): {quote}"


def test_each_guess_has_right_and_wrong_answers(chapter):
    assert quotes(chapter)
    for answers in guesses(chapter)[2::2]:
        assert answers.startswith("\n**Right:** "), answers
        assert re.search(r"^- \*[^*]+\* ", answers, flags=re.MULTILINE), answers


def test_a_chapter_asks_for_its_guesses_in_order(chapter):
    """Each is a cell of its own below the text that ends with its question, before the exercises."""
    asked = [place for place, cell in enumerate(CHAPTERS[chapter].cells) if is_guess(cell)]
    expected = [f'guess("{number_of(chapter)}{letter}")' for letter in guesses_of(number_of(chapter))]
    assert [CHAPTERS[chapter].cells[place].source for place in asked] == expected
    for place, each in zip(asked, guesses_of(number_of(chapter)).values(), strict=True):
        assert words(CHAPTERS[chapter].cells[place - 1].source).endswith(words(each.question))


def test_the_notes_have_the_guesses_of_the_chapters():
    assert guesses_in_notes.updated(NOTES) == NOTES, "run `python tools/guesses_in_notes.py`"


def test_a_changed_guess_is_written_into_the_notes():
    guess = next(iter(guesses_of(1).values()))
    assert f"> {guess.question[:40]}" in guesses_in_notes.in_notes(guess)
    forgotten = NOTES.replace(guess.question[-30:], "Is it?")
    assert forgotten != NOTES
    assert guesses_in_notes.updated(forgotten) == NOTES


def test_minutes_of_each_chapter(chapter):
    [[_, runs, in_class, _]] = [row for row in rows(section("Minutes")) if f"]({chapter})" in row[0]]
    assert f"About {runs} minute" in CHAPTERS[chapter].cells[0].source
    reading = sum(len(source.split()) for source in cells(chapter, "markdown")) / WORDS
    expected = int(runs) + reading + len(cells(chapter, "code")) / CELLS + len(quotes(chapter)) * GUESS
    assert abs(int(in_class) - expected) <= 5, f"{expected:.0f} minutes would be expected"


@pytest.mark.parametrize("plan", PLANS)
def test_plans_add_up(plan):
    assert sum(int(row[0]) for row in rows(section(plan))) == PLANS[plan]


@pytest.mark.parametrize("plan", PLANS)
def test_plans_name_sections_that_exist(plan):
    text = section(plan)
    for row in rows(text):
        for chapter in re.findall(r"\]\((\w+\.ipynb)\)", row[1]):
            for name in re.findall(r'"([^"]+)"', " ".join(row)):
                assert name in headings(chapter), f"{chapter} has no section {name}"
    everywhere = [name for chapter in CHAPTERS for name in headings(chapter)]
    assert set(re.findall(r'"([^"]+)"', text)) <= set(everywhere)


def test_links_lead_to_files():
    targets = re.findall(r"\]\(([^)]+)\)", NOTES)
    pages = {"glossary.md", "../docs/troubleshooting.md#the-container", "../docs/jupyterhub.md"}
    assert {*CHAPTERS, *pages} == set(targets)


@pytest.mark.parametrize("command", sorted(set(COMMANDS)))
def test_commands_exist(command):
    program, *arguments = shlex.split(command)
    if program == "make":
        targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE)
        assert arguments[0] in targets
    elif program == "git":
        assert (ROOT / arguments[-1]).exists()
    else:
        assert arguments[:2] == ["-m", "helpers"]
        make_parser().parse_args(arguments[2:])


def test_commands_are_found_at_all():
    assert {"make lab", "make wheelhouse", "make demo"} <= set(COMMANDS)
