"""Pictures for the documentation: `python -m tests.monitor.page.screenshots [NAME...]`, into docs/images."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, expect

from monitor.ledger import Ledger
from monitor.opslog.logbook import LogBook
from tests.monitor.page.browse import PHONE, Visit, chromium, visit
from tests.monitor.page.scenes import SCENES, SPILLS, fill, plain_setup
from tests.monitor.serving import serving

IMAGES = Path(__file__).parents[3] / "docs" / "images"
SETTLE_MS = 3500
QUALITY = 60
"""Of the JPEG: plots stay sharp, and a picture of the wall takes some 190 kB."""


def shoot(seen: Visit, name: str, *, full: bool = False) -> None:
    """Keep a picture."""
    path = IMAGES / f"page-{name}.jpg"
    seen.page.screenshot(path=path, type="jpeg", quality=QUALITY, full_page=full)
    print(f"{path.name}: {path.stat().st_size // 1024} kB")


def settled(seen: Visit, path: str = "/") -> None:
    """Open a page and let everything arrive."""
    seen.go(path)
    expect(seen.page.locator("body")).not_to_have_class("loading", timeout=10_000)
    seen.page.wait_for_timeout(SETTLE_MS)


def scene(browser: Browser, name: str) -> None:
    """Pictures of one scene: the wall in both themes, and what only the quiet run shows."""
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/ledger.db"
        with Ledger.open(url) as ledger:
            feed = SCENES[name].prepare(ledger)
        with serving(url, feed, setup=plain_setup()) as port:
            with visit(browser, port, color_scheme="dark") as seen:
                settled(seen)
                shoot(seen, name)
                if name == "quiet":
                    seen.page.screenshot(path=IMAGES / "page.png")
            if name == "quiet":
                _others(browser, port, url)


def _others(browser: Browser, port: int, url: str) -> None:
    book = LogBook(url)
    book.add(kind="comment", who="A. Shifter", text="T10 steering done between 58 and 59.", run=9001, burst=SPILLS - 1)
    book.close()
    with visit(browser, port, color_scheme="light") as seen:
        settled(seen)
        shoot(seen, "light")
    with visit(browser, port, color_scheme="dark") as seen:
        settled(seen)
        shoot(seen, "detail", full=True)
        for path, name in ((f"/spill/9001/{SPILLS - 1}", "spill"), ("/run/9001", "run"), ("/runbook", "runbook")):
            settled(seen, path)
            shoot(seen, name, full=name != "runbook")
    with visit(browser, port, PHONE, color_scheme="dark") as seen:
        settled(seen)
        shoot(seen, "phone")


def restart(browser: Browser) -> None:
    """A server that goes away and comes back, with spills booked meanwhile."""
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/ledger.db"
        with Ledger.open(url) as ledger:
            feed = SCENES["quiet"].prepare(ledger, 40)
            with visit(browser, 0, color_scheme="dark") as seen:
                with serving(url, feed, setup=plain_setup()) as port:
                    seen.port = port
                    settled(seen)
                seen.page.wait_for_timeout(2500)
                shoot(seen, "restart-away")
                fill(ledger, range(SPILLS + 1, SPILLS + 3), last=SPILLS + 2)
                with serving(url, feed, port=port, setup=plain_setup()):
                    expect(seen.page.locator("#lost")).to_be_hidden(timeout=15_000)
                    seen.page.wait_for_timeout(SETTLE_MS)
                    shoot(seen, "restart-back")


def main(names: list[str]) -> None:
    """Take all pictures, or those named."""
    IMAGES.mkdir(exist_ok=True)
    with chromium() as browser:
        for name in SCENES:
            if not names or name in names:
                scene(browser, name)
        if not names or "restart" in names:
            restart(browser)


if __name__ == "__main__":
    main(sys.argv[1:])
