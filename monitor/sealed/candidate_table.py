"""What people read of an opened event: the same numbers as the search uses, from the same functions."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from daq.config import Config
from daq.errors import DataError
from daq.recording.opened import PlacedEvent
from daq.units import (
    ELECTRON_MASS_GEV,
    FINE_NS,
    FINE_PER_TICK,
    KAON_MASS_GEV,
    MM_PER_M,
    MUON_MASS_GEV,
    PION_MASS_GEV,
)
from streaming.reco.channels import Pid, photon_rows
from streaming.reco.find import Found, Selection
from streaming.reco.frames import checked
from streaming.reco.tax import pair_mass

TRACK_MASS_GEV = {"mumu": MUON_MASS_GEV, "ee": ELECTRON_MASS_GEV, "kk": KAON_MASS_GEV}
"""Mass of both tracks by the first part of the channel's name; a pion in all others."""

HEADER = (
    "   run  burst    event      charges, p [GeV/c]    Z_TAX [m]  CDA_TAX [mm]  mass [GeV/c2]  Delta T [ns]  taken from"
)


class CandidateTable:
    """Makes one row for each opened event, with the configuration of its block."""

    def __init__(self, config: Config) -> None:
        self._selection = Selection(config.reco, config.channels)
        self._max_tracks = config.gate.max_tracks

    def row(self, channel: str, placed: PlacedEvent) -> dict[str, Any]:
        """Numbers of one event; those that do not exist are None.

        mass_gev : of the two tracks, as particles of the channel
        z_tax_m, cda_tax_mm : of the tracks, with their photons in channels that have some
        """
        header = placed.event.header
        fine = int(header["timestamp"][0]) * FINE_PER_TICK + int(header["fine_time"][0])
        place = {"run": placed.run, "burst": placed.burst, "event_number": int(header["event_number"][0])}
        head = place | {"time_ns": fine * FINE_NS, "trigger_flags": int(header["trigger_flags"][0])}
        try:
            found = self._selection.find(checked(placed.event), self._max_tracks)
        except DataError as error:
            return head | {"fault": str(error)}
        if len(found.chosen.pair) != 1 or found.chosen.pair[0] < 0:
            return head | {"fault": "has not exactly one vertex of good tracks"}
        return head | _candidate(channel, found)


def _candidate(channel: str, found: Found) -> dict[str, Any]:
    k, state = int(found.chosen.pair[0]), found.pairs.state
    rows = (int(found.pairs.first[k]), int(found.pairs.second[k]))
    mass = TRACK_MASS_GEV.get(channel.partition("_")[0], PION_MASS_GEV)
    momenta = [np.array([state[row, 5]]) for row in rows]
    own = pair_mass(found.vertices.slopes[k : k + 1], momenta[0], momenta[1], mass, mass)
    with_photons = found.channel[0] >= 0 and photon_rows()[found.channel[0]]
    z_tax, cda_tax = found.line[0] if with_photons else found.tax[k]
    x, y, z, cda = found.vertices.vertex[k]
    tracks = [
        {"charge": int(state[row, 6]), "p_gev": _number(state[row, 5]), "pid": Pid(found.tracks.pid[row]).name.lower()}
        for row in rows
    ]
    return {
        "tracks": sorted(tracks, key=lambda track: -track["charge"]),
        "vertex_mm": [_number(v) for v in (x, y, z)],
        "cda_vertex_mm": _number(cda),
        "z_tax_m": _number(z_tax / MM_PER_M),
        "cda_tax_mm": _number(cda_tax),
        "mass_gev": _number(own[0]),
        "mass_pipi_gev": _number(found.mass_pipi[k]),
        "delta_t_ns": _number(found.chosen.delta_t[0]),
    }


def _number(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def line(row: dict[str, Any]) -> str:
    """One row for people, under `HEADER`."""
    place = f"{row['run']:6d} {row['burst']:6d} {row['event_number']:8d}"
    if "fault" in row:
        return f"{place}  {row['fault']}"
    tracks = "  ".join(f"{track['charge']:+d} {track['p_gev']:8.3f}" for track in row["tracks"])
    values = [("z_tax_m", 11, 3), ("cda_tax_mm", 12, 3), ("mass_gev", 13, 5), ("delta_t_ns", 12, 3)]
    cells = "  ".join(
        f"{row[name]:{width}.{digits}f}" if row[name] is not None else "-".rjust(width)
        for name, width, digits in values
    )
    return f"{place}  {tracks}  {cells}  {row['taken_from']}"
