"""Columns of one exported file of the ledger, and what each of them may hold."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from daq.errors import DataError

_KINDS: Mapping[type, str] = {int: "a whole number", str: "text", bytes: "bytes"}


@dataclass(frozen=True, slots=True)
class Layout:
    """One kind of file.

    schema : its name and version
    columns : names in their order
    integers, blobs : columns of whole numbers and of bytes; the others are text
    optional : columns that may be empty
    rows_a_group : rows of a row group of Parquet; as many are in memory at once
    plain : no compression, dictionary or statistics in Parquet, so that its size depends on the number of rows alone
    """

    schema: str
    columns: tuple[str, ...]
    integers: frozenset[str]
    blobs: frozenset[str]
    optional: frozenset[str] = frozenset()
    rows_a_group: int = 5000
    plain: bool = False
    seen: set[tuple[type, ...]] = field(default_factory=set, compare=False, repr=False)
    """Kinds of values that were found to be right: a file has few different ones."""

    def kind(self, name: str) -> type:
        """Kind of the values of a column."""
        return int if name in self.integers else bytes if name in self.blobs else str

    def check(self, values: Mapping[str, Any], where: str) -> None:
        """Refuse values of the wrong kind.

        Raises
        ------
        DataError
        """
        kinds = tuple([type(values[name]) for name in self.columns])
        if kinds in self.seen:
            return
        for name in self.columns:
            wanted = self.kind(name)
            if type(values[name]) is not wanted and not (values[name] is None and name in self.optional):
                fault = f"{name} is {shortened(values[name])}, wanted {_KINDS[wanted]}"
                raise refuse(where, fault)
        self.seen.add(kinds)


def refuse(where: str, fault: str) -> DataError:
    """Build the answer to a row that cannot be."""
    return DataError(f"{where}: {fault}; nothing was imported")


def shortened(value: object) -> str:
    """Show a value of a bad row in a message."""
    text = repr(value)
    return text if len(text) <= 40 else text[:37] + "..."


def pack_text(blob: bytes) -> str:
    """Bytes as base64."""
    return base64.b64encode(blob).decode("ascii")


def unpack_text(text: object, name: str, where: str) -> bytes:
    """Inverse of `pack_text`; `name` is that of the column.

    Raises
    ------
    DataError
    """
    try:
        return binascii.a2b_base64(str(text), strict_mode=True)
    except (binascii.Error, ValueError) as error:
        raise refuse(where, f"{name} is no base64 ({error})") from error
