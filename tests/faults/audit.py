"""Independent auditor: compares ledger and recordings with sqlite3 and pyarrow alone, no code of the program."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa


@dataclass
class Audit:
    """What was found; `faults` is empty when the books are right."""

    complete: int
    incomplete: int
    events: int
    faults: list[str]


def rows_of(ledger: Path) -> dict[int, dict]:
    """Rows of the ledger by burst; fails on a burst that stands there twice."""
    with closing(sqlite3.connect(f"file:{ledger}?mode=ro", uri=True)) as db:
        found = [json.loads(text) for (text,) in db.execute("SELECT document FROM spill")]
    rows = {row["burst"]: row for row in found}
    assert len(rows) == len(found), "a burst is in the ledger twice"
    return rows


def events_in(recording: Path) -> int:
    with pa.memory_map(str(recording)) as source, pa.ipc.open_stream(source) as stream:
        return sum(batch.num_rows for batch in stream)


def audit(ledger: Path, recordings: Path) -> Audit:
    """Every burst once, every recording booked with its own number of events, every loss named."""
    rows = rows_of(ledger)
    files = {int(path.name[6:12]): path for path in recordings.rglob("burst-*.arrows")}
    faults = [f"{path} is left over" for path in recordings.rglob("*.part")]
    faults += [f"burst {n} has no row" for n in files if n not in rows]
    faults += [f"burst {n} has no recording" for n in rows if n not in files]
    numbers = sorted(rows)
    faults += [f"burst numbers {numbers} have a gap"] if numbers != list(range(1, len(numbers) + 1)) else []
    for number, row in rows.items():
        named = bool(row["missing"])
        recorded = events_in(files[number]) if number in files else None
        if row["n_events"] != row["n_counted"] + row["n_missing"]:
            faults.append(f"burst {number}: generated is not counted + missing")
        if recorded is not None and recorded != row["n_events"]:
            faults.append(f"burst {number}: {recorded} events recorded, {row['n_events']} booked")
        if (row["state"] == "COMPLETE") == named or (row["state"] == "COMPLETE" and row["n_missing"]):
            faults.append(f"burst {number}: {row['state']} with missing {row['missing']}")
    complete = sum(row["state"] == "COMPLETE" for row in rows.values())
    return Audit(complete, len(rows) - complete, sum(row["n_counted"] for row in rows.values()), faults)
