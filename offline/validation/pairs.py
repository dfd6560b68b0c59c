"""What the real selection finds in events, written out: the same functions as `streaming.reco.pipeline`, no gate.

A test holds the counts of this module against the tally of `Reconstruction` on the same events.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from daq.config.channels import ChannelsConfig
from daq.config.reco import GateConfig, RecoConfig
from daq.frame import EventFrame
from daq.geometry.field import no_field, residual_field
from daq.units import FINE_NS, FINE_PER_TICK, MM_PER_M, MUON_MASS_GEV, PION_MASS_GEV
from offline.validation.candidates import Candidates, Found, GoodPairs, joined
from streaming.reco.arrays import F64, I8, I64, Flags
from streaming.reco.association import associate
from streaming.reco.calorimeters import find_showers
from streaming.reco.channels import Pid, Zone
from streaming.reco.extrapolation import ISOLATION_LKR, ISOLATION_STRAW1, At, extrapolate, isolate, plane_table
from streaming.reco.pairs import TrackPairs, find_pairs
from streaming.reco.photons import find_photons
from streaming.reco.pid import identify, identify_ee
from streaming.reco.selection import (
    ChannelInputs,
    OneVertex,
    choose_channels,
    judge_tracks,
    kaon_tags,
    one_vertex,
)
from streaming.reco.tax import pair_mass, point_back
from streaming.reco.timing import track_times
from streaming.reco.vertex import Vertices, default_cells, find_vertices
from streaming.reco.vetoes import active_vetoes
from streaming.reco.zones import zones

CHANNELS_CONFIG = ChannelsConfig()
"""The validation is of the emulator: the selections beyond mu mu stay at their defaults."""


def find(frames: Iterable[EventFrame], cuts: RecoConfig, *, upstream: bool = False) -> Found:
    """Run the selection on frames of emulated events and keep what it found.

    upstream : with the vertices upstream of the fiducial volume, which the chain keeps as a side sample
    """
    wanted = int(Zone.FIDUCIAL | Zone.UPSTREAM if upstream else Zone.FIDUCIAL)
    return joined([_find(frame, cuts, wanted) for frame in frames])


def _find(frame: EventFrame, cuts: RecoConfig, wanted: int) -> Found:
    lists = frame.detectors
    pairs = find_pairs(frame, GateConfig().max_tracks)
    state = pairs.state
    found = find_vertices(state[pairs.first], state[pairs.second], default_cells() if cuts.residual_field else None)
    xy, failed = extrapolate(state, plane_table(cuts, residual_field() if cuts.residual_field else no_field()))
    times = track_times(pairs, xy, lists["chod"], lists["na48chod"], cuts)
    judge_tracks(pairs, lists["straw"], times, cuts, failed)
    momentum = np.ascontiguousarray(state[:, 5])
    near = associate(pairs, xy, times, lists["lkr"], lists["muv3"], cuts)
    showers = find_showers(frame, pairs, xy, times, cuts, CHANNELS_CONFIG)
    pid = identify(momentum, times, near, showers, cuts, CHANNELS_CONFIG)
    tracks = _Tracks(pairs, xy, times, pid)
    good = _good(frame, tracks, failed, cuts)
    isolate(xy, pairs.track_first, At.STRAW1, cuts.straw1_isolation_mm, ISOLATION_STRAW1, failed)
    isolate(xy, pairs.track_first, At.LKR, cuts.lkr_isolation_mm, ISOLATION_LKR, failed)
    zone = zones(found.vertex, cuts, CHANNELS_CONFIG)
    chosen = one_vertex(pairs, found, zone, times, failed, cuts)
    photons = find_photons(pairs, chosen.pair, found.vertex, xy, times, lists["lkr"], CHANNELS_CONFIG)
    active = active_vetoes(frame, pairs, chosen.pair, xy, times, cuts, CHANNELS_CONFIG)
    is_ee = identify_ee(momentum, times, near, showers, CHANNELS_CONFIG)
    inputs = ChannelInputs(zone, active, photons.neutral, kaon_tags(frame, pairs, chosen.pair), pid, is_ee)
    channel = choose_channels(frame, pairs, chosen.pair, inputs, cuts)
    inside = (chosen.pair >= 0) & (zone[chosen.pair] & wanted != 0) if len(zone) else chosen.pair >= 0
    return Found(_candidates(frame, tracks, found, _Chosen(chosen, channel, inside), cuts), good)


class _Chosen(NamedTuple):
    """Vertex and channel of each event; `inside`: there is exactly one, where it is wanted."""

    vertex: OneVertex
    channel: I64
    inside: Flags


class _Tracks(NamedTuple):
    """Tracks of events with several, by row."""

    pairs: TrackPairs
    xy: F64
    times: F64
    pid: I8


def _h2(frame: EventFrame, events: I64, cuts: RecoConfig) -> Flags:
    flags: Flags = frame.header["trigger_flags"][events].astype(np.int64) & (1 << cuts.h2_flag_bit) != 0
    return flags


def _good(frame: EventFrame, tracks: _Tracks, failed: I64, cuts: RecoConfig) -> GoodPairs:
    """Events with two tracks that are good before they are compared with each other."""
    pairs, times = tracks.pairs, tracks.times
    two = np.diff(pairs.track_first) == 2
    both = pairs.track_first[:-1][two][:, None] + np.arange(2)
    events = pairs.events[two]
    good = _h2(frame, events, cuts) & ~_lav(frame, events, times[both].mean(axis=1), cuts.lav_window_ns)
    good &= np.all((failed[both] == 0) & (tracks.pid[both] == Pid.MUON), axis=1)
    rows = both[good]
    return GoodPairs(pairs.state[rows], tracks.xy[rows, At.STRAW1], tracks.xy[rows, At.LKR])


def _candidates(frame: EventFrame, tracks: _Tracks, found: Vertices, chosen: _Chosen, cuts: RecoConfig) -> Candidates:
    pairs, rows = tracks.pairs, np.flatnonzero(chosen.inside)
    k, events = chosen.vertex.pair[rows], pairs.events[rows]
    both = np.stack((pairs.first[k], pairs.second[k]), axis=1)
    p, slopes, vertex = pairs.state[both, 5], found.slopes[k], found.vertex[k]
    tax = point_back(vertex, slopes, p[:, 0], p[:, 1])
    ticks, fine = (frame.header[name][events].astype(np.int64) for name in ("timestamp", "fine_time"))
    at_anti0 = tracks.xy[both, At.ANTI0]
    return Candidates(
        time_ns=(ticks * FINE_PER_TICK + fine).astype(np.float64) * FINE_NS,
        h2=_h2(frame, events, cuts),
        lav=_lav(frame, events, tracks.times[both].mean(axis=1), cuts.lav_window_ns),
        channel=chosen.channel[rows],
        pid=tracks.pid[both],
        charge=pairs.state[both, 6],
        p_gev=p,
        cda_vertex_mm=vertex[:, 3],
        z_vertex_m=vertex[:, 2] / MM_PER_M,
        delta_t_ns=chosen.vertex.delta_t[rows],
        z_tax_m=tax[:, 0] / MM_PER_M,
        cda_tax_mm=tax[:, 1],
        mass_pipi_gev=pair_mass(slopes, p[:, 0], p[:, 1], PION_MASS_GEV, PION_MASS_GEV),
        mass_mumu_gev=pair_mass(slopes, p[:, 0], p[:, 1], MUON_MASS_GEV, MUON_MASS_GEV),
        anti0_mm=np.hypot(at_anti0[:, :, 0], at_anti0[:, :, 1]),
    )


def _lav(frame: EventFrame, events: I64, reference: F64, window: float) -> Flags:
    """Whether each event has a LAV hit less than `window` [ns] from its reference time; a bad time counts as one."""
    lav = frame.detectors["lav"]
    first, last = lav.offsets[events], lav.offsets[events + 1]
    n = (last - first).astype(np.int64)
    owner = np.repeat(np.arange(len(events)), n)
    hit = np.arange(n.sum()) - np.repeat(np.cumsum(n) - n, n) + np.repeat(first, n)
    near = ~(np.abs(lav.fields["time"][hit] - reference[owner]) >= window)
    out: NDArray[np.bool_] = np.bincount(owner[near], minlength=len(events)) > 0
    return out
