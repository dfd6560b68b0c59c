"""Paths of decays, and their weights for any life time.

A life time is given as `reach` = mean decay length over momentum = hbar c / (mass x width) [mm/(GeV/c)].
Source: CERN-EP-2023-032, eqs (8) to (10).
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Self

import numpy as np
from numpy.typing import NDArray

from daq.source.signal.constants import HBAR_C_GEV_MM, HBAR_GEV_S
from streaming.reco.arrays import F64, I64, Flags

F32 = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Paths:
    """Decays flat along Z, n of them.

    flown_mm : float32 (n,)    path from production to decay
    momentum_gev : float32 (n,)
    range_mm : float32 (n,)    path inside the decay range; 0 for a particle that flies upstream
    angle_rad : float32 (n,)    to the beam line
    """

    flown_mm: F32
    momentum_gev: F32
    range_mm: F32
    angle_rad: F32

    def __len__(self) -> int:
        return len(self.flown_mm)

    def where(self, chosen: Flags | I64 | slice) -> Self:
        """Those of a mask, of row numbers or of a slice."""
        return type(self)(*(getattr(self, f.name)[chosen] for f in fields(self)))

    def log_probability(self, reach: float) -> F64:
        """Logarithm of range exp(-D/lambda)/lambda; minus infinity upstream. Source: eq. (10)."""
        length = self.momentum_gev.astype(np.float64) * reach
        with np.errstate(divide="ignore"):
            result: F64 = np.log(self.range_mm.astype(np.float64) / length) - self.flown_mm / length
        return result

    def probability(self, reach: float) -> F64:
        """Part of the particles that a decay stands for: its mean over all decays is P_D."""
        result: F64 = np.exp(self.log_probability(reach))
        return result


def joined_paths(parts: list[Paths]) -> Paths:
    """Several, one after the other."""
    return Paths(*(np.concatenate([getattr(part, f.name) for part in parts]) for f in fields(Paths)))


def reach_of_width(mass_gev: F64 | float, width_gev: F64 | float) -> F64:
    """Reach of a mass and a total width [mm/(GeV/c)]."""
    result: F64 = HBAR_C_GEV_MM / (np.asarray(mass_gev) * np.asarray(width_gev))
    return result


def width_of_lifetime(lifetime_s: F64 | float) -> F64:
    """Total width of a life time [GeV]."""
    result: F64 = HBAR_GEV_S / np.asarray(lifetime_s)
    return result
