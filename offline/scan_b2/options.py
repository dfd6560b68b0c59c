"""What a scan is asked to do, and the settings it goes through."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

from daq.errors import ConfigError
from monitor.halo.fit import LEAST_SETTINGS

MOST_SETTINGS = 1000
LARGEST_CURRENT_A = 2000.0


@dataclass(frozen=True, slots=True)
class Span:
    """Settings of B2 from `first_a` to `last_a`, both included, every `step_a`; a missing step: any between."""

    first_a: float
    last_a: float
    step_a: float | None

    @property
    def currents_a(self) -> tuple[float, ...]:
        """All settings [A], in the order of the scan; empty without a step."""
        if self.step_a is None:
            return ()
        # a last setting that is missed by rounding alone is meant
        n = math.floor((self.last_a - self.first_a) / self.step_a + 1e-9)
        return tuple(self.first_a + k * self.step_a for k in range(n + 1))

    def holds(self, setting_a: float, tolerance_a: float) -> bool:
        """Whether a setting belongs to the scan."""
        if self.step_a is not None:
            return any(abs(setting_a - current) <= tolerance_a for current in self.currents_a)
        low, high = sorted((self.first_a, self.last_a))
        return low - tolerance_a <= setting_a <= high + tolerance_a


@dataclass(frozen=True, slots=True)
class ScanOptions:
    """Options of `dumpwatch scan-b2`.

    span : settings; None: all that a ledger holds
    ledger : URL; None: the emulated detector
    runs : runs of the ledger; empty: the newest one
    """

    span: Span | None
    spills_per_step: int
    seed: int
    ledger: str | None
    runs: tuple[int, ...]
    out: Path
    as_json: bool


def read_span(first_a: float | None, last_a: float | None, step_a: float | None) -> Span | None:
    """Settings of the options --from, --to and --step; None when none of them was given.

    Raises
    ------
    ConfigError
        A part is missing, not a number, out of bounds, or the step does not lead from the first to the last.
    """
    if first_a is None and last_a is None and step_a is None:
        return None
    if first_a is None or last_a is None:
        msg = "scan-b2: --from and --to belong together; give both"
        raise ConfigError(msg)
    for name, value in (("--from", first_a), ("--to", last_a), ("--step", step_a)):
        if value is not None and not abs(value) <= LARGEST_CURRENT_A:
            msg = f"scan-b2 {name}: got {value} A, wanted a current of at most {LARGEST_CURRENT_A:.0f} A in size"
            raise ConfigError(msg)
    span = Span(first_a, last_a, step_a)
    if step_a is not None:
        _check_step(span, step_a)
    return span


def _check_step(span: Span, step_a: float) -> None:
    way = span.last_a - span.first_a
    if step_a == 0 or way * step_a < 0:
        sign = "negative" if way < 0 else "positive"
        msg = f"scan-b2 --step: got {step_a:g} A, wanted a {sign} step from {span.first_a:g} to {span.last_a:g} A"
        raise ConfigError(msg)
    n = math.floor(way / step_a + 1e-9) + 1
    if not LEAST_SETTINGS <= n <= MOST_SETTINGS:
        msg = f"scan-b2: {n} settings, wanted {LEAST_SETTINGS} to {MOST_SETTINGS}; change --from, --to or --step"
        raise ConfigError(msg)
