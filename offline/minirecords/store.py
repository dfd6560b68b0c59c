"""Where mini-records lie: one folder for each table, one file for each burst, so that any tool reads a folder at once.

    FOLDER/singles/run-000001/burst-000001.parquet, likewise pairs and spills

The file in `spills` is written last: a burst without it is not there.
"""

from __future__ import annotations

import os
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from daq.errors import StoreError
from offline.minirecords.make import BurstTables
from offline.minirecords.tables import TABLES

LAST = "spills"


def table_path(folder: Path, table: str, run: int, burst: int) -> Path:
    """File of one table of one burst."""
    return folder / table / f"run-{run:06d}" / f"burst-{burst:06d}.parquet"


def write_tables(folder: Path, tables: BurstTables) -> Path:
    """Write the tables of a burst, each whole or not at all; a burst that is there already is replaced.

    Raises
    ------
    StoreError
        The folder can't be written.
    """
    try:
        for name in TABLES:
            _write(table_path(folder, name, tables.run, tables.burst), getattr(tables, name))
    except OSError as error:
        msg = f"mini-records {folder}: cannot be written ({error.strerror}); give a folder with room that is yours"
        raise StoreError(msg) from error
    return table_path(folder, LAST, tables.run, tables.burst)


def _write(path: Path, table: pa.Table) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(f".{os.getpid()}.part")
    # the smallest and largest values of a column would be told without being asked for
    pq.write_table(table, temporary, compression="zstd", write_statistics=False)
    with temporary.open("rb+") as file:
        os.fsync(file.fileno())
    temporary.replace(path)
