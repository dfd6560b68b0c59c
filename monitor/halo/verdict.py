"""Whether the working point sits on the minimum, in one sentence."""

from __future__ import annotations

from dataclasses import dataclass

from daq.config.halo import HaloFluxConfig
from monitor.halo.model import SCALER, Stream
from monitor.halo.shape import Shape

N_SIGMA = 2.0
"""The minimum may be so many of its errors away from where it was found."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a fit says about the working point.

    on_working_point : None: it lies outside the scan, or the scan is not exact enough to say
    increase : rate at the working point over that at the minimum, minus 1; None outside the scan
    increase_range : the same with the minimum `N_SIGMA` errors nearer and further
    """

    minimum_a: float
    error_a: float
    working_a: float
    tolerance: float
    on_working_point: bool | None
    increase: float | None
    increase_range: tuple[float, float] | None

    def sentence(self, stream: Stream, n_settings: int, chi2: float, ndf: int) -> str:
        """Say it."""
        found = f"minimum of {SCALER[stream]} at {self.minimum_a:.1f} +- {self.error_a:.1f} A"
        basis = f"({n_settings} settings, chi2 {chi2:.1f}/{ndf})"
        return f"{found} {basis}: {self._about_working_point()}"

    def _about_working_point(self) -> str:
        point = f"the working point {self.working_a:.0f} A"
        if self.increase_range is None:
            return f"{point} lies outside the scan"
        low, high = self.increase_range
        away = f"{abs(self.working_a - self.minimum_a) / self.error_a:.1f} sigma away"
        allowed = f" (allowed: {_percent(self.tolerance)})"
        if self.on_working_point:
            return f"{point} sits on it, {away}, flux at most {_percent(high)} above the minimum{allowed}"
        if self.on_working_point is None:
            between = f"flux {_percent(low)} to {_percent(high)} above the minimum{allowed}"
            return f"{point}, {away}, may be on it or not: {between}"
        return f"{point} is NOT on it, {away}, flux at least {_percent(low)} above the minimum{allowed}"


def verdict(shape: Shape, error_a: float, span_a: tuple[float, float], cfg: HaloFluxConfig) -> Verdict:
    """Judge the working point: by how much more flux there is, not by current alone, near which the curve is flat.

    Parameters
    ----------
    error_a : of the minimum, all in [A]
    span_a : first and last current of the fitted settings [A]
    """
    working = cfg.working_current_a
    common = (shape.minimum_a, error_a, working, cfg.flux_tolerance)
    if not span_a[0] - cfg.setting_tolerance_a <= working <= span_a[1] + cfg.setting_tolerance_a:
        return Verdict(*common, None, None, None)
    away = working - shape.minimum_a
    side = 1.0 if away >= 0 else -1.0
    nearest = side * max(0.0, abs(away) - N_SIGMA * error_a)
    increase, low, high = (float(shape.rise(d)) for d in (away, nearest, away + side * N_SIGMA * error_a))
    on = True if high <= cfg.flux_tolerance else False if low > cfg.flux_tolerance else None
    return Verdict(*common, on, increase, (low, max(low, high)))


def _percent(fraction: float) -> str:
    return f"{100.0 * fraction:.1f} %"
