"""Scalers of emulated spills: plausible numbers, in proportion to protons and to the halo."""

import numpy as np
import pytest

from daq.config.beam import BeamConfig
from daq.config.detector import DetectorConfig
from daq.source.components import beam_components
from daq.source.conditions import BeamConditions, BurstConditions
from daq.source.emulator import EmulatedDetector
from daq.source.propagation import path_curve
from daq.source.scalers import OR_SCALERS

SILENT = {"chod_hz": 0.0, "na48chod_hz": 0.0, "muv3_hz": 0.0, "lav_hz": 0.0, "sav_hz": 0.0}
POT = 2.1e11
"""In 0.8 s: a quarter of the usual intensity, where few pulses merge."""


def scalers(pot=POT, b2=None, halo=1.0, seconds=0.8, noise=None, seed=5):
    beam = BeamConfig(spill_seconds=seconds, pot_per_spill=pot, pot_relative_noise=0.0)
    source = EmulatedDetector(beam, DetectorConfig(noise=noise if noise is not None else SILENT), seed)
    burst = source.burst(1, BurstConditions(beam=BeamConditions(b2_current_a=b2, halo=halo)))
    for _ in burst.slices():
        pass
    return burst.beam_record(1).scalers


BASE = scalers()


def test_scalers_of_a_working_spill_are_plausible():
    """Per 1e12 POT at -250 A: known rates of Q1 and of muons in the triple acceptance, and what follows from them."""
    got = scalers(8.33e11, noise={})
    per_1e12 = {name: count / 0.833 for name, count in got.items()}
    muons = 5.0e9 / 1.4e17 * 1e12
    assert per_1e12["Q1_OR"] == pytest.approx(256e3, rel=0.03)
    assert muons < per_1e12["MUV3"] < 1.5 * muons
    assert muons < per_1e12["NHOD"] < 3.0 * muons
    # 3 % of all muons, also of those that miss everything else, and 12 stations of 1 kHz
    everywhere = sum(a.per_pot for a in beam_components(BeamConfig(), DetectorConfig(), path_curve(-1))[:2]) * 1e12
    assert per_1e12["LAV"] == pytest.approx(0.03 * everywhere + 12e3 * 0.8 / 0.833, rel=0.05)
    assert per_1e12["ANTI0"] > per_1e12["MUV3"]
    assert per_1e12["IRC"] == pytest.approx(5e3 * 0.8 / 0.833, rel=0.1)
    assert 0 < per_1e12["QX"] < 0.1 * per_1e12["Q1_OR"]
    assert set(got) == {*OR_SCALERS, "QX", "IRC"}


@pytest.mark.parametrize(
    ("changes", "factor"),
    [
        ({"pot": 2 * POT}, 2.0),
        ({"pot": POT / 4}, 0.25),
        ({"b2": 770.0}, 4.0),
        ({"b2": 0.0}, 0.356 / 0.25),
        ({"halo": 2.0}, 2.0),
    ],
)
@pytest.mark.parametrize("name", ["Q1_OR", "MUV3", "NHOD", "MUV1_OR_MUV2", "LAV", "ANTI0"])
def test_halo_scalers_go_as_protons_and_as_the_halo(name, changes, factor):
    """Noise off. Pulses of one gate width merge, a share of rate x gate: under 1 % here."""
    now = SCALED.setdefault(repr(changes), scalers(**changes))
    error = np.sqrt(1.0 / now[name] + 1.0 / BASE[name])
    assert now[name] / BASE[name] / factor == pytest.approx(1.0, abs=0.012 + 4.0 * error)


SCALED = {}


def test_noise_does_not_follow_the_protons():
    low, high = (scalers(pot, seconds=0.4, noise={}) for pot in (1e8, 2e8))
    for name in ("IRC", "LAV", "NHOD"):
        assert abs(high[name] - low[name]) < 5.0 * np.sqrt(high[name] + low[name]) + 200
