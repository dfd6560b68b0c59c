"""CUSUM of the log likelihood ratio of two negative binomials, and its exact run length.

L = n ln k - (n + r) ln((r + k mu) / (r + mu)), r = 1/phi; C = max(0, C + L); alarm when C > h. Sources: Page,
Biometrika 41 (1954) 100; Hoehle and Paul, Comput. Stat. Data Anal. 52 (2008) 4357. Run length: Markov chain of
Brook and Evans, Biometrika 59 (1972) 539.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import betainc, betaincc
from scipy.stats import nbinom

F64 = NDArray[np.float64]

FEWEST_STATES, MOST_STATES = 150, 900

STATES_PER_SIGMA = 15.0
"""States of the chain for one standard deviation of L; twice as many change a run length by less than 2 %."""

CLOSE, STEEPEST, MOST_STEPS = 0.01, 5.0, 12
"""The search for a limit: wanted accuracy of ln(run length), largest slope believed, longest search."""

FEW_COUNTS = 100.0
"""With fewer counts every single one is a step of its own."""

LARGEST = 1e12
"""A longer run length is not told from this one [spills]."""

SMALLEST_PHI = 1e-9
"""The chart takes a smaller phi to be this: r = 1/phi must stay finite."""


def llr(n: float, mu: float, phi: float, factor: float) -> float:
    """Log likelihood ratio of n counts: mean factor x mu against mean mu."""
    slope, offset = line(mu, phi, factor)
    return slope * n - offset


def line(mu: float, phi: float, factor: float) -> tuple[float, float]:
    """Slope and offset of L = slope n - offset."""
    phi = max(phi, SMALLEST_PHI)
    # (r + k mu) / (r + mu) = 1 + (k - 1) q with q = phi mu / (1 + phi mu)
    log = math.log1p((factor - 1.0) * phi * mu / (1.0 + phi * mu))
    return math.log(factor) - log, log / phi


def advance(level: float, n: float, mu: float, phi: float, factor: float, limit: float) -> float:
    """Level of a chart after a spill. It is held one unit above its limit at most, so that an alarm can end."""
    return min(max(0.0, level + llr(n, mu, phi, factor)), limit + 1.0)


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart and the counts that go into it.

    mu, phi : mean and relative variance that the chart assumes
    factor : change it looks for; above 1 upwards
    shift : true mean over mu
    true_phi : true relative variance; None: as assumed
    """

    mu: float
    phi: float
    factor: float
    shift: float = 1.0
    true_phi: float | None = None


def run_length(chart: Chart, h: float, states: int | None = None) -> float:
    """Mean number of spills to the first alarm, from level 0; `LARGEST` when it is more than that."""
    matrix = _transitions(chart, h, states)
    try:
        length = float(np.linalg.solve(np.eye(len(matrix)) - matrix, np.ones(len(matrix)))[0])
    except np.linalg.LinAlgError:
        # the chance to leave is below the smallest float: the chain stays for ever
        return LARGEST
    # beyond, 1 minus the chance to stay is lost in rounding: the solution may even be negative
    return length if 1.0 <= length < LARGEST else LARGEST


def run_length_quantile(chart: Chart, h: float, part: float) -> int:
    """Spills after which this part of all charts has given an alarm."""
    step = _transitions(chart, h, None)
    alive = np.zeros(len(step))
    alive[0], n = 1.0, 0
    while alive.sum() > 1.0 - part:
        alive, n = alive @ step, n + 1
    return n


def _states(chart: Chart, h: float) -> int:
    """Enough states for the steps of a chart: small steps need a fine chain."""
    spread = abs(line(chart.mu, chart.phi, chart.factor)[0]) * math.sqrt(chart.mu + chart.phi * chart.mu**2)
    return min(MOST_STATES, max(FEWEST_STATES, math.ceil(STATES_PER_SIGMA * h / spread)))


