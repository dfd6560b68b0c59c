"""One expected number: of what, where, how many, how sure."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal, Self

Region = Literal["OUTSIDE", "OCR1", "OCR2", "OCR3", "OCR123", "CR", "SR"]
"""OUTSIDE: everything outside CR and SR. OCR1-3 are the CR1-3 of CERN-EP-2023-032, CR is its VR."""


@dataclass(frozen=True, slots=True)
class Expected:
    """Expected events of one component in one region.

    value, stat, syst : of the whole region
    open_value : of the part of it that is not masked (guard bands and the K_S window are); compare counts with this
    upper : upper limit at `confidence`, where the method gives no more than that
    interval : lowest and highest value at `confidence`, where the errors are not even
    """

    component: str
    channel: str
    region: Region
    value: float
    stat: float
    syst: float
    open_value: float
    source: str
    upper: float | None = None
    confidence: float | None = None
    interval: tuple[float, float] | None = None

    @property
    def error(self) -> float:
        """Both errors together."""
        return math.hypot(self.stat, self.syst)

    @property
    def open_error(self) -> float:
        """Error of the open part, by the same relative error; all of it where nothing is expected."""
        return self.error * self.open_value / self.value if self.value > 0 else self.error

    def scaled(self, factor: float) -> Self:
        """All numbers times a factor."""
        upper = None if self.upper is None else self.upper * factor
        interval = None if self.interval is None else (self.interval[0] * factor, self.interval[1] * factor)
        numbers = (self.value, self.stat, self.syst, self.open_value)
        value, stat, syst, open_value = (x * factor for x in numbers)
        return replace(self, value=value, stat=stat, syst=syst, open_value=open_value, upper=upper, interval=interval)
