"""Regions in the plane of Z_TAX and CDA_TAX, and the mask.

The mask is a predicate on every pair of tracks of an event, from kinematics, before any veto, PID or cut. Visible is
a proof: finite, outside the union of all SR and CR with their guard bands, and outside the K_S window. Every
comparison with NaN is False, so doubt masks. By default neither charge nor PID can open anything: they can be wrong.
Two keys of the gate change that, and then only for tracks that are positively identified:

* `open_same_sign` lifts the region part for same-sign mu mu and for e mu pairs,
* `open_ks_leptons` lifts the K_S part for pairs of leptons (a real K_S whose two pions decay in flight would show).

Without the second key about one muon pair in a hundred is masked by the accident of its pi pi mass.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from daq.config.reco import BoxM, EllipseM, GateConfig, RegionsConfig
from daq.jit import kernel
from daq.units import KSHORT_MASS_GEV, MM_PER_M
from streaming.reco.arrays import F64, I8, I64, Flags
from streaming.reco.channels import CHANNEL_TABLE, Pid
from streaming.tally import CHANNELS


class MaskBounds(NamedTuple):
    """Bounds of the mask; runtime arguments of the kernel, so that no compiled code can hold old ones."""

    z_min_mm: float
    z_max_mm: float
    cda_max_mm: float
    ks_mass_gev: float
    ks_half_gev: float
    open_same_sign: bool
    open_ks_leptons: bool
    muon: int
    electron: int


class RegionTable(NamedTuple):
    """Regions as arrays.

    signal : (n_channels, 4)    1 for an ellipse, 0 for a box; Z centre and Z half width [mm]; CDA limit [mm]
    control : (n_channels, 3)   Z limits [mm], CDA limit [mm]
    side : (3, 3)               likewise OCR1, OCR2, OCR3
    ks_half_gev : float
    """

    signal: F64
    control: F64
    side: F64
    ks_half_gev: float
    ks_mass_gev: float


def mask_bounds(regions: RegionsConfig, gate: GateConfig) -> MaskBounds:
    """Bounds of the union of every SR and CR of every final state, enlarged by the guard bands."""
    boxes = [_edges(getattr(regions, f"{name}_{kind}")) for name in ("mumu", "ee", "hadron") for kind in ("sr", "cr")]
    return MaskBounds(
        z_min_mm=(min(box[0] for box in boxes) - gate.guard_z_m) * MM_PER_M,
        z_max_mm=(max(box[1] for box in boxes) + gate.guard_z_m) * MM_PER_M,
        cda_max_mm=max(box[2] for box in boxes) + gate.guard_cda_mm,
        ks_mass_gev=KSHORT_MASS_GEV,
        ks_half_gev=max(gate.ks_half_width_gev, regions.ks_half_width_gev),
        open_same_sign=gate.open_same_sign,
        open_ks_leptons=gate.open_ks_leptons,
        muon=int(Pid.MUON),
        electron=int(Pid.ELECTRON),
    )


def region_table(regions: RegionsConfig) -> RegionTable:
    """Arrays of all regions, in the order of `CHANNELS`."""
    family = {channel.name: channel.regions for channel in CHANNEL_TABLE}
    signal, control = [], []
    for name in CHANNELS:
        sr: BoxM | EllipseM = getattr(regions, f"{family[name]}_sr")
        z_min, z_max, cda = _edges(sr)
        centre, half = (z_min + z_max) / 2 * MM_PER_M, (z_max - z_min) / 2 * MM_PER_M
        signal.append((float(isinstance(sr, EllipseM)), centre, half, cda))
        control.append(_millimetres(getattr(regions, f"{family[name]}_cr")))
    side = [_millimetres(box) for box in (regions.ocr1, regions.ocr2, regions.ocr3)]
    return RegionTable(np.array(signal), np.array(control), np.array(side), regions.ks_half_width_gev, KSHORT_MASS_GEV)


def _edges(region: BoxM | EllipseM) -> tuple[float, float, float]:
    if isinstance(region, EllipseM):
        return region.z_centre_m - region.z_half_m, region.z_centre_m + region.z_half_m, region.cda_half_mm
    return region.z_min_m, region.z_max_m, region.cda_max_mm


def _millimetres(box: BoxM) -> tuple[float, float, float]:
    return box.z_min_m * MM_PER_M, box.z_max_m * MM_PER_M, box.cda_max_mm


@kernel
def mask_pairs(
    tax: F64, mass: F64, first: I64, second: I64, charge: F64, pid: I8, bounds: MaskBounds, hidden: Flags
) -> None:
    """Fill `hidden` for each pair.

    Parameters
    ----------
    tax : float64 (k, 2)       Z_TAX, CDA_TAX [mm]
    mass : float64 (k,)        pi pi mass [GeV/c2]
    first, second : int64 (k,) tracks of the pair
    charge, pid : (t,)         of the tracks; consulted only where a key of the gate allows it
    hidden : bool (k,)         output: False is a proof
    """
    for k in range(tax.shape[0]):
        z, cda, m, a, b = tax[k, 0], tax[k, 1], mass[k], first[k], second[k]
        finite = math.isfinite(z) and math.isfinite(cda) and math.isfinite(m)
        outside = cda > bounds.cda_max_mm or z < bounds.z_min_mm or z > bounds.z_max_mm
        charged = abs(charge[a]) == 1.0 and abs(charge[b]) == 1.0
        muons = (pid[a] == bounds.muon) + (pid[b] == bounds.muon)
        electrons = (pid[a] == bounds.electron) + (pid[b] == bounds.electron)
        same_sign = charged and charge[a] == charge[b] and muons == 2
        opened = bounds.open_same_sign and (same_sign or (charged and muons == 1 and electrons == 1))
        leptons = bounds.open_ks_leptons and charged and muons + electrons == 2
        clear = abs(m - bounds.ks_mass_gev) > bounds.ks_half_gev or leptons
        hidden[k] = not (finite and (outside or opened) and clear)


@kernel
def classify(line: F64, mass: F64, channel: I64, table: RegionTable, inside: I64, side: I64) -> None:
    """Region of the candidate of each event: `inside` 0 SR, 1 CR, 2 KS, -1 none; `side` 0-2 OCR1-3, 3 further out.

    line : float64 (m, 2)     Z_TAX, CDA_TAX of tracks and photons together [mm]
    mass : float64 (m,)       pi pi mass of the two tracks [GeV/c2]
    channel : int64 (m,)      -1 for no candidate; the outputs stay as they are then
    """
    for e in range(channel.shape[0]):
        if channel[e] < 0:
            continue
        z, cda, c = line[e, 0], line[e, 1], channel[e]
        inside[e] = -1
        u, v = (z - table.signal[c, 1]) / table.signal[c, 2], cda / table.signal[c, 3]
        box = abs(u) < 1.0 and v < 1.0
        ellipse = u * u + v * v < 1.0
        if abs(mass[e] - table.ks_mass_gev) < table.ks_half_gev:
            inside[e] = 2
        if table.control[c, 0] < z < table.control[c, 1] and cda < table.control[c, 2]:
            inside[e] = 1
        if (ellipse and table.signal[c, 0] == 1.0) or (box and table.signal[c, 0] == 0.0):
            inside[e] = 0
        side[e] = 3
        for r in range(table.side.shape[0] - 1, -1, -1):
            if table.side[r, 0] < z < table.side[r, 1] and cda < table.side[r, 2]:
                side[e] = r
