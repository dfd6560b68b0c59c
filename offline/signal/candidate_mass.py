"""Invariant mass of the candidates of a final state: two tracks as its charged daughters, and its photons."""

from __future__ import annotations

import numpy as np

from daq.config.channels import ChannelsConfig
from daq.frame import EventFrame
from daq.geometry.planes import planes
from daq.source.signal.final_states import masses_of
from streaming.reco.arrays import F64, I64, Flags
from streaming.reco.extrapolation import At
from streaming.reco.find import Found
from streaming.reco.tax import pair_mass


def candidate_masses(frame: EventFrame, found: Found, rows: I64, final_state: str, cuts: ChannelsConfig) -> F64:
    """Mass of the candidates in `rows` of `found` [GeV/c2], shape (len(rows),)."""
    pair = found.chosen.pair[rows]
    p = [found.pairs.state[track[pair], 5] for track in (found.pairs.first, found.pairs.second)]
    charged, _, *neutrals = masses_of(final_state)
    slopes = found.vertices.slopes[pair]
    if not neutrals:
        return pair_mass(slopes, p[0], p[1], charged, charged)
    momentum, energy = photon_sums(frame, found, rows, cuts)
    for k in (0, 1):
        direction = np.column_stack((slopes[:, 2 * k : 2 * k + 2], np.ones(len(rows))))
        momentum = momentum + direction * (p[k] / np.linalg.norm(direction, axis=1))[:, None]
        energy = energy + np.hypot(p[k], charged)
    result: F64 = np.sqrt(np.maximum(energy**2 - np.sum(momentum**2, axis=1), 0.0))
    return result


def photon_sums(frame: EventFrame, found: Found, rows: I64, cuts: ChannelsConfig) -> tuple[F64, F64]:
    """Summed momentum (n, 3) and energy (n,) of the photons of candidates [GeV]; the cuts of `find_photons`."""
    lkr, pairs = frame.detectors["lkr"], found.pairs
    events, pair = pairs.events[rows], found.chosen.pair[rows]
    both = (pairs.first[pair], pairs.second[pair])
    sizes = np.diff(lkr.offsets)[events]
    of = np.repeat(np.arange(len(rows)), sizes)
    hit = np.repeat(lkr.offsets[events] - np.cumsum(sizes) + sizes, sizes) + np.arange(len(of))
    time, x, y, energy = (lkr.fields[name][hit].astype(np.float64) for name in ("time", "x", "y", "energy"))
    reference = 0.5 * (found.tracks.times[both[0]] + found.tracks.times[both[1]])
    kept: Flags = (energy > cuts.photon_min_energy_gev) & (np.abs(time - reference[of]) < cuts.photon_window_ns)
    first, last = pairs.track_first[rows][of], pairs.track_first[rows + 1][of]
    for k in range(int((last - first).max(initial=0))):
        at = found.tracks.xy[np.minimum(first + k, last - 1), At.LKR]
        kept &= np.hypot(x - at[:, 0], y - at[:, 1]) > cuts.photon_track_mm
    at_lkr = np.column_stack((x, y, np.full(len(of), planes()["LKr_front"].z_mm)))
    way = at_lkr - found.vertices.vertex[pair, :3][of]
    way *= (np.where(kept, energy, 0.0) / np.linalg.norm(way, axis=1))[:, None]
    momentum = np.column_stack([_sums(of, way[:, k], len(rows)) for k in range(3)])
    return momentum, _sums(of, np.where(kept, energy, 0.0), len(rows))


def _sums(of: I64, values: F64, n: int) -> F64:
    """Sum of the values of each of n candidates."""
    result = np.zeros(n)
    np.add.at(result, of, values)
    return result
