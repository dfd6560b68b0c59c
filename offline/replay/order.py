"""Bursts out to an engine, outcomes back in the order of run and burst, whatever the order in which they come."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from daq.records import BurstKey
from monitor.spill import Spill
from offline.replay.engine import Engine
from offline.replay.task import Outcome
from offline.replay.work import Work

Found = Outcome | Spill
"""An outcome, or the row of a burst that need not be counted."""

AHEAD = 512
"""A burst that takes long holds back the outcomes of so many later ones, not more: they wait in memory."""

WAIT_S = 0.1

DRAIN_S = 30.0
"""After a stop, what is at a worker is waited for so long."""


@dataclass(frozen=True, slots=True)
class Job:
    """One burst to be counted.

    due_s : not handed out before, in seconds from the start
    """

    key: BurstKey
    place: str
    due_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Control:
    """What a run of jobs asks and tells.

    stopping : whether to hand out nothing more; what is at a worker is waited for
    elapsed_s : seconds since the start
    known : what is known of a burst already; it is then not counted
    arrived : told of every outcome as it comes
    tick : called often
    """

    stopping: Callable[[], bool]
    elapsed_s: Callable[[], float]
    known: Callable[[Job], Found | None]
    arrived: Callable[[Job, Outcome], None]
    tick: Callable[[], None]


def in_order(engine: Engine, work: Work, jobs: Sequence[Job], control: Control) -> Iterator[tuple[Job, Found]]:
    """Count `jobs` and give their outcomes in the order of `jobs`; after a stop, of those that were handed out.

    Raises
    ------
    TransportError
        The engine is gone. What was given before stands.
    """
    done: dict[BurstKey, Found] = {}
    at = {job.key: job for job in jobs}
    given = sent = 0
    stopped_s = 0.0
    try:
        while given < (sent if control.stopping() else len(jobs)):
            sent += _hand_out(engine, work, jobs[sent : given + AHEAD], control, done)
            taken = engine.take(WAIT_S if engine.in_flight else 0.0)
            control.tick()
            if taken is not None:
                key, outcome = taken
                done[key] = outcome
                control.arrived(at[key], outcome)
            while given < sent and jobs[given].key in done:
                yield jobs[given], done.pop(jobs[given].key)
                given += 1
            stopped_s = stopped_s or (time.monotonic() if control.stopping() else 0.0)
            if stopped_s and time.monotonic() - stopped_s > DRAIN_S:
                return
            if not engine.in_flight and given == sent:
                time.sleep(0.0 if control.stopping() or sent == len(jobs) else _pause(jobs[sent], control))
    finally:
        engine.forget()


def _hand_out(engine: Engine, work: Work, jobs: Sequence[Job], control: Control, done: dict[BurstKey, Found]) -> int:
    """Hand out what is due, as far as there is room; returns the number."""
    n, some = 0, list[tuple[BurstKey, str]]()
    while n < len(jobs) and not control.stopping() and engine.has_room and jobs[n].due_s <= control.elapsed_s():
        known = control.known(jobs[n])
        if known is None:
            some.append((jobs[n].key, jobs[n].place))
        else:
            done[jobs[n].key] = known
        n += 1
        if len(some) >= engine.chunk(len(jobs) - n):
            engine.submit(work, some)
            some = []
    if some:
        engine.submit(work, some)
    return n


def _pause(job: Job, control: Control) -> float:
    """Time to sleep before the next look at a burst that is not due yet [s]."""
    return min(WAIT_S, max(0.0, job.due_s - control.elapsed_s()))
