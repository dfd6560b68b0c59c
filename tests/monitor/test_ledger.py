"""Laws of the ledger: once, never changed, refused when different, exact."""

from __future__ import annotations

import sqlite3
import tempfile
import threading
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daq.errors import ConfigError, ContentConflict, StoreError
from monitor.ledger import Ledger
from monitor.totals import sum_spills
from tests.monitor.synthetic import make_spill

LOST = {"missing": ((1, 1, "no answer"),), "n_lost": 12_000}


def test_commit_is_idempotent(url: str) -> None:
    spill, tally = make_spill()
    with Ledger.open(url) as ledger:
        assert [ledger.commit(spill, tally) for _ in range(3)] == ["inserted", "already", "already"]
        assert ledger.spills() == [spill] and ledger.last_entry() == 1
    with Ledger.open(url) as ledger:
        assert ledger.commit(make_spill(start_ns=17)[0], tally) == "already"  # another clock, the same data
        assert ledger.committed(9001) == {1: spill.content_digest}


@pytest.mark.parametrize("change", [{"t10": 50.1}, {"content_digest": "d" * 64}, {"n_events": 35_999}, LOST])
def test_other_content_is_refused(url: str, change: dict) -> None:
    spill, tally = make_spill()
    with Ledger.open(url) as ledger:
        ledger.commit(spill, tally)
        with pytest.raises(ContentConflict, match="run 9001 burst 1"):
            ledger.commit(*make_spill(**change))
        assert ledger.spills() == [spill] and ledger.last_entry() == 1


def test_other_histograms_are_other_content(url: str) -> None:
    spill, tally = make_spill()
    with Ledger.open(url) as ledger:
        ledger.commit(spill, tally)
        tally.histograms["momentum"][3] += 1
        with pytest.raises(ContentConflict):
            ledger.commit(spill, tally)


def test_upgrade_adds_a_row_and_keeps_the_old_one(sqlite_url: str, tmp_path: Path) -> None:
    half, whole = make_spill(**LOST), make_spill()
    with Ledger.open(sqlite_url) as ledger:
        ledger.commit(*half)
        with pytest.raises(ContentConflict):
            ledger.commit(*whole)
        assert ledger.upgrade(*whole, who="replay", why="frames found in the journal") == "upgraded"
        assert ledger.upgrade(*whole, who="replay", why="again") == "already"
        assert ledger.commit(*whole) == "already" and ledger.commit(*half) == "already"
        assert ledger.spills() == [whole[0]] and ledger.spill(9001, 1) == whole[0]
        assert ledger.totals() == sum_spills([whole[0]])
        (note,) = ledger.corrections(9001, 1)
        assert (note["revision"], note["supersedes"], note["who"]) == (1, 0, "replay")
        assert [(e.entry, e.revision) for e in ledger.entries_after(0)] == [(1, 0), (2, 1)]
        assert ledger.histograms(after=1).from_start and not ledger.histograms(after=2).from_start
        assert ledger.histograms(after=1).n_spills == 1 and ledger.histograms(after=2).n_spills == 0
    with sqlite3.connect(tmp_path / "deep/er/ledger.db") as raw:
        assert raw.execute("SELECT n_counted FROM spill").fetchall() == [(24_000,)]
    raw.close()


def test_torn_burst_is_completed_by_a_replay(url: str) -> None:
    torn, whole = make_spill(n_events=20_000, n_frames=2, end="TORN"), make_spill()
    with Ledger.open(url) as ledger:
        ledger.commit(*torn)
        assert ledger.upgrade(*whole, who="replay", why="the recording is whole") == "upgraded"
        assert ledger.totals() == sum_spills([whole[0]])


@pytest.mark.parametrize(
    "new",
    [
        {"missing": ((0, 1, "no answer"),), "n_lost": 24_000},  # worse
        {"missing": ((2, 2, "no answer"),), "n_lost": 12_000},  # not better
        {"mode": "KAON"},  # something else
        {"t10": 20.0},
        {"n_events": 40_000},
    ],
)
def test_upgrade_must_be_the_same_burst_with_less_missing(url: str, new: dict) -> None:
    half = make_spill(**LOST)
    with Ledger.open(url) as ledger:
        ledger.commit(*half)
        with pytest.raises(ContentConflict, match="nothing was changed"):
            ledger.upgrade(*make_spill(**new), who="a", why="b")
        assert ledger.spills() == [half[0]]


def test_upgrade_needs_a_row_and_a_reason(url: str) -> None:
    with Ledger.open(url) as ledger:
        with pytest.raises(StoreError, match="not booked"):
            ledger.upgrade(*make_spill(), who="a", why="b")
        with pytest.raises(StoreError, match="who and why"):
            ledger.upgrade(*make_spill(), who="a", why=" ")


def test_database_itself_refuses_changes(sqlite_url: str, tmp_path: Path) -> None:
    with Ledger.open(sqlite_url) as ledger:
        ledger.commit(*make_spill())
    raw = sqlite3.connect(tmp_path / "deep/er/ledger.db")
    for table in ("spill", "judgement"):
        for statement in (f"UPDATE {table} SET run = 1", f"DELETE FROM {table}"):
            with pytest.raises(sqlite3.Error, match="append-only"):
                raw.execute(statement)
    raw.close()


