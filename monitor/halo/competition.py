"""Which curve through the points: the models compete, and what is not known about the shape goes into the error.

Each model pays in chi2 for each parameter, the lowest one is drawn, and the error of the minimum is the half width of
the interval in which any of them comes within `LIMIT` of it. Source: discrete profiling, Dauncey et al., JINST 10
(2015) P04015. The errors of the points rest on a finite number of degrees of freedom, `known` in the functions below.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import fdtrc

from monitor.halo.shape import MODELS, Points, Shape, fit_shape

LEAST_IN_WINDOW = 7
"""Far settings that no model describes are left out as long as so many settings stay."""

BAD_PROBABILITY = 0.01
"""A fit as bad as this has its errors made larger by the root of chi2/ndf."""

POOR_PROBABILITY = 1e-3
"""A fit as bad as this loses its setting furthest from the lowest one, as often as it takes."""

HOPELESS_PROBABILITY = 1e-6
"""A fit that stays as bad as this is refused."""

COST = 1.0
"""What a model pays in chi2 for each of its parameters."""

LIMIT = 1.15
"""Height of the interval in chi2. With 1.00 the choice among the models makes it cover too little: pulls of 1000 toys
had a width of 1.05 to 1.08, whatever range and number of spills."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """Competition of the models: the best one, and the interval of the minimum over all of them [A]."""

    best: Shape
    low_a: float
    high_a: float

    @property
    def error_a(self) -> float:
        """Half of the interval."""
        return 0.5 * (self.high_a - self.low_a)


def compete(shapes: Sequence[Shape], scale: float = 1.0) -> Envelope:
    """Let the models compete; `scale` makes all errors larger."""
    cost = {shape.model: shape.chi2 / scale**2 + COST * MODELS[shape.model] for shape in shapes}
    best = min(shapes, key=lambda shape: cost[shape.model])
    limit = cost[best.model] + LIMIT
    ends = [
        shape.minimum_a + side * shape.error_a * scale * math.sqrt(limit - cost[shape.model])
        for shape in shapes
        if cost[shape.model] <= limit
        for side in (-1.0, 1.0)
    ]
    return Envelope(best, min(ends), max(ends))


def fit_all(points: Points) -> list[Shape]:
    """Fit every model that the points allow."""
    return [shape for model in MODELS if (shape := fit_shape(model, points)) is not None]


def window(points: Points, known: int) -> tuple[Points, list[Shape]]:
    """Points that some model describes, and its fits; all points where none does."""
    everything = fit_all(points)
    used, shapes = points, everything
    while len(used) > LEAST_IN_WINDOW and is_poor(shapes, len(used), known):
        lowest = used.current[np.argmin(used.value)]
        used = used.without(int(np.argmax(np.abs(used.current - lowest))))
        shapes = fit_all(used)
    return (points, everything) if is_poor(shapes, len(used), known) else (used, shapes)


def is_poor(shapes: Sequence[Shape], n_points: int, known: int, least: float = POOR_PROBABILITY) -> bool:
    """Whether there is no fit, or the most free one describes the points with a probability below `least`."""
    return not shapes or probability(_freest(shapes), n_points, known) < least


def _freest(shapes: Sequence[Shape]) -> Shape:
    return max(shapes, key=lambda shape: MODELS[shape.model])


def probability(shape: Shape, n_points: int, known: int) -> float:
    """Of a chi2 as large as this, when the errors rest on `known` degrees of freedom themselves: an F test."""
    ndf = n_points - MODELS[shape.model]
    return float(fdtrc(ndf, known, shape.chi2 / ndf))


def scale_of(shapes: Sequence[Shape], n_points: int, known: int) -> float:
    """Factor of all errors: what the residuals of the most free model say, beside what they rest on already.

    With one spill a setting there is no scatter to rest on, and the residuals say how large the errors are.
    """
    freest = _freest(shapes)
    ndf = n_points - MODELS[freest.model]
    pooled = math.sqrt((known + freest.chi2) / (known + ndf))
    bad = probability(freest, n_points, known) < BAD_PROBABILITY
    return max(pooled, math.sqrt(freest.chi2 / ndf)) if bad else pooled
