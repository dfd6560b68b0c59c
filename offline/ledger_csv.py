"""A part of the ledger as CSV: one line a row, unless somebody's reason has lines of its own."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import Any

from offline.ledger_layout import Layout, pack_text, refuse, unpack_text

MAX_CELL = 1 << 24
"""Longest cell [characters]."""

NONE = "\\N"
"""A value that is not there; empty text is a value."""

Numbered = Iterator[tuple[int, dict[str, Any]]]
"""Rows with the number of their last line."""


def write_csv(path: Path, rows: Iterable[Mapping[str, Any]], layout: Layout) -> int:
    """Write rows; returns how many."""
    n, kinds = 0, [(name, name in layout.blobs) for name in layout.columns]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\r\n")  # else a lone \r in somebody's reason is not quoted
        writer.writerow(layout.columns)
        for n, row in enumerate(rows, start=1):  # noqa: B007 - the number of rows is wanted
            writer.writerow([_cell(row[name], is_blob) for name, is_blob in kinds])
    return n


def _cell(value: Any, is_blob: bool) -> Any:  # noqa: ANN401 - of any column
    if value is None:
        return NONE
    return pack_text(value) if is_blob else value


def read_csv(path: Path, layout: Layout) -> Numbered:
    """Read rows; numbers that are none stay text.

    Raises
    ------
    DataError
        Other columns, other than text, a line with another number of values.
    """
    csv.field_size_limit(MAX_CELL)
    number, columns = 0, layout.columns
    with path.open(encoding="utf-8", newline="") as file:
        try:
            for number, cells in _cells(file):
                where = f"{path} line {number}"
                if number == 1 and tuple(cells) != columns:
                    raise refuse(where, f"wanted the columns {','.join(columns)}")
                if len(cells) != len(columns):
                    raise refuse(where, f"{len(cells)} values, wanted {len(columns)}")
                if number > 1:
                    yield number, _row(cells, layout, where)
        except (csv.Error, UnicodeDecodeError) as error:
            where = f"{path} line {number + 1}"
            raise refuse(where, str(error)) from error
    if number == 0:
        where = f"{path} line 1"
        raise refuse(where, f"wanted the columns {','.join(columns)}")


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


def _row(cells: list[str], layout: Layout, where: str) -> dict[str, Any]:
    values: dict[str, Any] = dict(zip(layout.columns, cells, strict=True))
    for name in layout.integers:
        values[name] = _whole(values[name])
    for name in layout.optional:
        if values[name] == NONE:
            values[name] = None
    for name in layout.blobs:
        values[name] = unpack_text(values[name], name, where)
    return values


def _whole(text: str) -> int | str:
    """Read a whole number; other text stays as it is, to be refused with its column's name."""
    try:
        return int(text)
    except ValueError:
        return text
