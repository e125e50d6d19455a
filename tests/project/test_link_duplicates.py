"""Files that packages install twice become links, and nothing else changes."""

import os

import link_duplicates as tool
import pytest

BIG = b"x" * 10_000


@pytest.fixture
def folder(tmp_path):
    files = {"a/one": BIG, "b/two": BIG, "c/other": b"y" * 10_000, "d/small": b"x", "e/small": b"x"}
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(content)
    return tmp_path


def contents(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_equal_files_become_one(folder):
    before = contents(folder)
    assert tool.link_duplicates(folder) == len(BIG)
    assert (folder / "a/one").samefile(folder / "b/two")
    assert contents(folder) == before
    assert tool.link_duplicates(folder) == 0


def test_others_stay_apart(folder):
    """Other content, other permissions, links, and files that take no room worth a link."""
    (folder / "run").write_bytes(BIG)
    (folder / "run").chmod(0o755)
    (folder / "link").symlink_to("a/one")
    tool.link_duplicates(folder)
    for name in ("c/other", "d/small", "e/small", "run"):
        assert (folder / name).stat().st_nlink == 1
    assert (folder / "link").is_symlink()


def test_a_new_version_of_one_leaves_the_other_as_it_is(folder):
    """pip removes a file before it writes a new one in its place."""
    tool.link_duplicates(folder)
    (folder / "a/one").unlink()
    (folder / "a/one").write_bytes(b"new")
    assert (folder / "b/two").read_bytes() == BIG


def test_without_hard_links_everything_stays(folder, monkeypatch):
    def refuse(*_):
        raise PermissionError

    before = contents(folder)
    monkeypatch.setattr(os, "link", refuse)
    assert tool.link_duplicates(folder) == 0
    assert contents(folder) == before
