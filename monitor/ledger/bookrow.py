"""One row of the books with all that belongs to it: what `commit` writes, and what an export holds."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any

from daq.errors import StoreError
from daq.version import PROGRAM_VERSION
from monitor.accounting.errors import pot_square
from monitor.accounting.judge import Judgement
from monitor.ledger.pack import tally_layout, utc_day
from monitor.spill import Spill

B2_STEP_A = 5
"""Readings of B2 are booked under the nearest multiple of this [A], so that one setting is one line."""

_NUMBERS = ("run", "burst", "sob_time_ns", "n_frames", "n_events", "n_counted", "n_missing", "booked_ns")
_INT64 = struct.Struct(f"<{len(_NUMBERS) + 1}q")
"""Packs what the database can hold, and nothing else."""


@dataclass(frozen=True, slots=True)
class Note:
    """A correction: by whom and why, and what a person changed; no field when the chain found missing frames."""

    who: str
    why: str
    field: str | None = None
    old: str | None = None
    new: str | None = None


@dataclass(frozen=True, slots=True)
class BookRow:
    """A first row of a burst (revision 0, no note) or a correction of it."""

    spill: Spill
    document: str
    """JSON of the spill, as it is kept."""
    tally: bytes
    judgement: Judgement
    booked_ns: int
    revision: int = 0
    note: Note | None = None
    tally_layout: str = tally_layout()
    program: str = PROGRAM_VERSION

    @property
    def key(self) -> dict[str, int]:
        """Columns that name the row."""
        return {"run": self.spill.run, "burst": self.spill.burst, "revision": self.revision}

    def content(self, entry: int) -> dict[str, Any]:
        """Columns that a first row and a correction share.

        Raises
        ------
        StoreError
            A number does not fit the database.
        """
        spill = self.spill
        values = {
            "run": spill.run,
            "burst": spill.burst,
            "entry": entry,
            **columns_of(spill),
            "document": self.document,
            "tally": self.tally,
            "tally_layout": self.tally_layout,
            "program": self.program,
            "booked_ns": self.booked_ns,
        }
        try:
            _INT64.pack(*map(values.__getitem__, _NUMBERS), spill.pot or 0)
        except struct.error as error:
            msg = f"run {spill.run} burst {spill.burst}: a number does not fit 64 bits; the spill is not booked"
            raise StoreError(msg) from error
        return values

    def standing(self, entry: int) -> dict[str, Any]:
        """Columns of the derived row that says what stands now."""
        spill = self.spill
        return {
            **self.key,
            "entry": entry,
            "mode": spill.mode,
            "day": utc_day(spill.sob_time_ns),
            "sob_time_ns": spill.sob_time_ns,
            "b2_setting_a": b2_setting(spill.b2_current_a),
            "incomplete": int(spill.state == "INCOMPLETE"),
            "good": int(self.judgement.good),
            "reasons": " ".join(self.judgement.reasons),
            "n_events": spill.n_events,
            "n_counted": spill.n_counted,
            "n_missing": spill.n_missing,
            "pot": spill.pot,
            "pot_square": pot_square(spill.pot),
            "equivalent_pot": float(round(spill.equivalent_pot or 0)),
        }


def columns_of(spill: Spill) -> dict[str, Any]:
    """Columns that repeat what the document of a spill says, for queries."""
    return {
        "state": spill.state,
        "mode": spill.mode,
        "sob_time_ns": spill.sob_time_ns,
        "day": utc_day(spill.sob_time_ns),
        "pot": spill.pot,
        "b2_setting_a": b2_setting(spill.b2_current_a),
        "n_frames": spill.n_frames,
        "n_events": spill.n_events,
        "n_counted": spill.n_counted,
        "n_missing": spill.n_missing,
        "content_digest": spill.content_digest,
    }


def b2_setting(current_a: float | None) -> int | None:
    """Give the multiple of 5 A nearest to a B2 reading; None for none, or for one that can't be."""
    return None if current_a is None or abs(current_a) > 1e6 else round(current_a / B2_STEP_A) * B2_STEP_A
