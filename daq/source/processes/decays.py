"""Decays in flight, uniform in phase space: two, three and more bodies. Matrix elements are not used.

Method for three and more: masses of the nested systems of daughters from sorted uniform numbers, kept with a
probability in proportion to the product of the two-body momenta, which makes the draws uniform in phase space.
Source: F. James, CERN 68-15 (1968). A chain of decays is a decay of a daughter.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from daq.errors import ConfigError
from daq.jit import kernel

F64 = NDArray[np.float64]


def decay(rng: np.random.Generator, momenta: F64, mass_gev: float, daughters_gev: tuple[float, ...]) -> F64:
    """Momenta of the daughters of particles that decay in flight.

    Parameters
    ----------
    momenta : float64, shape (n, 3)
        Of the parents [GeV/c].
    mass_gev, daughters_gev
        Mass of the parent (> 0) and of two or more daughters [GeV/c2].

    Returns
    -------
    float64, shape (n_daughters, n, 3)
        Momenta [GeV/c] in the order of `daughters_gev`. Energy and momentum are conserved to rounding.

    Raises
    ------
    ConfigError
        The parent is too light, or has fewer than two daughters.
    """
    if len(daughters_gev) < 2 or min(daughters_gev) < 0 or not mass_gev > sum(daughters_gev):
        msg = (
            f"decay of {mass_gev} GeV to {daughters_gev} GeV: not possible; wanted two or more daughters, none of "
            "negative mass, lighter together than the parent; choose another mass or final state"
        )
        raise ConfigError(msg)
    masses = np.array(daughters_gev)
    out = np.empty((len(masses), len(momenta), 3))
    _decay(rng, np.ascontiguousarray(momenta, np.float64), mass_gev, masses, largest_weight(mass_gev, masses), out)
    return out


def energies(momenta: F64, mass_gev: float) -> F64:
    """Energies of particles of one mass [GeV]; `momenta` of shape (..., 3)."""
    result: F64 = np.sqrt(np.sum(momenta**2, axis=-1) + mass_gev**2)
    return result


def largest_weight(mass_gev: float, daughters: F64) -> float:
    """Bound of the product of two-body momenta over all masses of the nested systems [(GeV/c)^(n-1)]."""
    free = mass_gev - float(daughters.sum())
    bound = 1.0
    for k in range(1, len(daughters)):
        heaviest, lightest = free + float(daughters[: k + 1].sum()), float(daughters[:k].sum())
        bound *= two_body_momentum(heaviest, lightest, float(daughters[k]))
    return bound


def two_body_momentum(mass: float, first: float, second: float) -> float:
    """Momentum of two daughters in the rest frame of the parent [GeV/c]; factorised, so no digits cancel."""
    product = (mass - first - second) * (mass + first + second) * (mass - first + second) * (mass + first - second)
    return math.sqrt(max(0.0, product)) / (2.0 * mass)


@kernel
def _momentum(mass: float, first: float, second: float) -> float:
    product = (mass - first - second) * (mass + first + second) * (mass - first + second) * (mass + first - second)
    return np.sqrt(max(0.0, product)) / (2.0 * mass)


@kernel
def _draw_systems(rng: np.random.Generator, mass: float, daughters: F64, bound: float, systems: F64) -> None:
    """Masses of the systems of the first 1, 2, ... daughters."""
    k = len(daughters)
    systems[0] = daughters[0]
    systems[k - 1] = mass
    if k == 2:
        return
    free = mass - daughters.sum()
    while True:
        for j in range(1, k - 1):
            u = rng.random()
            i = j
            while i > 1 and systems[i - 1] > u:
                systems[i] = systems[i - 1]
                i -= 1
            systems[i] = u
        rest = daughters[0]
        for j in range(1, k - 1):
            rest += daughters[j]
            systems[j] = rest + free * systems[j]
        weight = 1.0
        for j in range(1, k):
            weight *= _momentum(systems[j], systems[j - 1], daughters[j])
        if rng.random() * bound < weight:
            return


@kernel
def _decay(rng: np.random.Generator, momenta: F64, mass: float, daughters: F64, bound: float, out: F64) -> None:
    k = len(daughters)
    systems = np.empty(k)
    for i in range(len(momenta)):
        _draw_systems(rng, mass, daughters, bound, systems)
        px, py, pz = momenta[i, 0], momenta[i, 1], momenta[i, 2]
        for j in range(k - 1, 0, -1):
            parent, lighter, daughter = systems[j], systems[j - 1], daughters[j]
            p = _momentum(parent, lighter, daughter)
            cosine, phi = 2.0 * rng.random() - 1.0, 2.0 * np.pi * rng.random()
            sine = np.sqrt(max(0.0, 1.0 - cosine * cosine))
            x, y, z = p * sine * np.cos(phi), p * sine * np.sin(phi), p * cosine
            # boost by (beta gamma) = momentum over mass
            bx, by, bz = px / parent, py / parent, pz / parent
            gamma = np.sqrt(1.0 + bx * bx + by * by + bz * bz)
            along = (bx * x + by * y + bz * z) / (gamma + 1.0)
            first = along + np.sqrt(p * p + daughter * daughter)
            second = -along + np.sqrt(p * p + lighter * lighter)
            out[j, i, 0], out[j, i, 1], out[j, i, 2] = x + bx * first, y + by * first, z + bz * first
            px, py, pz = -x + bx * second, -y + by * second, -z + bz * second
        out[0, i, 0], out[0, i, 1], out[0, i, 2] = px, py, pz
