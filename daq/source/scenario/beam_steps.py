"""Steps that change the beam, its magnets or its monitors."""

from __future__ import annotations

from typing import Any, Literal, Self

from pydantic import Field, model_validator

from daq.source.conditions import BurstConditions
from daq.source.scenario.step import LAST_BURST, Step, with_beam

LARGEST_FACTOR = 10.0
LARGEST_CURRENT_A = 2000.0

INTENSITY, HALO, T10_GAIN = "the intensity", "the halo", "the T10 gain"
T10_READING, MAGNET_STAMP = "the T10 reading", "the magnet stamp"
B2_SET, B2_SUPPLY = "the set point of B2", "the supply of B2"


class IntensityStep(Step):
    """Protons per spill times `factor`."""

    SETS = frozenset({INTENSITY})

    effect: Literal["intensity"]
    factor: float = Field(ge=0, le=LARGEST_FACTOR)

    def apply(self, now: BurstConditions, burst: int) -> BurstConditions:  # noqa: D102
        return with_beam(now, intensity=self.factor)


class HaloStep(Step):
    """Halo per proton times `factor`."""

    SETS = frozenset({HALO})

    effect: Literal["halo"]
    factor: float = Field(ge=0, le=LARGEST_FACTOR)

    def apply(self, now: BurstConditions, burst: int) -> BurstConditions:  # noqa: D102
        return with_beam(now, halo=self.factor)


class T10GainStep(Step):
    """Response of the T10 SEM times `factor`."""

    SETS = frozenset({T10_GAIN})

    effect: Literal["t10-gain"]
    factor: float = Field(gt=0, le=LARGEST_FACTOR)

    def apply(self, now: BurstConditions, burst: int) -> BurstConditions:  # noqa: D102
        return with_beam(now, t10_gain=self.factor)


class DriftStep(Step):
    """Linear drift: factor 1 + `per_spill` in the first burst, 1 + 2 `per_spill` in the second ..."""

    effect: Literal["drift"]
    of: Literal["intensity", "halo", "t10-gain"]
    per_spill: float

    @model_validator(mode="after")
    def _bounded(self) -> Self:
        if self.last == LAST_BURST:
            msg = "a drift without `to` has no end; say where it ends"
            raise ValueError(msg)
        end = self.factor(self.last)
        if not 0 < end <= LARGEST_FACTOR:
            msg = f"per_spill {self.per_spill} ends at a factor of {end:.4g}, wanted more than 0 and at most 10"
            raise ValueError(msg)
        return self

    def factor(self, burst: int) -> float:
        """Factor in a burst of the step."""
        return 1.0 + self.per_spill * (burst - self.first + 1)

    def sets(self) -> frozenset[str]:  # noqa: D102
        return frozenset({{"intensity": INTENSITY, "halo": HALO, "t10-gain": T10_GAIN}[self.of]})

    def apply(self, now: BurstConditions, burst: int) -> BurstConditions:  # noqa: D102
        return with_beam(now, **{self.of.replace("-", "_"): self.factor(burst)})


class NoBeamStep(Step):
    """Bursts are taken, no proton comes."""

    SETS = frozenset({INTENSITY})

    effect: Literal["no-beam"]

    def apply(self, now: BurstConditions, burst: int) -> BurstConditions:  # noqa: D102
        return with_beam(now, intensity=0.0)


class T10Step(Step):
    """The T10 reading is absent, negative or implausible."""

    SETS = frozenset({T10_READING})

    effect: Literal["t10"]
    reading: Literal["absent", "negative", "implausible"]

    def apply(self, now: BurstConditions, burst: int) -> BurstConditions:  # noqa: D102
        return with_beam(now, t10=self.reading)


class MagnetStampStep(Step):
    """The magnet currents were read in another cycle: their stamp differs by `seconds`."""

    SETS = frozenset({MAGNET_STAMP})

    effect: Literal["magnet-stamp"]
    seconds: float = Field(ge=-86400, le=86400)

    def apply(self, now: BurstConditions, burst: int) -> BurstConditions:  # noqa: D102
        return with_beam(now, magnet_stamp_s=self.seconds)


class B2SetStep(Step):
    """B2 is set to another current; the current ramps there and, after the step, back."""

    SETS = frozenset({B2_SET})

    effect: Literal["b2-set"]
    current_a: float = Field(ge=-LARGEST_CURRENT_A, le=LARGEST_CURRENT_A)

    def currents(self) -> tuple[float, ...]:
        """All currents that the step asks for [A]."""
        return (self.current_a,)

    def set_point(self, burst: int) -> float:
        """Set point in a burst of the step [A]."""
        return self.current_a

    def edges(self) -> tuple[int, ...]:
        """First bursts of all set points, and the first burst after the step."""
        return self.first, self.last + 1

    def apply(self, now: BurstConditions, burst: int) -> BurstConditions:  # noqa: D102
        return with_beam(now, b2_set_a=self.set_point(burst))


class B2ScanStep(Step):
    """B2 goes through `currents_a`, `spills_each` bursts each; `to` follows from these."""

    SETS = frozenset({B2_SET})

    effect: Literal["b2-scan"]
    currents_a: tuple[float, ...] = Field(min_length=1)
    spills_each: int = Field(ge=1)

    @model_validator(mode="before")
    @classmethod
    def _add_end(cls, step: Any) -> Any:  # noqa: ANN401 - what stands in the file
        if not isinstance(step, dict) or "to" in step:
            return step
        first, currents, each = (step.get(key) for key in ("from", "currents_a", "spills_each"))
        if isinstance(first, int) and isinstance(currents, list | tuple) and isinstance(each, int):
            return step | {"to": first + len(currents) * each - 1}
        return step

    @model_validator(mode="after")
    def _fits(self) -> Self:
        end = self.first + len(self.currents_a) * self.spills_each - 1
        if self.last != end:
            msg = f"{len(self.currents_a)} currents of {self.spills_each} spills end at burst {end}, not at {self.last}"
            raise ValueError(msg)
        worst = max(self.currents_a, key=abs)
        if abs(worst) > LARGEST_CURRENT_A:
            msg = f"currents_a holds {worst} A, wanted at most {LARGEST_CURRENT_A} A in size"
            raise ValueError(msg)
        return self

    def currents(self) -> tuple[float, ...]:
        """All currents that the step asks for [A]."""
        return self.currents_a

    def set_point(self, burst: int) -> float:
        """Set point in a burst of the step [A]."""
        return self.currents_a[(burst - self.first) // self.spills_each]

    def edges(self) -> tuple[int, ...]:
        """First bursts of all set points, and the first burst after the step."""
        return tuple(range(self.first, self.last + 2, self.spills_each))

    def apply(self, now: BurstConditions, burst: int) -> BurstConditions:  # noqa: D102
        return with_beam(now, b2_set_a=self.set_point(burst))


class B2TripStep(Step):
    """The supply of B2 is off: its current falls to `residual_a` at once and ramps back after the step.

    The set point stays, so that reading and setting differ.
    """

    SETS = frozenset({B2_SUPPLY})

    effect: Literal["b2-trip"]
    residual_a: float = Field(0.0, ge=-LARGEST_CURRENT_A, le=LARGEST_CURRENT_A)

    def currents(self) -> tuple[float, ...]:
        """All currents that the step asks for [A]."""
        return (self.residual_a,)

    def edges(self) -> tuple[int, ...]:
        """First burst of the step and the first one after it."""
        return self.first, self.last + 1

    def apply(self, now: BurstConditions, burst: int) -> BurstConditions:  # noqa: D102
        return now
