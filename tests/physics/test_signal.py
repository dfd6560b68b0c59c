"""Injected signal comes back from the real reconstruction: mass, vertex, where it points to."""

import numpy as np
import pytest

from daq.config.beam import BeamConfig
from daq.config.detector import DetectorConfig
from daq.config.signal import SignalConfig
from daq.source.emulator import EmulatedDetector
from daq.source.modes import RunMode
from daq.source.streams import stream
from streaming.reco.channels import Pid
from streaming.tally import CHANNELS
from tests.physics.chain import SILENT, Found, found, half_width

MUMU_OS = 0


def signal(mass, coupling, final="mumu", decays=20_000, seed=3, straw=None, **model):
    detector = DetectorConfig(modes={"signal_decays": decays}, noise=SILENT, straw=straw or {})
    injection = {"enabled": True, "mass_gev": mass, "coupling": coupling, "final_state": final}
    return EmulatedDetector(
        BeamConfig(), detector, seed, None, SignalConfig(injection=injection, **model), RunMode.SIGNAL
    )


def true_vertices(source, burst, time):
    """True Z of the decay [m] at each time [ns], nan where none is within 50 ns."""
    part = source.recipe.parts[0]
    drawn = [part.draw(stream(source.seed, burst, part.component, k), k) for k in range(source.profile.n_slices)]
    times = np.concatenate([p.time[: len(p) // 2] for p in drawn])
    z = np.concatenate([p.z_start[: len(p) // 2] for p in drawn]) / 1000.0
    order = np.argsort(times)
    place = order[np.clip(np.searchsorted(times[order], time - 100.0), 0, len(times) - 1)]
    return np.where(np.abs(times[place] - time) < 50.0, z[place], np.nan)


@pytest.fixture(scope="module")
def mumu():
    source = signal(0.411, 1e-6, decays=30_000)
    everything = found(source)
    return source, everything, everything[everything.channel == MUMU_OS]


def test_most_decays_in_acceptance_are_selected_as_muon_pairs(mumu):
    _, everything, selected = mumu
    opposite = everything[everything.charge == 0]
    # two tracks are there; isolation, vertex, downstream acceptance and identification take the rest
    assert len(selected) > 10_000 and len(selected) / len(opposite) > 0.6
    assert set(np.unique(selected.pid)) == {int(Pid.MUON)}
    # 3 % of muons have a LAV tag of their own: those pairs are the side sample, not another final state
    others = (everything.channel > MUMU_OS) & (everything.channel != CHANNELS.index("lav_inverted"))
    assert np.count_nonzero(others) < 0.01 * len(selected)


def test_mass_comes_back(mumu):
    """Published only as a figure; the emulator notes give 0.7 MeV at 0.215 GeV to 6.4 MeV at 0.5 GeV.

    Errors of the slopes make an opening angle larger on average: 0.6 parts in 1000 here, and the vertex 5 cm later.
    """
    _, _, selected = mumu
    assert np.median(selected.mass_mumu) == pytest.approx(0.41125, abs=0.0002)
    assert 0.002 < half_width(selected.mass_mumu) < 0.006


def test_vertex_comes_back(mumu):
    source, _, selected = mumu
    error = selected.z_vertex - true_vertices(source, 1, selected.time)
    assert np.mean(np.isfinite(error)) > 0.99
    error = error[np.isfinite(error)]
    assert np.median(error) == pytest.approx(0.05, abs=0.04)
    assert half_width(error) == pytest.approx(0.9, abs=0.1)
    assert 105.0 < selected.z_vertex.min() and selected.z_vertex.max() < 180.0


def test_signal_points_to_the_tax_as_published(mumu):
    """CERN-EP-2023-032: Z_TAX mean 23 m, rms 5.5 m; CDA_TAX rms 7 mm.

    The rms of Z_TAX has long tails, and the published one is not said to be in a window: it is 4.2 m inside 40 m of
    the TAX and 4.3-6 m of everything, see docs/physicist/emulator.md.
    """
    _, _, selected = mumu
    z, cda = selected.z_tax, selected.cda_tax
    near = np.abs(z - 23.0) < 40.0
    assert np.mean(near) > 0.997
    assert z[near].mean() == pytest.approx(23.0, abs=0.4)
    assert z[near].std() == pytest.approx(4.2, abs=0.3)
    assert 4.2 < z.std() < 6.5
    assert half_width(z) == pytest.approx(3.0, abs=0.15)
    assert np.sqrt(np.mean(cda[cda < 100.0] ** 2)) == pytest.approx(7.0, abs=0.35)
    inside = (z > 6.0) & (z < 40.0) & (cda < 20.0)
    assert inside.mean() == pytest.approx(0.977, abs=0.01)


VARIATIONS = {
    "no tails": ({"tail_fraction": 0.0}, {}, 3.8, 5.96),
    "perfect tracks": ({"slope_rad": 0.0, "slope_rad_gev": 0.0, "position_mm": 0.0}, {}, 2.7, 4.04),
    "no beam spot": ({}, {"spot_mm": (0.0, 0.0)}, 3.57, 5.59),
}


@pytest.mark.parametrize("what", VARIATIONS)
def test_what_the_width_is_made_of(what):
    """The table of docs/physicist/emulator.md: rms of Z_TAX inside 40 m of the TAX [m] and of CDA_TAX [mm]."""
    straw, model, z_rms, cda_rms = VARIATIONS[what]
    got = found(signal(0.411, 1e-6, decays=15_000, straw=straw, **model))
    got = got[got.channel == MUMU_OS]
    near = np.abs(got.z_tax - 23.0) < 40.0
    assert got.z_tax[near].std() == pytest.approx(z_rms, abs=0.3)
    assert np.sqrt(np.mean(got.cda_tax[got.cda_tax < 100.0] ** 2)) == pytest.approx(cda_rms, rel=0.05)


def test_electron_pairs_come_back():
    """Tracks, vertex, identity, channel, mass and where they point to."""
    got: Found = found(signal(0.25, 1e-6, final="ee"))
    good = got[got.good & (got.charge == 0)]
    assert len(good) > 3000
    assert np.mean(np.all(good.pid == int(Pid.ELECTRON), axis=1)) > 0.95
    assert np.mean(good.channel == CHANNELS.index("ee_os")) > 0.8
    assert np.median(good.mass_ee) == pytest.approx(0.25, abs=0.0005)
    near = np.abs(good.z_tax - 23.0) < 40.0
    assert good.z_tax[near].mean() == pytest.approx(23.0, abs=0.5)
    assert np.sqrt(np.mean(good.cda_tax[good.cda_tax < 100.0] ** 2)) == pytest.approx(7.0, abs=0.7)
