"""Sealed spills and openings in the ledger, on both databases: what goes in comes out, in order, in one transaction."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import pytest
import sqlalchemy as sa

from daq.errors import StoreError
from monitor.ledger import Ledger, sealed_books
from monitor.ledger import sealed as tables
from monitor.sealed import openlog
from monitor.sealed.audit import audit
from monitor.sealed.block import Limits
from monitor.sealed.chain import START
from monitor.sealed.open import open_block
from monitor.sealed.seal import Link
from tests.monitor.blind_site import NOW_NS, Ceremony, sealed_by, usual
from tests.monitor.databases import cluster, postgres_url, sqlite_url, url  # noqa: F401 - fixtures
from tests.monitor.synthetic import make_spill


@pytest.fixture(scope="module")
def ceremony(tmp_path_factory) -> Ceremony:
    return Ceremony(tmp_path_factory.mktemp("keys") / "set")


@pytest.fixture
def books(url):  # noqa: F811
    with Ledger.open(url, now_ns=lambda: NOW_NS) as found:
        yield found


def fill(books, ceremony, n) -> None:
    for burst in range(1, n + 1):
        spill, tally = make_spill(burst=burst)
        books.commit(spill, tally, partial(sealed_by, ceremony.sealer, spill, usual(burst)))


def test_an_empty_ledger_has_an_empty_chain(books):
    assert books.last_sealed() == Link(0, START) and books.n_sealed() == 0
    assert list(books.sealed()) == [] and list(books.public_rows()) == [] and books.openings() == []


def test_what_goes_in_comes_out_in_order(books, ceremony, monkeypatch):
    monkeypatch.setattr(sealed_books, "PAGE", 2)
    fill(books, ceremony, 5)
    rows = list(books.sealed())
    assert [row.index for row in rows] == list(range(5)) and books.n_sealed() == 5
    assert books.last_sealed() == Link(5, rows[-1].head)
    assert list(books.sealed(1, 3)) == rows[1:4] and list(books.sealed(4, 99)) == rows[4:]
    assert [(row.burst, row.revision, row.by_hand) for row in books.public_rows()] == [
        (b, 0, False) for b in range(1, 6)
    ]
    assert audit(books, ceremony.rings).faults == ()


def test_a_whole_ceremony_in_the_ledger(books, ceremony):
    fill(books, ceremony, 5)
    opened = ceremony.open(books)
    assert opened.done.opened[0].count == sum(burst % 3 for burst in range(1, 6))
    assert [row.kind for row in books.openings()] == ["approved", "done"]
    assert audit(books, ceremony.rings).faults == ()


def test_corrections_by_people_are_told_apart(books, ceremony):
    from monitor.ledger.bookrow import Note

    fill(books, ceremony, 2)
    books.correct((9001, 1), Note("ada", "read from the logbook", "pot", "", "4000000000000"))
    assert [(row.burst, row.revision, row.by_hand) for row in books.public_rows()][-1] == (1, 1, True)
    assert audit(books, ceremony.rings).faults == ()


def test_a_spill_is_sealed_once(books, ceremony):
    fill(books, ceremony, 1)
    row = next(books.sealed())
    for again in (row, replace(row, index=1)):
        with pytest.raises(StoreError), books._transaction(write_lock=True) as connection:
            tables.add_sealed(connection, again)
    assert books.n_sealed() == 1


def test_a_death_in_the_transaction_leaves_neither_row(books, ceremony):
    fill(books, ceremony, 1)
    row = replace(next(books.sealed()), index=1, burst=2)
    with pytest.raises(ZeroDivisionError), books._transaction(write_lock=True) as connection:
        tables.add_sealed(connection, replace(row, burst=1, revision=1))
        _ = 1 / 0
    assert books.n_sealed() == 1


def test_who_was_not_looking_writes_no_opening(books):
    first = books.add_opening(openlog.START, "approved", "{}", b"")
    with pytest.raises(StoreError, match="another line was written meanwhile; nothing was written"):
        books.add_opening(openlog.START, "approved", "{}", b"x")
    second = books.add_opening(first.head, "done", "{}", b"x")
    assert books.openings() == [first, second] and (first.id, second.id, second.booked_ns) == (1, 2, NOW_NS)
    assert openlog.head_after(first.head, second) == second.head


def test_every_column_of_a_sealed_row_has_one_size(books, ceremony):
    fill(books, ceremony, 3)
    with books._transaction() as connection:
        sizes = [
            connection.execute(sa.select(*(sa.func.length(tables.sealed_spill.c[name]) for name in names))).all()
            for names in [("records", "slots", "head", "keys_digest", "row_digest", "signature")]
        ]
    assert len({tuple(row) for row in sizes[0]}) == 1 and len(sizes[0]) == 3


def test_a_spill_that_comes_twice_is_sealed_once(books, ceremony):
    fill(books, ceremony, 2)
    fill(books, ceremony, 2)
    assert books.n_sealed() == 2 and audit(books, ceremony.rings).faults == ()


def test_a_burst_that_is_completed_is_sealed_again_and_counts_once(books, ceremony):
    lost, tally = make_spill(burst=1, missing=((1, 1, "no answer"),), n_lost=12_000)
    books.commit(lost, tally, partial(sealed_by, ceremony.sealer, lost, usual(2)))
    whole, tally = make_spill(burst=1)
    seal = partial(sealed_by, ceremony.sealer, whole, usual(2))
    books.upgrade(whole, tally, who="replay", why="recording replayed", seal=seal)
    assert [(row.burst, row.revision) for row in books.sealed()] == [(1, 0), (1, 1)]
    request = ceremony.request(ceremony.statement(books), limits=Limits(1, 0.0))
    assert open_block(books, ceremony.rings, request, NOW_NS).done.opened[0].count == 2
    assert audit(books, ceremony.rings).faults == ()


@pytest.mark.parametrize("sql", ["UPDATE sealed_spill SET burst = 9", "DELETE FROM opening"])
def test_the_database_itself_refuses_changes(books, ceremony, sql):
    fill(books, ceremony, 1)
    books.add_opening(openlog.START, "approved", "{}", b"")
    with pytest.raises(StoreError, match="append-only"), books._transaction(write_lock=True) as connection:
        connection.exec_driver_sql(sql)
    assert books.n_sealed() == 1 and len(books.openings()) == 1 and books.verify().faults == []
