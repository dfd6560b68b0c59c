"""What is kept of the events of the validation: candidates, and the muons that pairs are mixed from."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from streaming.reco.arrays import F64, I8, I64, Flags


@dataclass(frozen=True, slots=True)
class Candidates:
    """Events with exactly one two-track vertex of good tracks, n of them; first and second track in the order found.

    time_ns : of the trigger, since SOB
    h2, lav : the event has H2; a LAV hit is within the veto window of the reference time
    channel : row of `streaming.tally.CHANNELS` with all vetoes, -1 for none
    pid, charge, p_gev : (n, 2)
    cda_vertex_mm, z_vertex_m, delta_t_ns, z_tax_m, cda_tax_mm : (n,)
    mass_pipi_gev, mass_mumu_gev : (n,)
    anti0_mm : (n, 2)    distance of the tracks from the axis at ANTI0
    """

    time_ns: F64
    h2: Flags
    lav: Flags
    channel: I64
    pid: I8
    charge: F64
    p_gev: F64
    cda_vertex_mm: F64
    z_vertex_m: F64
    delta_t_ns: F64
    z_tax_m: F64
    cda_tax_mm: F64
    mass_pipi_gev: F64
    mass_mumu_gev: F64
    anti0_mm: F64

    def __len__(self) -> int:
        return len(self.time_ns)

    def where(self, chosen: Flags) -> Candidates:
        """Those of a mask."""
        return Candidates(*(getattr(self, f.name)[chosen] for f in fields(self)))

    def of(self, first: int, second: int) -> Flags:
        """Mask of the pairs whose two tracks are these particles."""
        a, b = self.pid[:, 0], self.pid[:, 1]
        mask: Flags = ((a == first) & (b == second)) | ((a == second) & (b == first))
        return mask

    @property
    def total_charge(self) -> F64:
        """Sum of the two charges."""
        total: F64 = self.charge.sum(axis=1)
        return total


@dataclass(frozen=True, slots=True)
class GoodPairs:
    """Events with two good muons, H2 and no LAV, before isolation and vertex: what accidental pairs are mixed from.

    state : (n, 2, 7)    columns of `streaming.reco.vertex.STATE`
    straw1_mm, lkr_mm : (n, 2, 2)    impact points
    """

    state: F64
    straw1_mm: F64
    lkr_mm: F64

    def __len__(self) -> int:
        return len(self.state)


@dataclass(frozen=True, slots=True)
class Found:
    """All of some frames."""

    candidates: Candidates
    good: GoodPairs


def joined(parts: list[Found]) -> Found:
    """Several, one after the other."""
    candidates = (
        [np.concatenate([getattr(part.candidates, f.name) for part in parts]) for f in fields(Candidates)]
        if parts
        else []
    )
    good = [np.concatenate([getattr(part.good, f.name) for part in parts]) for f in fields(GoodPairs)] if parts else []
    return Found(Candidates(*candidates), GoodPairs(*good))
