"""`run_replay` on this process: comparison, booking, going on after a stop, bad input by name."""

import json
import os
import shutil
import socket
import threading
import time

import psutil
import pytest

from daq.config import Config
from daq.errors import ConfigError, PolicyError, StoreError, TransportError
from daq.recording.manifest import manifest_path
from monitor.ledger import Ledger
from offline.replay import ReplayOptions, burst, connect, engine, run, run_replay
from offline.replay.connect import check_url
from offline.replay.state import FILE, Counted
from offline.replay.work import Work
from tests.offline.recorded import CONFIG, record, record_many


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    root = tmp_path_factory.mktemp("recorded")
    record_many(root, 6)
    return root


@pytest.fixture
def replay(capsys):
    def call(*paths, config=CONFIG, **options):
        code = run_replay(config, ReplayOptions(tuple(map(str, paths)), as_json=True, **options))
        said = capsys.readouterr()
        return code, json.loads(said.out), said.err

    return call


def results(document):
    return [row["result"] for row in document["verify"]]


@pytest.fixture
def counted(monkeypatch):
    """Places that were counted, in a task."""
    places = []

    def watched(sob, eob, frames, close=burst.close_burst):
        places.append(sob.burst)
        return close(sob, eob, frames)

    monkeypatch.setattr(burst, "close_burst", watched)
    return places


def test_a_replay_counts_compares_and_books(recorded, replay, tmp_path):
    url = f"sqlite:///{tmp_path}/l.db"
    code, alone, _ = replay(recorded)
    assert code == 0 and results(alone) == ["not compared"] * 6
    assert not alone["partial"] and alone["failed"] == [] and alone["totals"]["n_counted"] == 6 * 24
    for wanted in ("booked", "identical"):
        code, document, err = replay(recorded, ledger=url, verify=True)
        assert (code, results(document), err) == (0, [wanted] * 6, "")
        assert document["spills"] == alone["spills"]
    with Ledger.open(url, readonly=True) as books:
        # booked in order, so that nothing looks as if it came late; nothing was sealed
        assert [entry.spill.burst for entry in books.entries_after(0)] == [1, 2, 3, 4, 5, 6]
        assert all("NOT_SEALED" in spill.quality for spill in books.spills())
        assert books.totals().n_counted == 6 * 24


def test_what_is_booked_is_not_counted_again_unless_it_is_verified(recorded, replay, tmp_path, counted):
    url = f"sqlite:///{tmp_path}/l.db"
    replay(recorded / "run-000001" / "burst-000002.arrows", ledger=url)
    code, document, _ = replay(recorded, ledger=url)
    assert (code, results(document)) == (0, ["booked", "booked before", *["booked"] * 4])
    assert counted == [2, 1, 3, 4, 5, 6]
    code, document, _ = replay(recorded, ledger=url, verify=True)
    assert (code, results(document)) == (0, ["identical"] * 6)
    assert len(counted) == 12


def test_a_booked_burst_with_another_recording_is_counted_and_differs(recorded, replay, tmp_path):
    url = f"sqlite:///{tmp_path}/l.db"
    replay(recorded, ledger=url)
    other = record(tmp_path / "other", 1, 3, n=20)
    code, document, _ = replay(other, ledger=url)
    assert (code, results(document)) == (0, ["differs"])
    assert replay(other, ledger=url, verify=True)[0] == 1
    assert replay(record(tmp_path / "new", 2, 1), ledger=url, verify=True)[0] == 0


