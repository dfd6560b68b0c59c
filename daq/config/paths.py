"""Where things are kept."""

from __future__ import annotations

from daq.config.base import Section, known


class PathsConfig(Section):
    """Folders and the ledger. Not part of the physics digest."""

    ledger: str = known("sqlite:///dumpwatch-data/ledger.db", "ledger database URL when --ledger is not given")
    runtime: str = known("", "folder for sockets; empty: a private one is made")
