"""A part of the ledger as Parquet: the smallest, and read without this program."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import parquet

from offline.ledger_layout import Layout, refuse

_KINDS = {int: pa.int64(), str: pa.string(), bytes: pa.binary()}


def schema_of(layout: Layout) -> pa.Schema:
    """Columns of a file."""
    columns = [pa.field(name, _KINDS[layout.kind(name)], nullable=name in layout.optional) for name in layout.columns]
    return pa.schema(columns, metadata={"schema": layout.schema})


def write_parquet(path: Path, rows: Iterable[Mapping[str, Any]], layout: Layout) -> int:
    """Write rows; returns how many."""
    n, source, schema = 0, iter(rows), schema_of(layout)
    how = {"compression": "none", "use_dictionary": False, "write_statistics": False} if layout.plain else _PACKED
    with parquet.ParquetWriter(path, schema, **how) as writer:
        while group := list(islice(source, layout.rows_a_group)):
            writer.write_table(pa.Table.from_pylist(group, schema=schema))
            n += len(group)
    return n


_PACKED = {"compression": "zstd"}


def read_parquet(path: Path, layout: Layout) -> Iterator[tuple[int, dict[str, Any]]]:
    """Read rows with their number.

    Raises
    ------
    DataError
        No Parquet file, or other columns.
    """
    number = 0
    try:
        with parquet.ParquetFile(path) as file:
            if not file.schema_arrow.equals(schema_of(layout)):
                fault = f"columns {', '.join(file.schema_arrow.names)}, wanted {', '.join(layout.columns)}"
                raise refuse(str(path), fault)
            for batch in file.iter_batches(layout.rows_a_group):
                for values in batch.to_pylist():
                    number += 1
                    yield number, values
    except pa.ArrowException as error:
        where = f"{path} after row {number}"
        raise refuse(where, " ".join(str(error).split())[:200]) from error
