"""Mini-records as a product of a replay: written in the task that counts the burst."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from offline.minirecords.make import burst_tables
from offline.minirecords.store import write_tables

if TYPE_CHECKING:
    from offline.replay.products import Counted

NAME = "minirecords"


def write_minirecords(burst: Counted) -> str:
    """Write the tables of a burst below the folder for products."""
    tables = burst_tables(burst.spill, burst.frames(), burst.config, burst.reconstruction)
    return str(write_tables(Path(burst.into), tables))
