"""How large the acceptance samples are, and where they are kept."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from daq.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Effort:
    """Sizes of what is drawn; a larger one has smaller errors and takes longer.

    selected : decays in the SR of each mass and production, for the production that makes most particles. The error
        at the largest yield is its inverse root; near the upper end of an exclusion it is about twice that
    made : decays that are made for it at most
    anchors : masses with samples for each factor e in the distance from the threshold
    cache : folder in which samples are kept between runs; None: only in memory
    """

    selected: int = 8000
    made: int = 1_000_000
    anchors: float = 2.5
    seed: int = 1
    cache: Path | None = None

    def __post_init__(self) -> None:
        if self.selected < 1 or self.made < 1 or not 0.1 <= self.anchors <= 100.0 or self.seed < 0:
            msg = f"signal: {self}; wanted selected and made of 1 or more, anchors of 0.1 to 100, a seed of 0 or more"
            raise ConfigError(msg)


SHORT = Effort(selected=1000, made=200_000, anchors=1.2)
"""Seconds: for tests and for a look."""
