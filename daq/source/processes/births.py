"""From vertices and momenta to particles, and from the particles of an event to hits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from daq.config.detector import DetectorConfig
from daq.geometry.planes import MAGNET_CENTRE_MM, Z_REFERENCE_MM, lav_stations
from daq.hits import HitBlock
from daq.source.particles import F64, Kind, Particles, parallel_particles
from daq.source.propagation import PathCurve
from daq.source.response.detector import respond
from daq.units import FINE_NS

I8 = NDArray[np.int8]


def born(
    kind: Kind, time: F64, vertex: F64, momenta: F64, charge: int | I8, curve: PathCurve, z_end: F64 | None = None
) -> Particles:
    """Particles that start at a vertex.

    Parameters
    ----------
    time : float64, shape (n,)
        [ns since SOB].
    vertex, momenta : float64, shape (n, 3)
        [mm] and [GeV/c]. A particle that flies upstream stays in the list and exists nowhere.
    charge
        [e], one for all or int8 of shape (n,).
    z_end : float64, shape (n,)
        Where it ends [mm]; never, if left out.
    """
    forward = momenta[:, 2] > 0.0
    pz = np.where(forward, momenta[:, 2], 1.0)
    tx, ty = np.where(forward, momenta[:, 0] / pz, 0.0), np.where(forward, momenta[:, 1] / pz, 0.0)
    p = np.maximum(np.sqrt(np.sum(momenta**2, axis=1)), 1e-9)
    charges = np.broadcast_to(np.asarray(charge, np.int8), len(time)).copy()
    q_over_p = charges / p
    z = vertex[:, 2]
    x, y, tx, ty = curve.line_through(z, vertex[:, 0], vertex[:, 1], tx, ty, q_over_p)
    # a path downstream of MNP33 holds its kick already: the line is what the path would be without
    kick = np.where(z > MAGNET_CENTRE_MM, q_over_p * curve.kick_gev, 0.0)
    x, tx = x + kick * (MAGNET_CENTRE_MM - Z_REFERENCE_MM), tx - kick
    end = np.full(len(time), np.inf) if z_end is None else z_end
    return Particles(kind, time, x, y, tx, ty, p, charges, z, np.where(forward, end, z - 1.0))


def joined(parts: tuple[Particles, ...]) -> Particles:
    """Particles of one kind in one list, one part after the other."""
    floats = [np.concatenate([getattr(part, name) for part in parts]) for name in ("time", "x", "y", "tx", "ty", "p")]
    time, x, y, tx, ty, p = floats
    charge = np.concatenate([part.charge for part in parts])
    start, end = (np.concatenate([getattr(part, name) for part in parts]) for name in ("z_start", "z_end"))
    return Particles(parts[0].kind, time, x, y, tx, ty, p, charge, start, end, quality=parts[0].quality)


def with_companions(particles: Particles, *companions: Particles) -> Particles:
    """Particles together with those of other kinds of the same events."""
    return replace(particles, companions=companions)


def lav_tags_for(time: F64) -> Particles:
    """Something of the event goes into the LAV at each of these times [ns]."""
    zero = np.zeros(len(time))
    return parallel_particles(Kind.LAV_TAG, time, zero, zero, np.ones(len(time)), (0.0, 0.0))


def respond_event(
    rng: np.random.Generator, particles: Particles, detector: DetectorConfig, curve: PathCurve
) -> Iterator[tuple[str, HitBlock]]:
    """Hits of particles and of their companions in every detector, as `daq.source.response.detector.respond`."""
    for member in (particles, *particles.companions):
        if member.kind is Kind.LAV_TAG:
            yield "lav", _tag_hits(rng, member.time, detector.veto.lav_time_ns)
        else:
            yield from respond(rng, member, detector, curve)


def _tag_hits(rng: np.random.Generator, time: F64, sigma_ns: float) -> HitBlock:
    n = len(time)
    fine = np.rint((time + sigma_ns * rng.standard_normal(n)) / FINE_NS).astype(np.int64)
    return HitBlock(fine, {"station": rng.integers(1, len(lav_stations()) + 1, n, dtype=np.uint8)})
