"""Interactions of a muon or a hadron: where, with which transfer, and one secondary of it."""

from __future__ import annotations

import math

import numpy as np

from daq.config.processes import InteractionConfig
from daq.source.particles import F64


def interaction_z(rng: np.random.Generator, n: int, interaction: InteractionConfig) -> F64:
    """Z of n interactions [mm]."""
    upstream = rng.random(n) < interaction.upstream_fraction
    (low, high), (near, far) = interaction.upstream_z_mm, interaction.z_mm
    u = rng.random(n)
    return np.where(upstream, low + (high - low) * u, near + (far - near) * u)


def transfers(rng: np.random.Generator, parent_gev: F64, interaction: InteractionConfig) -> F64:
    """Energy transfers, density 1/transfer [GeV]."""
    low, high = interaction.transfer
    result: F64 = parent_gev * low * (high / low) ** rng.random(len(parent_gev))
    return result


def shares(rng: np.random.Generator, transfer_gev: F64, interaction: InteractionConfig) -> F64:
    """Energies of one secondary of each interaction [GeV]."""
    result: F64 = transfer_gev * rng.beta(*interaction.share_shape, len(transfer_gev))
    return result


def with_pt(
    rng: np.random.Generator, direction: F64, energy_gev: F64, mass_gev: float, interaction: InteractionConfig
) -> F64:
    """Momenta of secondaries, shape (n, 3) [GeV/c]: pT at random about unit vectors, shape (n, 3), near Z.

    A pT above the momentum is cut to it: such a secondary goes sideways and is not seen.
    """
    p2 = energy_gev**2 - mass_gev**2
    pt = interaction.pt_scale_gev * rng.standard_gamma(interaction.pt_shape, len(energy_gev))
    pt = np.minimum(pt, np.sqrt(p2))
    phi = rng.random(len(energy_gev)) * (2.0 * math.pi)
    momenta = direction * np.sqrt(np.maximum(p2 - pt**2, 1e-12))[:, None]
    momenta[:, 0] += pt * np.cos(phi)
    momenta[:, 1] += pt * np.sin(phi)
    # pT about Z instead of about the direction is a change of the length, and that is put right
    result: F64 = momenta * np.sqrt(p2 / np.sum(momenta**2, axis=1))[:, None]
    return result


def unit_directions(tx: F64, ty: F64) -> F64:
    """Unit vectors along slopes, shape (n, 3)."""
    vectors = np.stack((tx, ty, np.ones(len(tx))), axis=1)
    result: F64 = vectors / np.linalg.norm(vectors, axis=1)[:, None]
    return result
