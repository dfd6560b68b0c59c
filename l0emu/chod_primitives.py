"""CHOD tile hits to primitives: dead time, clusters in time, condition bits.

The hot loop of level 0. One pass over the hits keeps, for each channel, only the time of its last accepted hit; that
array answers all three questions: is the channel dead, is the tile new in this cluster, does the hit make it tight.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from daq.geometry.chod import chod_geometry
from daq.jit import inline_kernel, kernel

N_CHANNELS = 304


@dataclass(frozen=True, slots=True)
class ChodMaps:
    """What a hit adds to the counts of its cluster.

    index_of_channel : int16 (65536,)    dense channel of each published channel, -1 where there is none
    new_tile : int64 (304,)    for the first hit of a tile: 1 in the byte of its quadrant 0..3, 1 in byte 4 if outer
    tight_tile : int64 (304,)  for the second PMT of a tile: 1 in byte 5, 1 in byte 6 if outer
    """

    index_of_channel: NDArray[np.int16]
    new_tile: NDArray[np.int64]
    tight_tile: NDArray[np.int64]


def chod_maps() -> ChodMaps:
    """Build the maps from the geometry; every count fits its byte, since a quadrant has 38 tiles and all have 152."""
    geometry = chod_geometry()
    index = np.full(1 << 16, -1, dtype=np.int16)
    index[: len(geometry.index_of_channel)] = geometry.index_of_channel
    quadrant = np.repeat(geometry.quadrant, 2).astype(np.int64)
    outer = 1 - np.repeat(geometry.inner, 2).astype(np.int64)
    one = np.int64(1)
    return ChodMaps(index, (one << (8 * quadrant)) + (outer << 32), (one << 40) + (outer << 48))


@inline_kernel
def _condition_index(word: int) -> int:
    """Index of `conditions.chod_table`. The four bytes of quadrant counts are added, and tested, all at once."""
    tiles = ((word & 0xFFFFFFFF) * 0x01010101 >> 24) & 255
    is_hit = ((word & 0xFFFFFFFF) + 0x7F7F7F7F >> 7) & 0x01010101
    quadrants = (is_hit * 0x01020408 >> 24) & 15
    outer = (word >> 32) & 255
    tight = (word >> 40) & 255
    tight_outer = (word >> 48) & 255
    index = (quadrants * 6 + min(tiles, 5)) * 6 + min(outer, 5)
    return (index * 3 + min(tight, 2)) * 2 + min(tight_outer, 1)


@kernel
def make_chod_primitives(
    time: NDArray[np.int64],
    channel_id: NDArray[np.uint16],
    watermark: int,
    index_of_channel: NDArray[np.int16],
    new_tile: NDArray[np.int64],
    tight_tile: NDArray[np.int64],
    dead_time: int,
    window: int,
    table: NDArray[np.uint16],
    last_hit: NDArray[np.int64],
    dropped: NDArray[np.int64],
    cluster: NDArray[np.void],
    out_time: NDArray[np.int64],
    out_bits: NDArray[np.uint16],
) -> int:
    """Group hits in time and send a primitive for each cluster that is closed and has a bit.

    A hit less than `window` after the first hit of a cluster belongs to it. A hit less than `dead_time` after the last
    accepted hit of its channel is dropped and does not prolong the dead time. Hits of one instant may come in any
    order. The time of a cluster is `first + (last - first) // 2`.

    Parameters
    ----------
    time, channel_id : (n,)    ascending, published readout channels
    watermark : no later hit is earlier; closes the last cluster when it is `window` or more after its first hit
    index_of_channel, new_tile, tight_tile : see `ChodMaps`
    table : uint16 (3456,)    see `conditions.chod_table`
    last_hit : int64 (304,)    time of the last accepted hit of each channel; updated
    dropped : int64 (2,)    hits dropped as dead, hits of unknown channels; added to
    cluster : (1,) of `primitives.OPEN_DTYPE`    the open cluster; updated
    out_time, out_bits : (>= n + 1,)    primitives; written

    Returns
    -------
    n_primitives
    """
    n = 0
    first, last, word = cluster[0]["first"], cluster[0]["last"], cluster[0]["word"]
    is_open = cluster[0]["is_open"] != 0
    start = first if is_open else -window
    for i in range(time.shape[0]):
        t = time[i]
        channel = np.int64(index_of_channel[channel_id[i]])
        if channel < 0:
            dropped[1] += 1
            continue
        same = last_hit[channel]
        if t - same < dead_time:
            dropped[0] += 1
            continue
        last_hit[channel] = t
        if t - start >= window:
            out_time[n] = start + (last - start) // 2
            out_bits[n] = table[_condition_index(word)]
            n += int(is_open and out_bits[n] != 0)
            is_open = True
            start = t
            word = np.int64(0)
        if same < start:
            word += new_tile[channel] if last_hit[channel ^ 1] < start else tight_tile[channel]
        last = t
    if is_open and watermark - start >= window:
        out_time[n] = start + (last - start) // 2
        out_bits[n] = table[_condition_index(word)]
        n += int(out_bits[n] != 0)
        is_open = False
    cluster[0]["is_open"], cluster[0]["first"] = int(is_open), start
    cluster[0]["last"], cluster[0]["word"] = last, word
    return n
