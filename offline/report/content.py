"""From the numbers of an analysis to the page: sections, warnings, what is masked, where everything is from."""

from __future__ import annotations

import json

from daq.version import PROGRAM_VERSION
from offline.report.analysis import Analysis
from offline.report.limits import ModelLimit
from offline.report.page import Fact, Page, Section
from offline.report.plots import sample_figures
from offline.report.plots_signal import model_figures
from offline.report.sample import TITLES, Kind
from offline.report.table import Column, Table
from offline.report.tables import (
    anti0_table,
    compared_tables,
    components_table,
    cut_flow_table,
    exposure_table,
    overlay_table,
    totals_table,
)
from offline.report.tables_signal import limit_table, opened_table, thresholds_table, yield_table

PUBLISHED_MUMU = (0.215, 0.550)
"""Masses that the published mu mu search excludes [GeV/c2], at couplings of the order of 1e-6. Source:
CERN-EP-2023-032, section 8; its contour itself is on HEPData and is not shipped here."""


def make_page(analysis: Analysis, refused: tuple[str, ...] = ()) -> Page:
    """Lay out a report. `refused`: bursts that are in no number, with the reason."""
    sample = analysis.sample
    runs = ", ".join(map(str, sample.runs))
    kind = TITLES[sample.search_kind]
    sections = (
        _sample(analysis, refused), _backgrounds(analysis), *(_signal(limit) for limit in analysis.limits),
        _masked(analysis), _provenance(analysis),
    )  # fmt: skip
    subtitle = f"Search for hidden particles in beam dump; {kind}. Blind: only open regions show counts."
    return Page(f"Run {runs}: beam-dump analysis", subtitle, _warnings(analysis), _facts(analysis), sections)


def _warnings(analysis: Analysis) -> tuple[str, ...]:
    sample = analysis.sample
    said = [f"Partial: {line}." for line in sample.partial]
    if sample.search_kind is Kind.TWO_TRACK:
        said.append("Emulated bursts that stand for many spills: no beam of this size was taken.")
    modes = set(sample.search.spills["mode"].to_pylist())
    if "EMULATED" in modes:
        said.append("The spills are of the emulated detector.")
    said += [f"Not estimated: {line}." for line in analysis.found.missing]
    return tuple(said)


def _facts(analysis: Analysis) -> tuple[Fact, ...]:
    sample = analysis.sample
    counts = analysis.found.counts
    facts = [
        Fact("protons on target" if sample.search_kind is Kind.BEAM else "equivalent protons", f"{sample.pot:.3g}"),
        Fact("spills", f"{sample.search.spills.num_rows:,}"),
        Fact("opposite-sign muon pairs outside CR", str(counts["mumu_os", "OUTSIDE"])),
        Fact("same-sign muon pairs outside CR", str(counts["mumu_pp", "OUTSIDE"] + counts["mumu_mm", "OUTSIDE"])),
    ]
    sr = next(t for t in analysis.totals if (t.channel, t.region) == ("mumu_os", "SR"))
    facts.append(Fact("background expected in the mu mu signal region", f"{sr.total.value:.2g}"))
    for limit in analysis.limits:
        span = limit.expected[0.0].mass_range
        said = "nothing" if span is None else f"{span[0] * 1e3:.0f}-{span[1] * 1e3:.0f} MeV/c2"
        facts.append(Fact(f"expected exclusion, {limit.model} to {limit.channel}", said))
    return tuple(facts)


def _sample(analysis: Analysis, refused: tuple[str, ...]) -> Section:
    tables = [exposure_table(analysis.sample), cut_flow_table(analysis)]
    if refused:
        rows = tuple((line,) for line in refused)
        tables.append(Table("refused", "Bursts that are in no number", (Column("burst", independent=True),), rows))
    figures = tuple(sample_figures(analysis.sample, analysis.config))
    return Section("sample", "Sample", (), tuple(tables), figures)


