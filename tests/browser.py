"""A real Chromium against a real server: what the journeys and the accessibility tests drive.

axe-core comes from the front end's development packages and enters through the debugger, so that the pages keep the
Content-Security-Policy they ship with; a violation of it fails the test.
"""

import shutil
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import uvicorn
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize, sync_playwright

FRONTEND = Path(__file__).parent.parent / "app" / "web" / "frontend"
WIDE = ViewportSize(width=1440, height=900)
NARROW = ViewportSize(width=390, height=844)
# The first is all of it that a page meets, at half the work: no window is drawn around the page.
_CHROMIUM = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
_FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
_TAGS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
_WATCH = """
window.__violations = [];
document.addEventListener("securitypolicyviolation", (event) =>
  window.__violations.push(`${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber}`));
"""


@contextmanager
def chromium() -> Iterator[Browser]:
    """A headless Chromium, the machine's own."""
    path = next((found for name in _CHROMIUM if (found := shutil.which(name))), None)
    assert path, "Chromium is not installed: ./dev test installs it"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(_FLAGS))
        yield browser
        browser.close()


@contextmanager
def served(application: Any) -> Iterator[str]:
    """Serve an ASGI application on a free loopback port; gives its origin."""
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(application, log_level="error", lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    server.should_exit = True
    thread.join()
    listening.close()


@dataclass
class Watched:
    """A page with what it complained about: console errors and exceptions."""

    page: Page
    complaints: list[str] = field(default_factory=list)

    def violations(self) -> list[str]:
        """What the Content-Security-Policy blocked on this document."""
        return list(self.page.evaluate("window.__violations"))


@contextmanager
def opened(
    browser: Browser,
    *,
    size: ViewportSize = WIDE,
    dark: bool = False,
    cookies: Sequence[Any] = (),
    scripts: bool = True,
) -> Iterator[Watched]:
    """A fresh profile with one page that records its complaints."""
    context: BrowserContext = browser.new_context(
        viewport=size,
        color_scheme="dark" if dark else "light",
        is_mobile=size == NARROW,
        has_touch=size == NARROW,
        java_script_enabled=scripts,
    )
    context.add_cookies(list(cookies))
    context.add_init_script(_WATCH)
    watched = Watched(context.new_page())
    watched.page.on("console", lambda line: line.type == "error" and watched.complaints.append(line.text))
    watched.page.on("pageerror", lambda error: watched.complaints.append(str(error)))
    yield watched
    context.close()


def axe(page: Page) -> list[str]:
    """What axe finds wrong with the page as it is now (WCAG 2.2 A and AA, best practice): one line a place."""
    debugger = page.context.new_cdp_session(page)
    if debugger.send("Runtime.evaluate", {"expression": "typeof axe"})["result"]["value"] == "undefined":
        debugger.send("Runtime.evaluate", {"expression": _axe_source()})
    # It would fetch and parse the style sheets again for a rule that is not among these.
    options = f"{{runOnly: {list(_TAGS)!r}, resultTypes: ['violations'], preload: {{assets: ['media']}}}}"
    script = f"axe.run(document, {options}).then(JSON.stringify)"
    answer = debugger.send("Runtime.evaluate", {"expression": script, "awaitPromise": True, "returnByValue": True})
    debugger.detach()
    found = page.evaluate("(text) => JSON.parse(text)", answer["result"]["value"])
    assert found["passes"] or found["incomplete"], "axe found nothing to check"
    return [
        f"{violation['id']}: {node['target']}: {node['failureSummary']}"
        for violation in found["violations"]
        for node in violation["nodes"]
    ]


def scrolls_sideways(page: Page) -> bool:
    """Whether the page itself, not a part of it, is wider than the window."""
    return bool(page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"))


@cache
def _axe_source() -> str:
    return (FRONTEND / "node_modules" / "axe-core" / "axe.min.js").read_text("utf-8")
