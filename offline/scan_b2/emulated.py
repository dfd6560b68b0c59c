"""Spills of the emulated detector at each setting of B2, without trigger, frames and reconstruction.

Scalers are free-running: they do not need any of these, and the hits are the same ones, bit for bit, that the source
of `dumpwatch live` makes for the same seed and burst. Beam, T10 and magnets are read as there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from daq.config import Config
from daq.records import EobRecord, SobRecord
from daq.source.conditions import BeamConditions, BurstConditions
from daq.source.emulator import EmulatedDetector
from monitor.spill import Spill, close_spill
from streaming.tally import Tally

START_NS = 1_760_000_000_000_000_000
"""SOB of the first spill [ns since 1970]: emulated spills have no wall clock, and the same scan gives the same file."""

CYCLE_NS = 14_400_000_000
NOTHING = "0" * 64


def emulated_spills(config: Config, currents_a: Sequence[float], each: int, seed: int) -> Iterator[Spill]:
    """Take `each` spills at every current, bursts numbered from 1; the magnet stands still in all of them.

    Raises
    ------
    ConfigError
        A current is outside the table of `beam.b2`.
    """
    detector = EmulatedDetector(config.beam, config.detector, seed, config.processes, config.signal)
    for burst, current in enumerate((current for current in currents_a for _ in range(each)), 1):
        yield emulated_spill(config, detector, burst, current)


def emulated_spill(config: Config, detector: EmulatedDetector, burst: int, current_a: float) -> Spill:
    """One spill with B2 at a current [A]; run 1, no events."""
    beam = BeamConditions(b2_set_a=current_a, b2_current_a=current_a)
    made = detector.burst(burst, BurstConditions(beam=beam))
    for _ in made.slices():
        pass
    stamp_ns = START_NS + burst * CYCLE_NS
    sob = SobRecord(
        run=1,
        burst=burst,
        sob_time_ns=stamp_ns,
        mode="EMULATED",
        config_digest=config.digest(),
        mask_digest=config.mask_digest(),
        b2_set_a=current_a,
    )
    eob = EobRecord(
        run=1,
        burst=burst,
        end="NORMAL",
        n_frames=0,
        n_events=0,
        frames_digest=NOTHING,
        beam=made.beam_record(stamp_ns),
        masks={},
        primitives={},
        n_choked=0,
        dead_ticks=0,
        spill_ticks=made.spill_ticks,
    )
    return close_spill(sob, eob, Tally.zero(), 0, (), NOTHING, b2_set_a=current_a)
