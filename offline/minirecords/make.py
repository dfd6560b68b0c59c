"""Mini-records of one burst, through the reconstruction and the gate of the chain."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from daq.config import Config
from daq.frame import EventFrame, take_events
from monitor.spill import Spill
from offline.minirecords.tables import SPILL_COLUMNS, event_table
from streaming.reco.frames import warm_frame
from streaming.reco.pipeline import Reconstruction
from streaming.records import joined

COPIED = (
    "run", "burst", "state", "mode", "config_digest", "mask_digest", "content_digest", "sob_time_ns", "pot",
    "equivalent_pot", "weight", "bias", "b2_current_a", "b2_set_a", "live_fraction", "n_counted", "n_missing",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class BurstTables:
    """The tables of one burst."""

    run: int
    burst: int
    singles: pa.Table
    pairs: pa.Table
    spills: pa.Table


def selection_digest(config: Config) -> str:
    """SHA-256 of what decides which rows there are and what they hold; records of two digests are never mixed."""
    parts = config.model_dump(mode="json", include={"reco", "channels", "regions", "gate"})
    return hashlib.sha256(json.dumps(parts, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def burst_tables(
    spill: Spill, frames: Iterable[EventFrame], config: Config, reconstruction: Reconstruction
) -> BurstTables:
    """Make the tables of a burst from its frames; `spill` is its public row, of the same frames."""
    parts = [reconstruction.records(frame) for frame in frames]
    records = joined(parts or [reconstruction.records(take_events(warm_frame(), np.arange(0)))])
    run, burst = spill.key
    row: dict[str, object] = {name: getattr(spill, name) for name in COPIED}
    row |= {
        "quality": [str(flag) for flag in spill.quality],
        "selection_digest": selection_digest(config),
        "spill_s": spill.spill_seconds,
        "n_pairs": len(records.pairs["event_number"]),
        "n_singles": len(records.singles["event_number"]),
    }
    for mask in ("Q1", "H2"):
        counts = spill.triggers.get(mask)
        row[f"{mask.lower()}_generated"] = counts.generated if counts else None
        row[f"{mask.lower()}_sent"] = counts.sent if counts else None
    singles, pairs = (event_table(run, burst, getattr(records, name), name) for name in ("singles", "pairs"))
    return BurstTables(run, burst, singles, pairs, pa.Table.from_pylist([row], schema=SPILL_COLUMNS))
