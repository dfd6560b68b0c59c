"""One line of the validation: what was published, what the emulator gives, and whether the two may differ so much.

The tolerance follows from the kind of the line by one rule, fixed before any comparison:

    allowed^2 = (k x error of the reference)^2 + (4 x statistical error of the emulator)^2

k is 2 where the emulator was adjusted to the number or was given it, 3 where it predicts the number. With 4 for the
statistics, seventy lines raise a false alarm in less than one run of two hundred. The error of the reference is the
published one together with what `slack` allows; a number that was put in has only the latter, because it must come
out again however badly it is known.
"""

from __future__ import annotations

import math
from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict


class Kind(StrEnum):
    """What agreement of a line means."""

    FITTED = "FITTED"
    """Parameters were adjusted to the number, or chosen on it: agreement proves nothing."""
    INPUT = "INPUT"
    """The number was put in by hand; the line says that it comes out again."""
    CLOSURE = "CLOSURE"
    """Two ways to one number inside the emulator, or the prototype of the notes: a test of the program."""
    PREDICTED = "PREDICTED"
    """Nothing was adjusted to it."""


class Verdict(StrEnum):
    """Result of a line."""

    IN = "in"
    OUT = "OUT"
    KNOWN = "known"
    """Out of tolerance of the reference, understood, written down, and where it was."""


STATISTICS_SIGMAS = 4.0
REFERENCE_SIGMAS = {Kind.FITTED: 2.0, Kind.INPUT: 2.0, Kind.CLOSURE: 2.0, Kind.PREDICTED: 3.0}
Sense = Literal["near", "below"]


class Wanted(BaseModel):
    """A number that the emulator is held against.

    error : as published; 0 where none is printed; not used where the number was put in
    slack : what is allowed for rounding, definitions and models, as a standard deviation; `reason` says why
    source : document, or 'recalled', or 'not published: ...' with what it is compared with instead
    sense : near the value, or below it
    known_value, known : for an understood disagreement: where the emulator is, and why
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    group: str
    observable: str
    unit: str = ""
    kind: Kind
    value: float
    error: float = 0.0
    slack: float = 0.0
    source: str
    reason: str
    sense: Sense = "near"
    known_value: float | None = None
    known: str = ""


class Row(Wanted):
    """The same with what the emulator gives.

    allowed : largest difference [unit]
    pull : difference over its standard deviation
    """

    emulator: float
    emulator_error: float
    allowed: float
    pull: float
    verdict: Verdict

    @property
    def powerless(self) -> bool:
        """The statistics of this run allow more than the number itself."""
        return 0 < abs(self.value) < STATISTICS_SIGMAS * self.emulator_error


def judged(wanted: Wanted, emulator: float, emulator_error: float) -> Row:
    """Compare one number.

    Parameters
    ----------
    emulator, emulator_error : value and statistical error; a value that is not finite is out
    """
    reference = wanted.slack if wanted.kind is Kind.INPUT else math.hypot(wanted.error, wanted.slack)
    allowed = math.hypot(REFERENCE_SIGMAS[wanted.kind] * reference, STATISTICS_SIGMAS * emulator_error)
    difference = emulator - wanted.value
    # a limit is passed from below only
    excess = difference if wanted.sense == "below" else abs(difference)
    verdict = Verdict.IN if excess <= allowed else Verdict.OUT
    if wanted.known_value is not None:
        stays = abs(emulator - wanted.known_value) <= allowed
        verdict = Verdict.KNOWN if verdict is Verdict.OUT and stays else verdict
    sigma = math.hypot(reference, emulator_error)
    pull = difference / sigma if sigma > 0 else math.inf * difference if difference else 0.0
    return Row(
        **wanted.model_dump(), emulator=emulator, emulator_error=emulator_error, allowed=allowed, pull=pull,
        verdict=verdict,
    )  # fmt: skip