def test_a_ledger_that_is_only_read_stays_as_it_is(recorded, replay, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    config = Config()
    url = config.paths.ledger
    replay(recorded / "run-000001" / "burst-000002.arrows", ledger=url)
    code, document, _ = replay(recorded, verify=True)
    assert (code, results(document)) == (1, ["not booked", "identical", *["not booked"] * 4])
    with Ledger.open(url, readonly=True) as books:
        assert books.n_spills() == 1


def test_a_good_copy_upgrades_what_was_incomplete(recorded, replay, tmp_path):
    url, root = f"sqlite:///{tmp_path}/l.db", tmp_path / "rec"
    shutil.copytree(recorded, root)
    path = root / "run-000001" / "burst-000004.arrows"
    whole = path.read_bytes()
    path.write_bytes(whole[:-4000])
    code, document, _ = replay(root, ledger=url)
    assert (code, document["spills"][3]["state"]) == (0, "INCOMPLETE")
    path.write_bytes(whole)
    code, document, _ = replay(root, ledger=url)
    assert results(document) == [*["booked before"] * 3, "upgraded", *["booked before"] * 2]
    assert replay(root, ledger=url, verify=True)[0] == 0


def test_bad_recordings_are_listed_by_name_and_the_others_are_counted(recorded, replay, tmp_path):
    root = tmp_path / "rec"
    shutil.copytree(recorded, root)
    record(root, 2, 1, sob_changed={"mask_digest": "other"})
    record(root, 2, 2, sob_changed={"config_digest": "0123456789abcdef"})
    (root / "run-000001" / "burst-000003.arrows").write_bytes(b"garbage")
    manifest_path(root / "run-000001" / "burst-000003.arrows").unlink()
    shutil.copytree(root / "run-000001", root / "run-000003")  # names that say another run
    code, document, err = replay(root)
    assert code == 1 and document["partial"]
    assert [(spill["run"], spill["burst"]) for spill in document["spills"]] == [(1, b) for b in (1, 2, 4, 5, 6)] + [
        (2, 2)
    ]
    failed = {(row["run"], row["burst"]): row["reason"] for row in document["failed"]}
    assert sorted(failed) == [(1, 3), (2, 1), *[(3, b) for b in range(1, 7)]]
    assert "nothing to recover" in failed[1, 3] and "its name says another" in failed[3, 1]
    assert "give the --config of the run" in failed[2, 1]
    assert document["run"] is None
    assert "run 2 burst 2: taken with the configuration 0123456789ab, counted with" in err
    assert "run 1 burst 3: not counted: " in err


def test_text_of_partial_results_says_so_with_their_protons(recorded, tmp_path, capsys):
    path = tmp_path / "run-000009" / "burst-000001.arrows"
    path.parent.mkdir()
    path.write_bytes(b"garbage")
    assert run_replay(CONFIG, ReplayOptions((str(recorded), str(path)))) == 1
    said = capsys.readouterr()
    assert said.out.splitlines()[-1] == "PARTIAL: 3e+13 POT of these spills only"
    assert said.err.startswith("run 9 burst 1: not counted: ")


def test_a_replay_that_was_stopped_goes_on(recorded, replay, tmp_path, counted, monkeypatch, capsys):
    state = tmp_path / "state"
    came = []

    def stop_at_third(self, job, outcome, arrived=run.Replay.arrived):
        arrived(self, job, outcome)
        came.append(job)
        if len(came) == 3:
            raise TransportError("gone")

    with monkeypatch.context() as patched:
        patched.setattr(run.Replay, "arrived", stop_at_third)
        with pytest.raises(TransportError):
            replay(recorded, resume=state)
    assert json.loads(capsys.readouterr().out)["partial"]
    lines = (state / FILE).read_bytes()
    kept = [json.loads(line) for line in lines.splitlines()]
    assert [row["place"][-12:] for row in kept] == ["00001.arrows", "00002.arrows", "00003.arrows"]
    (state / FILE).write_bytes(lines + lines.splitlines()[0][: len(lines) // 9])  # a death tears the last line
    del counted[:]
    code, document, _ = replay(recorded, resume=state)
    assert code == 0 and counted == [4, 5, 6]
    assert document == replay(recorded)[1]
    del counted[:]
    assert replay(recorded, resume=state)[1] == document and counted == []


def test_state_of_other_work_or_of_a_changed_recording_is_not_taken(recorded, replay, tmp_path, counted):
    root, state = tmp_path / "rec", tmp_path / "state"
    shutil.copytree(recorded, root)
    replay(root, resume=state)
    path = root / "run-000001" / "burst-000004.arrows"
    path.write_bytes(path.read_bytes())
    del counted[:]
    replay(root, resume=state)
    assert counted == [4]
    del counted[:]
    other = CONFIG.model_copy(update={"reco": CONFIG.reco.model_copy(update={"residual_field": False})})
    replay(root, resume=state, config=other)
    assert counted == [1, 2, 3, 4, 5, 6]


def test_a_folder_of_state_has_one_replay_at_a_time_and_is_private(tmp_path):
    first = Counted(tmp_path / "state", Work.of(CONFIG))
    with pytest.raises(StoreError, match="another dumpwatch replay keeps its state there"):
        Counted(tmp_path / "state", Work.of(CONFIG))
    first.close()
    Counted(tmp_path / "state", Work.of(CONFIG)).close()
    assert (tmp_path / "state").stat().st_mode & 0o077 == 0
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError):
        Counted(tmp_path / "file" / "state", Work.of(CONFIG))


def test_what_was_kept_is_booked_by_a_replay_with_a_ledger(recorded, replay, tmp_path, counted):
    state, url = tmp_path / "state", f"sqlite:///{tmp_path}/l.db"
    replay(recorded / "run-000001" / "burst-000004.arrows", resume=state)
    code, document, _ = replay(recorded, resume=state, ledger=url)
    assert (code, results(document)) == (0, ["booked"] * 6)
    assert sorted(counted) == [1, 2, 3, 4, 5, 6]
    with Ledger.open(url, readonly=True) as books:
        assert [entry.spill.burst for entry in books.entries_after(0)] == [1, 2, 3, 4, 5, 6]


def test_in_true_time_needs_to_know_when_bursts_were_taken(recorded, replay, tmp_path):
    begin = time.monotonic()
    one, two = (recorded / "run-000001" / f"burst-00000{i}.arrows" for i in (1, 2))
    code, document, _ = replay(one, two, in_true_time=True)
    assert code == 0 and len(document["spills"]) == 2
    assert time.monotonic() - begin >= 1.0  # the SOB times are one second apart
    path = record(tmp_path)
    manifest_path(path).unlink()
    with pytest.raises(ConfigError, match="use --speed max"):
        replay(path, in_true_time=True)


def test_a_failure_that_is_not_the_recordings_is_tried_again_then_named(recorded, replay, monkeypatch):
    tried = []

    def fails(sob, eob, frames):
        tried.append(sob.burst)
        if sob.burst != 2:
            return burst.close_burst.wrapped(sob, eob, frames)
        raise MemoryError("text of the events")

    fails.wrapped = burst.close_burst
    monkeypatch.setattr(burst, "close_burst", fails)
    code, document, err = replay(recorded)
    assert code == 1 and len(document["spills"]) == 5
    assert tried.count(2) == 1 + engine.RETRIES
    assert document["failed"][0]["reason"] == "failed 3 times with MemoryError; see the log of the worker"
    assert "text of the events" not in err


def test_one_failure_costs_nothing(recorded, replay, monkeypatch):
    tried = []

    def fails_once(sob, eob, frames, close=burst.close_burst):
        tried.append(sob.burst)
        if tried.count(2) == 1 and sob.burst == 2:
            raise MemoryError
        return close(sob, eob, frames)

    monkeypatch.setattr(burst, "close_burst", fails_once)
    assert replay(recorded)[0] == 0 and tried.count(2) == 2


def test_on_this_process_nothing_listens(recorded, replay, monkeypatch):
    me, open_ports = psutil.Process(), []

    def look(sob, eob, frames, close=burst.close_burst):
        open_ports.extend(c for c in me.net_connections() if c.status == psutil.CONN_LISTEN)
        return close(sob, eob, frames)

    monkeypatch.setattr(burst, "close_burst", look)
    before = [c for c in me.net_connections() if c.status == psutil.CONN_LISTEN]
    assert replay(recorded)[0] == 0
    assert open_ports == before * 6 == []


def test_masked_keys_that_cannot_be_read_look_at_no_pair(recorded, replay, tmp_path):
    sealing = CONFIG.sealing.model_copy(update={"keys": str(tmp_path / "nowhere")})
    _, document, _ = replay(recorded, config=CONFIG.model_copy(update={"sealing": sealing}))
    assert {spill["counts"]["vertices"] for spill in document["spills"]} == {0}
    assert all("NOT_SEALED" in spill["quality"] for spill in document["spills"])
    assert all("NOT_SEALED" not in spill["quality"] for spill in replay(recorded)[1]["spills"])


def test_schedulers_in_clear_over_a_network_are_refused():
    for url in ("tls://10.0.0.1:8786", "tcp://127.0.0.1:8786", "tcp://[::1]:8786", "tcp://localhost:1"):
        check_url(url)
    with pytest.raises(PolicyError, match="in clear over a network"):
        check_url("tcp://10.0.0.1:8786")
    with pytest.raises(PolicyError):
        check_url("tcp://head.cluster:8786")
    for url in ("10.0.0.1:8786", "http://127.0.0.1", "tls://"):
        with pytest.raises(ConfigError, match="wanted tls://HOST:PORT"):
            check_url(url)


def test_a_scheduler_that_is_not_there_is_said(recorded, replay, monkeypatch):
    monkeypatch.setattr(connect, "CONNECT_S", 1)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    with pytest.raises(TransportError, match="is it running"):
        replay(recorded, scheduler=f"tcp://127.0.0.1:{port}")


def test_sigterm_finishes_what_is_at_a_worker_and_says_what_was_not_reached(recorded, replay, monkeypatch):
    import signal

    asked = threading.Event()

    def ask(sob, eob, frames, close=burst.close_burst):
        if sob.burst == 1:
            os.kill(os.getpid(), signal.SIGTERM)
            asked.set()
            time.sleep(0.3)
        return close(sob, eob, frames)

    before = signal.getsignal(signal.SIGTERM)
    monkeypatch.setattr(burst, "close_burst", ask)
    code, document, err = replay(recorded)
    assert asked.is_set() and code == 1 and document["partial"]
    assert [spill["burst"] for spill in document["spills"]] == [1, 2, 3]  # three are handed out at a time
    assert "run 1 burst 4, run 1 burst 5, run 1 burst 6: not reached; with --resume DIR" in err
    assert signal.getsignal(signal.SIGTERM) == before


def test_a_burst_that_workers_die_of_is_named():
    from distributed.scheduler import KilledWorker

    class Future:
        status = "error"

        def exception(self):
            return KilledWorker("task", None, 3)

    one = engine.Engine(None, "x")
    assert one._outcomes(Future(), 1)[0].reason.startswith("every worker that took it died")
    assert one._outcomes(Future(), 3) == []
    for again in ("pending", "lost"):  # its worker died with the result in the meantime
        Future.status = again
        assert one._outcomes(Future(), 1) is None
    Future.status = "cancelled"
    with pytest.raises(TransportError, match="does not answer any more"):
        one._outcomes(Future(), 1)


def test_bursts_are_put_together_while_enough_are_left():
    one = engine.Engine(None, "x")
    one._threads = 2
    assert [one.chunk(n) for n in (0, 7, 15, 16, 23, 24, 63, 64, 10**6)] == [1, 1, 1, 2, 2, 3, 7, 8, 8]


def test_of_bursts_put_together_only_the_bad_one_is_named(recorded, replay, monkeypatch, counted):
    monkeypatch.setattr(engine.Engine, "chunk", lambda self, n_left: 3)

    def fails(sob, eob, frames, close=burst.close_burst):
        if sob.burst == 2:
            raise MemoryError
        return close(sob, eob, frames)

    monkeypatch.setattr(burst, "close_burst", fails)
    code, document, _ = replay(recorded)
    assert code == 1 and [spill["burst"] for spill in document["spills"]] == [1, 3, 4, 5, 6]
    assert [row["burst"] for row in document["failed"]] == [2]
    monkeypatch.undo()
    monkeypatch.setattr(engine.Engine, "chunk", lambda self, n_left: 4)
    assert replay(recorded)[1] == replay(recorded, workers=1)[1]
