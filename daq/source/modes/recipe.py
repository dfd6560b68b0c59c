"""What a biased burst is made of.

A recipe has one weight, and so has every burst: events of different weight cannot be in one burst.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

import numpy as np

from daq.errors import ConfigError
from daq.source.particles import Particles
from daq.source.streams import Component


class RunMode(StrEnum):
    """What the emulated detector makes."""

    BEAM = "beam"
    """Every particle, weight 1."""
    TWO_TRACK = "two-track"
    """Accidental pairs of halo muons and the physics processes of many spills, weight 1."""
    SIGNAL = "signal"
    """Decays of the configured signal, weight 1."""
    CONTROL = "control"
    """A part of the halo muons of many spills, one at a time, all of one weight."""

    @classmethod
    def named(cls, name: str, scenario: str | None = None) -> Self:
        """Mode of a command-line option.

        Raises
        ------
        ConfigError
            No such mode, or one in which a scenario means nothing.
        """
        if name not in {mode.value for mode in cls}:
            msg = f"--mode: got '{name}', wanted one of {', '.join(mode.value for mode in cls)}"
            raise ConfigError(msg)
        mode = cls(name)
        if scenario and mode is not cls.BEAM:
            msg = f"--mode {name} with --scenario {scenario}: a scenario is of beam; leave one of the two out"
            raise ConfigError(msg)
        return mode


@dataclass(frozen=True, slots=True)
class Bias:
    """How a burst differs from beam; stands in its SOB and EOB records.

    text : what was left out, in a sentence
    equivalent_pot : protons on target of the spills that the burst stands for; never counted as beam
    weight : of every event; events x weight is what `equivalent_pot` protons give
    """

    text: str
    equivalent_pot: float
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Part:
    """Particles of one component.

    component : owner of the random stream
    draw : particles of one slice, by its number
    """

    component: Component
    draw: Callable[[np.random.Generator, int], Particles]


@dataclass(frozen=True, slots=True)
class Recipe:
    """Everything a burst is made of, noise apart."""

    parts: tuple[Part, ...]
    bias: Bias | None = None
