"""Mini-records for other tools: one ROOT file, or one Parquet file a table."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from daq.errors import StoreError
from offline.minirecords.read import Records
from offline.minirecords.tables import NAMES, SCHEMA, TABLES, kind_of

Format = Literal["parquet", "root"]

MISSING_INT = -1
"""ROOT has no null: what is absent is -1 in an integer branch and NaN in a floating one. No count can be -1."""


def export_records(records: Records, place: Path, form: Format) -> list[Path]:
    """Write all tables: `place` is the ROOT file, or the folder of the Parquet files.

    Raises
    ------
    StoreError
        It can't be written there.
    """
    try:
        return [_write_root(records, place)] if form == "root" else _write_parquet(records, place)
    except OSError as error:
        msg = f"export {place}: cannot be written ({error.strerror or error}); give a place with room that is yours"
        raise StoreError(msg) from error


def _write_parquet(records: Records, folder: Path) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name in TABLES:
        path = folder / f"{name}.parquet"
        temporary = path.with_suffix(f".{os.getpid()}.part")
        pq.write_table(getattr(records, name), temporary, compression="zstd", write_statistics=False)
        temporary.replace(path)
        paths.append(path)
    return paths


def _write_root(records: Records, path: Path) -> Path:
    import uproot

    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(f".{os.getpid()}.part")
    with uproot.recreate(temporary) as file:
        for name in TABLES:
            branches = root_branches(getattr(records, name))
            # a tree of no events has branches as well
            file.mktree(name, {branch: values.dtype for branch, values in branches.items()}, title=SCHEMA)
            if len(next(iter(branches.values()))):
                file[name].extend(branches)
        file["codes"] = json.dumps({column: {str(k): v for k, v in names.items()} for column, names in NAMES.items()})
        file["spills_text"] = json.dumps(records.spills.select(text_columns(records.spills)).to_pylist())
    temporary.replace(path)
    return path


def root_branches(table: pa.Table) -> dict[str, NDArray[np.generic]]:
    """Columns as branches of numbers: names as their code, see the text `codes` of the file; text has no branch."""
    branches: dict[str, NDArray[np.generic]] = {}
    for column in table.schema.names:
        values = table[column].combine_chunks()
        if pa.types.is_dictionary(values.type):
            branches[column] = _codes(values, NAMES[kind_of(column)])
        elif pa.types.is_boolean(values.type):
            branches[column] = np.asarray(values.to_numpy(zero_copy_only=False), np.uint8)
        elif pa.types.is_integer(values.type):
            filled = values.fill_null(MISSING_INT) if values.null_count else values
            branches[column] = np.asarray(filled.to_numpy(zero_copy_only=False))
        elif pa.types.is_floating(values.type):
            branches[column] = np.asarray(values.to_numpy(zero_copy_only=False), np.float64)
    return branches


def text_columns(table: pa.Table) -> list[str]:
    """Columns without a branch."""
    return [name for name in table.schema.names if name not in root_branches(table.slice(0, 0))]


def _codes(values: pa.DictionaryArray, names: Mapping[int, str]) -> NDArray[np.int8]:
    code = {name: number for number, name in names.items()}
    of_entry = np.array([code[name] for name in values.dictionary.to_pylist()], np.int8)
    return of_entry[values.indices.to_numpy(zero_copy_only=False)]
