"""Where the bursts of a source come from: the emulated detector, or recorded files.

A producer runs in its own thread and puts what it makes into a queue; the source's own thread does all sockets.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from daq.config import Config
from daq.event_builder import EventBuilder, FrameCutter
from daq.frame import EventFrame, encode_frame
from daq.recording import FrameInfo, Journal, RecordedBurst
from daq.records import BurstKey, EobRecord, SobRecord
from daq.source.conditions import BurstConditions
from daq.source.emulator import Burst, EmulatedDetector
from daq.source.modes import Bias, RunMode
from daq.source.scenario import Scenario, conditions
from daq.units import FINE_NS, ns_to_fine
from l0emu import L0Counters, L0Setup, L0State, new_burst, step
from streaming.services.source_burst import SourceBurst

WARM_UP_POT = 1e9
"""Protons of the burst on which kernels are compiled: a few hundred hits."""


@dataclass(frozen=True, slots=True)
class Started:
    """A burst begins, or is there as a whole."""

    burst: SourceBurst


@dataclass(frozen=True, slots=True)
class Appended:
    """A frame is in the journal."""

    key: BurstKey
    frame: FrameInfo


@dataclass(frozen=True, slots=True)
class Ended:
    """The EOB is in the journal."""

    key: BurstKey
    eob: EobRecord


@dataclass(frozen=True, slots=True)
class Finished:
    """Nothing more comes; `failure` says why when it ended badly."""

    failure: BaseException | None = None


ProducerEvent = Started | Appended | Ended | Finished


class Producer:
    """Thread that makes bursts. `in_flight` bounds the bursts that are not committed yet."""

    def __init__(self, make: Callable[[Producer], None], in_flight: int, wake: Callable[[], None]) -> None:
        self.stop = threading.Event()
        self.events: queue.SimpleQueue[ProducerEvent] = queue.SimpleQueue()
        self._make = make
        self._room = threading.Semaphore(in_flight)
        self._wake = wake
        self._thread = threading.Thread(target=self._run, name="producer", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def join(self) -> None:
        """Wait for the end of the thread."""
        self._thread.join(5.0)

    def put(self, event: ProducerEvent) -> None:
        """Hand an event to the source."""
        self.events.put(event)
        self._wake()

    def committed(self) -> None:
        """Make room for one more burst."""
        self._room.release()

    def wait_for_room(self) -> bool:
        """Wait until another burst may be made; False when the producer has to stop."""
        while not self.stop.is_set():
            if self._room.acquire(timeout=0.1):
                return True
        return False

    def _run(self) -> None:
        try:
            self._make(self)
        except BaseException as error:  # noqa: BLE001 - process boundary: the source raises it again in its own thread
            self.put(Finished(error))
        else:
            self.put(Finished())


@dataclass(frozen=True, slots=True)
class EmulationPlan:
    """What the emulated detector has to deliver."""

    config: Config
    seed: int
    run: int
    bursts: Iterable[int]
    root: Path
    cycle_seconds: float
    """Time from SOB to SOB [s]; 0 for as fast as possible."""
    start_ns: int
    nominal_cycle_seconds: float
    """Cycle that stands in the SOB times of a run made as fast as possible [s]."""
    scenario: Scenario | None = None
    mode: RunMode = RunMode.BEAM


def emulate(plan: EmulationPlan, producer: Producer) -> None:
    """Make the bursts of a plan one after the other; spills that the scenario leaves out pass in time only.

    A burst without an EOB stays open until the next spill is due: before that nobody can know that the record will
    not come. It is then closed with what the journal holds.
    """
    config = plan.config
    physics = (config.processes, config.signal)
    detector = EmulatedDetector(config.beam, config.detector, plan.seed, *physics, mode=plan.mode)
    setup = L0Setup.from_config(config.l0)
    next_sob = time.monotonic()
    unended: Journal | None = None
    for index, number in enumerate(plan.bursts):
        stopped = producer.stop.wait(max(0.0, next_sob - time.monotonic()))
        _end_without_eob(unended, producer)
        unended = None
        now = conditions(plan.scenario, number, config.beam)
        next_sob = max(next_sob, time.monotonic() - plan.cycle_seconds) + plan.cycle_seconds
        if now.skipped and not stopped:
            continue
        if stopped or not producer.wait_for_room():
            return
        unended = _one_burst(plan, detector, setup, _sob(plan, index, number, now, detector.bias), now, producer)
    _end_without_eob(unended, producer)


def _sob(plan: EmulationPlan, index: int, number: int, now: BurstConditions, bias: Bias | None) -> SobRecord:
    config, set_a = plan.config, now.beam.b2_set_a
    offset = index * (plan.cycle_seconds or plan.nominal_cycle_seconds)
    right_ns = time.time_ns() if plan.cycle_seconds else plan.start_ns + round(offset * 1e9)
    return SobRecord(
        run=plan.run,
        burst=number,
        sob_time_ns=right_ns + round(now.clock_step_s * 1e9),
        mode="BIASED" if bias else "EMULATED",
        config_digest=config.digest(),
        mask_digest=config.mask_digest(),
        b2_set_a=config.beam.b2_current_a if set_a is None else set_a,
        **_bias(bias),
    )


def _bias(bias: Bias | None) -> dict[str, Any]:
    """Fields of SOB and EOB."""
    if bias is None:
        return {}
    return {"equivalent_pot": bias.equivalent_pot, "weight": bias.weight, "bias": bias.text}


def _end_without_eob(journal: Journal | None, producer: Producer) -> None:
    if journal is None:
        return
    n_events = sum(frame.n_events for frame in journal.frames)
    eob = eob_of_journal("LOST", journal.sob.key, len(journal.frames), n_events, journal.digest())
    journal.close(eob)
    producer.put(Ended(journal.sob.key, eob))


def warm_up(config: Config) -> None:
    """Compile every kernel of detector, Level 0 and event building on a burst of few protons."""
    beam = config.beam.model_copy(update={"pot_per_spill": WARM_UP_POT})
    detector = EmulatedDetector(beam, config.detector, 0)
    setup = L0Setup.from_config(config.l0)
    for _ in triggered_frames(config, detector.burst(0), setup, new_burst(setup), lambda _: None):
        pass


def triggered_frames(
    config: Config, burst: Burst, setup: L0Setup, state: L0State, pace: Callable[[int], None]
) -> Iterator[EventFrame]:
    """Frames of one burst: hits, triggers, events. `pace` is called with the watermark of each slice before it."""
    builder = EventBuilder(ns_to_fine(config.detector.readout_window_ns))
    cutter = FrameCutter(config.streaming.frame_events)
    for batch in burst.slices():
        pace(batch.watermark)
        triggers = step(state, batch, setup)
        yield from cutter.add(builder.add(batch, triggers.time, triggers.flags, triggers.trigger_type))
    yield from cutter.finish()


def _one_burst(
    plan: EmulationPlan,
    detector: EmulatedDetector,
    setup: L0Setup,
    sob: SobRecord,
    now: BurstConditions,
    producer: Producer,
) -> Journal | None:
    """Make a burst; returns its open journal when the EOB does not come."""
    journal = Journal(plan.root, sob)
    producer.put(Started(SourceBurst(sob, journal.path, faults=now.wire)))
    burst = detector.burst(sob.burst, now)
    state = new_burst(setup)
    config = plan.config
    begin = synced = time.monotonic()

    def pace(watermark: int) -> None:
        nonlocal synced
        if time.monotonic() - synced > config.streaming.sync_seconds:
            journal.sync()
            synced = time.monotonic()
        if plan.cycle_seconds:
            _wait_until(begin + min(watermark * FINE_NS * 1e-9, config.beam.spill_seconds))

    for frame in triggered_frames(config, burst, setup, state, pace):
        producer.put(Appended(sob.key, journal.append(encode_frame(frame), frame.n_events)))
    if now.wire.drop_eob:
        return journal
    beam = burst.beam_record(sob.sob_time_ns)
    counters = state.counters(setup)
    eob = EobRecord(
        run=sob.run,
        burst=sob.burst,
        end="NORMAL",
        n_frames=len(journal.frames),
        n_events=sum(frame.n_events for frame in journal.frames),
        frames_digest=journal.digest(),
        beam=beam,
        spill_ticks=burst.spill_ticks,
        **_counts(counters),
        **_bias(detector.bias),
    )
    journal.close(eob)
    producer.put(Ended(sob.key, eob))
    return None


def _counts(counters: L0Counters) -> dict[str, object]:
    return {
        "masks": counters.masks,
        "primitives": counters.primitives,
        "n_choked": counters.n_choked,
        "dead_ticks": counters.dead_ticks,
    }


def _wait_until(moment: float) -> None:
    # a burst that has begun is finished even when the source has to stop: at most one spill length
    time.sleep(max(0.0, moment - time.monotonic()))


def replay(paths: Iterable[Path], producer: Producer, *, in_true_time: bool = False) -> None:
    """Hand out recorded bursts, at once or with the time between them as recorded; a torn one gets an EOB."""
    begin_ns: int | None = None
    for path in paths:
        recorded = RecordedBurst(path)
        if begin_ns is None:
            begin_ns = time.monotonic_ns() - recorded.sob.sob_time_ns
        wait_s = (begin_ns + recorded.sob.sob_time_ns - time.monotonic_ns()) * 1e-9 if in_true_time else 0.0
        if producer.stop.wait(max(0.0, wait_s)) or not producer.wait_for_room():
            return
        eob = recorded.eob or torn_eob(recorded)
        if recorded.eob is None and path.suffix == ".part":
            recorded.close_torn(eob)
        recorded.close()
        producer.put(Started(SourceBurst.from_recording(recorded, eob)))


def torn_eob(recorded: RecordedBurst) -> EobRecord:
    """EOB of a burst whose source stopped inside it."""
    return eob_of_journal("TORN", recorded.sob.key, len(recorded.frames), recorded.n_events, recorded.digest())


def eob_of_journal(end: Literal["TORN", "LOST"], key: BurstKey, n_frames: int, n_events: int, digest: str) -> EobRecord:
    """EOB that the source makes itself: the counts of the journal, no beam data, no trigger counts."""
    return EobRecord(
        run=key[0],
        burst=key[1],
        end=end,
        n_frames=n_frames,
        n_events=n_events,
        frames_digest=digest,
        beam=None,
        masks={},
        primitives={},
        n_choked=0,
        dead_ticks=0,
        spill_ticks=0,
    )
