"""Masks as tables: the masks that each 16-bit word of one detector satisfies.

The 112-bit test of the firmware, "for every bit (value OR don't-care) equals mask", splits by detector: a mask fires
when it is satisfied by the word of each detector. Source: physics notes B.4.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

N_WORDS = 1 << 16


def mask_words(detector: str, bits: Mapping[str, int], require: Iterable[str], veto: Iterable[str]) -> tuple[int, int]:
    """Mask and don't-care words of one mask for one detector: require 1/0, veto 0/0, ignore 1/1."""
    mask = dont_care = 0xFFFF
    for name in require:
        if name.startswith(f"{detector}."):
            dont_care &= ~(1 << bits[name.split(".")[1]])
    for name in veto:
        if name.startswith(f"{detector}."):
            position = 1 << bits[name.split(".")[1]]
            mask &= ~position
            dont_care &= ~position
    return mask, dont_care


def mask_table(words: Sequence[tuple[int, int]]) -> NDArray[np.uint16]:
    """Masks satisfied by each word of a detector.

    Parameters
    ----------
    words : mask and don't-care word of each mask; at most 16

    Returns
    -------
    uint16 (65536,)    bit i is set when mask i is satisfied
    """
    value = np.arange(N_WORDS, dtype=np.int64)
    table = np.zeros(N_WORDS, dtype=np.uint16)
    for row, (mask, dont_care) in enumerate(words):
        table |= (((value | dont_care) == mask).astype(np.uint16) << row).astype(np.uint16)
    return table
