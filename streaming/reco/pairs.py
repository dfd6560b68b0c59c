"""Events with two or more tracks, taken out of a frame: few of them, so everything costly happens on these."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from daq.frame import EventFrame
from daq.geometry.planes import Z_REFERENCE_MM
from daq.jit import kernel
from streaming.reco.arrays import F64, I32, I64, Column, Flags


@dataclass(frozen=True, slots=True)
class TrackPairs:
    """Tracks and pairs of the events with 2 to `max_tracks` tracks, or tracks of those with one.

    events : int64 (m,)            row of each such event in the frame
    crowded : bool (n_events,)     events with more tracks than that
    track_first : int64 (m + 1,)   tracks of event e are track_first[e]:track_first[e + 1]
    row : int64 (t,)               row of each track in the straw lists
    state : float64 (t, 7)         columns of `vertex.STATE`; p and charge are NaN unless p > 0 and the charge is +-1
    pair_first : int64 (m + 1,)    likewise for pairs
    first, second : int64 (k,)     tracks of each pair
    """

    events: I64
    crowded: Flags
    track_first: I64
    row: I64
    state: F64
    pair_first: I64
    first: I64
    second: I64


def find_pairs(frame: EventFrame, max_tracks: int) -> TrackPairs:
    """Collect the tracks of all events with at least two, and every pair of tracks in such an event."""
    straw = frame.detectors["straw"]
    n_tracks: I64 = np.diff(straw.offsets).astype(np.int64)
    crowded = n_tracks > max_tracks
    events = np.flatnonzero((n_tracks >= 2) & ~crowded)
    n = n_tracks[events]
    track_first, pair_first = _starts(n), _starts(n * (n - 1) // 2)
    row, state = np.empty(track_first[-1], np.int64), np.empty((track_first[-1], 7))
    first, second = np.empty(pair_first[-1], np.int64), np.empty(pair_first[-1], np.int64)
    s = straw.fields
    _gather(
        straw.offsets, events, track_first, pair_first, s["x"], s["y"], s["tx"], s["ty"], s["p"], s["charge"],
        Z_REFERENCE_MM, row, state, first, second,
    )  # fmt: skip
    return TrackPairs(events, crowded, track_first, row, state, pair_first, first, second)


def find_singles(frame: EventFrame) -> TrackPairs:
    """Collect the tracks of all events with exactly one: as `find_pairs`, with no pair in any event."""
    straw = frame.detectors["straw"]
    n_tracks: I64 = np.diff(straw.offsets).astype(np.int64)
    events = np.flatnonzero(n_tracks == 1)
    m = len(events)
    row, state, none = np.empty(m, np.int64), np.empty((m, 7)), np.empty(0, np.int64)
    s, starts = straw.fields, np.zeros(m + 1, np.int64)
    _gather(
        straw.offsets, events, np.arange(m + 1), starts, s["x"], s["y"], s["tx"], s["ty"], s["p"], s["charge"],
        Z_REFERENCE_MM, row, state, none, none,
    )  # fmt: skip
    return TrackPairs(events, n_tracks > 1, np.arange(m + 1), row, state, starts, none, none)


def _starts(counts: I64) -> I64:
    starts = np.zeros(len(counts) + 1, np.int64)
    np.cumsum(counts, out=starts[1:])
    return starts


@kernel
def _gather(
    offsets: I32, events: I64, track_first: I64, pair_first: I64, x: Column, y: Column, tx: Column, ty: Column,
    p: Column, charge: Column, z: float, row: I64, state: F64, first: I64, second: I64,
) -> None:  # fmt: skip
    """Fill the arrays of `TrackPairs`; a momentum or charge that cannot be is NaN and so never visible."""
    for e in range(events.shape[0]):
        begin, end = track_first[e], track_first[e + 1]
        shift = np.int64(offsets[events[e]]) - begin
        k = pair_first[e]
        for t in range(begin, end):
            r = t + shift
            row[t] = r
            good = math.isfinite(p[r]) and p[r] > 0.0 and (charge[r] == 1 or charge[r] == -1)
            state[t, 0], state[t, 1], state[t, 2] = x[r], y[r], z
            state[t, 3], state[t, 4] = tx[r], ty[r]
            state[t, 5] = p[r] if good else math.nan
            state[t, 6] = charge[r] if good else math.nan
            for other in range(t + 1, end):
                first[k], second[k] = t, other
                k += 1
