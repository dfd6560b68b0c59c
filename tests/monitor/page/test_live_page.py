"""The live page in a real browser: the numbers it shows, and that unknown is never zero and old never live."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from monitor.ledger import Ledger
from streaming.tally import CHANNELS
from tests.monitor.page.browse import PHONE, PortOf, visit
from tests.monitor.page.scenes import SCENES, SPILLS, chain, fill, plain_setup
from tests.monitor.serving import Feed, serving

pytestmark = pytest.mark.chromium
CHARTS = ("halo", "map", "time", "b2", "momentum", "delta", "vertex", "pot", "chod", "muv3")


def thin(n: int) -> str:
    return f"{n:,}".replace(",", "\u202f")


def loaded(page: Page) -> Page:
    expect(page.locator("body")).not_to_have_class(re.compile("loading"), timeout=10_000)
    return page


def test_page_shows_the_ledger(browser: Browser, ledger_url: str) -> None:
    with Ledger.open(ledger_url) as ledger:
        feed = SCENES["dead-worker"].prepare(ledger, 24)
        feed.status["workers"] = 3
        totals = ledger.totals()
        with serving(ledger_url, feed, setup=plain_setup()) as port, visit(browser, port) as seen:
            page = loaded(seen.go())
            shown = {"run": "9001", "burst": "61", "missing": "11\u202f000", "incomplete": "1", "workers": "3"}
            shown |= {"events-now": "11\u202f904", "frames-text": "1 of 3 frames", "counted": thin(totals.n_counted)}
            shown |= {"pot-total": f"{totals.pot / 1e14:.2f}\u202f×\u202f1014", "n-spills": "24", "duplicates": "0"}
            for name, text in shown.items():
                expect(page.locator(f"#{name}")).to_have_text(text)
            expect(page.locator("#emulated")).to_be_visible()
            expect(page.locator("#b2-synthetic")).to_be_visible()
            expect(page.locator("#trigger-table .name")).to_have_text(["Q1", "Q1/20", "H2", "LKR"])
            expect(page.locator("#scaler-table .name")).to_contain_text(["LAV", "ANTI0", "MUV3"])
            expect(page.locator("#spill-table tbody a").first).to_have_text("9001/60")
            for chart in CHARTS:
                expect(page.locator(f"#chart-{chart} canvas").first).to_be_visible()
            fill(ledger, [SPILLS + 1], last=SPILLS + 1)
            expect(page.locator("#spill-table tbody a").first).to_have_text("9001/61", timeout=3000)
            expect(page.locator("#n-spills")).to_have_text("25", timeout=3000)
            assert seen.errors == []


def test_masked_box_is_sealed_and_never_zero(browser: Browser, scene_port: PortOf) -> None:
    with visit(browser, scene_port("quiet")) as seen:
        rows = len(CHANNELS)
        for path in ("/", "/spill/9001/60", "/run/9001"):
            page = loaded(seen.go(path))
            expect(page.locator("#region-table td:last-child")).to_have_text(["sealed"] * rows)
        assert seen.errors == []


def test_every_day_the_sum_and_the_goals(browser: Browser, ledger_url: str) -> None:
    with Ledger.open(ledger_url) as ledger:
        feed = SCENES["quiet"].prepare(ledger, 3)
        pot = ledger.totals().pot
    with serving(ledger_url, feed, setup=plain_setup()) as port, visit(browser, port) as seen:
        page = loaded(seen.go())
        expect(page.locator("#goals .goal")).to_have_count(2)
        expect(page.locator("#goals .goal").first).to_contain_text(f"{100 * pot / 1.4e17:.3g}"[:5])
        expect(page.locator("#pot-run")).to_have_text(f"{pot / 1e13:.2f}\u202f×\u202f1013")
        # three spills of 14.4 s may lie on both sides of midnight: the day is what the server says it is
        today = page.request.get(f"http://127.0.0.1:{port}/api/v1/pot?by=day").json()["rows"][-1]["pot"]
        expect(page.locator("#pot-today")).to_have_text(re.compile(f"^{today / 10 ** (len(str(today)) - 1):.2f}"))


def test_real_beam_has_no_band_and_silence_is_unknown(browser: Browser, ledger_url: str) -> None:
    with Ledger.open(ledger_url) as ledger:
        fill(ledger, range(SPILLS - 1, SPILLS + 1), change=lambda _: {"mode": "BEAM_DUMP"})
    with serving(ledger_url, Feed(), setup=plain_setup()) as port, visit(browser, port) as seen:
        page = loaded(seen.go())
        expect(page.locator("#mode")).to_have_text("beam dump")
        expect(page.locator("#emulated")).to_be_hidden()
        expect(page.locator("#phase")).to_have_text("unknown")
        for name in ("events-now", "workers", "open-bursts", "duplicates", "refused", "bad-count"):
            expect(page.locator(f"#{name}")).to_have_text("–")
        expect(page.locator("[data-system=chain] .word")).to_have_text("UNKNOWN")
        assert seen.errors == []


def test_a_chain_that_fell_silent_says_nothing_about_now(browser: Browser, ledger_url: str) -> None:
    with Ledger.open(ledger_url) as ledger:
        fill(ledger, [SPILLS])
    feed = chain(updated_ns=time.time_ns() - 60_000_000_000)
    with serving(ledger_url, feed, setup=plain_setup()) as port, visit(browser, port) as seen:
        page = loaded(seen.go())
        expect(page.locator("#phase")).to_have_text("unknown")
        expect(page.locator("#spill-id")).to_contain_text("silent for")
        for name in ("events-now", "workers", "open-bursts", "duplicates"):
            expect(page.locator(f"#{name}")).to_have_text("–")
        expect(page.locator("#burst")).to_have_text(str(SPILLS))  # of the ledger, not of the chain
        assert seen.errors == []


def test_empty_ledger_shows_nothing_as_zero(browser: Browser, ledger_url: str) -> None:
    Ledger.open(ledger_url).close()
    with serving(ledger_url, Feed(), setup=plain_setup()) as port, visit(browser, port) as seen:
        page = loaded(seen.go())
        expect(page.locator("#fresh-text")).to_have_text("no spill yet")
        for name in ("pot-total", "pot-today", "pot-run", "pot-last", "last-live", "last-events"):
            expect(page.locator(f"#{name}")).to_have_text("–")
        expect(page.locator("#systems .OK[data-system=beam]")).to_have_count(0)
        assert seen.errors == []


def test_unread_counter_and_missing_protons_are_unknown(browser: Browser, ledger_url: str) -> None:
    with Ledger.open(ledger_url) as ledger:
        fill(ledger, [SPILLS], change=lambda _: {"t10": None, "b2": None})
    with serving(ledger_url, chain(), setup=plain_setup()) as port, visit(browser, port) as seen:
        page = loaded(seen.go())
        expect(page.locator("#pot-total")).to_have_text("–")
        row = page.locator("#scaler-table tbody tr").filter(has_text="LAV").locator("td")
        expect(row.nth(2)).to_contain_text("kHz")  # counts are known
        expect(row.nth(3)).to_have_text("–")  # per proton they are not
        expect(page.locator("#spill-table tbody td").nth(2)).to_have_text("–")
        expect(page.locator("#spill-table tbody td").nth(3)).to_have_text("–")
        assert seen.errors == []


def test_history_is_there_after_a_reload(browser: Browser, scene_port: PortOf) -> None:
    with visit(browser, scene_port("quiet")) as seen:
        for _ in range(2):
            expect(loaded(seen.go()).locator("#spill-table tbody tr")).to_have_count(14)
        assert seen.errors == []


def test_an_answer_that_is_not_served_is_named_and_harms_nothing(browser: Browser, scene_port: PortOf) -> None:
    with visit(browser, scene_port("quiet")) as seen:
        for name in ("streams", "halo", "geometry", "alarms", "pot"):
            seen.page.route(f"**/api/v1/{name}**", lambda route: route.fulfill(status=404, json={"error": "not found"}))
        page = loaded(seen.go())
        expect(page.locator("#absent")).to_contain_text("streams")
        expect(page.locator("#stream-say")).to_contain_text("not served")
        expect(page.locator("#alarm-list")).to_contain_text("not served")
        expect(page.locator("#spill-table tbody tr")).to_have_count(14)
        assert all("404" in text for text in seen.errors)  # the browser's own words


def test_a_picture_of_a_plot(browser: Browser, scene_port: PortOf, tmp_path: Path) -> None:
    with visit(browser, scene_port("quiet")) as seen:
        page = loaded(seen.go())
        expect(page.locator("#chart-map canvas").first).to_be_visible()
        with page.expect_download() as download:
            page.get_by_role("button", name="Download the plot").nth(1).click()
        assert download.value.suggested_filename == "dumpwatch-map.png"
        path = tmp_path / "map.png"
        download.value.save_as(path)
        assert path.read_bytes().startswith(b"\x89PNG\r\n") and path.stat().st_size > 10_000
        assert seen.errors == []


@pytest.mark.parametrize("path", ["/", "/spill/9001/60", "/run/9001", "/runbook"])
def test_nothing_is_wider_than_a_phone(browser: Browser, scene_port: PortOf, path: str) -> None:
    with visit(browser, scene_port("dead-worker"), PHONE) as seen:
        page = loaded(seen.go(path))
        page.wait_for_timeout(400)
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
