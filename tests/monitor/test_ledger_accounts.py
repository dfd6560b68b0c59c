"""Judgements, corrections by people, gaps, K3pi, upgrade, verify and backup: the same on both databases."""

from __future__ import annotations

import json
import multiprocessing
import sqlite3
from pathlib import Path

import pytest
import sqlalchemy as sa

from daq.config.accounting import AccountingConfig
from daq.errors import ContentConflict, StoreError
from monitor.accounting.k3pi import K3piRow
from monitor.ledger import Ledger, Note, Selection, schema, tables
from monitor.ledger.pot import run_groups, spill_groups
from monitor.spill import Spill
from monitor.totals import sum_spills
from tests.monitor.synthetic import START_NS, make_spill

LOST = {"missing": ((1, 1, "no answer"),), "n_lost": 12_000}


def note(field: str, value: str, why: str = "SEM was in repair") -> Note:
    return Note("ann", why, field, None, value)


def fill(ledger: Ledger) -> None:
    for burst, odd in (
        (1, {}),
        (2, {"t10": -1.0}),
        (3, {"b2": 770.0}),
        (6, {}),
        (5, {}),
        (7, LOST),
        (8, {"mode": "KAON"}),
    ):
        ledger.commit(*make_spill(burst=burst, fill=True, **odd))


def test_judged_when_booked(url: str) -> None:
    with Ledger.open(url) as ledger:
        fill(ledger)
        expected = {
            1: [], 2: ["NEGATIVE_POT"], 3: ["MAGNET_OFF", "RAMPING"], 5: ["OUT_OF_ORDER"], 6: ["RAMPING"],
            7: ["INCOMPLETE"], 8: ["KAON"],
        }  # fmt: skip
        assert {spill.burst: judged.reasons for spill, judged in ledger.select(Selection())} == expected
        assert [s.burst for s, _ in ledger.select(Selection(quality="good"))] == [1]
        good = ledger.good()
        assert (good.n_good, good.n_not_good, good.pot, good.pot_error) == (1, 6, 5 * 10**12, 10**12)
        assert good.pot_spill_error == 10**11 and good.pot_not_good == 25 * 10**12
        assert good.reasons["RAMPING"] == 2 and good.reasons["OUT_OF_ORDER"] == 1
        (row,) = ledger.pot("run", wanted=Selection(quality="good"))
        assert (row.n_spills, row.n_good, row.pot) == (1, 1, 5 * 10**12)
        assert ledger.runs()[0].n_good == 1 and ledger.runs()[0].pot_good == 5 * 10**12
        assert [row.key for row in ledger.pot("spill", wanted=Selection(b2_setting_a=770))] == ["9001/3"]
        assert ledger.pot("day", wanted=Selection(day="1999-01-01")) == []


def test_sums_of_runs_are_those_of_their_spills(url: str) -> None:
    with Ledger.open(url) as ledger:
        fill(ledger)
        ledger.commit(*make_spill(run=9000, mode="BIASED"))
        ledger.commit(*make_spill(run=10_000, t10=30.0))
        ledger.correct((9001, 1), note("quality", "bad"))
        with ledger._transaction() as connection:
            for wanted in (Selection(), Selection(9001), Selection(9001, "good"), Selection(quality="good")):
                assert run_groups(connection, wanted) == spill_groups(connection, "run", wanted)


def test_rules_are_those_of_the_ledger(url: str) -> None:
    with Ledger.open(url, rules=AccountingConfig(min_cycle_s=20.0, sem_relative_noise=0.1)) as ledger:
        ledger.commit(*make_spill(burst=1))
        ledger.commit(*make_spill(burst=2))
        assert ledger.judgement(9001, 2).reasons == ["CLOCK_STEP"] and ledger.judgement(9001, 3) is None
        assert ledger.good().pot_spill_error == 5 * 10**11


def test_a_correction_never_changes_the_old_row(url: str) -> None:
    with Ledger.open(url, now_ns=iter(range(10**6)).__next__) as ledger:
        fill(ledger)
        before = list(ledger.rows())
        ledger.correct((9001, 2), note("t10_intensity", "48"))
        ledger.correct((9001, 2), note("pot", "4700000000000", "better BCT value"))
        ledger.correct((9001, 1), note("quality", "bad", "beam on the wrong TAX"))
        after = list(ledger.rows())
        assert after[: len(before)] == before and len(after) == len(before) + 3
        assert ledger.spill(9001, 2).pot == 4_700_000_000_000 and ledger.judgement(9001, 2).good
        assert not ledger.judgement(9001, 1).good and ledger.good().n_good == 1
        assert [(r.revision, r.who, r.field, r.old, r.new) for r in ledger.history(9001, 2)] == [
            (0, "chain", None, None, None),
            (1, "ann", "t10_intensity", "None", "4800000000000"),
            (2, "ann", "pot", "4800000000000", "4700000000000"),
        ]
        assert [r.pot for r in ledger.history(9001, 2)] == [None, 4_800_000_000_000, 4_700_000_000_000]
        assert ledger.totals() == sum_spills(ledger.spills()) and ledger.verify().faults == []
        assert ledger.commit(*make_spill(burst=2, fill=True, t10=-1.0)) == "already"  # the chain may come again
        assert ledger.measured(9001, 2) == make_spill(burst=2, fill=True, t10=-1.0)[0]
        assert ledger.measured(9001, 99) is None
        ledger.correct((9001, 1), note("quality", "auto", "it was not"))
        assert ledger.judgement(9001, 1).good and ledger.history(9001, 99) == []


