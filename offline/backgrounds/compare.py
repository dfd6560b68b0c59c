"""Expected beside counted: region by region, with the two p-values of the published tables, and the published row.

In a masked region stands no number unless it was opened.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from offline.backgrounds.expected import Expected, Region
from offline.backgrounds.observed import MASKED, OPEN, OpenCounts, Opened, opened_counts
from offline.backgrounds.published import Published
from offline.statistics.nuisance import Prior
from offline.statistics.tails import p_at_least, p_likelihood


class Sum(NamedTuple):
    """Expected events of all components of a region; errors are those of independent numbers.

    open_value, open_error : of the part that is not masked
    down, up : lower and upper error, of `confidence` where a component has an interval
    upper : sum of the limits of the components that have no more than a limit; None if none has
    """

    value: float
    error: float
    open_value: float
    open_error: float
    down: float
    up: float
    upper: float | None


@dataclass(frozen=True, slots=True)
class Compared:
    """One region.

    expected, error : of what can be seen there: the open part outside CR and SR, all of a CR or SR
    observed : None where nobody opened it
    p_at_least, p_likelihood : P(N >= N_obs), P(L <= L_obs); None without a count
    """

    channel: str
    region: Region
    expected: float
    error: float
    upper: float | None
    observed: int | None
    p_at_least: float | None
    p_likelihood: float | None
    published: Published | None

    @property
    def shown(self) -> str:
        """Count as a reader sees it."""
        return "masked" if self.observed is None else str(self.observed)


def summed(rows: Iterable[Expected]) -> Sum:
    """Add up the components of one channel and region."""
    value = stat2 = open_value = open2 = down2 = up2 = 0.0
    uppers = []
    for row in rows:
        value, stat2 = value + row.value, stat2 + row.error**2
        open_value, open2 = open_value + row.open_value, open2 + row.open_error**2
        low, high = row.interval or (row.value - row.error, row.value + row.error)
        down2, up2 = down2 + (row.value - low) ** 2, up2 + (high - row.value) ** 2
        if row.upper is not None:
            uppers.append(row.upper)
    errors = (math.sqrt(stat2), open_value, math.sqrt(open2), math.sqrt(down2), math.sqrt(up2))
    return Sum(value, *errors, sum(uppers) if uppers else None)


def compare(
    rows: Iterable[Expected],
    counts: OpenCounts,
    opened: Opened | None = None,
    published: Mapping[tuple[str, Region], Published] | None = None,
) -> list[Compared]:
    """Put the expected rows of one channel or of several beside the counts.

    Parameters
    ----------
    rows : components of one channel and region are added up
    opened : what the audit of the opening log says; without it CR and SR have no count
    published : rows to stand beside ours

    Returns
    -------
    One row for each channel and region with an expectation, channels in the order given, regions from outside in.
    """
    by_place: dict[tuple[str, Region], list[Expected]] = {}
    for row in rows:
        by_place.setdefault((row.channel, row.region), []).append(row)
    channels = dict.fromkeys(channel for channel, _ in by_place)
    seen = opened_counts(opened)
    found = []
    for channel in channels:
        for place in ((channel, region) for region in OPEN):
            if place in by_place:
                total = summed(by_place[place])
                pair = (total.open_value, total.open_error)
                found.append(_row(place, pair, total.upper, counts.get(place), published))
        for masked in ((channel, region) for region in MASKED):
            if masked in by_place:
                total = summed(by_place[masked])
                found.append(_row(masked, (total.value, total.error), total.upper, seen.get(masked), published))
    return found


def _row(
    place: tuple[str, Region],
    expected: tuple[float, float],
    upper: float | None,
    observed: int | None,
    published: Mapping[tuple[str, Region], Published] | None,
) -> Compared:
    p_many, p_rare = (None, None) if observed is None else _p_values(observed, *expected)
    printed = (published or {}).get(place)
    return Compared(*place, *expected, upper, observed, p_many, p_rare, printed)


def _p_values(observed: int, expected: float, error: float) -> tuple[float | None, float | None]:
    if expected <= 0.0 or not math.isfinite(error):
        # a limit is no expectation: a count beside it has no probability, no count is no surprise
        return (1.0, 1.0) if observed == 0 else (None, None)
    at_least = float(p_at_least(observed, expected, error, Prior.GAUSS))
    return at_least, p_likelihood(observed, expected, error, Prior.GAUSS)
