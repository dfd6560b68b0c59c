"""Primitives of the other detectors: NA48-CHOD, LAV station 12, MUV3, LKr.

Each hit has a feature word, which a cluster ORs, and an energy, which it sums. Clusters are cut as for the CHOD.
These detectors have no dead time here [assumed].
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from daq.geometry.muv3 import N_IDS, SECOND_PMT, muv3_geometry
from daq.hits import HitBlock
from daq.jit import kernel
from l0emu.conditions import FEATURES, LAV_STATION

N_NA48_SLABS, N_NA48_VERTICAL = 128, 64
FIRST_INNER_MUV3_TILE = 144

OPEN_DTYPE = np.dtype([(name, "<i8") for name in ("is_open", "first", "last", "word")] + [("energy", "<f8")])
"""The cluster that later hits may still join: 1 when there is one, its first and last hit [fine-time units], ORed
features (CHOD: packed tile counts), summed energy [GeV]."""


def hit_features(detector: str, block: HitBlock) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Feature word (-1: the trigger does not see this hit) and energy [GeV] of each hit.

    LAV hits of other stations are not seen; ids that do not exist and energies that are not finite neither.
    """
    none = np.zeros(len(block.time), dtype=np.float64)
    if detector == "lkr":
        energy = block.fields["energy"].astype(np.float64)
        return np.where(np.isfinite(energy), 0, -1).astype(np.int64), energy
    if detector == "lav":
        seen = block.fields["station"] == LAV_STATION
        return np.where(seen, FEATURES["lav"]["station 12"], -1).astype(np.int64), none
    channel = block.fields["id"].astype(np.int64)
    table = _na48_features() if detector == "na48chod" else _muv3_features()
    return np.where(channel < len(table), table[np.minimum(channel, len(table) - 1)], -1), none


def _na48_features() -> NDArray[np.int64]:
    names = FEATURES["na48chod"]
    slab = np.arange(N_NA48_SLABS)
    return np.where(slab < N_NA48_VERTICAL, names["vertical"], names["horizontal"]).astype(np.int64)


def _muv3_features() -> NDArray[np.int64]:
    names = FEATURES["muv3"]
    table = np.full(SECOND_PMT + N_IDS, -1, dtype=np.int64)
    tile = np.arange(N_IDS)
    feature = np.where(tile < FIRST_INNER_MUV3_TILE, names["outer"], names["inner"])
    table[:N_IDS] = np.where(muv3_geometry().exists, feature, -1)
    table[SECOND_PMT:] = table[:N_IDS]
    return table


@kernel
def make_primitives(
    time: NDArray[np.int64],
    feature: NDArray[np.int64],
    energy: NDArray[np.float64],
    watermark: int,
    window: int,
    threshold: float,
    table: NDArray[np.uint16],
    cluster: NDArray[np.void],
    out_time: NDArray[np.int64],
    out_bits: NDArray[np.uint16],
) -> int:
    """Group hits in time and send a primitive for each cluster that is closed and has a bit.

    A hit less than `window` after the first hit of a cluster belongs to it. The time of a cluster is
    `first + (last - first) // 2`. A summed energy above `threshold` [GeV] sets feature bit 0.

    Parameters
    ----------
    time, feature, energy : (n,)    ascending; hits with a negative feature are passed over
    watermark : no later hit is earlier; closes the last cluster when it is `window` or more after its first hit
    table : uint16 (4,)    see `conditions.feature_table`
    cluster : (1,) of OPEN_DTYPE    the open cluster; updated
    out_time, out_bits : (>= n + 1,)    primitives; written

    Returns
    -------
    n_primitives
    """
    n = 0
    first, last, word = cluster[0]["first"], cluster[0]["last"], cluster[0]["word"]
    total = cluster[0]["energy"]
    is_open = cluster[0]["is_open"] != 0
    for i in range(time.shape[0] + 1):
        is_past_end = i == time.shape[0]
        if not is_past_end and feature[i] < 0:
            continue
        t = watermark if is_past_end else time[i]
        if is_open and t - first >= window:
            out_time[n] = first + (last - first) // 2
            out_bits[n] = table[word | np.int64(total > threshold)]
            n += int(out_bits[n] != 0)
            is_open = False
        if is_past_end:
            break
        if not is_open:
            is_open, first, word, total = True, t, np.int64(0), 0.0
        last = t
        word |= feature[i]
        total += energy[i]
    cluster[0]["is_open"], cluster[0]["first"], cluster[0]["last"] = int(is_open), first, last
    cluster[0]["word"], cluster[0]["energy"] = word, total
    return n
