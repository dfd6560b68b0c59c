"""Two observations have to be the same; where they are not, say where first."""

from __future__ import annotations

from tests.noninterference.place import Observed

AROUND = 120
"""Bytes that are shown on either side of a difference."""


class Leak(AssertionError):
    """Somebody who sees public things only can tell two low-equivalent streams apart."""


def same(one: Observed, two: Observed) -> None:
    """Refuse two observations that differ in a name or in a byte."""
    where = next((name for name in sorted(one.keys() | two.keys()) if one.get(name) != two.get(name)), None)
    if where is not None:
        raise Leak(difference(where, one.get(where), two.get(where)))


def difference(where: str, one: bytes | None, two: bytes | None) -> str:
    """Where two texts begin to differ, and what stands there."""
    if one is None or two is None:
        return f"{where}: only in {'the second' if one is None else 'the first'}"
    at = next((i for i, (a, b) in enumerate(zip(one, two, strict=False)) if a != b), min(len(one), len(two)))
    first, last = max(0, at - AROUND), at + AROUND
    return f"{where}: {len(one)} and {len(two)} bytes, differ at {at}:\n  {one[first:last]!r}\n  {two[first:last]!r}"
