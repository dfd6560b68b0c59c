"""The spill page, the run page and the runbook."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, expect

from monitor.ledger import Ledger
from tests.monitor.page.browse import PortOf, visit
from tests.monitor.page.scenes import SCENES, fill, plain_setup
from tests.monitor.serving import TOKEN, Feed, serving

pytestmark = pytest.mark.chromium


def test_everything_about_one_spill(browser: Browser, ledger_url: str) -> None:
    with Ledger.open(ledger_url) as ledger:
        feed = SCENES["dead-worker"].prepare(ledger, 12)
        spill = ledger.spill(9001, 51)
        assert spill is not None
    with serving(ledger_url, feed, setup=plain_setup()) as port, visit(browser, port) as seen:
        page = seen.go("/spill/9001/51")
        expect(page.locator("#verdict")).to_contain_text("NOT GOOD")
        expect(page.locator("#verdict")).to_contain_text("INCOMPLETE")
        expect(page.locator("#missing-frames li")).to_have_text("frames 1 to 1: no answer")
        expect(page.locator("#facts")).to_contain_text(f"{spill.n_events:,}".replace(",", "\u202f"))
        expect(page.locator("#streams tbody tr")).to_have_count(7)
        expect(page.locator("#digests code").nth(2)).to_have_text(spill.content_digest)
        for chart in ("time", "momentum", "delta", "vertex", "map", "chod", "muv3"):
            expect(page.locator(f"#chart-{chart} canvas").first).to_be_visible()
        page.locator("#previous").click()
        expect(page.locator("#title")).to_have_text("Run 9001 burst 50")
        expect(page.locator("#verdict")).to_contain_text("● GOOD")
        page.locator("#up a").click()
        expect(page.locator("#title")).to_have_text("Run 9001")
        page.locator("#spill-table a").first.click()
        expect(page.locator("#title")).to_have_text("Run 9001 burst 60")
        expect(page.locator("#next")).to_be_hidden()
        assert seen.errors == []


def test_one_run(browser: Browser, ledger_url: str) -> None:
    with Ledger.open(ledger_url) as ledger:
        fill(ledger, [40, 41, 45, 46, 48])
        fill(ledger, [60], change=lambda _: {"run": 9002})
        totals = ledger.totals(9001)
    with serving(ledger_url, Feed(), setup=plain_setup()) as port, visit(browser, port) as seen:
        page = seen.go("/run/9001")
        expect(page.locator("#gaps li")).to_have_text(["bursts 42 to 44 (3)", "burst 47"])
        expect(page.locator("#facts")).to_contain_text(f"{totals.n_counted:,}".replace(",", "\u202f"))
        expect(page.locator("#spill-table tbody tr")).to_have_count(5)
        for chart in ("pot", "halo", "b2current", "triggers", "vetoes", "live", "b2"):
            expect(page.locator(f"#chart-{chart} canvas").first).to_be_visible()
        page.locator("#next").click()
        expect(page.locator("#title")).to_have_text("Run 9002")
        assert seen.errors == []


def test_comment_is_kept_as_text(browser: Browser, ledger_url: str) -> None:
    with Ledger.open(ledger_url) as ledger:
        feed = SCENES["quiet"].prepare(ledger, 2)
    said = "steering <img src=x onerror=alert(1)> done"
    with serving(ledger_url, feed, setup=plain_setup()) as port, visit(browser, port) as seen:
        page = seen.go("/spill/9001/60")
        page.get_by_role("textbox", name="Comment").fill(said)
        page.get_by_label("Your name").fill("A. Shifter")
        page.get_by_label("Token").fill(TOKEN)
        page.get_by_role("button", name="Add the comment").click()
        expect(page.locator("#log .log li p")).to_have_text(said)
        expect(page.locator("#log img")).to_have_count(0)
        expect(seen.go("/run/9001").locator("#log")).to_contain_text(said)
        assert seen.errors == []


def test_a_spill_that_is_not_there(browser: Browser, scene_port: PortOf) -> None:
    with visit(browser, scene_port("quiet")) as seen:
        page = seen.go("/spill/9001/999")
        expect(page.locator("#fault")).to_have_text("Not in the ledger, or not served by this monitor.")
        expect(page.locator("#content")).to_be_hidden()
        assert all("404" in text for text in seen.errors)


def test_runbook_is_shown_as_text_and_goes_to_the_paragraph(browser: Browser, ledger_url: str) -> None:
    Ledger.open(ledger_url).close()
    lines = [
        "# Runbook",
        "",
        "## WorkersDown",
        "",
        "Look at `journalctl`, then **restart** [it](javascript:alert(1)). See <http://127.0.0.1:1/x>.",
        "",
    ]
    lines += [
        "* one <script>alert(1)</script>",
        "* two",
        "",
        "| a | b |",
        "|---|---|",
        "| 1 | 2 |",
        "",
        "    dumpwatch live",
    ]
    with serving(ledger_url, Feed(), setup=plain_setup()) as port, visit(browser, port) as seen:
        seen.page.route(
            "**/api/v1/runbook", lambda route: route.fulfill(body="\n".join(lines), content_type="text/markdown")
        )
        page = seen.go("/runbook#workersdown")
        expect(page.locator("#workersdown")).to_have_class(re.compile("target"))
        expect(page.locator("#workersdown")).to_be_focused()
        expect(page.locator("#content li").first).to_have_text("one <script>alert(1)</script>")
        expect(page.locator("#content a")).to_have_text(["http://127.0.0.1:1/x"])
        expect(page.locator("#content td")).to_have_text(["1", "2"])
        expect(page.locator("#content pre")).to_have_text("dumpwatch live")
        assert seen.errors == []
