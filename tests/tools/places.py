"""The servers whose pages show the canvas, seen alike: each opens a notebook and runs its cells."""

import shutil
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.tools import hosts
from tests.tools.pad import WAIT, Pad
from tests.tools.probe import AGAIN, BROKEN, SEEN, SEVERAL, TRAIN, WORK, write_notebook

DEMO = hosts.ROOT / "demo" / "draw.ipynb"
SCREENSHOTS = hosts.ROOT / "build" / "screenshots"
in_jupyter = pytest.mark.parametrize("place", ["jupyterlab", "notebook"], indirect=True)
on_the_demo = pytest.mark.parametrize("place", ["voila"], indirect=True)

DESKTOP = {"viewport": {"width": 1200, "height": 900}}
PHONE = {"viewport": {"width": 360, "height": 740}, "device_scale_factor": 2, "has_touch": True, "is_mobile": True}


class Jupyter:
    """JupyterLab or Notebook 7."""

    def __init__(self, name: str, folder: Path, server: hosts.Host):
        self.name = name
        self.folder = folder
        self._server = server

    def open(self, page: Page, notebook: str, run: bool = True, shows: str = ".digit-canvas") -> None:
        """Show a notebook of the folder and, unless run=False, run all its cells until it shows such an element."""
        page.goto(self._server.url(notebook))
        if self.name == "jupyterlab" and page.viewport_size == PHONE["viewport"]:
            page.locator(".jp-FileBrowser").wait_for()
            page.keyboard.press("Control+B")  # the list of files leaves no room for a notebook on a phone
            page.locator(".jp-FileBrowser").wait_for(state="hidden")
        assert hosts.wait_until(lambda: self._has_kernel(page, notebook), WAIT / 1000), "the notebook got no kernel"
        expect(page.locator(".jp-Notebook-ExecutionIndicator")).to_have_attribute("data-status", "idle", timeout=WAIT)
        if run:
            page.get_by_role("menuitem", name="Run", exact=True).click()
            page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
            page.locator(shows).first.wait_for()

    def _has_kernel(self, page: Page, notebook: str) -> bool:
        """Whether the page is connected to its kernel: before that, to run a cell brings up a question."""
        sessions = page.request.get(f"http://127.0.0.1:{self._server.port}/api/sessions?token={hosts.TOKEN}").json()
        return any(each["path"] == notebook and each["kernel"]["connections"] for each in sessions)

    def set_dark(self, page: Page, dark: bool) -> None:
        theme = f"Use Theme: JupyterLab {'Dark' if dark else 'Light'}"
        page.keyboard.press("Control+Shift+C")
        page.locator(".lm-CommandPalette-input:visible").fill(theme)
        page.locator(".lm-CommandPalette-item:visible").get_by_text(theme, exact=True).click()
        expect(page.locator("body")).to_have_attribute("data-jp-theme-light", str(not dark).lower())


class Demo:
    """The page of `make demo`, and one like it with any other notebook."""

    name = "voila"

    def __init__(self, folder: Path, demo: hosts.Host, other: hosts.Host):
        self.folder = folder
        self.demo = demo
        self._other = other

    def open(self, page: Page, notebook: str) -> None:
        page.goto((self._other if notebook == "seen.ipynb" else self.demo).url())
        page.locator(".digit-canvas").first.wait_for()

    def set_dark(self, page: Page, dark: bool) -> None:
        page.emulate_media(color_scheme="dark" if dark else "light")


@contextmanager
def serve(name: str, folder: Path):
    """Start what `name` says, "jupyterlab", "notebook" or "voila", on the notebooks of the tests in `folder`."""
    for page in ("draw.ipynb", "phone.ipynb"):  # each its own kernel
        shutil.copy(DEMO, folder / page)
    write_notebook(folder / "seen.ipynb", SEEN, AGAIN, BROKEN, SEVERAL)
    write_notebook(folder / "work.ipynb", WORK, TRAIN)
    if name == "voila":
        with hosts.voila() as demo, hosts.voila_of(folder / "seen.ipynb") as other:
            yield Demo(folder, demo, other)
    else:
        with getattr(hosts, name)(folder) as server:
            yield Jupyter(name, folder, server)


@contextmanager
def open_page(chromium: Browser, printed: list[str], **options):
    context = chromium.new_context(**options)
    context.set_default_timeout(WAIT)
    context.on("console", lambda said: said.type == "error" and printed.append(f"{said.text} {said.location}"))
    context.on("weberror", lambda error: printed.append(str(error.error)))
    yield context.new_page()
    context.close()


def run_cell(page: Page, number: int) -> None:
    """Run one cell of a notebook again, without waiting for its end."""
    page.locator(".jp-CodeCell").nth(number).locator(".cm-content").click()
    page.keyboard.press("Control+Enter")


def pads(page: Page) -> list[Pad]:
    return [Pad(root) for root in page.locator(".digit-canvas").all()]
