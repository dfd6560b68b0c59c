"""Steps that change what the chain is given: bursts, records, frames, wall clock."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal, Self

from pydantic import Field, model_validator

from daq.source.conditions import BurstConditions
from daq.source.scenario.beam_steps import MAGNET_STAMP, T10_READING
from daq.source.scenario.step import LAST_BURST, Step, with_wire


class LostEobStep(Step):
    """The end-of-burst record never comes, and with it nothing of what it would have said."""

    SETS = frozenset({T10_READING, MAGNET_STAMP, "the EOB record"})

    effect: Literal["lost-eob"]

    def apply(self, now: BurstConditions, burst: int) -> BurstConditions:  # noqa: D102
        return with_wire(now, drop_eob=True)


class DuplicatesStep(Step):
    """Every frame is sent twice."""

    SETS = frozenset({"how often frames are sent"})

    effect: Literal["duplicates"]

    def apply(self, now: BurstConditions, burst: int) -> BurstConditions:  # noqa: D102
        return with_wire(now, duplicate=True)


class MissingSpillsStep(Step):
    """The bursts are not taken: their numbers never appear, the time passes."""

    SETS = frozenset({"whether the spill is taken"})

    effect: Literal["missing-spills"]

    @model_validator(mode="after")
    def _ends(self) -> Self:
        if self.last == LAST_BURST:
            msg = "missing spills without `to` leave nothing to run; say where they end"
            raise ValueError(msg)
        return self

    def apply(self, now: BurstConditions, burst: int) -> BurstConditions:  # noqa: D102
        return replace(now, skipped=True)


class ClockStep(Step):
    """The wall clock is wrong by `seconds`: the SOB times jump at both ends of the step."""

    SETS = frozenset({"the wall clock"})

    effect: Literal["clock-step"]
    seconds: float = Field(ge=-1e9, le=1e9)

    def apply(self, now: BurstConditions, burst: int) -> BurstConditions:  # noqa: D102
        return replace(now, clock_step_s=self.seconds)
