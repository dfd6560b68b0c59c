"""Two-track bursts: the accidental pairs of many spills, and nothing of their single muons.

The thinning is exact. Muons of a spill are independent, so pairs that are less than w apart are a Poisson process of
rate n^2 w / T_eff, in time as the square of the intensity; each is made with two independent muons of the halo and has
weight 1. Left out are single muons, muons that miss CHOD, LKr or MUV3, and third muons, 6e-4 of the pairs.
Source: emulator notes, section 2.
"""

from __future__ import annotations

from functools import partial

import numpy as np

from daq.config.beam import BeamConfig
from daq.config.detector import ModesConfig
from daq.source.intensity import Profile
from daq.source.magnets import b2_factor
from daq.source.modes.muons import Halo, accepted_muons
from daq.source.modes.recipe import Part
from daq.source.modes.times import PairTimes, check_room, pair_times, spaced
from daq.source.particles import F64, Particles
from daq.source.streams import Component


def muons_per_spill(beam: BeamConfig, halo: Halo) -> float:
    """Muons in CHOD, LKr and MUV3 of one spill."""
    return halo.config.per_pot * b2_factor(beam.b2_current_a, beam.b2) * beam.pot_per_spill


def pair_part(beam: BeamConfig, modes: ModesConfig, halo: Halo, profile: Profile) -> Part:
    """Pairs of `modes.spills_per_burst` spills."""
    times = pair_times(profile)
    squares = muons_per_spill(beam, halo) ** 2 * modes.spills_per_burst
    mean = times.per_pair * (squares * modes.pair_window_ns)
    check_room(mean, profile, modes.spacing_ns)
    return Part(Component.TWO_TRACK, partial(_pairs, mean=mean, times=times, modes=modes, halo=halo, profile=profile))


def _pairs(
    rng: np.random.Generator,
    slice_number: int,
    mean: F64,
    times: PairTimes,
    modes: ModesConfig,
    halo: Halo,
    profile: Profile,
) -> Particles:
    n = int(rng.poisson(mean[slice_number]))
    middle = spaced(times.draw(rng, profile, slice_number, n), profile, slice_number, modes.spacing_ns)
    # the time between two muons is uniform up to the window, either way round
    half = 0.5 * modes.pair_window_ns * (2.0 * rng.random(n) - 1.0)
    n_soft = int(rng.binomial(2 * n, halo.config.soft_fraction))
    return accepted_muons(rng, np.concatenate((middle - half, middle + half)), n_soft, halo)
