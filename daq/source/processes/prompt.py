"""Prompt pairs: two leptons of the shower of one halo muon. Source of the model: emulator notes, 1.5."""

from __future__ import annotations

import math
from functools import partial

import numpy as np

from daq.config.detector import HaloConfig
from daq.config.processes import InteractionConfig, PromptEEConfig, PromptMuMuConfig
from daq.geometry.field import GRID_CELLS, GRID_START_MM, GRID_STEP_MM
from daq.geometry.planes import MAGNET_CENTRE_MM, Z_REFERENCE_MM, planes
from daq.source.halo import muons_of_momentum
from daq.source.particles import F64, Kind, Particles
from daq.source.processes.births import born, lav_tags_for
from daq.source.processes.decays import decay
from daq.source.processes.interactions import interaction_z, shares, transfers, unit_directions, with_pt
from daq.source.processes.pairs import Pair
from daq.source.processes.rejection import Columns, keep_drawing
from daq.source.propagation import PathCurve
from daq.units import ELECTRON_MASS_GEV, MUON_MASS_GEV, PION_MASS_GEV

PION_CTAU_MM = 7804.5
"""Source: PDG."""

LEAST_COSINE = 0.9
"""Pions further off Z cannot reach the detectors, and are not made."""


def mumu_pair(
    rng: np.random.Generator, time: F64, process: PromptMuMuConfig, halo: HaloConfig, curve: PathCurve
) -> Pair:
    """A scattered halo muon and a pion of its interaction that decays to a muon before the end of MUV1.

    Pion charge is + or - alike [assumed]; the muon keeps its direction.
    """
    propose = partial(_propose_mumu, rng, interaction=process.interaction, halo=halo, curve=curve)
    columns = keep_drawing(len(time), propose, "processes.prompt_mumu.interaction")
    vertex, scattered, charge, pion, z_decay = columns
    sign = np.where(rng.random(len(time)) < 0.5, 1, -1).astype(np.int8)
    muon = born(Kind.MUON, time, vertex, scattered, charge.astype(np.int8), curve)
    pions = born(Kind.PION, time, vertex, pion, sign, curve, z_end=z_decay)
    point, heading = _along(pions, z_decay, curve)
    at_decay = heading * (pions.p / np.linalg.norm(heading, axis=1))[:, None]
    daughter, _ = decay(rng, at_decay, PION_MASS_GEV, (MUON_MASS_GEV, 0.0))
    from_pion = born(Kind.MUON, time, point, daughter, sign, curve)
    return Pair(((muon,), (pions, from_pion)), vertex[:, 2], (_tags(rng, time, process.lav_survival),))


def ee_pair(rng: np.random.Generator, time: F64, process: PromptEEConfig, halo: HaloConfig, curve: PathCurve) -> Pair:
    """An electron and a positron of two photons of one shower; the muon is lost [assumed]."""
    propose = partial(_propose_ee, rng, interaction=process.interaction, halo=halo, curve=curve)
    vertex, electron, positron = keep_drawing(len(time), propose, "processes.prompt_ee.interaction")
    tracks = (
        (born(Kind.ELECTRON, time, vertex, electron, -1, curve),),
        (born(Kind.ELECTRON, time, vertex, positron, 1, curve),),
    )
    return Pair(tracks, vertex[:, 2], (_tags(rng, time, process.lav_survival),))


