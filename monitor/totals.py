"""Sums over spills: exact integers, any order, one shape for the command line, the API, the page and the metrics."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from pydantic import Field

from monitor.spill import Public, Quality, Spill, pot_error


class TriggerTotals(Public):
    """Triggers of one L0 mask over all spills."""

    generated: int = 0
    sent: int = 0


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
    candidates: dict[str, dict[str, int]] = Field(default_factory=dict)
    quality: dict[str, int] = Field(default_factory=dict)
    """Spills with each quality flag."""

    @property
    def imbalance(self) -> int:
        """Events generated but neither counted nor missing: 0, or the books are wrong."""
        return self.n_events - self.n_counted - self.n_missing


def sum_spills(spills: Iterable[Spill]) -> Totals:
    """Add up spills held in memory; `Ledger.totals` does the same in the database."""
    rows = list(spills)
    triggers: dict[str, Counter[str]] = {}
    candidates: dict[str, Counter[str]] = {}
    for spill in rows:
        for name, mask in spill.triggers.items():
            triggers.setdefault(name, Counter()).update(generated=mask.generated, sent=mask.sent)
        for channel, regions in spill.candidates.items():
            candidates.setdefault(channel, Counter()).update(regions)
    pot = sum(spill.pot or 0 for spill in rows)
    return Totals(
        n_spills=len(rows),
        n_complete=sum(spill.state == "COMPLETE" for spill in rows),
        n_incomplete=sum(spill.state == "INCOMPLETE" for spill in rows),
        n_frames=sum(spill.n_frames for spill in rows),
        n_events=sum(spill.n_events for spill in rows),
        n_counted=sum(spill.n_counted for spill in rows),
        n_missing=sum(spill.n_missing for spill in rows),
        pot=pot,
        pot_error=pot_error(pot),
        n_without_pot=sum(spill.pot is None for spill in rows),
        triggers={name: TriggerTotals(**counts) for name, counts in sorted(triggers.items())},
        candidates={channel: dict(sorted(regions.items())) for channel, regions in sorted(candidates.items())},
        quality={flag.value: n for flag in Quality if (n := sum(flag in spill.quality for spill in rows))},
    )


def add_totals(first: Totals, second: Totals) -> Totals:
    """Add the sums over two sets of spills that share none."""
    plain = {name: getattr(first, name) + getattr(second, name) for name in _PLAIN}
    names = sorted({*first.triggers, *second.triggers})
    none = TriggerTotals()
    pairs = [(first.triggers.get(name, none), second.triggers.get(name, none)) for name in names]
    triggers = [TriggerTotals(generated=a.generated + b.generated, sent=a.sent + b.sent) for a, b in pairs]
    channels = sorted({*first.candidates, *second.candidates})
    regions = [_add_counts(first.candidates.get(name, {}), second.candidates.get(name, {})) for name in channels]
    return Totals(
        **plain,
        pot_error=pot_error(plain["pot"]),
        triggers=dict(zip(names, triggers, strict=True)),
        candidates=dict(zip(channels, regions, strict=True)),
        quality=_add_counts(first.quality, second.quality),
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


def _add_counts(first: dict[str, int], second: dict[str, int]) -> dict[str, int]:
    return {name: first.get(name, 0) + second.get(name, 0) for name in sorted({*first, *second})}
