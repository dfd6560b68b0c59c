"""Signal bursts from the events of an outside generator: a HepMC3 file instead of our own decays."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from daq.config.detector import ModesConfig
from daq.config.signal import InjectionConfig
from daq.errors import ConfigError
from daq.source.intensity import Profile
from daq.source.modes.recipe import Bias, Part, Recipe
from daq.source.modes.times import check_room, spaced
from daq.source.particles import F64, Particles
from daq.source.propagation import PathCurve
from daq.source.signal.hepmc import HepMCSample, read_hepmc
from daq.source.streams import Component


def outside_recipe(modes: ModesConfig, chosen: InjectionConfig, curve: PathCurve, profile: Profile) -> Recipe:
    """On average `modes.signal_decays` events of the file in a burst, none of them twice in it.

    The burst says which file the events are of, and how many protons would give as many.

    Raises
    ------
    ConfigError
        The file has too few events, or events of different weight.
    DataError
        The file is cut short, or has particles that are not known.
    """
    check_room(modes.signal_decays * profile.fraction, profile, modes.spacing_ns)
    sample = _sample(chosen.hepmc, curve)
    n_events = len(sample.weight)
    # each slice has its own events, so five standard deviations above its mean have to fit
    mean = modes.signal_decays * float(np.max(profile.fraction))
    wanted = int(np.ceil(mean + 5.0 * np.sqrt(mean))) * len(profile.fraction)
    if n_events < wanted:
        msg = (
            f"signal.injection.hepmc: {chosen.hepmc} has {n_events} events, a burst of "
            f"{modes.signal_decays:g} wants {wanted}; give a larger file or lower detector.modes.signal_decays"
        )
        raise ConfigError(msg)
    part = Part(Component.SIGNAL, partial(_draw, modes=modes, sample=sample, profile=profile))
    pot = chosen.hepmc_pot * modes.signal_decays / n_events
    return Recipe((part,), Bias(f"signal: events of {Path(chosen.hepmc).name}", pot))


def _sample(path: str, curve: PathCurve) -> HepMCSample:
    sample = read_hepmc(Path(path), curve)
    if np.ptp(sample.weight) > 0.0:
        msg = (
            f"signal.injection.hepmc: {path} has weights from {sample.weight.min():g} to {sample.weight.max():g}; "
            "weighted events do not mix in a burst, unweight them"
        )
        raise ConfigError(msg)
    return sample


def _draw(
    rng: np.random.Generator, slice_number: int, modes: ModesConfig, sample: HepMCSample, profile: Profile
) -> Particles:
    own = np.arange(slice_number, len(sample.weight), len(profile.fraction))
    n = min(int(rng.poisson(modes.signal_decays * float(profile.fraction[slice_number]))), len(own))
    time = spaced(profile.draw_times(rng, slice_number, n), profile, slice_number, modes.spacing_ns)
    events = rng.permutation(own)[: len(time)]
    at = np.full(len(sample.weight), np.nan)
    at[events] = time
    blocks = [_at_times(block, at[event]) for block, event in zip(sample.blocks, sample.events, strict=True)]
    return replace(blocks[0], companions=tuple(blocks[1:]))


def _at_times(block: Particles, time: F64) -> Particles:
    """Particles of the events that happen, at their times."""
    rows: NDArray[np.intp] = np.flatnonzero(np.isfinite(time))
    columns = {name: getattr(block, name)[rows] for name in ("x", "y", "tx", "ty", "p", "charge", "z_start", "z_end")}
    return replace(block, time=time[rows], **columns)
