"""Mini-records of emulated bursts, made in this process through Level 0, the selection and the gate."""

from __future__ import annotations

import pyarrow as pa

from daq.config import Config
from daq.records import BeamRecord, EobRecord, MaskCounts, SobRecord
from daq.source.emulator import EmulatedDetector
from daq.source.modes import RunMode
from daq.units import FINE_NS, FINE_PER_TICK
from monitor.spill import close_spill
from offline.minirecords.make import BurstTables, burst_tables
from offline.minirecords.read import Records
from offline.minirecords.tables import TABLES
from offline.validation.chain import Burst
from offline.validation.halo import hard_halo
from streaming.reco.pipeline import Reconstruction
from streaming.tally import COUNTS, Tally

SAMPLE_BURSTS = 4
"""Two-track bursts of the sample of 1.4e17 POT."""


def beam_records(config: Config, seed: int, n_spills: int) -> Records:
    """Spills of beam, with all their single tracks; about two seconds each."""
    source = EmulatedDetector(config.beam, config.detector, seed, config.processes, config.signal)
    return together([one_burst(source, burst, config) for burst in range(1, n_spills + 1)])


def two_track_records(config: Config, seed: int, n_bursts: int, run: int = 2) -> Records:
    """Two-track bursts of 7000 spills each, without muons below the momentum cut; two seconds each."""
    detector = hard_halo(config).detector
    source = EmulatedDetector(config.beam, detector, seed, config.processes, config.signal, RunMode.TWO_TRACK)
    return together([one_burst(source, burst, config, run) for burst in range(1, n_bursts + 1)])


def one_burst(source: EmulatedDetector, number: int, config: Config, run: int = 1) -> BurstTables:
    """Tables of one burst of an emulated detector."""
    chain = Reconstruction(config.reco, config.regions, config.gate, config.channels)
    burst, tally = Burst(source, number, config), Tally.zero()
    frames = list(burst)
    n = sum(frame.n_events for frame in frames)
    # of the counts of a spill, the records hold the number of events alone
    tally.counts[[COUNTS.index(name) for name in ("events", "not_selected")]] = n
    bias = source.recipe.bias if source.recipe else None
    said = {} if bias is None else {"equivalent_pot": bias.equivalent_pot, "weight": bias.weight, "bias": bias.text}
    key = {"run": run, "burst": number}
    sob = SobRecord(
        **key, sob_time_ns=1, mode="EMULATED" if bias is None else "BIASED", config_digest="c", mask_digest="m", **said
    )
    eob = EobRecord(
        **key, end="NORMAL", n_frames=len(frames), n_events=n, frames_digest="", beam=_beam(burst, bias is None),
        masks={
            name: MaskCounts(generated=m.generated, sent=m.sent, downscaling=m.downscaling)
            for name, m in burst.ended.masks.items()
        },
        primitives={}, n_choked=0, dead_ticks=0,
        spill_ticks=round(config.beam.spill_seconds * 1e9 / (FINE_PER_TICK * FINE_NS)), **said,
    )  # fmt: skip
    return burst_tables(close_spill(sob, eob, tally, n, [], "0" * 64), frames, config, chain)


def together(parts: list[BurstTables]) -> Records:
    """Tables of several bursts as they are read back."""
    tables = (pa.concat_tables([getattr(part, name) for part in parts]).unify_dictionaries() for name in TABLES)
    return Records(*tables)


def _beam(burst: Burst, is_beam: bool) -> BeamRecord | None:
    if not is_beam:
        return None
    return BeamRecord(
        t10_intensity=burst.n_protons / 1e11, t10_stamp_ns=1, b1c_current_a=-770.0, b2_current_a=-250.0,
        magnet_stamp_ns=1, scalers={},
    )  # fmt: skip