def test_what_a_person_said_outlives_an_upgrade(url: str) -> None:
    with Ledger.open(url) as ledger:
        fill(ledger)
        ledger.correct((9001, 7), note("t10_intensity", "40"))
        ledger.correct((9001, 7), note("quality", "bad", "I was there"))
        ledger.upgrade(*make_spill(burst=7, fill=True), who="replay", why="found")
        spill = ledger.spill(9001, 7)
        assert (spill.state, spill.pot) == ("COMPLETE", 4 * 10**12)
        assert ledger.judgement(9001, 7).reasons == ["OVERRIDE_BAD"]
        assert [r.who for r in ledger.history(9001, 7)] == ["chain", "ann", "ann", "replay", "ann", "ann"]
        assert ledger.totals() == sum_spills(ledger.spills()) and ledger.verify().faults == []


def test_an_upgrade_judges_again_but_stays_late(url: str) -> None:
    with Ledger.open(url) as ledger:
        for burst, odd in ((1, {}), (3, {}), (2, LOST)):
            ledger.commit(*make_spill(burst=burst, **odd))
        assert ledger.judgement(9001, 2).reasons == ["INCOMPLETE", "OUT_OF_ORDER"]
        ledger.upgrade(*make_spill(burst=2), who="replay", why="found")
        assert ledger.judgement(9001, 2).reasons == ["OUT_OF_ORDER"]


@pytest.mark.parametrize(
    ("key", "change", "message"),
    [
        ((9001, 99), note("pot", "1"), "not booked"),
        ((9001, 1), note("pot", "5000000000000"), "already"),
        ((9001, 1), note("pot", "-5"), "wanted 0 to"),
        ((9001, 1), Note(" ", "x", "pot", None, "1"), "needs who and why"),
        ((9001, 1), Note("ann", "", "pot", None, "1"), "needs who and why"),
        ((9001, 8), note("quality", "good"), "cannot be good"),
    ],
)
def test_refused_corrections_leave_no_trace(sqlite_url: str, key: tuple[int, int], change: Note, message: str) -> None:
    with Ledger.open(sqlite_url) as ledger:
        fill(ledger)
        with pytest.raises(StoreError, match=message):
            ledger.correct(key, change)
        assert ledger.last_entry() == 7


def test_gaps_and_repeats_are_shown(url: str) -> None:
    with Ledger.open(url, now_ns=iter(range(100)).__next__) as ledger:
        for burst in (1, 2, 5):
            ledger.commit(*make_spill(burst=burst))
        ledger.commit(*make_spill(burst=6, start_ns=START_NS + 300 * 10**9))
        for _ in range(3):
            ledger.commit(*make_spill(burst=2))
        with pytest.raises(ContentConflict):
            ledger.commit(*make_spill(burst=1, t10=1.0))
        found = ledger.gaps(9001)
        assert [(g.first, g.last) for g in found.absent] == [(3, 4)]
        assert [(p.before, p.after, p.seconds) for p in found.pauses] == [(5, 6, 314.4)]
        assert [(r.burst, r.kind, r.n) for r in found.repeats] == [(1, "refused", 1), (2, "already", 3)]
        assert found.repeats[1].first_ns < found.repeats[1].last_ns and ledger.gaps(1).repeats == []


def test_k3pi_newest_row_holds(url: str) -> None:
    with Ledger.open(url) as ledger:
        fill(ledger)
        rows = [K3piRow(run=9001, burst=8, n_k3pi=n, downscaling=100) for n in (1000, 1100)]
        other = K3piRow(run=9002, burst=1, n_k3pi=5, downscaling=1)
        assert ledger.add_k3pi([rows[0], other], "bob", "a.csv") == 2
        assert ledger.add_k3pi([rows[0]], "bob", "a.csv") == 0 and ledger.add_k3pi([rows[1]], "bob", "b.csv") == 1
        assert ledger.k3pi() == [(rows[1], 5 * 10**12), (other, None)] and ledger.k3pi(9002) == [(other, None)]
        with pytest.raises(StoreError, match="wanted KAON"):
            ledger.add_k3pi([replace_burst(rows[0], 9), replace_burst(rows[0], 1)], "bob", "c.csv")
        with pytest.raises(StoreError, match="needs who"):
            ledger.add_k3pi(rows, "", "c.csv")
        assert len(ledger.k3pi()) == 2


