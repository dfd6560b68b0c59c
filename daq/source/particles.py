"""Particles on their way through the detector, whatever made them.

A component of the emulator is a function that fills these columns; the response needs nothing else. A particle
exists from `z_start` to `z_end`: a decay product starts at its vertex, a particle that ranges out ends early.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]


class Kind(IntEnum):
    """How a particle answers in the detectors."""

    MUON = 0
    ELECTRON = 1
    PHOTON = 2
    FILLER = 3
    """Charged, straight, seen by hodoscopes only."""
    PION = 4
    KAON = 5
    LAV_TAG = 6
    """One hit in some LAV station and nothing else: what a shower sends there, where its yield is an input."""


@dataclass(frozen=True, slots=True)
class Particles:
    """Columns of n particles of one kind.

    kind : what they are
    time : float64 (n,)    [ns since SOB] at any plane: times are relative to the flight at the speed of light
    x, y, tx, ty : float64 (n,)    state of the straight line through Z = 180 m [mm, rad]
    p : float64 (n,)    momentum, or energy of a photon [GeV]
    charge : int8 (n,)    [e]; 0 also for FILLER, which goes straight
    z_start, z_end : float64 (n,)    the particle exists between these [mm]
    quality : a track, where there is one, is a good one with this probability: 1 but for the halo
    companions : particles of other kinds of the same events, which answer as well
    """

    kind: Kind
    time: F64
    x: F64
    y: F64
    tx: F64
    ty: F64
    p: F64
    charge: NDArray[np.int8]
    z_start: F64
    z_end: F64
    companions: tuple[Particles, ...] = ()
    quality: float = 1.0

    def __len__(self) -> int:
        """Give the number of particles."""
        return len(self.time)


def parallel_particles(kind: Kind, time: F64, x: F64, y: F64, p: F64, z_range: tuple[float, float]) -> Particles:
    """Neutral particles parallel to Z at (x, y) that exist in `z_range` [mm] only."""
    n, zero = len(time), np.zeros(len(time))
    start, end = np.full(n, z_range[0]), np.full(n, z_range[1])
    return Particles(kind, time, x, y, zero, zero, p, np.zeros(n, np.int8), start, end)
