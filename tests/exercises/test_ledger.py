"""The ledger of verdicts, and the table of a class that tools/collect.py makes of it."""

import csv
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from helpers.exercises import check
from helpers.exercises.ledger import LEDGER_FIELDS, VARIABLE, record
from tests.tools.failures import assert_one_error

ROOT = Path(__file__).parents[2]


@pytest.fixture
def ledger(tmp_path, monkeypatch):
    path = tmp_path / "my_verdicts.csv"
    monkeypatch.setenv(VARIABLE, str(path))
    return path


def lines_of(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def collect(*arguments):
    command = [sys.executable, ROOT / "tools" / "collect.py", *arguments]
    return subprocess.run(command, capture_output=True, text=True, env=os.environ | {"PYTHONPATH": str(ROOT)})


def test_off_by_default(tmp_path, monkeypatch):
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.chdir(tmp_path)
    check("1.1", ...)
    assert list(tmp_path.iterdir()) == []


def test_each_verdict_is_a_line(ledger):
    verdicts = [check("1.1", ...), check("1.1", "something odd")]
    head, *lines = lines_of(ledger)
    assert tuple(head) == LEDGER_FIELDS
    assert [(line[1], line[2], line[3]) for line in lines] == [
        ("1.1", "open", verdicts[0].text),
        ("1.1", "not yet", verdicts[1].text),
    ]


def test_a_text_with_commas_quotes_and_lines_comes_back(ledger):
    record("2.1", "not yet", 'a "b", c\nd')
    assert lines_of(ledger)[1][1:] == ["2.1", "not yet", 'a "b", c\nd']


def test_notebooks_that_write_at_once_lose_nothing(ledger):
    threads = [threading.Thread(target=lambda: [record("3.1", "right", "right.") for _ in range(5)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(lines_of(ledger)) == 21


@pytest.mark.parametrize("content", [b"a,b\n1,2\n", b"\xff\xfe\x00"], ids=["another table", "no text"])
def test_another_file_is_left_as_it_is(ledger, capsys, content):
    ledger.write_bytes(content)
    assert not check("1.1", "something odd").right  # a check never fails for its ledger
    assert ledger.read_bytes() == content
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith("The verdict is not in your ledger: expected a ledger, got ")


def test_a_folder_that_is_missing(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv(VARIABLE, str(tmp_path / "nowhere" / "my_verdicts.csv"))
    check("1.1", ...)
    [line] = capsys.readouterr().err.splitlines()
    assert "no such file or folder" in line


def test_the_table_of_a_class(tmp_path, monkeypatch):
    verdicts = {
        "anna/my_verdicts.csv": [
            ("1.1", "open"),
            ("1.1", "not yet"),
            ("1.1", "right"),
            ("1.1", "not yet"),
            ("10.2", "open"),
        ],
        "=ben.csv": [("2.1", "not yet"), ("2.1", "not yet")],
    }
    for name, found in verdicts.items():
        path = tmp_path / "class" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        monkeypatch.setenv(VARIABLE, str(path))
        for exercise, verdict in found:
            record(exercise, verdict, "a text")
    (tmp_path / "class" / "notes.csv").write_text("when,what\n", encoding="utf-8")
    (tmp_path / "class" / "torn.csv").write_text(f"{','.join(LEDGER_FIELDS)}\n2026,1.1,maybe,text\n", encoding="utf-8")
    done = collect(tmp_path / "class", "--to", tmp_path / "class" / "table.csv")
    assert done.returncode == 0, done.stderr
    assert lines_of(tmp_path / "class" / "table.csv") == [
        ["student", "1.1", "2.1", "10.2"],
        ["'=ben", "", "not yet (2)", ""],
        ["anna/my_verdicts", "right (2)", "", "open"],
    ]
    assert done.stdout.splitlines()[2].split() == ["anna/my_verdicts", "right", "(2)", "open"]
    assert [line.partition(" of ")[0].partition("got")[0] for line in done.stderr.splitlines()] == [
        "left out: expected a ledger, ",
        "left out: expected a verdict at line 2",
    ]
    assert collect(tmp_path / "class", "--to", tmp_path / "class" / "table.csv").stdout == done.stdout  # once more


@pytest.mark.parametrize("folder", ["missing", "empty"])
def test_a_folder_without_ledgers(tmp_path, folder):
    (tmp_path / "empty").mkdir()
    assert_one_error(collect(tmp_path / folder, "--to", tmp_path / "table.csv"), "expected", str(tmp_path / folder))
    assert not (tmp_path / "table.csv").exists()
