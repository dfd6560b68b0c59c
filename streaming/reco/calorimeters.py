"""Energies of tracks behind the LKr, and the direct LKr clusters of electrons."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from daq.config.channels import ChannelsConfig
from daq.config.reco import RecoConfig
from daq.frame import EventFrame
from daq.jit import kernel
from streaming.reco.arrays import F64, I32, I64, Column
from streaming.reco.extrapolation import At
from streaming.reco.pairs import TrackPairs


@dataclass(frozen=True, slots=True)
class Showers:
    """What the calorimeters saw of each track.

    muv1, muv2 : float64 (t,)     summed energy near the impact point in time [GeV]
    n_direct : int64 (t,)         LKr clusters within the radius of direct clusters
    direct : float64 (t,)         energy of the only one [GeV]; no meaning with several
    """

    muv1: F64
    muv2: F64
    n_direct: I64
    direct: F64


def find_showers(
    frame: EventFrame, pairs: TrackPairs, xy: F64, times: F64, cuts: RecoConfig, channels: ChannelsConfig
) -> Showers:
    """Energies in MUV1 and MUV2, and direct LKr clusters.

    A direct cluster lies within a radius that falls with momentum; what lies outside was radiated on the way. The
    radius is not published: `channels.ee_direct_mm`. Source: LDMA talk 2025 (physics notes E.3).
    """
    n = len(pairs.row)
    out = Showers(np.zeros(n), np.zeros(n), np.zeros(n, np.int64), np.zeros(n))
    behind, lkr = frame.detectors["muv12"], frame.detectors["lkr"]
    lists = (pairs.events, pairs.track_first, xy, times)
    b, c = behind.fields, lkr.fields
    _sum_energy(
        behind.offsets, b["time"], b["x"], b["y"], b["energy"], b["detector"], *lists, int(At.MUV1), int(At.MUV2),
        channels.hadron_radius_mm**2, channels.hadron_window_ns, out.muv1, out.muv2,
    )  # fmt: skip
    _direct(
        lkr.offsets, c["time"], c["x"], c["y"], c["energy"], *lists, pairs.state, int(At.LKR), channels.ee_direct_mm,
        channels.ee_direct_mm_gev, cuts.lkr_window_ns, out.n_direct, out.direct,
    )  # fmt: skip
    return out


@kernel
def _sum_energy(
    offsets: I32, time: Column, x: Column, y: Column, energy: Column, detector: Column, events: I64, track_first: I64,
    xy: F64, times: F64, row1: int, row2: int, radius2: float, window: float, muv1: F64, muv2: F64,
) -> None:  # fmt: skip
    for e in range(events.shape[0]):
        for t in range(track_first[e], track_first[e + 1]):
            for h in range(offsets[events[e]], offsets[events[e] + 1]):
                row = row1 if detector[h] == 1 else row2
                dx, dy = x[h] - xy[t, row, 0], y[h] - xy[t, row, 1]
                if not (dx * dx + dy * dy <= radius2 and abs(time[h] - times[t]) < window):
                    continue
                if detector[h] == 1:
                    muv1[t] += energy[h]
                elif detector[h] == 2:
                    muv2[t] += energy[h]


@kernel
def _direct(
    offsets: I32, time: Column, x: Column, y: Column, energy: Column, events: I64, track_first: I64, xy: F64,
    times: F64, state: F64, row: int, base: float, scale: float, window: float, n_direct: I64, direct: F64,
) -> None:  # fmt: skip
    for e in range(events.shape[0]):
        for t in range(track_first[e], track_first[e + 1]):
            radius = base + scale / state[t, 5]
            for h in range(offsets[events[e]], offsets[events[e] + 1]):
                dx, dy = x[h] - xy[t, row, 0], y[h] - xy[t, row, 1]
                if dx * dx + dy * dy <= radius * radius and abs(time[h] - times[t]) < window:
                    n_direct[t] += 1
                    direct[t] = energy[h]
