"""The container: what its Dockerfile installs, when, and who can reach what runs in it."""

import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
PAGES = [ROOT / "README.md", ROOT / "Dockerfile", *(ROOT / "docs").glob("*.md"), *(ROOT / "notebooks").glob("*.md")]


def instructions():
    """(name, arguments) of each instruction, in order."""
    lines = re.sub(r"\\\n\s*", "", DOCKERFILE).splitlines()
    return [tuple(line.split(" ", 1)) for line in lines if line and not line.startswith("#")]


def copies(arguments):
    """What a COPY takes, and where to."""
    *patterns, target = [word for word in arguments.split() if not word.startswith("--")]
    sources = [path.relative_to(ROOT).as_posix() for pattern in patterns for path in ROOT.glob(pattern)]
    return sources, target


def test_it_is_built_for_the_processor_that_mxnet_runs_on():
    """And from one image, whatever its tag comes to name."""
    base, project = [arguments for name, arguments in instructions() if name == "FROM"]
    assert re.fullmatch(r"--platform=linux/amd64 python:3\.12-slim@sha256:[0-9a-f]{64} AS base", base)
    assert project == "base"
    assert "graphviz" in DOCKERFILE


def test_packages_come_before_the_sources():
    """An edit, other than of what they are installed from, leaves the layer with the packages as it is."""
    steps = instructions()
    [everything] = [number for number, (name, rest) in enumerate(steps) if (name, rest[-3:]) == ("COPY", ". .")]
    [packages] = [number for number, (name, rest) in enumerate(steps) if name == "RUN" and "make_venv.sh" in rest]
    assert packages < everything
    assert [name for name, _ in steps[everything:]] == ["COPY", "EXPOSE", "CMD"]
    early = [copies(rest) for name, rest in steps[:packages] if name == "COPY"]
    copied = {(Path(target) / Path(source).name).as_posix() for sources, target in early for source in sources}
    assert copied == needed_by_make_venv()
    for sources, target in early:  # to the same places, so that the second COPY finds a .venv that is fresh
        assert {(Path(target) / Path(source).name).as_posix() for source in sources} == set(sources)


def needed_by_make_venv():
    """The pins and the tools that it names, less those for maintainers and for machines without a network."""
    script = (ROOT / "tools" / "make_venv.sh").read_text(encoding="utf-8")
    code = "\n".join(line for line in script.splitlines() if not line.startswith("#"))
    named = set(re.findall(r"requirements[\w-]*\.txt|tools/\w+\.py", code)) | {"tools/make_venv.sh"}
    return named - {"requirements-export.txt", "requirements-dev.txt", "tools/wheelhouse.py"}


def test_no_layer_has_a_cache():
    """Nor apt's lists; the environment of the workplace is not part of the image."""
    for name, rest in instructions():
        if name == "RUN":
            assert "make_venv.sh" not in rest or "PIP_NO_CACHE_DIR=1 " in rest
            assert "apt-get update" not in rest or rest.endswith("rm -rf /var/lib/apt/lists/*")
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert {".git", ".venv", ".cache", "wheelhouse"} <= set(ignored)


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_only_this_computer_reaches_what_runs_in_it(page):
    published = re.findall(r"(?:--publish|-p)[ =](\d[\d.:]*)", page.read_text(encoding="utf-8"))
    assert all(re.fullmatch(r"127\.0\.0\.1:(\d+):\1", port) for port in published)
    assert published or page.name not in ("Dockerfile", "README.md", "troubleshooting.md")


def test_codespaces_opens_the_same_base():
    container = json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text(encoding="utf-8"))
    assert (ROOT / ".devcontainer" / container["build"]["dockerfile"]).resolve() == (ROOT / "Dockerfile").resolve()
    assert f" AS {container['build']['target']}\n" in DOCKERFILE
    assert "--platform=linux/amd64" in container["runArgs"]
    # Part of a prebuilt Codespace, so that nobody waits for the packages; after an edit it finds them fresh.
    assert container["updateContentCommand"] == "make venv"
