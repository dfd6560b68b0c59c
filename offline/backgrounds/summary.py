"""All backgrounds of a sample, and their sum in CR and SR of the nine channels, beside the published one."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from daq.config import Config
from daq.config.processes import SAMPLE_POT
from daq.errors import DataError
from offline.backgrounds.combinatorial import Overlay, combinatorial, make_overlay, normalised, same_sign_scale
from offline.backgrounds.compare import Compared, Sum, compare, summed
from offline.backgrounds.ee import ee, ee_pairs
from offline.backgrounds.emulated import process
from offline.backgrounds.expected import Expected, Region
from offline.backgrounds.hadrons import (
    Controls,
    controls,
    k_short,
    kaon_decays,
    scaled_rows,
    upstream_interactions,
)
from offline.backgrounds.neutrino import neutrinos
from offline.backgrounds.observed import OpenCounts, Opened, counts_before_anti0, open_counts
from offline.backgrounds.prompt import PromptSample, Survival, lav_survival, prompt, prompt_sample
from offline.backgrounds.published import SEARCHED, Published, all_channels, kaons_by_region, prompt_hadrons
from offline.backgrounds.published import combinatorial as published_combinatorial
from offline.minirecords.read import Records

BEAM_HADRONS = ("K+ to 3 pi", "upstream")
"""Components that come through the hole of ANTI0, or start at it: one published number stands for both."""


@dataclass(frozen=True, slots=True)
class Backgrounds:
    """Everything that is expected of a sample.

    rows : the final numbers; combinatorial mu+ mu- normalised to same-sign pairs where that was possible
    absolute : combinatorial pairs of all charges with the absolute weight
    before_anti0 : hadrons outside CR and SR, those with a track through the hole of ANTI0 included
    counts, counts_before_anti0 : open candidates; those of `before_anti0`
    scale : observed over expected same-sign pairs and its error; None where it could not be made
    missing : what could not be estimated, and why
    """

    rows: list[Expected]
    absolute: list[Expected]
    before_anti0: list[Expected]
    counts: OpenCounts
    counts_before_anti0: OpenCounts
    overlay: Overlay | None
    scale: tuple[float, float] | None
    prompt: PromptSample
    survival: Survival
    controls: Controls
    missing: list[str] = field(default_factory=list)


class Total(NamedTuple):
    """Sum of all components of a channel in CR or SR, and the published sum."""

    channel: str
    region: Region
    total: Sum
    components: tuple[Expected, ...]
    published: Published


def backgrounds(search: Records, control: Records, config: Config, pot: float, seed: int) -> Backgrounds:
    """Estimate every background of a sample.

    Parameters
    ----------
    search : spills whose pairs are looked at, which `pot` protons on target are behind
    control : spills of beam whose single tracks are used

    An empty sample is no error: what can't be estimated is named in `missing`.
    """
    counts, missing = open_counts(search), []
    rows, absolute = [], []
    overlay = scale = None
    try:
        overlay = make_overlay(control, config, seed, search)
    except DataError as error:
        missing.append(f"combinatorial: not estimated; {error}")
    if overlay is not None:
        absolute = combinatorial(overlay, config, pot)
        scale = same_sign_scale(absolute, counts["mumu_pp", "OUTSIDE"] + counts["mumu_mm", "OUTSIDE"])
        if np.isfinite(scale[1]):
            rows += normalised(absolute, *scale)
        else:
            scale = None
            missing.append("combinatorial: no same-sign pairs to normalise to; the absolute weight is used")
            rows += [row for row in absolute if row.channel == "mumu_os"]
    sample = prompt_sample(search, config)
    rows += prompt(sample, config, pot, process("prompt_mumu", config, seed))
    rows += ee(ee_pairs(search, config), config, pot)
    more, before, seen = _hadrons(search, control, config, pot, seed)
    rows += more + published_prompt_hadrons(pot) + neutrinos()
    survival = lav_survival(sample, config.analysis)
    every = counts_before_anti0(search)
    return Backgrounds(rows, absolute, before, counts, every, overlay, scale, sample, survival, seen, missing)


def totals(found: Backgrounds) -> list[Total]:
    """Sum of the components in CR and SR of all nine channels, in the order of the published summary."""
    regions: tuple[Region, ...] = ("CR", "SR")
    out = []
    for channel in SEARCHED:
        for region in regions:
            parts = tuple(row for row in found.rows if (row.channel, row.region) == (channel, region))
            out.append(Total(channel, region, summed(parts), parts, all_channels()[channel, region]))
    return out


def compared(found: Backgrounds, opened: Opened | None = None) -> dict[str, list[Compared]]:
    """Tables of expected and counted numbers.

    Returns
    -------
    'absolute' : pairs of muons of all charges, absolute weight, beside table 2
    'normalised' : opposite-sign pairs, all components, beside table 3
    'hadrons' : all other channels
    """
    muons = [row for row in found.rows if row.channel == "mumu_os"]
    others = [row for row in found.rows if row.channel != "mumu_os"]
    return {
        "absolute": compare(found.absolute, found.counts, opened, published_combinatorial(2)),
        "normalised": compare(muons, found.counts, opened, published_combinatorial(3)),
        "hadrons": compare(others, found.counts, opened, all_channels()),
    }


def compared_anti0(found: Backgrounds, opened: Opened | None = None) -> dict[str, list[Compared]]:
    """K+ and upstream interactions where published ones can stand beside them, 'before' and 'after' the hole is cut."""
    after = [row for row in found.rows if row.component in BEAM_HADRONS]
    tables = {
        "before": compare(found.before_anti0, found.counts_before_anti0, None, kaons_by_region(before_anti0=True)),
        "after": compare(after, found.counts, opened, kaons_by_region(before_anti0=False)),
    }
    return {when: [row for row in rows if row.published is not None] for when, rows in tables.items()}


def published_prompt_hadrons(pot: float) -> list[Expected]:
    """Prompt pairs of hadrons: the published numbers, by protons; they need a simulation of the TAX and the halo."""
    rows = []
    for (channel, region), row in prompt_hadrons().items():
        interval, half = (row.value - row.down, row.value + row.up), 0.5 * (row.up + row.down)
        made = Expected(
            "prompt", channel, region, row.value, half, 0.0, 0.0, f"{row.source}, by protons", None, 0.68, interval
        )
        rows.append(made.scaled(pot / SAMPLE_POT))
    return rows


def _hadrons(
    search: Records, control: Records, config: Config, pot: float, seed: int
) -> tuple[list[Expected], list[Expected], Controls]:
    seen = controls(search, control, config)
    control_pot = float(np.nansum(control.of("spills", "pot").astype(np.float64)))
    parts = {
        "K+ to 3 pi": kaon_decays(control, config, pot, control_pot, seed),
        "upstream": upstream_interactions(seen.upstream, config, seed),
        "K_S": k_short(config, pot, seed),
    }
    rows = [row for name, part in parts.items() for row in scaled_rows(name, part, config)]
    before = [
        row
        for name in BEAM_HADRONS
        for row in scaled_rows(name, parts[name], config, before_anti0=True)
        if row.region == "OUTSIDE"
    ]
    return rows, before, seen
