"""CSV of selected K3pi: run,burst,n_k3pi,downscaling, one line a spill."""

from __future__ import annotations

import csv
from pathlib import Path

from daq.errors import DataError
from monitor.accounting.k3pi import K3piRow

_LEAST = {"run": 1, "burst": 1, "n_k3pi": 0, "downscaling": 1}


def read_k3pi(path: Path) -> list[K3piRow]:
    """Read the whole file, or refuse it.

    Raises
    ------
    DataError
        A line that can't be: file, line, what was wrong.
    """
    columns = list(K3piRow.model_fields)
    rows: dict[tuple[int, int], K3piRow] = {}
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        msg = f"{path}: not a text file (byte {error.start}); nothing was imported"
        raise DataError(msg) from error
    reader = csv.reader(lines)
    header = next(reader, [])
    if [name.strip() for name in header] != columns:
        msg = f"{path} line 1: got columns {','.join(header) or 'none'}, wanted {','.join(columns)}; nothing imported"
        raise DataError(msg)
    for cells in reader:
        where = f"{path} line {reader.line_num}"
        row = _row(cells, columns, where)
        if (row.run, row.burst) in rows:
            msg = f"{where}: run {row.run} burst {row.burst} is there twice; nothing was imported"
            raise DataError(msg)
        rows[row.run, row.burst] = row
    return list(rows.values())


def _row(cells: list[str], columns: list[str], where: str) -> K3piRow:
    if len(cells) != len(columns):
        msg = f"{where}: got {len(cells)} values, wanted {len(columns)}; nothing was imported"
        raise DataError(msg)
    values = {}
    for name, cell in zip(columns, cells, strict=True):
        text = cell.strip()
        if not (text.isdecimal() and text.isascii() and len(text) <= 18 and int(text) >= _LEAST[name]):
            msg = f"{where}: {name} is '{text}', wanted a whole number from {_LEAST[name]}; nothing was imported"
            raise DataError(msg)
        values[name] = int(text)
    return K3piRow(**values)
