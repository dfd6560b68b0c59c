"""The beam: spill, intensity, magnets."""

from __future__ import annotations

import itertools
from typing import Self

from pydantic import model_validator

from daq.config.base import Section, assumed, known

MOST_AMPERES, MOST_HALO = 2000.0, 100.0
"""No magnet of the beam line carries more; no current makes the halo this many times that of +770 A."""

CURRENT = {"ge": -MOST_AMPERES, "le": MOST_AMPERES}
LARGEST = {"le": MOST_AMPERES}


class B2Config(Section):
    """Halo rate against the current of magnet B2. The default curve is synthetic: no publication prints one."""

    reference_current_a: float = known(
        -250.0, "current at which rates are as given [A]. Source: CERN-EP-2023-032 fig. 2", **CURRENT
    )
    minimum_current_a: float = known(
        -250.0, "current of the smallest halo [A]. Source: CERN-EP-2023-032 fig. 2", **CURRENT
    )
    minimum: float = assumed(0.25, "synthetic curve: halo at the minimum, relative to +770 A", ge=1e-4, le=1)
    shape: float = assumed(0.8, "synthetic curve: how fast it rises", ge=0.01, le=100)
    full_current_a: float = known(
        770.0, "current of standard operation, curve = 1 [A]. Source: CERN-EP-2023-032", **CURRENT
    )
    table: tuple[tuple[float, float], ...] = assumed(
        (), "user's curve instead of the synthetic one: (current [A], factor), ascending, linear between"
    )
    table_step_a: float = assumed(
        500.0, "rows of the table further apart than this are a gap, and the table is refused [A]", gt=0, **LARGEST
    )

    @model_validator(mode="after")
    def _check(self) -> Self:
        currents = [current for current, _ in self.table]
        if currents != sorted(set(currents)) or len(currents) == 1:
            msg = f"b2.table: currents must ascend and be at least two, got {currents}; sort the rows"
            raise ValueError(msg)
        if any(factor <= 0 for _, factor in self.table):
            msg = f"b2.table: factors must be positive, got {min(f for _, f in self.table)}"
            raise ValueError(msg)
        for low, high in itertools.pairwise(currents):
            if high - low > self.table_step_a:
                msg = f"b2.table: no row between {low} and {high} A, wanted one every {self.table_step_a} A at least; "
                raise ValueError(msg + "add rows, or raise b2.table_step_a if the line between them is meant")
        if any(abs(current) > MOST_AMPERES or factor > MOST_HALO for current, factor in self.table):
            msg = (
                f"b2.table: wanted currents to {MOST_AMPERES:g} A and factors to {MOST_HALO:g}, got more; mend the rows"
            )
            raise ValueError(msg)
        if self.full_current_a == self.minimum_current_a:
            msg = f"b2: full_current_a and minimum_current_a are both {self.full_current_a}; they must differ"
            raise ValueError(msg)
        return self


class BeamConfig(Section):
    """One spill of protons on the closed TAX."""

    spill_seconds: float = known(4.8, "flat-top extraction [s]. Source: arXiv:2312.17188", gt=0, le=26.0)
    pot_per_spill: float = assumed(5.0e12, "protons on target per spill", gt=0, le=1e14)
    pot_relative_noise: float = assumed(0.02, "spill-to-spill noise of the true intensity", ge=0, lt=0.5)
    pot_autocorrelation: float = assumed(
        0.3, "correlation of the intensities of two successive spills; falls as its power", gt=-0.96, lt=0.96
    )
    t10_relative_noise: float = assumed(0.01, "noise of the T10 titanium-foil reading", ge=0, lt=0.5)
    t10_gain_drift: float = assumed(0.005, "rms of the slow drift of the T10 gain", ge=0, lt=0.5)
    t10_gain_spills: int = assumed(1000, "spills after which the T10 gain has forgotten its value", ge=1)
    duty_factor: float = assumed(0.625, "effective over full spill length, <R>^2/<R^2>", gt=0.3, le=1.0)
    b1c_current_a: float = assumed(-770.0, "current of magnet B1C [A]", **CURRENT)
    b2_current_a: float = known(-250.0, "current of magnet B2 [A]. Source: CERN-EP-2023-032 fig. 2", **CURRENT)
    current_noise_a: float = assumed(0.1, "reading noise of a magnet current [A]", ge=0, le=100)
    ramp_a_per_spill: float = assumed(
        100.0, "a magnet follows its set point by this from spill to spill [A]", gt=0, le=1e5
    )
    b2: B2Config = B2Config()
