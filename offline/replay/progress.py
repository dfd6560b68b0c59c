"""How far a replay is: a bar on a terminal, otherwise a line in the log now and then."""

from __future__ import annotations

import logging
import math
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

log = logging.getLogger(__name__)

LINE_EVERY_S = 10.0
DRAW_EVERY_S = 0.2


@dataclass(slots=True)
class Pace:
    """Spills and events counted in a time, and what is left at that pace."""

    n_spills: int
    counted: int = 0
    """Spills, those included that were counted before."""
    fresh: int = 0
    """Spills counted now."""
    events: int = 0
    """Events counted now."""

    def add(self, n_events: int) -> None:
        """One more spill was counted now."""
        self.counted += 1
        self.fresh += 1
        self.events += n_events

    def left_s(self, elapsed_s: float) -> float | None:
        """Seconds to the end at the pace so far; None before the first spill."""
        if not self.fresh or elapsed_s <= 0:
            return None
        return (self.n_spills - self.counted) * elapsed_s / self.fresh

    def text(self, elapsed_s: float) -> str:
        """One line for people. Rates have two digits: finer ones could tell what single events hold."""
        left = self.left_s(elapsed_s)
        if left is None:
            return f"{self.counted} of {self.n_spills} spills"
        rates = f"{_rate(self.events / elapsed_s)} events/s, {_rate(self.fresh / elapsed_s)} spills/s"
        return f"{self.counted} of {self.n_spills} spills, {rates}, {_minutes(left)} left"


@contextmanager
def progress(pace: Pace) -> Iterator[Callable[[], None]]:
    """Show a pace until the end; gives a function to call often."""
    begin = time.monotonic()
    if not sys.stderr.isatty():
        yield _lines(pace, begin)
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn

    columns = (BarColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(pace.text(0.0), total=pace.n_spills)
        last = 0.0

        def tick() -> None:
            nonlocal last
            now = time.monotonic()
            if now - last > DRAW_EVERY_S:
                last = now
                bar.update(task, completed=pace.counted, description=pace.text(now - begin))

        yield tick


def _lines(pace: Pace, begin: float) -> Callable[[], None]:
    last = begin

    def tick() -> None:
        nonlocal last
        now = time.monotonic()
        if now - last > LINE_EVERY_S:
            last = now
            log.info("%s", pace.text(now - begin))

    return tick


def _rate(per_s: float) -> str:
    """Two digits and a unit: 3.1 M."""
    for size, unit in ((1e9, " G"), (1e6, " M"), (1e3, " k")):
        if per_s >= size:
            return f"{_two_digits(per_s / size)}{unit}"
    return _two_digits(per_s)


def _two_digits(value: float) -> str:
    decimals = 1 - math.floor(math.log10(value)) if value > 0 else 0
    return f"{round(value, decimals):.{max(0, decimals)}f}"


def _minutes(seconds: float) -> str:
    whole = math.ceil(seconds)
    return f"{whole // 3600} h {whole % 3600 // 60} min" if whole >= 3600 else f"{whole // 60} min {whole % 60} s"
