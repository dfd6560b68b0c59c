"""All detectors: which of them see a kind of particle, and where.

Muons cross everything. Electrons and photons end in the first calorimeter that sees them: a LAV station, IRC or SAC,
the LKr. Pions and kaons shower in LKr, MUV1 and MUV2, and a few get to MUV3; their decays in flight are made by the
process that makes them, as particles that end and others that begin.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from daq.config.detector import DetectorConfig
from daq.geometry.planes import lav_stations, planes
from daq.hits import HitBlock
from daq.source.acceptance import CHOD
from daq.source.particles import Kind, Particles
from daq.source.propagation import PathCurve, positions
from daq.source.response.calorimeters import lkr_clusters, lkr_deposits, muv12_clusters, muv12_deposits
from daq.source.response.chod import chod_hits
from daq.source.response.hadrons import hadron_energies
from daq.source.response.muv3 import muv3_hits
from daq.source.response.na48chod import HORIZONTAL, VERTICAL, na48chod_hits
from daq.source.response.straw import straw_tracks
from daq.source.response.vetoes import anti0_hits, lav12_hits, lav_showers, lav_tags, sav_hits

Hits = Iterator[tuple[str, HitBlock]]

SHOWERING = (Kind.ELECTRON, Kind.PHOTON)
HADRONS = (Kind.PION, Kind.KAON)


def respond(rng: np.random.Generator, particles: Particles, detector: DetectorConfig, curve: PathCurve) -> Hits:
    """Hits of particles in every detector, as (detector name, unordered hits); a name may come more than once.

    Companions are not looked at, and a `LAV_TAG` is not a particle: see `daq.source.processes.births`.
    """
    if len(particles) == 0:
        return
    if particles.kind is Kind.FILLER:
        x, y = positions(particles, curve, planes()[CHOD].z_mm)
        yield "chod", chod_hits(rng, particles.time, x, y, detector.chod)
        return
    if particles.kind in SHOWERING:
        hits, particles = lav_showers(rng, particles, curve, detector.veto)
        yield "lav", hits
    if particles.kind is Kind.PHOTON:
        hits, particles = sav_hits(rng, particles, curve, detector.veto)
        yield "sav", hits
    else:
        yield from _upstream(rng, particles, detector, curve)
        yield from _hodoscopes(rng, particles, detector, curve)
    yield from _calorimeters(rng, particles, detector, curve)
    if particles.kind is Kind.MUON or particles.kind in HADRONS:
        yield from _muv3(rng, particles, detector, curve)


def _upstream(rng: np.random.Generator, particles: Particles, detector: DetectorConfig, curve: PathCurve) -> Hits:
    x, y = positions(particles, curve, planes()["ANTI0"].z_mm)
    yield "anti0", anti0_hits(rng, particles.time, x, y, detector.veto)
    yield "straw", straw_tracks(rng, particles, curve, detector.straw, detector.rich)
    if particles.kind is Kind.MUON:
        yield "lav", lav_tags(rng, particles.time, detector.veto)
    if particles.kind not in SHOWERING:
        x, y = positions(particles, curve, lav_stations()[-1][1])
        yield "lav", lav12_hits(rng, particles.time, x, y, detector.veto)


def _hodoscopes(rng: np.random.Generator, particles: Particles, detector: DetectorConfig, curve: PathCurve) -> Hits:
    x, y = positions(particles, curve, planes()[CHOD].z_mm)
    yield "chod", chod_hits(rng, particles.time, x, y, detector.chod)
    for plane in (VERTICAL, HORIZONTAL):
        x, y = positions(particles, curve, planes()[plane].z_mm)
        yield "na48chod", na48chod_hits(rng, particles.time, x, y, plane, detector.na48chod)


def _calorimeters(rng: np.random.Generator, particles: Particles, detector: DetectorConfig, curve: PathCurve) -> Hits:
    time, calorimeter, kind = particles.time, detector.calorimeter, particles.kind
    x, y = positions(particles, curve, planes()["LKr_front"].z_mm)
    if kind in HADRONS:
        energies = hadron_energies(rng, particles.p, calorimeter)
        yield "lkr", lkr_deposits(rng, time, x, y, energies[0], calorimeter)
    else:
        yield "lkr", lkr_clusters(rng, kind, time, x, y, particles.p, calorimeter)
    if kind in SHOWERING:
        return
    for number in (1, 2):
        x, y = positions(particles, curve, planes()[f"MUV{number}"].z_mm)
        if kind in HADRONS:
            yield "muv12", muv12_deposits(rng, time, x, y, energies[number], number, calorimeter)
        else:
            yield "muv12", muv12_clusters(rng, time, x, y, number, calorimeter)


def _muv3(rng: np.random.Generator, particles: Particles, detector: DetectorConfig, curve: PathCurve) -> Hits:
    x, y = positions(particles, curve, planes()["MUV3"].z_mm)
    if particles.kind in HADRONS:
        # where a particle is not, it has no position
        x = np.where(rng.random(len(particles)) < detector.muv3.punch_through, x, np.nan)
    yield "muv3", muv3_hits(rng, particles.time, x, y, particles.p, detector.muv3)