def replace_burst(row: K3piRow, burst: int) -> K3piRow:
    return row.model_copy(update={"burst": burst})


def age(ledger: Ledger) -> None:
    """Make a ledger of schema 1 of one of schema 2: that had none of the newer tables."""
    with ledger._transaction(write_lock=True) as connection:
        for table in (*tables.BOOKS, *tables.DERIVED):
            table.drop(connection)
        connection.execute(schema.meta.update().where(schema.meta.c.key == "schema").values(value="dumpwatch.ledger/1"))


def test_an_older_ledger_is_brought_up_to_date(url: str) -> None:
    with Ledger.open(url) as ledger:
        fill(ledger)
        ledger.upgrade(*make_spill(burst=7, fill=True), who="replay", why="found")
        before = (ledger.entries_after(0), ledger.totals(), ledger.pot("spill"), ledger.good(), ledger.runs())
        age(ledger)
    with pytest.raises(StoreError, match="dumpwatch books upgrade"):
        Ledger.open(url, readonly=True)
    for _ in range(2):
        with Ledger.open(url) as ledger:
            assert (
                ledger.entries_after(0),
                ledger.totals(),
                ledger.pot("spill"),
                ledger.good(),
                ledger.runs(),
            ) == before
            assert ledger.verify().faults == []
            ledger.add_log(kind="comment", who="ann", text="up to date")
    with Ledger.open(url, readonly=True) as ledger:
        assert len(ledger.log()) == 2


FORGERIES = [
    ("UPDATE spill SET pot = 17 WHERE burst = 1", "column pot is 17"),
    ("UPDATE spill SET entry = 17 WHERE burst = 1", "numbers of the rows have a gap"),
    ("UPDATE spill SET document = replace(document, '9001', '9009') WHERE burst = 1", "document is of run 9009"),
    ("UPDATE spill SET document = 'x' WHERE burst = 1", "cannot be read"),
    ("UPDATE spill SET tally = tally_layout WHERE burst = 1", "histograms cannot be read"),
    ("UPDATE spill SET tally = (SELECT tally FROM spill WHERE burst = 7) WHERE burst = 1", "differ from the document"),
    ("UPDATE correction SET who = ''", "nobody signed"),
    ("UPDATE correction SET revision = 3, supersedes = 2", "wanted revision 1"),
    ("UPDATE judgement SET good = 1 WHERE burst = 2", "judged good with reasons NEGATIVE_POT"),
    ("UPDATE judgement SET good = 1, reasons = '' WHERE burst = 2", "judged for nothing"),
    ("UPDATE standing SET pot = 17 WHERE burst = 1", "standing does not follow"),
    ("DELETE FROM standing WHERE burst = 1", "standing does not follow"),
    ("UPDATE run_sum SET last_burst = 17", "run_sum does not follow"),
    ("DELETE FROM log_entry WHERE id = 1", "lines are missing"),
]


@pytest.mark.parametrize(("forgery", "fault"), FORGERIES)
def test_verify_finds_forgeries(sqlite_url: str, forgery: str, fault: str) -> None:
    with Ledger.open(sqlite_url) as ledger:
        fill(ledger)
        ledger.correct((9001, 7), note("pot", "1"))
        for text in ("one", "two"):
            ledger.add_log(kind="comment", who="ann", text=text)
        sound = ledger.verify()
        assert sound.is_sound and (sound.n_spills, sound.n_rows) == (7, 8)
    raw = sqlite3.connect(sqlite_url.removeprefix("sqlite:///"))
    table = forgery.split()[1 if forgery.startswith("UPDATE") else 2]
    kept = raw.execute(
        "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = ?", (table,)
    ).fetchall()
    for name, _ in kept:
        raw.execute(f"DROP TRIGGER {name}")
    raw.execute(forgery)
    for _, statement in kept:
        raw.execute(statement)
    raw.commit()
    raw.close()
    with Ledger.open(sqlite_url, readonly=True) as ledger:
        found = ledger.verify()
        assert not found.is_sound and any(fault in text for text in found.faults), found.faults


def test_verify_misses_no_trigger(url: str) -> None:
    with Ledger.open(url) as ledger:
        fill(ledger)
        with ledger._transaction(write_lock=True) as connection:
            on = " ON judgement" if connection.dialect.name == "postgresql" else ""
            connection.exec_driver_sql(f"DROP TRIGGER judgement_no_delete{on}")
        assert ledger.verify().faults == ["table judgement: nothing keeps its rows from delete; the trigger is gone"]


