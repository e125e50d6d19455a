"""Binder: what repo2docker makes of the project. Only it is installed for that, as no Docker is needed to be told."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
REPO2DOCKER = "jupyter-repo2docker==2026.4.0"
FOLDER = ROOT / ".cache" / REPO2DOCKER

# The loop of repo2docker.app.Repo2Docker.build, which prints no name when nothing is to be built.
PICK = """
from repo2docker.app import Repo2Docker
for BuildPack in Repo2Docker().buildpacks:
    if BuildPack(base_image="").detect():
        break
print(BuildPack.__name__)
"""

# A Python for shell scripts: it notes what it is told, answers what make_venv.sh asks, and finds no MNIST.
PYTHON = """#!/bin/sh
echo "$*" | head -n 1 >>"$NOTES"
case "$*" in
*sys.version_info*) echo 3.12 ;;
*p.system*) echo Linux x86_64 glibc ;;
"-m helpers data"*) exit 1 ;;
*--requirement*) for file; do :; done; cat "$file" >>"$NOTES" ;;
esac
"""


@pytest.fixture(scope="module")
def repo2docker():
    """A function that runs Python with repo2docker in a folder and returns what it prints."""
    if not FOLDER.exists():
        scratch = FOLDER.with_name(f"{FOLDER.name}.new")
        shutil.rmtree(scratch, ignore_errors=True)
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--target", str(scratch), REPO2DOCKER]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            pytest.skip(f"repo2docker could not be installed: {done.stderr.strip().splitlines()[-1]}")
        scratch.rename(FOLDER)

    def run(folder, *arguments):
        environment = os.environ | {"PYTHONPATH": str(FOLDER)}
        done = subprocess.run(
            [sys.executable, *arguments], cwd=folder, env=environment, capture_output=True, text=True, timeout=300
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


@pytest.fixture(scope="module")
def image(repo2docker):
    """The instructions of the image that Binder builds, one a line."""
    return re.sub(r"\\\n\s*", "", repo2docker(ROOT, "-m", "repo2docker", "--no-build", "."))


def place(image, pattern):
    """The line of the only instruction that matches."""
    [found] = [number for number, line in enumerate(image.splitlines()) if re.match(pattern, line)]
    return found


@pytest.mark.slow
def test_binder_takes_conda_and_not_the_dockerfile(repo2docker, tmp_path):
    assert repo2docker(ROOT, "-c", PICK) == "CondaBuildPack\n"
    for name in ("Dockerfile", "environment.yml", "requirements.txt", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)
    assert repo2docker(tmp_path, "-c", PICK) == "DockerBuildPack\n"  # which has no server for Binder
    shutil.copytree(ROOT / "binder", tmp_path / "binder")
    assert repo2docker(tmp_path, "-c", PICK) == "CondaBuildPack\n"


def test_the_image_is_made_in_the_right_order(image):
    """What conda brings comes before the sources, so that most changes install it from Docker's cache."""
    conda = place(image, r"RUN .*env update .*binder/environment\.yml")
    sources = place(image, r"COPY \S+ src/ ")
    packages = place(image, r"RUN \./binder/postBuild$")
    assert conda < sources < packages
    assert 'ENV R2D_ENTRYPOINT="${REPO_DIR}/binder/start"' in image
    assert re.search(r"^COPY .*environment.*py.*3.*12.*lock.* \S+/environment\.lock$", image, flags=re.MULTILINE)


def test_conda_and_binder_bring_the_same():
    conda, binder = (
        yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))
        for name in ("environment.yml", "binder/environment.yml")
    )
    assert conda.pop("name") == "digits"
    assert conda == binder
    # No section of pip: that could not say --no-deps, and a resolver believes what MXNet says of NumPy.
    [python] = {"python=3.11", "python=3.12", "python=3.13"} & set(conda["dependencies"])
    assert set(conda["dependencies"]) == {python, "graphviz", "pip"}


def test_both_install_the_pins_in_the_same_way():
    """As make_venv.sh does it, which has its own tests."""
    command = "sh tools/make_venv.sh --into python"
    assert f"\n{command}\n" in (ROOT / "binder" / "postBuild").read_text(encoding="utf-8")
    assert f"#     {command}\n" in (ROOT / "environment.yml").read_text(encoding="utf-8")
    assert f"    {command}\n" in (ROOT / "docs" / "troubleshooting.md").read_text(encoding="utf-8")


def run_script(name, folder, **variables):
    return subprocess.run(
        ["sh", ROOT / "binder" / name, *(["env"] if name == "start" else [])],
        cwd=folder,
        env={"PATH": os.environ["PATH"]} | variables,
        capture_output=True,
        text=True,
    )


@pytest.mark.parametrize("before", [{}, {"JUPYTER_CONFIG_PATH": "its own"}])
def test_the_server_starts_with_the_settings_of_make_lab(tmp_path, before):
    done = run_script("start", tmp_path, REPO_DIR=str(ROOT), **before)
    assert done.returncode == 0, done.stderr
    [path] = re.findall(r"^JUPYTER_CONFIG_PATH=(.*)$", done.stdout, flags=re.MULTILINE)
    assert path.split(":") == [str(ROOT / "jupyter"), *before.values()]
    assert (ROOT / "jupyter" / "jupyter_server_config.py").is_file()


def test_what_binder_runs_after_the_build(tmp_path):
    """With a Python that notes what it is told: the pins, the Notebook 7 that fits them, and MNIST, which may fail."""
    (tmp_path / "bin").mkdir()
    python = tmp_path / "bin" / "python"
    python.write_text(PYTHON, encoding="utf-8")
    python.chmod(0o755)
    project = tmp_path / "project"
    shutil.copytree(ROOT / "tools", project / "tools", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("requirements.txt", "requirements-dev.txt"):
        shutil.copy(ROOT / name, project)
    notes = tmp_path / "notes"
    path = f"{tmp_path / 'bin'}:/usr/bin:/bin"  # without uv
    done = run_script("postBuild", project, PATH=path, NOTES=str(notes))
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("MNIST is not in the image: every visitor will fetch it\n")
    asked = notes.read_text(encoding="utf-8").splitlines()
    pins, notebook = (line for line in asked if line.startswith("-m pip install"))
    assert "--no-deps --only-binary :all: --require-hashes -r requirements.txt" in pins
    assert "--no-deps --require-hashes --requirement " in notebook
    pin, *hashes = (line.strip() for line in asked[asked.index(notebook) + 1 :] if line.startswith(("notebook", " ")))
    assert re.fullmatch(r"notebook==7\.[\d.]+ \\", pin)
    assert [re.sub(r"\w{64}", "", line) for line in hashes] == ["--hash=sha256: \\", "--hash=sha256:"]
    assert "tools/link_libraries.py" in asked
    assert asked[-1] == "-m helpers data --source mnist"


def test_the_link_opens_the_notebooks_of_this_project():
    owner_and_name = PROJECT["urls"]["Repository"].removeprefix("https://github.com/")
    link = f"https://mybinder.org/v2/gh/{owner_and_name}/HEAD?urlpath=lab/tree/notebooks"
    for page in ("README.md", "book/index.md"):
        assert f"]({link})" in (ROOT / page).read_text(encoding="utf-8"), page
