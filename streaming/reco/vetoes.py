"""What speaks against a pair: LAV, ANTI0 or SAV saw something, or a track crosses the hole of ANTI0."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from daq.config.channels import ChannelsConfig
from daq.config.reco import RecoConfig
from daq.frame import EventFrame
from daq.jit import kernel
from streaming.reco.arrays import F64, I32, I64, Column, Flags
from streaming.reco.channels import Veto
from streaming.reco.extrapolation import At
from streaming.reco.pairs import TrackPairs


class Windows(NamedTuple):
    """Windows in time and space, squares of radii, the row of the ANTI0 plane, and the bits of `Veto`."""

    lav: float
    sav: float
    anti0: float
    anti0_radius2: float
    hole_radius2: float
    row: int
    lav_bit: int
    sav_bit: int
    anti0_bit: int
    hole_bit: int


def active_vetoes(
    frame: EventFrame, pairs: TrackPairs, pair: I64, xy: F64, times: F64, cuts: RecoConfig, channels: ChannelsConfig
) -> I64:
    """Bits of `Veto` that are active for the pair of each event, int64 (m,); 0 without a pair.

    LAV and SAV: a hit within the window of the mean track time. ANTI0: a hit near one of the two tracks in space and
    time. ANTI0_HOLE: one of the two tracks is not proven to cross ANTI0 outside its hole. A time or place that is no
    number is active: doubt rejects. Source: physics notes E.1, E.3, E.5, G.5.
    """
    out = np.zeros(len(pair), np.int64)
    lists = [frame.detectors[name] for name in ("lav", "sav", "anti0")]
    hits = [(part.offsets, part.fields["time"]) for part in lists]
    where = (lists[2].fields["x"], lists[2].fields["y"])
    windows = Windows(
        cuts.lav_window_ns, channels.sav_window_ns, channels.anti0_window_ns, channels.anti0_radius_mm**2,
        channels.anti0_hole_mm**2, int(At.ANTI0), int(Veto.LAV), int(Veto.SAV), int(Veto.ANTI0), int(Veto.ANTI0_HOLE),
    )  # fmt: skip
    _active(
        pairs.events, pairs.first, pairs.second, pair, xy, times, *hits[0], *hits[1], *hits[2], *where, windows, out
    )
    return out


@kernel
def _active(
    events: I64, first: I64, second: I64, pair: I64, xy: F64, times: F64, lav_offsets: I32, lav_time: Column,
    sav_offsets: I32, sav_time: Column, anti0_offsets: I32, anti0_time: Column, anti0_x: Column, anti0_y: Column,
    cut: Windows, out: I64,
) -> None:  # fmt: skip
    for e in range(pair.shape[0]):
        if pair[e] < 0:
            continue
        row, a, b = events[e], first[pair[e]], second[pair[e]]
        reference = 0.5 * (times[a] + times[b])
        for h in range(lav_offsets[row], lav_offsets[row + 1]):
            if not abs(lav_time[h] - reference) >= cut.lav:
                out[e] |= cut.lav_bit
        for h in range(sav_offsets[row], sav_offsets[row + 1]):
            if not abs(sav_time[h] - reference) >= cut.sav:
                out[e] |= cut.sav_bit
        for t in (a, b):
            x, y = xy[t, cut.row, 0], xy[t, cut.row, 1]
            if not x * x + y * y > cut.hole_radius2:
                out[e] |= cut.hole_bit
        for h in range(anti0_offsets[row], anti0_offsets[row + 1]):
            for t in (a, b):
                dx, dy = anti0_x[h] - xy[t, cut.row, 0], anti0_y[h] - xy[t, cut.row, 1]
                far = dx * dx + dy * dy >= cut.anti0_radius2 or abs(anti0_time[h] - times[t]) >= cut.anti0
                if not far:
                    out[e] |= cut.anti0_bit


def lav_near(frame: EventFrame, events: I64, reference: F64, window: float) -> Flags:
    """Tell for each event (row of the frame) whether a LAV hit is within `window` of `reference` [ns], bool (m,).

    A time that is no number is near: doubt rejects.
    """
    lav, out = frame.detectors["lav"], np.zeros(len(events), np.bool_)
    _lav_near(events, lav.offsets, lav.fields["time"], reference, window, out)
    return out


@kernel
def _lav_near(events: I64, offsets: I32, time: Column, reference: F64, window: float, out: Flags) -> None:
    for e in range(events.shape[0]):
        for h in range(offsets[events[e]], offsets[events[e] + 1]):
            if not abs(time[h] - reference[e]) >= window:
                out[e] = True
