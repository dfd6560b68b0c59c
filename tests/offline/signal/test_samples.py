"""Acceptance samples: weights, what the chain sees of them, what is kept, and what is refused."""

import math

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import offline.signal.draw as draw_module
from daq.config import Config
from daq.errors import ConfigError
from daq.source.signal.constants import HBAR_C_GEV_MM
from daq.source.signal.final_states import FINAL_STATES
from daq.source.signal.injection import decay_probability
from daq.source.signal.sample import SignalSource
from daq.source.signal.widths import total_width
from daq.source.streams import Component, stream
from offline.signal.candidate_mass import photon_sums
from offline.signal.chain import CHANNEL_OF, SPACING_NS, Selected, SignalChain, events_of
from offline.signal.draw import Wanted, draw_sample, threshold_gev
from offline.signal.paths import Paths, reach_of_width, width_of_lifetime
from offline.signal.samples import Sample
from offline.validation.pairs import find
from offline.validation.regions import Family, Places
from streaming.reco.find import Selection
from streaming.reco.photons import find_photons
from streaming.tally import CHANNELS

CONFIG = Config()
FEW = Wanted(selected=100, made=20_000)


@pytest.fixture(scope="module")
def chain():
    return SignalChain(CONFIG)


@pytest.fixture(scope="module")
def muons(chain):
    return draw_sample(chain, 1, 0.411, "brems", "mumu", Wanted(100_000, 60_000))


def reach(mass, epsilon):
    return float(reach_of_width(mass, total_width("photon", mass, epsilon)))


def test_the_mean_weight_is_the_decay_probability(muons):
    """The closure of eq. (10), against the integral along each path."""
    paths = muons.first
    z_range = np.subtract(*CONFIG.signal.decay_z_mm[::-1])
    start = np.float64(CONFIG.signal.decay_z_mm[0] - 23_070.0 - CONFIG.signal.depth_mm)
    for epsilon in (1e-7, 1e-6, 2e-6):
        length = paths.momentum_gev * reach(0.411, epsilon)
        per_z = paths.range_mm / z_range
        exact = decay_probability(start * per_z, paths.range_mm, length).mean()
        got = muons.decay_probability(reach(0.411, epsilon))
        assert abs(got.value - exact) < 4.0 * got.error and got.error < 0.05 * exact


def test_weights_are_those_of_the_emulator(chain):
    """Path by path against `SignalSample`, which the emulator makes for one coupling."""
    rng = stream(3, 0, Component.SIGNAL)
    drawn = SignalSource(CONFIG.signal, chain.curve).draw(rng, 500, 0.3, 2e-6, "eta_gamma", "mumu")
    truth = drawn.truth
    flown = np.linalg.norm(truth.vertex - truth.origin, axis=1)
    momentum = np.linalg.norm(truth.momentum, axis=1)
    paths = Paths(flown, momentum, np.where(drawn.weight > 0, drawn.range_mm, 0.0), momentum)
    assert paths.probability(reach(0.3, 2e-6)) == pytest.approx(drawn.weight * drawn.range_mm, rel=1e-9)
    lifetime = 6.582119569e-25 / total_width("photon", 0.3, 2e-6)
    assert float(reach_of_width(0.3, width_of_lifetime(lifetime))) == pytest.approx(reach(0.3, 2e-6))
    assert reach(0.3, 2e-6) == pytest.approx(HBAR_C_GEV_MM / 0.3 / total_width("photon", 0.3, 2e-6))


def made_sample(flown, momentum, chosen, made=None):
    """Sample with chosen decays in the SR."""
    columns = (flown, momentum, np.full(len(flown), 8e4), np.zeros(len(flown)))
    paths = Paths(*(np.asarray(column, np.float64) for column in columns))
    rows = np.flatnonzero(chosen)
    none = np.zeros(len(rows))
    selected = Selected(rows, none.astype(np.int8), none, none, none, none)
    return Sample(0.4, "brems", "mumu", made or len(flown), paths, selected, paths.where(rows))


