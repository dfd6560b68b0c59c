"""Sums over spills: exact integers, any order, one shape for the command line, the API, the page and the metrics.

Beam and BIASED spills are never in one sum of triggers, candidates or protons: their events have other weights.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from pydantic import Field

from monitor.spill import Public, Spill, pot_error


class TriggerTotals(Public):
    """Triggers of one L0 mask over all spills."""

    generated: int = 0
    sent: int = 0


class BiasedTotals(Public):
    """Sums over the BIASED spills of one kind. None of their protons was on target."""

    n_spills: int = 0
    n_events: int = 0
    equivalent_pot: int = 0
    """Protons that they stand for; spills that do not say how many add nothing."""
    n_without_equivalent_pot: int = 0
    triggers: dict[str, TriggerTotals] = Field(default_factory=dict)
    candidates: dict[str, dict[str, int]] = Field(default_factory=dict)


class Totals(Public):
    """Sums over the current rows of spills. n_events = n_counted + n_missing."""

    n_spills: int = 0
    n_complete: int = 0
    n_incomplete: int = 0
    n_frames: int = 0
    n_events: int = 0
    n_counted: int = 0
    n_missing: int = 0
    pot: int = 0
    pot_error: int = 0
    """20 % of the sum: the error is fully correlated between spills."""
    n_without_pot: int = 0
    """Spills whose protons are unknown; they are not in `pot`."""
    triggers: dict[str, TriggerTotals] = Field(default_factory=dict)
    """Of spills that are not BIASED."""
    candidates: dict[str, dict[str, int]] = Field(default_factory=dict)
    """Of spills that are not BIASED."""
    quality: dict[str, int] = Field(default_factory=dict)
    """Spills with each quality flag."""
    biased: dict[str, BiasedTotals] = Field(default_factory=dict)
    """BIASED spills by their kind: what was left out, and the weight."""

    @property
    def imbalance(self) -> int:
        """Events generated but neither counted nor missing: 0, or the books are wrong."""
        return self.n_events - self.n_counted - self.n_missing


def sum_spills(spills: Iterable[Spill]) -> Totals:
    """Add up spills held in memory; `Ledger.totals` does the same in the database."""
    rows = list(spills)
    beam = [spill for spill in rows if spill.mode != "BIASED"]
    n_incomplete = sum(spill.state == "INCOMPLETE" for spill in rows)
    pot = sum(spill.pot or 0 for spill in rows)
    flags = Counter(flag for spill in rows for flag in spill.quality)
    kinds = sorted({_kind(spill) for spill in rows if spill.mode == "BIASED"})
    return Totals(
        n_spills=len(rows),
        n_complete=len(rows) - n_incomplete,
        n_incomplete=n_incomplete,
        n_frames=sum(spill.n_frames for spill in rows),
        n_events=sum(spill.n_events for spill in rows),
        n_counted=sum(spill.n_counted for spill in rows),
        n_missing=sum(spill.n_missing for spill in rows),
        pot=pot,
        pot_error=pot_error(pot),
        n_without_pot=sum(spill.pot is None for spill in rows),
        triggers=_triggers(beam),
        candidates=_candidates(beam),
        quality={str(flag): flags[flag] for flag in sorted(flags)},
        biased={kind: _biased([s for s in rows if s.mode == "BIASED" and _kind(s) == kind]) for kind in kinds},
    )


def add_totals(first: Totals, second: Totals) -> Totals:
    """Add the sums over two sets of spills that share none."""
    plain = {name: getattr(first, name) + getattr(second, name) for name in _PLAIN}
    kinds = sorted({*first.biased, *second.biased})
    none = BiasedTotals()
    return Totals(
        **plain,
        pot_error=pot_error(plain["pot"]),
        triggers=_add_triggers(first.triggers, second.triggers),
        candidates=_add_candidates(first.candidates, second.candidates),
        quality=_add_counts(first.quality, second.quality),
        biased={kind: _add_biased(first.biased.get(kind, none), second.biased.get(kind, none)) for kind in kinds},
    )


_PLAIN = (
    "n_spills",
    "n_complete",
    "n_incomplete",
    "n_frames",
    "n_events",
    "n_counted",
    "n_missing",
    "pot",
    "n_without_pot",
)


def _kind(spill: Spill) -> str:
    text = spill.bias or "not said"
    return text if spill.weight == 1 else f"{text}, weight {spill.weight:g}"


def _biased(spills: Sequence[Spill]) -> BiasedTotals:
    return BiasedTotals(
        n_spills=len(spills),
        n_events=sum(spill.n_events for spill in spills),
        equivalent_pot=sum(round(spill.equivalent_pot or 0) for spill in spills),
        n_without_equivalent_pot=sum(spill.equivalent_pot is None for spill in spills),
        triggers=_triggers(spills),
        candidates=_candidates(spills),
    )


def _triggers(spills: Sequence[Spill]) -> dict[str, TriggerTotals]:
    generated: Counter[str] = Counter()
    sent: Counter[str] = Counter()
    for spill in spills:
        for name, mask in spill.triggers.items():
            generated[name] += mask.generated
            sent[name] += mask.sent
    return {name: TriggerTotals(generated=generated[name], sent=sent[name]) for name in sorted(generated)}


def _candidates(spills: Sequence[Spill]) -> dict[str, dict[str, int]]:
    # spills have the same regions in the same order, so they are added column by column
    columns: dict[tuple[str, tuple[str, ...]], list[Iterable[int]]] = {}
    for spill in spills:
        for channel, regions in spill.candidates.items():
            columns.setdefault((channel, tuple(regions)), []).append(regions.values())
    sums: dict[str, dict[str, int]] = {}
    for (channel, names), counts in columns.items():
        new = dict(zip(names, map(sum, zip(*counts, strict=True)), strict=True))
        sums[channel] = _add_counts(sums.get(channel, {}), new)
    return {channel: sums[channel] for channel in sorted(sums)}


def _add_biased(first: BiasedTotals, second: BiasedTotals) -> BiasedTotals:
    names = ("n_spills", "n_events", "equivalent_pot", "n_without_equivalent_pot")
    return BiasedTotals(
        **{name: getattr(first, name) + getattr(second, name) for name in names},
        triggers=_add_triggers(first.triggers, second.triggers),
        candidates=_add_candidates(first.candidates, second.candidates),
    )


def _add_triggers(first: dict[str, TriggerTotals], second: dict[str, TriggerTotals]) -> dict[str, TriggerTotals]:
    none = TriggerTotals()
    pairs = {name: (first.get(name, none), second.get(name, none)) for name in sorted({*first, *second})}
    return {
        name: TriggerTotals(generated=a.generated + b.generated, sent=a.sent + b.sent) for name, (a, b) in pairs.items()
    }


def _add_candidates(first: dict[str, dict[str, int]], second: dict[str, dict[str, int]]) -> dict[str, dict[str, int]]:
    return {name: _add_counts(first.get(name, {}), second.get(name, {})) for name in sorted({*first, *second})}


def _add_counts(first: dict[str, int], second: dict[str, int]) -> dict[str, int]:
    return {name: first.get(name, 0) + second.get(name, 0) for name in sorted({*first, *second})}
