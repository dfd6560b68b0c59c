"""Yields on grids: eq. (8) written out, smooth in the mass, by production; what is refused."""

import math

import numpy as np
import pytest

from daq.config import Config
from daq.config.processes import SAMPLE_POT
from daq.errors import ConfigError
from daq.source.signal.bmesons import b_per_interaction
from daq.source.signal.production import yield_per_pot
from daq.source.signal.sample import branching
from daq.source.signal.widths import total_width
from offline.signal.acceptance import Acceptance, endpoint_gev, left_out
from offline.signal.curves import REACHES, Curve, between, curve_of
from offline.signal.draw import Wanted, threshold_gev
from offline.signal.effort import SHORT, Effort
from offline.signal.grid import made_per_pot, modes_of, production_of, shares, yield_grid
from offline.signal.lifetimes import kstar_over_k, lifetime_grid
from offline.signal.paths import reach_of_width, width_of_lifetime
from offline.validation.effort import SHORT as VALIDATION
from offline.validation.signal_sample import SignalRuns

CONFIG = Config()
MASSES = [0.25, 0.411, 0.5]
COUPLINGS = np.geomspace(1e-8, 1e-4, 41)


@pytest.fixture(scope="module")
def muons(acceptance):
    return yield_grid(CONFIG, "photon", "mumu", MASSES, COUPLINGS, SAMPLE_POT, effort=acceptance.effort)


def test_a_yield_is_the_product_of_its_factors(acceptance, muons):
    """At a mass with a sample, by hand: protons x made x BR x P_D x A_sel."""
    made = {mode: made_per_pot(CONFIG, mode, np.array(MASSES)) for mode in modes_of("photon")}
    sample = acceptance.sample(0.25, "brems", "mumu", shares(made)["brems"])
    epsilon = 1e-6
    reach = float(reach_of_width(0.25, total_width("photon", 0.25, epsilon)))
    found = sample.decay_probability(reach).value * sample.acceptance(reach).value
    wanted = SAMPLE_POT * yield_per_pot("brems", 0.25, epsilon, CONFIG.signal) * found
    wanted *= branching("brems", 0.25, epsilon, "mumu")
    k = int(np.argmin(np.abs(COUPLINGS / epsilon - 1.0)))
    got = muons.by_mode["brems"]
    assert COUPLINGS[k] == pytest.approx(epsilon)
    # P_D is of fewer decays than P_D A_sel, so its error is there alone
    assert got.value[0, k] == pytest.approx(wanted, rel=5 * sample.decay_probability(reach).error / 0.02)
    assert got.error[0, k] / got.value[0, k] == pytest.approx(1.0 / math.sqrt(len(sample.selected)), rel=0.6)


def test_only_decays_of_pi0_to_photons_are_made_so_their_branching_fraction_comes_in():
    effort = Effort(selected=150, made=60_000)
    grid = yield_grid(CONFIG, "photon", "pipipi0", [0.7], [3e-7], 1e18, effort=effort)
    share = shares({mode: made_per_pot(CONFIG, mode, np.array([0.7])) for mode in modes_of("photon")})["brems"]
    sample = Acceptance(CONFIG, effort).sample(0.7, "brems", "pipipi0", share)
    found = sample.per_particle(float(reach_of_width(0.7, total_width("photon", 0.7, 3e-7)))).value
    wanted = 1e18 * yield_per_pot("brems", 0.7, 3e-7, CONFIG.signal) * branching("brems", 0.7, 3e-7, "pipipi0") * found
    assert grid.by_mode["brems"].value[0, 0] == pytest.approx(0.98823 * wanted, rel=1e-4)


def test_the_sum_over_productions_is_the_yield_and_goes_as_the_protons(acceptance, muons):
    assert set(muons.by_mode) >= {"brems", "eta_gamma", "omega_pi0"} and "pi0_gamma" not in muons.by_mode
    assert muons.events == pytest.approx(sum(part.value for part in muons.by_mode.values()))
    assert muons.error == pytest.approx(np.sqrt(sum(part.error**2 for part in muons.by_mode.values())))
    more = yield_grid(CONFIG, "photon", "mumu", MASSES, COUPLINGS, 1e18, effort=acceptance.effort)
    assert more.events == pytest.approx(muons.events * 1e18 / SAMPLE_POT)
    # where a meson is too light there is nothing, and the eta stops before 0.548
    assert np.all(muons.by_mode["phi_eta"].value[2] == 0.0) and muons.by_mode["eta_gamma"].value[2].max() > 0.0


def test_yields_are_those_of_the_validation(muons):
    """Its own decays and its own sum, bremsstrahlung: the numbers that stand in the validation report."""
    runs = SignalRuns(CONFIG, VALIDATION, seed=5)
    for k, mass in enumerate((250, 411, 500)):
        at = int(muons.by_mode["brems"].value[k].argmax())
        wanted = runs.at(mass).events(float(COUPLINGS[at]))
        off = muons.by_mode["brems"].value[k, at] - wanted.value
        assert abs(off) < 4.0 * math.hypot(wanted.error, muons.by_mode["brems"].error[k, at])
        assert wanted.error < 0.06 * wanted.value


