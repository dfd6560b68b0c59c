"""What the synthetic spills of the scenes count when all is quiet, as an alarm reference in the operations log."""

from __future__ import annotations

from monitor.alarms.reference import ChartLimit, Provenance, RatioCalibration, Reference, StreamCalibration
from tests.monitor.synthetic import DIGEST

MEANS = {"muv3": 3.1e6, "q1": 4.4e6, "h2": 6030.0, "lav": 7.0e5, "anti0": 1.05e6, "pairs": 7200.0, "vertices": 6000.0}
"""Counts in a spill of 5e12 protons."""

RATIOS = {"h2/q1": ("h2", "q1"), "muv3/q1": ("muv3", "q1"), "lav/q1": ("lav", "q1")}
PROTONS = 5.0
"""Of a mean spill [1e12]."""

PHI = 6e-4
"""Relative variance the charts are told: 2.4 % noise, more than the scenes have."""


def _stream(name: str, mean: float) -> StreamCalibration:
    power = 2.0 if name in ("pairs", "vertices") else 1.0
    charts = [ChartLimit(factor=factor, limit=12.0, run_length=2e6) for factor in (1.1, 0.9)]
    return StreamCalibration(
        per_unit=mean / PROTONS**power,
        dark=0.0,
        power=power,
        mean=mean,
        counts=400 * mean,
        phi=PHI / 2,
        rho=0.1,
        phi_eff=PHI,
        overdispersion=1.0 + PHI / 2 * mean,
        n_spills=400,
        charts=charts,
    )


def quiet_reference() -> Reference:
    """Reference that the scenes are judged by."""
    return Reference(
        provenance=Provenance(
            runs=[(9000, 1, 400)], mode="EMULATED", config_digest=DIGEST, who="the tests", when_ns=0, why="scenes"
        ),
        b2_a=-250.0,
        mean_pot=round(PROTONS * 1e12),
        n_spills=400,
        run_length=2e6,
        streams={name: _stream(name, mean) for name, mean in MEANS.items()},
        ratios={
            name: RatioCalibration(value=MEANS[a] / MEANS[b], phi_eff=PHI, n_spills=400)
            for name, (a, b) in RATIOS.items()
        },
        rare=dict.fromkeys(("mumu_os", "mumu_pp", "mumu_mm", "emu_os", "emu_ss"), 4800),
        rare_pot=round(400 * PROTONS * 1e12),
    )
