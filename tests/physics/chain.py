"""Emulated bursts through the real Level 0, event builder and `streaming.reco`, with what was found event by event.

Candidates are looked at one by one here, masked or not: it is all emulated, and no product code does this.
"""

from dataclasses import dataclass, fields

import numpy as np

from daq.config import Config
from daq.config.beam import BeamConfig
from daq.config.detector import DetectorConfig
from daq.config.processes import ProcessesConfig
from daq.event_builder import EventBuilder
from daq.source.emulator import EmulatedDetector
from daq.units import ELECTRON_MASS_GEV, FINE_NS, MM_PER_M, MUON_MASS_GEV, TICK_NS, ns_to_fine
from l0emu import L0Setup, new_burst, step
from streaming.reco.channels import Zone
from streaming.reco.find import Selection
from streaming.reco.tax import pair_mass

CONFIG = Config()
SETUP = L0Setup.from_config(CONFIG.l0)
SILENT = {"chod_hz": 0.0, "na48chod_hz": 0.0, "muv3_hz": 0.0, "lav_hz": 0.0, "sav_hz": 0.0}
NOTHING = {
    "prompt_mumu": {"selected_per_pot": 0.0},
    "prompt_ee": {"selected_per_pot": 0.0},
    "upstream": {"selected_per_pot": 0.0},
    "k_short": {"selected_per_pot": 0.0},
    "k_plus": {"selected_per_pot": 0.0},
}
POT = 5.0e12


@dataclass
class Found:
    """One row for each event with exactly two tracks [ns, m, mm, GeV].

    good : exactly one two-track vertex of good tracks; channel : of the real selection, -1 for none
    z_vertex, cda : of the pair, whether good or not; pid : of the two tracks
    """

    time: np.ndarray
    good: np.ndarray
    channel: np.ndarray
    z_vertex: np.ndarray
    z_tax: np.ndarray
    cda_tax: np.ndarray
    mass_mumu: np.ndarray
    mass_ee: np.ndarray
    mass_pipi: np.ndarray
    charge: np.ndarray
    pid: np.ndarray

    def __getitem__(self, rows):
        return Found(*(getattr(self, f.name)[rows] for f in fields(self)))

    def __len__(self):
        return len(self.time)


def only(seed=7, detector=None, **process):
    """Source with nothing but one process, e.g. k_plus={"selected_per_pot": 2e-10}; 5e12 POT in so long a spill that
    events do not overlap."""
    quiet = {"halo": {"per_pot": 0.0}, "filler": {"chod_per_pot": 0.0, "lkr_per_pot": 0.0}, "noise": SILENT}
    processes = ProcessesConfig(**(NOTHING | process))
    beam = BeamConfig(pot_per_spill=POT, pot_relative_noise=0.0, spill_seconds=12.0, duty_factor=1.0)
    return EmulatedDetector(beam, DetectorConfig(**quiet | (detector or {})), seed, processes)


def frames(source, burst=1):
    """Chunks of events of a burst."""
    state, builder = new_burst(SETUP), EventBuilder(ns_to_fine(50.0))
    for batch in source.burst(burst).slices():
        triggers = step(state, batch, SETUP)
        yield from builder.add(batch, triggers.time, triggers.flags, triggers.trigger_type)


def found(source, burst=1, **cuts):
    """Run the real selection on a burst and take down what it found; `cuts` change the selection."""
    selection = Selection(CONFIG.reco.model_copy(update=cuts))
    parts = [_rows(selection.find(frame, CONFIG.gate.max_tracks), frame) for frame in frames(source, burst)]
    return Found(*(np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(Found)))


def _rows(seen, frame):
    pairs, vertices, chosen = seen.pairs, seen.vertices, seen.chosen
    two = np.flatnonzero(np.diff(pairs.pair_first) == 1)
    pair = pairs.pair_first[two]
    first, second = pairs.first[pair], pairs.second[pair]
    p = pairs.state[first, 5], pairs.state[second, 5]
    masses = [pair_mass(vertices.slopes[pair], *p, m, m) for m in (MUON_MASS_GEV, ELECTRON_MASS_GEV)]
    header = frame.header
    event = pairs.events[two]
    time = header["timestamp"][event].astype(float) * TICK_NS + header["fine_time"][event] * FINE_NS
    charge = pairs.state[first, 6] + pairs.state[second, 6]
    pid = np.stack((seen.tracks.pid[first], seen.tracks.pid[second]), axis=1)
    return Found(
        time,
        (chosen.pair[two] >= 0) & (seen.zone[pair] & int(Zone.FIDUCIAL) != 0),
        seen.channel[two],
        vertices.vertex[pair, 2] / MM_PER_M,
        seen.tax[pair, 0] / MM_PER_M,
        seen.tax[pair, 1],
        *masses,
        seen.mass_pipi[pair],
        charge,
        pid,
    )


def half_width(values):
    """Half of the interval that holds the middle 68.27 %."""
    low, high = np.percentile(values, [15.865, 84.135])
    return (high - low) / 2.0
