"""One table of the report: the same object becomes HTML, CSV and HEPData."""

from __future__ import annotations

import csv
import io
import math
from dataclasses import dataclass
from typing import NamedTuple

MASKED = "masked"
"""Stands where a number would be that nobody has opened."""

LONG = 60
"""Characters."""

Cell = str | int | float | None


class Column(NamedTuple):
    """Heading and unit; `independent` columns are the axes of a HEPData table."""

    name: str
    unit: str = ""
    independent: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under columns.

    key : name of its files
    note : what has to be known to read it, and where the method is from
    """

    key: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    note: str = ""

    def __post_init__(self) -> None:
        wrong = [k for k, row in enumerate(self.rows) if len(row) != len(self.columns)]
        if wrong:
            msg = f"table {self.key}: row {wrong[0]} has {len(self.rows[wrong[0]])} cells, wanted {len(self.columns)}"
            raise ValueError(msg)

    @property
    def is_long(self) -> bool:
        """Whether it has text that does not fit on a line."""
        return any(isinstance(cell, str) and len(cell) > LONG for row in self.rows for cell in row)

    def is_number(self, column: int) -> bool:
        """Whether a column holds numbers, some of which may be missing or masked."""
        cells = [row[column] for row in self.rows]
        return any(isinstance(cell, int | float) for cell in cells)

    def csv(self) -> str:
        """With the unit behind each name; what is not there is empty."""
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow([f"{c.name} [{c.unit}]" if c.unit else c.name for c in self.columns])
        writer.writerows([["" if cell is None else _plain(cell) for cell in row] for row in self.rows])
        return out.getvalue()

    def shown(self) -> list[list[str]]:
        """Cells as text for people: three significant digits."""
        return [[shown(cell) for cell in row] for row in self.rows]


def shown(cell: Cell) -> str:
    """A cell for people."""
    if cell is None:
        return "-"
    if isinstance(cell, float):
        if not math.isfinite(cell):
            return "-" if math.isnan(cell) else "none"
        return f"{cell:.3g}"
    return f"{cell:,}" if isinstance(cell, int) else cell


def _plain(cell: Cell) -> str:
    return repr(cell) if isinstance(cell, float) else str(cell)
