"""A real browser on a real monitor, and what it complains about."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

CHROMIUM = Path("/usr/bin/chromium")
PortOf = Callable[[str], int]
"""Port of a monitor that shows the scene of this name."""

DESK = {"width": 1920, "height": 1080}
PHONE = {"width": 390, "height": 844}


@contextmanager
def chromium() -> Iterator[Browser]:
    """The system's browser."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        try:
            yield browser
        finally:
            browser.close()


@dataclass
class Visit:
    """A page and all its complaints."""

    page: Page
    port: int
    errors: list[str] = field(default_factory=list)

    def go(self, path: str = "/") -> Page:
        """Open a page of the monitor."""
        self.page.goto(f"http://127.0.0.1:{self.port}{path}")
        return self.page

    def text(self, selector: str) -> str:
        """Text of one element."""
        return self.page.locator(selector).inner_text()


@contextmanager
def visit(browser: Browser, port: int, size: dict[str, int] | None = None, **context: Any) -> Iterator[Visit]:
    """A fresh viewer; everything the console says is kept."""
    made = browser.new_context(viewport=size or DESK, **context)
    found = Visit(made.new_page(), port)
    found.page.on(
        "console", lambda message: found.errors.append(message.text) if message.type in ("error", "warning") else None
    )
    found.page.on("pageerror", lambda error: found.errors.append(str(error)))
    try:
        yield found
    finally:
        made.close()
