"""The tables of a report that are about signals and about what was opened."""

from __future__ import annotations

import numpy as np

from offline.backgrounds.compare import Sum
from offline.backgrounds.expected import Region
from offline.report.analysis import Analysis
from offline.report.limits import ModelLimit
from offline.report.table import MASKED, Cell, Column, Table
from offline.statistics.background import Background
from offline.statistics.bands import SIGMAS
from offline.statistics.contour import Exclusion
from offline.statistics.thresholds import region_thresholds

REGIONS: tuple[Region, Region] = ("SR", "CR")
POINTS = 12
"""Masses of the yield table: a choice of those of the plane."""


def limit_table(limit: ModelLimit) -> Table:
    """Limits on signal events, and the excluded ranges."""
    rows: list[tuple[Cell, ...]] = []
    for sigma, events in zip(SIGMAS, limit.band.limits, strict=True):
        name = "expected" if sigma == 0.0 else f"expected {sigma:+g} sigma"
        rows.append((name, events, *_ranges(limit.expected[sigma])))
    if limit.observed is not None:
        rows.append((f"observed, {limit.n_obs} events", limit.limit, *_ranges(limit.observed)))
    else:
        rows.append(("observed", MASKED, None, None, None, None, None))
    columns = (
        Column("limit", independent=True), Column("signal", "events"), Column("lowest mass", "GeV/c2"),
        Column("highest mass", "GeV/c2"), Column("lowest coupling"), Column("highest coupling"),
        Column("excluded area", "decades2"),
    )  # fmt: skip
    note = f"{limit.grid.pot:.3g} protons on target; mass and coupling each on {len(limit.grid.masses)} points."
    return Table(
        f"limit_{limit.model}_{limit.channel}", f"Limits, {_name(limit)}", columns, tuple(rows), note
    )  # fmt: skip


def yield_table(limit: ModelLimit) -> Table:
    """Largest yield of some masses, and the coupling it is at."""
    grid = limit.grid
    chosen = np.unique(np.linspace(0, len(grid.masses) - 1, POINTS).round().astype(int))
    modes = tuple(grid.by_mode)
    rows: list[tuple[Cell, ...]] = []
    for i in chosen:
        j = int(np.argmax(grid.events[i]))
        parts = tuple(float(grid.by_mode[mode].value[i, j]) for mode in modes)
        number = (float(grid.masses[i]), float(grid.couplings[j]), float(grid.events[i, j]), float(grid.error[i, j]))
        rows.append((*number, *parts))
    columns = (
        Column("mass", "GeV/c2", independent=True), Column("coupling of the largest yield"), Column("expected events"),
        Column("statistical error of the acceptance"), *(Column(f"of these {mode}") for mode in modes),
    )  # fmt: skip
    note = "In the signal region after the whole selection. Source: CERN-EP-2023-032, eq. (8)."
    return Table(f"yield_{limit.model}_{limit.channel}", f"Expected signal, {_name(limit)}", columns, tuple(rows), note)


def thresholds_table(analysis: Analysis) -> Table:
    """Fewest events that would be five standard deviations, in SR and in SR and CR together, of every channel."""
    sums = {(row.channel, row.region): row.total for row in analysis.totals}
    rows: list[tuple[Cell, ...]] = []
    for channel in dict.fromkeys(channel for channel, _ in sums):
        sr, cr = (_law(sums[channel, region]) for region in REGIONS)
        if sr is None or cr is None:
            rows.append((channel, None, None))
            continue
        least = region_thresholds(sr, cr)
        rows.append((channel, least.sr, least.sr_and_cr))
    columns = (Column("channel", independent=True), Column("SR", "events"), Column("SR and CR", "events"))
    note = (
        "Two-sided five standard deviations from background alone, its error integrated out (gamma law), the whole "
        "region as one window. Limits of components without an expectation are not in it. '-': no expectation."
    )
    return Table("five_sigma", "Fewest events of a discovery", columns, tuple(rows), note)


def _law(total: Sum) -> Background | None:
    """Law of a background; None where nothing is expected."""
    return Background(total.value, max(total.down, total.up)) if total.value > 0.0 else None


def opened_table(analysis: Analysis) -> Table | None:
    """What has been opened, of whatever spills."""
    blocks = analysis.log.blocks
    if not blocks:
        return None
    columns = (
        Column("channel", independent=True), Column("region", independent=True), Column("count"), Column("spills"),
        Column("protons on target"), Column("last opened"), Column("the spills of this report"),
    )  # fmt: skip
    rows = tuple(
        (
            b.channel,
            region,
            n,
            len(b.bursts),
            float(b.pot),
            b.when,
            "yes" if b.bursts == analysis.sample.bursts else "no",
        )
        for b in blocks
        for region, n in sorted(b.counts.items())
    )
    return Table("opened", "Opened counts", columns, rows, f"Head of the opening log: {analysis.log.log_head}")


def _ranges(region: Exclusion) -> tuple[Cell, ...]:
    if region.mass_range is None or region.coupling_range is None:
        return (None, None, None, None, 0.0)
    return (*region.mass_range, *region.coupling_range, region.area)


def _name(limit: ModelLimit) -> str:
    return f"dark {limit.model} to {limit.channel}" if limit.model != "alp" else f"ALP to {limit.channel}"