@given(
    st.lists(st.tuples(st.floats(8e4, 1.6e5), st.floats(5.0, 350.0), st.booleans()), min_size=2, max_size=30),
    st.floats(-6.0, 9.0),
)
@example([(8e4, 5.0, True), (8e4, 17.0, True), (8e4, 19.0, False)], 0.0)  # squares that vanish, of weights that do not
def test_acceptance_is_the_ratio_of_sums_of_weights_for_every_life_time(decays, log_reach):
    """Between 0 and 1, with an error, and never NaN; the product with P_D is what is found."""
    flown, momentum, chosen = (np.array(column) for column in zip(*decays, strict=True))
    sample, r = made_sample(flown, momentum, chosen), 10.0**log_reach
    got = sample.acceptance(r)
    # D/lambda in Python's own integers of logarithms: a twin without arrays
    logs = [-d / (p * r) - math.log(p * r) for d, p in zip(flown, momentum, strict=True)]
    weights = [math.exp(x - max(logs)) for x in logs]
    wanted = math.fsum(w for w, c in zip(weights, chosen, strict=True) if c) / math.fsum(weights)
    assert got.value == pytest.approx(wanted, rel=1e-9, abs=1e-300)
    assert 0.0 <= got.value <= 1.0 + 1e-12 and 0.0 <= got.error <= 1.0
    assert got.error > 0.0 or got.value == pytest.approx(1.0)
    found, total = sample.per_particle(r), sample.decay_probability(r)
    assert found.value == pytest.approx(got.value * total.value, rel=1e-9, abs=1e-290)


def test_errors_are_the_spread_of_repeated_samples():
    """1000 samples of 400 decays, one in five selected: the errors say how far they are apart."""
    rng = np.random.default_rng(4)
    got = []
    for _ in range(1000):
        flown, momentum = rng.uniform(8e4, 1.6e5, 400), rng.uniform(30.0, 200.0, 400)
        got.append(made_sample(flown, momentum, rng.random(400) < 0.2))
    for quantity in ("acceptance", "per_particle", "decay_probability"):
        values = [getattr(sample, quantity)(500.0) for sample in got]
        spread = np.std([value.value for value in values])
        assert np.mean([value.error for value in values]) == pytest.approx(spread, rel=0.08), quantity


def test_nothing_selected_is_zero_with_an_error():
    sample = made_sample([9e4, 1e5], [50.0, 60.0], [False, False])
    for value in (sample.acceptance(500.0), sample.per_particle(500.0)):
        assert value.value == 0.0 < value.error < 1.0
    assert sample.acceptance(1e-9) == (0.0, pytest.approx(1.0))


def test_the_chain_is_that_of_the_validation(chain):
    """Same decays through `offline.validation.pairs`: same candidates, same regions."""
    time = SPACING_NS * np.arange(1, 8001, dtype=np.float64)
    source = SignalSource(CONFIG.signal, chain.curve)

    def particles():
        return source.draw(stream(5, 0, Component.SIGNAL), 8000, 0.3, 1e-6, "brems", "mumu", time).particles

    got = chain.select(particles(), stream(6, 0, Component.SIGNAL), "mumu")
    pairs = find(events_of(particles(), stream(6, 0, Component.SIGNAL), CONFIG), CONFIG.reco).candidates
    pairs = pairs.where(pairs.channel == CHANNELS.index("mumu_os"))
    places = Places(CONFIG.regions, Family.MUMU, pairs.z_tax_m, pairs.cda_tax_mm, pairs.mass_pipi_gev)
    assert len(got) == len(pairs) > 200
    assert np.array_equal(got.inside("SR"), places.sr) and np.array_equal(got.inside("CR"), places.cr)
    assert np.array_equal(got.z_tax_m, pairs.z_tax_m) and np.array_equal(got.mass_gev, pairs.mass_mumu_gev)
    assert got.row.tolist() == (np.rint(pairs.time_ns / SPACING_NS) - 1).tolist()


@pytest.mark.parametrize("final_state", FINAL_STATES)
def test_every_final_state_is_found_at_its_mass(chain, final_state):
    """In its signal region, and its mass where it was made: the photons and the hypothesis belong to it."""
    mass = max(0.35, 1.1 * threshold_gev(final_state))
    sample = draw_sample(chain, 2, mass, "brems", final_state, Wanted(150, 240_000))
    inside = sample.selected.inside("SR")
    assert np.count_nonzero(inside) > 60 and np.mean(inside) > 0.85
    assert np.median(sample.selected.mass_gev[inside]) == pytest.approx(mass, abs=0.005)
    assert set(CHANNEL_OF) == set(FINAL_STATES)
    assert abs(np.median(sample.selected.z_tax_m) - 23.07) < 1.5


