"""Accounting of protons on target: pure decisions and sums over spills; `monitor.ledger` keeps the books."""
