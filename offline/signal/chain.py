"""Generated decays through the emulated detector, Level 0, the event builder and the selection of the chain.

Decays are put `SPACING_NS` apart, so that no two of them share an event and the time of a trigger names its decay.
Only particles get in: the emulator drew them, or an outside generator did. There is no way in for a recorded burst.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields

import numpy as np

from daq.config import Config
from daq.errors import ConfigError
from daq.event_builder import EventBuilder
from daq.frame import EventFrame
from daq.hits import END_OF_BURST, HitBatch, empty_block
from daq.model import DETECTORS
from daq.source.ordering import ordered_block
from daq.source.particles import Particles
from daq.source.processes.births import respond_event
from daq.source.propagation import path_curve
from daq.source.signal.final_states import FINAL_STATES
from daq.units import FINE_NS, FINE_PER_TICK, MM_PER_M, ns_to_fine
from l0emu import L0Setup, new_burst, step
from offline.signal.candidate_mass import candidate_masses
from streaming.reco.arrays import F64, I8, I64, Flags
from streaming.reco.channels import photon_rows
from streaming.reco.find import Found, Selection
from streaming.regions import classify, region_table
from streaming.tally import CHANNELS

SPACING_NS = 1000.0
"""Decays this far apart never share an event."""

CHANNEL_OF = {
    "mumu": "mumu_os", "ee": "ee_os", "pipi": "pipi_os", "pipigamma": "pipi_gamma", "pipipi0": "pipi_pi0",
    "pipipi0pi0": "pipi_2pi0", "pipieta": "pipi_eta", "kk": "kk", "kkpi0": "kk_pi0",
}  # fmt: skip
"""Row of `streaming.tally.CHANNELS` that searches for a final state of `FINAL_STATES`."""

REGIONS = ("SR", "CR", "KS")
"""Names of the values of `Selected.region`; -1 is outside of all. Source: `streaming.regions.classify`."""


@dataclass(frozen=True, slots=True, eq=False)
class Selected:
    """Decays that the selection took for their own final state, n of them.

    row : int64    which of the decays
    region : int8    place in `REGIONS`, -1 outside
    z_tax_m, cda_tax_mm, delta_t_ns : float64    as the chain has them; with photons where they belong to the channel
    mass_gev : float64    of the tracks as what the channel takes them for, and of the photons
    """

    row: I64
    region: I8
    z_tax_m: F64
    cda_tax_mm: F64
    delta_t_ns: F64
    mass_gev: F64

    def __len__(self) -> int:
        return len(self.row)

    def where(self, chosen: Flags) -> Selected:
        """Those of a mask."""
        return Selected(*(getattr(self, f.name)[chosen] for f in fields(self)))

    def inside(self, region: str) -> Flags:
        """Mask of those in SR or CR; 'any' for all.

        Raises
        ------
        ConfigError
            There is no such region.
        """
        if region == "any":
            return np.ones(len(self), np.bool_)
        if region not in REGIONS:
            msg = f"signal: no region '{region}'; wanted one of {', '.join(REGIONS)}, or any; change it"
            raise ConfigError(msg)
        result: Flags = self.region == REGIONS.index(region)
        return result


class SignalChain:
    """The chain for one configuration; holds no state between calls."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.curve = path_curve(config.detector.straw.kick_sign)
        self._setup = L0Setup.from_config(config.l0)
        self._window = ns_to_fine(config.detector.readout_window_ns)
        self._selection = Selection(config.reco, config.channels)
        self._regions = region_table(config.regions)

    def select(self, particles: Particles, rng: np.random.Generator, final_state: str) -> Selected:
        """Decays that are found as `final_state`; decay k is at `(k + 1) * SPACING_NS`."""
        check_final_state(final_state)
        frames = events_of(particles, rng, self.config, self._setup)
        parts = [self._select(frame, final_state) for frame in frames]
        return joined(parts)

    def _select(self, frame: EventFrame, final_state: str) -> Selected:
        found = self._selection.find(frame, self.config.gate.max_tracks)
        channel = CHANNELS.index(CHANNEL_OF[final_state])
        rows = np.flatnonzero(found.channel == channel)
        pair = found.chosen.pair[rows]
        place = found.line[rows] if photon_rows()[channel] else found.tax[pair]
        return Selected(
            decay_rows(frame, found.pairs.events[rows]),
            self._region(found, rows, place),
            place[:, 0] / MM_PER_M,
            place[:, 1].copy(),
            found.chosen.delta_t[rows],
            candidate_masses(frame, found, rows, final_state, self.config.channels),
        )

    def _region(self, found: Found, rows: I64, place: F64) -> I8:
        inside, side = np.full(len(rows), -1), np.full(len(rows), -1)
        mass = found.mass_pipi[found.chosen.pair[rows]]
        classify(np.ascontiguousarray(place), mass, found.channel[rows], self._regions, inside, side)
        return inside.astype(np.int8)


def decay_rows(frame: EventFrame, events: I64) -> I64:
    """Number of the decay of each event, from the time of its trigger."""
    ticks, fine = (frame.header[name][events].astype(np.int64) for name in ("timestamp", "fine_time"))
    time = (ticks * FINE_PER_TICK + fine).astype(np.float64) * FINE_NS
    return np.rint(time / SPACING_NS).astype(np.int64) - 1


def joined(parts: Iterable[Selected]) -> Selected:
    """Several, one after the other; of nothing, nothing."""
    empty = np.zeros(0)
    nothing = Selected(empty.astype(np.int64), empty.astype(np.int8), empty, empty, empty, empty)
    every = [nothing, *parts]
    return Selected(*(np.concatenate([getattr(part, f.name) for part in every]) for f in fields(Selected)))


def check_final_state(final_state: str) -> None:
    """Refuse a final state that nothing searches for."""
    if final_state not in FINAL_STATES:
        msg = f"signal: no final state '{final_state}'; wanted one of {', '.join(FINAL_STATES)}; change it"
        raise ConfigError(msg)


def events_of(
    particles: Particles, rng: np.random.Generator, config: Config, setup: L0Setup | None = None
) -> Iterator[EventFrame]:
    """Events of drawn particles and their companions alone, without noise; their times tell them apart."""
    curve = path_curve(config.detector.straw.kick_sign)
    parts: dict[str, list[tuple[np.ndarray, dict[str, np.ndarray]]]] = {name: [] for name in DETECTORS}
    for name, block in respond_event(rng, particles, config.detector, curve):
        parts[name].append((block.time, dict(block.fields)))
    blocks = {}
    for name, pieces in parts.items():
        empty = empty_block(name)
        time = np.concatenate([empty.time, *(piece[0] for piece in pieces)])
        columns = {
            key: np.concatenate([values, *(piece[1][key] for piece in pieces)]) for key, values in empty.fields.items()
        }
        blocks[name] = ordered_block(time, columns)
    setup = setup or L0Setup.from_config(config.l0)
    batch = HitBatch(END_OF_BURST, blocks)
    triggers = step(new_burst(setup), batch, setup)
    builder = EventBuilder(ns_to_fine(config.detector.readout_window_ns))
    yield from builder.add(batch, triggers.time, triggers.flags, triggers.trigger_type)
