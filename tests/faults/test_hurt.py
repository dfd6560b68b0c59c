"""Hurt that is not death: a stopped worker, a ledger that is away, a lost answer, two sources for one folder."""

import os
import signal
import sqlite3
import threading
import time
from contextlib import closing

import pytest

from daq.codec import Kind, decode, encode
from daq.config import Config
from daq.recording import RecordedBurst, find_bursts
from daq.recording.lock import FolderLock
from streaming.messages import Committed, Want, Welcome
from streaming.services.producer import Producer, replay
from streaming.services.source import SourceService
from streaming.transport import Hub, Pattern
from tests.chain.program import dumpwatch, small_config
from tests.chain.test_garbage import Life, wait_for
from tests.daq.test_recording import write_recording
from tests.faults.audit import rows_of
from tests.faults.kill_campaign import Chain

MAX = 1 << 24


def finish(chain: Chain) -> dict:
    """Wait for the end; the rows of the ledger."""
    assert chain.process.wait(100) == 0, chain.log.read_text()[-3000:]
    return rows_of(chain.ledger)


def all_complete(rows: dict, n: int) -> None:
    assert len(rows) == n
    assert {row["state"] for row in rows.values()} == {"COMPLETE"}
    assert sum(row["n_missing"] for row in rows.values()) == 0


def test_a_worker_that_is_stopped_for_a_while_costs_nothing(tmp_path):
    """Frames wait at the source; the closure must not take late for lost."""
    chain = Chain(tmp_path, spills=4)
    chain.start()
    chain.wait_for_work()
    worker = chain.pids()["worker"]
    os.kill(worker, signal.SIGSTOP)
    time.sleep(8)
    os.kill(worker, signal.SIGCONT)
    all_complete(finish(chain), 4)
    assert "asked for again, 0 can't be given" in chain.log.read_text()


def test_a_ledger_that_cannot_be_written_for_a_while_costs_nothing(tmp_path):
    chain = Chain(tmp_path, spills=4)
    chain.start()
    chain.wait_for_work()
    with closing(sqlite3.connect(chain.ledger, timeout=20, isolation_level=None)) as db:
        db.execute("BEGIN IMMEDIATE")
        time.sleep(9)
        db.execute("ROLLBACK")
    all_complete(finish(chain), 4)
    assert "trying again" in chain.log.read_text()


@pytest.mark.parametrize("after", [0.4, 1.0, 1.6])
def test_no_role_outlives_a_supervisor_that_dies_early(tmp_path, after):
    chain = Chain(tmp_path, spills=1000)
    chain.start()
    time.sleep(after)
    pids = chain.pids()
    chain.process.kill()
    chain.process.wait()
    end = time.monotonic() + 20
    while any(os.path.exists(f"/proc/{pid}") for pid in pids.values()):
        assert time.monotonic() < end, "a role is still there"
        time.sleep(0.05)


def test_a_second_source_on_one_folder_of_journals_is_refused(tmp_path, monkeypatch):
    lock = FolderLock(tmp_path / "rec", ".source.lock", 0.0, "is the test")
    options = ["--spills", 1, "--speed", "max", "--port", 0, "--config", small_config(tmp_path)]
    done = dumpwatch("live", *options, "--record", tmp_path / "rec", "--ledger", f"sqlite:///{tmp_path}/b.db")
    lock.release()
    assert done.returncode == 1
    assert "another dumpwatch source writes its journals there" in done.stderr


def test_a_lost_answer_is_asked_for_again(tmp_path, monkeypatch):
    """The collector's COMMITTED went into a connection that was just breaking."""
    monkeypatch.setattr("streaming.services.source.SAY_AGAIN_NS", 300_000_000)
    recording = write_recording(tmp_path)
    hub, collector, life = Hub(None, MAX), Hub(None, MAX), Life()
    control = collector.bind(Pattern.CONTROL_SERVER, "tcp://127.0.0.1:0")
    work = hub.bind(Pattern.WORK_SERVER, "tcp://127.0.0.1:0")
    link = hub.connect(Pattern.CONTROL_CLIENT, control.endpoint, "collector")
    worker = collector.connect(Pattern.WORK_CLIENT, work.endpoint, "work")
    service = SourceService(hub, work, link, Config().streaming, 1, keep=True)
    producer = Producer(lambda p: replay([recording], p), 3, hub.wake)
    codes = []
    thread = threading.Thread(target=lambda: codes.append(service.greet(life) and service.run(producer, life)))
    thread.start()
    assert worker.send(encode(Kind.WANT, meta=Want(credits=8, reset=True).meta()), timeout_ms=5000)
    n_eob = 0
    end = time.monotonic() + 20
    while n_eob < 3 and time.monotonic() < end:
        collector.wait(50)
        while (received := control.receive()) is not None:
            peer, message = received[0], decode(received[1], MAX)
            if message.kind is Kind.HELLO:
                control.send(encode(Kind.WELCOME, meta=Welcome(epoch="a", last_booked=0).meta()), to=peer)
            n_eob += message.kind is Kind.EOB
    assert n_eob == 3
    control.send(encode(Kind.COMMITTED, (1, 1), meta=Committed(state="COMPLETE").meta()), to=peer)
    wait_for(collector, control, Kind.BYE)
    thread.join(10)
    assert codes == [0]
    hub.close(0)
    collector.close(0)
    assert find_bursts(tmp_path) == [recording]
    recorded = RecordedBurst(recording)
    recorded.close()
