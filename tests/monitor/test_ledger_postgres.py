"""The same ledger on PostgreSQL: the same answers as on SQLite, from the same code."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import psycopg
import pytest

from daq.errors import ContentConflict, StoreError
from monitor.ledger import Ledger
from tests.monitor.synthetic import make_spill

LOST = {"missing": ((1, 1, "no answer"),), "n_lost": 12_000}


def test_same_answers_as_sqlite(postgres_url: str, ledger_url: str) -> None:
    ledgers = [Ledger.open(address, now_ns=lambda: 17) for address in (postgres_url, ledger_url)]
    for ledger in ledgers:
        for burst in range(1, 9):
            odd = {3: LOST, 5: {"t10": None}, 6: {"b2": 770.0}, 7: {"b2": None}}.get(burst, {})
            assert ledger.commit(*make_spill(run=burst % 3 + 1, burst=burst, fill=True, **odd)) == "inserted"
            assert ledger.commit(*make_spill(run=burst % 3 + 1, burst=burst, fill=True, **odd)) == "already"
        with pytest.raises(ContentConflict):
            ledger.commit(*make_spill(run=1, burst=3, fill=True))
        assert ledger.upgrade(*make_spill(run=1, burst=3, fill=True), who="a", why="b") == "upgraded"
    first, second = ledgers
    for run in (None, 1, 2, 9):
        assert first.totals(run) == second.totals(run) and first.spills(run) == second.spills(run)
        for by in ("spill", "run", "day", "b2"):
            assert first.pot(by, run) == second.pot(by, run)
        assert np.array_equal(first.histograms(run).tally.counts, second.histograms(run).tally.counts)
    assert first.runs() == second.runs() and first.corrections(1, 3) == second.corrections(1, 3)
    assert first.entries_after(0) == second.entries_after(0) and len(first.entries_after(0)) == 9
    assert (
        first.good() == second.good() and first.gaps() == second.gaps() and first.history(1, 3) == second.history(1, 3)
    )
    assert list(first.rows()) == list(second.rows()) and first.verify() == second.verify()
    assert first.verify().faults == []
    assert first.committed(1) == second.committed(1) and first.last_run() == second.last_run()
    for ledger in ledgers:
        ledger.close()


def test_append_only_and_foreign_databases(postgres_url: str, cluster: str) -> None:
    with pytest.raises(StoreError, match="empty"):
        Ledger.open(postgres_url, readonly=True)
    with Ledger.open(postgres_url) as ledger:
        ledger.commit(*make_spill())
    name = postgres_url.partition("@/")[2].partition("?")[0]
    with psycopg.connect(host=cluster, user="dumpwatch", dbname=name, autocommit=True) as raw:
        for statement in ("UPDATE spill SET run = 2", "DELETE FROM judgement"):
            with pytest.raises(psycopg.Error, match="append-only"):
                raw.execute(statement)
        raw.execute("UPDATE meta SET value = 'dumpwatch.ledger/9' WHERE key = 'schema'")
    with pytest.raises(StoreError, match=r"dumpwatch\.ledger/9"):
        Ledger.open(postgres_url)


def test_no_server_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(StoreError) as caught:
        Ledger.open(f"postgresql+psycopg://me:secret@/x?host={tmp_path}")
    assert "\n" not in str(caught.value) and "secret" not in str(caught.value)
