"""Smooth curves with one minimum, and their fit to points by least squares.

All are v(I) = v0 (1 + c h(x)), x = (I - I0) / unit, h(x) = x^2 / (1 + j x + k x^2) and c > 0. A field that deflects
takes muons out of the acceptance as the square of its change near the best setting, and can take out no more than
there are far from it: so h goes over from a parabola to a plateau (k), on both sides in its own way (j). h is nowhere
negative, so I0 is the minimum for any parameters, and is a parameter itself.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares

F64 = NDArray[np.float64]

MODELS: dict[str, int] = {"parabola": 3, "dip": 4, "skewed dip": 5}
"""Name -> number of parameters: j = k = 0, j = 0, all free."""

STARTS = (0.3, 0.01)
"""First values of k: a plateau inside the scan, and one far outside."""

MOST_STEPS = 100
"""A fit that has not converged by then runs along a direction that the points do not fix."""

FINE = 200
"""Places at which a fitted curve is looked at for poles."""


@dataclass(frozen=True, slots=True)
class Points:
    """Points to be fitted: currents [A], ascending, values > 0, relative errors > 0; float64 (n,) each."""

    current: F64
    value: F64
    relative_error: F64

    def __len__(self) -> int:
        """Give the number of points."""
        return len(self.current)

    def without(self, row: int) -> Points:
        """All points but one."""
        return Points(*(np.delete(column, row) for column in (self.current, self.value, self.relative_error)))


@dataclass(frozen=True, slots=True)
class Shape:
    """A fitted curve.

    parameters : I0 / unit, ln v0, c, then j and k as the model has them
    covariance : of the parameters
    unit : [A]
    """

    model: str
    parameters: F64
    covariance: F64
    chi2: float
    unit: float

    @property
    def minimum_a(self) -> float:
        """I0 [A]."""
        return float(self.parameters[0]) * self.unit

    @property
    def error_a(self) -> float:
        """Error of I0 from the covariance [A]."""
        return math.sqrt(self.covariance[0, 0]) * self.unit

    @property
    def value(self) -> float:
        """v0."""
        return math.exp(self.parameters[1])

    @property
    def value_error(self) -> float:
        """Error of v0."""
        return self.value * math.sqrt(self.covariance[1, 1])

    @property
    def curvature(self) -> float:
        """Second derivative at the minimum [per A^2]."""
        return 2.0 * self.value * float(self.parameters[2]) / self.unit**2

    def rise(self, distance_a: F64 | float) -> F64:
        """v/v0 - 1 so far from the minimum [A], with sign."""
        h, _ = _hump(np.asarray(distance_a, float) / self.unit, *_skew_and_plateau(self.parameters))
        return np.asarray(self.parameters[2] * h)

    def at(self, current_a: F64) -> F64:
        """Values of the curve."""
        return np.asarray(self.value * (1.0 + self.rise(current_a - self.minimum_a)))


def fit_shape(model: str, points: Points) -> Shape | None:
    """Fit one model in ln v, in which relative errors are constant; None where it finds no curve with a minimum.

    The curve must have no pole between the first and the last point. Cost: about 2 ms.
    """
    n_free = MODELS[model]
    # one residual cannot tell a shape from a fluctuation; with the least number of points there is but the parabola
    if len(points) < n_free + (1 if model == "parabola" else 2):
        return None
    lowest = float(points.current[np.argmin(points.value)])
    unit = float(np.max(np.abs(points.current - lowest))) / 2.0
    best: Shape | None = None
    for plateau in STARTS[: 1 if model == "parabola" else None]:
        first = np.array([lowest / unit, math.log(float(points.value.min())), 0.5, 0.0, plateau])
        start = first[[0, 1, 2, 4]] if model == "dip" else first[:n_free]
        found = _least_squares(model, points, start, unit)
        if found is not None and (best is None or found.chi2 < best.chi2):
            best = found
    return best


def _least_squares(model: str, points: Points, start: F64, unit: float) -> Shape | None:
    x, y, weight = points.current / unit, np.log(points.value), 1.0 / points.relative_error

    def residual(p: F64) -> F64:
        h, _ = _hump(x - p[0], *_skew_and_plateau(p))
        # a step that leaves the region where the curve exists must look bad, not fail
        return np.asarray((p[1] + np.log(np.maximum(1.0 + p[2] * h, 1e-9)) - y) * weight)

    def jacobian(p: F64) -> F64:
        h, denominator = _hump(x - p[0], *_skew_and_plateau(p))
        return _derivatives(p, x - p[0], h, denominator) * weight[:, None]

    with np.errstate(all="ignore"):
        try:
            found = least_squares(residual, start, jac=jacobian, method="lm", max_nfev=MOST_STEPS)
            covariance = np.linalg.inv(found.jac.T @ found.jac)
        except (ValueError, np.linalg.LinAlgError):
            return None  # ran into a pole, or the points do not fix the parameters
    shape = Shape(model, found.x, covariance, 2.0 * float(found.cost), unit)
    return shape if _is_minimum(shape, points) else None


def _is_minimum(shape: Shape, points: Points) -> bool:
    finite = np.isfinite(shape.parameters).all() and np.isfinite(shape.covariance).all()
    if not finite or shape.parameters[2] <= 0 or not (np.diag(shape.covariance) > 0).all():
        return False
    skew, plateau = _skew_and_plateau(shape.parameters)
    if plateau > 0 and shape.unit / math.sqrt(plateau) < float(np.median(np.diff(points.current))):
        return False  # a dip between two settings that no point has seen
    x = np.linspace(points.current[0], points.current[-1], FINE) / shape.unit - shape.parameters[0]
    return bool((1.0 + skew * x + plateau * x * x > 0).all())


def _skew_and_plateau(parameters: F64) -> tuple[float, float]:
    extra = [float(p) for p in parameters[3:]]
    return (0.0, 0.0) if not extra else (0.0, extra[0]) if len(extra) == 1 else (extra[0], extra[1])


def _hump(x: F64, skew: float, plateau: float) -> tuple[F64, F64]:
    """Give h and its denominator."""
    denominator = 1.0 + skew * x + plateau * x * x
    return x * x / denominator, denominator


def _derivatives(p: F64, x: F64, h: F64, denominator: F64) -> F64:
    """Of ln v by the parameters, (n, n_parameters)."""
    skew, _ = _skew_and_plateau(p)
    strength = p[2] / (1.0 + p[2] * h)
    by_centre = -strength * (2.0 * x + skew * x * x) / denominator**2
    columns = [by_centre, np.ones_like(x), h / (1.0 + p[2] * h)]
    powers = {3: (), 4: (4,), 5: (3, 4)}[len(p)]
    columns += [-strength * x**power / denominator**2 for power in powers]
    return np.stack(columns, axis=1)
