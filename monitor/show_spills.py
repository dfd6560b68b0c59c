"""Spills and their history as tables for people and as documents for scripts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from rich.console import Console
from rich.table import Table

from monitor.accounting.judge import Judgement
from monitor.ledger import Revision
from monitor.spill import Spill, spill_report
from monitor.totals import Totals

Judged = Sequence[tuple[Spill, Judgement]]


def spills_document(rows: Judged, totals: Totals, run: int | None) -> dict[str, Any]:
    """Build the JSON form: run, spills, totals, and the judgement of each spill by run/burst."""
    report = spill_report([spill for spill, _ in rows], totals.model_dump(mode="json"), run)
    judged = {f"{spill.run}/{spill.burst}": judgement.model_dump() for spill, judgement in rows}
    return {**report, "judgements": judged}


def show_spills(rows: Judged, totals: Totals) -> None:
    """Print a table of spills."""
    modes = ", ".join(sorted({spill.mode for spill, _ in rows})) or "none"
    table = make_table(f"{totals.n_spills} spills, {totals.n_incomplete} incomplete; data: {modes}", _protons(totals))
    for name in ("burst", "SOB (UTC)", "state"):
        table.add_column(name, no_wrap=True)
    for name in ("POT e12", "B2 A", "events", "missing", "Q1", "H2", "open"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("good, or why not")
    for spill, judgement in rows:
        sent = [str(spill.triggers[name].sent) if name in spill.triggers else "-" for name in ("Q1", "H2")]
        table.add_row(
            f"{spill.run}/{spill.burst}",
            short_time(spill.sob_time_ns),
            "ok" if spill.state == "COMPLETE" else "[yellow]PART[/yellow]",
            "-" if spill.pot is None else f"{spill.pot / 1e12:.3f}",
            "-" if spill.b2_current_a is None else f"{spill.b2_current_a:.0f}",
            str(spill.n_counted),
            str(spill.n_missing),
            *sent,
            str(sum(sum(regions.values()) for regions in spill.candidates.values())),
            words(judgement.good, judgement.reasons),
        )
    Console().print(table)


def show_history(key: str, rows: Sequence[Revision]) -> None:
    """Print every revision of a spill."""
    table = make_table(f"Spill {key}: {len(rows)} rows, the last one stands", "times in UTC")
    for name in ("rev", "booked", "who", "change", "state", "POT", "missing"):
        table.add_column(name, no_wrap=name != "change")
    table.add_column("good, or why not")
    table.add_column("why")
    for row in rows:
        change = "-" if row.field is None else f"{row.field} {row.old} -> {row.new}"
        pot = "-" if row.pot is None else f"{row.pot:.4e}"
        judged = words(row.good, row.reasons)
        plain = (row.who, change, row.state, pot, str(row.n_missing), judged, row.why)
        table.add_row(str(row.revision), short_time(row.booked_ns), *plain)
    Console().print(table)


def words(good: bool, reasons: Sequence[str]) -> str:
    """Say whether a spill is good, and what speaks against it."""
    return " ".join(["good", *reasons] if good else reasons)


def short_time(time_ns: int) -> str:
    """Month, day, hour and minute (UTC) of a wall clock; `unknown` for one that cannot be right."""
    try:
        return datetime.fromtimestamp(time_ns / 1e9, UTC).strftime("%m-%d %H:%M")
    except (OverflowError, ValueError, OSError):
        return "unknown"


def make_table(title: str, caption: str) -> Table:
    """Make a table that fits into 80 columns."""
    return Table(title=title, caption=caption, box=None, padding=(0, 1, 0, 0), pad_edge=False)


def _protons(totals: Totals) -> str:
    text = f"POT {totals.pot:.3e} +- {totals.pot_error:.1e} (20 %, fully correlated)"
    text += f"; {totals.n_without_pot} spills without POT" if totals.n_without_pot else ""
    for kind, part in totals.biased.items():
        stand_for = f"{part.n_spills} spills that stand for {part.equivalent_pot:.3e} POT"
        text += f"\nbiased ({kind}): {stand_for}, none on target"
    return text
