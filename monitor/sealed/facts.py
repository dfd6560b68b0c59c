"""What an opening has to know of a public row, read from the very text that was signed."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass

from daq.errors import PolicyError
from monitor.sealed.store import PublicRow

NOT_SEALED = "NOT_SEALED"
"""Quality flag of a spill that was taken without sealing keys: none of its events with several tracks was looked at."""


@dataclass(frozen=True, slots=True)
class RowFacts:
    """Public facts of a row.

    digest : SHA-256 of its text
    conditions : what has to be the same in a whole block: configuration, mask, kind of data, weight of an event
    pot : protons on target, 0 where they are not known
    needs_seal : a sealed row has to be there
    incomplete : events of the spill were missing, so they are missing in what was sealed with this row
    """

    digest: bytes
    conditions: dict[str, str]
    pot: int
    needs_seal: bool
    without_keys: bool
    incomplete: bool = False


def facts_of(row: PublicRow) -> RowFacts:
    """Read a row; fields that later versions add are left alone.

    Raises
    ------
    PolicyError
    """
    try:
        spill = json.loads(row.document)
        conditions = {name: str(spill[name]) for name in ("config_digest", "mask_digest", "mode")}
        conditions["weight"] = str(spill.get("weight", 1.0))
        without_keys = NOT_SEALED in spill["quality"]
        incomplete = spill["state"] != "COMPLETE"
        pot = int(spill["pot"] or 0)
    except (ValueError, KeyError, TypeError):
        msg = f"run {row.run} burst {row.burst} revision {row.revision}: the public row cannot be read"
        raise PolicyError(msg) from None
    digest = hashlib.sha256(row.document.encode()).digest()
    needs_seal = not (row.by_hand or without_keys)
    return RowFacts(digest, conditions, pot, needs_seal, without_keys, incomplete)
