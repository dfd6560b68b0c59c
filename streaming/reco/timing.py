"""Time of a track from the hodoscopes: CHOD tiles give the association, NA48-CHOD slabs the better time."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from daq.config.reco import RecoConfig
from daq.frame import Jagged
from daq.geometry.chod import chod_geometry
from daq.jit import kernel
from streaming.reco.arrays import F64, I16, I32, I64, Column
from streaming.reco.extrapolation import At
from streaming.reco.pairs import TrackPairs


class Slabs(NamedTuple):
    """Layout and windows of the NA48-CHOD."""

    width: float
    margin: float
    window: float
    row_v: int
    row_h: int


def track_times(pairs: TrackPairs, xy: F64, chod: Jagged, na48chod: Jagged, cuts: RecoConfig) -> F64:
    """Time of tracks relative to the trigger [ns], shape (n,); NaN without an in-time CHOD tile at the impact point.

    CHOD: the hit nearest to the trigger time in a tile that holds the impact point, averaged with the other PMT.
    NA48-CHOD: in each plane the hit nearest to the CHOD time in a slab at the impact point; mean of the planes.
    """
    geometry = chod_geometry()
    times = np.full(len(pairs.row), np.nan)
    lists = (pairs.events, pairs.track_first, xy)
    _chod_times(
        chod.offsets, chod.fields["time"], chod.fields["id"], *lists, int(At.CHOD), geometry.index_of_channel,
        geometry.bricks, cuts.chod_margin_mm, cuts.chod_window_ns, cuts.chod_pmt_window_ns, times,
    )  # fmt: skip
    slabs = Slabs(
        cuts.na48chod_slab_mm, cuts.na48chod_margin_mm, cuts.na48chod_window_ns, int(At.NA48CHOD_V), int(At.NA48CHOD_H)
    )
    _slab_times(na48chod.offsets, na48chod.fields["time"], na48chod.fields["id"], *lists, slabs, times)
    return times


@kernel
def _in_tile(bricks: F64, tile: np.int64, x: float, y: float, margin: float) -> bool:
    for b in range(bricks.shape[1]):
        x_in = bricks[tile, b, 0] - margin <= x <= bricks[tile, b, 1] + margin
        if x_in and bricks[tile, b, 2] - margin <= y <= bricks[tile, b, 3] + margin:
            return True
    return False


@kernel
def _chod_times(
    offsets: I32, time: Column, channel: Column, events: I64, track_first: I64, xy: F64, row: int,
    index_of_channel: I16, bricks: F64, margin: float, window: float, pmt_window: float, out: F64,
) -> None:  # fmt: skip
    """CHOD time of each track; NaN where none. An id that is not a channel is no hit."""
    for e in range(events.shape[0]):
        begin, end = offsets[events[e]], offsets[events[e] + 1]
        for t in range(track_first[e], track_first[e + 1]):
            best, dense = math.nan, np.int64(-1)
            for h in range(begin, end):
                c = np.int64(channel[h])
                c = np.int64(index_of_channel[c]) if c < index_of_channel.shape[0] else np.int64(-1)
                if c < 0 or not abs(time[h]) < window or (dense >= 0 and abs(time[h]) >= abs(best)):
                    continue
                if _in_tile(bricks, c >> 1, xy[t, row, 0], xy[t, row, 1], margin):
                    best, dense = time[h], c
            if dense < 0:
                continue
            partner, gap = math.nan, pmt_window
            for h in range(begin, end):
                c = np.int64(channel[h])
                same = c < index_of_channel.shape[0] and np.int64(index_of_channel[c]) == (dense ^ 1)
                if same and abs(time[h] - best) < gap:
                    partner, gap = np.float64(time[h]), abs(time[h] - best)
            out[t] = best if math.isnan(partner) else 0.5 * (best + partner)


@kernel
def _at_slab(slab: np.int64, plane: int, x: float, y: float, width: float, margin: float) -> bool:
    """Whether a point is at slab 0..63 of a plane: in its quadrant and in its strip, counted outwards from the axis."""
    quadrant, strip = slab // 16, slab % 16
    u = x if quadrant < 2 else -x
    v = y if quadrant == 0 or quadrant == 3 else -y
    along, across = (u, v) if plane == 0 else (v, u)
    return bool(across >= -margin and strip * width - margin <= along <= (strip + 1) * width + margin)


@kernel
def _slab_times(
    offsets: I32, time: Column, slab: Column, events: I64, track_first: I64, xy: F64, cut: Slabs, times: F64
) -> None:
    """Replace the CHOD time of each track by its NA48-CHOD time where there is one."""
    for e in range(events.shape[0]):
        begin, end = offsets[events[e]], offsets[events[e] + 1]
        for t in range(track_first[e], track_first[e + 1]):
            if math.isnan(times[t]):
                continue
            total, n = 0.0, 0
            for plane in range(2):
                row = cut.row_v if plane == 0 else cut.row_h
                best, gap = math.nan, cut.window
                for h in range(begin, end):
                    s = np.int64(slab[h])
                    if s >> 6 != plane or not abs(time[h] - times[t]) < gap:
                        continue
                    if _at_slab(s & 63, plane, xy[t, row, 0], xy[t, row, 1], cut.width, cut.margin):
                        best, gap = np.float64(time[h]), abs(time[h] - times[t])
                if not math.isnan(best):
                    total += best
                    n += 1
            if n > 0:
                times[t] = total / n