def test_photons_of_a_candidate_are_those_of_the_selection(chain):
    time = SPACING_NS * np.arange(1, 20_001, dtype=np.float64)
    source = SignalSource(CONFIG.signal, chain.curve)
    rng = stream(7, 0, Component.SIGNAL)
    drawn = source.draw(rng, 20_000, 0.7, 1e-6, "brems", "pipipi0pi0", time)
    selection, seen = Selection(CONFIG.reco, CONFIG.channels), 0
    for frame in events_of(drawn.particles, rng, CONFIG):
        found = selection.find(frame, CONFIG.gate.max_tracks)
        rows = np.flatnonzero(found.chosen.pair >= 0)
        lkr, tracks = frame.detectors["lkr"], found.tracks
        around = (found.vertices.vertex, tracks.xy, tracks.times)
        wanted = find_photons(found.pairs, found.chosen.pair, *around, lkr, CONFIG.channels).momentum[rows]
        momentum, energy = photon_sums(frame, found, rows, CONFIG.channels)
        assert momentum == pytest.approx(wanted, rel=1e-5, abs=1e-6)
        assert np.all(energy >= np.linalg.norm(momentum, axis=1) * (1.0 - 1e-9))
        seen += np.count_nonzero(energy > 0.0)
    assert seen > 100


def test_decays_that_are_left_out_before_the_emulation_would_not_be_selected(chain, monkeypatch):
    """With everything emulated the same decays are selected: B decays at large angles, and photons."""
    for production, final_state in (("b_k", "mumu"), ("brems", "pipigamma")):
        few = draw_sample(chain, 8, 0.35, production, final_state, Wanted(10**6, 60_000))
        with monkeypatch.context() as wide:
            wide.setattr(draw_module, "FARTHEST_MM", 5000.0)
            many = draw_sample(chain, 8, 0.35, production, final_state, Wanted(10**6, 60_000))
        # other random numbers for the detector: the same law
        a, b = (np.count_nonzero(sample.selected.inside("SR")) for sample in (few, many))
        assert abs(a - b) < 4.0 * math.sqrt(a + b + 1) and b > 30
        far = np.tan(many.taken.angle_rad) * 160_500.0
        assert far.max() < 1200.0 < draw_module.FARTHEST_MM, "the limit would cut into what is selected"
        assert np.array_equal(few.first.flown_mm, many.first.flown_mm)


def test_samples_grow_in_batches_and_repeat(chain):
    one = draw_sample(chain, 1, 0.411, "brems", "mumu", FEW)
    two = draw_sample(chain, 1, 0.411, "brems", "mumu", FEW)
    more = draw_sample(chain, 1, 0.411, "brems", "mumu", Wanted(10**6, 80_000))
    other = draw_sample(chain, 2, 0.411, "brems", "mumu", FEW)
    assert np.array_equal(one.selected.row, two.selected.row)
    assert not np.array_equal(one.selected.row, other.selected.row)
    assert (one.made, more.made) == (20_000, 80_000)
    assert np.array_equal(more.taken.flown_mm, more.first.flown_mm[more.selected.row])
    assert np.all(np.diff(more.selected.row[more.selected.row >= 60_000]) > 0) and more.selected.row.max() >= 60_000
    two_batches = draw_sample(chain, 1, 0.411, "brems", "mumu", Wanted(10**6, 120_000)).first.flown_mm
    assert not np.array_equal(two_batches[60_000:], two_batches[:60_000]), "a batch drawn twice"
    z = (one.first.flown_mm / one.first.range_mm)[one.first.range_mm > 0]
    assert z.min() >= 0.9 and z.max() <= 2.1  # flat between 79 and 157 of 78 m
    assert np.histogram(z, 4)[0] == pytest.approx(np.full(4, len(z) / 4), rel=0.1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0.411, "brems", "mumumu"), "no final state 'mumumu'; wanted one of mumu, ee"),
        ((0.411, "bremsstrahlung", "mumu"), "no production mode 'bremsstrahlung'; wanted one of brems"),
        ((0.2, "brems", "mumu"), r"mass of 0.2 GeV cannot decay to mumu; wanted above 0.21132 GeV"),
        ((-1.0, "brems", "ee"), r"mass of -1.0 GeV cannot decay to ee"),
        ((math.nan, "brems", "ee"), r"mass of nan GeV cannot decay"),
        ((0.6, "eta_gamma", "mumu"), r"eta of 0.547862 GeV cannot give a dark photon of 0.6 GeV"),
        ((5.0, "b_k", "mumu"), r"B -> k X cannot make X of 5.0 GeV"),
    ],
)
def test_impossible_samples_are_refused_by_name(chain, arguments, message):
    with pytest.raises(ConfigError, match=message):
        draw_sample(chain, 1, *arguments, FEW)
    with pytest.raises(ConfigError, match="wanted 1 or more"):
        draw_sample(chain, 1, 0.411, "brems", "mumu", Wanted(1, 0))


def test_an_unknown_region_is_refused(muons):
    with pytest.raises(ConfigError, match="no region 'VR'; wanted one of SR, CR"):
        muons.per_particle(100.0, "VR")
    assert muons.per_particle(300.0, "any").value >= muons.per_particle(300.0).value > 0.0
