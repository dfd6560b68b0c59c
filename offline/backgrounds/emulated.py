"""Emulated events of one process, through the selection of the chain: where they are found, masked regions included.

What the publications take from simulations. Only a configuration and a seed get in, or particles that were made from
single tracks: there is no function that takes a recorded burst, so that nothing masked can come out (decision 11).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from daq.config import Config
from daq.config.processes import SAMPLE_POT
from daq.frame import EventFrame
from daq.source.emulator import EmulatedDetector
from daq.source.modes import RunMode
from daq.units import FINE_NS, FINE_PER_TICK
from offline.backgrounds.expected import Region
from offline.validation.chain import Burst
from streaming.reco.arrays import F64, I64, Flags
from streaming.reco.channels import Veto, photon_rows
from streaming.reco.find import Found, Selection
from streaming.reco.pipeline import Reconstruction
from streaming.reco.selection import ChannelInputs, choose_channels
from streaming.regions import classify, region_table
from streaming.tally import CHANNELS

PROCESSES = ("prompt_mumu", "prompt_ee", "upstream", "k_short", "k_plus")

MADE = {"prompt_mumu": 1.0, "prompt_ee": 10.0, "upstream": 60.0, "k_short": 1200.0, "k_plus": 2500.0}
"""So many times the events of the published sample are made: a second or two each."""

SR, CR, KS = 0, 1, 2
"""Values of `Emulated.inside`, those of `streaming.regions.classify`."""


class Count(NamedTuple):
    """Candidates of a region: all, and those that the gate would show."""

    all: int
    visible: int


@dataclass(frozen=True, slots=True, eq=False)
class Emulated:
    """Candidates of any channel, n of them.

    channel : row of `CHANNELS`
    before_anti0 : the same without the cut on the hole of ANTI0; -1 for none, here and there
    inside, side : as in `streaming.regions.classify`, for `before_anti0` if that is one
    visible : outside of all that is masked
    delta_t_ns : float64 (n,)
    time_ns : float64 (n,)    of the trigger, since SOB
    pot : protons that give as many
    """

    channel: I64
    before_anti0: I64
    inside: I64
    side: I64
    visible: Flags
    delta_t_ns: F64
    time_ns: F64
    pot: float = 0.0

    def __len__(self) -> int:
        return len(self.channel)

    def where(self, chosen: Flags) -> Emulated:
        """Those of a mask."""
        return replace(self, **{name: getattr(self, name)[chosen] for name in COLUMNS})

    def of(self, *channels: str, before_anti0: bool = False) -> Emulated:
        """Those of some channels."""
        own = self.before_anti0 if before_anti0 else self.channel
        return self.where(np.isin(own, [CHANNELS.index(name) for name in channels]))

    def count(self, region: Region) -> Count:
        """Candidates in a region."""
        chosen = self._in(region)
        return Count(int(np.count_nonzero(chosen)), int(np.count_nonzero(chosen & self.visible)))

    def _in(self, region: Region) -> Flags:
        outside = (self.inside != SR) & (self.inside != CR)
        match region:
            case "SR":
                return np.asarray(self.inside == SR)
            case "CR":
                return np.asarray(self.inside == CR)
            case "OUTSIDE":
                return np.asarray(outside)
            case "OCR123":
                return np.asarray(outside & (self.side < 3))
            case "OCR1" | "OCR2" | "OCR3":
                return np.asarray(outside & (self.side == int(region[-1]) - 1))


COLUMNS = tuple(field.name for field in fields(Emulated) if field.name != "pot")


class Collector:
    """The selection of the chain for emulated events; holds no state between frames."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._selection = Selection(config.reco, config.channels)
        self._chain = Reconstruction(config.reco, config.regions, config.gate, config.channels)
        self._table = region_table(config.regions)

    def collect(self, frames: Iterable[EventFrame], pot: float = 0.0) -> Emulated:
        """Find the candidates of frames."""
        nothing, none = np.empty(0), np.empty(0, np.int64)
        empty = Emulated(none, none, none, none, np.empty(0, np.bool_), nothing, nothing, pot)
        parts = [empty, *(self._one(frame) for frame in frames)]
        columns: dict[str, Any] = {name: np.concatenate([getattr(part, name) for part in parts]) for name in COLUMNS}
        return replace(empty, **columns)

    def _one(self, frame: EventFrame) -> Emulated:
        found = self._selection.find(frame, self._config.gate.max_tracks)
        before = self._before_anti0(frame, found)
        rows = np.flatnonzero((found.channel >= 0) | (before >= 0))
        events, channel, before = found.pairs.events[rows], found.channel[rows], before[rows]
        inside, side = self._places(found, rows, np.where(before >= 0, before, channel))
        visible = ~self._chain.stripped(frame)[events]
        times = (found.chosen.delta_t[rows], trigger_times(frame, events))
        return Emulated(channel, before, inside, side, visible, *times)

    def _before_anti0(self, frame: EventFrame, found: Found) -> I64:
        """Channel of each event as if no track had crossed the hole of ANTI0."""
        active = found.active & ~int(Veto.ANTI0_HOLE)
        inputs = ChannelInputs(found.zone, active, found.neutral, found.kaon, found.tracks.pid, found.tracks.is_ee)
        return choose_channels(frame, found.pairs, found.chosen.pair, inputs, self._config.reco)

    def _places(self, found: Found, rows: I64, channel: I64) -> tuple[I64, I64]:
        pair = found.chosen.pair[rows]
        line = np.where(photon_rows()[channel, None], found.line[rows], found.tax[pair])
        inside, side = np.full(len(rows), -1), np.full(len(rows), -1)
        classify(np.ascontiguousarray(line), found.mass_pipi[pair], channel, self._table, inside, side)
        return inside, side


def process(name: str, config: Config, seed: int, times: float | None = None) -> Emulated:
    """One process alone, without the halo; kept, so that asking again costs nothing.

    Parameters
    ----------
    name : of `PROCESSES`
    times : as often as in the published sample, `MADE` if left out
    """
    return _process(name, config.model_dump_json(), seed, MADE[name] if times is None else times)


@lru_cache(maxsize=16)
def _process(name: str, config_json: str, seed: int, times: float) -> Emulated:
    config = Config.model_validate_json(config_json)
    spills = max(1, round(SAMPLE_POT / config.beam.pot_per_spill))
    factor = times * SAMPLE_POT / (config.beam.pot_per_spill * spills)
    changed = {}
    for other in PROCESSES:
        made = getattr(config.processes, other)
        changed[other] = made.model_copy(
            update={"selected_per_pot": made.selected_per_pot * (factor if other == name else 0.0)}
        )
    quiet = config.detector.halo.model_copy(update={"per_pot": 0.0})
    modes = config.detector.modes.model_copy(update={"spills_per_burst": spills})
    detector = config.detector.model_copy(update={"halo": quiet, "modes": modes})
    processes = config.processes.model_copy(update=changed)
    source = EmulatedDetector(config.beam, detector, seed, processes, config.signal, RunMode.TWO_TRACK)
    return Collector(config).collect(Burst(source, 0, config), pot=times * SAMPLE_POT)


def trigger_times(frame: EventFrame, events: I64) -> F64:
    """Time of the trigger of some events [ns since SOB]."""
    ticks, fine = (frame.header[name][events].astype(np.int64) for name in ("timestamp", "fine_time"))
    times: NDArray[np.float64] = (ticks * FINE_PER_TICK + fine).astype(np.float64) * FINE_NS
    return times
