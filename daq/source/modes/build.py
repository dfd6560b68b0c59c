"""From a mode to the recipe of its bursts."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import NamedTuple

import numpy as np

from daq.config.beam import BeamConfig
from daq.config.detector import DetectorConfig
from daq.config.signal import SignalConfig
from daq.errors import ConfigError
from daq.source.components import Arrivals
from daq.source.intensity import Profile
from daq.source.modes.control import single_part
from daq.source.modes.muons import Halo
from daq.source.modes.outside import outside_recipe
from daq.source.modes.recipe import Bias, Part, Recipe, RunMode
from daq.source.modes.signal_only import signal_bias, signal_part
from daq.source.modes.two_track import pair_part
from daq.source.particles import Particles
from daq.source.propagation import PathCurve
from daq.source.streams import Component

SINGLES = frozenset({Component.HALO_HARD, Component.HALO_SOFT, Component.CHOD_FILLER, Component.LKR_FILLER})
"""Components whose particles come one by one."""


class Whole(NamedTuple):
    """All that the beam brings.

    components : with the rates of a quiet burst
    """

    beam: BeamConfig
    detector: DetectorConfig
    components: tuple[Arrivals, ...]
    profile: Profile
    curve: PathCurve
    signal: SignalConfig


def recipe(mode: RunMode, whole: Whole) -> Recipe:
    """Recipe of the bursts of a biased mode; those of the beam follow the beam of each burst, see `beam_parts`.

    Raises
    ------
    ConfigError
        The mode has no recipe, or more is wanted in a burst than fits.
    """
    match mode:
        case RunMode.TWO_TRACK:
            return _two_track(whole)
        case RunMode.CONTROL:
            return _control(whole)
        case RunMode.SIGNAL:
            modes = whole.detector.modes
            chosen = whole.signal.injection
            if chosen.hepmc:
                return outside_recipe(modes, chosen, whole.curve, whole.profile)
            part = signal_part(modes, whole.signal, whole.curve, whole.profile)
            return Recipe((part,), signal_bias(modes, whole.signal))
        case _:
            msg = f"mode {mode}: not a biased mode; make its bursts from the beam"
            raise ConfigError(msg)


def beam_parts(means: Iterable[tuple[Arrivals, float]], profile: Profile) -> tuple[Part, ...]:
    """Everything, from the mean number of each component in a burst."""
    return tuple(_part(arrivals, mean, profile) for arrivals, mean in means)


def _two_track(whole: Whole) -> Recipe:
    modes, pot = whole.detector.modes, _pot(whole)
    others = [arrivals for arrivals in whole.components if arrivals.component not in SINGLES]
    pairs = pair_part(whole.beam, modes, _halo(whole), whole.profile)
    parts = (pairs, *(_part(arrivals, arrivals.per_pot * pot, whole.profile) for arrivals in others))
    text = f"two-track: muon pairs within {modes.pair_window_ns:g} ns and processes, no single muons"
    return Recipe(parts, Bias(text, pot))


def _control(whole: Whole) -> Recipe:
    modes, pot = whole.detector.modes, _pot(whole)
    means = {arrivals.component: arrivals.per_pot * pot for arrivals in whole.components}
    hard_and_soft = (means[Component.HALO_HARD], means[Component.HALO_SOFT])
    text = f"control: {modes.control_fraction:g} of the halo muons, one at a time"
    part = single_part(hard_and_soft, modes, _halo(whole), whole.profile)
    return Recipe((part,), Bias(text, pot, 1.0 / modes.control_fraction))


def _pot(whole: Whole) -> float:
    return whole.beam.pot_per_spill * whole.detector.modes.spills_per_burst


def _halo(whole: Whole) -> Halo:
    return Halo(whole.detector.halo, whole.curve, whole.detector.straw.kick_sign)


def _part(arrivals: Arrivals, mean: float, profile: Profile) -> Part:
    return Part(arrivals.component, partial(_draw, arrivals=arrivals, mean=mean, profile=profile))


def _draw(rng: np.random.Generator, slice_number: int, arrivals: Arrivals, mean: float, profile: Profile) -> Particles:
    n = int(rng.poisson(mean * profile.fraction[slice_number]))
    return arrivals.draw(rng, profile.draw_times(rng, slice_number, n))
