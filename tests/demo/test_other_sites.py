"""What a page of another site can do to the demo from its visitor's browser, in a real one: nothing but link to it."""

import http.server
import threading
from contextlib import contextmanager

import pytest
from playwright.sync_api import expect

from tests.tools import hosts

pytestmark = pytest.mark.slow

NAMES = "--host-resolver-rules=MAP digits.test 127.0.0.1, MAP evil.test 127.0.0.1"
TIMEOUT = 60_000  # ms

PAGE = """<!DOCTYPE html>
<title>Another site</title>
<img src="{demo}"><iframe src="{demo}"></iframe><script src="{demo}"></script><link rel="prefetch" href="{demo}">
<iframe name="inner"></iframe><form method="post" action="{demo}" target="inner"></form>
<form id="get" action="{demo}" target="inner"></form>
<a href="{demo}">Draw a digit</a>
<script>
window.tries = Promise.allSettled([
  fetch("{demo}", {{ mode: "no-cors", credentials: "include", headers: {{ Accept: "text/html" }} }}),
  fetch("{demo}", {{ credentials: "include" }}),
  fetch("{demo}", {{ method: "POST", mode: "no-cors", body: "x" }}),
]);
document.forms[0].submit();
setTimeout(() => document.forms[1].submit(), 500);
</script>
"""


@contextmanager
def other_site(demo: str):
    """The port of a server whose page tries to take places of the demo at that address."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(PAGE.format(demo=demo).encode())

        def log_message(self, *_):
            """Say nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield server.server_port
        finally:
            server.shutdown()


@pytest.fixture(scope="module")
def demo():
    with hosts.voila(VISITORS=3, ALLOW_HOST="digits.test") as host:
        yield host


@pytest.fixture(scope="module")
def chromium():
    with hosts.open_chromium(NAMES) as browser:
        yield browser


@pytest.mark.parametrize("name", ["127.0.0.1", "digits.test"])
def test_only_its_link_leads_to_a_place(demo, chromium, name):
    """Chromium says which site asks at the first address, and does not at the second, which counts as insecure."""
    with other_site(f"http://{name}:{demo.port}/") as port:
        context = chromium.new_context()
        page = context.new_page()

        def look():
            page.goto(f"http://evil.test:{port}/")
            page.evaluate("window.tries")
            page.wait_for_timeout(1500)
            return len(demo.kernels())

        assert look() == 0
        page.get_by_role("link", name="Draw a digit").click()
        expect(page.locator(".digit-canvas .pad")).to_be_visible(timeout=TIMEOUT)
        assert len(demo.kernels()) == 1

        other = context.new_page()  # the browser has the demo's cookie now
        other.goto(f"http://evil.test:{port}/")
        other.evaluate("window.tries")
        other.wait_for_timeout(1500)
        assert len(demo.kernels()) == 1
        page.close(run_before_unload=True)
        assert hosts.wait_until(lambda: not demo.kernels(), 10)
        context.close()


def test_its_name_does_not_lead_here(demo, chromium):
    """A name server of its own may say that it is this computer."""
    page = chromium.new_page()
    answer = page.goto(f"http://evil.test:{demo.port}/")
    assert answer.status == 403
    expect(page.locator("body")).to_contain_text("start the demo with `--allow-host evil.test`")
    assert demo.kernels() == []
    page.close()


def test_a_browser_without_cookies_is_told(demo, chromium):
    page = chromium.new_page()
    page.add_init_script("Object.defineProperty(document, 'cookie', { get: () => '', set() {} })")
    page.goto(f"http://digits.test:{demo.port}/")
    expect(page.locator("#told")).to_contain_text("needs a cookie")
    assert demo.kernels() == []
    page.close()
