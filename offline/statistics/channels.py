"""Channels of a combination: counts, backgrounds, and the yields of the production modes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from daq.errors import DataError
from offline.statistics.background import Background
from offline.statistics.checks import count, mean


@dataclass(frozen=True, slots=True)
class Channel:
    """One signal region of one final state.

    Parameters
    ----------
    name
        Final state; unique in a combination.
    n_obs
        Counted events.
    background
        Expected background; independent of the other channels.
    signal
        Events of each production mode at the nominal number of protons and at signal strength 1, e.g. ``{"brems": 1.2,
        "pi0": 0.1}``. Modes are not told apart in a region: they add up.
    """

    name: str
    n_obs: int
    background: Background
    signal: Mapping[str, float]

    def __post_init__(self) -> None:
        count(f"N_obs of {self.name}", self.n_obs)
        for mode, events in self.signal.items():
            mean(f"signal of {self.name} from {mode}", events)
        if self.n_obs > 0 and self.background.mean == 0.0:
            msg = (
                f"statistics: {self.name} has {self.n_obs} events over a background of exactly 0: a ratio of "
                "likelihoods would call them signal for certain; wanted an estimate of the background above 0"
            )
            raise DataError(msg)

    @property
    def total(self) -> float:
        """Signal of all modes [events]."""
        return float(sum(self.signal.values()))


def checked(channels: Sequence[Channel]) -> tuple[Channel, ...]:
    """Channels that can be combined: some, and each once."""
    if not channels:
        msg = "statistics: no channel to combine; wanted one at least"
        raise DataError(msg)
    twice = [name for name, times in Counter(channel.name for channel in channels).items() if times > 1]
    if twice:
        msg = f"statistics: channel {twice[0]!r} is given twice; wanted each channel once"
        raise DataError(msg)
    return tuple(channels)
