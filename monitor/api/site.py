"""Everything that the answers need, in one place: ledger, chain, alarms, log, viewers."""

from __future__ import annotations

import logging
import secrets
import threading
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field

from pydantic import BaseModel
from starlette.responses import Response

from daq.config.accounting import AccountingConfig
from daq.config.alarms import AlarmsConfig
from daq.config.monitor import MonitorConfig
from daq.errors import DumpwatchError
from daq.version import PROGRAM_VERSION
from monitor.alarms.model import Alarm, State, runbook
from monitor.api.chain_alarms import Facts, chain_alarms, spills_arrive
from monitor.api.desk import DeskKeeper, DeskResult
from monitor.api.keep import AnswerStore
from monitor.api.lately import Lately
from monitor.api.operators import Operators
from monitor.api.refusals import Refusals
from monitor.api.status import (
    Chain,
    KindOfKeys,
    LedgerState,
    MaskedBox,
    SealedChain,
    Settings,
    Status,
    age_s,
    is_silent,
    read_chain,
)
from monitor.api.stream import Broadcaster
from monitor.api.systems import SystemState, systems
from monitor.api.view import LedgerView, Seen
from monitor.halo import HaloSetup
from monitor.ledger import LogRow
from monitor.opslog.acknowledge import RELEASED, Acknowledgements, Release
from monitor.opslog.alerts import Alerts
from monitor.opslog.logbook import LogBook

log = logging.getLogger(__name__)

LOG_ROWS = 1000
"""Newest acknowledgements and alerts of the log that are read at the start, and at most in one answer."""

ACTOR = "dumpwatch"
"""Who ends an acknowledgement."""


RETRY_NS = 10_000_000_000
"""A line that the ledger could not take is tried again after this [ns]."""


@dataclass(frozen=True, slots=True)
class Setup:
    """What the control room is set up with, beside how it is shown."""

    masked_box: MaskedBox | None = None
    token: str | None = None
    """Of the operators; None: nothing may be written."""
    alarms: AlarmsConfig = field(default_factory=AlarmsConfig)
    accounting: AccountingConfig = field(default_factory=AccountingConfig)
    halo: HaloSetup = field(default_factory=HaloSetup)
    sealing_keys: KindOfKeys | None = None


@dataclass(frozen=True, slots=True)
class Now:
    """One look at everything."""

    seen: Seen
    chain: Chain
    alarms: list[Alarm]
    systems: list[SystemState]
    desk: DeskResult


