"""The quick look at the sealed books: the same words as the audit's, faults of the newest spills, and no blob read."""

from __future__ import annotations

import shutil
import sqlite3
from functools import partial

import pytest
import sqlalchemy as sa

from monitor.ledger import Ledger, schema, tables
from monitor.ledger import sealed as sealed_tables
from monitor.sealed import glance as glance_module
from monitor.sealed.audit import Witness, audit, examine
from monitor.sealed.glance import glance
from monitor.sealed.status import lines, status
from tests.monitor.blind_site import NOW_NS, Ceremony, sealed_by, usual
from tests.monitor.databases import cluster, postgres_url, sqlite_url, url  # noqa: F401 - fixtures
from tests.monitor.synthetic import make_spill

N = 8


@pytest.fixture(scope="module")
def ceremony(tmp_path_factory) -> Ceremony:
    return Ceremony(tmp_path_factory.mktemp("keys") / "set")


def book(books, ceremony, bursts, **odd) -> None:
    for burst in bursts:
        spill, tally = make_spill(burst=burst, **odd)
        books.commit(spill, tally, partial(sealed_by, ceremony.sealer, spill, usual(burst)))


@pytest.fixture(scope="module")
def template(ceremony, tmp_path_factory):
    path = tmp_path_factory.mktemp("ledger") / "l.db"
    with Ledger.open(f"sqlite:///{path}", now_ns=lambda: NOW_NS) as books:
        book(books, ceremony, range(1, N + 1))
        ceremony.open(books, last=5)
        ceremony.open(books, "CR", "ee", first=0, last=5)
    return path


@pytest.fixture
def tampered(template, tmp_path):
    """Copy of a ledger of eight spills, changed behind its back."""

    def change(*statements: str) -> Ledger:
        path = shutil.copy(template, tmp_path / "l.db")
        with sqlite3.connect(path) as raw:
            for (trigger,) in raw.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
                raw.execute(f"DROP TRIGGER {trigger}")
            for statement in statements:
                raw.execute(statement)
        raw.close()
        return Ledger.open(f"sqlite:///{path}", readonly=True)

    return change


def test_the_quick_look_says_what_a_look_at_everything_says(url, ceremony):  # noqa: F811
    with Ledger.open(url, now_ns=lambda: NOW_NS) as books:
        for step in range(4):
            if step == 1:
                book(books, ceremony, range(1, 5))
            if step == 2:
                book(books, ceremony, [5], missing=((1, 1, "no answer"),), n_lost=12_000)
                spill, tally = make_spill(burst=6)
                books.commit(spill.not_sealed(), tally)
            if step == 3:
                ceremony.open(books, accept_incomplete=1)
            quick, whole = (status(f(books, ceremony.rings), ceremony.rings) for f in (glance, examine))
            assert quick == whole and quick["faults"] == []
            assert quick["verified_spills"] == quick["sealed_spills"] == books.n_sealed()


def test_only_the_end_is_verified_and_that_is_said(template, ceremony, monkeypatch):
    monkeypatch.setattr(glance_module, "TAIL", 3)
    with Ledger.open(f"sqlite:///{template}", readonly=True) as books:
        found = status(glance(books, ceremony.rings), ceremony.rings)
        assert (found["verified_spills"], found["sealed_spills"], found["faults"]) == (3, N, [])
        assert "verified: newest 3 spills; `dumpwatch blind audit`: all" in lines(found)
        whole = status(examine(books, ceremony.rings), ceremony.rings)
        assert found == whole | {"verified_spills": 3} and "verified: all spills" in lines(whole)


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("UPDATE sealed_spill SET records = zeroblob(4256) WHERE idx = 7", "spill 7 (run 9001 burst 8): the head does"),
        ("UPDATE sealed_spill SET signature = zeroblob(64) WHERE idx = 5", "the signature of the host does not hold"),
        ("UPDATE sealed_spill SET slots = x'00' WHERE idx = 6", "every sealed row has the same size"),
        ("UPDATE sealed_spill SET wall_ns = -1 WHERE idx = 6", "wall_ns -1, wanted 0 to"),
        ("DELETE FROM sealed_spill WHERE idx = 7", "run 9001 burst 8 revision 0: has no sealed row"),
        ("DELETE FROM sealed_spill WHERE idx = 1", "spill 2: stands at place 1: sealed rows were removed"),
        ("UPDATE spill SET document = replace(document, '36000', '36001') WHERE burst = 6", "changed after it was"),
        ("UPDATE spill SET document = '{}' WHERE burst = 8", "the public row cannot be read"),
        ("DELETE FROM opening WHERE id = 1", "opening log line 2: stands at place 1"),
        ("UPDATE opening SET body = '{}' WHERE id = 2", "is not a line of this version, or was changed"),
        ("UPDATE opening SET booked_ns = 1 WHERE id = 4", "opening log line 4: the head does not follow"),
    ],
)
def test_faults_of_the_newest_spills_and_of_the_log_are_found(tampered, ceremony, monkeypatch, statement, words):
    monkeypatch.setattr(glance_module, "TAIL", 3)
    with tampered(statement) as books:
        assert any(words in fault for fault in glance(books, ceremony.rings).faults)
        assert audit(books, ceremony.rings).faults


def test_what_lies_further_back_is_for_the_audit(tampered, ceremony, monkeypatch):
    monkeypatch.setattr(glance_module, "TAIL", 3)
    with tampered("UPDATE sealed_spill SET records = zeroblob(4256) WHERE idx = 1") as books:
        assert glance(books, ceremony.rings).faults == () and audit(books, ceremony.rings).faults


