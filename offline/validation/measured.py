"""What a group of measurements gives: numbers with errors by the id of their line, and arrays for the plots."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from daq.errors import DataError


class Value(NamedTuple):
    """A number and its statistical error."""

    value: float
    error: float = 0.0

    def scaled(self, factor: float) -> Value:
        """Times an exact number."""
        return Value(self.value * factor, self.error * abs(factor))


@dataclass(slots=True)
class Measured:
    """Numbers by id, and arrays by the name that the plots know."""

    values: dict[str, Value] = field(default_factory=dict)
    shown: dict[str, NDArray[np.float64]] = field(default_factory=dict)

    def add(self, other: Measured) -> None:
        """Take those of another group."""
        self.values |= other.values
        self.shown |= other.shown


def count_error(n: int) -> float:
    """Upper error of a Poisson count, for which the root is too short where few are counted.

    Source: N. Gehrels, ApJ 303 (1986) 336, eq. (7).
    """
    return 1.0 + math.sqrt(n + 0.75)


def counted(n: int, scale: float = 1.0) -> Value:
    """A count times `scale`, with its error."""
    return Value(n * scale, count_error(n) * scale)


def fraction(part: int, whole: int) -> Value:
    """Part of a whole, with the error of the smaller count."""
    if whole == 0:
        return Value(math.nan, math.nan)
    few = min(part, whole - part)
    return Value(part / whole, count_error(few) * math.sqrt(1.0 - few / whole) / whole)


def ratio(above: Value, below: Value) -> Value:
    """Ratio of two independent numbers."""
    if below.value == 0.0:
        return Value(math.nan, math.nan)
    value = above.value / below.value
    relative = math.hypot(below.error / below.value, above.error / above.value if above.value else 0.0)
    error = abs(value) * relative if above.value else above.error / abs(below.value)
    return Value(value, error)


def spread(values: NDArray[np.float64]) -> Value:
    """Standard deviation of a sample and its error, from the fourth moment: tails count."""
    n = len(values)
    if n < 8:
        return Value(math.nan, math.nan)
    centred = values - values.mean()
    second, fourth = float(np.mean(centred**2)), float(np.mean(centred**4))
    return Value(math.sqrt(second), math.sqrt(max(fourth - second**2, 0.0) / n) / (2.0 * math.sqrt(second)))


def average(values: NDArray[np.float64]) -> Value:
    """Mean of a sample and its error."""
    n = len(values)
    return Value(float(values.mean()), float(values.std()) / math.sqrt(n)) if n > 1 else Value(math.nan, math.nan)


def core_width(values: NDArray[np.float64]) -> Value:
    """Sigma of a Gaussian fitted within two of its sigmas, which is what a quoted resolution is; with its error."""
    centre = float(np.median(values))
    sigma = 0.5 * float(np.subtract(*np.percentile(values, [84.13, 15.87])))
    n = 0
    for _ in range(30):
        inner = values[np.abs(values - centre) < 2.0 * sigma]
        n = len(inner)
        if n < 8:
            return Value(math.nan, math.nan)
        # a Gaussian cut at two sigmas has this part of its width left
        centre, sigma = float(inner.mean()), float(inner.std()) / CUT_AT_TWO_SIGMAS
    return Value(sigma, sigma / math.sqrt(n))


CUT_AT_TWO_SIGMAS = 0.87963
"""Standard deviation of a unit Gaussian cut at +-2: sqrt(1 - 4 phi(2) / (2 Phi(2) - 1))."""


def checked(values: Mapping[str, Value], wanted: set[str]) -> None:
    """Refuse a validation with a line left out, or with a number that no line asks for.

    Raises
    ------
    DataError
        Naming them.
    """
    missing, unasked = sorted(wanted - set(values)), sorted(set(values) - wanted)
    if missing or unasked:
        msg = f"validation: lines without a number {missing}, numbers without a line {unasked}; add what is missing"
        raise DataError(msg)
