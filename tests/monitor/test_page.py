"""The page in a real browser: the numbers it shows, no console error, what it says when the server is gone."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from monitor.ledger import Ledger
from tests.monitor.serving import Feed, serving
from tests.monitor.synthetic import make_spill

CHROMIUM = Path("/usr/bin/chromium")
pytestmark = pytest.mark.chromium


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        if os.environ.get("CI"):
            pytest.fail(f"{CHROMIUM} is missing, and in CI a skip is a failure: install chromium")
        pytest.skip(f"{CHROMIUM} is missing: THE PAGE IS NOT TESTED")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        yield browser
        browser.close()


def fill(ledger: Ledger, bursts: range, mode: str = "EMULATED") -> None:
    for burst in bursts:
        lost = {"missing": ((1, 1, "no answer"),), "n_lost": 11_000} if burst == 30 else {}
        t10 = None if burst == 21 else 50.0 + (burst % 7 - 3) * 0.4
        b2 = -250.0 + (burst * 37 % 11 - 5) * 0.04 if burst != 25 else -180.3
        halo = 1 + (burst * 53 % 13 - 6) * 0.004 + (0.35 if burst == 25 else 0)
        n_events = 36_000 + burst * 7919 % 900
        spill = make_spill(
            burst=burst, fill=True, mode=mode, t10=t10, b2=b2, halo=halo, n_events=n_events,
            start_ns=time.time_ns() - 36 * 14_400_000_000, **lost,
        )  # fmt: skip
        ledger.commit(*spill)


def now(**change: object) -> dict[str, object]:
    status = {"run": 9001, "burst": 36, "mode": "EMULATED", "phase": "spill", "frames_counted": 2}
    status |= {"events_counted": 24_512, "frames_expected": 3, "workers": 3, "open_bursts": 1, "duplicates": 0}
    return status | {"bad_frames": {}, "refused": 0, "updated_ns": time.time_ns() + 10**12} | change


def open_page(browser: Browser, port: int, errors: list[str], **context: object) -> Page:
    page = browser.new_context(viewport={"width": 1920, "height": 1080}, **context).new_page()
    page.on("console", lambda message: errors.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(f"http://127.0.0.1:{port}/")
    return page


def shoot(page: Page, name: str, **options: object) -> None:
    """Keep a picture where DUMPWATCH_SCREENSHOTS says, if it says."""
    if folder := os.environ.get("DUMPWATCH_SCREENSHOTS"):
        page.screenshot(path=f"{folder}/page-{name}.png", **options)


@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_page_shows_the_ledger(browser: Browser, ledger_url: str, scheme: str) -> None:
    errors: list[str] = []
    with Ledger.open(ledger_url) as ledger:
        fill(ledger, range(1, 36))
        feed = Feed(**now())
        with serving(ledger_url, feed) as port:
            page = open_page(browser, port, errors, color_scheme=scheme)
            totals = ledger.totals()
            expect(page.locator("#run")).to_have_text("9001")
            expect(page.locator("#burst")).to_have_text("36")
            expect(page.locator("#emulated")).to_be_visible()
            expect(page.locator("#counted")).to_have_text(f"{totals.n_counted:,}".replace(",", "\u202f"))
            expect(page.locator("#missing")).to_have_text("11\u202f000")
            expect(page.locator("#incomplete")).to_have_text("1")
            expect(page.locator("#events-now")).to_have_text("24\u202f512")
            expect(page.locator("#frames-text")).to_have_text("2 of 3 frames")
            expect(page.locator("#pot-total")).to_have_text(f"{totals.pot / 1e14:.2f}\u202f×\u202f1014")
            expect(page.locator("#spill-table tbody tr")).to_have_count(35)
            expect(page.locator("#spill-table tbody tr").first.locator("td").first).to_have_text("9001/35")
            expect(page.locator("#trigger-table tbody tr")).to_have_count(4)
            expect(page.locator("#trigger-table .name").nth(1)).to_have_text("Q1/20")
            sealed = page.locator("#region-table td.sealed")
            assert all(text == "" for text in sealed.all_text_contents())
            expect(page.locator("#states li")).to_have_count(6)
            expect(page.locator("#lost")).to_be_hidden()
            for chart in ("halo", "map", "time", "momentum"):
                expect(page.locator(f"#chart-{chart} canvas").first).to_be_visible()
            fill(ledger, range(36, 37))
            expect(page.locator("#spill-table tbody tr").first.locator("td").first).to_have_text(
                "9001/36", timeout=3000
            )
            expect(page.locator("#n-spills")).to_have_text("36", timeout=3000)
            page.wait_for_timeout(1800)
            shoot(page, scheme)
            assert page.evaluate("document.documentElement.scrollHeight <= window.innerHeight")
            page.context.close()
    assert errors == []


def test_real_beam_has_no_band_and_silence_is_unknown(browser: Browser, ledger_url: str) -> None:
    errors: list[str] = []
    with Ledger.open(ledger_url) as ledger:
        fill(ledger, range(1, 3), mode="BEAM_DUMP")
    with serving(ledger_url, Feed()) as port:
        page = open_page(browser, port, errors)
        expect(page.locator("#mode")).to_have_text("beam dump")
        expect(page.locator("#emulated")).to_be_hidden()
        expect(page.locator("#phase")).to_have_text("unknown")
        for name in ("events-now", "workers", "open-bursts", "duplicates"):
            expect(page.locator(f"#{name}")).to_have_text("–")
        shoot(page, "beam")
        page.context.close()
    assert errors == []


def test_empty_ledger_shows_no_zero_protons(browser: Browser, ledger_url: str) -> None:
    errors: list[str] = []
    Ledger.open(ledger_url).close()
    with serving(ledger_url, Feed()) as port:
        page = open_page(browser, port, errors)
        expect(page.locator("body")).not_to_have_class("loading")
        expect(page.locator("#fresh-text")).to_have_text("no spill yet")
        expect(page.locator("#pot-total")).to_have_text("–")
        page.context.close()
    assert errors == []


def test_connection_lost_and_found(browser: Browser, ledger_url: str) -> None:
    errors: list[str] = []
    with Ledger.open(ledger_url) as ledger:
        fill(ledger, range(1, 4))
        with serving(ledger_url, Feed(**now())) as port:
            page = open_page(browser, port, errors)
            expect(page.locator("#n-spills")).to_have_text("3")
        expect(page.locator("#lost")).to_be_visible()
        expect(page.locator("#lost-text")).to_contain_text("nothing below is live")
        expect(page.locator("#fresh-text")).to_have_text("not live")
        shoot(page, "lost")
        fill(ledger, range(4, 6))
        with serving(ledger_url, Feed(**now()), port=port):
            expect(page.locator("#lost")).to_be_hidden(timeout=15_000)
            expect(page.locator("#spill-table tbody tr")).to_have_count(5, timeout=15_000)
            page.context.close()
    assert all("ERR_" in text for text in errors)  # the browser's own words for a server that is away


def test_narrow_screen(browser: Browser, ledger_url: str) -> None:
    errors: list[str] = []
    with Ledger.open(ledger_url) as ledger:
        fill(ledger, range(1, 12))
    with serving(ledger_url, Feed(**now())) as port:
        page = open_page(browser, port, errors)
        page.set_viewport_size({"width": 390, "height": 844})
        expect(page.locator("#n-spills")).to_have_text("11")
        page.wait_for_timeout(400)
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        shoot(page, "narrow", full_page=True)
        page.context.close()
    assert errors == []
