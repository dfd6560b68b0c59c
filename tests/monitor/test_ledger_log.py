"""The operations log: in order, found again, never changed."""

import sqlite3

import pytest

from daq.errors import StoreError
from monitor.ledger import Ledger


def test_lines_are_numbered_and_found(ledger_url):
    clock = iter(range(100, 200))
    with Ledger.open(ledger_url, now_ns=lambda: next(clock)) as ledger:
        first = ledger.add_log(kind="comment", who="ann", text="beam back", run=9001, burst=3)
        ledger.add_log(kind="comment", who="ann", text="stable", run=9001)
        base = ledger.add_log(kind="rebase", who="bob", text="new TAX", subject="alarm-reference", document={"a": [1]})
        assert [row.id for row in ledger.log()] == [1, 2, 3]
        assert ledger.log(run=9001, burst=3) == [first] and first.booked_ns < base.booked_ns
        assert ledger.log(kind="rebase", subject="alarm-reference", last=1) == [base]
        assert base.document == {"a": [1]} and [row.id for row in ledger.log(last=2)] == [2, 3]
        assert ledger.log(kind="alert") == []


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"kind": "gossip"}, "kind 'gossip'"),
        ({"who": " "}, "who of 1"),
        ({"text": ""}, "text of 0"),
        ({"text": "x" * 10_001}, "text of 10001"),
        ({"burst": 3}, "without its run"),
        ({"subject": "s" * 65}, "subject of 65"),
    ],
)
def test_a_line_that_says_nothing_is_refused(ledger_url, change, message):
    with Ledger.open(ledger_url) as ledger:
        with pytest.raises(StoreError, match=message):
            ledger.add_log(**{"kind": "comment", "who": "ann", "text": "x", **change})
        assert ledger.log() == []


def test_the_database_keeps_the_log(ledger_url):
    with Ledger.open(ledger_url) as ledger:
        ledger.add_log(kind="comment", who="ann", text="x")
    raw = sqlite3.connect(ledger_url.removeprefix("sqlite:///"))
    for statement in ("UPDATE log_entry SET who = 'eve'", "DELETE FROM log_entry"):
        with pytest.raises(sqlite3.Error, match="append-only"):
            raw.execute(statement)
    raw.close()
