"""A real browser: Debian's Chromium, else the one that Playwright keeps, and what each page in it did that it should not."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Error, Page, expect, sync_playwright

DEBIAN = Path("/usr/bin/chromium")
REQUIRED = "GRADMILL_TEST_BROWSER"  # "required": then a test fails that finds no browser
PATIENCE_MS = 30_000
SERIOUS = ("serious", "critical")
# What the browser writes of every answer that is an error; which of them are right, the tests say.
_REFUSED = "Failed to load resource: the server responded with a status of"
# Notes in `window.ended` the paths whose answers nobody waits for any more.
NOTED = """
window.ended = [];
const { fetch: asks } = window;
window.fetch = (...given) => {
  given[1]?.signal?.addEventListener("abort", () => window.ended.push(given[0]));
  return asks(...given);
};
"""


@contextmanager
def opened() -> Iterator[Browser]:
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        path = str(DEBIAN) if DEBIAN.exists() else None
        try:
            browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        except Error as error:
            if os.environ.get(REQUIRED) == "required":
                raise
            pytest.skip(f"there is no browser here: {error.message.splitlines()[0]}")
        yield browser
        browser.close()


@dataclass
class Visit:
    """One window, and all that it asked for and complained of."""

    page: Page
    address: str
    hosts: set[str] = field(default_factory=set)
    complaints: list[str] = field(default_factory=list)
    refusals: list[tuple[int, str]] = field(default_factory=list)  # status and path

    def __post_init__(self) -> None:
        self.page.set_default_timeout(PATIENCE_MS)
        self.page.on("request", lambda request: self.hosts.add(urlsplit(request.url).netloc))
        self.page.on("response", self._note)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("console", lambda message: self._hear(message.type, message.text))

    def open(self, place: str = "#/", key: str = "") -> Page:
        """The page at a place in it, where asked for with the key entered."""
        self.page.goto(f"{self.address}/{place}")
        if key:
            self.page.get_by_label("API key").fill(key)
            self.page.get_by_role("button", name="Open").click()
        return self.page

    def violations(self) -> list[str]:
        """What axe-core finds of the view as it stands that keeps somebody from using it."""
        found: list[dict[str, Any]] = Axe().run(self.page).response["violations"]
        return [
            f"{each['id']}: {each['help']}: {[node['html'] for node in each['nodes']]}"
            for each in found
            if each["impact"] in SERIOUS
        ]

    def is_too_wide(self) -> bool:
        return bool(self.page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"))

    def check(self) -> None:
        """Nothing left the host, nothing was complained of."""
        downloads = {""}  # made in the page itself
        assert self.hosts - downloads == {urlsplit(self.address).netloc}
        assert self.complaints == []

    def _note(self, answer: Any) -> None:
        if answer.status >= 400:
            self.refusals.append((answer.status, urlsplit(answer.url).path))

    def _hear(self, kind: str, text: str) -> None:
        if kind in ("error", "warning") and not text.startswith(_REFUSED):
            self.complaints.append(text)
