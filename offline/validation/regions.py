"""Regions of pairs, by the compiled predicate that the chain uses.

The chain classifies with the regions of the channels it counts; here the electron and hadron families have a row as
well.
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np

from daq.config.reco import BoxM, EllipseM, RegionsConfig
from daq.units import KSHORT_MASS_GEV, MM_PER_M
from streaming.reco.arrays import F64, Flags
from streaming.regions import RegionTable, classify


class Family(IntEnum):
    """Row of the table."""

    MUMU = 0
    EE = 1
    HADRON = 2


class Places:
    """Where pairs are: masks of one family of regions. All masks are bool (n,)."""

    def __init__(self, regions: RegionsConfig, family: Family, z_tax_m: F64, cda_tax_mm: F64, mass_gev: F64) -> None:
        n = len(z_tax_m)
        tax = np.stack((z_tax_m * MM_PER_M, cda_tax_mm), axis=1)
        inside, side = np.full(n, -1), np.full(n, -1)
        classify(tax, mass_gev, np.full(n, int(family)), family_table(regions), inside, side)
        self._inside, self._side = inside, side

    @property
    def sr(self) -> Flags:
        """In the signal region."""
        return np.asarray(self._inside == 0)

    @property
    def cr(self) -> Flags:
        """In the control region, which the mu mu paper calls VR."""
        return np.asarray(self._inside == 1)

    @property
    def outside(self) -> Flags:
        """In neither."""
        return ~(self.sr | self.cr)

    def ring(self, number: int) -> Flags:
        """In OCR1, OCR2 or OCR3, which the mu mu paper calls CR1-3."""
        return np.asarray(self.outside & (self._side == number - 1))


def family_table(regions: RegionsConfig) -> RegionTable:
    """Arrays of all regions, in the order of `Family`."""
    signal, control = [], []
    for family in Family:
        sr: BoxM | EllipseM = getattr(regions, f"{family.name.lower()}_sr")
        cr: BoxM = getattr(regions, f"{family.name.lower()}_cr")
        if isinstance(sr, EllipseM):
            signal.append((1.0, sr.z_centre_m * MM_PER_M, sr.z_half_m * MM_PER_M, sr.cda_half_mm))
        else:
            centre, half = (sr.z_min_m + sr.z_max_m) / 2, (sr.z_max_m - sr.z_min_m) / 2
            signal.append((0.0, centre * MM_PER_M, half * MM_PER_M, sr.cda_max_mm))
        control.append(_box(cr))
    side = [_box(box) for box in (regions.ocr1, regions.ocr2, regions.ocr3)]
    return RegionTable(np.array(signal), np.array(control), np.array(side), regions.ks_half_width_gev, KSHORT_MASS_GEV)


def _box(box: BoxM) -> tuple[float, float, float]:
    return box.z_min_m * MM_PER_M, box.z_max_m * MM_PER_M, box.cda_max_mm
