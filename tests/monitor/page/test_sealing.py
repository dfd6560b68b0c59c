"""The page says what is sealed, under which keys, and shows no zero for what nobody looked at."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from monitor.ledger import Ledger
from monitor.spill import Quality
from tests.monitor.page.browse import visit
from tests.monitor.page.scenes import fill, one_spill, plain_setup
from tests.monitor.serving import Feed, serving

pytestmark = pytest.mark.chromium


def book_unsealed(ledger: Ledger, burst: int, vertices: int) -> None:
    """A spill without sealing keys, with pairs (booked by a replay) or without."""
    spill, tally = one_spill(burst, time.time_ns() - 20 * 10**9 + burst)
    counts = {**spill.counts, "vertices": vertices}
    none = {channel: dict.fromkeys(regions, 0) for channel, regions in spill.candidates.items()}
    change: dict[str, Any] = {"quality": [Quality.NOT_SEALED], "counts": counts}
    ledger.commit(spill.model_copy(update=change if vertices else {**change, "candidates": none}), tally)


def test_what_nobody_looked_at_is_a_dash(browser: Browser, ledger_url: str) -> None:
    with Ledger.open(ledger_url) as ledger:
        book_unsealed(ledger, 1, vertices=0)
        book_unsealed(ledger, 2, vertices=0)
    with serving(ledger_url, Feed(), setup=plain_setup()) as port, visit(browser, port) as seen:
        page = seen.go("/")
        expect(page.locator("#spill-table tbody tr td:nth-child(9)")).to_have_text(["–", "–"])
        expect(page.locator("#region-note")).to_contain_text(
            "2 of 2 spills not sealed: without keys no pair is counted."
        )
        cells = page.locator("#region-table tbody tr").first.locator("td")
        expect(cells.nth(1)).to_have_text("–")
        expect(cells.last).to_have_text("not seen")
        expect(page.locator("#of-ztax_cda")).to_contain_text("the newest was not looked at: no sealing keys")
        expect(page.locator("#alarm-list")).to_contain_text("The spill is not sealed")
        page = seen.go("/spill/9001/1")
        expect(page.locator("#counts tr", has_text="vertices")).to_contain_text("–")
        expect(page.locator("#region-table tbody tr").first.locator("td").last).to_have_text("not seen")
        assert seen.errors == []


def test_pairs_that_were_counted_are_shown_though_the_spill_is_not_sealed(browser: Browser, ledger_url: str) -> None:
    with Ledger.open(ledger_url) as ledger:
        book_unsealed(ledger, 1, vertices=3)
    with serving(ledger_url, Feed(), setup=plain_setup()) as port, visit(browser, port) as seen:
        page = seen.go("/")
        expect(page.locator("#spill-table tbody tr td:nth-child(9)")).not_to_have_text("–")
        expect(page.locator("#region-table tbody tr").first.locator("td").last).to_have_text("sealed")
        expect(page.locator("#region-note")).to_contain_text("1 of 1 spill not sealed")


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("demonstration", "DEMONSTRATION keys: nothing sealed with them is secret"),
        ("real", "sealed for the custodians' keys"),
        (None, "no sealing keys here"),
    ],
)
def test_the_kind_of_keys_is_said(browser: Browser, ledger_url: str, kind: Any, words: str) -> None:
    with Ledger.open(ledger_url) as ledger:
        fill(ledger, [1])
    setup = replace(plain_setup(), sealing_keys=kind)
    with serving(ledger_url, Feed(), setup=setup) as port, visit(browser, port) as seen:
        page = seen.go("/")
        expect(page.locator("#seal-keys")).to_have_text(words)
        assert seen.errors == []
