"""Signal bursts: decays of the configured signal, weight 1, one at a time."""

from __future__ import annotations

from functools import partial

import numpy as np

from daq.config.detector import ModesConfig
from daq.config.signal import SignalConfig
from daq.errors import ConfigError
from daq.source.intensity import Profile
from daq.source.modes.recipe import Bias, Part
from daq.source.modes.times import check_room, spaced
from daq.source.particles import Particles
from daq.source.propagation import PathCurve
from daq.source.signal.injection import draw_injected, injected_per_pot
from daq.source.streams import Component


def signal_part(modes: ModesConfig, signal: SignalConfig, curve: PathCurve, profile: Profile) -> Part:
    """On average `modes.signal_decays` decays in the range of `signal.decay_z_mm`."""
    check_room(modes.signal_decays * profile.fraction, profile, modes.spacing_ns)
    return Part(Component.SIGNAL, partial(_decays, modes=modes, signal=signal, curve=curve, profile=profile))


def signal_bias(modes: ModesConfig, signal: SignalConfig) -> Bias:
    """Say what the decays are, and how many protons would give as many.

    Raises
    ------
    ConfigError
        The configured signal is never made.
    """
    chosen = signal.injection
    per_pot = injected_per_pot(signal)
    name = f"{chosen.mode} to {chosen.final_state}, {chosen.mass_gev:g} GeV/c2, coupling {chosen.coupling:g}"
    if not per_pot > 0:
        msg = f"signal.injection: {name}: no decays for any number of protons; choose another mass or coupling"
        raise ConfigError(msg)
    return Bias(f"signal: {name}", modes.signal_decays / per_pot)


def _decays(
    rng: np.random.Generator,
    slice_number: int,
    modes: ModesConfig,
    signal: SignalConfig,
    curve: PathCurve,
    profile: Profile,
) -> Particles:
    n = int(rng.poisson(modes.signal_decays * float(profile.fraction[slice_number])))
    time = spaced(profile.draw_times(rng, slice_number, n), profile, slice_number, modes.spacing_ns)
    return draw_injected(rng, time, signal, curve)
