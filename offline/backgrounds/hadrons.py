"""Pairs of hadrons: K+ that decay in the tank, K_S, interactions upstream of it. Source: Vulcano talk 2024.

The number comes from the sample where a control count shows it: single K+ for the decays, pairs upstream of the
fiducial volume for interactions. Where a part of them is found, in the regions too, is of emulated events.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from daq.config import Config
from offline.backgrounds.emulated import Count, Emulated, process
from offline.backgrounds.expected import Expected, Region
from offline.backgrounds.forced import force, single_kaons
from offline.backgrounds.published import SEARCHED
from offline.minirecords.read import Records
from offline.statistics.limits import upper_limit
from offline.validation.measured import count_error

HADRONIC = (*SEARCHED[2:], "pipi_ss")
"""Hadronic channels with a signal region, and same-sign pairs: what a K+ makes when its pi- is lost."""
REGIONS: tuple[Region, ...] = ("OUTSIDE", "OCR1", "OCR2", "OCR3", "OCR123", "CR", "SR")


class Controls(NamedTuple):
    """Visible pairs of hadrons of the side samples: vertex upstream; ANTI0 fired; and single K+."""

    upstream: int
    anti0_inverted: int
    kaons: int


@dataclass(frozen=True, slots=True)
class Scaled:
    """Emulated candidates with how many real ones each stands for, and the error of that factor.

    most : limit of the factor, for what is not seen
    stat : relative, of the control count
    syst : relative, of the method
    """

    found: Emulated
    factor: float
    most: float
    stat: float
    syst: float
    source: str


def controls(search: Records, control: Records, config: Config) -> Controls:
    """Count the side samples, in the open part of the plane."""
    channel = search.of("pairs", "channel")
    upstream, inverted = (int(np.count_nonzero(channel == name)) for name in ("upstream", "anti0_inverted"))
    return Controls(upstream, inverted, len(single_kaons(control, config)))


def kaon_decays(control: Records, config: Config, pot: float, control_pot: float, seed: int) -> Scaled:
    """K+ to three pions: forced decays of the single K+, or the emulated ones where there are too few of these.

    pot, control_pot : protons of the search sample, and of the spills that the single tracks are from
    """
    kaons, syst = single_kaons(control, config), config.analysis.kaon_relative_error
    if len(kaons) >= config.analysis.min_kaons and control_pot > 0:
        found, factor = force(kaons, config, seed)
        source = f"{len(kaons)} single K+ forced to decay"
        factor *= pot / control_pot
        return Scaled(found, factor, factor, 1.0 / math.sqrt(len(kaons)), syst, source)
    found = process("k_plus", config, seed)
    source = f"emulated K+, number from the configuration; {len(kaons)} single K+ are too few"
    return Scaled(found, pot / found.pot, pot / found.pot, 0.0, syst, source)


def upstream_interactions(control: int, config: Config, seed: int) -> Scaled:
    """Interactions upstream of the tank: emulated ones, as many as give the visible control count."""
    found = process("upstream", config, seed)
    made = found.of("upstream").count("OUTSIDE").visible
    most = upper_limit(control, cl=config.analysis.confidence_level) / max(1, made)
    stat, syst = 1.0 / math.sqrt(max(1, control)), config.analysis.kaon_relative_error
    return Scaled(found, control / max(1, made), most, stat, syst, f"{control} visible pairs upstream")


def k_short(config: Config, pot: float, seed: int) -> Scaled:
    """K_S to two pions, from the configuration: their mass window is masked, so the sample shows none to count."""
    found = process("k_short", config, seed)
    return Scaled(found, pot / found.pot, pot / found.pot, 0.0, 1.0, "emulated K_S, number from the configuration")


def scaled_rows(component: str, scaled: Scaled, config: Config, *, before_anti0: bool = False) -> list[Expected]:
    """Expected candidates of every region of the hadronic channels in which emulated ones are found at all.

    Where none is found in a region, or the control count is none, the value is 0 and `upper` the limit of that: also
    where all that are found cross the hole of ANTI0.

    Parameters
    ----------
    before_anti0 : also pairs with a track through the hole of ANTI0, which the chain takes for no hadronic channel
    """
    level, rows = config.analysis.confidence_level, []
    for channel in HADRONIC:
        if len(scaled.found.of(channel, before_anti0=True)) == 0:
            continue
        own = scaled.found.of(channel, before_anti0=before_anti0)
        for region in REGIONS:
            row = _row(component, channel, region, own.count(region), scaled)
            if row.value == 0:
                seen = max(own.count(region).all, upper_limit(0, cl=level))
                row = replace(row, upper=seen * scaled.most, confidence=level)
            rows.append(row)
    return rows


def _row(component: str, channel: str, region: Region, n: Count, scaled: Scaled) -> Expected:
    value = n.all * scaled.factor
    stat = math.hypot(count_error(n.all) * scaled.factor, value * scaled.stat) if n.all else 0.0
    syst = value * scaled.syst
    return Expected(component, channel, region, value, stat, syst, n.visible * scaled.factor, scaled.source)
