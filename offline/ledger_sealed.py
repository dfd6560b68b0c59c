"""Sealed spills and the opening log as the named values of a file, and back.

What they say is not looked at here: whatever was changed in a file is for `dumpwatch blind audit` to find.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, fields
from typing import Any

from monitor.sealed.model import OpeningRow, SealedSpill
from offline.ledger_layout import Layout, refuse

_BLOBS = frozenset({"records", "slots", "head", "keys_digest", "row_digest", "signature", "proof"})
_SEALED = tuple(field.name for field in fields(SealedSpill))
_OPENINGS = tuple(field.name for field in fields(OpeningRow))

SEALED = Layout(
    schema="dumpwatch.sealed/1",
    columns=_SEALED,
    integers=frozenset(_SEALED) - _BLOBS,
    blobs=_BLOBS & frozenset(_SEALED),
    rows_a_group=500,
    plain=True,
)
"""One row for each sealed spill, in the order of the chain; every row has the same size."""

OPENINGS = Layout(
    schema="dumpwatch.openings/1",
    columns=_OPENINGS,
    integers=frozenset({"id", "booked_ns"}),
    blobs=_BLOBS & frozenset(_OPENINGS),
    rows_a_group=10,
    plain=True,
)
"""One row for each line of the opening log."""

_LIMITS = {"run": 32, "burst": 32, "revision": 32, "index": 63, "wall_ns": 63, "id": 63, "booked_ns": 63}
"""Bits of the numbers, none of which is negative."""

to_sealed = to_opening = asdict


def sealed_of(values: Mapping[str, Any], where: str) -> SealedSpill:
    """Make a sealed spill from named values.

    Raises
    ------
    DataError
        A value is of the wrong kind or does not fit the database.
    """
    SEALED.check(values, where)
    _check_numbers(values, SEALED.integers, where)
    return SealedSpill(**{name: values[name] for name in SEALED.columns})


def opening_of(values: Mapping[str, Any], where: str) -> OpeningRow:
    """Make a line of the opening log from named values.

    Raises
    ------
    DataError
        As `sealed_of`.
    """
    OPENINGS.check(values, where)
    _check_numbers(values, OPENINGS.integers, where)
    return OpeningRow(**{name: values[name] for name in OPENINGS.columns})


def _check_numbers(values: Mapping[str, Any], names: Iterable[str], where: str) -> None:
    for name in names:
        if not 0 <= values[name] < 1 << _LIMITS[name]:
            fault = f"{name} is {values[name]}, wanted a number of {_LIMITS[name]} bits"
            raise refuse(where, fault)
