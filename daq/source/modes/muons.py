"""Halo muons for bursts that hold a part of them only."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from daq.config.detector import HaloConfig
from daq.source.acceptance import in_triple_acceptance
from daq.source.halo import halo_acceptance, hard_muons, soft_muons
from daq.source.particles import F64, Particles
from daq.source.propagation import PathCurve
from daq.source.streams import Component

SPARE = 1.05
"""So many more are drawn than should be needed, so that a second round is rare."""


class Halo(NamedTuple):
    """The halo model and where its muons go."""

    config: HaloConfig
    curve: PathCurve
    kick_sign: int


def halo_muons(rng: np.random.Generator, time: F64, n_soft: int, halo: Halo) -> Particles:
    """`n_soft` muons of the soft component and the rest of the hard one, in random order at the given times [ns]."""
    hard = hard_muons(rng, np.empty(len(time) - n_soft), halo.config, halo.curve)
    return _mixed(rng, time, hard, soft_muons(rng, np.empty(n_soft), halo.config, halo.curve))


def accepted_muons(rng: np.random.Generator, time: F64, n_soft: int, halo: Halo) -> Particles:
    """The same, of muons that cross CHOD, LKr and MUV3 only."""
    hard = _accepted(rng, len(time) - n_soft, Component.HALO_HARD, hard_muons, halo)
    return _mixed(rng, time, hard, _accepted(rng, n_soft, Component.HALO_SOFT, soft_muons, halo))


def _accepted(
    rng: np.random.Generator, n: int, component: Component, draw: Callable[..., Particles], halo: Halo
) -> Particles:
    kept = draw(rng, np.empty(0), halo.config, halo.curve)
    if n == 0:
        return kept
    fraction = halo_acceptance(component, halo.config, halo.kick_sign)
    while len(kept) < n:
        n_more = round((n - len(kept)) / fraction * SPARE) + 100
        more = draw(rng, np.zeros(n_more), halo.config, halo.curve)
        kept = _joined(kept, _rows(more, np.flatnonzero(in_triple_acceptance(more, halo.curve))))
    return _rows(kept, np.arange(n))


def _mixed(rng: np.random.Generator, time: F64, first: Particles, second: Particles) -> Particles:
    return replace(_joined(first, second), time=rng.permutation(time))


def _rows(particles: Particles, rows: np.ndarray[tuple[int], np.dtype[np.int64]]) -> Particles:
    p = particles
    return replace(
        p,
        time=p.time[rows],
        x=p.x[rows],
        y=p.y[rows],
        tx=p.tx[rows],
        ty=p.ty[rows],
        p=p.p[rows],
        charge=p.charge[rows],
        z_start=p.z_start[rows],
        z_end=p.z_end[rows],
    )


def _joined(a: Particles, b: Particles) -> Particles:
    return replace(
        a,
        time=np.concatenate((a.time, b.time)),
        x=np.concatenate((a.x, b.x)),
        y=np.concatenate((a.y, b.y)),
        tx=np.concatenate((a.tx, b.tx)),
        ty=np.concatenate((a.ty, b.ty)),
        p=np.concatenate((a.p, b.p)),
        charge=np.concatenate((a.charge, b.charge)),
        z_start=np.concatenate((a.z_start, b.z_start)),
        z_end=np.concatenate((a.z_end, b.z_end)),
    )
