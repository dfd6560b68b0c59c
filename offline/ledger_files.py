"""The ledger as a file: CSV, JSON or Parquet. Exact both ways; all or nothing."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from daq.errors import ConfigError, DataError
from monitor.ledger import BookRow, Ledger
from offline.ledger_columns import from_columns, to_columns
from offline.ledger_csv import read_csv, write_csv
from offline.ledger_json import read_json, write_json
from offline.ledger_parquet import read_parquet, write_parquet

if TYPE_CHECKING:
    from monitor.ledger.keeping import Imported

_FORMATS = {
    ".csv": (read_csv, write_csv),
    ".json": (read_json, write_json),
    ".parquet": (read_parquet, write_parquet),
}


def export_books(ledger: Ledger, path: Path) -> int:
    """Write every row of the books to a new file; returns the number of rows.

    Raises
    ------
    ConfigError
        The name does not end in .csv, .json or .parquet.
    DataError
        The file exists.
    """
    ending = _ending(path)
    if path.exists():
        msg = f"export {path}: the file exists and was left as it is; give another name"
        raise DataError(msg)
    part = path.with_name(path.name + ".part")
    try:
        n = _FORMATS[ending][1](part, (to_columns(row) for row in ledger.rows()))
        with part.open("rb") as file:
            os.fsync(file.fileno())
        part.rename(path)
    finally:
        part.unlink(missing_ok=True)
    return n


def import_books(ledger: Ledger, path: Path) -> Imported:
    """Book the rows of an exported file, all of them or none.

    Raises
    ------
    ConfigError
        The name does not end in .csv, .json or .parquet.
    DataError
        A row that can't be: file, line, reason.
    ContentConflict
        A burst is booked with other content.
    """
    with _uncollected():
        return ledger.add_rows(read_rows(path))


def read_rows(path: Path) -> Iterator[tuple[str, BookRow]]:
    """Read and check the rows of an exported file, each with the place where it stands."""
    ending = _ending(path)
    name = f"{path} {'row' if ending == '.parquet' else 'line'}"
    for number, values in _FORMATS[ending][0](path):
        where = f"{name} {number}"
        yield where, from_columns(values, where)


def _ending(path: Path) -> str:
    ending = path.suffix.lower()
    if ending not in _FORMATS:
        msg = f"ledger file {path}: got ending '{path.suffix}', wanted {', '.join(_FORMATS)}"
        raise ConfigError(msg)
    return ending


@contextmanager
def _uncollected() -> Iterator[None]:
    """Spare the search for cycles, a fifth of the time: rows make none, and go when their chunk is written."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
