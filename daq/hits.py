"""What a detector delivers: hits in time order, in slices with a watermark."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from daq.model import DETECTORS

END_OF_BURST = np.iinfo(np.int64).max
"""Watermark of the last slice of a burst: nothing comes after it."""


@dataclass(frozen=True, slots=True)
class HitBlock:
    """Hits (or clusters, or tracks) of one detector.

    time : int64 (n,)    fine-time units since SOB, ascending
    fields : name -> array (n,)    the columns of `model.DETECTORS[detector]` without `time`; the `id` of the tile
        detectors is the published readout channel
    """

    time: NDArray[np.int64]
    fields: Mapping[str, NDArray[np.generic]]


@dataclass(frozen=True, slots=True)
class HitBatch:
    """One slice of a burst: a block for every detector of the event model.

    watermark : no later slice holds a hit earlier than this [fine-time units]; `END_OF_BURST` closes the burst
    """

    watermark: int
    blocks: Mapping[str, HitBlock]


def empty_block(detector: str) -> HitBlock:
    """A block without hits, with the right columns and types."""
    columns = [column for column in DETECTORS[detector] if column.name != "time"]
    return HitBlock(np.empty(0, np.int64), {c.name: np.empty(0, np.dtype(c.dtype)) for c in columns})


def sorted_block(time: NDArray[np.int64], fields: Mapping[str, NDArray[np.generic]]) -> HitBlock:
    """A block in time order; the sort is stable, so equal times keep their order."""
    order = np.argsort(time, kind="stable")
    return HitBlock(time[order], {name: values[order] for name, values in fields.items()})


def join_blocks(first: HitBlock, second: HitBlock) -> HitBlock:
    """Two blocks one after the other; the caller knows that the second is not earlier."""
    fields = {name: np.concatenate((values, second.fields[name])) for name, values in first.fields.items()}
    return HitBlock(np.concatenate((first.time, second.time)), fields)


def cut_block(block: HitBlock, start: int, stop: int) -> HitBlock:
    """Rows `start:stop` of a block, as views."""
    return HitBlock(block.time[start:stop], {name: values[start:stop] for name, values in block.fields.items()})
