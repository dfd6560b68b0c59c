"""Writing a report: page, figures, tables, HEPData, and one JSON document for programs."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

from daq.errors import StoreError
from offline.report.analysis import Analysis
from offline.report.figure import save_figure
from offline.report.hepdata import write_hepdata
from offline.report.page import Page
from offline.report.table import Cell, Table

SCHEMA = "dumpwatch.analysis/1"
PAGE, RESULT = "report.html", "result.json"


def write_report(analysis: Analysis, page: Page, folder: Path) -> list[Path]:
    """Write everything; files of an earlier report of the same name are replaced.

    Raises
    ------
    StoreError
        The folder can't be written.
    """
    try:
        return _write(analysis, page, folder)
    except OSError as error:
        msg = f"report {folder}: cannot be written ({error.strerror}); give a folder with room that is yours"
        raise StoreError(msg) from error


def _write(analysis: Analysis, page: Page, folder: Path) -> list[Path]:
    sample = analysis.sample
    label = f"dumpwatch, run {', '.join(map(str, sample.runs))}, {sample.pot:.3g} protons ({sample.search_kind})"
    paths = [path for figure in page.figures for path in save_figure(figure, folder / "plots", label)]
    (folder / "tables").mkdir(parents=True, exist_ok=True)
    for table in page.tables:
        paths.append(_text(folder / "tables" / f"{table.key}.csv", table.csv()))
    paths += write_hepdata(folder / "hepdata", page.tables, page.title + ". " + page.subtitle)
    paths.append(_text(folder / RESULT, json.dumps(result(analysis, page), indent=1, allow_nan=False) + "\n"))
    paths.append(_text(folder / PAGE, page.html()))
    return paths


def result(analysis: Analysis, page: Page) -> dict[str, Any]:
    """The document for programs: every table under its key, numbers as they are; masked cells say 'masked'."""
    sample = analysis.sample
    return {
        "schema": SCHEMA,
        "runs": list(sample.runs),
        "pot": sample.pot,
        "search": str(sample.search_kind),
        "partial": list(sample.partial),
        "missing": list(analysis.found.missing),
        "blind": not analysis.opened,
        "seed": analysis.wanted.seed,
        "tables": {table.key: _records(table) for table in page.tables},
    }


def _records(table: Table) -> list[dict[str, Cell]]:
    names = [column.name for column in table.columns]
    return [{name: _finite(cell) for name, cell in zip(names, row, strict=True)} for row in table.rows]


def _finite(cell: Cell) -> Cell:
    return None if isinstance(cell, float) and not math.isfinite(cell) else cell


def _text(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path
