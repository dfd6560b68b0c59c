"""What the page says about the running chain. Pure functions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from monitor.api.systems import SystemState
from monitor.metrics import FRAME_REASONS, OTHER
from monitor.spill import Public
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
    "unbooked",
    "commit_ms",
)
_WORDS = {"mode": ("BEAM_DUMP", "KAON", "EMULATED", "BIASED"), "phase": ("spill", "closing", "gap", "idle")}

CHAIN_SILENT_S = 5.0
"""Provisional status older than this says nothing about now [s]."""


KindOfKeys = Literal["demonstration", "real"]


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
    unbooked: int | None = None
    """Closed bursts that the ledger did not take yet."""
    commit_ms: int | None = None
    """EOB to committed row of the newest burst, in steps of 10 [ms]."""
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
    sealing_keys: KindOfKeys | None
    """Of the key set in the configuration; None: there is none, or it cannot be read."""


class LedgerState(Public):
    """Whether the ledger answers, and the number of its newest row."""

    readable: bool
    entry: int


class SealedChain(Public):
    """The chain of sealed spills: whoever writes it down can show later that nothing was cut off or written anew."""

    spills: int
    head: str
    """64 hexadecimal digits, random to who has no private key."""


class WitnessEvent(Public):
    """The chain after one sealed spill."""

    run: int
    burst: int
    revision: int
    spills: int
    """Length of the chain with this spill."""
    head: str


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
    sealed: SealedChain | None
    """None while the ledger cannot be read."""
    chain: Chain
    systems: list[SystemState]
    """Beam, trigger, background, accounting, chain, alarms: always these, in this order."""
    viewers: int
    settings: Settings


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