_spills = st.lists(
    st.tuples(
        st.integers(1, 3),
        st.integers(1, 6),
        st.integers(0, 10**12),
        st.one_of(st.none(), st.floats(-1, 1e3)),
        st.one_of(st.none(), st.sampled_from([-250.0, -248.1, 770.0])),
    ),
    unique_by=lambda row: row[:2],
    max_size=8,
)


@settings(max_examples=25, deadline=None)
@given(_spills, st.randoms(use_true_random=False))
def test_sums_are_exact_in_any_order(rows: list, random: object) -> None:
    made = [make_spill(run=r, burst=b, n_events=n, t10=t, b2=c) for r, b, n, t, c in rows]
    twice = made + made
    random.shuffle(twice)
    with tempfile.TemporaryDirectory() as folder, Ledger.open(f"sqlite:///{folder}/l.db") as ledger:
        assert sorted(ledger.commit(*pair) for pair in twice) == ["already"] * len(made) + ["inserted"] * len(made)
        spills = sorted((spill for spill, _ in made), key=lambda spill: spill.key)
        assert ledger.spills() == spills and ledger.spills(last=2) == spills[-2:]
        for run in (None, 1, 2):
            mine = [spill for spill in spills if run in (None, spill.run)]
            assert ledger.totals(run) == sum_spills(mine)
            for by in ("spill", "run", "day", "b2"):
                table = ledger.pot(by, run)
                assert sum(row.pot for row in table) == sum(spill.pot or 0 for spill in mine)
                assert sum(row.n_spills for row in table) == len(mine)
                assert not table or table[-1].running_pot == sum(spill.pot or 0 for spill in mine)
            total = ledger.histograms(run)
            assert total.n_spills == len(mine)
            expected = sum((tally.candidates for spill, tally in made if run in (None, spill.run)), 0)
            assert np.array_equal(total.tally.candidates, expected + np.zeros_like(total.tally.candidates))
        assert ledger.last_run() == max((spill.run for spill in spills), default=None)
        assert ledger.last_burst(1) == max((spill.burst for spill in spills if spill.run == 1), default=None)
        assert [e.entry for e in ledger.entries_after(0)] == list(range(1, len(made) + 1))


def test_pot_by_everything(url: str) -> None:
    with Ledger.open(url) as ledger:
        ledger.commit(*make_spill(run=1, burst=1, b2=-249.6))
        ledger.commit(*make_spill(run=1, burst=2, b2=-250.3, t10=None))
        ledger.commit(*make_spill(run=2, burst=7000, b2=None))
        assert [row.key for row in ledger.pot("spill")] == ["1/1", "1/2", "2/7000"]
        assert [(row.key, row.n_without_pot) for row in ledger.pot("run")] == [("1", 1), ("2", 0)]
        assert [row.key for row in ledger.pot("day")] == ["2025-10-09", "2025-10-10"]
        assert [(row.key, row.n_spills) for row in ledger.pot("b2")] == [("-250", 2), ("unknown", 1)]
        last = ledger.pot("run")[-1]
        assert (last.running_pot, last.running_pot_error) == (10**13, 2 * 10**12)
        assert [(row.run, row.n_absent) for row in ledger.runs()] == [(1, 0), (2, 0)]


def test_gaps_are_counted(url: str) -> None:
    with Ledger.open(url) as ledger:
        for burst in (3, 4, 9):
            ledger.commit(*make_spill(burst=burst))
        assert [(row.first_burst, row.last_burst, row.n_absent) for row in ledger.runs()] == [(3, 9, 4)]


def test_wild_numbers_are_kept_or_refused_but_never_wrong(url: str) -> None:
    with Ledger.open(url) as ledger:
        ledger.commit(*make_spill(burst=1, t10=1e300, b2=1e300))
        ledger.commit(*make_spill(burst=3, start_ns=9 * 10**18))
        assert ledger.totals().pot == 5 * 10**12 and ledger.totals().n_without_pot == 1
        with pytest.raises(StoreError, match="64 bits"):
            ledger.commit(*make_spill(burst=4, start_ns=10**19))
        assert ledger.last_entry() == 2


