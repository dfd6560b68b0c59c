"""What the selections find in the events of a frame: every quantity of the candidates, nothing counted, nothing hidden.

The reconstruction of the chain, the mini-records, the validation and the signal acceptance all call this one function.
Its result knows what the mask hides: whoever calls it stands inside the gate, or works on emulated events alone.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from daq.config.channels import ChannelsConfig
from daq.config.reco import RecoConfig
from daq.frame import EventFrame
from daq.geometry.field import no_field, residual_field
from daq.units import PION_MASS_GEV
from streaming.reco.arrays import F64, I8, I64, Flags
from streaming.reco.association import associate
from streaming.reco.calorimeters import find_showers
from streaming.reco.candidate import candidate_lines
from streaming.reco.extrapolation import ISOLATION_LKR, ISOLATION_STRAW1, At, extrapolate, isolate, plane_table
from streaming.reco.pairs import TrackPairs, find_pairs, find_singles
from streaming.reco.photons import find_photons
from streaming.reco.pid import identify, identify_ee
from streaming.reco.selection import ChannelInputs, OneVertex, choose_channels, judge_tracks, kaon_tags, one_vertex
from streaming.reco.tax import pair_mass, point_back
from streaming.reco.timing import track_times
from streaming.reco.vertex import Vertices, default_cells, find_vertices
from streaming.reco.vetoes import active_vetoes
from streaming.reco.zones import zones


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class Tracks:
    """What is known of the tracks of `TrackPairs`.

    xy : float64 (t, 11, 2)    impact points at the planes of `At` [mm]
    failed : int64 (t,)        bits of what a good track must not fail
    times : float64 (t,)       [ns], NaN without one
    pid : int8 (t,)            `Pid`
    is_ee : bool (t,)          electron of the e e selection
    """

    xy: F64
    failed: I64
    times: F64
    pid: I8
    is_ee: Flags


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class Found:
    """Events with several tracks, m of them with k pairs of tracks.

    zone : int64 (k,)            bits of `Zone` of each vertex
    tax : float64 (k, 2)         Z_TAX, CDA_TAX of the two tracks [mm]
    mass_pipi : float64 (k,)     [GeV/c2]
    chosen : the only vertex of each event, if there is one
    neutral, active, kaon : int64 (m,)    bits of `Neutral`, `Veto`, `KaonTag` of its pair
    channel : int64 (m,)         row of `streaming.tally.CHANNELS`, -1 for none
    line : float64 (m, 2)        Z_TAX, CDA_TAX of the tracks and photons [mm], NaN without a vertex
    """

    pairs: TrackPairs
    tracks: Tracks
    vertices: Vertices
    zone: I64
    tax: F64
    mass_pipi: F64
    chosen: OneVertex
    neutral: I64
    active: I64
    kaon: I64
    channel: I64
    line: F64


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class FoundSingles:
    """Events with one track, t of them.

    active : int64 (t,)    bits of `Veto` around the track, as for the tracks of a pair
    """

    pairs: TrackPairs
    tracks: Tracks
    active: I64


class Selection:
    """The selections with their cuts; holds no state between frames."""

    def __init__(self, cuts: RecoConfig, channels: ChannelsConfig | None = None) -> None:
        self.cuts, self.channels = cuts, channels or ChannelsConfig()
        self.cells = default_cells() if cuts.residual_field else None
        self.planes = plane_table(cuts, residual_field() if cuts.residual_field else no_field())

    def find(self, frame: EventFrame, max_tracks: int) -> Found:
        """Look at the events with 2 to `max_tracks` tracks."""
        cuts, pairs = self.cuts, find_pairs(frame, max_tracks)
        state = pairs.state
        vertices = find_vertices(state[pairs.first], state[pairs.second], self.cells)
        p_first, p_second = state[pairs.first, 5], state[pairs.second, 5]
        tax = point_back(vertices.vertex, vertices.slopes, p_first, p_second)
        mass = pair_mass(vertices.slopes, p_first, p_second, PION_MASS_GEV, PION_MASS_GEV)
        tracks = self.measure(frame, pairs)
        zone = zones(vertices.vertex, cuts, self.channels)
        chosen = one_vertex(pairs, vertices, zone, tracks.times, tracks.failed, cuts)
        around = (pairs, chosen.pair, vertices.vertex, tracks.xy, tracks.times)
        photons = find_photons(*around, frame.detectors["lkr"], self.channels)
        active = active_vetoes(frame, pairs, chosen.pair, tracks.xy, tracks.times, cuts, self.channels)
        kaon = kaon_tags(frame, pairs, chosen.pair)
        inputs = ChannelInputs(zone, active, photons.neutral, kaon, tracks.pid, tracks.is_ee)
        channel = choose_channels(frame, pairs, chosen.pair, inputs, cuts)
        line = candidate_lines(chosen.pair, vertices.vertex, vertices.slopes, p_first, p_second, photons.momentum)
        seen = (chosen, photons.neutral, active, kaon, channel, line)
        return Found(pairs, tracks, vertices, zone, tax, mass, *seen)

    def find_singles(self, frame: EventFrame) -> FoundSingles:
        """Look at the events with exactly one track, as the selections look at the tracks of pairs."""
        pairs = find_singles(frame)
        tracks = self.measure(frame, pairs)
        # a track beside itself has the vetoes of a pair of two such tracks
        own = np.arange(len(pairs.row))
        alone = replace(pairs, first=own, second=own)
        around = (own, tracks.xy, tracks.times, self.cuts, self.channels)
        return FoundSingles(pairs, tracks, active_vetoes(frame, alone, *around))

    def measure(self, frame: EventFrame, pairs: TrackPairs) -> Tracks:
        """Impact points, times, quality and identity of tracks."""
        lists, cuts, more = frame.detectors, self.cuts, self.channels
        momentum = np.ascontiguousarray(pairs.state[:, 5])
        xy, failed = extrapolate(pairs.state, self.planes)
        isolate(xy, pairs.track_first, At.STRAW1, cuts.straw1_isolation_mm, ISOLATION_STRAW1, failed)
        isolate(xy, pairs.track_first, At.LKR, cuts.lkr_isolation_mm, ISOLATION_LKR, failed)
        times = track_times(pairs, xy, lists["chod"], lists["na48chod"], cuts)
        judge_tracks(pairs, lists["straw"], times, cuts, failed)
        near = associate(pairs, xy, times, lists["lkr"], lists["muv3"], cuts)
        showers = find_showers(frame, pairs, xy, times, cuts, more)
        pid = identify(momentum, times, near, showers, cuts, more)
        return Tracks(xy, failed, times, pid, identify_ee(momentum, times, near, showers, more))
