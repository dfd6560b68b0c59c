"""The two files of an opened compartment: its events as an Arrow table, and what people read of them as JSON."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from daq.errors import ConfigError, StoreError
from daq.recording.opened import write_opened
from monitor.sealed.candidate_table import HEADER, CandidateTable, line
from monitor.sealed.opened_events import OpenedEvents

SCHEMA = "dumpwatch.opened/1"


@dataclass(frozen=True, slots=True, repr=False)
class FoundEvents:
    """Events of one compartment and block, and the document that says what they are."""

    opened: OpenedEvents
    document: dict[str, Any]

    @classmethod
    def of(cls, opened: OpenedEvents, table: CandidateTable) -> FoundEvents:
        """Reconstruct the events for people."""
        channel = opened.compartment.partition("/")[0]
        rows = [
            table.row(channel, placed) | {"taken_from": taken_from}
            for placed, taken_from in zip(opened.events, opened.taken_from, strict=True)
        ]
        count = sum(opened.counts.values())
        document = {
            "schema": SCHEMA,
            "compartment": opened.compartment,
            "count": count,
            "spills": opened.done.spills,
            "complete": len(rows) == count,
            "notes": list(opened.notes),
            "counts": [{"run": run, "burst": burst, "count": n} for (run, burst), n in opened.counts.items()],
            "events": rows,
            "statement": opened.done.statement.model_dump(mode="json", by_alias=True),
        }
        return cls(opened, document)

    def notes(self) -> list[str]:
        """What is missing, for people."""
        return [f"note: {note}" for note in self.opened.notes]

    def lines(self) -> list[str]:
        """Everything, for people."""
        rows, statement = self.document["events"], self.opened.done.statement
        title = f"{self.opened.compartment}: {len(rows)} events of {self.document['count']} opened candidates"
        table = [HEADER, *(line(row) for row in rows)] if rows else []
        return [f"{title}, spills {statement.first_index}-{statement.last_index}", *table, *self.notes()]

    def write(self, folder: Path) -> list[Path]:
        """Write `mumu-CR-0-27999.arrow` and `.json`: compartment and block.

        Raises
        ------
        StoreError
        """
        opened, statement = self.opened, self.opened.done.statement
        stem = f"{opened.compartment.replace('/', '-')}-{statement.first_index}-{statement.last_index}"
        about = {"statement": statement.digest(), "count": str(self.document["count"])}
        arrow, text = folder / f"{stem}.arrow", folder / f"{stem}.json"
        write_opened(arrow, {"compartment": opened.compartment, **about}, opened.events)
        _write(text, json.dumps(self.document, indent=1) + "\n")
        return [arrow, text]


def new_folder(folder: Path) -> None:
    """Make the folder of the files; 0750, because what is opened is not public yet.

    Raises
    ------
    ConfigError
        It exists already, or cannot be made.
    """
    try:
        folder.mkdir(mode=0o750, parents=True)
    except OSError as error:
        msg = f"{folder}: cannot be made ({error.strerror}); give a new folder"
        raise ConfigError(msg) from None


def _write(path: Path, text: str) -> None:
    try:
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o640)
        with os.fdopen(fd, "w", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        msg = f"opened events {path}: cannot be written ({error.strerror}); give a new folder that may be written"
        raise StoreError(msg) from None
