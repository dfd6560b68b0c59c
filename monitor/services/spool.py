"""Where the journals of a ledger lie until they are committed."""

from __future__ import annotations

import hashlib
from pathlib import Path

SQLITE = "sqlite:///"


def spool_folder(ledger_url: str) -> Path:
    """Folder of the journals that belong to a ledger: beside it, so that they find each other again."""
    if ledger_url.startswith(SQLITE):
        path = Path(ledger_url[len(SQLITE) :])
        return path.with_name(path.name + ".spool")
    return Path("dumpwatch-data") / f"spool-{hashlib.sha256(ledger_url.encode()).hexdigest()[:12]}"
