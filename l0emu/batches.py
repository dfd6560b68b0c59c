"""Whether a slice of hits is acceptable: complete, typed, in order, inside the clock."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from daq.errors import DataError
from daq.hits import END_OF_BURST, HitBatch, HitBlock
from daq.jit import kernel
from daq.model import DETECTORS
from l0emu.setup import L0Setup
from l0emu.state import L0State

END_OF_CLOCK = 1 << 40
"""Times are below this: 32-bit time stamps, 8-bit fine times."""


@kernel
def is_ascending(time: NDArray[np.int64]) -> bool:
    """Whether no time is before the one in front of it."""
    n_wrong = 0
    for i in range(1, time.shape[0]):
        n_wrong += int(time[i] < time[i - 1])
    return n_wrong == 0


def check_batch(state: L0State, batch: HitBatch, setup: L0Setup) -> None:
    """Raise `DataError` unless `batch` continues the burst in `state`; checks only the detectors in use."""
    if state.watermark == END_OF_BURST:
        msg = "level 0: a batch after the end of the burst; start the next burst with new_burst()"
        raise DataError(msg)
    if batch.watermark < state.watermark:
        msg = f"level 0: watermark {batch.watermark} after {state.watermark}; watermarks must not go back"
        raise DataError(msg)
    for name in setup.inputs:
        if name not in batch.blocks:
            msg = f"level 0: batch without a block '{name}'; give an empty block"
            raise DataError(msg)
        _check_block(name, batch.blocks[name], max(state.inputs[name].newest, state.watermark))


def _check_block(name: str, block: HitBlock, earliest: int) -> None:
    n = len(block.time)
    columns = {"time": np.dtype(np.int64)}
    columns |= {column.name: np.dtype(column.dtype) for column in DETECTORS[name] if column.name != "time"}
    for column, dtype in columns.items():
        values = block.time if column == "time" else block.fields.get(column)
        if values is None or values.shape != (n,) or values.dtype != dtype:
            got = "nothing" if values is None else f"{values.dtype} of shape {values.shape}"
            msg = f"level 0: block '{name}', column '{column}': got {got}, wanted {dtype} of shape ({n},)"
            raise DataError(msg)
    if not n:
        return
    if not is_ascending(block.time):
        msg = f"level 0: block '{name}': times go back inside the batch; sort it with daq.hits.sorted_block"
        raise DataError(msg)
    if block.time[0] < earliest or block.time[-1] >= END_OF_CLOCK:
        msg = (
            f"level 0: block '{name}': times {block.time[0]}..{block.time[-1]}, wanted {earliest}..{END_OF_CLOCK - 1} "
            "(not before the last watermark or the last hit, inside a 32-bit clock); cut the slices in time order"
        )
        raise DataError(msg)
