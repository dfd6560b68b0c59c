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
from streaming.reco.channels import photon_rows
from streaming.reco.extrapolation import At
from streaming.reco.find import Found, Selection
from streaming.reco.pipeline import Reconstruction
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
    inside, side : as in `streaming.regions.classify`
    visible : outside of all that is masked
    anti0_mm : float64 (n,)    distance from the axis at ANTI0 of the track that is closer to it
    delta_t_ns : float64 (n,)
    time_ns : float64 (n,)    of the trigger, since SOB
    pot : protons that give as many
    """

    channel: I64
    inside: I64
    side: I64
    visible: Flags
    anti0_mm: F64
    delta_t_ns: F64
    time_ns: F64
    pot: float = 0.0

    def __len__(self) -> int:
        return len(self.channel)

    def where(self, chosen: Flags) -> Emulated:
        """Those of a mask."""
        return replace(self, **{name: getattr(self, name)[chosen] for name in COLUMNS})

    def of(self, *channels: str) -> Emulated:
        """Those of some channels."""
        return self.where(np.isin(self.channel, [CHANNELS.index(name) for name in channels]))

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
        empty = Emulated(none, none, none, np.empty(0, np.bool_), nothing, nothing, nothing, pot)
        parts = [empty, *(self._one(frame) for frame in frames)]
        columns: dict[str, Any] = {name: np.concatenate([getattr(part, name) for part in parts]) for name in COLUMNS}
        return replace(empty, **columns)

    def _one(self, frame: EventFrame) -> Emulated:
        found = self._selection.find(frame, self._config.gate.max_tracks)
        rows = np.flatnonzero(found.channel >= 0)
        pair, events, channel = found.chosen.pair[rows], found.pairs.events[rows], found.channel[rows]
        inside, side = self._places(found, rows)
        both = np.stack((found.pairs.first[pair], found.pairs.second[pair]), axis=1)
        at = found.tracks.xy[both, At.ANTI0]
        return Emulated(
            channel, inside, side, ~self._chain.stripped(frame)[events], np.hypot(at[..., 0], at[..., 1]).min(axis=1),
            found.chosen.delta_t[rows], trigger_times(frame, events),
        )  # fmt: skip

    def _places(self, found: Found, rows: I64) -> tuple[I64, I64]:
        pair, channel = found.chosen.pair[rows], found.channel[rows]
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
