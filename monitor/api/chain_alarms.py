"""Alarms about the books and the chain, beside those of the alarm desk. Pure; silence is UNKNOWN, never OK.

A text holds no running clock: it changes only when something happened.
"""

from __future__ import annotations

from dataclasses import dataclass

from monitor.alarms.model import Alarm, Severity, State, System, runbook
from monitor.api.status import Chain, age_s, is_silent
from monitor.api.view import Seen
from monitor.spill import Quality, Spill


@dataclass(frozen=True, slots=True)
class Facts:
    """What these alarms are made of."""

    seen: Seen
    chain: Chain
    now_ns: int
    overdue_seconds: float
    bad_frames_lately: int = 0
    """Frames refused in the last minutes."""
    refused_lately: int = 0
    """Bursts refused in the last minutes."""
    log_failed: bool = False
    """The last line of the operations log could not be written."""
    alertmanager_silent: bool | None = None
    """None: it never told its Watchdog, so its silence means nothing."""


@dataclass(frozen=True, slots=True)
class _Kind:
    name: str
    system: System
    severity: Severity
    fine: str
    """What is said when nothing is wrong."""
    action: str

    def alarm(self, state: State, text: str, spill: Spill | None = None) -> Alarm:
        return Alarm(
            name=self.name,
            system=self.system,
            severity=self.severity,
            state=state,
            text=text,
            action=self.action if state is not State.OK else "",
            runbook=runbook(self.name),
            since_run=spill.run if spill else None,
            since_burst=spill.burst if spill else None,
        )

    def ok(self) -> Alarm:
        return self.alarm(State.OK, self.fine)

    def unknown(self, text: str) -> Alarm:
        return self.alarm(State.UNKNOWN, text)


def chain_alarms(facts: Facts) -> list[Alarm]:
    """List the states of the books and of the chain."""
    return [
        _no_spills(facts),
        _trigger_silent(facts),
        _unreadable(facts),
        _unwritable(facts),
        _imbalance(facts),
        _silent(facts),
        _workers(facts),
        _frames_bad(facts),
        _refused(facts),
        _alertmanager(facts),
    ]


def spills_arrive(facts: Facts) -> bool:
    """Whether the newest spill is news."""
    age = age_s(facts.seen.booked_ns, facts.now_ns)
    return facts.seen.readable and age is not None and age <= facts.overdue_seconds


_NO_SPILLS = _Kind(
    "NoSpills",
    "beam",
    "page",
    "Spills arrive.",
    "Is there beam? Is the source running? Look at the state of the chain.",
)
_TRIGGER = _Kind(
    "TriggerSilent",
    "trigger",
    "page",
    "Q1 and H2 trigger.",
    "Check the L0 processor and its inputs: protons came, but a mask made no trigger.",
)
_UNREADABLE = _Kind(
    "LedgerUnreadable",
    "accounting",
    "page",
    "The ledger answers.",
    "Look at the monitor's log; check the path given with --ledger and the disk. The collector keeps its data.",
)
_UNWRITABLE = _Kind(
    "LedgerUnwritable",
    "accounting",
    "page",
    "What is written gets into the ledger.",
    "Is the disk full? Free some space: what was counted is kept and booked by itself.",
)
_BALANCE = _Kind(
    "LedgerImbalance",
    "accounting",
    "page",
    "generated = counted + missing.",
    "Stop the run and keep the journals; the books are wrong. Call the DAQ expert.",
)
_SILENT = _Kind(
    "ChainSilent", "chain", "page", "The chain speaks.", "Is the collector running? Look at its log; restart the chain."
)
_WORKERS = _Kind("WorkersDown", "chain", "page", "Workers are ready.", "Restart the workers; frames wait for them.")
_FRAMES = _Kind(
    "FramesBad",
    "chain",
    "ticket",
    "No bad frames lately.",
    "Look at the collector's log for the sender; a bad frame is asked for again.",
)
_REFUSED = _Kind(
    "BurstsRefused",
    "chain",
    "ticket",
    "No burst was refused lately.",
    "Two sources use one run number, or a burst came back with other content: give every source a run of its own.",
)
_ALERTMANAGER = _Kind(
    "AlertmanagerSilent",
    "alarms",
    "ticket",
    "Alertmanager reports.",
    "Are Prometheus and Alertmanager running? Until they are, nobody is paged.",
)

