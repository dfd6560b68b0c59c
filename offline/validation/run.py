"""The validation as a whole: measure, compare, sum up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from daq.config import Config
from offline.validation.beam import measure_beam
from offline.validation.effort import Effort
from offline.validation.halo import measure_halo
from offline.validation.measured import Measured, checked
from offline.validation.overlaps import measure_overlaps
from offline.validation.processes import measure_processes
from offline.validation.published import WANTED
from offline.validation.row import Row, Verdict, judged
from offline.validation.signal import measure_signal

PARTS: dict[str, Callable[[Config, Effort, int], Measured]] = {
    "rates and B2": measure_beam,
    "overlaps": measure_overlaps,
    "processes": measure_processes,
    "signal": measure_signal,
    "halo pairs": measure_halo,
}


@dataclass(frozen=True, slots=True)
class Validation:
    """All lines and what the plots show."""

    rows: tuple[Row, ...]
    measured: Measured

    def count(self, verdict: Verdict) -> int:
        """Lines of a verdict."""
        return sum(row.verdict is verdict for row in self.rows)

    @property
    def passed(self) -> bool:
        """No line is out of tolerance."""
        return self.count(Verdict.OUT) == 0


def validate(config: Config, effort: Effort, seed: int, progress: Callable[[str], None] = lambda _: None) -> Validation:
    """Make everything with one configuration and hold it against every published number.

    Parameters
    ----------
    config : of the emulated detector and of the chain
    seed : 0 or more
    progress : told what comes next

    Raises
    ------
    ConfigError
        A configuration that cannot be emulated.
    """
    measured = Measured()
    for name, measure in PARTS.items():
        progress(name)
        measured.add(measure(config, effort, seed))
    checked(measured.values, {wanted.id for wanted in WANTED})
    return Validation(tuple(judged(wanted, *measured.values[wanted.id]) for wanted in WANTED), measured)
