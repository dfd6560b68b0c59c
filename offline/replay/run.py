"""`dumpwatch replay`: every recorded burst counted once more, compared with the ledger, booked where it lacks."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from daq.config import Config
from daq.errors import ConfigError, DumpwatchError
from daq.records import BurstKey
from monitor.ledger import Ledger
from monitor.spill import Spill
from offline.replay.books import booked_before, compare
from offline.replay.burst import CountedBurst
from offline.replay.collected import Collected, named
from offline.replay.connect import engine
from offline.replay.order import Control, Found, Job, in_order
from offline.replay.place import manifest_of
from offline.replay.progress import Pace, progress
from offline.replay.start import plan_work, recordings
from offline.replay.state import Counted
from offline.replay.stop import stop_on_signals
from offline.replay.task import Outcome, Refusal
from offline.replay.work import Work


@dataclass(frozen=True, slots=True)
class ReplayOptions:
    """Options of `dumpwatch replay`; None stands for the default.

    products, into : what is written of each burst beside its counts, and where, see `offline.replay.products`
    """

    paths: tuple[str, ...]
    in_true_time: bool = False
    verify: bool = False
    workers: int | None = None
    scheduler: str | None = None
    ledger: str | None = None
    resume: Path | None = None
    as_json: bool = False
    products: tuple[str, ...] = ()
    into: str = ""


@dataclass(slots=True)
class Replay:
    """One replay: what it compares with, what it keeps, and what has come out of it so far."""

    work: Work
    books: Ledger | None
    state: Counted | None
    may_book: bool
    skip_booked: bool
    pace: Pace
    out: Collected = field(default_factory=Collected)

    def known(self, job: Job) -> Found | None:
        """Look up a burst that need not be counted: it is booked, or an earlier replay has counted it."""
        found: Found | None = None
        if self.skip_booked and self.books is not None:
            found = booked_before(self.books, job.key, job.place)
        if found is None and self.state is not None:
            found = self.state.find(job.place)
        self.pace.counted += found is not None
        return found

    def arrived(self, job: Job, outcome: Outcome) -> None:
        """Keep what was counted, before anything is done with it."""
        if isinstance(outcome, CountedBurst):
            self.pace.add(outcome.spill.n_counted)
            if self.state is not None:
                self.state.keep(job.place, outcome)

    def take(self, job: Job, found: Found) -> None:
        """Compare, book and collect."""
        if isinstance(found, Refusal):
            self.out.fail(job.key, job.place, found.reason)
        elif isinstance(found, Spill):
            self.out.add(found, "booked before")
        else:
            result = compare(self.books, found, "replay", may_book=self.may_book)
            self.out.add(found.spill, result, found.note)


def run_replay(config: Config, options: ReplayOptions) -> int:
    """Replay recordings; returns the exit code: 1 when a burst was not counted, or differs under `--verify`."""
    places = recordings(options.paths)
    jobs = _due([Job(key, place) for key, place in places.items()], options)
    with _opened(config, options, len(jobs)) as replay, stop_on_signals() as stopping:
        failure: DumpwatchError | None = None
        try:
            _count(replay, jobs, options, stopping)
        except DumpwatchError as error:
            failure = error
        return _report(replay.out, options, places, failure)


@contextmanager
def _opened(config: Config, options: ReplayOptions, n_spills: int) -> Iterator[Replay]:
    """Open ledger and state."""
    work = plan_work(config, options.products, options.into)
    with ExitStack() as stack:
        books = state = None
        if options.verify or options.ledger:
            url, readonly = options.ledger or config.paths.ledger, options.ledger is None
            books = stack.enter_context(Ledger.open(url, readonly=readonly, rules=config.accounting))
        if options.resume is not None:
            state = Counted(options.resume, work)
            stack.callback(state.close)
        may_book = bool(options.ledger)
        skip_booked = may_book and not options.verify and not options.products
        yield Replay(work, books, state, may_book, skip_booked, Pace(n_spills))


def _due(jobs: list[Job], options: ReplayOptions) -> list[Job]:
    """Give every job its time, when the time between bursts is to be as recorded.

    Raises
    ------
    ConfigError
        A recording does not say when it was taken.
    """
    if not options.in_true_time:
        return jobs
    timed: list[Job] = []
    begin_ns = None
    for job in jobs:
        manifest = manifest_of(job.place)
        if manifest is None:
            msg = f"--speed 1: {job.place} has no manifest that says when it was taken; use --speed max"
            raise ConfigError(msg)
        begin_ns = manifest.sob.sob_time_ns if begin_ns is None else begin_ns
        timed.append(Job(job.key, job.place, (manifest.sob.sob_time_ns - begin_ns) * 1e-9))
    return timed


def _count(replay: Replay, jobs: list[Job], options: ReplayOptions, stopping: Callable[[], bool]) -> None:
    with engine(options.workers or 1, options.scheduler) as where, progress(replay.pace) as tick:
        begin = time.monotonic()
        control = Control(stopping, lambda: time.monotonic() - begin, replay.known, replay.arrived, tick)
        for job, found in in_order(where, replay.work, jobs, control):
            replay.take(job, found)


def _report(out: Collected, options: ReplayOptions, places: dict[BurstKey, str], failure: DumpwatchError | None) -> int:
    left = [key for key in places if key not in out.rows and key not in out.failed]
    partial = bool(left or out.failed)
    if options.as_json:
        sys.stdout.write(json.dumps(out.document(partial=partial)) + "\n")
    else:
        sys.stdout.write(out.text(partial=partial))
    for line in out.complaints():
        sys.stderr.write(f"{line}\n")
    if left:
        hint = "start it again" if options.resume or options.ledger else "with --resume DIR the next one goes on"
        sys.stderr.write(f"{named(left)}: not reached; {hint}\n")
    if failure is not None:
        raise failure
    failed = options.verify and out.is_bad
    return 1 if failed or partial else 0
