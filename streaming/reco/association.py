"""LKr clusters and MUV3 hits of tracks."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from daq.config.reco import RecoConfig
from daq.frame import Jagged
from daq.geometry.muv3 import SECOND_PMT, muv3_geometry
from daq.jit import kernel
from streaming.reco.arrays import F64, I32, I64, Column, Flags
from streaming.reco.extrapolation import At
from streaming.reco.pairs import TrackPairs


@dataclass(frozen=True, slots=True)
class Associations:
    """What belongs to each track.

    n_clusters : int64 (n,)    LKr clusters near the impact point in time
    energy : float64 (n,)      energy of the only one [GeV]; 0 without any, no meaning with several
    muv3 : bool (n,)           a MUV3 hit is assigned; a hit belongs to one track only
    """

    n_clusters: I64
    energy: F64
    muv3: Flags


class Muv3Cuts(NamedTuple):
    """Search at MUV3."""

    radius_gev: float
    window: float
    pmt_window: float
    second_pmt: int
    row: int


def associate(pairs: TrackPairs, xy: F64, times: F64, lkr: Jagged, muv3: Jagged, cuts: RecoConfig) -> Associations:
    """LKr clusters within 50 mm and 6 ns, MUV3 hits within a radius that falls with momentum and 5 ns.

    Tracks without a time have none. Source: CERN-EP-2023-032, section 4; MUV3 radius from the NA62 framework:
    n sigma of the scattering, counted to the edges of the tile.
    """
    n = len(pairs.row)
    out = Associations(np.zeros(n, np.int64), np.zeros(n), np.zeros(n, np.bool_))
    lists = (pairs.events, pairs.track_first, xy, times)
    cluster = (lkr.fields["time"], lkr.fields["x"], lkr.fields["y"], lkr.fields["energy"])
    _clusters(
        lkr.offsets, *cluster, *lists, int(At.LKR), cuts.lkr_radius_mm, cuts.lkr_window_ns, out.n_clusters, out.energy
    )
    tiles = muv3_geometry()
    search = Muv3Cuts(
        cuts.muv3_n_sigma * cuts.muv3_scattering_mm_gev, cuts.muv3_window_ns, cuts.muv3_pmt_window_ns, SECOND_PMT,
        int(At.MUV3),
    )  # fmt: skip
    hits = (muv3.fields["time"], muv3.fields["id"], tiles.x_mm, tiles.y_mm, tiles.half_mm)
    used = np.zeros(len(muv3.fields["time"]), np.bool_)
    _assign_muv3(muv3.offsets, *hits, *lists, pairs.state, search, used, out.muv3)
    return out


@kernel
def _clusters(
    offsets: I32, time: Column, x: Column, y: Column, energy: Column, events: I64, track_first: I64, xy: F64,
    times: F64, row: int, radius: float, window: float, n_clusters: I64, out: F64,
) -> None:  # fmt: skip
    """LKr part of `associate`."""
    for e in range(events.shape[0]):
        for t in range(track_first[e], track_first[e + 1]):
            for h in range(offsets[events[e]], offsets[events[e] + 1]):
                dx, dy = x[h] - xy[t, row, 0], y[h] - xy[t, row, 1]
                if dx * dx + dy * dy <= radius * radius and abs(time[h] - times[t]) < window:
                    n_clusters[t] += 1
                    out[t] = energy[h]


@kernel
def _tile_distance(x: float, y: float, tile_x: float, tile_y: float, half: float) -> float:
    """Distance of a point from a square tile [mm], 0 inside; NaN for a tile that does not exist."""
    dx, dy = abs(x - tile_x) - half, abs(y - tile_y) - half
    dx = 0.0 if dx < 0.0 else dx
    dy = 0.0 if dy < 0.0 else dy
    return math.sqrt(dx * dx + dy * dy)


@kernel
def _assign_muv3(
    offsets: I32, time: Column, channel: Column, tile_x: F64, tile_y: F64, half: F64, events: I64, track_first: I64,
    xy: F64, times: F64, state: F64, cut: Muv3Cuts, used: Flags, out: Flags,
) -> None:  # fmt: skip
    """Nearest pair of free track and free hit first, until none is left. The PMTs of a tile make one hit."""
    for e in range(events.shape[0]):
        begin, end = np.int64(offsets[events[e]]), np.int64(offsets[events[e] + 1])
        searching = bool(begin < end)
        while searching:
            best_d, best_dt, best_t, best_h = math.inf, math.inf, -1, -1
            for t in range(track_first[e], track_first[e + 1]):
                if out[t] or math.isnan(times[t]):
                    continue
                for h in range(begin, end):
                    dt = abs(time[h] - times[t])
                    tile = np.int64(channel[h]) % cut.second_pmt
                    if used[h] or channel[h] >= 2 * cut.second_pmt or tile >= half.shape[0] or not dt < cut.window:
                        continue
                    d = _tile_distance(xy[t, cut.row, 0], xy[t, cut.row, 1], tile_x[tile], tile_y[tile], half[tile])
                    near = d <= cut.radius_gev / state[t, 5]
                    if near and (d < best_d or (d == best_d and dt < best_dt)):
                        best_d, best_dt, best_t, best_h = d, dt, t, h
            searching = best_t >= 0
            if searching:
                out[best_t] = True
                tile = np.int64(channel[best_h]) % cut.second_pmt
                for h in range(begin, end):
                    same = np.int64(channel[h]) % cut.second_pmt == tile and channel[h] < 2 * cut.second_pmt
                    if h == best_h or (same and abs(time[h] - time[best_h]) < cut.pmt_window):
                        used[h] = True
