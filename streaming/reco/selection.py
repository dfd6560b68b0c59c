"""The two-track selection: good tracks, exactly one vertex, trigger, LAV veto, channel.

Source: CERN-EP-2023-032, section 4 (physics notes E.1). The H2 requirement and the veto act on candidates, not on the
counted vertices.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from daq.config.reco import RecoConfig
from daq.frame import EventFrame, Jagged
from daq.jit import kernel
from daq.units import MM_PER_M
from streaming.reco.arrays import F64, I8, I32, I64, Column
from streaming.reco.channels import channel_rows
from streaming.reco.extrapolation import QUALITY, TIME
from streaming.reco.pairs import TrackPairs
from streaming.reco.vertex import Vertices


@dataclass(frozen=True, slots=True)
class Selected:
    """What the selection found in each event with several tracks.

    n_vertices : int64 (m,)    two-track vertices of good tracks
    pair : int64 (m,)          the pair of the only vertex, -1 where there is not exactly one
    delta_t : float64 (m,)     time of the positive (of the first) track minus that of the other [ns]
    channel : int64 (m,)       row of `CHANNELS`, -1 for no candidate
    """

    n_vertices: I64
    pair: I64
    delta_t: F64
    channel: I64


class EventCuts(NamedTuple):
    """Cuts on events."""

    max_cda: float
    min_z: float
    max_z: float
    lav_window: float
    h2_mask: int


def judge_tracks(pairs: TrackPairs, straw: Jagged, times: F64, cuts: RecoConfig, failed: I64) -> None:
    """Set the bits `QUALITY` and `TIME` of tracks that fail momentum, chi2, chambers, or the track-time window."""
    limits = (cuts.min_momentum_gev, cuts.max_chi2, cuts.min_chambers, cuts.track_window_ns, QUALITY, TIME)
    _judge(pairs.row, pairs.state, straw.fields["chi2"], straw.fields["chambers"], times, *limits, failed)


@kernel
def _judge(
    row: I64, state: F64, chi2: Column, chambers: Column, times: F64, min_p: float, max_chi2: float,
    min_chambers: int, window: float, quality_bit: int, time_bit: int, failed: I64,
) -> None:  # fmt: skip
    for t in range(row.shape[0]):
        fit_ok = chi2[row[t]] < max_chi2 and chambers[row[t]] >= min_chambers
        if not (state[t, 5] > min_p and fit_ok):
            failed[t] |= 1 << quality_bit
        if not abs(times[t]) < window:
            failed[t] |= 1 << time_bit


def select(
    frame: EventFrame, pairs: TrackPairs, found: Vertices, times: F64, pid: I8, failed: I64,
    cuts: RecoConfig,
) -> Selected:  # fmt: skip
    """Run the selection on every event with several tracks; masked or not makes no difference here."""
    m = len(pairs.events)
    out = Selected(np.zeros(m, np.int64), np.full(m, -1), np.full(m, np.nan), np.full(m, -1))
    limits = EventCuts(
        cuts.vertex_max_cda_mm, cuts.vertex_min_z_m * MM_PER_M, cuts.vertex_max_z_m * MM_PER_M, cuts.lav_window_ns,
        1 << cuts.h2_flag_bit,
    )  # fmt: skip
    lav = frame.detectors["lav"]
    pair_lists = (pairs.pair_first, pairs.first, pairs.second)
    _one_vertex(*pair_lists, found.vertex, failed, pairs.state, times, limits, out.n_vertices, out.pair, out.delta_t)
    _channels(
        pairs.events, frame.header["trigger_flags"], lav.offsets, lav.fields["time"], pairs.first, pairs.second, times,
        pid, pairs.state, limits, channel_rows(), out.pair, out.channel,
    )  # fmt: skip
    return out


@kernel
def _one_vertex(
    pair_first: I64, first: I64, second: I64, vertex: F64, failed: I64, state: F64, times: F64, cut: EventCuts,
    n_vertices: I64, pair: I64, delta_t: F64,
) -> None:  # fmt: skip
    for e in range(pair.shape[0]):
        for k in range(pair_first[e], pair_first[e + 1]):
            good = failed[first[k]] == 0 and failed[second[k]] == 0
            if good and vertex[k, 3] < cut.max_cda and cut.min_z < vertex[k, 2] < cut.max_z:
                n_vertices[e] += 1
                pair[e] = k
        if n_vertices[e] != 1:
            pair[e] = -1
            continue
        a, b = first[pair[e]], second[pair[e]]
        sign = -1.0 if state[a, 6] < state[b, 6] else 1.0
        delta_t[e] = sign * (times[a] - times[b])


@kernel
def _channels(
    events: I64, flags: Column, lav_offsets: I32, lav_time: Column, first: I64, second: I64, times: F64,
    pid: I8, state: F64, cut: EventCuts, rows: I64, pair: I64, channel: I64,
) -> None:  # fmt: skip
    for e in range(pair.shape[0]):
        if pair[e] < 0 or np.int64(flags[events[e]]) & cut.h2_mask == 0:
            continue
        a, b = first[pair[e]], second[pair[e]]
        reference = 0.5 * (times[a] + times[b])
        active = 0
        for h in range(lav_offsets[events[e]], lav_offsets[events[e] + 1]):
            if not abs(lav_time[h] - reference) >= cut.lav_window:  # a hit without a time vetoes as well
                active = 1
        total = state[a, 6] + state[b, 6]
        charge = 1 if total == 0.0 else (2 if total > 0.0 else 4)
        for c in range(rows.shape[0]):
            same = pid[a] == rows[c, 0] and pid[b] == rows[c, 1]
            swapped = pid[a] == rows[c, 1] and pid[b] == rows[c, 0]
            if (same or swapped) and rows[c, 2] & charge != 0 and rows[c, 3] & active == 0 and channel[e] < 0:
                channel[e] = c
