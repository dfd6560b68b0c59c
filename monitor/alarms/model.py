"""What the alarm desk tells: states, alarms, and one view per watched stream.

These records leave the program as they are (API, SSE, metrics), so they hold public numbers only.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from pydantic import Field

from monitor.spill import Public

System = Literal["beam", "trigger", "background", "accounting", "chain", "alarms"]
Severity = Literal["page", "ticket"]


class State(StrEnum):
    """State of a stream or an alarm."""

    OK = "OK"
    WARN = "WARN"
    ALARM = "ALARM"
    UNKNOWN = "UNKNOWN"


class Inhibit(StrEnum):
    """Why a spill was not judged."""

    NO_BEAM = "no_beam"
    MAGNET_RAMP = "magnet_ramp"
    MAGNET_OFF = "magnet_off"
    BAD_SPILL = "bad_spill"
    LEARNING = "learning"


class Acknowledged(Public):
    """Who has seen an alarm, and when."""

    who: str
    when_ns: int
    comment: str = ""


class Alarm(Public):
    """One alarm, as the page, the API and the metrics show it."""

    name: str
    """CamelCase; the name of the Prometheus alert too."""
    system: System
    severity: Severity
    stream: str | None = None
    state: State
    since_run: int | None = None
    since_burst: int | None = None
    text: str
    """What is seen, with the numbers."""
    action: str
    """What to do."""
    runbook: str
    """Link to the paragraph of the runbook."""
    inhibited: Inhibit | None = None
    acknowledged: Acknowledged | None = None

    @property
    def key(self) -> tuple[str, str]:
        """Name and stream, "" for none."""
        return self.name, self.stream or ""


class StreamReference(Public):
    """What a stream is compared with."""

    mean_per_1e12_pot: float
    phi: float
    """Relative variance beyond Poisson, as measured."""
    phi_eff: float
    """The one the charts use: widened for its own error and for autocorrelation."""
    rho: float
    """Autocorrelation of successive good spills."""
    n_spills: int


class StreamPoint(Public):
    """One spill of one stream; rates per 1e12 protons on target."""

    run: int
    burst: int
    n: int | None
    """Counts in the spill; None: no reading."""
    value: float | None
    expected: float | None
    low: float | None
    """Below this, p_low is under its threshold."""
    high: float | None
    cusum_up: float
    """The chart nearest its limit, in units of it: above 1 it is an alarm."""
    cusum_down: float
    p_high: float | None
    """P(N >= n)."""
    p_low: float | None
    """P(N <= n)."""
    state: State
    inhibited: Inhibit | None = None


class StreamView(Public):
    """One watched stream with its last spills, oldest first."""

    name: str
    label: str
    unit: str
    state: State
    reference: StreamReference | None
    reason: str
    """One sentence: why this state."""
    predicted_false_alarms_per_week: float
    points: list[StreamPoint] = Field(default_factory=list)


def runbook(name: str) -> str:
    """Link to the paragraph of an alarm in the runbook."""
    return f"/runbook#{name.lower()}"
