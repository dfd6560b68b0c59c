"""The page through a quiet run, an excursion, a magnet trip, a dead worker, and a server that restarts."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, expect

from monitor.ledger import Ledger
from tests.monitor.page.browse import PortOf, Visit, visit
from tests.monitor.page.scenes import SCENES, SPILLS, fill, plain_setup
from tests.monitor.serving import TOKEN, serving

pytestmark = pytest.mark.chromium
SYSTEMS = ["beam", "trigger", "background", "accounting", "chain", "alarms"]
LOUD = {
    "quiet": {},
    "excursion": {"background": "ALARM", "trigger": "ALARM"},
    "magnet-trip": {"beam": "ALARM", "trigger": "UNKNOWN", "background": "UNKNOWN", "accounting": "UNKNOWN"},
    "dead-worker": {"chain": "ALARM"},
}


def expect_systems(seen: Visit, loud: dict[str, str]) -> None:
    for name in SYSTEMS:
        expect(seen.page.locator(f"[data-system={name}] .word")).to_have_text(loud.get(name, "OK"), timeout=8000)


@pytest.mark.parametrize("name", list(LOUD))
def test_scene(browser: Browser, scene_port: PortOf, name: str) -> None:
    with visit(browser, scene_port(name)) as seen:
        page = seen.go()
        expect(page.locator(".system b")).to_have_text(SYSTEMS)
        expect_systems(seen, LOUD[name])
        expect(page.locator("#quiet-list li").first).to_be_attached(timeout=8000)
        expect(page.locator("#alarm-none")).to_be_visible(visible=not LOUD[name])
        for row in page.locator("#alarm-list li.ALARM, #alarm-list li.WARN").all():
            expect(row.locator(".action")).not_to_be_empty()
            expect(row.locator("a[href^='/runbook#']")).to_have_count(1)
        assert page.title().startswith("■") == ("ALARM" in LOUD[name].values())
        assert seen.errors == []


def test_magnet_off_is_not_judged_and_arrows_choose_the_stream(browser: Browser, scene_port: PortOf) -> None:
    with visit(browser, scene_port("magnet-trip")) as seen:
        page = seen.go()
        expect(page.locator("#stream-say")).to_contain_text("? UNKNOWN not judged: B2 is not where")
        expect(page.locator("#stream-picker label")).to_contain_text(["MUV3", "Q1", "H2", "LAV", "ANTI0"])
        page.locator("#stream-picker input").first.focus()
        page.keyboard.press("ArrowRight")
        expect(page.locator("#stream-picker input").nth(1)).to_be_checked()


def test_a_worker_dies_and_comes_back(browser: Browser, ledger_url: str) -> None:
    with Ledger.open(ledger_url) as ledger:
        feed = SCENES["quiet"].prepare(ledger, 4)
    with serving(ledger_url, feed, setup=plain_setup()) as port, visit(browser, port) as seen:
        seen.go()
        expect_systems(seen, {})
        feed.status["workers"] = 0
        expect_systems(seen, {"chain": "ALARM"})
        expect(seen.page.locator("#alarm-list b").first).to_have_text("WorkersDown")
        feed.status["workers"] = 2
        expect_systems(seen, {})
        expect(seen.page.locator("#alarm-none")).to_be_visible(timeout=12_000)
        assert seen.errors == []


def test_server_restarts(browser: Browser, ledger_url: str) -> None:
    with Ledger.open(ledger_url) as ledger, visit(browser, 0) as seen:
        feed = SCENES["quiet"].prepare(ledger, 5)
        page = seen.page
        with serving(ledger_url, feed, setup=plain_setup()) as port:
            seen.port = port
            seen.go()
            expect(page.locator("#n-spills")).to_have_text("5")
            expect_systems(seen, {})
        expect(page.locator("#lost-text")).to_contain_text("nothing below is live")
        expect(page.locator("#fresh-text")).to_have_text("not live")
        expect(page.locator("#phase")).to_have_text("unknown")
        expect(page.locator(".when-live")).to_be_hidden()
        for name in SYSTEMS:
            expect(page.locator(f"[data-system={name}]")).to_have_class("system UNKNOWN")
        fill(ledger, range(SPILLS + 1, SPILLS + 3), last=SPILLS + 2)
        with serving(ledger_url, feed, port=port, setup=plain_setup()):
            expect(page.locator("#lost")).to_be_hidden(timeout=15_000)
            expect(page.locator("#spill-table tbody tr")).to_have_count(7, timeout=15_000)
            expect_systems(seen, {})
        assert all("ERR_" in text for text in seen.errors)  # the browser's own words for a server that is away


def test_acknowledge(browser: Browser, ledger_url: str) -> None:
    with Ledger.open(ledger_url) as ledger:
        feed = SCENES["dead-worker"].prepare(ledger, 10)
    with serving(ledger_url, feed, setup=plain_setup()) as port, visit(browser, port) as seen:
        page = seen.go()
        page.get_by_role("button", name="Acknowledge …").first.click()
        dialog = page.locator("#dialog")
        dialog.get_by_label("Your name").fill("B. <b>Shifter</b>")
        dialog.get_by_label("Token").fill("wrong")
        dialog.get_by_role("button", name="Acknowledge").click()
        expect(dialog.locator(".form-note")).to_have_text("Not taken: the token was refused.")
        dialog.get_by_label("Token").fill(TOKEN)
        dialog.get_by_role("button", name="Acknowledge").click()
        expect(dialog).to_be_hidden()
        expect(page.locator("#alarm-list .taken")).to_contain_text("taken by B. <b>Shifter</b>")
        assert all("401" in text for text in seen.errors)
        stored = "JSON.stringify([Object.entries(localStorage), Object.entries(sessionStorage)])"
        assert TOKEN not in page.evaluate(stored)
