"""Events one by one, as the analysis reads them: pairs that may be shown, and single tracks.

Of the events with several tracks only those leave that the gate keeps: proven visible, with exactly one vertex
(decision 14). An event with one track can't be masked. No cut on vetoes, identity or trigger is applied: they are
columns. Units are in the names; Z_TAX and CDA_TAX are there for the two tracks, and with the photons of the channel.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from daq.config.reco import RecoConfig
from daq.frame import EventFrame
from daq.units import ELECTRON_MASS_GEV, KAON_MASS_GEV, MUON_MASS_GEV
from streaming.gate import IN_SIGNAL_PLANE
from streaming.reco.arrays import F64, I64, Flags
from streaming.reco.channels import KaonTag, Veto, Zone
from streaming.reco.find import Found, FoundSingles
from streaming.reco.tax import pair_mass

Columns = dict[str, NDArray[np.generic]]

HEADER = ("event_number", "timestamp", "fine_time", "trigger_flags")
STATE = ("x_mm", "y_mm", "tx", "ty", "p_gev")
"""Of a track at Z = 180 m."""
STATE_AT = (0, 1, 3, 4, 5)


@dataclass(frozen=True, slots=True)
class Places:
    """Region of the candidate of each event, as `streaming.regions.classify` says: -1 without a candidate."""

    inside: I64
    side: I64


@dataclass(frozen=True, slots=True)
class FrameRecords:
    """Columns of the records of a frame; every column of a table is as long as the others."""

    pairs: Columns
    singles: Columns


def joined(parts: list[FrameRecords]) -> FrameRecords:
    """Records of several frames, one after the other; there is at least one."""
    tables = [
        {name: np.concatenate([getattr(part, table)[name] for part in parts]) for name in getattr(parts[0], table)}
        for table in ("pairs", "singles")
    ]
    return FrameRecords(*tables)


def visible_pairs(frame: EventFrame, found: Found, stripped: Flags, places: Places) -> Columns:
    """One row for each event with several tracks that is kept.

    `region` is a row of `streaming.tally.OPEN_REGIONS`, `channel` one of `CHANNELS`; -1 without a candidate.
    """
    rows = np.flatnonzero(~stripped[found.pairs.events])
    k = found.chosen.pair[rows]
    events = found.pairs.events[rows]
    columns: Columns = {name: frame.header[name][events] for name in HEADER}
    for number, track in enumerate((found.pairs.first[k], found.pairs.second[k]), start=1):
        columns |= {f"{name}_{number}": values for name, values in _of_tracks(found, track).items()}
    vertex, slopes, active, zone = found.vertices.vertex[k], found.vertices.slopes[k], found.active[rows], found.zone[k]
    p = found.pairs.state[found.pairs.first[k], 5], found.pairs.state[found.pairs.second[k], 5]
    opened = places.inside[rows] >= 0
    channel, line = found.channel[rows], found.line[rows]
    columns |= {
        "x_vertex_mm": vertex[:, 0], "y_vertex_mm": vertex[:, 1], "z_vertex_mm": vertex[:, 2],
        "cda_vertex_mm": vertex[:, 3], "delta_t_ns": found.chosen.delta_t[rows],
        "z_tax_mm": found.tax[k, 0], "cda_tax_mm": found.tax[k, 1],
        "z_tax_photons_mm": line[:, 0], "cda_tax_photons_mm": line[:, 1],
        "mass_mumu_gev": pair_mass(slopes, *p, MUON_MASS_GEV, MUON_MASS_GEV),
        "mass_ee_gev": pair_mass(slopes, *p, ELECTRON_MASS_GEV, ELECTRON_MASS_GEV),
        "mass_pipi_gev": found.mass_pipi[k],
        "mass_kk_gev": pair_mass(slopes, *p, KAON_MASS_GEV, KAON_MASS_GEV),
        "channel": channel.astype(np.int8),
        "region": np.where(channel < 0, -1, np.where(opened, IN_SIGNAL_PLANE, places.side[rows])).astype(np.int8),
        "neutral": found.neutral[rows].astype(np.int8),
        "kaon": (found.kaon[rows] & int(KaonTag.YES)) != 0,
        "in_fiducial": (zone & int(Zone.FIDUCIAL)) != 0, "upstream": (zone & int(Zone.UPSTREAM)) != 0,
        "in_cones": (zone & int(Zone.CONES)) != 0,
    }  # fmt: skip
    return columns | _vetoes(active)


def good_singles(frame: EventFrame, found: FoundSingles, cuts: RecoConfig) -> Columns:
    """One row for each event with one good track that has the Q1 bit, with or without H2."""
    flags = frame.header["trigger_flags"][found.pairs.events].astype(np.int64)
    rows = np.flatnonzero((found.tracks.failed == 0) & (flags & 1 << cuts.q1_flag_bit != 0))
    events = found.pairs.events[rows]
    columns: Columns = {name: frame.header[name][events] for name in HEADER}
    columns |= _of_tracks(found, rows)
    columns["kaon"] = frame.detectors["straw"].fields["kaon"][found.pairs.row[rows]] == 1
    return columns | _vetoes(found.active[rows])


def _of_tracks(found: Found | FoundSingles, track: I64) -> Columns:
    state, tracks = found.pairs.state[track], found.tracks
    columns: Columns = {name: np.ascontiguousarray(state[:, at]) for name, at in zip(STATE, STATE_AT, strict=True)}
    return columns | {
        "charge": _charges(state[:, 6]),
        "time_ns": tracks.times[track],
        "pid": tracks.pid[track],
        "is_ee": tracks.is_ee[track],
    }


def _charges(values: F64) -> NDArray[np.int8]:
    # a track without a charge is no part of a visible pair and no good single
    return np.nan_to_num(values).astype(np.int8)


def _vetoes(active: I64) -> Columns:
    return {f"veto_{veto.name.lower()}": active & int(veto) != 0 for veto in Veto if veto.name}
