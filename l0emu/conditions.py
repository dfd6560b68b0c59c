"""What the condition bits of each detector mean.

Source: physics notes B.3 (NA62 framework, L0NewCHODEmulator and L0MUV3Emulator). A tile is hit with at least one PMT
and tight with both. Quadrants 0..3 in the published numbering: 0 and 3 above the beam, 1 and 2 below.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MANY = 5
"""From this number of tiles on the count does not matter: UTMC asks for fewer. Source: L0NewCHODEmulator."""

CHOD_TABLE_SIZE = 16 * 6 * 6 * 3 * 2
LAV_STATION = 12
"""The only station in the trigger. Source: NA62, input LAV12 of the L0 trigger processor."""


@dataclass(frozen=True, slots=True)
class TileCounts:
    """One CHOD cluster, as far as the conditions can tell.

    quadrants : set of quadrants with a hit tile; tiles, outer : hit tiles, 0..5; tight : 0..2; tight_outer : 0..1,
    each saturated at its upper end.
    """

    quadrants: frozenset[int]
    tiles: int
    outer: int
    tight: int
    tight_outer: int


CHOD_CONDITIONS: dict[str, Callable[[TileCounts], bool]] = {
    "H1": lambda c: c.tiles >= 1,
    "HT1": lambda c: c.tight >= 1,
    "H2": lambda c: c.tiles >= 2,
    "HT2": lambda c: c.tight >= 2,
    "HO1": lambda c: c.outer >= 1,
    "HTO1": lambda c: c.tight_outer >= 1,
    "UTMC": lambda c: c.tiles < MANY,
    "UTMCO": lambda c: c.outer < MANY,
    "Q1": lambda c: len(c.quadrants) >= 1,
    "Q2": lambda c: len(c.quadrants) >= 2,
    "QX": lambda c: {0, 2} <= c.quadrants or {1, 3} <= c.quadrants,
    "QTB": lambda c: bool({0, 3} & c.quadrants) and bool({1, 2} & c.quadrants),
    "QE1": lambda c: c.quadrants == {0},
    "QE2": lambda c: c.quadrants == {1},
    "QE3": lambda c: c.quadrants == {2},
    "QE4": lambda c: c.quadrants == {3},
    "Q02": lambda c: {0, 2} <= c.quadrants,
    "Q13": lambda c: {1, 3} <= c.quadrants,
    "Q4": lambda c: len(c.quadrants) == 4,
    "Q02EX": lambda c: c.quadrants == {0, 2},
    "Q13EX": lambda c: c.quadrants == {1, 3},
}

FEATURES: dict[str, dict[str, int]] = {
    "na48chod": {"vertical": 1, "horizontal": 2},
    "lav": {"station 12": 1},
    "muv3": {"inner": 1, "outer": 2},
    "lkr": {"above threshold": 1},
}
"""Bits that a cluster of the other detectors collects from its hits."""

OTHER_CONDITIONS: dict[str, dict[str, Callable[[int], bool]]] = {
    "na48chod": {"N1": lambda word: word != 0, "NVH": lambda word: word == 3},
    "lav": {"LAV12": lambda word: word != 0},
    "muv3": {"M1": lambda word: word != 0, "MO1": lambda word: word & 2 != 0},
    "lkr": {"E1": lambda word: word != 0},
}
"""Conditions on the collected features."""


def chod_table(bits: Mapping[str, int]) -> NDArray[np.uint16]:
    """Primitive bits for every combination of saturated counts.

    Returns
    -------
    uint16 (3456,)    index `(((quadrants * 6 + tiles) * 6 + outer) * 3 + tight) * 2 + tight_outer`
    """
    table = np.zeros(CHOD_TABLE_SIZE, dtype=np.uint16)
    for index in range(CHOD_TABLE_SIZE):
        rest, tight_outer = divmod(index, 2)
        rest, tight = divmod(rest, 3)
        rest, outer = divmod(rest, 6)
        quadrants, tiles = divmod(rest, 6)
        counts = TileCounts(frozenset(q for q in range(4) if quadrants >> q & 1), tiles, outer, tight, tight_outer)
        table[index] = sum(1 << position for name, position in bits.items() if CHOD_CONDITIONS[name](counts))
    return table


def feature_table(detector: str, bits: Mapping[str, int]) -> NDArray[np.uint16]:
    """Primitive bits for every combination of features, shape (4,)."""
    conditions = OTHER_CONDITIONS[detector]
    words = [sum(1 << bit for name, bit in bits.items() if conditions[name](word)) for word in range(4)]
    return np.array(words, dtype=np.uint16)