def test_what_nothing_reaches_is_zero_and_never_nan():
    extreme = np.array([1e-15, 1e-3, 1e-1, 1.0])
    effort = Effort(selected=100, made=10_000, anchors=0.5)
    grid = yield_grid(CONFIG, "photon", "mumu", [0.2114, 0.3, 0.9], extreme, 1e18, effort=effort)
    for values in (grid.events, grid.error, *grid.by_mode["brems"], *grid.by_mode["eta_gamma"]):
        assert np.all(np.isfinite(values)) and np.all(values >= 0.0)
    assert np.all(grid.events[:, 2:] == 0.0) and 0.0 < grid.events[1, 0] < 1e-10
    assert np.all(grid.by_mode["eta_gamma"].value[2] == 0.0)


def test_a_curve_is_its_sample_at_every_reach(acceptance):
    sample = acceptance.sample(0.25, "brems", "mumu")
    curve = curve_of(sample, "SR")
    for reach in (3.0, 47.0, 210.0, 1.7e3, 3.3e5, 1e11):
        got = between([curve], 0.2, 0.25, np.array([reach]))
        wanted = sample.per_particle(reach)
        assert got.value[0] == pytest.approx(wanted.value, rel=2e-3)
        assert got.error[0] == pytest.approx(wanted.error, rel=2e-2)
    assert between([curve], 0.2, 0.25, np.array([1e-4])) == (0.0, 0.0)


def test_a_mass_without_a_sample_is_between_its_neighbours(acceptance):
    """Each sample against what the others say of its mass, where the exclusion is and in the far field."""
    masses = [0.23, 0.28, 0.35, 0.45, 0.6]
    effort = Effort(selected=3000, made=60_000, cache=acceptance.effort.cache)
    curves = Acceptance(CONFIG, effort).curves(masses, "brems", "mumu")
    reaches = np.array([200.0, 400.0, 1e3, 1e5])
    for found in left_out(curves, threshold_gev("mumu"), reaches):
        assert np.all(np.abs(found.value) < 4.0 * found.error + 0.02)
        assert np.all(found.error < 0.1)
    # the check can fail: a curve that is shifted is not what its neighbours say
    shifted = [*curves[:2], Curve(0.35, curves[2].log_value + 0.3, curves[2].error), *curves[3:]]
    assert np.all(left_out(shifted, threshold_gev("mumu"), reaches)[1].value < -0.15)


def test_between_a_sample_with_and_one_without_candidates_the_yield_is_linear_with_an_error():
    empty = Curve(0.3, np.full(len(REACHES), -np.inf), np.full(len(REACHES), 1e-5))
    full = Curve(0.5, np.full(len(REACHES), math.log(1e-3)), np.full(len(REACHES), 0.1))
    middle = 0.2 + math.sqrt(0.1 * 0.3)
    got = between([empty, full], 0.2, middle, np.array([100.0]))
    assert got.value[0] == pytest.approx(0.5e-3) and got.error[0] == pytest.approx(math.hypot(0.5e-5, 0.5e-4))
    assert between([empty, full], 0.2, 0.25, np.array([100.0])) == (0.0, 1e-5)
    nothing = between([full, Curve(0.6, full.log_value, full.error)], 0.2, 0.55, np.array([1e-300, 1e300]))
    assert np.all(np.isfinite(nothing.value))
    both = between([Curve(0.3, full.log_value + 2.0, full.error), full], 0.2, middle, np.array([100.0]))
    assert both.value[0] == pytest.approx(1e-3 * math.e)


def test_samples_are_where_they_are_needed(acceptance):
    full = Acceptance(CONFIG, Effort(anchors=2.5))
    masses = full.anchors(0.215, 0.7, "brems", "mumu")
    assert (masses[0], masses[-1]) == (0.215, 0.7) and 12 <= len(masses) <= 15
    assert full.anchors(0.215, 0.7, "eta_gamma", "mumu")[-1] == pytest.approx(endpoint_gev("eta_gamma"), abs=1e-3)
    assert full.anchors(0.7, 0.8, "eta_gamma", "mumu") == []
    assert len(full.anchors(0.3, 0.3, "brems", "mumu")) <= 2
    assert production_of("b_kstar_alp") == production_of("b_kstar_scalar") == "b_kstar" == production_of("b_kstar")
    assert modes_of("scalar") == ["b_k_scalar", "b_kstar_scalar"] and len(modes_of("photon")) == 10


