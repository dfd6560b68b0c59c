"""The beam: spill, intensity, magnets."""

from __future__ import annotations

from daq.config.base import Section, assumed, known


class BeamConfig(Section):
    """One spill of protons on the closed TAX."""

    spill_seconds: float = known(4.8, "flat-top extraction [s]. Source: arXiv:2312.17188", gt=0, le=26.0)
    pot_per_spill: float = assumed(5.0e12, "protons on target per spill", gt=0)
    pot_relative_noise: float = assumed(0.02, "spill-to-spill noise of the true intensity", ge=0, lt=0.5)
    t10_relative_noise: float = assumed(0.01, "noise of the T10 titanium-foil reading", ge=0, lt=0.5)
    duty_factor: float = assumed(0.625, "effective over full spill length, <R>^2/<R^2>", gt=0.3, le=1.0)
    b1c_current_a: float = assumed(-770.0, "current of magnet B1C [A]")
    b2_current_a: float = known(-250.0, "current of magnet B2 [A]. Source: CERN-EP-2023-032 fig. 2")
    current_noise_a: float = assumed(0.1, "reading noise of a magnet current [A]", ge=0)
