"""One headless Chromium, a server on loopback, and what axe says of a page."""

import threading
from contextlib import contextmanager
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from werkzeug.serving import make_server

CHROMIUM = Path("/usr/bin/chromium")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
SCHEMES = ("light", "dark")
SMALL = {"width": 320, "height": 700}
WIDE = {"width": 1280, "height": 900}


@contextmanager
def chromium():
    """A browser for a session. Without Chromium the test is skipped."""
    if not CHROMIUM.exists():
        pytest.skip(f"needs Chromium at {CHROMIUM}")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def live(app):
    """`app` on a free port of loopback, a thread for each request; yields its address."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.shutdown()
        thread.join(timeout=10)
        server.server_close()


def signed_in_page(browser, base, cookie, token, **context):
    """A page of a browser that has a session. `cookie`: its name. The page notes every error of its scripts."""
    made = browser.new_context(base_url=base, **context)
    made.add_cookies([{"name": cookie, "value": token, "url": base, "httpOnly": True}])
    page = made.new_page()
    page.set_default_timeout(8000)
    page.faults = []
    page.on("pageerror", lambda error: page.faults.append(str(error)))
    page.on("console", lambda said: page.faults.append(said.text) if said.type == "error" else None)
    return page


def violations(page):
    """What axe finds, as one line a fault. Of what it finds in order, it lists nothing: that takes half the time."""
    options = {"runOnly": {"type": "tag", "values": RULES}, "resultTypes": ["violations"]}
    found = Axe().run(page, options=options).response["violations"]
    return [f"{v['id']}: {node['target']} {node['failureSummary']}" for v in found for node in v["nodes"]]
