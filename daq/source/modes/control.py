"""Control bursts: a part f of the halo muons of many spills, one at a time, each of weight 1/f."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np

from daq.config.detector import ModesConfig
from daq.source.intensity import Profile
from daq.source.modes.muons import Halo, halo_muons
from daq.source.modes.recipe import Part
from daq.source.modes.times import check_room, spaced
from daq.source.particles import Particles
from daq.source.streams import Component


def single_part(means: Sequence[float], modes: ModesConfig, halo: Halo, profile: Profile) -> Part:
    """Single muons; `means`: hard and soft ones of a burst before thinning."""
    hard, soft = (mean * modes.control_fraction for mean in means)
    check_room((hard + soft) * profile.fraction, profile, modes.spacing_ns)
    return Part(Component.CONTROL, partial(_singles, hard=hard, soft=soft, modes=modes, halo=halo, profile=profile))


def _singles(
    rng: np.random.Generator,
    slice_number: int,
    hard: float,
    soft: float,
    modes: ModesConfig,
    halo: Halo,
    profile: Profile,
) -> Particles:
    fraction = float(profile.fraction[slice_number])
    n_hard, n_soft = (int(n) for n in rng.poisson((hard * fraction, soft * fraction)))
    time = profile.draw_times(rng, slice_number, n_hard + n_soft)
    return halo_muons(rng, spaced(time, profile, slice_number, modes.spacing_ns), n_soft, halo)
