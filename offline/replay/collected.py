"""What came out of a replay: rows by run and burst. Parts may be merged in any order and grouping."""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Self

from daq.errors import StoreError
from daq.records import BurstKey
from monitor.spill import Spill, spill_report
from monitor.totals import Totals, add_totals, sum_spills
from offline.replay.books import BAD, Result

NOTES_SHOWN = 3
AT_A_TIME = 1000


@dataclass(slots=True)
class Collected:
    """Rows as packed JSON, because a long run has many; bursts that were not counted, with place and reason."""

    rows: dict[BurstKey, tuple[bytes, Result]] = field(default_factory=dict)
    failed: dict[BurstKey, tuple[str, str]] = field(default_factory=dict)
    notes: dict[BurstKey, str] = field(default_factory=dict)

    def add(self, spill: Spill, result: Result, note: str = "") -> None:
        """Take one counted burst in.

        Raises
        ------
        StoreError
            The burst is there already.
        """
        self._once(spill.key)
        self.rows[spill.key] = (zlib.compress(spill.model_dump_json().encode(), 1), result)
        if note:
            self.notes[spill.key] = note

    def fail(self, key: BurstKey, place: str, reason: str) -> None:
        """Take note of a burst that was not counted."""
        self._once(key)
        self.failed[key] = (place, reason)

    def forget(self, key: BurstKey) -> None:
        """Forget what was said of a burst: its recording has changed since."""
        for kept in (self.rows, self.failed, self.notes):
            kept.pop(key, None)

    def merge(self, other: Self) -> Self:
        """Both parts together.

        Raises
        ------
        StoreError
            A burst is in both.
        """
        both = {*self.rows, *self.failed} & {*other.rows, *other.failed}
        if both:
            msg = f"replay: run {min(both)[0]} burst {min(both)[1]} is in two parts; nothing is counted twice"
            raise StoreError(msg)
        parts = ({**self.rows, **other.rows}, {**self.failed, **other.failed}, {**self.notes, **other.notes})
        return type(self)(*parts)

    def spills(self) -> Iterator[Spill]:
        """Rows in the order of run and burst."""
        return (Spill.model_validate_json(zlib.decompress(self.rows[key][0])) for key in sorted(self.rows))

    def totals(self) -> Totals:
        """Sums over all rows, a part of them in memory at a time."""
        rows, total = self.spills(), Totals()
        while part := list(islice(rows, AT_A_TIME)):
            total = add_totals(total, sum_spills(part))
        return total

    def results(self) -> list[tuple[BurstKey, Result]]:
        """Outcomes of the comparison, in the same order."""
        return [(key, self.rows[key][1]) for key in sorted(self.rows)]

    @property
    def is_bad(self) -> bool:
        """Whether any row is not that of the ledger."""
        return any(result in BAD for _, result in self.rows.values())

    def document(self, *, partial: bool) -> dict[str, Any]:
        """Build the JSON document of `--json`: that of `live`, the comparison, and what was not counted."""
        runs = {run for run, _ in self.rows}
        report = spill_report(list(self.spills()), self.totals().model_dump(mode="json"), _only(runs))
        report["verify"] = [{"run": key[0], "burst": key[1], "result": result} for key, result in self.results()]
        report["partial"] = partial
        report["failed"] = [
            {"run": key[0], "burst": key[1], "place": place, "reason": reason}
            for key, (place, reason) in sorted(self.failed.items())
        ]
        return report

    def text(self, *, partial: bool) -> str:
        """Lines for people: rows that are not as expected, then one with the sums."""
        totals = self.totals()
        odd = [(key, result) for key, result in self.results() if result not in _QUIET]
        lines = [f"run {run} burst {burst}: {result}" for (run, burst), result in odd]
        counts = Counter(result for _, result in self.results())
        said = ", ".join(f"{n} {name}" for name, n in sorted(counts.items())) or "none counted"
        total = f"{totals.n_spills} spills replayed, {totals.n_events} events, {totals.n_missing} missing: {said}"
        if partial:
            total += f"\nPARTIAL: {_protons(totals)} of these spills only"
        return "\n".join([*lines, total]) + "\n"

    def complaints(self) -> list[str]:
        """Lines for stderr: what a person should know of how bursts were counted, then those that were not."""
        groups: dict[str, list[BurstKey]] = {}
        for key, note in sorted(self.notes.items()):
            groups.setdefault(note, []).append(key)
        notes = [f"{named(keys)}: {note}" for note, keys in groups.items()]
        failed = [
            f"run {key[0]} burst {key[1]}: not counted: {reason}" for key, (_, reason) in sorted(self.failed.items())
        ]
        return [*notes, *failed]

    def _once(self, key: BurstKey) -> None:
        if key in self.rows or key in self.failed:
            msg = f"replay: run {key[0]} burst {key[1]} came back twice; nothing is counted twice"
            raise StoreError(msg)


_QUIET: tuple[Result, ...] = ("identical", "not compared", "booked before")


def named(keys: list[BurstKey]) -> str:
    """Name bursts: all bursts of a few, the first and the number of many."""
    shown = ", ".join(f"run {run} burst {burst}" for run, burst in keys[:NOTES_SHOWN])
    return shown if len(keys) <= NOTES_SHOWN else f"{shown} and {len(keys) - NOTES_SHOWN} more"


def _only(runs: set[int]) -> int | None:
    return next(iter(runs)) if len(runs) == 1 else None


def _protons(totals: Totals) -> str:
    equivalent: Mapping[str, int] = {kind: sums.equivalent_pot for kind, sums in totals.biased.items()}
    biased = sum(equivalent.values())
    return f"{totals.pot:.3g} POT" + (f" and biased bursts for {biased:.3g} POT" if biased else "")
