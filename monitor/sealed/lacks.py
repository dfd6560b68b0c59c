"""What a ledger lacks, in words: spills without sealed counts, and sealed counts without some of their events."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from monitor.sealed.entries import Entry, steps
from monitor.sealed.incomplete import Burst, Spot, in_words, summary
from monitor.sealed.stages import Block, stages
from monitor.sealed.unsealed import named


def incomplete_of(
    places: Sequence[Spot], incomplete_now: Collection[Burst], entries: Sequence[Entry]
) -> tuple[dict[str, Any], ...]:
    """Incomplete sealed counts of the whole chain, then of each block of the opening log."""
    whole: Block = ("", 0, len(places) - 1)
    return tuple(
        {"channel": channel, **summary(places, first, last, incomplete_now)}
        for channel, first, last in (whole, *stages(steps(entries)))
    )


def incomplete_lines(found: Sequence[dict[str, Any]]) -> list[str]:
    """Say so for people: of the whole chain, then of each block that has any."""
    places = [f"block {one['channel']} {one['first']}-{one['last']}" if one["channel"] else "chain" for one in found]
    return [f"{place}: {in_words(one)}" for place, one in zip(places, found, strict=True)
            if one["spills"] or not one["channel"]]  # fmt: skip


def early_words(bursts: Collection[Burst]) -> str:
    """Spills that were booked before the ledger could seal; empty for none."""
    return f"{len(bursts)} spills ({named(bursts)})" if bursts else ""


def unsealed_lines(n_without_keys: int, before_sealing: str) -> list[str]:
    """Spills without sealed counts, for people; they count in no block."""
    lines = []
    if before_sealing:
        lines.append(f"booked before this ledger could seal: {before_sealing}; nothing of them is sealed")
    if n_without_keys:
        lines.append(f"without sealed counts: {n_without_keys} spills, taken without keys or booked by a replay")
    return lines
