"""The minimum of the halo against B2, and whether the working point sits on it."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from daq.errors import DataError
from monitor.halo.competition import HOPELESS_PROBABILITY, Envelope, compete, is_poor, scale_of, window
from monitor.halo.curve import PRIOR_SPILLS
from monitor.halo.model import CurvePoint, MinimumFit, Stream
from monitor.halo.setup import HaloSetup
from monitor.halo.shape import MODELS, Points
from monitor.halo.verdict import verdict

LEAST_SETTINGS = 4

RISE_SIGMA = 2.0
"""The curve must rise by so many errors of the outermost point towards either end of the scan."""

LEAST_GAIN = 16.0
"""A curve must describe the points better than a constant by this in chi2: noise alone has dips as well."""

DRAWN = 121


class FitError(DataError):
    """The curve has no minimum that could be stated."""


def fit_minimum(curve: Sequence[CurvePoint], stream: Stream = "muv3", setup: HaloSetup | None = None) -> MinimumFit:
    """Fit the minimum of one stream.

    Parameters
    ----------
    curve : points of one run, or of several taken together; those of the other stream are passed over

    Raises
    ------
    FitError
        Fewer than four settings, or the same setting of several runs; a rate of zero; no curve with a minimum
        through the points; a minimum at the edge of the scan. The message says which, and what to do.
    """
    cfg = (setup or HaloSetup()).halo
    points = _gather(curve, stream)
    # degrees of freedom of the scatter at single settings, from which the errors come: see `B2Curve.noise`
    known = PRIOR_SPILLS + sum(p.n_spills - 1 for p in curve if p.stream == stream)
    used, shapes = window(points, known)
    if is_poor(shapes, len(used), known, HOPELESS_PROBABILITY):
        raise FitError(_no_minimum(stream, points))
    scale = scale_of(shapes, len(used), known)
    envelope = compete(shapes, scale)
    if _flat_chi2(used) - envelope.best.chi2 < LEAST_GAIN * scale**2:
        raise FitError(_no_minimum(stream, points))
    _refuse_edge(stream, envelope, used, scale)
    shape = envelope.best
    said = verdict(shape, envelope.error_a, (used.current[0], used.current[-1]), cfg)
    stat = shape.error_a * scale
    ndf = len(used) - MODELS[shape.model]
    drawn = np.linspace(used.current[0], used.current[-1], DRAWN)
    return MinimumFit(
        stream=stream,
        minimum_a=shape.minimum_a,
        error_a=envelope.error_a,
        value=shape.value,
        curvature=shape.curvature,
        chi2=shape.chi2,
        ndf=ndf,
        model=shape.model,
        on_working_point=said.on_working_point,
        working_point_a=cfg.working_current_a,
        sentence=said.sentence(stream, len(used), shape.chi2, ndf),
        points=list(zip(drawn.tolist(), shape.at(drawn).tolist(), strict=True)),
        error_stat_a=min(stat, envelope.error_a),
        error_model_a=math.sqrt(max(0.0, envelope.error_a**2 - stat**2)),
        value_error=shape.value_error * scale,
        flux_increase=said.increase,
        flux_increase_range=said.increase_range,
        n_settings=len(points),
        n_left_out=len(points) - len(used),
        scale=scale,
    )


def _gather(curve: Sequence[CurvePoint], stream: Stream) -> Points:
    mine = sorted((p for p in curve if p.stream == stream), key=lambda p: p.b2_a)
    settings = [p.b2_a if p.b2_set_a is None else p.b2_set_a for p in mine]
    if len({p.run for p in mine}) > 1:
        msg = (
            f"{stream}: points of runs {sorted({p.run or 0 for p in mine})}; fit one run, or gather with per_run=False"
        )
        raise FitError(msg)
    if len(set(settings)) < LEAST_SETTINGS or len(mine) != len(set(settings)):
        held = f"{len(set(settings))} setting{'' if len(set(settings)) == 1 else 's'} of B2 with usable spills"
        msg = f"{stream}: {held}, wanted {LEAST_SETTINGS} or more; scan more settings"
        raise FitError(msg)
    if any(p.value <= 0 for p in mine):
        zero = next(p for p in mine if p.value <= 0)
        msg = f"{stream}: rate {zero.value:.3g} at {zero.b2_a:.1f} A, wanted more than 0; is the scaler connected?"
        raise FitError(msg)
    relative = [p.error / p.value for p in mine]
    return Points(np.array([p.b2_a for p in mine]), np.array([p.value for p in mine]), np.array(relative))


def _flat_chi2(points: Points) -> float:
    """Chi2 of the best constant."""
    weight, logarithm = points.relative_error**-2, np.log(points.value)
    return float(np.sum(weight * (logarithm - np.average(logarithm, weights=weight)) ** 2))


def _no_minimum(stream: Stream, points: Points) -> str:
    where = int(np.argmin(points.value))
    if where in (0, len(points) - 1):
        return _edge(stream, points.current[where])
    return f"{stream}: no smooth curve with a minimum goes through the {len(points)} points: flat, bent down or torn"


def _edge(stream: Stream, current_a: float) -> str:
    return f"{stream}: the rate does not rise towards {current_a:.0f} A, the edge of the scan; scan further that way"


def _refuse_edge(stream: Stream, envelope: Envelope, points: Points, scale: float) -> None:
    """Refuse a minimum at the edge of the scan.

    Raises
    ------
    FitError
        The curve does not rise towards both ends, or the interval of the minimum reaches one.
    """
    for row, end_a in ((0, envelope.low_a), (-1, envelope.high_a)):
        edge_a = float(points.current[row])
        beyond = end_a <= edge_a if row == 0 else end_a >= edge_a
        rise = float(envelope.best.rise(edge_a - envelope.best.minimum_a))
        if beyond or rise < RISE_SIGMA * scale * float(points.relative_error[row]):
            raise FitError(_edge(stream, edge_a))
