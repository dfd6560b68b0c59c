"""Speed of level 0 beside a vectorised NumPy version of its first half, on one stream, in one run.

The NumPy version makes CHOD clusters and the Q1 and H2 conditions and stops there; `step` does all of level 0.
"""

from __future__ import annotations

import timeit
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from daq.config.l0 import L0Config
from daq.errors import DumpwatchError
from daq.geometry.chod import chod_geometry
from daq.hits import END_OF_BURST, HitBatch, HitBlock, cut_block, empty_block, sorted_block
from daq.model import DETECTORS
from daq.units import ns_to_fine, seconds_to_fine
from l0emu.setup import L0Setup
from l0emu.state import L0Counters, new_burst
from l0emu.trigger import step


@dataclass(frozen=True, slots=True)
class BenchStream:
    """What the benchmark's stream looks like."""

    seconds: float = 2.0
    cluster_rate_hz: float = 280e3
    single_pmt_fraction: float = 0.05
    two_tile_fraction: float = 0.2
    pmt_sigma_ns: float = 0.6
    lkr_rate_hz: float = 4e3
    batch_seconds: float = 0.1
    seed: int = 1


def bench_l0(
    stream: BenchStream | None = None, repeats: int = 7, timer: Callable[[], float] = timeit.default_timer
) -> dict[str, float]:
    """Measure `step` and the NumPy version over one spill part; best of `repeats`.

    `timer` gives seconds; a timer of processor time keeps other load on the machine out of the figures.

    Returns
    -------
    l0_hits_per_second, numpy_hits_per_second : CHOD hits per second and core
    ratio : the first over the second
    n_hits, hits_per_cluster, n_triggers : of the stream

    Raises
    ------
    DumpwatchError
        The two versions count different Q1 or H2 clusters.
    """
    stream = stream or BenchStream()
    config = L0Config()
    setup = L0Setup.from_config(config)
    chod, lkr = _chod_hits(stream), _lkr_clusters(stream)
    batches = _cut(chod, lkr, stream)
    counters = _spill(batches, setup)
    channel = chod_geometry().index_of_channel[chod.fields["id"].astype(np.int64)].astype(np.int64)
    window, dead_time = ns_to_fine(config.inputs.chod.window_ns), ns_to_fine(config.inputs.chod.dead_time_ns)
    n_tiles = numpy_clusters(chod.time, channel, window, dead_time)
    if len(n_tiles) != counters.primitives["chod"]:
        msg = f"bench l0: {counters.primitives['chod']} clusters, the NumPy version has {len(n_tiles)}; one is wrong"
        raise DumpwatchError(msg)
    n_hits = len(chod.time)
    fast = n_hits / min(timeit.repeat(lambda: _spill(batches, setup), number=1, repeat=repeats, timer=timer))
    slow = n_hits / min(
        timeit.repeat(lambda: numpy_clusters(chod.time, channel, window, dead_time), number=1, repeat=3, timer=timer)
    )
    return {
        "l0_hits_per_second": fast,
        "numpy_hits_per_second": slow,
        "ratio": fast / slow,
        "n_hits": n_hits,
        "hits_per_cluster": n_hits / len(n_tiles),
        "n_triggers": counters.n_triggers,
    }


def numpy_clusters(
    time: NDArray[np.int64], channel: NDArray[np.int64], window: int, dead_time: int
) -> NDArray[np.int64]:
    """Number of hit tiles of each cluster, vectorised: Q1 is >= 1, H2 is >= 2.

    Dead time and windows both depend on what was accepted before, so each is repeated until nothing changes.
    """
    live = _live_hits(time, channel, dead_time)
    time, tile = time[live], channel[live] >> 1
    group = np.cumsum(np.diff(time, prepend=time[0] - window) >= window) - 1
    while True:
        start = time[np.flatnonzero(np.diff(group, prepend=-1))]
        late = time - start[group] >= window
        if not late.any():
            break
        first_late = late & ~np.concatenate(([False], late[:-1] & (group[1:] == group[:-1])))
        group = group + np.cumsum(first_late)
    pairs = np.unique(group * 256 + tile)
    return np.bincount(pairs // 256)


def _live_hits(time: NDArray[np.int64], channel: NDArray[np.int64], dead_time: int) -> NDArray[np.int64]:
    """Indices of the hits outside the dead time of their channel."""
    order = np.lexsort((time, channel))
    while True:
        near = (np.diff(time[order], prepend=time[order[0]] - dead_time) < dead_time) & (
            np.diff(channel[order], prepend=-1) == 0
        )
        if not near.any():
            return np.sort(order)
        # of a chain of near hits only the first is surely dead; the next one may be live without it
        order = order[~(near & ~np.concatenate(([False], near[:-1])))]


def _spill(batches: list[HitBatch], setup: L0Setup) -> L0Counters:
    state = new_burst(setup)
    for batch in batches:
        step(state, batch, setup)
    return state.counters(setup)


def _chod_hits(stream: BenchStream) -> HitBlock:
    rng = np.random.default_rng(stream.seed)
    n = rng.poisson(stream.cluster_rate_hz * stream.seconds)
    start = rng.integers(1000, seconds_to_fine(stream.seconds) - 1000, n)
    tile = rng.integers(0, 152, n)
    kind = rng.random(n)
    single = kind < stream.single_pmt_fraction
    double = kind > 1.0 - stream.two_tile_fraction
    parts = [(start, 2 * tile), (start[~single], 2 * tile[~single] + 1)]
    parts += [(start[double], 2 * ((tile[double] + 1) % 152) + pmt) for pmt in (0, 1)]
    time = np.concatenate([part[0] for part in parts])
    jitter = rng.normal(0.0, ns_to_fine(stream.pmt_sigma_ns), len(time))
    channel = np.concatenate([part[1] for part in parts])
    return sorted_block(time + np.rint(jitter).astype(np.int64), {"id": chod_geometry().channel_id[channel]})


def _lkr_clusters(stream: BenchStream) -> HitBlock:
    rng = np.random.default_rng(stream.seed + 1)
    n = rng.poisson(stream.lkr_rate_hz * stream.seconds)
    time = np.sort(rng.integers(1000, seconds_to_fine(stream.seconds) - 1000, n))
    empty = empty_block("lkr").fields
    fields = {name: np.zeros(n, dtype=values.dtype) for name, values in empty.items()}
    return HitBlock(time, fields | {"energy": rng.exponential(2.0, n).astype(np.float32)})


def _cut(chod: HitBlock, lkr: HitBlock, stream: BenchStream) -> list[HitBatch]:
    n = round(stream.seconds / stream.batch_seconds)
    marks = [seconds_to_fine(i * stream.batch_seconds) for i in range(n)] + [END_OF_BURST]
    empty = {name: empty_block(name) for name in DETECTORS}
    batches = []
    for low, high in pairwise(marks):
        cuts = {
            name: cut_block(block, *(int(i) for i in np.searchsorted(block.time, (low, high))))
            for name, block in (("chod", chod), ("lkr", lkr))
        }
        batches.append(HitBatch(high, empty | cuts))
    return batches
