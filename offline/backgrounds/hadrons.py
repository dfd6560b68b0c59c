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
from daq.geometry.field import no_field, residual_field
from daq.geometry.planes import Z_REFERENCE_MM
from offline.backgrounds.emulated import Count, Emulated, process
from offline.backgrounds.expected import Expected, Region
from offline.backgrounds.forced import force, single_kaons
from offline.backgrounds.published import SEARCHED
from offline.minirecords.read import Records
from offline.statistics.limits import upper_limit
from offline.validation.measured import count_error
from streaming.reco.arrays import F64, Flags
from streaming.reco.extrapolation import At, extrapolate, plane_table

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


def scaled_rows(component: str, scaled: Scaled, config: Config, *, after_anti0: bool = False) -> list[Expected]:
    """Expected candidates of every region of the hadronic channels in which emulated ones are found at all.

    Where none is found in a region, or the control count is none, the value is 0 and `upper` the limit of that.

    Parameters
    ----------
    after_anti0 : only pairs that point back to ANTI0 outside its hole, as the published numbers in CR and SR; without
        it as the chain selects, which `reco.anti0_inner_mm` decides
    """
    level, rows = config.analysis.confidence_level, []
    for channel in HADRONIC:
        own = scaled.found.of(channel)
        if len(own) == 0:
            continue
        if after_anti0:
            own = own.where(own.anti0_mm > config.analysis.anti0_hole_mm)
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


def pair_anti0_mm(records: Records, config: Config) -> F64:
    """Distance from the axis at ANTI0 of the track of each visible pair that is closer to it [mm]."""
    table = plane_table(config.reco, residual_field() if config.reco.residual_field else no_field())
    found = []
    for k in (1, 2):
        names = ("x_mm", "y_mm", "tx", "ty", "p_gev", "charge")
        x, y, tx, ty, p, q = (records.of("pairs", f"{name}_{k}").astype(np.float64) for name in names)
        state = np.stack((x, y, np.full(len(x), Z_REFERENCE_MM), tx, ty, p, q), axis=1)
        at = extrapolate(np.ascontiguousarray(state), table)[0][:, At.ANTI0]
        found.append(np.hypot(at[:, 0], at[:, 1]))
    return np.minimum(*found)


def points_into_anti0(records: Records, config: Config) -> Flags:
    """Visible pairs of which both tracks point back to ANTI0 outside its hole."""
    result: Flags = pair_anti0_mm(records, config) > config.analysis.anti0_hole_mm
    return result
