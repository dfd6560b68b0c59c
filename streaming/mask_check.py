"""Self-test of the compiled mask at the start of a worker: a golden grid against a second, plain formulation."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable

import numpy as np

from daq.config.reco import BoxM, EllipseM, GateConfig, RegionsConfig
from daq.errors import PolicyError
from daq.units import KSHORT_MASS_GEV
from streaming.reco.arrays import F64, I8, I64, Flags
from streaming.reco.channels import Pid
from streaming.reco.pairs import TrackPairs
from streaming.regions import MaskBounds, mask_bounds, mask_pairs

TRACKS = (
    (Pid.MUON, Pid.MUON, 1.0, -1.0),
    (Pid.MUON, Pid.MUON, 1.0, 1.0),
    (Pid.MUON, Pid.ELECTRON, 1.0, -1.0),
    (Pid.MUON, Pid.ELECTRON, math.nan, -1.0),
    (Pid.ELECTRON, Pid.ELECTRON, -1.0, -1.0),
    (Pid.HADRON, Pid.HADRON, -1.0, 1.0),
    (Pid.UNKNOWN, Pid.MUON, 1.0, 1.0),
)

REFUSAL = (
    "mask self-test: the compiled mask and the configured regions differ on the golden grid; "
    "nothing is analysed. Remove the kernel cache, check [regions] and [gate], start again"
)

LineMask = Callable[[TrackPairs, I64, F64, F64, I8], Flags]


def check_mask(regions: RegionsConfig, gate: GateConfig, bounds: MaskBounds | None = None) -> None:
    """Run the compiled mask over a grid with all edges, NaN and infinities, and compare it with `is_open`.

    Parameters
    ----------
    bounds : what the kernel is given; by default `mask_bounds` of the same configuration

    Raises
    ------
    PolicyError
        On the first difference: the program must not start.
    """
    bounds = mask_bounds(regions, gate) if bounds is None else bounds
    points = list(itertools.product(_z_grid(regions, gate), _cda_grid(regions, gate), _mass_grid(regions, gate)))
    tax = np.array([(z, cda) for z, cda, _ in points])
    mass = np.array([m for _, _, m in points])
    first, second = np.zeros(len(points), np.int64), np.ones(len(points), np.int64)
    for pid_a, pid_b, charge_a, charge_b in TRACKS:
        hidden = np.zeros(len(points), np.bool_)
        charge, pid = np.array([charge_a, charge_b]), np.array([pid_a, pid_b], np.int8)
        mask_pairs(tax, mass, first, second, charge, pid, bounds, hidden)
        wanted = [not is_open(regions, gate, point, (pid_a, pid_b), (charge_a, charge_b)) for point in points]
        if hidden.tolist() != wanted:
            raise PolicyError(REFUSAL)


def check_lines(regions: RegionsConfig, gate: GateConfig, mask: LineMask) -> None:
    """Run the mask of candidates with their photons over the same grid: their own line counts, or they are hidden.

    Parameters
    ----------
    mask : takes pairs, the pair of each event (-1: none), lines, masses of all pairs, `Pid` of tracks; gives the hidden

    Raises
    ------
    PolicyError
        On the first difference: the program must not start.
    """
    points = list(itertools.product(_z_grid(regions, gate), _cda_grid(regions, gate), _mass_grid(regions, gate)))
    lines, n = np.array([(z, cda) for z, cda, _ in points]), len(points)
    # pairs stand in reverse, so that a mask that takes the row of the event for that of its pair is seen
    pair = np.arange(n)[::-1].copy()
    pair[::7] = -1
    mass = np.array([m for _, _, m in points])[::-1].copy()
    zero, none = np.zeros(n, np.int64), np.empty(0, np.int64)
    for pid_a, pid_b, charge_a, charge_b in TRACKS:
        state = np.zeros((2, 7))
        state[:, 6] = charge_a, charge_b
        pairs = TrackPairs(none, np.empty(0, np.bool_), none, none, state, none, zero, zero + 1)
        hidden = mask(pairs, pair, lines, mass, np.array([pid_a, pid_b], np.int8))
        kinds, charges = (pid_a, pid_b), (charge_a, charge_b)
        wanted = [k < 0 or not is_open(regions, gate, points[e], kinds, charges) for e, k in enumerate(pair)]
        if hidden.tolist() != wanted:
            raise PolicyError(REFUSAL)


def is_open(
    regions: RegionsConfig, gate: GateConfig, point: tuple[float, float, float], pid: tuple[Pid, Pid],
    charge: tuple[float, float],
) -> bool:  # fmt: skip
    """Whether a pair may be seen: plain formulation, from the configuration, of what `mask_pairs` compiles.

    point : Z_TAX [mm], CDA_TAX [mm], pi pi mass [GeV/c2]
    """
    if not all(map(math.isfinite, point)):
        return False
    z, cda, mass = point
    signs_known = set(charge) <= {1.0, -1.0}
    leptons = sorted(pid) in ([Pid.MUON, Pid.MUON], [Pid.MUON, Pid.ELECTRON], [Pid.ELECTRON, Pid.ELECTRON])
    if abs(mass - KSHORT_MASS_GEV) <= max(gate.ks_half_width_gev, regions.ks_half_width_gev):
        if not (gate.open_ks_leptons and leptons and signs_known):
            return False
    same_sign = sorted(pid) == [Pid.MUON, Pid.MUON] and charge[0] == charge[1]
    if gate.open_same_sign and signs_known and (same_sign or sorted(pid) == [Pid.MUON, Pid.ELECTRON]):
        return True
    limits = _union(regions)
    low, high = (limits[0] - gate.guard_z_m) * 1000.0, (limits[1] + gate.guard_z_m) * 1000.0
    return z < low or z > high or cda > limits[2] + gate.guard_cda_mm


def _union(regions: RegionsConfig) -> tuple[float, float, float]:
    low, high, cda = math.inf, -math.inf, 0.0
    for _, region in regions:
        if isinstance(region, EllipseM):
            low, high = min(low, region.z_centre_m - region.z_half_m), max(high, region.z_centre_m + region.z_half_m)
            cda = max(cda, region.cda_half_mm)
        elif isinstance(region, BoxM) and region not in (regions.ocr1, regions.ocr2, regions.ocr3):
            low, high = min(low, region.z_min_m), max(high, region.z_max_m)
            cda = max(cda, region.cda_max_mm)
    return low, high, cda


def _around(edges: list[float]) -> list[float]:
    near = [value for edge in edges for value in (np.nextafter(edge, -math.inf), edge, np.nextafter(edge, math.inf))]
    return [*map(float, near), math.nan, math.inf, -math.inf]


def _z_grid(regions: RegionsConfig, gate: GateConfig) -> list[float]:
    low, high, _ = _union(regions)
    edges = [(low - gate.guard_z_m) * 1000.0, (high + gate.guard_z_m) * 1000.0]
    return [*_around(edges), low * 1000.0, high * 1000.0, 23000.0, 0.0, -80000.0, 120000.0]


def _cda_grid(regions: RegionsConfig, gate: GateConfig) -> list[float]:
    cda = _union(regions)[2]
    return [*_around([cda + gate.guard_cda_mm]), cda, 0.0, 10.0, 500.0]


def _mass_grid(regions: RegionsConfig, gate: GateConfig) -> list[float]:
    half = max(gate.ks_half_width_gev, regions.ks_half_width_gev)
    return [*_around([KSHORT_MASS_GEV]), 0.28, 0.4, KSHORT_MASS_GEV - 1.01 * half, KSHORT_MASS_GEV + 0.99 * half, 1.5]
