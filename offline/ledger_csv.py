"""The ledger as CSV: one line a row, unless somebody's reason has lines of its own."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import Any

from offline.ledger_columns import COLUMNS, INTEGERS, OPTIONAL, pack_text, refuse, unpack_text

MAX_CELL = 1 << 24
"""Longest cell [characters]."""

NONE = "\\N"
"""A value that is not there; empty text is a value."""

Numbered = Iterator[tuple[int, dict[str, Any]]]
"""Rows with the number of their last line."""


def write_csv(path: Path, rows: Iterable[Mapping[str, Any]]) -> int:
    """Write rows; returns how many."""
    n = 0
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\r\n")  # else a lone \r in somebody's reason is not quoted
        writer.writerow(COLUMNS)
        for row in rows:
            cells = [NONE if row[name] is None else row[name] for name in COLUMNS[:-1]]
            writer.writerow([*cells, pack_text(row["tally"])])
            n += 1
    return n


def read_csv(path: Path) -> Numbered:
    """Read rows; numbers that are none stay text.

    Raises
    ------
    DataError
        Other columns, other than text, a line with another number of values.
    """
    csv.field_size_limit(MAX_CELL)
    number = 0
    with path.open(encoding="utf-8", newline="") as file:
        try:
            for number, cells in _cells(file):
                where = f"{path} line {number}"
                if number == 1 and tuple(cells) != COLUMNS:
                    raise refuse(where, f"wanted the columns {','.join(COLUMNS)}")
                if len(cells) != len(COLUMNS):
                    raise refuse(where, f"{len(cells)} values, wanted {len(COLUMNS)}")
                if number > 1:
                    yield number, _row(cells, where)
        except (csv.Error, UnicodeDecodeError) as error:
            where = f"{path} line {number + 1}"
            raise refuse(where, str(error)) from error
    if number == 0:
        where = f"{path} line 1"
        raise refuse(where, f"wanted the columns {','.join(COLUMNS)}")


def _cells(lines: Iterator[str]) -> Iterator[tuple[int, list[str]]]:
    number = 0
    for line in lines:
        cells = split_line(line)
        if cells is None:
            reader = csv.reader(chain([line], lines), strict=True)
            cells = next(reader, [])
            number += reader.line_num - 1
        number += 1
        yield number, cells


def split_line(line: str) -> list[str] | None:
    """Split a line whose only quoted value is the document; None for any other, which `csv` must read.

    Same as `csv` for these lines, and a seventh of the time: it does not look at each letter of the document.
    """
    head, found, rest = line.rstrip("\r\n").partition(',"{')
    document, ended, tally = rest.rpartition('}",')
    plain = found and ended and not any(mark in head for mark in '"\r\n') and not any(mark in tally for mark in '",')
    if not plain or '"' in document.replace('""', ""):
        return None
    return [*head.split(","), "{" + document.replace('""', '"') + "}", tally]


def _row(cells: list[str], where: str) -> dict[str, Any]:
    values: dict[str, Any] = dict(zip(COLUMNS, cells, strict=True))
    for name in INTEGERS:
        values[name] = _whole(values[name])
    for name in OPTIONAL:
        if values[name] == NONE:
            values[name] = None
    values["tally"] = unpack_text(values["tally"], where)
    return values


def _whole(text: str) -> int | str:
    """Read a whole number; other text stays as it is, to be refused with its column's name."""
    try:
        return int(text)
    except ValueError:
        return text
