"""Reading mini-records back: all bursts of some folders as three tables, checked to belong together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from daq.errors import DataError
from offline.minirecords.store import LAST, table_path
from offline.minirecords.tables import SPILL_COLUMNS, TABLES

SHOWN = 12
"""Characters of a digest in messages."""


@dataclass(frozen=True, slots=True)
class Records:
    """All bursts of some folders.

    singles, pairs : one row an event; spills : one row a burst
    refused : files that can't be used, with the reason; their bursts are in none of the tables
    """

    singles: pa.Table
    pairs: pa.Table
    spills: pa.Table
    refused: tuple[str, ...] = ()

    def of(self, table: str, column: str) -> NDArray[np.generic]:
        """One column as an array; names as an array of str."""
        values = getattr(self, table).column(column).combine_chunks()
        if pa.types.is_dictionary(values.type):
            return np.asarray(values.dictionary_decode().to_numpy(zero_copy_only=False)).astype(np.str_)
        return np.asarray(values.to_numpy(zero_copy_only=False))

    def of_spills(self, chosen: NDArray[np.bool_]) -> Records:
        """Records of some of the spills, `chosen` bool (n_spills,)."""
        spills = self.spills.filter(pa.array(chosen))
        keys = {(row["run"], row["burst"]) for row in spills.select(["run", "burst"]).to_pylist()}
        return Records(_of_bursts(self.singles, keys), _of_bursts(self.pairs, keys), spills, self.refused)


def is_records(folder: Path) -> bool:
    """Whether a folder holds mini-records."""
    return (folder / LAST).is_dir()


def read_records(folders: Sequence[Path]) -> Records:
    """Read every burst of the folders.

    A burst with a damaged or missing file is left out and named in `refused`.

    Raises
    ------
    DataError
        Nothing there, one burst twice, or bursts of different selections or masks.
    """
    parts: dict[str, list[pa.Table]] = {name: [] for name in TABLES}
    refused: list[str] = []
    seen: dict[tuple[int, int], Path] = {}
    for folder in folders:
        for path in sorted((folder / LAST).glob("run-*/burst-*.parquet")):
            try:
                burst = _read_burst(folder, path)
            except (OSError, pa.ArrowException, DataError) as error:
                refused.append(f"{path}: {error}")
                continue
            row = burst[LAST].to_pylist()[0]
            key = (row["run"], row["burst"])
            if key in seen:
                msg = f"mini-records {path} and {seen[key]} both hold run {key[0]} burst {key[1]}; give one of them"
                raise DataError(msg)
            seen[key] = path
            for name, table in burst.items():
                parts[name].append(table)
    if not seen:
        why = f"; {len(refused)} files could not be used, first {refused[0]}" if refused else ""
        msg = f"mini-records: none in {', '.join(map(str, folders))}{why}"
        raise DataError(msg)
    tables = {name: pa.concat_tables(found).unify_dictionaries() for name, found in parts.items()}
    _check_one_kind(tables[LAST])
    return Records(tables["singles"], tables["pairs"], tables[LAST], tuple(refused))


def _read_burst(folder: Path, path: Path) -> dict[str, pa.Table]:
    spills = pq.read_table(path)
    if spills.schema.names != SPILL_COLUMNS.names or spills.num_rows != 1:
        got = f"{spills.num_rows} rows of {len(spills.schema.names)} columns"
        msg = f"{got}, wanted 1 of {len(SPILL_COLUMNS)}; make the burst anew"
        raise DataError(msg)
    row = spills.to_pylist()[0]
    burst = {LAST: spills}
    for name in TABLES:
        if name == LAST:
            continue
        table = pq.read_table(table_path(folder, name, row["run"], row["burst"]))
        if table.num_rows != row[f"n_{name}"]:
            msg = f"{name} have {table.num_rows} rows, the spill says {row[f'n_{name}']}; make the burst anew"
            raise DataError(msg)
        burst[name] = table
    return burst


def _check_one_kind(spills: pa.Table) -> None:
    for name, what in (("selection_digest", "selections"), ("mask_digest", "masks")):
        digests = sorted(set(spills.column(name).to_pylist()))
        if len(digests) > 1:
            first = {digest: spills.column(name).to_pylist().index(digest) for digest in digests}
            said = ", ".join(
                f"{digest[:SHOWN]} (run {spills['run'][k].as_py()} burst {spills['burst'][k].as_py()}, ...)"
                for digest, k in first.items()
            )
            msg = (
                f"mini-records of {len(digests)} {what}: {said}; sums of them mean nothing, and the difference of two "
                "masks would show what lies between them: make all of them with one configuration"
            )
            raise DataError(msg)


def _of_bursts(table: pa.Table, keys: set[tuple[int, int]]) -> pa.Table:
    runs, bursts = table["run"].to_numpy(), table["burst"].to_numpy()
    wanted = np.array(sorted(keys), np.int64).reshape(-1, 2)
    code = runs.astype(np.int64) << 32 | bursts
    return table.filter(pa.array(np.isin(code, wanted[:, 0] << 32 | wanted[:, 1])))
