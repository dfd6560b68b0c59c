"""The background processes as a table: how many events of each per POT, and how they are drawn."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, partial
from typing import NamedTuple

import numpy as np

from daq.config.detector import DetectorConfig, HaloConfig
from daq.config.processes import (
    KPlusConfig,
    KShortConfig,
    ProcessesConfig,
    PromptEEConfig,
    PromptMuMuConfig,
    UpstreamConfig,
)
from daq.source.particles import F64, Kind, Particles
from daq.source.processes.births import born
from daq.source.processes.hadrons import k_short_pair, upstream_pair
from daq.source.processes.kaons import ke4_pair, kmu4_pair, three_pion_pair
from daq.source.processes.pairs import Pair, selected, selected_fraction
from daq.source.processes.prompt import ee_pair, mumu_pair
from daq.source.propagation import PathCurve, path_curve
from daq.source.streams import Component

Process = PromptMuMuConfig | PromptEEConfig | UpstreamConfig | KShortConfig | KPlusConfig
DrawPair = Callable[[np.random.Generator, F64], Pair]

ANY_Z_MM, UPSTREAM_Z_MM = (0.0, 180_000.0), (0.0, 105_000.0)


class Background(NamedTuple):
    """One process: the columns of `daq.source.components.Arrivals`."""

    component: Component
    per_pot: float
    draw: Callable[[np.random.Generator, F64], Particles]


def backgrounds(processes: ProcessesConfig, detector: DetectorConfig, curve: PathCurve) -> tuple[Background, ...]:
    """All processes, with as many events per POT as give the published yields."""
    kaon = processes.k_plus
    asked: dict[Component, Process] = {
        Component.PROMPT_MUMU: processes.prompt_mumu,
        Component.PROMPT_EE: processes.prompt_ee,
        Component.UPSTREAM: processes.upstream,
        Component.K_SHORT: processes.k_short,
        Component.K_PLUS_3PI: kaon,
    }
    found = detector.straw.efficiency**2 * processes.trigger_efficiency
    sample = (processes, detector.halo, detector.straw.kick_sign, detector.veto.anti0_outer_mm)
    rates = {
        component: p.selected_per_pot / (found * p.found_fraction * fraction(component, *sample))
        if p.selected_per_pot > 0
        else 0.0
        for component, p in asked.items()
    }
    for component, branching in (
        (Component.K_PLUS_E4, kaon.branching_ke4),
        (Component.K_PLUS_MU4, kaon.branching_kmu4),
    ):
        rates[component] = rates[Component.K_PLUS_3PI] * branching / kaon.branching_3pi
    draws = pair_draws(processes, detector.halo, curve)
    return tuple(Background(c, rate, partial(_draw, pair=draws[c], curve=curve)) for c, rate in rates.items())


def pair_draws(processes: ProcessesConfig, halo: HaloConfig, curve: PathCurve) -> dict[Component, DrawPair]:
    """How the pairs of each process are drawn, for given times [ns]."""
    kaon = processes.k_plus
    return {
        Component.PROMPT_MUMU: partial(mumu_pair, process=processes.prompt_mumu, halo=halo, curve=curve),
        Component.PROMPT_EE: partial(ee_pair, process=processes.prompt_ee, halo=halo, curve=curve),
        Component.UPSTREAM: partial(upstream_pair, process=processes.upstream, curve=curve),
        Component.K_SHORT: partial(k_short_pair, process=processes.k_short, curve=curve),
        Component.K_PLUS_3PI: partial(three_pion_pair, process=kaon, curve=curve),
        Component.K_PLUS_E4: partial(ke4_pair, process=kaon, curve=curve),
        Component.K_PLUS_MU4: partial(kmu4_pair, process=kaon, curve=curve),
    }


@lru_cache(maxsize=64)
def fraction(
    component: Component, processes: ProcessesConfig, halo: HaloConfig, kick_sign: int, anti0_mm: float
) -> float:
    """Part of the events of a process whose pair is in the acceptance that its yield refers to."""
    curve = path_curve(kick_sign)
    draw = pair_draws(processes, halo, curve)[component]
    choose = partial(selected, curve=curve, anti0_mm=anti0_mm)
    if component is Component.PROMPT_MUMU:
        choose = partial(choose, muons=True)
    elif component is Component.UPSTREAM:
        choose = partial(choose, z_range=UPSTREAM_Z_MM)
    elif component is Component.K_SHORT:
        choose = partial(choose, z_range=ANY_Z_MM)
    return selected_fraction(component, lambda rng, n: draw(rng, np.zeros(n)), choose)


def _draw(rng: np.random.Generator, time: F64, pair: DrawPair, curve: PathCurve) -> Particles:
    if len(time) == 0:
        # most slices have none, and an empty draw costs as much as a small one
        nothing = np.empty((0, 3))
        return born(Kind.MUON, time, nothing, nothing, 0, curve)
    return pair(rng, time).particles()