def _propose_mumu(
    rng: np.random.Generator, n: int, interaction: InteractionConfig, halo: HaloConfig, curve: PathCurve
) -> Columns:
    """Vertex, scattered muon and its charge, pion, Z of its decay; kept in proportion to the decay probability."""
    least = interaction.least_energy_gev
    parent_gev, transfer = _energies(rng, n, interaction, halo)
    energy = shares(rng, transfer, interaction)
    keep = np.minimum(energy, parent_gev - transfer) > least
    parent_gev, transfer, energy = parent_gev[keep], transfer[keep], energy[keep]
    charge, direction, vertex = _parents(rng, parent_gev, interaction, halo, curve)
    pion = with_pt(rng, direction, energy, PION_MASS_GEV, interaction)
    per_z = PION_MASS_GEV / (PION_CTAU_MM * pion[:, 2])
    probability = -np.expm1((vertex[:, 2] - planes()["MUV1"].z_mm) * per_z)
    # the slowest pion, as far upstream and as inclined as can be, is the likeliest to decay
    least_pz = math.sqrt(least**2 - PION_MASS_GEV**2) * LEAST_COSINE
    longest = planes()["MUV1"].z_mm - min(interaction.upstream_z_mm[0], interaction.z_mm[0])
    bound = -math.expm1(-longest * PION_MASS_GEV / (PION_CTAU_MM * least_pz))
    forward = pion[:, 2] > LEAST_COSINE * np.sqrt(energy**2 - PION_MASS_GEV**2)
    decays = forward & (rng.random(len(energy)) * bound < probability)
    z_decay = vertex[:, 2] - np.log1p(-rng.random(len(energy)) * probability) / per_z
    scattered = direction * (parent_gev - transfer)[:, None]
    return vertex[decays], scattered[decays], charge[decays], pion[decays], z_decay[decays]


def _propose_ee(
    rng: np.random.Generator, n: int, interaction: InteractionConfig, halo: HaloConfig, curve: PathCurve
) -> Columns:
    """Vertex, electron, positron."""
    parent_gev, transfer = _energies(rng, n, interaction, halo)
    first, second = shares(rng, transfer, interaction), shares(rng, transfer, interaction)
    keep = (np.minimum(first, second) > interaction.least_energy_gev) & (first + second < transfer)
    _, direction, vertex = _parents(rng, parent_gev[keep], interaction, halo, curve)
    electron = with_pt(rng, direction, first[keep], ELECTRON_MASS_GEV, interaction)
    return vertex, electron, with_pt(rng, direction, second[keep], ELECTRON_MASS_GEV, interaction)


def _energies(rng: np.random.Generator, n: int, interaction: InteractionConfig, halo: HaloConfig) -> tuple[F64, F64]:
    """Momenta of hard halo muons and the energy that each passes on [GeV]."""
    parent: F64 = halo.momentum_offset_gev + halo.momentum_scale_gev * rng.standard_gamma(halo.momentum_shape, n)
    return parent, transfers(rng, parent, interaction)


def _parents(
    rng: np.random.Generator, momentum: F64, interaction: InteractionConfig, halo: HaloConfig, curve: PathCurve
) -> tuple[F64, F64, F64]:
    """Charges and directions of halo muons, and a point of interaction on each; the field before it is left out."""
    parent = muons_of_momentum(rng, np.zeros(len(momentum)), momentum, halo, curve)
    z = interaction_z(rng, len(momentum), interaction)
    lever = z - Z_REFERENCE_MM
    point = np.stack((parent.x + lever * parent.tx, parent.y + lever * parent.ty, z), axis=1)
    return parent.charge.astype(np.float64), unit_directions(parent.tx, parent.ty), point


def _tags(rng: np.random.Generator, time: F64, survival: float) -> Particles:
    return lav_tags_for(time[rng.random(len(time)) >= survival])


def _along(particles: Particles, z: F64, curve: PathCurve) -> tuple[F64, F64]:
    """Point and direction of each particle at its own z [mm], shape (n, 3) each; directions as long as 1 along Z."""
    grid = GRID_START_MM + GRID_STEP_MM * np.arange(GRID_CELLS + 1)
    cell = np.clip(((z - GRID_START_MM) // GRID_STEP_MM).astype(np.int64), 0, GRID_CELLS - 1)
    slope = curve.field.slope[cell]
    bend = curve.field.displacement[cell] + (z - grid[cell])[:, None] * slope
    after = np.maximum(z - MAGNET_CENTRE_MM, 0.0)
    q_over_p = particles.charge / particles.p
    tx = particles.tx + q_over_p * (slope[:, 0] + curve.kick_gev * (after > 0.0))
    ty = particles.ty + q_over_p * slope[:, 1]
    lever = z - Z_REFERENCE_MM
    x = particles.x + particles.tx * lever + q_over_p * (bend[:, 0] + curve.kick_gev * after)
    y = particles.y + particles.ty * lever + q_over_p * bend[:, 1]
    return np.stack((x, y, z), axis=1), np.stack((tx, ty, np.ones(len(z))), axis=1)
