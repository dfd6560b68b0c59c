"""Hadrons: emulated K+ against the published numbers, forced decays against integrals, control counts, limits."""

import math

import numpy as np
import pytest
from scipy.integrate import quad

from daq.config import Config
from daq.geometry.planes import planes
from daq.source.propagation import path_curve
from daq.units import KAON_MASS_GEV
from offline.backgrounds.emulated import Emulated, process
from offline.backgrounds.forced import KPLUS_CTAU_MM, _decayed, decays_in_tank, force, single_kaons
from offline.backgrounds.hadrons import (
    HADRONIC,
    REGIONS,
    Scaled,
    controls,
    k_short,
    kaon_decays,
    scaled_rows,
    upstream_interactions,
)
from offline.backgrounds.published import kaons as published_kaons
from streaming.reco.channels import Pid
from streaming.tally import CHANNELS
from tests.offline.backgrounds.synthetic import sample
from tests.offline.overlay.synthetic import singles, spill

CONFIG = Config()
POT = 1.4e17


def by_place(rows):
    return {(row.channel, row.region): row for row in rows}


def beam_of_kaons(n, seed=1):
    """K+ as the emulator makes them, seen at 180 m."""
    k, rng = CONFIG.processes.k_plus, np.random.default_rng(seed)
    p = k.momentum_gev[0] + k.momentum_gev[1] * rng.standard_normal(n)
    tx, ty = (mean + width * rng.standard_normal(n) for mean, width in (k.slope_x_rad, k.slope_y_rad))
    x, y = k.spot_mm * rng.standard_normal((2, n))
    lever = 180_000.0 - planes()["ANTI0"].z_mm
    return np.stack((x + lever * tx, y + lever * ty, tx, ty, p), axis=1)


def kaon_singles(n, **change):
    """Single tracks with the kaon tag."""
    state, columns = beam_of_kaons(n), singles(np.linspace(0.1, 3.9, n), pid=Pid.HADRON)
    columns |= dict(zip(("x_mm", "y_mm", "tx", "ty", "p_gev"), state.T, strict=True))
    return columns | {"charge": np.ones(n, np.int8), "kaon": np.ones(n, bool)} | change


def test_emulated_kaons_give_the_published_numbers():
    """The emulator was fitted to the pi pi ones. Its photons are those of phase space, and most miss the LKr."""
    scaled = kaon_decays(sample(), CONFIG, POT, 0.0, 3)
    assert "0 single K+ are too few" in scaled.source
    before, printed = by_place(scaled_rows("K+", scaled, CONFIG, before_anti0=True)), published_kaons()
    after = by_place(scaled_rows("K+", scaled, CONFIG))
    for rows, name in ((before, "before ANTI0"), (after, "after ANTI0")):
        row = rows["pipi_os", "OUTSIDE"]
        assert row.value == pytest.approx(printed["pipi_os", name].value, rel=0.15)
        assert row.syst == pytest.approx(printed["pipi_os", name].up, rel=0.15)
    for region in ("CR", "SR"):
        row, wanted = after["pipi_os", region], printed["pipi_os", region]
        assert abs(row.value - wanted.value) < math.hypot(row.error, wanted.up)
        # through the hole go seven times as many
        assert before["pipi_os", region].value > 3.0 * row.value
        assert row.open_value == 0.0
    whole = sum(before[channel, "OUTSIDE"].value for channel in ("pipi_os", "pipi_gamma"))
    assert whole == pytest.approx(8.0, rel=0.15)


def test_numbers_go_with_protons_and_errors_with_counts():
    one, two = (
        by_place(scaled_rows("K+", kaon_decays(sample(), CONFIG, pot, 0.0, 3), CONFIG)) for pot in (POT, 2 * POT)
    )
    for place, row in one.items():
        assert two[place].value == pytest.approx(2 * row.value) and two[place].error == pytest.approx(2 * row.error)
    n = process("k_plus", CONFIG, 3).of("pipi_os").count("SR").all
    assert one["pipi_os", "SR"].stat / one["pipi_os", "SR"].value == pytest.approx((1 + math.sqrt(n + 0.75)) / n)
    assert ("pipi_eta", "SR") not in one


