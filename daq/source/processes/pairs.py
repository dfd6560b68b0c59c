"""A pair of tracks of one event, and whether the two-track selection would see it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from daq.errors import ConfigError
from daq.geometry.planes import STRAW_HOLE_CENTRE_X_MM, lav_stations, planes
from daq.source.acceptance import CHOD, Mask, in_annulus, in_octagon, in_square
from daq.source.particles import F64, Kind, Particles
from daq.source.processes.births import joined, with_companions
from daq.source.propagation import PathCurve, positions
from daq.source.response.na48chod import HORIZONTAL, VERTICAL
from daq.source.response.straw import CHAMBERS
from daq.source.streams import Component, stream

LEAST_MOMENTUM_GEV = 10.0
"""Of both tracks. Source: CERN-EP-2023-032, section 4."""

FIDUCIAL_MM = (105_000.0, 180_000.0)
CALIBRATION_EVENTS, CALIBRATION_BATCHES, ENOUGH_SELECTED = 20_000, 20, 600
"""Events of a batch, and batches or selected events that end the calibration of a process: good to 4 %."""


@dataclass(frozen=True, slots=True)
class Pair:
    """n events with two tracks each.

    tracks : for each of the two, its successive pieces of n particles: a pion, then the muon of its decay
    z_vertex : float64 (n,)    [mm]
    others : what else the events hold
    """

    tracks: tuple[tuple[Particles, ...], tuple[Particles, ...]]
    z_vertex: F64
    others: tuple[Particles, ...] = ()

    def particles(self) -> Particles:
        """All particles, those of one kind together."""
        pieces = (*self.tracks[0], *self.tracks[1], *self.others)
        kinds = dict.fromkeys(piece.kind for piece in pieces)
        first, *more = (joined(tuple(p for p in pieces if p.kind is kind)) for kind in kinds)
        return with_companions(first, *more)


def selected(
    pair: Pair, curve: PathCurve, anti0_mm: float, z_range: tuple[float, float] = FIDUCIAL_MM, muons: bool = False
) -> Mask:
    """Opposite charges, both tracks in the acceptance of everything, vertex in `z_range` [mm].

    `anti0_mm`: outer radius of ANTI0. `muons`: MUV1 to MUV3 are asked for as well. Vetoes, regions and
    identification are not.
    """
    good = (pair.z_vertex > z_range[0]) & (pair.z_vertex < z_range[1])
    charges = np.zeros((2, len(pair.z_vertex)))
    for k, pieces in enumerate(pair.tracks):
        tracked = np.zeros(len(pair.z_vertex), bool)
        for piece in pieces:
            seen = _spectrometer(piece, curve, anti0_mm)
            charges[k] = np.where(seen, piece.charge, charges[k])
            tracked |= seen
        good &= tracked & _downstream(pieces, curve, muons)
    result: Mask = good & (charges[0] * charges[1] < 0)
    return result


def selected_fraction(
    component: Component,
    draw: Callable[[np.random.Generator, int], Pair],
    choose: Callable[[Pair], Mask],
) -> float:
    """Part of the events of a process that are selected, from a fixed sample.

    Raises
    ------
    ConfigError
        No event is, so the published yield cannot be reached.
    """
    rng = stream(0, 0, Component.CALIBRATION, int(component))
    found, tried = 0, 0
    while found < ENOUGH_SELECTED and tried < CALIBRATION_BATCHES * CALIBRATION_EVENTS:
        found += int(np.count_nonzero(choose(draw(rng, CALIBRATION_EVENTS))))
        tried += CALIBRATION_EVENTS
    if found == 0:
        msg = (
            f"processes: none of {tried} {component.name} events is in the acceptance; wanted some, so that the "
            "published yield can be reached; check positions and momenta"
        )
        raise ConfigError(msg)
    return found / tried


def _spectrometer(piece: Particles, curve: PathCurve, anti0_mm: float) -> Mask:
    """The piece crosses all chambers, points back into ANTI0, and is above the momentum cut."""
    seen = piece.p > LEAST_MOMENTUM_GEV
    for name, centre in zip(CHAMBERS, STRAW_HOLE_CENTRE_X_MM, strict=True):
        seen &= in_annulus(*positions(piece, curve, planes()[name].z_mm), name, centre)
    if piece.kind is Kind.ELECTRON:
        # it would shower in the LAV and end there
        for _, front, _, inner, outer in lav_stations():
            radius = np.hypot(*positions(piece, curve, front))
            seen &= ~((radius > inner) & (radius < outer))
    back = replace(piece, z_start=np.full(len(piece), -np.inf))
    x, y = positions(back, curve, planes()["ANTI0"].z_mm)
    result: Mask = seen & (np.hypot(x, y) < anti0_mm)
    return result


def _downstream(pieces: tuple[Particles, ...], curve: PathCurve, muons: bool) -> Mask:
    good = np.ones(len(pieces[0]), bool)
    for name in (CHOD, VERTICAL, HORIZONTAL):
        good &= in_annulus(*_positions(pieces, curve, planes()[name].z_mm), name)
    good &= in_octagon(*_positions(pieces, curve, planes()["LKr_front"].z_mm))
    x, y = _positions(pieces, curve, lav_stations()[-1][1])
    good &= np.hypot(x, y) < lav_stations()[-1][3]
    for name in ("MUV1", "MUV2", "MUV3") if muons else ():
        good &= in_square(*_positions(pieces, curve, planes()[name].z_mm), name)
        # a pion that has not decayed by MUV1 is no muon
        good &= pieces[-1].kind is Kind.MUON
    return good


def _positions(pieces: tuple[Particles, ...], curve: PathCurve, z_mm: float) -> tuple[F64, F64]:
    """Where the piece that exists there crosses a plane."""
    x, y = positions(pieces[0], curve, z_mm)
    for piece in pieces[1:]:
        later_x, later_y = positions(piece, curve, z_mm)
        x, y = np.where(np.isnan(later_x), x, later_x), np.where(np.isnan(later_y), y, later_y)
    return x, y