def test_the_database_keeps_the_new_books(url: str) -> None:
    with Ledger.open(url) as ledger:
        fill(ledger)
        ledger.correct((9001, 1), note("pot", "1"))
        ledger.add_k3pi([K3piRow(run=1, burst=1, n_k3pi=1, downscaling=1)], "bob", "x")
        ledger.add_log(kind="comment", who="ann", text="x")
        for table in (*schema.BOOKS, *tables.BOOKS):
            for statement in (table.delete(), table.update().values({next(iter(table.c)).name: 5})):
                with pytest.raises(StoreError, match="append-only"), ledger._transaction(write_lock=True) as connection:
                    connection.execute(statement)


def test_backup_while_it_is_written(sqlite_url: str, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    with Ledger.open(sqlite_url) as ledger:
        fill(ledger)
        assert ledger.backup(copy) == copy.stat().st_size
        ledger.commit(*make_spill(burst=11))
        with pytest.raises(StoreError, match="exists"):
            ledger.backup(copy)
        with pytest.raises(StoreError, match="nothing was kept"):
            ledger.backup(tmp_path / "none" / "copy.db")
        rows = list(ledger.rows())
    with Ledger.open(f"sqlite:///{copy}", readonly=True) as kept:
        assert list(kept.rows()) == rows[:-1] and kept.verify().is_sound
    assert sorted(path.name for path in tmp_path.iterdir()) == ["copy.db", "deep"]


def test_backup_of_postgresql_is_pg_dump(postgres_url: str, tmp_path: Path) -> None:
    with Ledger.open(postgres_url) as ledger, pytest.raises(StoreError, match="pg_dump"):
        ledger.backup(tmp_path / "x")


def test_a_full_disk_is_one_clear_error_and_keeps_what_there_was(sqlite_url: str) -> None:
    with Ledger.open(sqlite_url) as ledger:
        fill(ledger)
        before = list(ledger.rows())

        def no_more_pages(connection: sqlite3.Connection, *_: object) -> None:
            pages = connection.execute("PRAGMA page_count").fetchone()[0]
            connection.execute(f"PRAGMA max_page_count = {pages}")

        ledger._engine.dispose()
        sa.event.listen(ledger._engine, "connect", no_more_pages)
        with pytest.raises(StoreError, match="disk is full; free some space, nothing is lost"):
            for burst in range(20, 60):
                ledger.commit(*make_spill(burst=burst, fill=True))
        booked = list(ledger.rows())
        assert booked[: len(before)] == before and ledger.verify().faults == []
        sa.event.remove(ledger._engine, "connect", no_more_pages)
        ledger._engine.dispose()
        assert ledger.commit(*make_spill(burst=60, fill=True)) == "inserted"


def _write_all(url: str, gate: object, answers: object) -> None:
    with Ledger.open(url) as ledger:
        gate.wait()
        answers.put([ledger.commit(*make_spill(burst=burst)) for burst in range(1, 9)])


def test_two_processes_write_the_same_bursts(url: str) -> None:
    Ledger.open(url).close()
    context = multiprocessing.get_context("spawn")
    gate, answers = context.Barrier(2), context.Queue()
    workers = [context.Process(target=_write_all, args=(url, gate, answers)) for _ in range(2)]
    for worker in workers:
        worker.start()
    said = [answers.get(timeout=50) for _ in workers]
    for worker in workers:
        worker.join()
    with Ledger.open(url, readonly=True) as ledger:
        assert all({one, other} == {"inserted", "already"} for one, other in zip(*said, strict=True))
        assert [spill.key for spill in ledger.spills()] == [(9001, burst) for burst in range(1, 9)]
        assert sum(row.n for row in ledger.gaps().repeats) == 8 and ledger.verify().faults == []


def test_a_row_says_nothing_about_the_one_before_it(url: str) -> None:
    with Ledger.open(url) as ledger:
        fill(ledger)
        alone = {spill.key: json.loads(spill.model_dump_json()) for spill in ledger.spills()}
        for burst in (3, 6):
            odd = {"b2": 770.0} if burst == 3 else {}
            made = make_spill(burst=burst, fill=True, **odd)[0]
            assert Spill(**alone[made.key]) == made


def test_a_row_that_is_no_number(sqlite_url: str) -> None:
    spill, tally = make_spill()
    with Ledger.open(sqlite_url) as ledger:
        with pytest.raises(StoreError, match="64 bits"):
            ledger.commit(spill.model_copy(update={"sob_time_ns": -(2**63) - 1}), tally)
        with pytest.raises(StoreError, match="64 bits"):
            ledger.commit(spill.model_copy(update={"n_frames": 2**70}), tally)
        assert list(ledger.rows()) == []
