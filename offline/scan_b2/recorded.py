"""Spills of a scan out of a ledger."""

from __future__ import annotations

from collections.abc import Sequence

from daq.config.halo import HaloFluxConfig
from daq.errors import StoreError
from monitor.halo.regime import setting_of
from monitor.ledger import Ledger
from monitor.ledger.engine import shown
from monitor.spill import Spill
from offline.scan_b2.options import Span


def recorded_spills(url: str, runs: Sequence[int], span: Span | None, cfg: HaloFluxConfig) -> list[Spill]:
    """Spills of these runs at the settings of the scan, in order; of the newest run when none is named.

    Spills that are not usable are among them, so that the report can say why.

    Raises
    ------
    StoreError
        The ledger holds no spill of a run, or none at these settings.
    """
    with Ledger.open(url, readonly=True) as ledger:
        held = [row.run for row in ledger.runs()]
        wanted = sorted(set(runs)) or held[-1:]
        absent = [run for run in wanted if run not in held]
        if absent or not wanted:
            what = f"run {absent[0]}" if absent else "any run"
            msg = f"scan-b2 {shown(url)}: no spill of {what}; the ledger holds {_named(held)}"
            raise StoreError(msg)
        spills = [spill for run in wanted for spill in ledger.spills(run)]
    chosen = spills if span is None else [spill for spill in spills if _is_in(spill, span, cfg)]
    if not chosen:
        settings = sorted({setting for spill in spills if (setting := setting_of(spill)) is not None})
        found = ", ".join(f"{setting:g}" for setting in settings) or "no setting of B2"
        msg = f"scan-b2 {shown(url)}: no spill of run {_named(wanted)} at these settings; found {found} A"
        raise StoreError(msg)
    return chosen


def _is_in(spill: Spill, span: Span, cfg: HaloFluxConfig) -> bool:
    setting = setting_of(spill)
    return setting is not None and span.holds(setting, cfg.setting_tolerance_a)


def _named(runs: Sequence[int]) -> str:
    shown = ", ".join(str(run) for run in runs[-5:])
    return shown if len(runs) <= 5 else f"{shown} and {len(runs) - 5} earlier ones"
