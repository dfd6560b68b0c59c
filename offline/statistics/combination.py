"""CL_s of several channels with one common factor on all signals (protons on target), exact for counts.

Statistic: T = sum of n_c ln(1 + s_c / b_c), the likelihood ratio at nominal scale and central background (T. Junk,
Nucl. Instrum. Meth. A 434 (1999) 435). In its law the common factor and each background are integrated out (Cousins and
Highland, Nucl. Instrum. Meth. A 320 (1992) 331). A statistic may be chosen freely, its law may not: CL_s is exact for
the stated priors. Only the counts with T <= T_obs are summed, a handful in a search for rare events. No toys, and no
asymptotic formula: with 0.016 events that one gives 1.38 instead of 2.30 (`histfactory`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from daq.errors import DataError
from offline.statistics.channels import Channel, checked
from offline.statistics.checks import F64, mean
from offline.statistics.counting import poisson
from offline.statistics.limits import POT
from offline.statistics.nuisance import Nuisance

MOST_STATES = 50_000
"""Combinations of counts beyond which a sum is refused: then the counts are large and the asymptotic formula holds."""

LEFT_OUT = 1e-13
"""Counts of a channel that are less likely than this are not followed."""

INSENSITIVE = 1e-9
"""Part of the signal below which a channel is left out: it could not move the result."""

LEAST_BACKGROUND = 1e-12
"""Background in the weights of a channel with none [events]; it orders nothing, such a channel has seen nothing."""


@dataclass(frozen=True, slots=True)
class _Table:
    """Laws of the counts of a channel; the last column is background alone, the others the nodes of the factor."""

    weight: float
    exactly: F64
    at_most: F64


def combined_cls(channels: Sequence[Channel], strength: float = 1.0, pot: Nuisance = POT) -> float:
    """CL_s of a signal strength; the signal is excluded at 90 % where it is 0.1 or less.

    Parameters
    ----------
    channels
        Regions that are independent but for the common factor.
    strength
        Multiplies all yields.
    pot
        Common factor on all signals.

    Returns
    -------
    float
        In [0, 1]; 1 where no channel expects a signal.
    """
    mu = mean("signal strength", strength)
    total = mu * sum(channel.total for channel in checked(channels))
    if total == 0.0:
        return 1.0
    used = [channel for channel in channels if mu * channel.total > INSENSITIVE * total]
    weights = [np.log1p(mu * c.total / max(c.background.mean, LEAST_BACKGROUND)) for c in used]
    observed = float(sum(w * c.n_obs for w, c in zip(weights, used, strict=True)))
    factor, probability = pot.nodes()
    room = observed * (1.0 + 1e-9)
    tables = [_table(c, mu, float(w), room, factor) for c, w in zip(used, weights, strict=True)]
    tables.sort(key=lambda table: len(table.exactly))
    below = _below(tables, room)
    return min(float(below[:-1] @ probability / below[-1]), 1.0)


def _table(channel: Channel, mu: float, weight: float, room: float, factor: F64) -> _Table:
    signal = mu * channel.total * factor
    n = np.arange(_reach(channel, float(signal[-1]), room / weight) + 1)
    background = channel.background.exactly(n)
    ours = poisson(n[:, None], signal)
    both = np.empty((n.size, factor.size + 1))
    both[:, -1] = background
    for total in n:
        both[total, :-1] = background[total::-1] @ ours[: total + 1]
    return _Table(weight, both, np.cumsum(both, axis=0))


def _reach(channel: Channel, signal: float, most: float) -> int:
    """Largest count worth a row: no more fit below T_obs, or no more occur."""
    largest = channel.background.mean + 9.0 * channel.background.error + signal
    return int(min(most, largest + 9.0 * np.sqrt(largest) + 30.0))


def _below(tables: list[_Table], room: float) -> F64:
    """P(T <= room) for each column; the channel with the most counts is summed at once."""
    left = [MOST_STATES]

    def descend(i: int, rest: float) -> F64:
        table = tables[i]
        top = int(min(rest / table.weight, len(table.exactly) - 1))
        if i == len(tables) - 1:
            return np.asarray(table.at_most[top])
        total = np.zeros(table.exactly.shape[1])
        for n in range(top + 1):
            row = table.exactly[n]
            if n == 0 or row.max() > LEFT_OUT:
                left[0] -= 1
                total += row * descend(i + 1, max(rest - n * table.weight, 0.0))
        if left[0] < 0:
            msg = (
                f"statistics: more than {MOST_STATES} combinations of counts in {len(tables)} channels; leave channels "
                "without sensitivity out, or take `histfactory.asymptotic_limit` if all counts are large"
            )
            raise DataError(msg)
        return total

    return descend(0, room)
