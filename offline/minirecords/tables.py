"""The three tables: singles, pairs, spills. Columns, types, units, and how codes become names."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from streaming.reco.channels import Neutral, Pid
from streaming.tally import CHANNELS, OPEN_REGIONS

SCHEMA = "dumpwatch.minirecords/1"
TABLES = ("singles", "pairs", "spills")

NONE = "none"
"""Name of code -1: no candidate, no region."""

NAMES: dict[str, dict[int, str]] = {
    "channel": {-1: NONE, **dict(enumerate(CHANNELS))},
    "region": {-1: NONE, **dict(enumerate(OPEN_REGIONS))},
    "pid": {int(pid): pid.name.lower() for pid in Pid},
    "neutral": {int(bit): str(bit.name).lower() for bit in Neutral},
}
"""Names of the codes of a column, or of the columns of both tracks."""

SPILL_COLUMNS = pa.schema(
    [
        ("run", pa.int32()), ("burst", pa.int64()), ("state", pa.string()), ("mode", pa.string()),
        ("quality", pa.list_(pa.string())), ("config_digest", pa.string()), ("mask_digest", pa.string()),
        ("selection_digest", pa.string()), ("content_digest", pa.string()), ("sob_time_ns", pa.int64()),
        ("pot", pa.int64()), ("equivalent_pot", pa.float64()), ("weight", pa.float64()),
        ("bias", pa.string()),
        ("b2_current_a", pa.float64()), ("b2_set_a", pa.float64()),
        ("spill_s", pa.float64()), ("live_fraction", pa.float64()),
        ("q1_generated", pa.int64()), ("q1_sent", pa.int64()), ("h2_generated", pa.int64()), ("h2_sent", pa.int64()),
        ("n_counted", pa.int64()), ("n_missing", pa.int64()), ("n_pairs", pa.int64()), ("n_singles", pa.int64()),
    ]
)  # fmt: skip
"""Constants of a spill, those of its row in the ledger. What the EOB record lacks is null."""


def event_table(run: int, burst: int, columns: Mapping[str, NDArray[np.generic]], name: str) -> pa.Table:
    """Table of events, `singles` or `pairs`, with run and burst in front and names for codes."""
    n = len(columns["event_number"])
    arrays: dict[str, pa.Array] = {
        "run": pa.array(np.full(n, run, np.int32)),
        "burst": pa.array(np.full(n, burst, np.int64)),
    }
    for column, values in columns.items():
        names = NAMES.get(kind_of(column))
        arrays[column] = pa.array(np.ascontiguousarray(values)) if names is None else _named(values, names)
    return pa.table(arrays).replace_schema_metadata({"schema": SCHEMA, "table": name})


def kind_of(column: str) -> str:
    """`pid` of `pid_1` and `pid_2`: what a column is of, without the number of the track."""
    return column.removesuffix("_1").removesuffix("_2")


def _named(values: NDArray[np.generic], names: Mapping[int, str]) -> pa.DictionaryArray:
    codes = np.array(sorted(names))
    # 32 bits: awkward reads no smaller index
    index = pa.array(np.searchsorted(codes, values).astype(np.int32))
    return pa.DictionaryArray.from_arrays(index, pa.array([names[int(code)] for code in codes]))
