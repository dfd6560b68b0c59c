"""The halo against the current of B2: usable spills gathered by run and setting.

The spills themselves are kept, by burst, not running sums: adding a spill twice changes nothing, a corrected spill
takes the place of the old one, and any order of adding and merging gives the same bits.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple, Self

from scipy.special import gammaincc

from monitor.halo.model import STREAMS, CurvePoint, HaloPoint, Stream
from monitor.halo.points import halo_points, is_near, reference_rates
from monitor.halo.regime import SETTING_STEP_A
from monitor.halo.setup import HaloSetup
from monitor.spill import Spill

PRIOR_SPILLS = 2
"""The expected spill-to-spill error of the protons weighs as much as so many spills beside the measured scatter."""

BAD_PROBABILITY = 0.01
"""A setting whose spills scatter as badly as this has its error made larger by the root of chi2/ndf."""

Setting = tuple[int | None, float]
"""Run (None: all runs together) and setting of B2 [A]."""


class Sample(NamedTuple):
    """One spill at one setting, for one stream: current [A], rate, Poisson error."""

    current_a: float
    value: float
    error: float


def b2_curve(spills: Iterable[Spill], setup: HaloSetup | None = None, *, per_run: bool = True) -> list[CurvePoint]:
    """Mean rate of each stream at each setting of B2, from the usable ones of the spills, run by run."""
    curve = B2Curve(setup, per_run=per_run)
    for point in halo_points(spills, curve.setup):
        curve.add(point)
    return curve.points()


class B2Curve:
    """Gathers halo points as they come. Not for several threads at once."""

    def __init__(self, setup: HaloSetup | None = None, *, per_run: bool = True) -> None:
        self.setup = setup or HaloSetup()
        self.per_run = per_run
        self._spills: dict[tuple[int, int], HaloPoint] = {}

    def __len__(self) -> int:
        """Give the number of usable spills."""
        return len(self._spills)

    def spills(self) -> list[HaloPoint]:
        """Usable spills, by run and burst."""
        return [self._spills[key] for key in sorted(self._spills)]

    def add(self, point: HaloPoint) -> None:
        """Take in a spill, in the place of an earlier row of the same burst; one that is not usable is left out."""
        if point.usable:
            self._spills[point.run, point.burst] = point
        else:
            self._spills.pop((point.run, point.burst), None)

    def merge(self, other: B2Curve) -> Self:
        """Both together; where both hold a burst, the row of `other` holds."""
        merged = type(self)(self.setup, per_run=self.per_run)
        for curve in (self, other):
            for point in curve.spills():
                merged.add(point)
        return merged

    def noise(self, stream: Stream) -> float:
        """Relative error of one spill beyond counting statistics, from the scatter of spills at one setting.

        The configured error counts as much as `PRIOR_SPILLS` spills, so that few spills do not decide alone.
        """
        expected = self.setup.halo.pot_error_relative**2
        squares, ndf = [], 0
        for samples in self._settings(stream).values():
            mean = math.fsum(s.value for s in samples) / len(samples)
            if mean > 0 and len(samples) > 1:
                shrink = 1.0 - 1.0 / len(samples)
                squares += [((s.value - mean) ** 2 - shrink * s.error**2) / mean**2 for s in samples]
                ndf += len(samples) - 1
        measured = (PRIOR_SPILLS * expected + math.fsum(squares)) / (PRIOR_SPILLS + ndf)
        # counting statistics alone can by chance explain more than the scatter there is
        return math.sqrt(max(measured, 0.01 * expected))

    def points(self, reference: Mapping[Stream, float] | None = None) -> list[CurvePoint]:
        """Points of all streams, by run, setting and stream.

        Parameters
        ----------
        reference : rate at the reference setting, by stream; None: as configured, else the point of the same run
            there, else the mean over all runs
        """
        found = list(self._means())
        known = reference
        if known is None:
            known = reference_rates(self.spills(), self.setup.halo)
        return [_relative(point, self._own_reference(point, found, reference) or known) for point in found]

    def _own_reference(
        self, point: CurvePoint, points: list[CurvePoint], given: Mapping[Stream, float] | None
    ) -> Mapping[Stream, float] | None:
        """Reference out of the run of the point itself, where nothing else is given or configured."""
        cfg = self.setup.halo
        configured = {"muv3": cfg.reference_muv3, "q1": cfg.reference_q1}
        if given is not None or configured[point.stream]:
            return None
        same = (p for p in points if (p.run, p.stream) == (point.run, point.stream))
        return next(({p.stream: p.value} for p in same if is_near(p.b2_a, cfg.reference_current_a, cfg)), None)

    def _means(self) -> Iterator[CurvePoint]:
        settings = {stream: self._settings(stream) for stream in STREAMS}
        noise = {stream: self.noise(stream) for stream in STREAMS}
        for key in sorted({key for by in settings.values() for key in by}, key=lambda k: (k[0] or 0, k[1])):
            for stream in STREAMS:
                if samples := settings[stream].get(key):
                    yield _mean(key, stream, samples, noise[stream])

    def _settings(self, stream: Stream) -> dict[Setting, list[Sample]]:
        """Spills of a stream by setting, in the order of run and burst."""
        found: dict[Setting, list[Sample]] = {}
        for point in self.spills():
            value, error = getattr(point, stream), getattr(point, f"{stream}_error")
            if value is None or error is None or point.b2_current_a is None:
                continue
            key = (point.run if self.per_run else None, _setting(point))
            found.setdefault(key, []).append(Sample(point.b2_current_a, value, error))
        return found


def _relative(point: CurvePoint, reference: Mapping[Stream, float]) -> CurvePoint:
    rate = reference.get(point.stream)
    if not rate:
        return point
    return point.model_copy(update={"relative": point.value / rate, "relative_error": point.error / rate})


def _setting(point: HaloPoint) -> float:
    if point.b2_set_a is not None:
        return point.b2_set_a
    return float(round((point.b2_current_a or 0.0) / SETTING_STEP_A) * SETTING_STEP_A)


def _mean(key: Setting, stream: Stream, samples: list[Sample], noise: float) -> CurvePoint:
    """Weighted mean of the spills of one setting.

    Weights are of relative errors, so that a low value is no more exact than a high one; the error of the protons
    is relative, and values enter it by their mean.
    """
    n = len(samples)
    plain = math.fsum(s.value for s in samples) / n
    variances = [s.error**2 + (noise * plain) ** 2 for s in samples]
    weights = [1.0 / variance for variance in variances]
    total = math.fsum(weights)
    mean = math.fsum(w * s.value for w, s in zip(weights, samples, strict=True)) / total
    chi2 = math.fsum(w * (s.value - mean) ** 2 for w, s in zip(weights, samples, strict=True))
    bad = n > 1 and gammaincc(0.5 * (n - 1), 0.5 * chi2) < BAD_PROBABILITY
    scale = max(1.0, math.sqrt(chi2 / (n - 1))) if bad else 1.0
    error = scale / math.sqrt(total)
    return CurvePoint(
        b2_a=math.fsum(s.current_a for s in samples) / n,
        stream=stream,
        value=mean,
        error=error,
        relative=None,
        n_spills=n,
        chi2=chi2,
        b2_set_a=key[1],
        scale=scale,
        run=key[0],
    )
