"""Tables in the form of HEPData: a submission file and one YAML file a table.

Source of the form: the HEPData submission format, independent and dependent variables with their values.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from offline.report.table import Cell, Column, Table


def write_hepdata(folder: Path, tables: Sequence[Table], comment: str) -> list[Path]:
    """Write `submission.yaml` and a file for each table."""
    folder.mkdir(parents=True, exist_ok=True)
    parts: list[dict[str, Any]] = [{"comment": comment}]
    paths = []
    for table in tables:
        path = folder / f"{table.key}.yaml"
        _write(path, [table_document(table)])
        parts.append(
            {
                "name": table.title,
                "location": "",
                "description": table.note or table.title,
                "keywords": [{"name": "cmenergies", "values": ["400 GeV protons on target"]}],
                "data_file": path.name,
            }
        )
        paths.append(path)
    submission = folder / "submission.yaml"
    _write(submission, parts)
    return [submission, *paths]


def table_document(table: Table) -> dict[str, Any]:
    """The document of one table."""
    columns = list(zip(table.columns, zip(*table.rows, strict=True), strict=True)) if table.rows else [
        (column, ()) for column in table.columns
    ]  # fmt: skip
    return {
        "independent_variables": [_variable(column, cells) for column, cells in columns if column.independent],
        "dependent_variables": [_variable(column, cells) for column, cells in columns if not column.independent],
    }


def _variable(column: Column, cells: Sequence[Cell]) -> dict[str, Any]:
    header = {"name": column.name} | ({"units": column.unit} if column.unit else {})
    return {"header": header, "values": [{"value": _value(cell)} for cell in cells]}


def _value(cell: Cell) -> Cell:
    if cell is None or (isinstance(cell, float) and not math.isfinite(cell)):
        return "-"
    return cell


def _write(path: Path, documents: list[dict[str, Any]]) -> None:
    with path.open("w", encoding="utf-8") as file:
        yaml.safe_dump_all(documents, file, sort_keys=False, allow_unicode=True)
