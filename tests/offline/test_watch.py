"""What a watch looks at and when; a burst is booked once, whatever happens in between."""

import json
import os
import shutil
import sqlite3
from collections import Counter
from contextlib import closing

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daq.errors import StoreError
from daq.recording.manifest import manifest_path
from monitor.ledger import Ledger
from offline.replay.connect import engine
from offline.replay.start import plan_work
from offline.watch import WatchOptions, run_watch
from offline.watch.folder import Folder
from offline.watch.run import Watch
from tests.offline.recorded import CONFIG, land, record, record_many


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory):
    return record_many(tmp_path_factory.mktemp("elsewhere"), 4)


@pytest.fixture(scope="module")
def where():
    with engine(1, None) as here:
        yield here


def keys(folder, now):
    jobs, wrong = folder.fresh(now)
    return [job.key for job in jobs], [path.name for path, _ in wrong]


def test_a_recording_is_new_until_it_was_dealt_with_and_again_when_it_changes(elsewhere, tmp_path):
    folder = Folder(tmp_path, 5.0)
    assert keys(folder, 0.0) == ([], [])
    second, first = land(elsewhere[1], tmp_path), land(elsewhere[0], tmp_path)
    jobs, _ = folder.fresh(0.0)
    assert [job.key for job in jobs] == [(1, 1), (1, 2)]
    assert keys(folder, 0.0)[0] == [(1, 1), (1, 2)]  # nothing was done yet
    from offline.replay.place import identity

    for job in jobs:
        folder.dealt(job.place, identity(job.place))
    assert keys(folder, 0.0)[0] == []
    os.utime(first)
    assert keys(folder, 0.0)[0] == [(1, 1)]
    second.unlink()
    assert keys(folder, 0.0)[0] == [(1, 1)]


def test_journals_and_other_files_are_not_looked_at(elsewhere, tmp_path):
    path = land(elsewhere[0], tmp_path)
    shutil.copy(path, path.with_name("burst-000002.arrows.part"))
    shutil.copy(path, path.with_name(".burst-000003.arrows.x7"))
    (tmp_path / "notes.txt").write_text("")
    assert keys(Folder(tmp_path, 5.0), 0.0) == ([(1, 1)], [])


def test_a_name_that_is_none_is_said_once(elsewhere, tmp_path):
    path = land(elsewhere[0], tmp_path)
    shutil.copy(path, path.with_name("burst-7.arrows"))
    folder = Folder(tmp_path, 5.0)
    assert keys(folder, 0.0) == ([(1, 1)], ["burst-7.arrows"])
    assert keys(folder, 0.0) == ([(1, 1)], [])


def test_two_files_of_one_burst_are_one_burst(elsewhere, tmp_path):
    land(elsewhere[0], tmp_path / "a")
    land(elsewhere[0], tmp_path / "b")
    folder = Folder(tmp_path, 5.0)
    jobs, wrong = folder.fresh(0.0)
    assert [job.key for job in jobs] == [(1, 1)] and "holds the same run and burst" in wrong[0][1]


def test_a_file_that_is_being_copied_is_left_until_it_is_whole_or_rests(elsewhere, tmp_path):
    path = land(elsewhere[0], tmp_path)
    whole = path.read_bytes()
    folder = Folder(tmp_path, 5.0)
    path.write_bytes(whole[:1000])
    assert keys(folder, 0.0)[0] == [] and folder.has_growing
    assert keys(folder, 4.9)[0] == []
    path.write_bytes(whole[:2000])
    assert keys(folder, 6.0)[0] == []  # it has grown: the time begins anew
    assert keys(folder, 10.9)[0] == []
    assert keys(folder, 11.1)[0] == [(1, 1)]  # it does not grow any more
    path.write_bytes(whole)
    assert keys(folder, 11.2)[0] == [(1, 1)] and not folder.has_growing
    path.write_bytes(whole[:10])
    assert keys(folder, 12.0)[0] == [] and folder.has_growing
    path.unlink()
    assert keys(folder, 12.1)[0] == [] and not folder.has_growing


def test_without_a_manifest_a_file_has_to_rest(elsewhere, tmp_path):
    path = land(elsewhere[0], tmp_path)
    manifest_path(path).unlink()
    folder = Folder(tmp_path, 5.0)
    assert keys(folder, 0.0)[0] == []
    assert keys(folder, 5.0)[0] == [(1, 1)]


def watch(folder, url, where, *, as_json=False):
    books = Ledger.open(url)
    made = Watch(Folder(folder, 0.0), books, plan_work(CONFIG), lambda: False, as_json)
    return made, books


