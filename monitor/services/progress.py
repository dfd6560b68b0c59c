"""Progress bar of long commands, on a terminal only."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from daq.errors import StoreError

EVERY_S = 0.5


@contextmanager
def spill_progress(wanted: int | None, n_booked: Callable[[], int]) -> Iterator[Callable[[], bool]]:
    """Show booked spills of `wanted`; yields a function to call often, which always answers False."""
    if wanted is None or not sys.stderr.isatty():
        yield lambda: False
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("spills"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("spills", total=wanted)
        last = 0.0

        def tick() -> bool:
            nonlocal last
            if time.monotonic() - last > EVERY_S:
                last = time.monotonic()
                with suppress(StoreError):  # the bar may stand still; the collector says what is wrong with the ledger
                    bar.update(task, completed=n_booked())
            return False

        yield tick
