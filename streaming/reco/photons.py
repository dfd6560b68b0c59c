"""Photons of an event with one vertex: neutral LKr clusters in time, and what pairs of them make."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from daq.config.channels import ChannelsConfig
from daq.frame import Jagged
from daq.geometry.planes import planes
from daq.jit import inline_kernel, kernel
from daq.units import ETA_MASS_GEV, PI0_MASS_GEV
from streaming.reco.arrays import F64, I32, I64, Column
from streaming.reco.channels import Neutral
from streaming.reco.extrapolation import At
from streaming.reco.pairs import TrackPairs

MAX_PHOTONS = 4
"""Final states have up to four; an event with more is none of them."""


@dataclass(frozen=True, slots=True)
class Photons:
    """Photons of events, in the order of `TrackPairs.events`.

    neutral : int64 (m,)         bit of `Neutral`; NOTHING where there is not exactly one vertex
    momentum : float64 (m, 3)    sum over all photons [GeV/c], from the vertex
    """

    neutral: I64
    momentum: F64


class PhotonCuts(NamedTuple):
    """Cuts on clusters, masses and windows of their pairs."""

    min_energy: float
    window: float
    track_distance2: float
    pi0_mass: float
    pi0_half: float
    eta_mass: float
    eta_half: float
    z_lkr: float
    row: int


class NeutralCodes(NamedTuple):
    """Bits of `Neutral` for the kernel."""

    nothing: int
    photon: int
    pi0: int
    two_pi0: int
    eta: int
    other: int


def find_photons(
    pairs: TrackPairs, pair: I64, vertex: F64, xy: F64, times: F64, lkr: Jagged, cuts: ChannelsConfig
) -> Photons:
    """Neutral clusters within the window of the mean track time and away from every impact point.

    Parameters
    ----------
    pair : int64 (m,)           pair of the only vertex of each event, -1 without
    vertex : float64 (k, 4)     of every pair [mm]
    xy : float64 (t, 11, 2)     impact points [mm]
    """
    m = len(pairs.events)
    out = Photons(np.full(m, int(Neutral.NOTHING)), np.zeros((m, 3)))
    limits = PhotonCuts(
        cuts.photon_min_energy_gev, cuts.photon_window_ns, cuts.photon_track_mm**2, PI0_MASS_GEV,
        cuts.pi0_half_width_gev, ETA_MASS_GEV, cuts.eta_half_width_gev, planes()["LKr_front"].z_mm, int(At.LKR),
    )  # fmt: skip
    codes = NeutralCodes(
        *(int(getattr(Neutral, name)) for name in ("NOTHING", "PHOTON", "PI0", "TWO_PI0", "ETA", "OTHER"))
    )
    cluster = (lkr.offsets, lkr.fields["time"], lkr.fields["x"], lkr.fields["y"], lkr.fields["energy"])
    lists = (pairs.events, pairs.track_first, pairs.first, pairs.second)
    _photons(*cluster, *lists, pair, vertex, xy, times, limits, codes, np.empty((MAX_PHOTONS, 4)), *_fields(out))
    return out


def _fields(out: Photons) -> tuple[I64, F64]:
    return out.neutral, out.momentum


@inline_kernel
def pair_mass2(photons: F64, a: int, b: int) -> float:
    """Mass squared of two photons: 2 E1 E2 (1 - cos), the last factor from the difference of directions."""
    dx = photons[a, 0] - photons[b, 0]
    dy = photons[a, 1] - photons[b, 1]
    dz = photons[a, 2] - photons[b, 2]
    return photons[a, 3] * photons[b, 3] * (dx * dx + dy * dy + dz * dz)


@inline_kernel
def _is_near(mass2: float, mass: float, half: float) -> bool:
    return abs(math.sqrt(mass2) - mass) < half


@kernel
def _classify(photons: F64, n: int, cut: PhotonCuts, code: NeutralCodes) -> int:
    """Bit of `Neutral` for `n` photons; four are two pi0 when any way of pairing them gives two."""
    if n == 0:
        return code.nothing
    if n == 1:
        return code.photon
    if n == 2:
        mass2 = pair_mass2(photons, 0, 1)
        if _is_near(mass2, cut.pi0_mass, cut.pi0_half):
            return code.pi0
        return code.eta if _is_near(mass2, cut.eta_mass, cut.eta_half) else code.other
    if n == 4:
        for other in range(1, 4):
            c = 1 if other != 1 else 2
            d = 6 - other - c
            first = _is_near(pair_mass2(photons, 0, other), cut.pi0_mass, cut.pi0_half)
            if first and _is_near(pair_mass2(photons, c, d), cut.pi0_mass, cut.pi0_half):
                return code.two_pi0
    return code.other


@kernel
def _photons(
    offsets: I32, time: Column, x: Column, y: Column, energy: Column, events: I64, track_first: I64, first: I64,
    second: I64, pair: I64, vertex: F64, xy: F64, times: F64, cut: PhotonCuts, code: NeutralCodes, photons: F64,
    neutral: I64, momentum: F64,
) -> None:  # fmt: skip
    """`find_photons`; `photons` is a work space: direction and energy of each photon of the event at hand."""
    for e in range(events.shape[0]):
        k = pair[e]
        if k < 0:
            continue
        reference = 0.5 * (times[first[k]] + times[second[k]])
        n = 0
        for h in range(offsets[events[e]], offsets[events[e] + 1]):
            if not (energy[h] > cut.min_energy and abs(time[h] - reference) < cut.window):
                continue
            alone = True
            for t in range(track_first[e], track_first[e + 1]):
                dx, dy = x[h] - xy[t, cut.row, 0], y[h] - xy[t, cut.row, 1]
                alone = alone and dx * dx + dy * dy > cut.track_distance2
            if not alone:
                continue
            ux, uy, uz = x[h] - vertex[k, 0], y[h] - vertex[k, 1], cut.z_lkr - vertex[k, 2]
            scale = 1.0 / math.sqrt(ux * ux + uy * uy + uz * uz)
            ux, uy, uz = ux * scale, uy * scale, uz * scale
            momentum[e, 0] += energy[h] * ux
            momentum[e, 1] += energy[h] * uy
            momentum[e, 2] += energy[h] * uz
            if n < photons.shape[0]:
                photons[n, 0], photons[n, 1], photons[n, 2], photons[n, 3] = ux, uy, uz, energy[h]
            n += 1
        neutral[e] = _classify(photons, n, cut, code)