def _transitions(chart: Chart, h: float, states: int | None) -> F64:
    """Probabilities to go from level i w to level j w without an alarm, w = h / states; j - i alone counts."""
    n = _states(chart, h) if states is None else states
    lower, upper, below = _steps(chart, h / n, n)
    index = np.arange(n + 1)
    step = index[None, :] - index[:, None] + n + 1
    matrix = lower[step] + upper[step - 1]
    matrix[:, 0] = below[n + 1 - index] + lower[n + 1 - index]
    # what ends beyond the last level is an alarm; the upper part alone ends on it
    matrix[:, -1] = upper[step[:, -1] - 1]
    return matrix


def _steps(chart: Chart, width: float, states: int) -> tuple[F64, F64, F64]:
    """Chance of a step of i levels (going to i) and (going to i + 1), and of all smaller steps, for i from -n - 1 to n.

    A step between two levels is divided over both so that its mean stays: rounding would change the drift of a chart
    whose steps are few (small mu), and with it the run length.
    """
    i = np.arange(-states - 1, states + 1)
    mean, phi = chart.mu * chart.shift, max(chart.phi if chart.true_phi is None else chart.true_phi, SMALLEST_PHI)
    spread = math.sqrt(mean + phi * mean * mean)
    slope, offset = line(chart.mu, chart.phi, chart.factor)
    if mean > FEW_COUNTS and abs(slope) < width:
        return _smooth_steps(chart, width, i)
    n = np.arange(max(0, math.floor(mean - 40.0 * spread)), math.ceil(mean + 40.0 * spread + 60.0), dtype=np.float64)
    chance = nbinom.pmf(n, 1.0 / phi, 1.0 / (1.0 + phi * mean))
    target = (slope * n - offset) / width
    place = np.floor(target)
    part = target - place
    inside = (place >= i[0]) & (place <= i[-1])
    bins = (place[inside] - i[0]).astype(np.int64)
    lower: F64 = np.bincount(bins, chance[inside] * (1.0 - part[inside]), len(i)).astype(np.float64)
    upper: F64 = np.bincount(bins, chance[inside] * part[inside], len(i)).astype(np.float64)
    return lower, upper, chance[place < i[0]].sum() + np.cumsum(lower + upper) - lower - upper


def _smooth_steps(chart: Chart, width: float, i: NDArray[np.int64]) -> tuple[F64, F64, F64]:
    """The same for many counts, whose steps are as good as continuous."""
    edges = _below(chart, np.append(i, i[-1] + 1) * width)
    half = np.diff(edges) / 2.0
    return half, half, edges[:-1]


def _below(chart: Chart, x: F64) -> F64:
    """P(L <= x)."""
    slope, offset = line(chart.mu, chart.phi, chart.factor)
    mean, phi = chart.mu * chart.shift, max(chart.phi if chart.true_phi is None else chart.true_phi, SMALLEST_PHI)
    part = phi * mean / (1.0 + phi * mean)
    n = (x + offset) / slope
    if slope > 0:
        n = np.floor(n)
        return np.where(n < 0, 0.0, betaincc(np.maximum(n, 0) + 1.0, 1.0 / phi, part))
    n = np.ceil(n)
    return np.where(n <= 0, 1.0, betainc(np.maximum(n, 1), 1.0 / phi, part))


def limit_for(chart: Chart, wanted: float) -> float:
    """Smallest h, to about 0.01, whose run length is the wanted one at least.

    ln(run length) is nearly a straight line in h, so a few secant steps from the Wald bound ln(wanted) find it.
    """
    goal = math.log(wanted)
    h, slope = goal, 1.0
    beyond = math.log(run_length(chart, h)) - goal
    for _ in range(MOST_STEPS):
        if 0.0 <= beyond < CLOSE:
            break
        before, step = beyond, (0.5 * CLOSE - beyond) / slope
        h = max(0.1, h + step)
        beyond = math.log(run_length(chart, h)) - goal
        slope = min(STEEPEST, max(1.0, (beyond - before) / step))
    while beyond < 0.0:
        h += CLOSE
        beyond = math.log(run_length(chart, h)) - goal
    return h
