"""What the selection of the chain finds in emulated events, written out; no gate.

A test holds the counts of this module against the tally of `Reconstruction` on the same events.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from daq.config.reco import GateConfig, RecoConfig
from daq.frame import EventFrame
from daq.units import FINE_NS, FINE_PER_TICK, MM_PER_M, MUON_MASS_GEV
from offline.validation.candidates import Candidates, Found, GoodPairs, joined
from streaming.reco.arrays import I64, Flags
from streaming.reco.channels import Pid, Zone
from streaming.reco.extrapolation import ISOLATION_LKR, ISOLATION_STRAW1, At
from streaming.reco.find import Found as Seen
from streaming.reco.find import Selection
from streaming.reco.tax import pair_mass
from streaming.reco.vetoes import lav_near

COMPARED = 1 << ISOLATION_STRAW1 | 1 << ISOLATION_LKR
"""What a track can fail only beside another one."""


def find(frames: Iterable[EventFrame], cuts: RecoConfig, *, upstream: bool = False) -> Found:
    """Run the selection on frames of emulated events and keep what it found.

    upstream : with the vertices upstream of the fiducial volume, which the chain keeps as a side sample
    """
    # the validation is of the emulator: the selections beyond mu mu stay at their defaults
    selection = Selection(cuts)
    wanted = int(Zone.FIDUCIAL | Zone.UPSTREAM if upstream else Zone.FIDUCIAL)
    return joined([_find(frame, selection, wanted) for frame in frames])


def _find(frame: EventFrame, selection: Selection, wanted: int) -> Found:
    event = selection.find(frame, GateConfig().max_tracks)
    pair = event.chosen.pair
    inside = (pair >= 0) & (event.zone[pair] & wanted != 0) if len(event.zone) else pair >= 0
    cuts = selection.cuts
    return Found(_candidates(frame, event, np.flatnonzero(inside), cuts), _good(frame, event, cuts))


def _h2(frame: EventFrame, events: I64, cuts: RecoConfig) -> Flags:
    flags: Flags = frame.header["trigger_flags"][events].astype(np.int64) & (1 << cuts.h2_flag_bit) != 0
    return flags


def _good(frame: EventFrame, event: Seen, cuts: RecoConfig) -> GoodPairs:
    """Events with two tracks that are good before they are compared with each other."""
    pairs, tracks = event.pairs, event.tracks
    two = np.diff(pairs.track_first) == 2
    both = pairs.track_first[:-1][two][:, None] + np.arange(2)
    events = pairs.events[two]
    good = _h2(frame, events, cuts) & ~lav_near(frame, events, tracks.times[both].mean(axis=1), cuts.lav_window_ns)
    alone = tracks.failed & ~COMPARED
    good &= np.all((alone[both] == 0) & (tracks.pid[both] == Pid.MUON), axis=1)
    rows = both[good]
    return GoodPairs(pairs.state[rows], tracks.xy[rows, At.STRAW1], tracks.xy[rows, At.LKR])


def _candidates(frame: EventFrame, event: Seen, rows: I64, cuts: RecoConfig) -> Candidates:
    pairs, tracks, vertices = event.pairs, event.tracks, event.vertices
    k, events = event.chosen.pair[rows], pairs.events[rows]
    both = np.stack((pairs.first[k], pairs.second[k]), axis=1)
    p, vertex = pairs.state[both, 5], vertices.vertex[k]
    ticks, fine = (frame.header[name][events].astype(np.int64) for name in ("timestamp", "fine_time"))
    at_anti0 = tracks.xy[both, At.ANTI0]
    return Candidates(
        time_ns=(ticks * FINE_PER_TICK + fine).astype(np.float64) * FINE_NS,
        h2=_h2(frame, events, cuts),
        lav=lav_near(frame, events, tracks.times[both].mean(axis=1), cuts.lav_window_ns),
        channel=event.channel[rows],
        pid=tracks.pid[both],
        charge=pairs.state[both, 6],
        p_gev=p,
        cda_vertex_mm=vertex[:, 3],
        z_vertex_m=vertex[:, 2] / MM_PER_M,
        delta_t_ns=event.chosen.delta_t[rows],
        z_tax_m=event.tax[k, 0] / MM_PER_M,
        cda_tax_mm=event.tax[k, 1],
        mass_pipi_gev=event.mass_pipi[k],
        mass_mumu_gev=pair_mass(vertices.slopes[k], p[:, 0], p[:, 1], MUON_MASS_GEV, MUON_MASS_GEV),
        anti0_mm=np.hypot(at_anti0[:, :, 0], at_anti0[:, :, 1]),
    )