def _backgrounds(analysis: Analysis) -> Section:
    tables = [
        *compared_tables(analysis),
        totals_table(analysis),
        thresholds_table(analysis),
        components_table(analysis),
    ]
    more = [table for table in (anti0_table(analysis), overlay_table(analysis)) if table is not None]
    return Section(
        "backgrounds", "Backgrounds, expected and counted",
        ("Expected numbers of open regions are of their open part: the guard bands around the masked regions and the "
         "K_S window are left out on both sides.",),
        (*tables, *more),
    )  # fmt: skip


def _signal(limit: ModelLimit) -> Section:
    title = f"Dark {limit.model} to {limit.channel}" if limit.model != "alp" else f"ALP to {limit.channel}"
    text = ["Limits at 90 % CL (CL_s), with 20 % on the protons and 2.8 % on the efficiency as one nuisance."]
    if (limit.model, limit.channel) == ("photon", "mumu"):
        text.append(published_overlap(limit))
    key = f"signal-{limit.model}-{limit.channel}"
    return Section(key, title, tuple(text), (limit_table(limit), yield_table(limit)), tuple(model_figures(limit)))


def published_overlap(limit: ModelLimit) -> str:
    """How the expected exclusion compares with the published one, as far as that is printed: its masses."""
    low, high = PUBLISHED_MUMU
    printed = f"Published for 1.4e17 protons: {low * 1e3:.0f} to {high * 1e3:.0f} MeV/c2 at couplings of about 1e-6"
    span, couplings = limit.expected[0.0].mass_range, limit.expected[0.0].coupling_range
    if span is None or couplings is None:
        return f"{printed}; with {limit.grid.pot:.3g} protons nothing is excluded here."
    common = max(0.0, min(span[1], high) - max(span[0], low))
    share = common / (max(span[1], high) - min(span[0], low))
    return (
        f"{printed}. Here {span[0] * 1e3:.0f} to {span[1] * 1e3:.0f} MeV/c2, couplings {couplings[0]:.2g} to "
        f"{couplings[1]:.2g}: {share:.0%} of the masses that either excludes are in common."
    )


def _masked(analysis: Analysis) -> Section:
    gate, table = analysis.config.gate, opened_table(analysis)
    text = [
        "Masked: every event with several tracks that is not proven to lie outside the union of all signal and control "
        f"regions of all channels, widened by {gate.guard_z_m:g} m and {gate.guard_cda_mm:g} mm, and outside "
        f"+-{gate.ks_half_width_gev * 1e3:g} MeV/c2 around the K_S. Masked events are in no table and no figure.",
    ]
    if analysis.log.log_head:
        n = len(analysis.log.blocks)
        text.append(
            f"The ledger passed its audit; {n} blocks were opened. Head of the chain: {analysis.log.chain_head}."
        )
    else:
        text.append("No ledger was given, so nothing counts as opened.")
    return Section("masked", "What is masked, and what was opened", tuple(text), (table,) if table else ())


def _provenance(analysis: Analysis) -> Section:
    spills, wanted = analysis.sample.search.spills, analysis.wanted
    digests = {name: ", ".join(sorted(set(spills[name].to_pylist()))) for name in ("config_digest", "mask_digest")}
    rows = (
        ("program", f"dumpwatch {PROGRAM_VERSION}"),
        ("runs", ", ".join(map(str, analysis.sample.runs))),
        ("configuration of the data", digests["config_digest"]),
        ("mask of the data", digests["mask_digest"]),
        ("configuration of the analysis", analysis.config.digest()),
        ("seed", str(wanted.seed)),
        ("protons of the limits", f"{analysis.pot_limits:.6g}"),
        ("keys of [analysis]", json.dumps(analysis.config.analysis.model_dump(mode="json"))),
    )
    table = Table("provenance", "Provenance", (Column("what", independent=True), Column("value")), rows)
    return Section("provenance", "Where the numbers are from", (), (table,))
