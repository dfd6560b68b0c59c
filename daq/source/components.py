"""What arrives at the detector: one line for each component of the emulated beam.

A new source of particles is a function (rng, times) -> Particles in its own file, a stream number in `Component`
and a line here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from daq.config.beam import BeamConfig
from daq.config.detector import DetectorConfig
from daq.config.processes import ProcessesConfig
from daq.config.signal import SignalConfig
from daq.source.filler import chod_filler, lkr_filler
from daq.source.halo import halo_acceptance, hard_muons, soft_muons
from daq.source.magnets import b2_factor
from daq.source.particles import F64, Particles
from daq.source.processes.table import backgrounds
from daq.source.propagation import PathCurve
from daq.source.signal.injection import injection
from daq.source.streams import Component


@dataclass(frozen=True, slots=True)
class Arrivals:
    """Particles of one component, Poisson in number, in time with the proton intensity.

    component : owner of the random stream
    per_pot : mean number per proton on target
    draw : particles at the given times [ns since SOB]
    """

    component: Component
    per_pot: float
    draw: Callable[[np.random.Generator, F64], Particles]


FOLLOWS_HALO = frozenset(
    {Component.HALO_HARD, Component.HALO_SOFT, Component.CHOD_FILLER, Component.LKR_FILLER}
    | {Component.PROMPT_MUMU, Component.PROMPT_EE}
)
"""Components whose rate follows the current of B2 and the halo from burst to burst."""


def process_components(
    beam: BeamConfig, detector: DetectorConfig, curve: PathCurve, processes: ProcessesConfig, signal: SignalConfig
) -> tuple[Arrivals, ...]:
    """Background processes, those of halo muons scaled by the current of B2, and the signal if one is injected."""
    scale = b2_factor(beam.b2_current_a, beam.b2)
    found = tuple(
        Arrivals(row.component, row.per_pot * (scale if row.component in FOLLOWS_HALO else 1.0), row.draw)
        for row in backgrounds(processes, detector, curve)
    )
    injected = injection(signal, curve)
    return found if injected is None else (*found, Arrivals(Component.SIGNAL, *injected))


def beam_components(beam: BeamConfig, detector: DetectorConfig, curve: PathCurve) -> tuple[Arrivals, ...]:
    """All components, their rates scaled by the current of B2."""
    scale = b2_factor(beam.b2_current_a, beam.b2)
    halo, filler, kick = detector.halo, detector.filler, detector.straw.kick_sign

    def halo_rate(component: Component, fraction: float) -> float:
        wanted = scale * halo.per_pot * fraction
        return wanted / halo_acceptance(component, halo, kick) if wanted > 0 else 0.0

    hard = halo_rate(Component.HALO_HARD, 1.0 - halo.soft_fraction)
    soft = halo_rate(Component.HALO_SOFT, halo.soft_fraction)
    return (
        Arrivals(Component.HALO_HARD, hard, partial(hard_muons, halo=halo, curve=curve)),
        Arrivals(Component.HALO_SOFT, soft, partial(soft_muons, halo=halo, curve=curve)),
        Arrivals(Component.CHOD_FILLER, scale * filler.chod_per_pot, partial(chod_filler, filler=filler)),
        Arrivals(Component.LKR_FILLER, scale * filler.lkr_per_pot, partial(lkr_filler, filler=filler)),
    )
