"""The two-track selection: good tracks, exactly one vertex, trigger, vetoes, channel.

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
from streaming.reco.arrays import F64, I8, I64, Column, Flags
from streaming.reco.channels import KaonTag, Pid, Zone, channel_rows
from streaming.reco.extrapolation import QUALITY, TIME
from streaming.reco.pairs import TrackPairs
from streaming.reco.vertex import Vertices


@dataclass(frozen=True, slots=True)
class OneVertex:
    """The vertex of each event with several tracks.

    pair : int64 (m,)          pair of the only vertex, -1 where there is not exactly one
    delta_t : float64 (m,)     time of the positive (of the first) track minus that of the other [ns]
    """

    pair: I64
    delta_t: F64


class ChannelInputs(NamedTuple):
    """What decides about the channel of each event or track; the bits are those of `streaming.reco.channels`."""

    zone: I64
    active: I64
    neutral: I64
    kaon: I64
    pid: I8
    is_ee: Flags


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


def one_vertex(pairs: TrackPairs, found: Vertices, zone: I64, times: F64, failed: I64, cuts: RecoConfig) -> OneVertex:
    """Take events with exactly one vertex of good tracks in the fiducial volume, or else exactly one upstream of it.

    Masked or not makes no difference here.
    """
    m = len(pairs.events)
    out = OneVertex(np.full(m, -1), np.full(m, np.nan))
    bits = (int(Zone.FIDUCIAL), int(Zone.UPSTREAM))
    lists = (pairs.pair_first, pairs.first, pairs.second)
    _one_vertex(
        *lists, found.vertex, zone, failed, pairs.state, times, cuts.vertex_max_cda_mm, *bits, out.pair, out.delta_t
    )
    return out


def choose_channels(frame: EventFrame, pairs: TrackPairs, pair: I64, inputs: ChannelInputs, cuts: RecoConfig) -> I64:
    """Row of `CHANNELS` of each event, int64 (m,), -1 for no candidate. H2 is wanted of every candidate."""
    out = np.full(len(pair), -1)
    tracks = (pairs.first, pairs.second, inputs.pid, inputs.is_ee, pairs.state)
    events = (pair, inputs.zone, inputs.active, inputs.neutral, inputs.kaon)
    codes = (int(Pid.ELECTRON), int(Zone.CONES), 1 << cuts.h2_flag_bit)
    _channels(pairs.events, frame.header["trigger_flags"], *tracks, *events, channel_rows(), *codes, out)
    return out


def kaon_tags(frame: EventFrame, pairs: TrackPairs, pair: I64) -> I64:
    """Bit of `KaonTag` of each event, int64 (m,): the RICH hypothesis of the positive track of its pair."""
    tagged = frame.detectors["straw"].fields["kaon"][pairs.row] == 1
    tagged &= pairs.state[:, 6] > 0.0
    some = pair >= 0
    out = np.full(len(pair), int(KaonTag.NO))
    hit = tagged[pairs.first[pair[some]]] | tagged[pairs.second[pair[some]]]
    out[some] = np.where(hit, int(KaonTag.YES), int(KaonTag.NO))
    return out


@kernel
def _one_vertex(
    pair_first: I64, first: I64, second: I64, vertex: F64, zone: I64, failed: I64, state: F64, times: F64,
    max_cda: float, fiducial: int, upstream: int, pair: I64, delta_t: F64,
) -> None:  # fmt: skip
    for e in range(pair.shape[0]):
        n_inside, n_upstream, inside, before = 0, 0, -1, -1
        for k in range(pair_first[e], pair_first[e + 1]):
            if failed[first[k]] != 0 or failed[second[k]] != 0 or not vertex[k, 3] < max_cda:
                continue
            if zone[k] & fiducial != 0:
                n_inside += 1
                inside = k
            elif zone[k] & upstream != 0:
                n_upstream += 1
                before = k
        if n_inside == 1:
            pair[e] = inside
        elif n_inside == 0 and n_upstream == 1:
            pair[e] = before
        else:
            continue
        a, b = first[pair[e]], second[pair[e]]
        sign = -1.0 if state[a, 6] < state[b, 6] else 1.0
        delta_t[e] = sign * (times[a] - times[b])


@kernel
def _channels(
    events: I64, flags: Column, first: I64, second: I64, pid: I8, is_ee: Flags, state: F64, pair: I64, zone: I64,
    active: I64, neutral: I64, kaon: I64, rows: I64, electron: int, cones: int, h2: int, channel: I64,
) -> None:  # fmt: skip
    for e in range(pair.shape[0]):
        if pair[e] < 0 or np.int64(flags[events[e]]) & h2 == 0:
            continue
        a, b = first[pair[e]], second[pair[e]]
        total = state[a, 6] + state[b, 6]
        charge = 1 if total == 0.0 else (2 if total > 0.0 else 4)
        for c in range(rows.shape[0]):
            same = pid[a] == rows[c, 0] and pid[b] == rows[c, 1]
            swapped = pid[a] == rows[c, 1] and pid[b] == rows[c, 0]
            kinds = same or swapped
            if rows[c, 0] == electron and rows[c, 1] == electron:
                kinds = is_ee[a] and is_ee[b]
            quiet = rows[c, 3] & active[e] == 0 and (rows[c, 7] == 0 or rows[c, 7] & active[e] != 0)
            around = rows[c, 4] & neutral[e] != 0 and rows[c, 5] & kaon[e] != 0 and rows[c, 6] & zone[pair[e]] != 0
            if kinds and rows[c, 2] & charge != 0 and quiet and around and channel[e] < 0:
                channel[e] = c
