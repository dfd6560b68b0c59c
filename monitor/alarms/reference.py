"""The frozen reference that spills are compared with, and what it expects of a spill.

It is made once from quiet spills (`calibrate`) and stays until an operator re-bases it; a reference that adapted itself
would absorb the slow drift it is there to show.
"""

from __future__ import annotations

import json
import math
import tomllib
from typing import Any, Self

import tomlkit
from pydantic import Field, ValidationError

from daq.errors import ConfigError
from monitor.alarms.model import StreamReference
from monitor.alarms.streams import UNIT_POT, WATCHED, Reading
from monitor.spill import Public

SCHEMA = 1


class ChartLimit(Public):
    """One CUSUM chart: factor looked for, limit, and its run length without a change [spills]."""

    factor: float = Field(gt=0)
    limit: float = Field(gt=0)
    run_length: float = Field(gt=1)


class StreamCalibration(Public):
    """One stream: counts = dark + per_unit x (POT / 1e12)^power x live."""

    per_unit: float = Field(ge=0)
    dark: float = Field(ge=0)
    """Counts of a spill without protons."""
    power: float = Field(gt=0)
    mean: float = Field(gt=0)
    """Counts in a spill of `Reference.mean_pot` protons."""
    counts: float = Field(ge=0)
    """Counts the reference was made from."""
    phi: float = Field(ge=0)
    rho: float = Field(ge=-1, le=1)
    phi_eff: float = Field(ge=0)
    overdispersion: float = Field(ge=0)
    """Measured variance over Poisson variance."""
    n_spills: int = Field(ge=0)
    charts: list[ChartLimit]
    curve: list[tuple[float, float, float]] = Field(default_factory=list)
    """(B2 [A], rate relative to the working point, relative error), ascending; empty: one setting was seen."""

    def expected(self, pot: int, live: float, factor: float) -> float:
        """Counts expected of a spill."""
        return self.dark + self.per_unit * (pot / UNIT_POT) ** self.power * live * factor

    def factor(self, b2_a: float, at_a: float, tolerance_a: float) -> tuple[float, float] | None:
        """Rate at a current relative to the working point, and its relative error; None where it was not measured."""
        if abs(b2_a - at_a) <= tolerance_a:
            return 1.0, 0.0
        if len(self.curve) < 2 or not self.curve[0][0] - tolerance_a <= b2_a <= self.curve[-1][0] + tolerance_a:
            return None
        right = next((i for i, point in enumerate(self.curve) if point[0] >= b2_a), len(self.curve) - 1)
        (low, f_low, e_low), (high, f_high, e_high) = self.curve[max(0, right - 1)], self.curve[max(1, right)]
        part = min(1.0, max(0.0, (b2_a - low) / (high - low)))
        log = (1.0 - part) * math.log(f_low) + part * math.log(f_high)
        # between two settings the curve is not known to better than the errors of both
        return math.exp(log), max(e_low, e_high)


class RatioCalibration(Public):
    """One ratio of two streams."""

    value: float = Field(gt=0)
    phi_eff: float = Field(gt=0)
    n_spills: int


class Provenance(Public):
    """Where a reference comes from."""

    runs: list[tuple[int, int, int]]
    """(run, first burst, last burst) of the spills it was made from."""
    mode: str
    config_digest: str
    who: str
    when_ns: int
    why: str = ""


class Reference(Public):
    """What a quiet detector counts."""

    schema_version: int = SCHEMA
    provenance: Provenance
    b2_a: float | None
    """Setting of B2 it was made at [A]."""
    mean_pot: int = Field(gt=0)
    n_spills: int = Field(gt=0)
    run_length: float = Field(gt=1)
    """Run length that every chart was calibrated to at least [spills]."""
    streams: dict[str, StreamCalibration]
    ratios: dict[str, RatioCalibration]
    rare: dict[str, int] = Field(default_factory=dict)
    """Open-region pairs by channel in the spills it was made from."""
    rare_pot: int = 0

    def view(self, stream: str) -> StreamReference:
        """Give what the page shows of a stream."""
        one = self.streams[stream]
        mean = one.expected(self.mean_pot, 1.0, 1.0) * UNIT_POT / self.mean_pot
        return StreamReference(
            mean_per_1e12_pot=mean, phi=one.phi, phi_eff=one.phi_eff, rho=one.rho, n_spills=one.n_spills
        )

    def to_toml(self) -> str:
        """Text that `read_reference` reads back."""
        document = tomlkit.document()
        document.add(tomlkit.comment("dumpwatch alarm reference, made by `dumpwatch alarms calibrate`"))
        document.update(self.model_dump(mode="json", exclude_none=True))
        return tomlkit.dumps(document)

    @classmethod
    def read(cls, text: str, where: str) -> Self:
        """Read the TOML or JSON form of a reference.

        Raises
        ------
        ConfigError
            The text is not one, or of another schema.
        """
        try:
            tree = json.loads(text) if text.lstrip().startswith("{") else tomllib.loads(text)
        except ValueError as error:
            msg = f"alarm reference {where}: neither TOML nor JSON ({error}); make one with `alarms calibrate`"
            raise ConfigError(msg) from error
        return cls.checked(tree, where)

    @classmethod
    def checked(cls, tree: dict[str, Any], where: str) -> Self:
        """Read a reference that is parsed already.

        Raises
        ------
        ConfigError
            It is not one, or of another schema.
        """
        schema = tree.get("schema_version")
        if schema != SCHEMA:
            msg = f"alarm reference {where}: schema {schema}, wanted {SCHEMA}; calibrate again"
            raise ConfigError(msg)
        try:
            return cls.model_validate({"b2_a": None, **tree})
        except ValidationError as error:
            msg = f"alarm reference {where}: not readable ({error}); make one with `dumpwatch alarms calibrate`"
            raise ConfigError(msg) from error


def expected(reference: Reference, stream: str, reading: Reading, tolerance_a: float) -> tuple[float, float] | None:
    """Counts expected of a spill and the relative variance to judge them with; None when neither is known.

    The variance holds the noise of the normalisation, the counting error of the reference and that of the B2 curve.
    """
    one = reference.streams.get(stream)
    if one is None or reading.pot is None:
        return None
    factor, error = 1.0, 0.0
    if reference.b2_a is not None and reading.b2_a is not None:
        found = one.factor(reading.b2_a, reference.b2_a, tolerance_a)
        if found is None:
            return None
        factor, error = found
    live = 1.0 if WATCHED[stream].kind == "scaler" else (reading.live or 0.0)
    mu = one.expected(reading.pot, live, factor)
    return (mu, one.phi_eff + 1.0 / max(0.5, one.counts) + error * error) if mu > 0 else None