@pytest.mark.parametrize("p", [10.0, 75.0, 300.0])
def test_decays_in_the_tank_by_an_integral(p):
    length = p / KAON_MASS_GEV * KPLUS_CTAU_MM
    inside = quad(lambda z: math.exp(-z / length) / length, 105e3, 180e3)[0]
    alive = math.exp(-planes()["LKr_front"].z_mm / length)
    assert decays_in_tank(np.array([p]), CONFIG)[0] == pytest.approx(inside / alive, rel=1e-9)


def test_forced_decays_conserve_momentum_and_lie_on_the_track():
    state = beam_of_kaons(500)
    found = _decayed(np.random.default_rng(2), state, CONFIG, path_curve(CONFIG.detector.straw.kick_sign))
    pions = found.companions[0] if found.companions else found
    assert sorted(set(pions.charge)) == [-1, 1] and len(pions) == 1500
    z = pions.z_start.reshape(3, 500)
    assert np.all((z > 105e3) & (z < 180e3)) and np.all(z == z[0])
    # slow ones decay early: the mean is that of the exponential, near the middle for 75 GeV/c
    assert z[0].mean() == pytest.approx(141e3, abs=4e3)
    px = (pions.p * pions.tx / np.hypot(1.0, np.hypot(pions.tx, pions.ty))).reshape(3, 500).sum(axis=0)
    # 3e-5 rad of the residual field on the slopes of each pion
    assert np.allclose(px / state[:, 4], state[:, 2], atol=2e-4)
    assert pions.p.reshape(3, 500).sum(axis=0) == pytest.approx(state[:, 4], rel=0.01)


def test_single_kaons_stand_for_all_of_them():
    """200 of them under every 20th trigger: the decays that the paths say, whatever the number that is forced."""
    records = sample(single_columns=kaon_singles(200))
    kaons = single_kaons(records, CONFIG)
    assert len(kaons) == 200 and np.allclose(kaons.stands_for, 20.0 / CONFIG.detector.rich.kaon_efficiency)
    factor = force(kaons, CONFIG, 3)[1] * CONFIG.analysis.forced_decays
    each = decays_in_tank(kaons.state[:, 4], CONFIG).mean() * CONFIG.processes.k_plus.branching_3pi
    assert factor == pytest.approx(200 * 20 / 0.9 * each)
    scaled = kaon_decays(records, CONFIG, POT, 5e12, 3)
    assert "200 single K+" in scaled.source and scaled.stat == pytest.approx(200**-0.5)
    rows = by_place(scaled_rows("K+", scaled, CONFIG, before_anti0=True))
    assert rows["pipi_os", "OUTSIDE"].value > rows["pipi_os", "CR"].value > rows["pipi_os", "SR"].value > 0
    # a lost pi- leaves two pi+; a lost pi+ is twice as likely to leave pi+ pi- in the same place
    assert 0.5 < rows["pipi_ss", "OUTSIDE"].value / rows["pipi_os", "OUTSIDE"].value < 1.0
    after = by_place(scaled_rows("K+", scaled, CONFIG))
    assert after["pipi_os", "OUTSIDE"].value / rows["pipi_os", "OUTSIDE"].value == pytest.approx(0.68 / 5.6, rel=0.5)
    # of two pi+ through the hole no side sample is left
    assert 0.0 < after["pipi_ss", "OUTSIDE"].value < 0.3 * rows["pipi_ss", "OUTSIDE"].value


@pytest.mark.parametrize(
    "change", [{"kaon": np.zeros(9, bool)}, {"charge": -np.ones(9, np.int8)}, {"pid": np.ones(9, np.int8)}]
)
def test_what_is_no_single_kaon(change):
    assert len(single_kaons(sample(single_columns=kaon_singles(9)), CONFIG)) == 9
    assert len(single_kaons(sample(single_columns=kaon_singles(9, **change)), CONFIG)) == 0


def test_missing_counters_do_not_stop_it():
    records = sample(single_columns=kaon_singles(5), spills=[spill(q1_generated=None, q1_sent=None)])
    assert np.allclose(single_kaons(records, CONFIG).stands_for, 1.0 / 0.9)
    assert len(single_kaons(sample(single_columns=singles([])), CONFIG)) == 0


