"""Units and constants. Each constant stands here once, with its unit and source.

Policy: mm, ns, GeV (GeV/c, GeV/c2), rad, e, tesla, ampere. Region limits in Z are kept in metres, as
published, and say so in their names. Clock time stays integer ticks until the last subtraction.
"""

from __future__ import annotations

TICK_NS = 24.951059536
"""Period of the main clock [ns]; time-stamp unit. Source: NA62 trigger-algorithms, StrawAlgo."""

FINE_PER_TICK = 256
"""Fine-time units in one tick: 8 bits. Source: NA62 farm-lib, L0TPHeader."""

FINE_NS = TICK_NS / FINE_PER_TICK
"""One fine-time unit [ns]: 0.09746507. Derived from `TICK_NS`, never typed a second time."""

SPEED_OF_LIGHT_MM_PER_NS = 299.792458
"""[mm/ns]. Source: exact, SI."""

CURVATURE_GEV_PER_T_MM = 0.000299792458
"""Momentum kick of unit charge per field integral [GeV/c per T mm]. Source: exact, c in these units."""

MUON_MASS_GEV = 0.1056583755
ELECTRON_MASS_GEV = 0.00051099895
PION_MASS_GEV = 0.13957039
KAON_MASS_GEV = 0.493677
PI0_MASS_GEV = 0.1349768
ETA_MASS_GEV = 0.547862
KSHORT_MASS_GEV = 0.497611
"""Masses [GeV/c2]. Source: PDG."""

POT_PER_T10_UNIT = 100_000_000_000
"""Protons on target per unit of T10 intensity. Source: NA62 framework, BeamSpecialTrigger (1e11 p)."""

POT_RELATIVE_ERROR = 0.20
"""Relative error of the protons on target, fully correlated. Source: CERN-EP-2023-032, section 6."""

MM_PER_M = 1000.0


def ns_to_fine(time_ns: float) -> int:
    """Convert a duration [ns] to the nearest whole number of fine-time units."""
    return round(time_ns / FINE_NS)


def seconds_to_fine(seconds: float) -> int:
    """Convert a duration [s] to the nearest whole number of fine-time units."""
    return round(seconds * 1e9 / FINE_NS)
