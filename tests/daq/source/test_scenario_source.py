"""Scenarios in the source role: what is put into the journals and handed on, without sockets."""

import threading

import pytest

from daq.codec import Kind, decode
from daq.config import Config
from daq.config.beam import BeamConfig
from daq.recording import RecordedBurst
from daq.source.scenario import parse_scenario
from streaming.services.producer import Appended, EmulationPlan, Ended, Producer, Started, emulate
from streaming.services.source import SourceService

CONFIG = Config(beam=BeamConfig(spill_seconds=0.1, pot_per_spill=1e10))
CYCLE_NS = 14_400_000_000


class Collect(Producer):
    """Takes the events; commits a burst when it has ended."""

    def __init__(self, in_flight=1):
        super().__init__(lambda _: None, in_flight, lambda: None)
        self.seen = []
        self.bursts = {}
        self.eobs = {}

    def put(self, event):
        match event:
            case Started(burst):
                self.seen.append(("started", burst.sob.burst))
                self.bursts[burst.sob.burst] = burst
            case Ended((_, number), eob):
                self.seen.append(("ended", number))
                self.eobs[number] = eob
                self.committed()
            case Appended():
                pass


def steps(text):
    blocks = [f"[[step]]\n{line}\n" for line in text.replace(", ", "\n").split("; ")]
    return parse_scenario('title = "t"\n' + "".join(blocks), "t.toml")


def run(folder, story, last=4, in_flight=1, stop=None):
    collect = Collect(in_flight)
    plan = EmulationPlan(CONFIG, 1, 5, range(1, last + 1), folder, 0.0, 10**18, 14.4, steps(story) if story else None)
    worker = threading.Thread(target=emulate, args=(plan, collect), daemon=True)
    worker.start()
    worker.join(60)
    assert not worker.is_alive(), "the producer hangs"
    return collect


def test_without_a_scenario_every_burst_starts_and_ends(tmp_path):
    made = run(tmp_path, None)
    assert made.seen == [(what, n) for n in (1, 2, 3, 4) for what in ("started", "ended")]
    assert {eob.end for eob in made.eobs.values()} == {"NORMAL"}


@pytest.mark.parametrize("lost", ["from = 2, to = 3", "from = 4, to = 4", "from = 1"])
def test_a_lost_eob_is_found_when_the_next_spill_is_due(tmp_path, lost):
    made = run(tmp_path, f'effect = "lost-eob", {lost}')
    quiet = run(tmp_path / "quiet", None)
    assert made.seen == [(what, n) for n in (1, 2, 3, 4) for what in ("started", "ended")]
    for number, eob in made.eobs.items():
        recorded = RecordedBurst(made.bursts[number].path)
        assert recorded.eob == eob
        same = {"run", "burst", "n_frames", "n_events", "frames_digest"}
        assert eob.model_dump(include=same) == quiet.eobs[number].model_dump(include=same)
        expected = made.bursts[number].faults.drop_eob
        assert (eob.end == "LOST") is expected
        assert (eob.beam is None) is expected and (eob.masks == {}) is expected


def test_skipped_spills_pass_in_time_and_leave_no_trace(tmp_path):
    made = run(tmp_path, 'effect = "missing-spills", from = 2, to = 3', last=5)
    assert [n for what, n in made.seen if what == "started"] == [1, 4, 5]
    times = [made.bursts[n].sob.sob_time_ns for n in (1, 4, 5)]
    assert [time - times[0] for time in times] == [0, 3 * CYCLE_NS, 4 * CYCLE_NS]
    assert sorted(path.name for path in tmp_path.rglob("*.part")) == [f"burst-{n:06d}.arrows.part" for n in (1, 4, 5)]


def test_the_clock_steps_at_both_ends(tmp_path):
    made = run(tmp_path, 'effect = "clock-step", seconds = -3600, from = 2, to = 3')
    times = [made.bursts[n].sob.sob_time_ns - 10**18 for n in (1, 2, 3, 4)]
    hour = 3600 * 10**9
    assert times == [0, CYCLE_NS - hour, 2 * CYCLE_NS - hour, 3 * CYCLE_NS]
    assert {made.eobs[n].beam.t10_stamp_ns - made.bursts[n].sob.sob_time_ns for n in (1, 2, 3, 4)} == {0}


def test_the_sob_tells_the_set_point_and_the_eob_the_reading(tmp_path):
    made = run(tmp_path, 'effect = "b2-trip", from = 2, to = 2; effect = "b2-set", current_a = 0, from = 4')
    assert [made.bursts[n].sob.b2_set_a for n in (1, 2, 3, 4)] == [-250.0, -250.0, -250.0, 0.0]
    readings = [made.eobs[n].beam.b2_current_a for n in (1, 2, 3, 4)]
    assert readings == pytest.approx([-250.0, 0.0, -100.0, 0.0], abs=0.6)


def test_faults_of_the_wire_are_handed_to_the_source(tmp_path):
    made = run(tmp_path, 'effect = "duplicates", from = 2, to = 2')
    assert [made.bursts[n].faults.duplicate for n in (1, 2, 3, 4)] == [False, True, False, False]


class FakeLink:
    """Keeps what is sent."""

    def __init__(self):
        self.sent = []

    def send(self, parts, to=None, timeout_ms=0):
        self.sent.append([bytes(part) for part in parts])
        return True


@pytest.mark.parametrize("twice", [False, True])
def test_duplicated_frames_are_the_same_bytes_and_cost_their_credit(tmp_path, twice):
    """As many copies are under way as the worker has asked for, one more at most."""
    made = run(tmp_path, 'effect = "duplicates", from = 1, to = 1' if twice else None, last=1)
    work = FakeLink()
    service = SourceService(None, work, FakeLink(), CONFIG.streaming, 5, keep=False)
    burst = made.bursts[1]
    frame = RecordedBurst(burst.path).frames[0]
    burst.frames = [frame._replace(seq=seq) for seq in range(6)]
    made.events.put(Started(burst))
    service._take(made)
    service._dispatch.on_want(b"worker", 2, reset=True)
    n_wanted = 2
    while True:
        before = len(work.sent)
        service._send_frames()
        assert len(work.sent) <= n_wanted + twice
        if len(work.sent) == before:
            break
        for _ in range(len(work.sent) - before):
            service._dispatch.on_want(b"worker", 1, reset=False)
            n_wanted += 1
    seqs = [decode([memoryview(part) for part in parts], 1 << 26).seq for parts in work.sent]
    assert seqs == sorted(list(range(6)) * (2 if twice else 1))
    assert all((work.sent[i] == work.sent[i + 1]) is twice for i in range(0, 6, 2))
    assert decode([memoryview(part) for part in work.sent[0]], 1 << 26).kind is Kind.FRAME
    burst.close()