class Site:
    """The control room behind the answers."""

    def __init__(
        self,
        view: LedgerView,
        provisional: Callable[[], Mapping[str, object]],
        cfg: MonitorConfig,
        clock_ns: Callable[[], int],
        setup: Setup | None = None,
    ) -> None:
        self.view = view
        self.provisional = provisional
        self.cfg = cfg
        self.clock_ns = clock_ns
        self.setup = setup or Setup()
        self.broadcaster = Broadcaster(cfg.max_viewers, cfg.viewer_queue)
        self.refusals = Refusals()
        self.operators = Operators(self.setup.token, cfg.posts_per_minute, clock_ns)
        self.answers = AnswerStore()
        self.logbook = LogBook(view.url, clock_ns)
        self.alerts = Alerts()
        self.desk = DeskKeeper(view, self.setup.alarms, cfg.alarm_rows)
        self.instance = secrets.token_hex(8)
        self.fault: BaseException | None = None
        """What ended the watcher; the server ends with it."""
        self._acknowledged = Acknowledgements()
        self._ended: set[Release] = set()
        self._write_again_ns = 0
        self._log_read: tuple[int, int] | None = None
        self._started_ns = clock_ns()
        self._bad_frames, self._refused = Lately(), Lately()
        self._lock = threading.RLock()
        self._settings = Settings(
            page_spills=cfg.page_spills,
            history_spills=cfg.history_spills,
            pot_goals=list(cfg.pot_goals),
            overdue_seconds=cfg.overdue_seconds,
            masked_box=self.setup.masked_box,
            sealing_keys=self.setup.sealing_keys,
        )

    def look(self) -> Now:
        """Look at everything; quick, any thread. Where a watcher runs, it shows new rows to the alarm desk."""
        if not self.view.is_watched:
            while not self.update():
                pass
        return self._look(self.view.refresh())

    def update(self) -> bool:
        """Take in new rows and lines of the log; False when there is more. One thread at a time does the work."""
        with self._lock:
            seen = self.view.refresh()
            self._read_log(seen)
            done = self.desk.update(seen)
            self._settle(seen)
            return done

    def status(self, now: Now) -> Status:
        """Build the status from one look."""
        seen, last, time_ns = now.seen, now.seen.last_spill, self.clock_ns()
        return Status(
            program=PROGRAM_VERSION,
            instance=self.instance,
            server_time_ns=time_ns,
            ledger=LedgerState(readable=seen.readable, entry=seen.entry),
            last_spill_run=last.run if last else None,
            last_spill_burst=last.burst if last else None,
            last_spill_mode=last.mode if last else None,
            last_spill_age_s=age_s(seen.booked_ns, time_ns),
            totals=seen.totals if seen.readable else None,
            sealed=SealedChain(spills=seen.chain.index, head=seen.chain.head.hex()) if seen.readable else None,
            chain=now.chain,
            systems=now.systems,
            viewers=len(self.broadcaster),
            settings=self._settings,
        )

    def answer(self, question: Hashable, make: Callable[[], BaseModel]) -> Response:
        """Give the answer to a question about the books; made once for all viewers until the ledger has news.

        Raises
        ------
        StoreError
            The ledger is away.
        """
        return self.answers.answer(question, self.view.must_read().version, make)

    def close(self) -> None:
        """Close the ledger's reader and writer."""
        self.view.close()
        self.logbook.close()

    def _look(self, seen: Seen) -> Now:
        facts = self._facts(seen)
        desk = self.desk.result
        states = [*self._desk_alarms(desk), *chain_alarms(facts)]
        with self._lock:
            marked = self._acknowledged.mark(states)
        return Now(seen, facts.chain, marked, systems(marked, spills_arrive=spills_arrive(facts)), desk)

    def _facts(self, seen: Seen) -> Facts:
        now = self.clock_ns()
        chain = read_chain(self.provisional(), now)
        told = not is_silent(chain)
        with self._lock:
            bad = self._bad_frames.see(sum(chain.bad_frames.values()) if told and chain.bad_frames else None, now)
            refused = self._refused.see(chain.refused if told else None, now)
            heard = self.alerts.heard_ns
        expected = self.alerts.has_watchdog()
        silent = now - (heard or self._started_ns) > self.cfg.alertmanager_silent_seconds * 1e9
        return Facts(
            seen=seen,
            chain=chain,
            now_ns=now,
            overdue_seconds=self.cfg.overdue_seconds,
            bad_frames_lately=bad,
            refused_lately=refused,
            log_failed=self.logbook.failed,
            alertmanager_silent=silent if expected else None,
        )

    def _desk_alarms(self, desk: DeskResult) -> Sequence[Alarm]:
        if desk.ready:
            return desk.alarms
        readable = self.view.refresh().readable
        text = "The alarms read the history of the ledger." if readable else "No ledger to read: nothing is judged."
        return [
            Alarm(
                name=name,
                system=system,
                severity="page",
                state=State.UNKNOWN,
                text=text,
                action="",
                runbook=runbook(name),
            )
            for name, system in (("BackgroundRateExcursion", "background"), ("TriggerRateExcursion", "trigger"))
        ]

    def _read_log(self, seen: Seen) -> None:
        """Read lines that are new; the first time, those of before the start."""
        mark = (seen.times_opened, seen.log_id)
        if not seen.readable or mark == self._log_read:
            return
        try:
            self._acknowledged.read(self.view.ask(lambda ledger: ledger.log(kind="acknowledge", last=LOG_ROWS)))
            if self._log_read is None:
                self.alerts.read(self.view.ask(lambda ledger: ledger.log(kind="alert", last=LOG_ROWS)))
            self._log_read = mark
        except DumpwatchError as error:
            log.warning("operations log: %s", error)

    def _settle(self, seen: Seen) -> None:
        """End acknowledgements of alarms that resolved or worsened, and say so in the log."""
        if not seen.readable or not self.desk.result.ready:
            return
        states = [*self._desk_alarms(self.desk.result), *chain_alarms(self._facts(seen))]
        self._ended |= set(self._acknowledged.settle(states))
        if self.clock_ns() < self._write_again_ns:
            return
        for ended in sorted(self._ended, key=lambda release: release.subject):
            if self._write(ended) is None:
                self._write_again_ns = self.clock_ns() + RETRY_NS
                return
            self._ended.discard(ended)

    def _write(self, ended: Release) -> LogRow | None:
        text = f"{ended.subject} {ended.why}: the acknowledgement of {ended.who} ends"
        try:
            return self.logbook.add(
                kind="acknowledge", who=ACTOR, subject=ended.subject, text=text, document={RELEASED: ended.why}
            )
        except DumpwatchError as error:
            log.warning("operations log: %s", error)
            return None
