"""Emulated bursts through the real Level 0, event builder and reconstruction, without processes around them.

Region counts are read from the public tally, so nothing that is masked is looked at.
"""

import numpy as np
import pytest

from daq.config import Config
from daq.config.beam import BeamConfig
from daq.config.detector import DetectorConfig, StrawResponse
from daq.errors import DumpwatchError
from daq.event_builder import EventBuilder
from daq.hits import END_OF_BURST, HitBatch, join_blocks
from daq.source.emulator import EmulatedDetector
from daq.source.modes import RunMode
from daq.source.particles import Kind, Particles
from daq.source.propagation import path_curve
from daq.source.response.straw import straw_tracks
from daq.source.streams import stream
from daq.units import ns_to_fine
from l0emu import L0Setup, new_burst, step
from offline.bench.emulator import bench_signal, numpy_tracks
from streaming.reco.pipeline import Reconstruction
from streaming.reco.vertex import default_cells, find_vertices
from streaming.tally import CHANNELS, Tally

CONFIG = Config()
SETUP = L0Setup.from_config(CONFIG.l0)
SILENT = {"chod_hz": 0.0, "na48chod_hz": 0.0, "muv3_hz": 0.0, "lav_hz": 0.0, "sav_hz": 0.0}
HARD_ONLY = {"soft_fraction": 0.0, "per_pot": 2.5e9 / 1.4e17}
"""The soft half of the halo is below the momentum cut, so pairs with it only cost time."""


def events(batches):
    """Chunks of events of a burst, and the state of Level 0 after it."""
    state, builder, chunks = new_burst(SETUP), EventBuilder(ns_to_fine(50.0)), []
    for batch in batches:
        triggers = step(state, batch, SETUP)
        chunks += builder.add(batch, triggers.time, triggers.flags, triggers.trigger_type)
    return chunks, state


def test_h2_efficiency_for_pairs_in_acceptance():
    """98 % +- 0.5 %, published; 26,000 pairs give 0.1 %. Muons of a pair are up to 5 ns apart."""
    modes = {"pair_window_ns": 5.0, "spills_per_burst": 500}
    detector = DetectorConfig(noise=SILENT, modes=modes)
    source = EmulatedDetector(BeamConfig(), detector, 8, mode=RunMode.TWO_TRACK)
    n_pairs, state = 0, new_burst(SETUP)
    part = source.recipe.parts[0]
    for k, batch in enumerate(source.burst(0).slices()):
        n_pairs += len(part.draw(stream(8, 0, part.component, k), k)) // 2
        step(state, batch, SETUP)
    assert n_pairs > 25_000
    h2 = state.counters(SETUP).masks["H2"].generated / n_pairs
    assert h2 == pytest.approx(0.98, abs=0.005)


def tracks_of_a_vertex(n, p, z, straw):
    """Two opposite muons of one vertex in the tank, as the spectrometer measures them: states (n, 7) each."""
    rng, curve = np.random.default_rng(5), path_curve(straw.kick_sign)
    vertex = np.stack((np.full(n, 40.0), np.full(n, -30.0), np.full(n, z)))
    states = []
    for charge, tx in ((1, 4e-3), (-1, -5e-3)):
        q_over_p = np.full(n, charge / p)
        line = curve.line_through(vertex[2], vertex[0], vertex[1], np.full(n, tx), np.full(n, 1e-3 * charge), q_over_p)
        charges = np.full(n, charge, np.int8)
        muons = Particles(
            Kind.MUON, np.arange(n) * 1000.0, *line, np.full(n, p), charges, vertex[2], np.full(n, np.inf)
        )
        block = straw_tracks(rng, muons, curve, straw)
        assert len(block.time) == n
        f, row = block.fields, np.argsort(block.time)
        z_ref = np.full(n, 180_000.0)
        columns = (f["x"], f["y"], z_ref, f["tx"], f["ty"], f["p"], f["charge"])
        states.append(np.ascontiguousarray(np.stack([column[row] for column in columns], axis=1).astype(float)))
    return states


