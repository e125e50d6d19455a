"""What the tests expect of a command that fails."""

from subprocess import CompletedProcess


def assert_one_error(done: CompletedProcess, *parts: str) -> None:
    """It has ended with code 1 and a single line on stderr, an error with these parts."""
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1, done.stderr
    assert done.stderr.startswith("error: ")
    for part in parts:
        assert part in done.stderr
