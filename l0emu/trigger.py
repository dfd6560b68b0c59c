"""One step of level 0: a slice of hits in, the triggers that have become final out.

The law: any cut of the hits of a burst into slices gives the same triggers and counters. It holds because clusters are
left open until the watermark has passed their window, and a stamp is decided only when no primitive can come any more
into the slots that its candidates read.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import NDArray

from daq.hits import END_OF_BURST, HitBatch, HitBlock
from l0emu.batches import check_batch
from l0emu.chod_primitives import make_chod_primitives
from l0emu.decision import decide
from l0emu.matching import complete_stamps, count_overwritten, match_primitives
from l0emu.primitives import hit_features, make_primitives
from l0emu.setup import L0Setup
from l0emu.state import InputState, L0State


@dataclass(frozen=True, slots=True)
class Triggers:
    """Triggers in time order, one per 25 ns stamp at most.

    time : int64 (n,)    fine-time units since SOB: timestamp * 256 + fine_time of the reference primitive, or of the
        control primitive when the trigger is of the control line only
    flags : uint16 (n,)    one bit per mask sent; 0 for a control trigger
    trigger_type : uint8 (n,)    bits of `daq.model.TriggerType`
    """

    time: NDArray[np.int64]
    flags: NDArray[np.uint16]
    trigger_type: NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.time)


def step(state: L0State, batch: HitBatch, setup: L0Setup) -> Triggers:
    """Take one slice of a burst and return the triggers that it made final.

    Parameters
    ----------
    state : changed in place; untouched when an error is raised
    batch : hits of each detector ascending in time and not earlier than those before; a watermark of `END_OF_BURST`
        closes the burst and makes everything final

    Returns
    -------
    Triggers, all later than those of the steps before and never changed by steps after.

    Raises
    ------
    DataError
        Hits out of order, before the last watermark or outside the clock; blocks of the wrong shape or type; burst
        already closed.
    """
    check_batch(state, batch, setup)
    horizon = batch.watermark
    for name, source in state.inputs.items():
        block = batch.blocks[name]
        _take_hits(name, source, block, batch.watermark, setup)
        if len(block.time):
            source.newest = int(block.time[-1])
        cluster = source.cluster[0]
        if cluster["is_open"]:
            horizon = min(horizon, int(cluster["first"] + (cluster["last"] - cluster["first"]) // 2))
    limit = max(complete_stamps(horizon, setup.fine_time_bits), state.stamp)
    triggers = _decide_until(state, limit, setup)
    state.stamp, state.watermark = limit, batch.watermark
    return triggers


def _take_hits(name: str, source: InputState, block: HitBlock, watermark: int, setup: L0Setup) -> None:
    """Make primitives of new hits and put them behind those that wait."""
    own = setup.inputs[name]
    size = len(block.time) + 1
    time, bits = np.empty(size, dtype=np.int64), np.empty(size, dtype=np.uint16)
    if name == "chod":
        n = make_chod_primitives(
            block.time,
            cast("NDArray[np.uint16]", block.fields["id"]),
            watermark,
            setup.chod.index_of_channel,
            setup.chod.new_tile,
            setup.chod.tight_tile,
            own.dead_time,
            own.window,
            own.table,
            source.last_hit,
            source.dropped,
            source.cluster,
            time,
            bits,
        )
    else:
        feature, energy = hit_features(name, block)
        n = make_primitives(
            block.time, feature, energy, watermark, own.window, own.threshold, own.table, source.cluster, time, bits
        )
    source.n_primitives += n
    source.time = np.concatenate((source.time, time[:n]))
    source.bits = np.concatenate((source.bits, bits[:n]))


def _decide_until(state: L0State, limit: int, setup: L0Setup) -> Triggers:
    time, fired = _candidates(state, limit, setup)
    control_time, control_fired = _control_candidates(state, limit, setup)
    size = len(time) + len(control_time)
    out = Triggers(np.empty(size, dtype=np.int64), np.empty(size, dtype=np.uint16), np.empty(size, dtype=np.uint8))
    n = decide(
        time,
        fired,
        control_time,
        control_fired,
        setup.flag,
        setup.downscaling,
        state.generated,
        state.due,
        setup.rules,
        state.book,
        out.time,
        out.flags,
        out.trigger_type,
    )
    for source in state.inputs.values():
        _forget(source, limit, setup)
    return Triggers(out.time[:n], out.flags[:n], out.trigger_type[:n])


def _undecided(source: InputState, start: int, stop: int) -> slice:
    """Primitives of the stamps `start:stop`."""
    return slice(*np.searchsorted(source.time, (start * 256, stop * 256)))


def _candidates(state: L0State, limit: int, setup: L0Setup) -> tuple[NDArray[np.int64], NDArray[np.uint16]]:
    reference = state.inputs.get(setup.reference)
    if reference is None or len(setup.flag) == 1:
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.uint16)
    others = [state.inputs[name] for name in setup.others]
    edge = np.cumsum([0, *(len(source.time) for source in others)], dtype=np.int64)
    other_time = np.concatenate([np.empty(0, dtype=np.int64), *(source.time for source in others)])
    other_bits = np.concatenate([np.empty(0, dtype=np.uint16), *(source.bits for source in others)])
    rows = _undecided(reference, state.stamp, limit)
    time, bits = reference.time[rows], reference.bits[rows]
    out_time, out_fired = np.empty(len(time), dtype=np.int64), np.empty(len(time), dtype=np.uint16)
    n = match_primitives(
        time, bits, other_time, other_bits, edge, setup.time_cut, setup.tables, setup.shift, out_time, out_fired
    )
    return out_time[:n], out_fired[:n]


def _control_candidates(state: L0State, limit: int, setup: L0Setup) -> tuple[NDArray[np.int64], NDArray[np.uint16]]:
    if setup.control is None:
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.uint16)
    source = state.inputs[setup.control]
    rows = _undecided(source, state.stamp, limit)
    time, bits = source.time[rows], source.bits[rows]
    out_time, out_fired = np.empty(len(time), dtype=np.int64), np.empty(len(time), dtype=np.uint16)
    none = np.zeros(1, dtype=np.int64)
    n = match_primitives(
        time, bits, none[:0], bits[:0], none, none[:0], setup.control_table, setup.shift, out_time, out_fired
    )
    return out_time[:n], out_fired[:n]


def _forget(source: InputState, limit: int, setup: L0Setup) -> None:
    """Drop primitives that no candidate of stamp `limit` or later can read: those before its slot N-1."""
    first_slot = (limit << setup.fine_time_bits) - 1
    cut = int(np.searchsorted(source.time, min(first_slot << setup.shift, END_OF_BURST)))
    source.n_overwritten += count_overwritten(source.time[:cut], setup.shift)
    source.time, source.bits = source.time[cut:].copy(), source.bits[cut:].copy()
