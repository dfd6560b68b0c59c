"""What is not in the ledger, and what came to it more than once."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from monitor.spill import Public


class AbsentBursts(Public):
    """Burst numbers `first` to `last` of a run that the ledger does not have; there are bursts on both sides."""

    run: int
    first: int
    last: int
    n: int


class TimeGap(Public):
    """Two bursts with nothing booked between them, with more time than usual from one SOB to the next."""

    run: int
    before: int
    after: int
    seconds: float


class Repeat(Public):
    """A burst that was committed again."""

    run: int
    burst: int
    kind: Literal["already", "refused"]
    """already: the same content, ignored. refused: other content."""
    n: int
    first_ns: int
    last_ns: int


class Gaps(Public):
    """Holes and repetitions."""

    absent: list[AbsentBursts]
    pauses: list[TimeGap]
    repeats: list[Repeat]


def find_gaps(bursts: Iterable[tuple[int, int, int]], gap_seconds: float) -> tuple[list[AbsentBursts], list[TimeGap]]:
    """Find absent burst numbers and pauses.

    Parameters
    ----------
    bursts : run, burst and SOB time [ns] of the booked bursts, in ascending order of run and burst
    gap_seconds : SOBs further apart than this are a pause [s]
    """
    absent, pauses = [], []
    last_run, last_burst, last_ns = 0, 0, 0
    for run, burst, sob_ns in bursts:
        if run == last_run:
            if burst > last_burst + 1:
                n = burst - last_burst - 1
                absent.append(AbsentBursts(run=run, first=last_burst + 1, last=burst - 1, n=n))
            seconds = (sob_ns - last_ns) / 1e9
            if seconds > gap_seconds:
                pauses.append(TimeGap(run=run, before=last_burst, after=burst, seconds=seconds))
        last_run, last_burst, last_ns = run, burst, sob_ns
    return absent, pauses
