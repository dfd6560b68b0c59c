"""`dumpwatch watch`: recorded bursts are counted and booked as they land in a folder, each once.

What makes it once is the ledger: its key is run and burst. So a watch may be killed and started again, and two of them
may look at one folder. What is held in memory only spares work.
"""

from __future__ import annotations

import json
import logging
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from daq.config import Config
from daq.errors import ConfigError, RecordingError, StoreError
from daq.records import BurstKey
from monitor.ledger import Ledger
from monitor.spill import Spill
from offline.replay.books import BAD, booked_before, compare
from offline.replay.collected import Collected
from offline.replay.connect import engine
from offline.replay.engine import Engine
from offline.replay.order import Control, Found, Job, in_order
from offline.replay.place import identity
from offline.replay.start import plan_work
from offline.replay.stop import stop_on_signals
from offline.replay.task import Refusal
from offline.replay.work import Work
from offline.watch.folder import Folder

log = logging.getLogger(__name__)

EVERY_S = 2.0
SETTLE_S = 5.0
SLICE_S = 0.1
SCAN_SHARE = 0.1
"""Looking takes at most this part of the time, however many recordings there are."""


@dataclass(frozen=True, slots=True)
class WatchOptions:
    """Options of `dumpwatch watch`; None stands for the default."""

    folder: Path
    ledger: str | None = None
    once: bool = False
    every_s: float = EVERY_S
    settle_s: float = SETTLE_S
    workers: int = 1
    scheduler: str | None = None
    as_json: bool = False


@dataclass(slots=True)
class Watch:
    """One watch: the folder, the books, and what became of what was there."""

    folder: Folder
    books: Ledger
    work: Work
    stopping: Callable[[], bool]
    as_json: bool
    results: Counter[str] = field(default_factory=Counter)
    bad: set[BurstKey | Path] = field(default_factory=set)
    """Bursts that were not counted or differ from the ledger, and files with a name that is none of a recording."""
    out: Collected = field(default_factory=Collected)
    """For the JSON document only: it grows with every spill."""

    def look(self, where: Engine) -> float:
        """Count and book what is there now; returns the time it took to see what is there [s]."""
        start = time.monotonic()
        jobs, wrong = self.folder.fresh(start)
        took_s = time.monotonic() - start
        for path, reason in wrong:
            self._say_bad(path, reason)
        said = {job.place: _identity(job.place) for job in jobs}
        begin = time.monotonic()
        control = Control(self.stopping, lambda: time.monotonic() - begin, self._known, _nothing, _nothing)
        try:
            for job, found in in_order(where, self.work, jobs, control):
                self._take(job, found)
                self.folder.dealt(job.place, said[job.place])
        except StoreError as error:
            log.warning("%s; what is not booked is counted again at the next look", error)
        return took_s

    def _known(self, job: Job) -> Spill | None:
        return booked_before(self.books, job.key, job.place)

    def _take(self, job: Job, found: Found) -> None:
        self.bad.discard(job.key)
        self.out.forget(job.key)
        where = f"run {job.key[0]} burst {job.key[1]}"
        if isinstance(found, Refusal):
            self._collect(lambda: self.out.fail(job.key, job.place, found.reason))
            self._say_bad(job.key, f"{where}: not counted: {found.reason}")
            return
        if isinstance(found, Spill):
            self.results["booked before"] += 1
            return
        result = compare(self.books, found, "watch", may_book=True)
        self.results[result] += 1
        self._collect(lambda: self.out.add(found.spill, result, found.note))
        if result in BAD:
            self._say_bad(job.key, f"{where}: differs from what the ledger has; nothing was changed")
        elif result != "identical":
            note = f" ({found.note})" if found.note else ""
            self._say(f"{where}: {result} {found.spill.state}, {found.spill.n_counted} events{note}")

    def _collect(self, add: Callable[[], None]) -> None:
        if self.as_json:
            add()

    def _say(self, text: str) -> None:
        stream = sys.stderr if self.as_json else sys.stdout
        stream.write(f"{text}\n")
        stream.flush()

    def _say_bad(self, what: BurstKey | Path, text: str) -> None:
        self.bad.add(what)
        sys.stderr.write(f"{text}; not looked at again until the file changes\n")
        sys.stderr.flush()

    def summary(self) -> str:
        """One line for people."""
        said = [f"{self.results[name]} {name}" for name in ("booked", "upgraded", "identical", "booked before")]
        return f"{', '.join(said)}, {len(self.bad)} bad\n"


def _identity(place: str) -> str:
    try:
        return identity(place)
    except RecordingError:
        return ""  # it is gone; the task says so


def run_watch(config: Config, options: WatchOptions) -> int:
    """Watch until stopped, or look once; returns the exit code.

    Raises
    ------
    ConfigError
        There is no such folder.
    """
    if not options.folder.is_dir():
        msg = f"watch {options.folder}: no such folder; give the one that --record of the chain names"
        raise ConfigError(msg)
    work = plan_work(config)
    folder = Folder(options.folder.resolve(), options.settle_s)
    with (
        Ledger.open(options.ledger or config.paths.ledger, rules=config.accounting) as books,
        stop_on_signals() as stopping,
        engine(options.workers, options.scheduler) as where,
    ):
        watch = Watch(folder, books, work, stopping, options.as_json)
        log.info("watching %s with %s, every %g s", options.folder, where.name, options.every_s)
        try:
            _look_again(watch, where, options)
        finally:
            _report(watch, options)
    return 1 if options.once and watch.bad else 0


def _look_again(watch: Watch, where: Engine, options: WatchOptions) -> None:
    every_s = SLICE_S if options.once else options.every_s
    while not watch.stopping():
        took_s = watch.look(where)
        if options.once and not watch.folder.has_growing:
            return
        _wait(max(every_s, took_s / SCAN_SHARE), watch.stopping)


def _wait(seconds: float, stopping: Callable[[], bool]) -> None:
    end = time.monotonic() + seconds
    while not stopping() and time.monotonic() < end:
        time.sleep(min(SLICE_S, max(0.0, end - time.monotonic())))


def _report(watch: Watch, options: WatchOptions) -> None:
    if options.as_json:
        sys.stdout.write(json.dumps(watch.out.document(partial=bool(watch.out.failed))) + "\n")
    else:
        sys.stdout.write(watch.summary())


def _nothing(*_: object) -> None:
    """Tell nobody."""
