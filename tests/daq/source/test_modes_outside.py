"""Signal bursts from a HepMC3 file: its events, none twice in a burst, and what they stand for."""

from __future__ import annotations

import numpy as np
import pytest

from daq.config.beam import BeamConfig
from daq.config.detector import DetectorConfig
from daq.config.load import load_config
from daq.config.signal import SignalConfig
from daq.errors import ConfigError, DataError
from daq.source.emulator import EmulatedDetector
from daq.source.modes import RunMode
from tests.daq.source.test_signal_hepmc import END, HEAD, event

pytest.importorskip("pyhepmc")


def file_of(folder, n: int, **change):
    """HepMC file of n events; event k has a muon of 20 GeV/c and k MeV/c more."""
    path = folder / "outside.hepmc"
    path.write_text(HEAD + "".join(event(k, pz=20.0 + 0.001 * k, **change) for k in range(n)) + END)
    return path


def detector_of(path, decays: float = 20.0) -> EmulatedDetector:
    detector, signal = DetectorConfig(), SignalConfig()
    modes = detector.modes.model_copy(update={"signal_decays": decays})
    chosen = signal.injection.model_copy(update={"hepmc": str(path), "hepmc_pot": 3e16})
    signal = signal.model_copy(update={"injection": chosen})
    return EmulatedDetector(
        BeamConfig(), detector.model_copy(update={"modes": modes}), 5, signal=signal, mode=RunMode.SIGNAL
    )


def test_events_of_the_file_come_each_at_most_once_in_a_burst(tmp_path):
    detector = detector_of(file_of(tmp_path, 1500))
    (part,) = detector.recipe.parts
    seen = []
    for number in range(detector.profile.n_slices):
        particles = part.draw(np.random.default_rng(number), number)
        partner = particles.companions[0]
        assert np.array_equal(np.sort(particles.time), np.sort(partner.time))
        seen += np.round((particles.p - 20.0) * 1000).astype(int).tolist()
    assert len(seen) == len(set(seen))
    assert 5 < len(seen) < 50


def test_what_a_burst_stands_for(tmp_path):
    bias = detector_of(file_of(tmp_path, 1500)).recipe.bias
    assert bias.equivalent_pot == pytest.approx(3e16 * 20 / 1500)
    assert (bias.weight, bias.text) == (1.0, "signal: events of outside.hepmc")


def test_files_that_cannot_be_used_are_refused_before_the_first_burst(tmp_path):
    with pytest.raises(ConfigError, match=r"has 3 events, a burst of 20 wants \d+; give a larger file"):
        detector_of(file_of(tmp_path, 3))
    with pytest.raises(DataError, match="cut short"):
        detector_of(_cut(file_of(tmp_path, 1500)))
    path = tmp_path / "weights.hepmc"
    path.write_text(HEAD + "".join(event(k, weight=1.0 + k % 2) for k in range(1500)) + END)
    with pytest.raises(ConfigError, match="weights from 1 to 2; weighted events do not mix"):
        detector_of(path)


def _cut(path):
    text = path.read_text()
    path = path.with_name("cut.hepmc")
    path.write_text(text[: len(text) // 2])
    return path


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("[beam]\n# a note\npot_per_spill = -1\n", 3),
        ("[signal]\n[signal.injection]\nmass_gev = 90\n", 3),
        ('[l0]\n\n[signal]\ninjection.mode = "magic"\n', 4),
        ("[beam]\nfoo = 1\n", 2),
        ("\n[foo]\n", 2),
    ],
)
def test_a_bad_key_is_refused_with_its_line(tmp_path, text, line):
    path = tmp_path / "c.toml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=rf"c\.toml, line {line}: "):
        load_config(path)
