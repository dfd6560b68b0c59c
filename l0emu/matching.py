"""Alignment of primitives: slots, overwriting, lookup of N-1, N, N+1, strict time cut.

A slot holds one primitive; a later one of the same detector replaces it. Slots are full slot numbers: the 14-bit
address of the firmware wraps after 410 us, which is never seen because its memory is cleared behind the read pointer.
Source: physics notes B.4.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from daq.jit import inline_kernel, kernel


def complete_stamps(horizon: int, fine_time_bits: int) -> int:
    """First stamp that a primitive at or after `horizon` [fine-time units] could still change.

    A candidate in slot N is complete when no primitive can come any more into slots up to N+1; a stamp when all its
    slots are.
    """
    return ((horizon >> (8 - fine_time_bits)) - 1) >> fine_time_bits


@kernel
def count_overwritten(time: NDArray[np.int64], shift: int) -> int:
    """Primitives replaced by a later one of the same slot. `time` ascending, slot = time >> shift."""
    n = 0
    for i in range(time.shape[0] - 1):
        n += int(time[i] >> shift == time[i + 1] >> shift)
    return n


@inline_kernel
def _word_around(
    t: int, cut: int, shift: int, start: int, stop: int, time: NDArray[np.int64], bits: NDArray[np.uint16]
) -> np.int64:
    word = np.int64(0)
    slot = t >> shift
    k = start
    while k < stop and time[k] >> shift <= slot + 1:
        overwritten = k + 1 < stop and time[k + 1] >> shift == time[k] >> shift
        if not overwritten and abs(time[k] - t) < cut:
            word |= np.int64(bits[k])
        k += 1
    return word


@kernel
def match_primitives(
    time: NDArray[np.int64],
    bits: NDArray[np.uint16],
    other_time: NDArray[np.int64],
    other_bits: NDArray[np.uint16],
    other_edge: NDArray[np.int64],
    time_cut: NDArray[np.int64],
    tables: NDArray[np.uint16],
    shift: int,
    candidate_time: NDArray[np.int64],
    candidate_fired: NDArray[np.uint16],
) -> int:
    """Candidates and the masks that they satisfy, before any protection or downscaling.

    Parameters
    ----------
    time, bits : (n,)    primitives of the reference (or control) detector, ascending; whole slots
    other_time, other_bits : (m,)    primitives of the other detectors, one detector after the other
    other_edge : int64 (d + 1,)    rows where each of them starts, and m
    time_cut : int64 (d,)    strict limit on the time difference [fine-time units]
    tables : uint16 (d + 1, 65536)    masks satisfied by the words of the reference and of each other detector
    shift : slot = time >> shift
    candidate_time, candidate_fired : (>= n,)    written

    Returns
    -------
    n_candidates : reference primitives that were not overwritten.
    """
    cursor = other_edge.copy()
    n = 0
    for i in range(time.shape[0]):
        t = time[i]
        slot = t >> shift
        if i + 1 < time.shape[0] and time[i + 1] >> shift == slot:
            continue
        fired = tables[0, bits[i]]
        for d in range(time_cut.shape[0]):
            while cursor[d] < other_edge[d + 1] and other_time[cursor[d]] >> shift < slot - 1:
                cursor[d] += 1
            word = _word_around(t, time_cut[d], shift, cursor[d], other_edge[d + 1], other_time, other_bits)
            fired &= tables[d + 1, word]
        candidate_time[n] = t
        candidate_fired[n] = fired
        n += 1
    return n
