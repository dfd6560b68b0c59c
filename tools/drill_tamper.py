"""Damages a copy of a ledger as an intruder would, for drills: the original is only read.

    python -m tools.drill_tamper try/ledger.db try/copy.db record
    python -m tools.drill_tamper try/ledger.db try/copy.db swap --host-key try/demonstration-keys/public

record    one bit of the sealed count of mumu/CR in the second spill is turned
truncate  the last spill is cut off, public row and sealed row
swap      the sealed counts of mumu/SR and mumu/CR in the second spill change places, and the chain is written anew
          with the key of the host, so that it verifies again
"""

from __future__ import annotations

import argparse
import sqlite3
import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from monitor.ledger import Ledger
from monitor.sealed.chain import START, next_head, sign
from monitor.sealed.keyring import load_host_key
from monitor.sealed.model import SealedSpill
from streaming.sealing.keys import COUNT_COMPARTMENTS

SPILL = 1


def tamper(copy: Path, what: str, host_key: Path | None) -> None:
    """Do it."""
    with Ledger.open(f"sqlite:///{copy}", readonly=True) as books:
        chain = list(books.sealed())
    with closing(sqlite3.connect(copy)) as raw, raw:
        for (trigger,) in raw.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            raw.execute(f"DROP TRIGGER {trigger}")
        if what == "truncate":
            last = chain[-1]
            for table in ("sealed_spill", "spill"):
                raw.execute(f"DELETE FROM {table} WHERE run = ? AND burst = ?", (last.run, last.burst))
        elif what == "record":
            _update(raw, replace(chain[SPILL], records=turned(chain[SPILL].records)))
        else:
            chain[SPILL] = replace(chain[SPILL], records=swapped(chain[SPILL].records))
            for sealed in written_anew(chain, host_key):
                _update(raw, sealed)


def turned(records: bytes) -> bytes:
    """The records with one bit turned in that of mumu/CR."""
    size = len(records) // len(COUNT_COMPARTMENTS)
    at = (COUNT_COMPARTMENTS.index("mumu/CR") + 1) * size - 1
    return records[:at] + bytes([records[at] ^ 1]) + records[at + 1 :]


def swapped(records: bytes) -> bytes:
    """The records with those of mumu/SR and mumu/CR in each other's place."""
    size = len(records) // len(COUNT_COMPARTMENTS)
    items = [records[i : i + size] for i in range(0, len(records), size)]
    a, b = (COUNT_COMPARTMENTS.index(name) for name in ("mumu/SR", "mumu/CR"))
    items[a], items[b] = items[b], items[a]
    return b"".join(items)


def written_anew(chain: list[SealedSpill], host_key: Path | None) -> list[SealedSpill]:
    """The chain with heads and signatures that fit, as only who has the key of the host can make them."""
    key, head, new = load_host_key(host_key or Path()), START, []
    for sealed in chain:
        head = next_head(head, sealed)
        linked = replace(sealed, head=head)
        new.append(replace(linked, signature=sign(key, linked)))
    return new


def _update(raw: sqlite3.Connection, sealed: SealedSpill) -> None:
    values = (sealed.records, sealed.head, sealed.signature, sealed.index)
    raw.execute("UPDATE sealed_spill SET records = ?, head = ?, signature = ? WHERE idx = ?", values)


def main(arguments: list[str]) -> int:
    """Copy a ledger and damage the copy."""
    parser = argparse.ArgumentParser()
    parser.add_argument("ledger", type=Path)
    parser.add_argument("copy", type=Path)
    parser.add_argument("what", choices=("record", "truncate", "swap"))
    parser.add_argument("--host-key", type=Path, help="folder with host.key")
    args = parser.parse_args(arguments)
    with closing(sqlite3.connect(args.ledger)) as source, closing(sqlite3.connect(args.copy)) as target:
        source.backup(target)
    tamper(args.copy, args.what, args.host_key)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
