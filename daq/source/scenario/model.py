"""A scenario: its steps with the lines they stand in, and the kinds of steps by name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from daq.source.scenario.beam_steps import (
    B2ScanStep,
    B2SetStep,
    B2TripStep,
    DriftStep,
    HaloStep,
    IntensityStep,
    MagnetStampStep,
    NoBeamStep,
    T10GainStep,
    T10Step,
)
from daq.source.scenario.chain_steps import ClockStep, DuplicatesStep, LostEobStep, MissingSpillsStep
from daq.source.scenario.channel_steps import DeadTilesStep, HotChannelStep, TimeOffsetStep
from daq.source.scenario.step import LAST_BURST, Step

KINDS: tuple[type[Step], ...] = (
    IntensityStep,
    HaloStep,
    DriftStep,
    NoBeamStep,
    T10GainStep,
    T10Step,
    MagnetStampStep,
    B2SetStep,
    B2ScanStep,
    B2TripStep,
    DeadTilesStep,
    HotChannelStep,
    TimeOffsetStep,
    LostEobStep,
    DuplicatesStep,
    MissingSpillsStep,
    ClockStep,
)


def _name(kind: type[Step]) -> str:
    annotation = kind.model_fields["effect"].annotation
    (name,) = get_args(annotation if annotation is not str else Literal[""])
    return str(name)


EFFECTS: dict[str, type[Step]] = {_name(kind): kind for kind in KINDS}
"""Kinds of steps by the name of their effect."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """A checked timeline. Built only by `daq.source.scenario.load`.

    source : name of the scenario or path of its file, for messages
    title : what it shows, one line
    lines : line of each step in the file
    """

    source: str
    title: str
    steps: tuple[Step, ...] = ()
    lines: tuple[int, ...] = ()

    def where(self, i_step: int) -> str:
        """Where a step stands, for messages."""
        return f"scenario {self.source}:{self.lines[i_step]}: step {i_step + 1} ({self.steps[i_step].effect})"

    def last_event(self) -> int:
        """Last burst in which a step begins or ends; 0 for a quiet one."""
        ends = [step.first if step.last == LAST_BURST else step.last for step in self.steps]
        return max(ends, default=0)
