"""The ledger as Parquet: the smallest, and read without this program."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import parquet

from offline.ledger_columns import COLUMNS, INTEGERS, OPTIONAL, refuse

ROWS_A_GROUP = 5000
"""Rows of a row group: as many are in memory at once."""

_KINDS = {**dict.fromkeys(INTEGERS, pa.int64()), "tally": pa.binary()}
SCHEMA = pa.schema(
    [pa.field(name, _KINDS.get(name, pa.string()), nullable=name in OPTIONAL) for name in COLUMNS],
    metadata={"schema": "dumpwatch.books/1"},
)


def write_parquet(path: Path, rows: Iterable[Mapping[str, Any]]) -> int:
    """Write rows; returns how many."""
    n, source = 0, iter(rows)
    with parquet.ParquetWriter(path, SCHEMA, compression="zstd") as writer:
        while group := list(islice(source, ROWS_A_GROUP)):
            writer.write_table(pa.Table.from_pylist(group, schema=SCHEMA))
            n += len(group)
    return n


def read_parquet(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Read rows with their number.

    Raises
    ------
    DataError
        No Parquet file, or other columns.
    """
    number = 0
    try:
        with parquet.ParquetFile(path) as file:
            if not file.schema_arrow.equals(SCHEMA):
                fault = f"columns {', '.join(file.schema_arrow.names)}, wanted {', '.join(COLUMNS)}"
                raise refuse(str(path), fault)
            for batch in file.iter_batches(ROWS_A_GROUP):
                for values in batch.to_pylist():
                    number += 1
                    yield number, values
    except pa.ArrowException as error:
        where = f"{path} after row {number}"
        raise refuse(where, " ".join(str(error).split())[:200]) from error