@pytest.mark.parametrize(("p", "z"), [(12.0, 106_000.0), (25.0, 120_000.0), (60.0, 150_000.0)])
def test_reconstruction_undoes_the_residual_field_of_the_emulated_tank(p, z):
    n = 4000
    exact = {"efficiency": 1.0, "charge_confusion": 0.0}
    straw = StrawResponse(**exact)
    first, second = tracks_of_a_vertex(n, p, z, straw)
    found = find_vertices(first, second, default_cells()).vertex
    # a slope error grows over the way back to the vertex; both tracks count, a tenth of them three times more
    slope = np.hypot(34.6e-6, 0.672e-3 / p) * np.sqrt(0.9 + 0.1 * 9.0)
    sigma = slope * (183_508.0 - z) / np.sqrt(2.0)
    for k, wanted in ((0, 40.0), (1, -30.0)):
        residual = found[:, k] - wanted
        assert abs(np.median(residual)) < 4.0 * sigma * 1.25 / np.sqrt(n) + 0.05
    assert np.median(found[:, 2]) == pytest.approx(z, abs=4.0 * 1.25 * sigma * np.sqrt(2.0) / 9e-3 / np.sqrt(n) + 10.0)
    perfect = StrawResponse(
        **exact, slope_rad=0.0, slope_rad_gev=0.0, position_mm=0.0, momentum_constant=0.0, momentum_linear=0.0
    )
    first, second = tracks_of_a_vertex(3, p, z, perfect)
    with_field = find_vertices(first, second, default_cells()).vertex
    assert with_field[:, :3] == pytest.approx(np.array([[40.0, -30.0, z]] * 3), abs=0.02)
    assert with_field[:, 3].max() < 1e-3
    # 165, 45 and 4 mm: what stays when the field is not undone
    without = find_vertices(first, second, None).vertex
    assert np.abs(without[:, 2] - z).min() > 100.0 * 0.02
    assert without[:, 3].min() > 100.0 * with_field[:, 3].max()


def test_events_of_a_biased_burst_do_not_depend_on_its_slices():
    detector = DetectorConfig(modes={"spills_per_burst": 30})
    source = EmulatedDetector(BeamConfig(spill_seconds=1.0, pot_per_spill=2e12), detector, 3, mode=RunMode.TWO_TRACK)
    batches = list(source.burst(1).slices())
    blocks = dict(batches[0].blocks)
    for batch in batches[1:]:
        blocks = {name: join_blocks(block, batch.blocks[name]) for name, block in blocks.items()}
    sliced, _ = events(batches)
    at_once, _ = events([HitBatch(END_OF_BURST, blocks)])
    for name in ("timestamp", "fine_time", "trigger_flags", "event_number"):
        parts = np.concatenate([chunk.header[name] for chunk in sliced])
        assert np.array_equal(parts, at_once[0].header[name])
    for name, lists in at_once[0].detectors.items():
        for key, values in lists.fields.items():
            assert np.array_equal(np.concatenate([chunk.detectors[name].fields[key] for chunk in sliced]), values)


def test_pairs_of_different_spills_are_never_in_one_event():
    detector = DetectorConfig(noise=SILENT, modes={"spills_per_burst": 200})
    source = EmulatedDetector(BeamConfig(), detector, 3, mode=RunMode.TWO_TRACK)
    chunks, state = events(source.burst(1).slices())
    tracks = np.concatenate([np.diff(chunk.detectors["straw"].offsets) for chunk in chunks])
    assert tracks.max() == 2
    assert state.counters(SETUP).n_choked == 0


def selected(n_bursts, seed):
    """Pairs in the open regions of `n_bursts` bursts that stand for 3.5e16 POT each, by channel."""
    detector = DetectorConfig(halo=HARD_ONLY, modes={"spills_per_burst": 7000})
    source = EmulatedDetector(BeamConfig(), detector, seed, mode=RunMode.TWO_TRACK)
    reconstruction, total = Reconstruction(CONFIG.reco, CONFIG.regions, CONFIG.gate), Tally.zero()
    for number in range(n_bursts):
        for chunk in events(source.burst(number).slices())[0]:
            total.add(reconstruction.analyse(chunk).tally)
    return dict(zip(CHANNELS, total.candidates.sum(axis=1).tolist(), strict=True))


def test_selected_pairs_outside_vr_are_those_of_the_published_table():
    """Twice 1.4e17 POT at a fixed seed, within 3.5 standard deviations of Poisson; prompt pairs are left out."""
    found = selected(8, seed=12)
    for channel, published in (("mumu_pp", 62.5), ("mumu_mm", 9.1), ("mumu_os", 30.9)):
        wanted = 2.0 * published
        assert abs(found[channel] - wanted) < 3.5 * np.sqrt(wanted), (channel, found[channel], wanted)
    assert found["emu_os"] + found["emu_ss"] <= 1
    n_all = found["mumu_pp"] + found["mumu_mm"] + found["mumu_os"]
    assert n_all == pytest.approx(2.0 * 102.5, abs=3.5 * np.sqrt(205.0))


def test_the_benchmark_finds_a_wrong_reference(monkeypatch):
    figures = bench_signal(CONFIG, 2000, 1)
    assert figures["signal_decays_per_s"] > 0 and figures["reference_numpy_tracks_per_s"] > 0
    monkeypatch.setattr("offline.bench.emulator.numpy_tracks", lambda *a: numpy_tracks(*a)[:, ::2])
    with pytest.raises(DumpwatchError, match="one is wrong"):
        bench_signal(CONFIG, 2000, 1)
