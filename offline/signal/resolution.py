"""Mass resolution of the signal, and the window of a five-sigma count around a mass."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from offline.signal.acceptance import Acceptance
from offline.signal.samples import Sample
from offline.validation.measured import Value, core_width
from streaming.reco.arrays import F64

NOT_LOST_GEV = 0.05
"""Candidates further from their mass are no peak; the window efficiency counts them as lost all the same."""


FEWEST = 8
"""Candidates that a width is measured of."""


@dataclass(frozen=True, slots=True, eq=False)
class MassResolution:
    """Width of the mass peak of a final state.

    masses, sigma, error : float64 (n,)    [GeV/c2], ascending; the core of the peak of the candidates in the SR
    window_sigma : half width of the window in sigmas
    kept : float64 (n,)    part of the candidates in the SR that are inside the window; tails make it less than 0.9973
    """

    final_state: str
    masses: F64
    sigma: F64
    error: F64
    window_sigma: float
    kept: F64

    def sigma_at(self, mass_gev: float) -> float:
        """Resolution at a mass [GeV/c2], linear between the masses."""
        return float(np.interp(mass_gev, self.masses, self.sigma))

    def window(self, mass_gev: float) -> tuple[float, float]:
        """Limits of the mass window around a mass [GeV/c2]."""
        half = self.window_sigma * self.sigma_at(mass_gev)
        return mass_gev - half, mass_gev + half

    def efficiency(self, mass_gev: float) -> float:
        """Part of the signal in the SR that is in the window around its mass."""
        return float(np.interp(mass_gev, self.masses, self.kept))

    def windows_between(self, low_gev: float, high_gev: float) -> float:
        """How many windows stand side by side between two masses: the trials of a scan."""
        steps = np.linspace(low_gev, high_gev, 1001)
        width = 2.0 * self.window_sigma * np.interp(steps, self.masses, self.sigma)
        return float(np.trapezoid(1.0 / width, steps))


def mass_resolution(
    acceptance: Acceptance, production: str, final_state: str, low_gev: float, high_gev: float, window_sigma: float
) -> MassResolution:
    """Measure it at the masses at which there are samples between two masses.

    Raises
    ------
    ConfigError
        Unknown production or final state, or a mass below its threshold.
    """
    masses = acceptance.anchors(low_gev, high_gev, production, final_state)
    samples = [acceptance.sample(mass, production, final_state) for mass in masses]
    measured = [(sample, peak_width(sample)) for sample in samples]
    # a sample with next to no candidates has no width; its neighbours stand for it
    good = [(sample, width) for sample, width in measured if np.isfinite(width.value)]
    widths = np.array([tuple(width) for _, width in good]).reshape(-1, 2)
    kept = np.array([_kept(sample, width.value * window_sigma) for sample, width in good])
    at = np.array([sample.mass_gev for sample, _ in good])
    return MassResolution(final_state, at, widths[:, 0], widths[:, 1], window_sigma, kept)


def peak_width(sample: Sample) -> Value:
    """Sigma of the core of the mass peak in the SR [GeV/c2]; NaN for too few candidates."""
    off = _off(sample)
    near = off[np.abs(off) < NOT_LOST_GEV]
    return core_width(near) if len(near) >= FEWEST else Value(np.nan, np.nan)


def _off(sample: Sample) -> F64:
    return sample.selected.mass_gev[sample.selected.inside("SR")] - sample.mass_gev


def _kept(sample: Sample, half_gev: float) -> float:
    return float(np.mean(np.abs(_off(sample)) < half_gev))