def test_no_blob_but_those_of_the_end_is_read(template, ceremony, monkeypatch):
    asked = []
    real = sealed_tables.sealed_between
    monkeypatch.setattr("monitor.ledger.outline.sealed_between", lambda c, a, b: asked.append((a, b)) or real(c, a, b))
    monkeypatch.setattr(glance_module, "TAIL", 3)
    with Ledger.open(f"sqlite:///{template}", readonly=True) as books:
        seen = []
        sa.event.listen(books._engine, "before_cursor_execute", lambda _c, _u, text, *_: seen.append(text))
        glance(books, ceremony.rings)
    assert asked == [(4, 7)]
    assert sum("sealed_spill.records" in text or "sealed_spill.slots" in text for text in seen) == 1


def age(books: Ledger, to: str) -> None:
    """Make an older ledger of one of this schema: that had no sealed spills."""
    with books._transaction(write_lock=True) as connection:
        for table in sealed_tables.BOOKS:
            table.drop(connection)
        connection.execute(schema.meta.update().where(schema.meta.c.key == "schema").values(value=to))


@pytest.mark.parametrize("to", schema.OLDER)
def test_rows_from_before_sealing_are_told_in_plain_words_and_are_no_fault(url, ceremony, to, monkeypatch):  # noqa: F811
    monkeypatch.setattr(sealed_tables, "PAGE", 2)
    with Ledger.open(url, now_ns=lambda: NOW_NS) as books:
        for burst in (1, 2, 3, 7):
            books.commit(*make_spill(burst=burst))
        books.upgrade(*_lost_then_found(books), who="replay", why="found")
        age(books, to)
        if to == schema.OLDER[0]:
            with books._transaction(write_lock=True) as connection:
                for table in (*tables.BOOKS, *tables.DERIVED):
                    table.drop(connection)
    with Ledger.open(url, now_ns=lambda: NOW_NS) as books:
        book(books, ceremony, range(10, 16))
        report = audit(books, ceremony.rings)
        assert report.faults == () and report.before_sealing == "5 spills (run 9001 bursts 1-3, run 9001 bursts 7-8)"
        text = "\n".join(report.lines())
        assert "booked before this ledger could seal: 5 spills (run 9001 bursts 1-3, run 9001 bursts 7-8); " in text
        assert f"brought up to date from {to}: its 6 rows were booked before it could seal" in text
        assert status(glance(books, ceremony.rings), ceremony.rings) == status(
            examine(books, ceremony.rings), ceremony.rings
        )
        # openings go on behind that line
        assert ceremony.open(books).done.spills == 6 and audit(books, ceremony.rings).faults == ()
        assert books.verify().faults == []


def _lost_then_found(books):
    books.commit(*make_spill(burst=8, missing=((1, 1, "no answer"),), n_lost=12_000))
    return make_spill(burst=8)


def test_a_ledger_without_rows_gets_no_such_line(sqlite_url, ceremony):  # noqa: F811
    with Ledger.open(sqlite_url) as books:
        age(books, schema.OLDER[-1])
    with Ledger.open(sqlite_url) as books:
        assert books.openings() == [] and audit(books, ceremony.rings).before_sealing == ""


@pytest.fixture
def upgraded(sqlite_url, ceremony):  # noqa: F811
    with Ledger.open(sqlite_url, now_ns=lambda: NOW_NS) as books:
        for burst in (1, 2, 3):
            books.commit(*make_spill(burst=burst))
        age(books, schema.OLDER[-1])
    with Ledger.open(sqlite_url, now_ns=lambda: NOW_NS) as books:
        book(books, ceremony, range(4, 8))
    return sqlite_url.removeprefix("sqlite:///")


@pytest.mark.parametrize(
    ("statements", "words"),
    [
        (("DELETE FROM spill WHERE burst = 2",), "are not those that the opening log says were there before sealing"),
        (("UPDATE spill SET document = replace(document, '36000', '36001') WHERE burst = 1",), "are not those that"),
        (("DELETE FROM opening",), "run 9001 burst 1 revision 0: has no sealed row"),
        (("UPDATE opening SET body = replace(body, '\"rows\":3', '\"rows\":7')",), "the head does not follow"),
        (("DELETE FROM sealed_spill WHERE idx = 0",), "run 9001 burst 4 revision 0: has no sealed row"),
        (("UPDATE opening SET id = 2",), "opening log line 2: stands at place 1"),
    ],
)
def test_nobody_hides_a_removed_row_behind_that_line(upgraded, ceremony, statements, words):
    with sqlite3.connect(upgraded) as raw:
        for (trigger,) in raw.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            raw.execute(f"DROP TRIGGER {trigger}")
        for statement in statements:
            raw.execute(statement)
    raw.close()
    with Ledger.open(f"sqlite:///{upgraded}") as books:
        faults = audit(books, ceremony.rings).faults
        assert any(words in fault for fault in faults), faults
        if "are not those" not in words:  # texts of early rows are for the audit
            assert any(words in fault for fault in glance(books, ceremony.rings).faults)


def test_such_a_line_can_only_be_the_first_one(ceremony):
    from monitor.sealed.before import first_line

    store = ceremony.fill(4)
    ceremony.open(store)
    line = first_line(schema.OLDER[-1], store.rows[:2], NOW_NS)
    store.add_opening(store.log[-1].head, line.kind, line.body, b"")
    faults = audit(store, ceremony.rings).faults
    assert any("which can only be the first line; it was put in later" in fault for fault in faults)
    # and one that was put in at the beginning moves every head: what was written down elsewhere shows it
    fresh = ceremony.fill(4)
    witnessed = Witness(openings=ceremony.open(fresh) and fresh.log[-1].head)
    fresh.log.insert(0, line)
    assert audit(fresh, ceremony.rings, witnessed).faults
