"""Public rows that have no sealed one: taken without keys, booked before the ledger could seal, or a fault."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from monitor.sealed.facts import RowFacts
from monitor.sealed.faults import Faults
from monitor.sealed.incomplete import Burst
from monitor.sealed.store import RowKey

STRETCHES = 5
"""So many stretches of bursts are named; the others are counted."""


def incomplete_bursts(rows: Mapping[RowKey, RowFacts]) -> set[Burst]:
    """Bursts whose newest row is incomplete; rows in the order of their commits."""
    newest = {key[:2]: facts.incomplete for key, facts in rows.items()}
    return {burst for burst, incomplete in newest.items() if incomplete}


def named(bursts: Iterable[Burst]) -> str:
    """Stretches of bursts for people: `run 9001 bursts 1-3, run 9002 burst 7`; the first few of them."""
    stretches: list[list[int]] = []
    for run, burst in sorted(bursts):
        if stretches and stretches[-1][0] == run and stretches[-1][2] == burst - 1:
            stretches[-1][2] = burst
        else:
            stretches.append([run, burst, burst])
    texts = [f"run {r} burst {a}" if a == b else f"run {r} bursts {a}-{b}" for r, a, b in stretches[:STRETCHES]]
    return ", ".join(texts) + (f" and {len(stretches) - STRETCHES} more" if len(stretches) > STRETCHES else "")


class Unsealed:
    """Public rows that have no sealed one, by the reason for it.

    sealed : bursts that have a sealed row
    early : rows that were booked before the ledger could seal
    """

    def __init__(self, sealed: set[Burst], early: set[RowKey], faults: Faults) -> None:
        self._sealed = sealed
        self._early = early
        self._faults = faults
        self.without_keys: set[Burst] = set()
        self.before_sealing: set[Burst] = set()

    def sort(self, rows: Mapping[RowKey, RowFacts]) -> None:
        """Look at every such row; one without a reason is a fault."""
        for key, facts in rows.items():
            run, burst, revision = key
            if key in self._early:
                self.before_sealing.add((run, burst))
            elif facts.without_keys and (run, burst) not in self._sealed:
                self.without_keys.add((run, burst))
            text = f"run {run} burst {burst} revision {revision}: has no sealed row; it was removed, or never written"
            self._faults.check(key in self._early or not facts.needs_seal, text)
        self.before_sealing -= self._sealed | self.without_keys
