"""What goes into a statistic is refused by name when it cannot be what it claims."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from daq.errors import DataError

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]

LARGEST_COUNT = 10_000_000
"""A count above this is no search for rare events; the sums over counts would not end."""


def counts(name: str, value: ArrayLike) -> I64:
    """Whole numbers >= 0, as int64."""
    numbers = finite(name, value)
    wrong = (numbers < 0) | (numbers != np.floor(numbers)) | (numbers > LARGEST_COUNT)
    if wrong.any():
        msg = (
            f"statistics: {name} is {numbers[wrong].flat[0]:g}; "
            f"wanted a whole number of events from 0 to {LARGEST_COUNT}; give counted events, not weights"
        )
        raise DataError(msg)
    return numbers.astype(np.int64)


def count(name: str, value: float) -> int:
    """One whole number >= 0."""
    return int(counts(name, value)[()])


def means(name: str, value: ArrayLike) -> F64:
    """Finite numbers >= 0: expectations and errors."""
    numbers = finite(name, value)
    if (numbers < 0).any():
        msg = f"statistics: {name} is {numbers[numbers < 0].flat[0]:g}; wanted 0 or more; check its input"
        raise DataError(msg)
    return numbers


def mean(name: str, value: float) -> float:
    """One finite number >= 0."""
    return float(means(name, value)[()])


def positive(name: str, value: float) -> float:
    """One finite number > 0."""
    number = mean(name, value)
    if number == 0.0:
        msg = f"statistics: {name} is 0; wanted more than 0; check its input"
        raise DataError(msg)
    return number


def fraction(name: str, value: float) -> float:
    """One number inside (0, 1): a confidence level, a probability, a part of a range."""
    number = float(finite(name, value)[()])
    if not 0.0 < number < 1.0:
        msg = f"statistics: {name} is {number:g}; wanted a number between 0 and 1, without the ends"
        raise DataError(msg)
    return number


def finite(name: str, value: ArrayLike) -> F64:
    """Numbers without NaN and infinity, as float64."""
    try:
        numbers = np.asarray(value, np.float64)
    except (TypeError, ValueError) as error:
        msg = f"statistics: {name} is {value!r}; wanted numbers"
        raise DataError(msg) from error
    if not np.isfinite(numbers).all():
        msg = (
            f"statistics: {name} is {numbers[~np.isfinite(numbers)].flat[0]:g}; wanted finite numbers; "
            "find where it was lost, an unknown number is not 0"
        )
        raise DataError(msg)
    return numbers
