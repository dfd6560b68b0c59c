"""The block of spills of a statement: which of them count, and whether it may be opened at all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from daq.errors import PolicyError
from monitor.sealed.incomplete import check_accepted
from monitor.sealed.incomplete import counted as counted
from monitor.sealed.keyring import KeyRing
from monitor.sealed.statement import Statement
from monitor.sealed.walk import Place, Walk

MIN_SPILLS = 1000
MIN_POT_FRACTION = 0.10


@dataclass(frozen=True, slots=True)
class Limits:
    """Least size of a block: opening a few spills would tell when a candidate came.

    pot_fraction : of the protons of all spills sealed under the same key set
    """

    spills: int = MIN_SPILLS
    pot_fraction: float = MIN_POT_FRACTION

    @property
    def lowered(self) -> bool:
        """Whether this is less than the rule."""
        return self.spills < MIN_SPILLS or self.pot_fraction < MIN_POT_FRACTION

    def check_allowed(self, ring: KeyRing) -> None:
        """Refuse lower limits for keys that protect something.

        Raises
        ------
        PolicyError
        """
        if self.lowered and not ring.keys.demonstration:
            msg = "the least size of a block can be lowered for demonstration keys only; this key set is a real one"
            raise PolicyError(msg)


RULE = Limits()


def pot_of(places: Sequence[Place]) -> int:
    """Protons on target of some spills."""
    return sum(place.facts.pot for place in places if place.facts is not None)


def check_block(statement: Statement, walk: Walk, limits: Limits, n_sealed: int | None = None) -> list[Place]:
    """Places that count, of a block that fits its statement and is large enough.

    n_sealed : length of the chain when the block was opened; by default what it is now

    Raises
    ------
    PolicyError
    """
    places = walk.places[: len(walk.places) if n_sealed is None else n_sealed]
    first, last = statement.first_index, statement.last_index
    if not first <= last < len(places):
        msg = f"block: spills {first}-{last}, but the chain has {len(places)} spills, 0-{len(places) - 1}"
        raise PolicyError(msg)
    if places[last].head.hex() != statement.head:
        msg = (
            f"block: the head after spill {last} is {places[last].head.hex()[:16]}..., the statement was made for "
            f"{statement.head[:16]}...: another ledger, or a chain written anew"
        )
        raise PolicyError(msg)
    chosen = counted(places, first, last)
    _check_conditions(statement, places[first : last + 1])
    if statement.stage == "CR":
        _check_closed(places, chosen, last)
    if statement.stage in ("CR", "SR"):
        _check_size(places, chosen, limits)
        check_accepted(statement.accepted_incomplete, chosen)
    return chosen


def _check_conditions(statement: Statement, block: Sequence[Place]) -> None:
    wanted = {"config_digest": statement.config_digest, "mask_digest": statement.mask_digest}
    for place in block:
        if place.keys_digest.hex() != statement.keys_digest:
            msg = f"block: {place.name} is sealed under another key set than the statement names"
            raise PolicyError(msg)
        if place.facts is None or statement.stage == "DRILL":
            continue  # a fault of the chain is told elsewhere; a drill looks at no event
        wanted = {**place.facts.conditions, **wanted}
        for name, value in wanted.items():
            if place.facts.conditions[name] != value:
                what = name.removesuffix("_digest")
                msg = (
                    f"block: {place.name} was taken with another {what} ({place.facts.conditions[name][:16]}) than the "
                    f"statement or the block before it ({value[:16]}); a block has one {what}, choose other spills"
                )
                raise PolicyError(msg)


def _check_closed(places: Sequence[Place], chosen: Sequence[Place], last: int) -> None:
    mine = {place.burst for place in chosen}
    for place in places[last + 1 :]:
        if place.burst in mine:
            msg = (
                f"block: is not closed: {place.name} has a newer row, spill {place.index} of the chain; "
                f"let the block end at {place.index} or later"
            )
            raise PolicyError(msg)


def _check_size(places: Sequence[Place], chosen: Sequence[Place], limits: Limits) -> None:
    if len(chosen) < max(limits.spills, 1):
        msg = f"block: {len(chosen)} spills, wanted {limits.spills} at least: fewer would tell when a candidate came"
        raise PolicyError(msg)
    same_keys = [i for i, place in enumerate(places) if place.keys_digest == chosen[0].keys_digest]
    total = pot_of(counted(places, same_keys[0], same_keys[-1]))
    if pot_of(chosen) < limits.pot_fraction * total:
        msg = (
            f"block: {pot_of(chosen):.3e} protons of {total:.3e}, wanted {limits.pot_fraction:.0%} at least: "
            "less would tell when a candidate came"
        )
        raise PolicyError(msg)