def test_interactions_follow_the_control_count():
    rows = [{"channel": "upstream"}] * 12 + [{"channel": "anti0_inverted"}] * 2 + [{"channel": "pipi_os"}]
    seen = controls(sample(rows), sample(), CONFIG)
    assert seen == (12, 2, 0)
    one, ten = (
        by_place(scaled_rows("upstream", upstream_interactions(n, CONFIG, 3), CONFIG, before_anti0=True))
        for n in (12, 120)
    )
    row = one["pipi_os", "OUTSIDE"]
    assert row.value > 0 and ten["pipi_os", "OUTSIDE"].value == pytest.approx(10 * row.value)
    assert row.stat > row.value / math.sqrt(12)
    # behind the ANTI0 acceptance none is left: a limit
    after = by_place(scaled_rows("upstream", upstream_interactions(12, CONFIG, 3), CONFIG))
    for region in REGIONS:
        assert after["pipi_os", region].value == 0.0 < after["pipi_os", region].upper < 0.2


def test_emulated_pairs_upstream_are_as_many_as_were_counted():
    scaled = upstream_interactions(12, CONFIG, 3)
    assert scaled.factor * scaled.found.of("upstream").count("OUTSIDE").visible == pytest.approx(12.0)


def test_places_by_hand():
    """SR, CR, K_S window, the three rings and what is beyond, one candidate each; the first two are not visible."""
    inside, side = np.array([0, 1, 2, -1, -1, -1, -1]), np.array([0, 0, 3, 0, 1, 2, 3])
    visible, zero = np.array([False] * 3 + [True] * 4), np.zeros(7)
    pairs = Emulated(np.zeros(7, np.int64), np.zeros(7, np.int64), inside, side, visible, zero, zero)
    assert {region: tuple(pairs.count(region)) for region in REGIONS} == {
        "SR": (1, 0), "CR": (1, 0), "OUTSIDE": (5, 4), "OCR1": (1, 1), "OCR2": (1, 1), "OCR3": (1, 1), "OCR123": (3, 3),
    }  # fmt: skip


def test_no_control_count_gives_limits():
    rows, one = (
        by_place(scaled_rows("upstream", upstream_interactions(n, CONFIG, 3), CONFIG, before_anti0=True))
        for n in (0, 1)
    )
    row = rows["pipi_os", "OUTSIDE"]
    assert row.value == row.error == 0.0 and row.confidence == 0.9
    assert row.upper == pytest.approx(2.303 * one["pipi_os", "OUTSIDE"].value, rel=0.001)


def test_kaons_of_upstream_are_behind_the_mask():
    """The mass window of the K_S is masked, so next to nothing of them is open."""
    row = by_place(scaled_rows("K_S", k_short(CONFIG, POT, 3), CONFIG, before_anti0=True))["pipi_os", "OUTSIDE"]
    assert 0.5 < row.value < 3.0 and row.open_value < 0.05 * row.value and row.syst == row.value


def test_what_the_chain_finds_is_what_is_left_when_the_hole_is_cut():
    """The channel without the cut is that of a chain without it; with it nothing new appears."""
    with_hole = process("k_plus", CONFIG, 3, 200.0)
    without = process("k_plus", open_hole(CONFIG), 3, 200.0)
    lifted = with_hole.of(*HADRONIC, before_anti0=True)
    for name in ("before_anti0", "inside", "side", "visible", "time_ns"):
        assert np.array_equal(getattr(lifted, name), getattr(without.of(*HADRONIC), name)), name
    kept = with_hole.of(*HADRONIC)
    assert np.array_equal(kept.channel, kept.before_anti0) and 0 < len(kept) < 0.3 * len(lifted)
    assert set(lifted.channel[lifted.channel != lifted.before_anti0]) == {CHANNELS.index("anti0_inverted")}


def open_hole(config):
    return config.model_copy(update={"channels": config.channels.model_copy(update={"anti0_hole_mm": 0.0})})


def test_a_sample_without_emulated_candidates_has_no_rows():
    nothing = process("k_plus", CONFIG, 3).of("ee_os")
    assert scaled_rows("x", Scaled(nothing, 1.0, 1.0, 0.0, 0.0, ""), CONFIG) == []
