"""The ledger as files: CSV, JSON or Parquet. Exact both ways; all or nothing.

An export is three files: `NAME.csv` with the rows of the books, and beside it `NAME.sealed.csv` with the sealed spills
and `NAME.openings.csv` with the opening log, which are there whatever is in them. An export of a version that did not
seal is the first one alone.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from daq.errors import ConfigError, DataError
from monitor.ledger import BookRow, Ledger
from offline.ledger_columns import ROWS, from_columns, to_columns
from offline.ledger_csv import read_csv, write_csv
from offline.ledger_json import read_json, write_json
from offline.ledger_layout import Layout
from offline.ledger_parquet import read_parquet, write_parquet
from offline.ledger_sealed import OPENINGS, SEALED, opening_of, sealed_of, to_opening, to_sealed

if TYPE_CHECKING:
    from monitor.ledger.keeping import Imported

T = TypeVar("T")

_FORMATS = {
    ".csv": (read_csv, write_csv),
    ".json": (read_json, write_json),
    ".parquet": (read_parquet, write_parquet),
}


@dataclass(frozen=True, slots=True)
class Exported:
    """Rows of the three files of an export."""

    n_rows: int
    n_sealed: int
    n_openings: int


def sealed_file(path: Path) -> Path:
    """Place of the sealed spills of an export."""
    return path.with_name(f"{path.stem}.sealed{path.suffix}")


def openings_file(path: Path) -> Path:
    """Place of the opening log of an export."""
    return path.with_name(f"{path.stem}.openings{path.suffix}")


def export_books(ledger: Ledger, path: Path) -> Exported:
    """Write a ledger to three new files, as it is at one moment.

    Raises
    ------
    ConfigError
        The name does not end in .csv, .json or .parquet.
    DataError
        One of the files exists.
    """
    write = _FORMATS[_ending(path)][1]
    for file in (path, sealed_file(path), openings_file(path)):
        if file.exists():
            msg = f"export {file}: the file exists and was left as it is; give another name"
            raise DataError(msg)
    with ExitStack() as parts, ledger.contents() as all_of_it:
        # the rows are moved to their place last: a name that is there is that of a whole export
        parts_of = (
            (path, map(to_columns, all_of_it.rows), ROWS),
            (openings_file(path), map(to_opening, all_of_it.openings), OPENINGS),
            (sealed_file(path), map(to_sealed, all_of_it.sealed), SEALED),
        )
        n = [_write(parts, write, *part) for part in parts_of]
    return Exported(n_rows=n[0], n_openings=n[1], n_sealed=n[2])


def _write(
    parts: ExitStack,
    write: Callable[[Path, Iterable[Mapping[str, Any]], Layout], int],
    path: Path,
    rows: Iterable[Mapping[str, Any]],
    layout: Layout,
) -> int:
    """Write one file beside its place; it is moved there when all are written."""
    part = path.with_name(path.name + ".part")
    parts.push(lambda kind, *_: _finish(part, path, kind is None))
    n = write(part, rows, layout)
    with part.open("rb") as file:
        os.fsync(file.fileno())
    return n


def _finish(part: Path, path: Path, is_whole: bool) -> bool:
    if is_whole:
        part.rename(path)
    part.unlink(missing_ok=True)
    return False


def has_sealed_part(path: Path) -> bool:
    """Whether the sealed spills and the opening log lie beside an exported file.

    Raises
    ------
    DataError
        One of the two is missing.
    """
    there = [file.exists() for file in (sealed_file(path), openings_file(path))]
    if any(there) and not all(there):
        missing = (sealed_file(path), openings_file(path))[there.index(False)]
        msg = f"{path}: {missing.name} is missing beside it, the other part is there; nothing was imported"
        raise DataError(msg)
    return all(there)


def import_books(ledger: Ledger, path: Path) -> Imported:
    """Book what an exported file and the two beside it hold, all of it or nothing.

    Raises
    ------
    ConfigError
        The name does not end in .csv, .json or .parquet.
    DataError
        A row that can't be: file, line, reason.
    ContentConflict
        A burst is booked with other content, or another chain of sealed spills is there.
    """
    _ending(path)
    with _uncollected():
        if not has_sealed_part(path):
            return ledger.add_rows(read_rows(path))
        sealed = _read(sealed_file(path), SEALED, sealed_of)
        return ledger.add_rows(read_rows(path), sealed, _read(openings_file(path), OPENINGS, opening_of))


def read_rows(path: Path) -> Iterator[tuple[str, BookRow]]:
    """Read and check the rows of an exported file, each with the place where it stands."""
    return _read(path, ROWS, from_columns)


def _read(path: Path, layout: Layout, make: Callable[[dict[str, Any], str], T]) -> Iterator[tuple[str, T]]:
    ending = _ending(path)
    name = f"{path} {'row' if ending == '.parquet' else 'line'}"
    for number, values in _FORMATS[ending][0](path, layout):
        where = f"{name} {number}"
        yield where, make(values, where)


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
