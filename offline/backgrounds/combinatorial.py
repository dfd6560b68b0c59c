"""Two unrelated halo muons: the overlay of single muons, absolute and normalised to same-sign pairs.

Source: CERN-EP-2023-032, section 5.2, tables 2 and 3.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from daq.config import Config
from offline.backgrounds.expected import Expected, Region
from offline.backgrounds.regions import open_pairs, region_masks
from offline.minirecords.read import Records
from offline.overlay.mix import Mixed, mix
from offline.overlay.weight import Weight, weigh
from offline.validation.regions import Family
from streaming.reco.arrays import Flags

CHARGES = {"mumu_pp": 2.0, "mumu_mm": -2.0, "mumu_os": 0.0}
SOURCE = "overlay of single muons"


@dataclass(frozen=True, slots=True)
class Overlay:
    """The overlay of a sample.

    weight : how many pairs there are, for the protons of the control sample
    mixed : where they are; both of the muons without a LAV hit
    veto_kept : part of all pairs whose muons both have no LAV hit
    """

    weight: Weight
    mixed: Mixed
    veto_kept: float


def make_overlay(records: Records, config: Config, seed: int, search: Records | None = None) -> Overlay:
    """Put together the single muons of a sample; `search`: records with more pairs, see `weigh`.

    Raises
    ------
    DataError
        There are no usable spills, or too few single muons.
    """
    weight, control = weigh(records, config, search)
    quiet = control.where(~control.lav)
    mixed = mix(quiet.pool, config.reco, np.random.default_rng([seed, 51]), config.analysis.overlay_pairs)
    return Overlay(weight, mixed, (len(quiet) / len(control)) ** 2)


def combinatorial(overlay: Overlay, config: Config, pot: float) -> list[Expected]:
    """Expected pairs of each charge and region for so many protons on target, with the absolute weight.

    The weight scales with the protons at the intensity of the control sample: pairs go as its square.
    """
    mixed, weight = overlay.mixed, overlay.weight
    masks = region_masks(config, Family.MUMU, mixed.z_tax_m, mixed.cda_tax_mm, mixed.mass_pipi_gev)
    shown = open_pairs(config, mixed.z_tax_m, mixed.cda_tax_mm, mixed.mass_pipi_gev, mixed.charge)
    n = weight.pairs * overlay.veto_kept * pot / weight.pot
    rows = []
    for channel, charge in CHARGES.items():
        for region, mask in masks.items():
            chosen: Flags = mask & (mixed.charge == charge)
            value, error = (n * x for x in mixed.part(chosen))
            seen = n * mixed.part(chosen & shown)[0]
            stat, syst = math.hypot(error, value * weight.relative_error), config.analysis.weight_relative_error * value
            rows.append(Expected("combinatorial", channel, region, value, stat, syst, seen, SOURCE))
    return rows


def same_sign_scale(rows: list[Expected], n_observed: int) -> tuple[float, float]:
    """Scale that makes the expected same-sign pairs outside CR as many as were observed, and its error.

    The error is that of the count: shape and systematic error of the weight drop out. Source: CERN-EP-2023-032,
    section 5.2: 61 observed, 71.6 expected, a scale of 0.85 with 13 %.
    """
    expected = sum(row.open_value for row in rows if row.region == "OUTSIDE" and row.channel != "mumu_os")
    if expected <= 0 or n_observed == 0:
        return 1.0, math.inf
    return n_observed / expected, math.sqrt(n_observed) / expected


def normalised(rows: list[Expected], scale: float, scale_error: float) -> list[Expected]:
    """The opposite-sign rows with the scale of the same-sign pairs in place of the absolute weight."""
    found = []
    for row in rows:
        if row.channel != "mumu_os":
            continue
        stat = math.hypot(row.stat * scale, row.value * scale_error)
        found.append(
            Expected(
                row.component,
                row.channel,
                row.region,
                row.value * scale,
                stat,
                0.0,
                row.open_value * scale,
                f"{row.source}, normalised to same-sign pairs",
            )
        )
    return found


def region_of(name: Region) -> str:
    """Name of a region in CERN-EP-2023-032."""
    return {"CR": "VR", "OCR1": "CR1", "OCR2": "CR2", "OCR3": "CR3", "OCR123": "CR1+2+3"}.get(name, str(name))
