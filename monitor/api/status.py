"""What the page says about the running chain, and the short honest list of alarms. Pure functions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from monitor.api.view import Seen
from monitor.metrics import FRAME_REASONS, OTHER
from monitor.spill import Public, Quality
from monitor.totals import Totals

_COUNTS = (
    "run",
    "burst",
    "frames_counted",
    "events_counted",
    "frames_expected",
    "workers",
    "open_bursts",
    "duplicates",
    "refused",
)
_WORDS = {"mode": ("BEAM_DUMP", "KAON", "EMULATED", "BIASED"), "phase": ("spill", "gap", "idle")}

CHAIN_SILENT_S = 5.0
"""Provisional status older than this says nothing about now [s]."""


class MaskedBox(Public):
    """Area of the Z_TAX-CDA_TAX plane that is sealed, guard band included."""

    z_min_m: float
    z_max_m: float
    cda_max_mm: float


class Chain(Public):
    """Provisional status of the chain: lossy, not in the ledger. None is unknown."""

    run: int | None = None
    burst: int | None = None
    mode: str | None = None
    phase: str | None = None
    frames_counted: int | None = None
    events_counted: int | None = None
    frames_expected: int | None = None
    workers: int | None = None
    open_bursts: int | None = None
    duplicates: int | None = None
    refused: int | None = None
    bad_frames: dict[str, int] | None = None
    age_s: float | None = None
    """Since the chain last spoke [s], in steps of 0.1."""


class Settings(Public):
    """What the page must know to draw."""

    page_spills: int
    history_spills: int
    pot_goals: list[float]
    overdue_seconds: float
    masked_box: MaskedBox | None


class LedgerState(Public):
    """Whether the ledger answers, and the number of its newest row."""

    readable: bool
    entry: int


class Status(Public):
    """The chain now."""

    program: str
    instance: str
    """Changes when the server restarts."""
    server_time_ns: int
    ledger: LedgerState
    last_spill_run: int | None
    last_spill_burst: int | None
    last_spill_mode: str | None
    last_spill_age_s: float | None
    """Since the newest row was committed [s]."""
    totals: Totals | None
    chain: Chain
    viewers: int
    settings: Settings


class Alarm(Public):
    """One state, what it means, and what to do."""

    name: str
    state: Literal["OK", "WARN", "ALARM", "UNKNOWN"]
    text: str
    action: str


def read_chain(raw: Mapping[str, object], now_ns: int) -> Chain:
    """Take the known keys of a provisional status, of the right type; anything else is unknown, never zero."""
    values: dict[str, object] = {}
    for name in _COUNTS:
        value = raw.get(name)
        if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
            values[name] = value
    for name, words in _WORDS.items():
        if raw.get(name) in words:
            values[name] = raw[name]
    bad = raw.get("bad_frames")
    if isinstance(bad, Mapping):
        counts: dict[str, int] = {}
        for reason, n in bad.items():
            key = reason if reason in FRAME_REASONS else OTHER
            counts[key] = counts.get(key, 0) + (n if isinstance(n, int) else 0)
        values["bad_frames"] = counts
    updated = raw.get("updated_ns")
    if isinstance(updated, int):
        values["age_s"] = max(0, (now_ns - updated) // 100_000_000) / 10
    return Chain.model_validate(values)


def is_silent(chain: Chain) -> bool:
    """Whether the provisional status says nothing about now."""
    return chain.age_s is None or chain.age_s > CHAIN_SILENT_S


def age_s(booked_ns: int | None, now_ns: int) -> float | None:
    """Seconds since a commit, in steps of 0.1; None when there was none."""
    return None if booked_ns is None else max(0, (now_ns - booked_ns) // 100_000_000) / 10


def alarms(seen: Seen, chain: Chain, now_ns: int, overdue_seconds: float) -> list[Alarm]:
    """List the states of the books and of the chain. Silence is UNKNOWN, never OK."""
    return [
        _ledger(seen),
        _balance(seen),
        _incomplete(seen),
        _arrival(seen, now_ns, overdue_seconds),
        _quality(seen),
        _workers(chain),
    ]


def _ledger(seen: Seen) -> Alarm:
    if seen.readable:
        return Alarm(name="ledger", state="OK", text="The ledger answers.", action="")
    action = "Look at the monitor's log; check the path given with --ledger and the disk. The collector keeps its data."
    return Alarm(name="ledger", state="UNKNOWN", text="The ledger cannot be read.", action=action)


def _balance(seen: Seen) -> Alarm:
    if not seen.readable or seen.totals is None:
        return Alarm(name="balance", state="UNKNOWN", text="No books to check.", action="")
    lost = seen.totals.imbalance
    if lost:
        text = f"{lost} events are neither counted nor missing."
        action = "Stop the run and keep the journals; the books are wrong. Call the DAQ expert."
        return Alarm(name="balance", state="ALARM", text=text, action=action)
    return Alarm(name="balance", state="OK", text="generated = counted + missing.", action="")


def _incomplete(seen: Seen) -> Alarm:
    if not seen.readable or seen.totals is None:
        return Alarm(name="incomplete", state="UNKNOWN", text="No books to check.", action="")
    n = seen.totals.n_incomplete
    if n:
        text = f"{n} of {seen.totals.n_spills} spills are incomplete ({seen.totals.n_missing} events missing)."
        action = "Replay the recorded bursts: a complete replay upgrades them."
        return Alarm(name="incomplete", state="WARN", text=text, action=action)
    return Alarm(name="incomplete", state="OK", text="Every spill is complete.", action="")


def _arrival(seen: Seen, now_ns: int, overdue_seconds: float) -> Alarm:
    age = age_s(seen.booked_ns, now_ns)
    if not seen.readable or age is None:
        return Alarm(name="spills", state="UNKNOWN", text="No spill has been booked.", action="Is the source running?")
    if age > overdue_seconds:
        text = f"No spill for {age:.0f} s."
        return Alarm(name="spills", state="UNKNOWN", text=text, action="Is there beam? Is the source running?")
    return Alarm(name="spills", state="OK", text="Spills arrive.", action="")


def _quality(seen: Seen) -> Alarm:
    if not seen.readable or seen.last_spill is None:
        return Alarm(name="quality", state="UNKNOWN", text="No spill has been booked.", action="")
    flags = [flag for flag in seen.last_spill.quality if flag is not Quality.INCOMPLETE]
    if flags:
        action = "Check the T10 monitor and the magnets; the spill is kept but is not a good one."
        return Alarm(name="quality", state="WARN", text=f"Last spill: {', '.join(flags)}.", action=action)
    return Alarm(name="quality", state="OK", text="The last spill has no flag.", action="")


def _workers(chain: Chain) -> Alarm:
    if is_silent(chain):
        return Alarm(name="chain", state="UNKNOWN", text="The chain says nothing.", action="Is the collector running?")
    if chain.workers == 0:
        return Alarm(name="chain", state="ALARM", text="No worker is ready.", action="Restart the workers.")
    if chain.workers is None:
        return Alarm(name="chain", state="UNKNOWN", text="The number of workers is not known.", action="")
    return Alarm(name="chain", state="OK", text=f"{chain.workers} workers are ready.", action="")