@given(st.lists(st.one_of(st.integers(0, 3), st.just("look"), st.just("restart")), max_size=10))
@settings(max_examples=12)
def test_in_any_history_every_burst_is_booked_once(elsewhere, where, tmp_path_factory, history):
    """Bursts land, are looked at and the watch is started anew in any order."""
    root = tmp_path_factory.mktemp("history")
    folder, url = root / "rec", f"sqlite:///{root}/l.db"
    folder.mkdir()
    made, books = watch(folder, url, where)
    booked = Counter()
    for what in [*history, "look"]:
        if what == "look":
            made.look(where)
        elif what == "restart":
            booked += made.results
            books.close()
            made, books = watch(folder, url, where)
        elif not (folder / f"run-000001/burst-00000{what + 1}.arrows").exists():
            land(elsewhere[what], folder)
    booked += made.results
    there = sorted({what + 1 for what in history if isinstance(what, int)})
    assert sorted(spill.burst for spill in books.spills()) == there
    assert booked["booked"] == len(there)
    assert books.last_entry() == len(there)
    books.close()


def test_a_ledger_that_is_away_costs_nothing(elsewhere, where, tmp_path, monkeypatch, caplog):
    land(elsewhere[0], tmp_path / "rec")
    made, books = watch(tmp_path / "rec", f"sqlite:///{tmp_path}/l.db", where)
    with monkeypatch.context() as patched:

        def away(*_, **__):
            raise StoreError("ledger: locked")

        patched.setattr(Ledger, "commit", away)
        made.look(where)
    assert "ledger: locked; what is not booked is counted again" in caplog.text and books.n_spills() == 0
    made.look(where)
    assert books.n_spills() == 1 and made.bad == set()
    books.close()


def test_a_burst_that_the_ledger_has_otherwise_is_said_and_left(elsewhere, where, tmp_path, capsys):
    land(elsewhere[0], tmp_path / "rec")
    made, books = watch(tmp_path / "rec", f"sqlite:///{tmp_path}/l.db", where)
    made.look(where)
    before = books.spills()
    other = record(tmp_path / "other", 1, 1, n=20)
    shutil.copy(manifest_path(other), tmp_path / "rec" / "run-000001" / "burst-000001.json")
    shutil.copy(other, tmp_path / "rec" / "run-000001" / "burst-000001.arrows")
    made.look(where)
    made.look(where)
    said = capsys.readouterr().err
    assert said.count("run 1 burst 1: differs from what the ledger has; nothing was changed") == 1
    assert books.spills() == before and made.bad == {(1, 1)}
    books.close()


def test_an_incomplete_burst_is_upgraded_when_its_file_is_whole(elsewhere, where, tmp_path):
    path = land(elsewhere[0], tmp_path / "rec")
    whole = path.read_bytes()
    path.write_bytes(whole[:-4000])
    made, books = watch(tmp_path / "rec", f"sqlite:///{tmp_path}/l.db", where)
    made.look(where)
    assert not books.spills()  # it may still be growing
    made.look(where)
    assert [spill.state for spill in books.spills()] == ["INCOMPLETE"]
    path.write_bytes(whole)
    made.look(where)
    assert [spill.state for spill in books.spills()] == ["COMPLETE"]
    assert books.corrections(1, 1)[0]["who"] == "watch"
    assert made.results == {"booked": 1, "upgraded": 1}
    books.close()


def test_without_json_nothing_grows_with_the_spills(elsewhere, where, tmp_path):
    for path in elsewhere:
        land(path, tmp_path / "rec")
    made, books = watch(tmp_path / "rec", f"sqlite:///{tmp_path}/l.db", where)
    made.look(where)
    assert made.results["booked"] == 4 and made.out.rows == {}
    books.close()


def test_once_answers_with_one_document(elsewhere, tmp_path, capsys):
    for path in elsewhere[:2]:
        land(path, tmp_path / "rec")
    url = f"sqlite:///{tmp_path}/l.db"
    assert run_watch(CONFIG, WatchOptions(tmp_path / "rec", url, once=True, as_json=True)) == 0
    document = json.loads(capsys.readouterr().out)
    assert [spill["burst"] for spill in document["spills"]] == [1, 2]
    assert [row["result"] for row in document["verify"]] == ["booked", "booked"]
    with closing(sqlite3.connect(tmp_path / "l.db")) as books:
        assert books.execute("SELECT count(*) FROM sealed_spill").fetchone() == (0,)
