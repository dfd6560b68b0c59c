"""Emulated bursts through the real Level 0 and event builder.

With `offline.signal.chain`, which takes particles that the emulator drew, this is the only way events get into the
validation. There is no function that takes a recorded burst.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from daq.config import Config
from daq.errors import DataError, PolicyError
from daq.event_builder import EventBuilder
from daq.frame import EventFrame
from daq.source.emulator import EmulatedDetector
from daq.units import ns_to_fine
from l0emu import L0Setup, new_burst, step
from l0emu.state import L0Counters


@dataclass(slots=True)
class Burst:
    """One emulated burst; iterating gives its events, and when it has come to its end the rest is filled.

    n_hits : by detector
    scalers : free-running counts; empty for a biased burst, which no beam made
    n_protons : on target
    """

    source: EmulatedDetector
    number: int
    config: Config
    n_hits: dict[str, int] = field(default_factory=dict)
    scalers: dict[str, int] = field(default_factory=dict)
    n_protons: int = 0
    _counters: L0Counters | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.source, EmulatedDetector):
            msg = (
                f"validation: a burst of {type(self.source).__name__}, wanted one of EmulatedDetector; it looks inside "
                "the mask and takes nothing but what it emulates itself"
            )
            raise PolicyError(msg)

    @property
    def ended(self) -> L0Counters:
        """Counters of Level 0 at the end of the burst."""
        if self._counters is None:
            msg = f"validation: counters of burst {self.number} asked for before its last event; take all events first"
            raise DataError(msg)
        return self._counters

    def __iter__(self) -> Iterator[EventFrame]:
        setup = L0Setup.from_config(self.config.l0)
        state, builder = new_burst(setup), EventBuilder(ns_to_fine(self.config.detector.readout_window_ns))
        burst = self.source.burst(self.number)
        self.n_protons = burst.n_protons
        for batch in burst.slices():
            for name, block in batch.blocks.items():
                self.n_hits[name] = self.n_hits.get(name, 0) + len(block.time)
            triggers = step(state, batch, setup)
            yield from builder.add(batch, triggers.time, triggers.flags, triggers.trigger_type)
        self._counters = state.counters(setup)
        record = burst.beam_record(0)
        self.scalers = dict(record.scalers) if record else {}