_NO_BOOKS = "The ledger cannot be read."


def _no_spills(facts: Facts) -> Alarm:
    if not facts.seen.readable:
        return _NO_SPILLS.unknown(_NO_BOOKS)
    if facts.seen.booked_ns is None:
        return _NO_SPILLS.unknown("No spill has been booked.")
    if not spills_arrive(facts):
        return _NO_SPILLS.unknown(f"No spill for more than {facts.overdue_seconds:.0f} s.")
    return _NO_SPILLS.ok()


def _trigger_silent(facts: Facts) -> Alarm:
    last = facts.seen.last_spill
    if not facts.seen.readable or last is None:
        return _TRIGGER.unknown("No spill has been booked." if facts.seen.readable else _NO_BOOKS)
    if not last.pot or Quality.NO_EOB in last.quality or last.mode == "BIASED":
        return _TRIGGER.unknown("The last spill has no protons or no end: its triggers say nothing.")
    silent = [name for name in ("Q1", "H2") if name not in last.triggers or last.triggers[name].generated == 0]
    if silent:
        text = (
            f"Run {last.run} burst {last.burst}: {' and '.join(silent)} made no trigger, with {last.pot:.2g} protons."
        )
        return _TRIGGER.alarm(State.ALARM, text, last)
    return _TRIGGER.ok()


def _unreadable(facts: Facts) -> Alarm:
    if facts.seen.readable:
        return _UNREADABLE.ok()
    if facts.seen.totals is not None:  # it could be read before
        return _UNREADABLE.alarm(State.ALARM, "The ledger could be read and cannot be any more.")
    return _UNREADABLE.unknown("There is no ledger yet, or it cannot be read.")


def _unwritable(facts: Facts) -> Alarm:
    waiting = facts.chain.unbooked or 0
    if waiting:
        text = f"{waiting} closed bursts wait: the ledger does not take them."
        return _UNWRITABLE.alarm(State.ALARM, text)
    if facts.log_failed:
        return _UNWRITABLE.alarm(State.WARN, "The last line of the operations log could not be written.")
    return _UNWRITABLE.ok()


def _imbalance(facts: Facts) -> Alarm:
    totals = facts.seen.totals
    if not facts.seen.readable or totals is None:
        return _BALANCE.unknown(_NO_BOOKS)
    if totals.imbalance:
        return _BALANCE.alarm(State.ALARM, f"{totals.imbalance} events are neither counted nor missing.")
    return _BALANCE.ok()


def _silent(facts: Facts) -> Alarm:
    return _SILENT.unknown("The chain says nothing.") if is_silent(facts.chain) else _SILENT.ok()


def _workers(facts: Facts) -> Alarm:
    if is_silent(facts.chain) or facts.chain.workers is None:
        return _WORKERS.unknown("The number of workers is not known.")
    if facts.chain.workers == 0:
        return _WORKERS.alarm(State.ALARM, "No worker is ready.")
    return _WORKERS.alarm(State.OK, f"{facts.chain.workers} workers are ready.")


def _frames_bad(facts: Facts) -> Alarm:
    if is_silent(facts.chain):
        return _FRAMES.unknown("The chain says nothing.")
    if facts.bad_frames_lately:
        return _FRAMES.alarm(State.WARN, f"{facts.bad_frames_lately} bad frames in the last minutes.")
    return _FRAMES.ok()


def _refused(facts: Facts) -> Alarm:
    if is_silent(facts.chain):
        return _REFUSED.unknown("The chain says nothing.")
    if facts.refused_lately:
        return _REFUSED.alarm(State.WARN, f"{facts.refused_lately} bursts refused in the last minutes.")
    return _REFUSED.ok()


def _alertmanager(facts: Facts) -> Alarm:
    if facts.alertmanager_silent is None:
        return _ALERTMANAGER.alarm(State.OK, "No Alertmanager reports here; the page judges by itself.")
    if facts.alertmanager_silent:
        return _ALERTMANAGER.unknown("Alertmanager has said nothing for too long.")
    return _ALERTMANAGER.ok()
