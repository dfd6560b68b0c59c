"""Sealed counts that are incomplete: their spill was booked while frames of it were missing. From public data only.

A row that is completed later by a replay without keys stands whole in the public books, while its sealed counts stay
what they were; one that is sealed again by a replay of a clear recording has a newer sealed row, and that one counts.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any, Protocol, TypeVar

from daq.errors import PolicyError

Burst = tuple[int, int]
"""Run and burst."""

NAMED = 5
"""So many bursts are named in a message; the others are counted."""


class Spot(Protocol):
    """One sealed spill: where it stands in the chain, and whether events were missing when it was sealed."""

    @property
    def index(self) -> int:
        """Place in the chain."""

    @property
    def burst(self) -> Burst:
        """Run and burst."""

    @property
    def incomplete(self) -> bool:
        """Whether events were missing."""


S = TypeVar("S", bound=Spot)


def counted(places: Sequence[S], first: int, last: int) -> list[S]:
    """Places of a block that count: of each burst the newest row, of bursts that begin in the block.

    A burst that was completed later has two sealed rows, and the newer one counts everything again.
    """
    before = {place.burst for place in places[:first]}
    newest = {place.burst: place for place in places[first : last + 1] if place.burst not in before}
    return sorted(newest.values(), key=lambda place: place.index)


def lacking(chosen: Iterable[S]) -> list[S]:
    """Of places that count, those whose sealed counts are incomplete."""
    return [place for place in chosen if place.incomplete]


def check_accepted(accepted: int, chosen: Sequence[Spot]) -> None:
    """Refuse a block whose incomplete sealed counts are not accepted by their number.

    Raises
    ------
    PolicyError
    """
    found = lacking(chosen)
    if len(found) != accepted:
        names = ", ".join(f"run {place.burst[0]} burst {place.burst[1]}" for place in found[:NAMED])
        more = f" and {len(found) - NAMED} more" if len(found) > NAMED else ""
        msg = (
            f"block: {len(found)} spills have incomplete sealed counts{f' ({names}{more})' if found else ''}, the "
            f"statement accepts {accepted}; replay clear recordings of them to seal them whole, or make the statement "
            f"with --accept-incomplete {len(found)}"
        )
        raise PolicyError(msg)


def summary(places: Sequence[Spot], first: int, last: int, incomplete_now: Collection[Burst]) -> dict[str, Any]:
    """Incomplete sealed counts of a stretch of the chain, for scripts.

    incomplete_now : bursts that are incomplete in the public books as well
    """
    found = lacking(counted(places, first, last))
    whole = sum(place.burst not in incomplete_now for place in found)
    return {"first": first, "last": last, "spills": len(found), "whole_in_public_books": whole}


def in_words(found: dict[str, Any]) -> str:
    """Say the same for people."""
    whole = found["whole_in_public_books"]
    text = f"{found['spills']} spills with incomplete sealed counts"
    return f"{text}, {whole} of them whole in the public books: replay clear recordings of these" if whole else text
