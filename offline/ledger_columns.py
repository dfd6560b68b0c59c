"""A row of the books as the named values of a file, and back, checked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from monitor.ledger import BookRow, Note
from monitor.ledger.bookrow import columns_of
from monitor.ledger.derived import judgement_of
from monitor.ledger.verify import row_faults, tally_faults
from monitor.spill import Spill
from offline.ledger_layout import Layout, refuse

INTEGERS = (
    "run",
    "burst",
    "revision",
    "sob_time_ns",
    "pot",
    "b2_setting_a",
    "n_frames",
    "n_events",
    "n_counted",
    "n_missing",
    "good",
    "booked_ns",
)
"""Columns of whole numbers; the others but `tally` are text."""

COLUMNS = (
    "run",
    "burst",
    "revision",
    "state",
    "mode",
    "sob_time_ns",
    "day",
    "pot",
    "b2_setting_a",
    "n_frames",
    "n_events",
    "n_counted",
    "n_missing",
    "content_digest",
    "good",
    "reasons",
    "who",
    "why",
    "field",
    "old",
    "new",
    "booked_ns",
    "program",
    "tally_layout",
    "document",
    "tally",
)
"""Columns of an exported ledger. `document` is the spill as JSON; those before it repeat it, for people and queries."""

OPTIONAL = ("pot", "b2_setting_a", "who", "why", "field", "old", "new")

ROWS = Layout(
    schema="dumpwatch.books/1",
    columns=COLUMNS,
    integers=frozenset(INTEGERS),
    blobs=frozenset({"tally"}),
    optional=frozenset(OPTIONAL),
)
"""One row for each row of the books, corrections included."""


def to_columns(row: BookRow) -> dict[str, Any]:
    """Named values of a row; `tally` stays bytes."""
    note = row.note
    signed = {name: None if note is None else getattr(note, name) for name in ("who", "why", "field", "old", "new")}
    return {
        **row.key,
        **columns_of(row.spill),
        "good": int(row.judgement.good),
        "reasons": " ".join(row.judgement.reasons),
        **signed,
        "booked_ns": row.booked_ns,
        "program": row.program,
        "tally_layout": row.tally_layout,
        "document": row.document,
        "tally": row.tally,
    }


def from_columns(values: Mapping[str, Any], where: str) -> BookRow:
    """Make a row of the books from named values, or refuse them.

    Parameters
    ----------
    values : of all `COLUMNS`; `tally` as bytes
    where : file and line, for the message

    Raises
    ------
    DataError
        A value is missing or of the wrong kind, or contradicts the document.
    """
    ROWS.check(values, where)
    try:
        spill = Spill.model_validate_json(values["document"])
    except ValidationError as error:
        first = error.errors()[0]
        raise refuse(where, f"document: {'.'.join(map(str, first['loc'])) or 'JSON'}: {first['msg']}") from error
    row = BookRow(
        spill=spill,
        document=values["document"],
        tally=values["tally"],
        judgement=judgement_of(values["good"], values["reasons"]),
        booked_ns=values["booked_ns"],
        revision=values["revision"],
        note=_note(values, where),
        tally_layout=values["tally_layout"],
        program=values["program"],
    )
    # the histograms behind the counts are looked at by `books verify`
    for fault in (*row_faults(values, row), *tally_faults(row, whole=False)):
        raise refuse(where, fault)
    return row


def _note(values: Mapping[str, Any], where: str) -> Note | None:
    who, why, field, old, new = note = tuple(values[name] for name in ("who", "why", "field", "old", "new"))
    if note == (None,) * 5:
        return None
    absent = [value is None for value in (field, old, new)]
    if who is None or why is None or any(absent) != all(absent):
        fault = "who, why, field, old and new are given in part, wanted all of them or the first two or none"
        raise refuse(where, fault)
    return Note(who, why, field, old, new)
