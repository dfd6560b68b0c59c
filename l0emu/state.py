"""What level 0 remembers inside a burst, and the counters that come out at its end.

Everything is reset at SOB: a new burst is a new state.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from daq.hits import END_OF_BURST
from daq.records import MaskCounts
from l0emu.chod_primitives import N_CHANNELS
from l0emu.decision import BOOK_DTYPE
from l0emu.primitives import OPEN_DTYPE
from l0emu.setup import L0Setup

LONG_AGO = -(1 << 62)
"""Before every time of a burst; differences to it do not overflow."""


@dataclass(slots=True)
class InputState:
    """One primitive source inside a burst.

    newest : time of the last hit seen [fine-time units]
    last_hit : int64 (304,)    CHOD only: last accepted hit of each channel
    dropped : int64 (2,)    CHOD only: hits dropped as dead, hits of unknown channels
    cluster : (1,) of `primitives.OPEN_DTYPE`    the open cluster
    time, bits : primitives that are not yet decided, and those that may still match one
    n_primitives, n_overwritten : counts
    """

    newest: int
    last_hit: NDArray[np.int64]
    dropped: NDArray[np.int64]
    cluster: NDArray[np.void]
    time: NDArray[np.int64]
    bits: NDArray[np.uint16]
    n_primitives: int
    n_overwritten: int


@dataclass(frozen=True, slots=True)
class L0Counters:
    """Counts of one burst, for its EOB record.

    masks : generated, sent and downscaling of each enabled mask and of the control line, by name
    primitives : primitives sent by each detector in use
    overwritten : primitives lost because a later one took their slot, by detector
    n_choked : reference primitives that arrived while the trigger was choked
    dead_ticks : time in choke [ticks]; a choke that outlasts the burst counts in full
    n_dead_hits, n_unknown_hits : CHOD hits dropped by the channel dead time and for an unknown channel
    """

    masks: dict[str, MaskCounts]
    primitives: dict[str, int]
    overwritten: dict[str, int]
    n_triggers: int
    n_choked: int
    dead_ticks: int
    n_dead_hits: int
    n_unknown_hits: int


@dataclass(slots=True)
class L0State:
    """State of one burst. Changed in place by `step`, by nothing else.

    watermark : of the last batch [fine-time units]
    stamp : first 25 ns stamp that is not yet decided
    generated, due : int64 (k + 1,)    firings, number of the next firing to be sent; by row of `L0Setup.names`
    book : (1,) of `decision.BOOK_DTYPE`
    """

    watermark: int
    stamp: int
    inputs: dict[str, InputState]
    generated: NDArray[np.int64]
    due: NDArray[np.int64]
    book: NDArray[np.void]

    @property
    def final_until(self) -> int:
        """No later trigger is earlier than this [fine-time units]."""
        return END_OF_BURST if self.watermark == END_OF_BURST else max(self.stamp, 0) * 256

    def counters(self, setup: L0Setup) -> L0Counters:
        """Give the counts so far; final after the batch that closed the burst."""
        chod = self.inputs.get("chod")
        sent = self.due // setup.downscaling - 1
        return L0Counters(
            masks={
                name: MaskCounts(
                    generated=int(self.generated[row]), sent=int(sent[row]), downscaling=int(setup.downscaling[row])
                )
                for name, row in setup.names.items()
            },
            primitives={name: source.n_primitives for name, source in self.inputs.items()},
            overwritten={name: source.n_overwritten for name, source in self.inputs.items()},
            n_triggers=int(self.book[0]["n_triggers"]),
            n_choked=int(self.book[0]["n_choked"]),
            dead_ticks=int(self.book[0]["dead_ticks"]),
            n_dead_hits=int(chod.dropped[0]) if chod else 0,
            n_unknown_hits=int(chod.dropped[1]) if chod else 0,
        )


def new_burst(setup: L0Setup) -> L0State:
    """State at SOB: counters, downscalers, clusters, FIFO and choke are empty."""
    book = np.zeros(1, dtype=BOOK_DTYPE)
    book["ready"] = setup.rules["start_delay"]
    return L0State(
        watermark=0,
        stamp=0,
        inputs={name: _new_input() for name in setup.inputs},
        generated=np.zeros(len(setup.flag), dtype=np.int64),
        due=setup.downscaling.copy(),
        book=book,
    )


def _new_input() -> InputState:
    return InputState(
        newest=0,
        last_hit=np.full(N_CHANNELS, LONG_AGO, dtype=np.int64),
        dropped=np.zeros(2, dtype=np.int64),
        cluster=np.zeros(1, dtype=OPEN_DTYPE),
        time=np.empty(0, dtype=np.int64),
        bits=np.empty(0, dtype=np.uint16),
        n_primitives=0,
        n_overwritten=0,
    )
