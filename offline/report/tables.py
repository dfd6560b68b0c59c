"""The tables of a report."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from offline.backgrounds.combinatorial import region_of
from offline.backgrounds.compare import Compared
from offline.backgrounds.observed import opened_counts
from offline.backgrounds.summary import compared, compared_anti0
from offline.report.analysis import Analysis
from offline.report.plots import muon_pairs
from offline.report.sample import TITLES, Kind, Sample
from offline.report.table import MASKED, Cell, Column, Table


def exposure_table(sample: Sample) -> Table:
    """What was given."""
    columns = (
        Column("bursts", independent=True), Column("spills"), Column("protons on target"), Column("without protons"),
        Column("incomplete"), Column("used for"),
    )  # fmt: skip
    used = {sample.search_kind: "pairs"}
    if sample.control.spills.num_rows:
        used[Kind.BEAM] = "pairs, single tracks" if sample.search_kind is Kind.BEAM else "single tracks"
    rows = tuple(
        (TITLES[e.kind], e.n_spills, e.pot, e.n_unknown, e.n_incomplete, used.get(e.kind, "nothing"))
        for e in sample.exposures
    )
    note = "Protons of biased bursts are those they stand for; they were never on target and are in no sum of beam."
    return Table("exposure", "Sample", columns, rows, note)


def compared_tables(analysis: Analysis) -> list[Table]:
    """Expected beside counted in every open region, and the published numbers beside both."""
    found = compared(analysis.found, analysis.opened)
    scale = analysis.found.scale
    said = f"{scale[0]:.2f} +- {scale[1]:.2f}" if scale else "not made: no same-sign pairs"
    notes = {
        "absolute": "Absolute weight; its 15 % are common to all rows. As table 2 of CERN-EP-2023-032.",
        "normalised": f"All components; random pairs normalised to same-sign pairs, scale {said}. As table 3.",
        "hadrons": "e e and hadrons. Published: sums of the talks 2024 and 2025 in CR and SR.",
    }
    titles = {
        "absolute": "Random muon pairs, absolute weight",
        "normalised": "Opposite-sign muon pairs",
        "hadrons": "Electrons and hadrons",
    }
    return [_compared(f"compared_{name}", titles[name], rows, notes[name]) for name, rows in found.items() if rows]


def _compared(key: str, title: str, rows: Sequence[Compared], note: str) -> Table:
    columns = (
        Column("channel", independent=True), Column("region", independent=True), Column("region in the paper"),
        Column("expected"), Column("error"), Column("upper limit"), Column("observed"), Column("P(N >= observed)"),
        Column("P(L <= observed)"), Column("published expected, 1.4e17 protons"), Column("published observed"),
    )  # fmt: skip
    cells: list[tuple[Cell, ...]] = []
    for row in rows:
        printed = row.published
        observed: Cell = MASKED if row.observed is None else row.observed
        cells.append(
            (
                row.channel, row.region, region_of(row.region), row.expected, row.error, row.upper, observed,
                row.p_at_least, row.p_likelihood, printed.value if printed else None,
                printed.observed if printed else None,
            )
        )  # fmt: skip
    return Table(key, title, columns, tuple(cells), note)


def anti0_table(analysis: Analysis) -> Table | None:
    """Pairs of hadrons of the beam before and after the ANTI0 acceptance, beside the published ones."""
    columns = (
        Column("ANTI0 acceptance", independent=True), Column("channel", independent=True),
        Column("region", independent=True), Column("expected"), Column("error"), Column("observed"),
        Column("P(L <= observed)"), Column("published expected, 1.4e17 protons"), Column("its error"),
        Column("published observed"),
    )  # fmt: skip
    rows: list[tuple[Cell, ...]] = []
    for when, compared_rows in compared_anti0(analysis.found, analysis.opened).items():
        for row in compared_rows:
            seen: Cell = MASKED if row.observed is None else row.observed
            printed = row.published
            known = (printed.value, printed.up, printed.observed) if printed else (None, None, None)
            rows.append((when, row.channel, row.region, row.expected, row.error, seen, row.p_likelihood, *known))
    if not rows:
        return None
    hole = analysis.config.channels.anti0_hole_mm
    note = (
        f"Before: pairs with a track through the hole of ANTI0, within {hole:g} mm, are counted as well; outside CR "
        "and SR only. After: as all other tables, and as sealed. Expected: K+ to 3 pi and upstream interactions; "
        "published: K+, Vulcano talk 2024."
    )
    return Table("anti0", "Hadrons of the beam, before and after the ANTI0 acceptance", columns, tuple(rows), note)


def totals_table(analysis: Analysis) -> Table:
    """All nine channels in CR and SR."""
    columns = (
        Column("channel", independent=True), Column("region", independent=True), Column("expected"),
        Column("error down"), Column("error up"), Column("upper limits"), Column("observed"), Column("components"),
        Column("published, 1.4e17 protons"),
    )  # fmt: skip
    rows: list[tuple[Cell, ...]] = []
    opened = opened_counts(analysis.opened)
    for row in analysis.totals:
        parts = ", ".join(dict.fromkeys(part.component for part in row.components))
        seen: Cell = opened.get((row.channel, row.region), MASKED)
        total = row.total
        rows.append(
            (row.channel, row.region, total.value, total.down, total.up, total.upper, seen, parts, row.published.value)
        )
    note = "For the protons of this sample. Limits stand apart: they are no expectation and are not added to it."
    return Table("all_channels", "Background of all nine channels", columns, tuple(rows), note)


def components_table(analysis: Analysis) -> Table:
    """Every component of every channel and region, with its method."""
    columns = (
        Column("component", independent=True), Column("channel", independent=True), Column("region", independent=True),
        Column("expected"), Column("statistical"), Column("systematic"), Column("open part"), Column("upper limit"),
        Column("method"),
    )  # fmt: skip
    rows = tuple(
        (r.component, r.channel, r.region, r.value, r.stat, r.syst, r.open_value, r.upper, r.source)
        for r in analysis.found.rows
        if r.value > 0 or r.upper is not None
    )
    return Table("components", "Components", columns, rows, "Rows with nothing expected and no limit are left out.")


def cut_flow_table(analysis: Analysis) -> Table:
    """Steps of the mu mu selection, of pairs that are visible: no step counts an event that is masked."""
    records, config = analysis.sample.search, analysis.config
    n_triggers = [int(np.nansum(records.of("spills", name).astype(np.float64))) for name in ("q1_sent", "h2_sent")]
    flags = records.of("pairs", "trigger_flags").astype(np.int64)
    h2 = flags & 1 << config.reco.h2_flag_bit != 0
    opposite = records.of("pairs", "charge_1") != records.of("pairs", "charge_2")
    muons = muon_pairs(records, config, lav=True)
    quiet = muon_pairs(records, config)
    steps: list[tuple[Cell, ...]] = [
        ("events counted", int(np.nansum(records.of("spills", "n_counted").astype(np.float64)))),
        ("Q1 triggers kept", n_triggers[0]), ("H2 triggers kept", n_triggers[1]),
        ("visible events with one vertex", records.pairs.num_rows), ("and H2", int(np.count_nonzero(h2))),
        ("two muons in the fiducial volume", int(np.count_nonzero(muons))),
        ("no LAV hit", int(np.count_nonzero(quiet))),
        ("opposite charge: candidates in the open regions", int(np.count_nonzero(quiet & opposite))),
    ]  # fmt: skip
    note = (
        "An event with several tracks is kept only when it is proven visible; masked ones lie among all others that "
        "are not, and no difference of two steps counts them."
    )
    return Table("cut_flow", "Cut flow, open events only", (Column("step", independent=True), Column("events")),
                 tuple(steps), note)  # fmt: skip


def overlay_table(analysis: Analysis) -> Table | None:
    """What the weight of the overlay is made of."""
    overlay = analysis.found.overlay
    if overlay is None:
        return None
    w, keys = overlay.weight, analysis.config.analysis
    rows: tuple[tuple[Cell, ...], ...] = (
        ("single muons", w.n_singles, None, f"{w.n_spills} spills, {w.pot:.3g} protons"),
        ("time window [ns]", keys.pair_window_ns, None, "configuration, assumed"),
        ("effective over full spill length", w.form_factor.duty, w.form_factor.duty * w.form_factor.relative_error,
         f"{w.form_factor.n_pairs} pairs of tracks close in time"),
        ("muons that fire H2 alone", w.self_firing.value, w.self_firing.error, w.self_firing.source),
        ("H2 efficiency", w.h2_efficiency.value, w.h2_efficiency.error, w.h2_efficiency.source),
        ("random pairs in acceptance", w.pairs, w.pairs * w.relative_error, "of the spills of the single muons"),
        ("of these without a LAV hit", overlay.veto_kept, None, "single muons"),
    )  # fmt: skip
    columns = (Column("quantity", independent=True), Column("value"), Column("error"), Column("from"))
    left = ", ".join(f"{n} {reason}" for reason, n in w.left_out.items())
    note = f"Spills left out: {left}." if left else "No spill was left out."
    return Table("overlay", "Weight of random pairs", columns, rows, note)
