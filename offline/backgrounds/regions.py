"""Where pairs are, as the tables of the publications name it, and which of them are open."""

from __future__ import annotations

import numpy as np

from daq.config import Config
from daq.units import MM_PER_M
from offline.backgrounds.expected import Region
from offline.validation.regions import Family, Places
from streaming.reco.arrays import F64, Flags
from streaming.reco.channels import Pid
from streaming.regions import mask_bounds, mask_pairs


def region_masks(config: Config, family: Family, z_tax_m: F64, cda_tax_mm: F64, mass_gev: F64) -> dict[Region, Flags]:
    """Pairs in each region, bool (n,); OCR1-3 do not overlap, and are part of OUTSIDE."""
    places = Places(config.regions, family, z_tax_m, cda_tax_mm, mass_gev)
    rings = {1: places.ring(1), 2: places.ring(2), 3: places.ring(3)}
    return {
        "OUTSIDE": places.outside,
        "OCR1": rings[1],
        "OCR2": rings[2],
        "OCR3": rings[3],
        "OCR123": rings[1] | rings[2] | rings[3],
        "CR": places.cr,
        "SR": places.sr,
    }


def open_pairs(config: Config, z_tax_m: F64, cda_tax_mm: F64, mass_gev: F64, total_charge: F64) -> Flags:
    """Pairs of muons that the gate would show, bool (n,), by its own compiled predicate."""
    n = len(z_tax_m)
    tax = np.stack((z_tax_m * MM_PER_M, cda_tax_mm), axis=1)
    first = np.arange(n)
    charge = np.concatenate((np.where(total_charge < 0, -1.0, 1.0), np.where(total_charge > 0, 1.0, -1.0)))
    pid, hidden = np.full(2 * n, int(Pid.MUON), np.int8), np.empty(n, np.bool_)
    mask_pairs(tax, mass_gev, first, first + n, charge, pid, mask_bounds(config.regions, config.gate), hidden)
    return ~hidden
