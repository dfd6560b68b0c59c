"""The two p-values printed beside the region tables: P(N >= N_obs) and P(L <= L_obs).

Source: CERN-EP-2023-032, tables 2 and 3; 23 readings of their captions were tried against the 16 printed numbers, and
this one is within 0.011 of each, 0.004 on average. A reading found by a search is evidence, no proof.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from offline.statistics.checks import F64, count, mean
from offline.statistics.counting import at_least, at_most, exactly, poisson
from offline.statistics.nuisance import Prior

TIE = 1e-9
"""Two likelihoods this close are equal: at a mean of 2, one and two events are equally likely, and both count."""

Ordering = Literal["central", "marginal"]


def p_at_least(n_obs: ArrayLike, n_exp: ArrayLike, error: ArrayLike = 0.0, prior: Prior | str = Prior.NONE) -> F64:
    """P(N >= N_obs): of as many events or more, from background alone.

    Parameters
    ----------
    n_obs, n_exp, error : broadcast together
        Counted events; expected events and their standard deviation.
    prior
        Law of the expected number; ``none`` ignores the error.

    Returns
    -------
    float64, the broadcast shape. Relative precision 1e-8.
    """
    return at_least(n_obs, n_exp, error, prior)


def p_likelihood(
    n_obs: int, n_exp: float, error: float = 0.0, prior: Prior | str = Prior.NONE, ordering: Ordering = "central"
) -> float:
    """P(L <= L_obs): of a count that is as likely as the observed one or less.

    Parameters
    ----------
    n_obs, n_exp, error, prior
        As for `p_at_least`, one region.
    ordering
        Which likelihood decides: Poisson at the central expectation (reproduces the paper), or the marginalised one.

    Returns
    -------
    float
        Sum over n of the marginalised P(n), where L(n) <= L(n_obs) (1 + `TIE`). 1 at the mode.
    """
    observed, expected = count("N_obs", n_obs), mean("N_exp", n_exp)
    if expected == 0.0:
        return 1.0 if observed == 0 else 0.0
    n = np.arange(_top(observed, expected, error) + 1)
    likelihood = exactly(n, expected, error, prior) if ordering == "marginal" else poisson(n, expected)
    (likelier,) = np.nonzero(likelihood > likelihood[observed] * (1.0 + TIE))
    if likelier.size == 0:
        return 1.0
    below = float(at_most(likelier[0] - 1, expected, error, prior)) if likelier[0] > 0 else 0.0
    return below + float(at_least(likelier[-1] + 1, expected, error, prior))


def _top(observed: int, expected: float, error: float) -> int:
    """A count beyond which no law has its mode or a likelihood above that of a count on the other side."""
    far = expected + 9.0 * error
    return int(max(observed, far + 9.0 * np.sqrt(far) + 30.0))
