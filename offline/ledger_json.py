"""A part of the ledger as JSON: an array, one row a line, so that it is written and read line by line."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from offline.ledger_layout import Layout, pack_text, refuse, unpack_text


def write_json(path: Path, rows: Iterable[Mapping[str, Any]], layout: Layout) -> int:
    """Write rows; returns how many."""
    n = 0
    with path.open("w", encoding="utf-8") as file:
        file.write("[")
        for n, row in enumerate(rows, start=1):
            values = {name: row[name] for name in layout.columns}
            values |= {name: pack_text(row[name]) for name in layout.blobs}
            file.write(("\n" if n == 1 else ",\n") + json.dumps(values))
        file.write("\n]\n")
    return n


def read_json(path: Path, layout: Layout) -> Iterator[tuple[int, dict[str, Any]]]:
    """Read rows with the number of their line.

    Raises
    ------
    DataError
        No such array, or not all of it.
    """
    number, closed = 0, False
    try:
        with path.open(encoding="utf-8") as file:
            for number, line in enumerate(file, start=1):
                text = line.strip()
                if closed or (number == 1 and text != "["):
                    where = f"{path} line {number}"
                    raise refuse(where, "wanted an array, one row a line, as an export makes it")
                closed = text == "]"
                if number > 1 and not closed:
                    yield number, _row(text.removesuffix(","), layout, f"{path} line {number}")
    except UnicodeDecodeError as error:
        where = f"{path} line {number + 1}"
        raise refuse(where, str(error)) from error
    if not closed:
        where = f"{path} line {number}"
        raise refuse(where, "the array has no end; the file was cut off")


def _row(text: str, layout: Layout, where: str) -> dict[str, Any]:
    try:
        values = json.loads(text)
    except (json.JSONDecodeError, RecursionError) as error:
        raise refuse(where, f"no JSON ({error})") from error
    if not isinstance(values, dict) or set(values) != set(layout.columns):
        raise refuse(where, f"wanted an object with {', '.join(layout.columns)}")
    return values | {name: unpack_text(values[name], name, where) for name in layout.blobs}