def test_two_writers_of_the_same_bursts(url: str) -> None:
    spills = [make_spill(burst=burst) for burst in range(1, 9)]
    answers: list[str] = []

    def write() -> None:
        with Ledger.open(url) as ledger:
            answers.extend(ledger.commit(*pair) for pair in spills)

    threads = [threading.Thread(target=write) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with Ledger.open(url, readonly=True) as ledger:
        assert [spill.key for spill in ledger.spills()] == [(9001, burst) for burst in range(1, 9)]
        assert sorted(answers) == ["already"] * 16 + ["inserted"] * 8
        assert [e.entry for e in ledger.entries_after(0)] == list(range(1, 9))


def test_reader_cannot_write_and_sees_commits(sqlite_url: str) -> None:
    with Ledger.open(sqlite_url) as writer, Ledger.open(sqlite_url, readonly=True) as reader:
        writer.commit(*make_spill())
        assert reader.last_entry() == 1
        with pytest.raises(StoreError, match="readonly"):
            reader.commit(*make_spill(burst=2))


def test_reader_of_nothing(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no such file"):
        Ledger.open(f"sqlite:///{tmp_path}/none/ledger.db", readonly=True)
    assert not (tmp_path / "none").exists()
    (tmp_path / "empty.db").touch()
    with pytest.raises(StoreError, match="empty"):
        Ledger.open(f"sqlite:///{tmp_path}/empty.db", readonly=True)


@pytest.mark.parametrize("readonly", [False, True])
def test_foreign_files_are_left_as_they_are(tmp_path: Path, readonly: bool) -> None:
    text, foreign, other = tmp_path / "text.db", tmp_path / "foreign.db", tmp_path / "other.db"
    text.write_bytes(b"this is a letter, not a database" * 100)
    for path, statement in ((foreign, "CREATE TABLE songs (x)"), (other, None)):
        with sqlite3.connect(path) as raw:
            if statement:
                raw.execute(statement)
        raw.close()
    Ledger.open(f"sqlite:///{other}").close()
    with sqlite3.connect(other) as raw:
        raw.execute("UPDATE meta SET value = 'dumpwatch.ledger/9' WHERE key = 'schema'")
    raw.close()
    expected = {text: "not a database", foreign: "songs", other: "dumpwatch.ledger/9, wanted dumpwatch.ledger/3"}
    for path, message in expected.items():
        before = path.read_bytes()
        with pytest.raises(StoreError, match=message) as caught:
            Ledger.open(f"sqlite:///{path}", readonly=readonly)
        assert "\n" not in str(caught.value) and str(path) in str(caught.value)
        assert path.read_bytes() == before


def test_damaged_ledger_is_named(sqlite_url: str, tmp_path: Path) -> None:
    with Ledger.open(sqlite_url) as ledger:
        for burst in range(1, 20):
            ledger.commit(*make_spill(burst=burst, fill=True))
    path = tmp_path / "deep/er/ledger.db"
    data = bytearray(path.read_bytes())
    data[4096 * 3 :] = bytes(len(data) - 4096 * 3)
    path.write_bytes(data)
    with pytest.raises(StoreError, match=r"damaged|malformed"):
        Ledger.open(sqlite_url)


def test_folder_that_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="folder cannot be made"):
        Ledger.open(f"sqlite:///{tmp_path}/file/ledger.db")


@pytest.mark.parametrize("url", ["", "ledger.db", "mysql://x/y", "sqlite://", "sqlite:///:memory:", "a:b@c"])
def test_not_a_ledger_url(url: str) -> None:
    with pytest.raises(ConfigError, match="not a ledger URL"):
        Ledger.open(url)


def test_odd_characters_in_the_path(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/what%3F #1/ä b.db"
    with Ledger.open(url) as ledger:
        ledger.commit(*make_spill())
    assert (tmp_path / "what? #1" / "ä b.db").is_file()


def test_switches_are_on(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with Ledger.open(sqlite_url) as ledger, ledger._transaction() as connection:
        found = {p: connection.exec_driver_sql(f"PRAGMA {p}").scalar() for p in ("journal_mode", "synchronous")}
        assert found == {"journal_mode": "wal", "synchronous": 2}
    monkeypatch.setattr("monitor.ledger.engine._PRAGMAS", {"synchronous": 17})
    with pytest.raises(StoreError, match="pragma synchronous reads"):
        Ledger.open(sqlite_url)


def test_tally_of_other_axes_is_not_added(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with Ledger.open(url) as ledger:
        monkeypatch.setattr("monitor.ledger.pack.tally_layout", lambda: "older")
        ledger.commit(*make_spill(burst=1))
        monkeypatch.undo()
        ledger.commit(*make_spill(burst=2))
        total = ledger.histograms()
        assert (total.n_spills, total.n_other_layout) == (1, 1)


def test_quick_counts_are_those_of_the_rows(filled: Ledger):
    rows = filled.spills()
    assert filled.n_spills() == len(rows) == 3
    assert filled.n_spills(rows[0].run, first_burst=2) == 2
    assert filled.n_spills(run=1) == 0
    assert filled.imbalance() == 0


def test_a_burst_may_stand_for_more_protons_than_64_bits_count(sqlite_url: str) -> None:
    """A weak signal: one decay in a hundred thousand times the whole sample."""
    spill, tally = make_spill(mode="BIASED")
    weak = {"pot": None, "pot_error": None, "equivalent_pot": 3.0e22, "bias": "signal: weak"}
    with Ledger.open(sqlite_url) as ledger:
        ledger.commit(spill.model_copy(update=weak), tally)
        (biased,) = ledger.totals().biased.values()
        assert biased.equivalent_pot == round(3.0e22)
        assert [row.equivalent_pot for row in ledger.pot("day")] == [biased.equivalent_pot]
        assert ledger.verify().n_faults == 0
