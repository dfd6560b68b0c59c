"""Protons, goals, gaps and the K3pi cross-check as tables for people and as documents for scripts."""

from __future__ import annotations

import csv
import sys
from collections.abc import Sequence
from typing import Any

from rich.console import Console

from daq.config.accounting import AccountingConfig
from monitor.accounting.gaps import Gaps
from monitor.accounting.judge import Judgement
from monitor.accounting.k3pi import K3piCheck, K3piRow, check
from monitor.accounting.projection import Projection
from monitor.ledger import GoodTotals, Ledger, PotRow, Selection
from monitor.show_spills import make_table, short_time
from monitor.spill import Spill


def pot_document(books: Ledger, by: str, rows: Sequence[PotRow], wanted: Selection) -> dict[str, Any]:
    """Build the JSON form; rows of single spills carry live fraction, weights, quality and judgement as well."""
    plain = [row.model_dump() for row in rows]
    if by == "spill":
        details = [spill_details(spill, judgement) for spill, judgement in books.select(wanted)]
        plain = [{**row, **more} for row, more in zip(plain, details, strict=True)]
    return {
        "by": by,
        "run": wanted.run,
        "quality": wanted.quality,
        "rows": plain,
        "totals": books.totals(wanted.run).model_dump(mode="json"),
        "good": books.good(wanted.run).model_dump(),
    }


def spill_details(spill: Spill, judgement: Judgement) -> dict[str, Any]:
    """What the accounting of one spill needs beside its protons; a weight is generated over sent, null for none."""
    weights = {name: mask.generated / mask.sent if mask.sent else None for name, mask in spill.triggers.items()}
    return {
        "run": spill.run,
        "burst": spill.burst,
        "good": judgement.good,
        "reasons": judgement.reasons,
        "t10_intensity": spill.t10_intensity,
        "b2_current_a": spill.b2_current_a,
        "live_fraction": spill.live_fraction,
        "weights": weights,
    }


def print_csv(rows: Sequence[PotRow]) -> None:
    """Print rows as comma-separated values."""
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(PotRow.model_fields)
    writer.writerows(row.model_dump().values() for row in rows)


def show_pot(by: str, rows: Sequence[PotRow]) -> None:
    """Print a table of protons."""
    heading = {"spill": "burst", "run": "run", "day": "day (UTC)", "b2": "B2 [A]"}[by]
    caption = "errors: 20 %, fully correlated; noise: from spill to spill, in quadrature"
    n_biased, stand_for = sum(row.n_biased for row in rows), sum(row.equivalent_pot for row in rows)
    caption += f"\n{n_biased} biased spills stand for {stand_for:.3e} POT, none on target" if n_biased else ""
    table = make_table(f"Protons on target by {by}", caption)
    for name in (heading, "spills", "good", "part", "no POT", "POT", "error", "noise", "sum of POT", "error"):
        table.add_column(name, justify="right", no_wrap=True)
    for row in rows:
        counts = (row.n_spills, row.n_good, row.n_incomplete, row.n_without_pot)
        protons = (f"{row.pot:.3e}", f"{row.pot_error:.1e}", f"{row.pot_spill_error:.1e}")
        running = (f"{row.running_pot:.3e}", f"{row.running_pot_error:.1e}")
        table.add_row(row.key, *(str(n) for n in counts), *protons, *running)
    Console().print(table)


def show_goals(good: GoodTotals, rows: Sequence[Projection]) -> None:
    """Print goals and the days on which they will be reached."""
    reasons = ", ".join(f"{name} {n}" for name, n in good.reasons.items()) or "none"
    title = f"POT of {good.n_good} good spills: {good.pot:.4e} +- {good.pot_error:.1e} (20 %, fully correlated)"
    table = make_table(title, f"{good.n_not_good} spills are not good ({good.pot_not_good:.3e} POT): {reasons}")
    for name in ("goal", "reached", "per day", "error", "days", "date (UTC)", "pace +-", "protons +-20 %"):
        table.add_column(name, justify="right", no_wrap=True)
    for row in rows:
        pace = "-" if row.pot_per_day is None else f"{row.pot_per_day:.2e}"
        error = "-" if row.pot_per_day_error is None else f"{row.pot_per_day_error:.1e}"
        spans = [f"{row.earliest or '?'} to {row.latest or 'never'}"]
        spans.append(f"{row.earliest_scale or '?'} to {row.latest_scale or '?'}")
        ends = [row.date, *spans] if row.date else [row.reason or "-", "", ""]
        table.add_row(f"{row.goal:.2g}", f"{row.fraction:.2%}", pace, error, str(row.n_days), *ends)
    Console(soft_wrap=True).print(table)


def show_gaps(found: Gaps) -> None:
    """Print what is absent, pauses, and what came again."""
    for hole in found.absent:
        numbers = f"{hole.first}" if hole.n == 1 else f"{hole.first} to {hole.last}"
        sys.stdout.write(f"run {hole.run}: burst {numbers} not in the ledger ({hole.n})\n")
    for pause in found.pauses:
        sys.stdout.write(f"run {pause.run}: {pause.seconds:.0f} s between burst {pause.before} and {pause.after}\n")
    said = {"already": "with the same content, ignored", "refused": "with other content, refused"}
    for again in found.repeats:
        often = f"came again {again.n} times {said[again.kind]}, last {short_time(again.last_ns)}"
        sys.stdout.write(f"run {again.run} burst {again.burst}: {often}\n")
    n_absent = sum(hole.n for hole in found.absent)
    sys.stdout.write(f"{n_absent} bursts absent, {len(found.pauses)} pauses, {len(found.repeats)} repeated\n")


def k3pi_checks(rows: Sequence[tuple[K3piRow, int | None]], rules: AccountingConfig) -> tuple[list[K3piCheck], int]:
    """Compare run by run and over all; the second number counts spills without known protons."""
    known = [(row, protons) for row, protons in rows if protons]
    groups: dict[str, list[tuple[K3piRow, int]]] = {}
    for row, protons in known:
        groups.setdefault(str(row.run), []).append((row, protons))
    if len(groups) > 1:
        groups["all"] = known
    checks = [check(key, members, rules) for key, members in groups.items()]
    return [found for found in checks if found is not None], len(rows) - len(known)


def show_k3pi(rows: Sequence[K3piCheck], n_without: int, agreement: float) -> None:
    """Print the cross-check."""
    caption = f"agrees: within {agreement:.0%} of one; {n_without} spills have no protons in the ledger"
    table = make_table("Kaon decays at 105-180 m: from selected K3pi over expected from T10", caption)
    for name in ("run", "spills", "K3pi", "POT", "found", "expected", "ratio", "error", "agrees"):
        table.add_column(name, justify="right", no_wrap=True)
    for row in rows:
        kaons = (f"{row.n_kaons:.4e}", f"{row.n_expected:.4e}", f"{row.ratio:.3f}", f"{row.ratio_error:.3f}")
        plain = (row.key, str(row.n_spills), str(row.n_k3pi), f"{row.pot:.3e}")
        table.add_row(*plain, *kaons, "yes" if row.agrees else "[red]NO[/red]")
    Console().print(table)
