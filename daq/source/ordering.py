"""Time order of hits of one slice: a bucket sort, because a slice is nearly uniform in time."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from daq.hits import HitBlock
from daq.jit import kernel

MAX_IN_BUCKET = 64
"""More hits than this in one bucket: the times are not nearly uniform, and a general sort is faster."""


def time_order(time: NDArray[np.int64]) -> NDArray[np.int64]:
    """Rows in ascending time; equal times keep their order."""
    order = np.empty(len(time), np.int64)
    if not _bucket_order(time, order, MAX_IN_BUCKET):
        order = np.argsort(time, kind="stable")
    return order


def ordered_block(time: NDArray[np.int64], fields: Mapping[str, NDArray[np.generic]]) -> HitBlock:
    """Give the block of these hits in time order."""
    order = time_order(time)
    return HitBlock(time[order], {name: values[order] for name, values in fields.items()})


@kernel
def _bucket_order(time: NDArray[np.int64], order: NDArray[np.int64], max_in_bucket: int) -> bool:
    """Do a counting sort by coarse time, then insertion sort; False when a bucket is too full (order unset)."""
    n = len(time)
    if n == 0:
        return True
    low, high = time[0], time[0]
    for i in range(n):
        low, high = min(low, time[i]), max(high, time[i])
    scale = n / (float(high - low) + 1.0)
    start = np.zeros(n + 1, np.int64)
    for i in range(n):
        start[int((time[i] - low) * scale) + 1] += 1
    for k in range(n):
        if start[k + 1] > max_in_bucket:
            return False
        start[k + 1] += start[k]
    for i in range(n):
        bucket = int((time[i] - low) * scale)
        order[start[bucket]] = i
        start[bucket] += 1
    for i in range(1, n):
        row = order[i]
        k = i
        while k > 0 and time[order[k - 1]] > time[row]:
            order[k] = order[k - 1]
            k -= 1
        order[k] = row
    return True
