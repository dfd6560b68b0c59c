"""What every step of a scenario is: bursts, what it sets, and how it changes the conditions of a burst."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import replace
from typing import Any, ClassVar, Self

from pydantic import Field, model_validator

from daq.config.base import Section
from daq.source.conditions import BurstConditions

LAST_BURST = 0xFFFFFFFF
"""A step without `to` lasts as long as the run."""


class Step(Section):
    """Bursts `from` to `to`, both included, and what holds in them. The kinds are in `channel_steps` and `steps`."""

    SETS: ClassVar[frozenset[str]] = frozenset()

    effect: str
    first: int = Field(alias="from", ge=1, le=LAST_BURST)
    last: int = Field(LAST_BURST, alias="to", ge=1, le=LAST_BURST)

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.first > self.last:
            msg = f"from {self.first} is after to {self.last}; swap them"
            raise ValueError(msg)
        return self

    def holds(self, burst: int) -> bool:
        """Whether a burst is in the step."""
        return self.first <= burst <= self.last

    def bursts(self) -> str:
        """Bursts as text."""
        end = "the end" if self.last == LAST_BURST else self.last
        return f"burst {self.first}" if self.first == self.last else f"bursts {self.first} to {end}"

    def sets(self) -> frozenset[str]:
        """What the step sets, in words; no two steps set the same thing in the same burst."""
        return self.SETS

    @abstractmethod
    def apply(self, now: BurstConditions, burst: int) -> BurstConditions:
        """Conditions of a burst in which the step holds."""


def with_beam(now: BurstConditions, **changes: Any) -> BurstConditions:  # noqa: ANN401 - fields of BeamConditions
    """Copy of the conditions with another beam."""
    return replace(now, beam=replace(now.beam, **changes))


def with_wire(now: BurstConditions, **changes: Any) -> BurstConditions:  # noqa: ANN401 - fields of WireFaults
    """Copy of the conditions with other faults of the wire."""
    return replace(now, wire=replace(now.wire, **changes))


def with_channels(now: BurstConditions, name: str, more: tuple[Any, ...]) -> BurstConditions:
    """Copy of the conditions with more dead or hot channels or time offsets."""
    return replace(now, channels=replace(now.channels, **{name: getattr(now.channels, name) + more}))