def test_scalars_and_alps_share_their_samples_and_differ_in_what_they_couple_to(acceptance):
    effort = Effort(selected=200, made=120_000, anchors=0.5, cache=acceptance.effort.cache)
    sines = np.array([1e-4, 2e-4])
    scalar = yield_grid(CONFIG, "scalar", "pipi", [0.4, 0.6], sines, 1e18, effort=effort)
    assert set(scalar.by_mode) == {"b_k_scalar", "b_kstar_scalar"} and np.all(scalar.events > 0.0)
    alp = yield_grid(CONFIG, "alp", "mumu", [0.4], [1e-12, 2e-12], 1e18, effort=effort)
    # made by a fixed branching fraction, and long-lived: one more power of two in the width is twice the yield
    assert alp.events[0, 1] / alp.events[0, 0] == pytest.approx(4.0, rel=1e-3)


def test_without_a_model_the_life_time_is_free(acceptance):
    effort = Effort(selected=300, made=240_000, anchors=0.5, cache=acceptance.effort.cache)
    lifetimes = np.geomspace(1e-13, 1e-5, 9)
    grid = lifetime_grid(CONFIG, "mumu", ["b_k", "b_kstar", "brems"], [0.3, 0.411], lifetimes, effort=effort)
    sample = Acceptance(CONFIG, effort).sample(0.3, "brems", "mumu")
    reach = float(reach_of_width(0.3, width_of_lifetime(lifetimes[4])))
    got = grid.per_particle["brems"]
    assert got.value[0, 4] == pytest.approx(sample.per_particle(reach).value, rel=2e-3)
    events = grid.b_events(CONFIG, 1.4e17)
    b = b_per_interaction(CONFIG.signal.b_meson) * 1.4e17
    k, kstar = (grid.per_particle[name] for name in ("b_k", "b_kstar"))
    assert events.value[1, 5] == pytest.approx(b * (k.value[1, 5] + kstar_over_k(0.411) * kstar.value[1, 5]))
    # it has a maximum at some life time, and none at either end
    best = int(events.value[0].argmax())
    assert 0 < best < 8 and np.all(np.isfinite(events.error)) and events.value[0, 0] < 1e-3 * events.value[0, best]
    assert kstar_over_k(4.5) == 0.0 == kstar_over_k(6.0)
    # the eta is lighter than the second mass
    light = lifetime_grid(CONFIG, "mumu", ["eta_gamma"], [0.3, 0.6], lifetimes, effort=effort).per_particle["eta_gamma"]
    assert light.value[0].max() > 0.0 and np.all(light.value[1] == 0.0)


def ask(model="photon", channel="mumu", masses=(0.3,), couplings=(1e-6,), pot=1e17, **more):
    return yield_grid(CONFIG, model, channel, list(masses), list(couplings), pot, effort=SHORT, **more)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"model": "axion"}, "no model 'axion' with a production; wanted one of photon, scalar, alp"),
        ({"channel": "mumugamma"}, "no final state 'mumugamma'; wanted one of mumu, ee"),
        ({"channel": "pipigamma", "masses": (0.5,)}, "no width of a dark photon to pipigamma is known.*lifetime_grid"),
        ({"model": "alp", "channel": "pipi"}, "no width of a dark alp to pipi is known; wanted one of ee, mumu"),
        ({"masses": (0.2, 0.3)}, r"mass of 0.2 GeV cannot decay to mumu; wanted above 0.21132 GeV"),
        ({"masses": (-0.3,)}, r"masses \[-0.3\]; wanted a list of finite numbers above 0"),
        ({"masses": (math.nan,)}, r"masses \[nan\]; wanted"),
        ({"masses": ()}, r"masses \[\]; wanted"),
        ({"masses": (2.5,)}, r"known up to 1\.9 GeV, got a mass of 2\.5"),
        ({"couplings": (0.0,)}, r"couplings \[0.0\]; wanted"),
        ({"couplings": (math.inf,)}, r"couplings \[inf\]; wanted"),
        ({"pot": 0.0}, "0.0 protons on target; wanted a finite number above 0"),
        ({"pot": math.nan}, "nan protons on target"),
        ({"region": "VR"}, "no region 'VR'"),
    ],
)
def test_impossible_grids_are_refused_by_name(wrong, message):
    with pytest.raises(ConfigError, match=message):
        ask(**wrong)


def test_impossible_life_times_and_efforts_are_refused_by_name():
    with pytest.raises(ConfigError, match=r"lifetimes_s \[-1.0\]"):
        lifetime_grid(CONFIG, "mumu", ["brems"], [0.3], [-1.0], effort=SHORT)
    with pytest.raises(ConfigError, match="no production mode 'b_kk'"):
        lifetime_grid(CONFIG, "mumu", ["b_kk"], [0.3], [1e-9], effort=SHORT)
    for wrong in ({"selected": 0}, {"made": 0}, {"anchors": 0.0}, {"anchors": math.nan}, {"seed": -1}):
        with pytest.raises(ConfigError, match="signal: Effort"):
            Effort(**wrong)
    assert Wanted(1, 2).made == 2
