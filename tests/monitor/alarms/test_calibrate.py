"""References: made from good spills only, refused where they would be wrong, frozen, readable in both forms."""

import numpy as np
import pytest

from daq.config import Config
from daq.config.alarms import AlarmsConfig
from daq.errors import ConfigError, DataError
from daq.source.emulator import EmulatedDetector
from monitor.alarms.bootstrap import bootstrap_limit, sum_variances
from monitor.alarms.calibrate import calibrate, calibrate_readings
from monitor.alarms.cusum import Chart, limit_for, line, llr
from monitor.alarms.nb import sigma
from monitor.alarms.reference import Reference, expected
from monitor.alarms.rules import shipped_reference
from monitor.alarms.streams import WATCHED, Reading, read_spill
from monitor.spill import Quality
from offline.bench.alarms import Noise, quiet_readings
from tests.monitor.alarms.emulated import spill, without_pot

MEANS = {"muv3": 2.0e5, "q1": 1.2e6, "h2": 9.0e4, "lav": 8.0e4, "anti0": 5.0e5, "pairs": 80.0, "vertices": 0.5}
PLAIN = AlarmsConfig(reference_spills=60, streams=("muv3",), ratios=())
CFG = AlarmsConfig(reference_spills=60, streams=("muv3", "h2", "pairs"), ratios=("h2/q1",))


def quiet(n: int = 80, noise: Noise | None = None, seed: int = 1) -> list[Reading]:
    return quiet_readings(noise or Noise(0.02), MEANS, n, seed)


def moved(reading: Reading, burst: int, **update: object) -> Reading:
    from dataclasses import replace

    return replace(reading, key=(reading.key[0], burst), **update)


@pytest.fixture(scope="module")
def reference() -> Reference:
    return calibrate_readings(quiet(400, Noise(0.02, 0.4)), CFG, "me", 17)


def test_rates_and_noise_are_recovered(reference: Reference) -> None:
    for name in CFG.streams:
        one = reference.streams[name]
        assert one.mean == pytest.approx(MEANS[name], rel=0.02 if name != "pairs" else 0.05)
        assert one.n_spills == 400 and one.dark == 0.0
        # the noise is that of all streams together; below a hundred counts it drowns in counting
        if name != "pairs":
            assert np.sqrt(one.phi) == pytest.approx(0.02, rel=0.25)
            assert one.rho == pytest.approx(0.4, abs=0.15)
    assert reference.ratios["h2/q1"].value == pytest.approx(MEANS["h2"] / MEANS["q1"], rel=0.01)
    assert reference.provenance.runs == [(1, 1, 400)] and reference.b2_a == -250.0


def test_the_limit_is_safe_on_the_model_and_on_the_recorded_noise(reference: Reference) -> None:
    one = reference.streams["muv3"]
    chart = next(chart for chart in one.charts if chart.factor > 1)
    model = Chart(one.mean, one.phi_eff + 1.0 / one.counts, chart.factor)
    assert chart.limit >= limit_for(model, reference.run_length) - 0.02
    assert chart.run_length >= reference.run_length


@pytest.mark.parametrize(("noise", "phi"), [(Noise(0.03, 0.5), 0.02**2), (Noise(0.02, 0.6), 0.02**2)])
def test_the_bootstrap_raises_a_limit_that_the_model_would_set_too_low(noise: Noise, phi: float) -> None:
    mu = MEANS["muv3"]
    counts = [reading.counts["muv3"] for reading in quiet(1500, noise)]
    exact = limit_for(Chart(mu, phi, 1.1), 1e6)
    assert bootstrap_limit(np.array([llr(n, mu, phi, 1.1) for n in counts]), 50, 1e6) > 1.5 * exact
    wide = np.array([llr(n, mu, 0.06**2, 1.1) for n in counts])
    assert bootstrap_limit(wide, 50, 1e6) < limit_for(Chart(mu, 0.06**2, 1.1), 1e6)


@pytest.mark.parametrize("rho", [0.0, 0.5])
def test_the_bootstrap_limit_keeps_the_run_length(rho: float) -> None:
    # a chart that takes 6 % noise for 4 %: short run lengths can be counted
    noise, mu, phi, wanted = Noise(0.06, rho), 1e5, 0.04**2, 3000.0
    recorded = [next(iter(r.counts.values())) for r in quiet_readings(noise, {"muv3": mu}, 4000, 3)]
    limit = bootstrap_limit(np.array([llr(n, mu, phi, 1.1) for n in recorded]), 50, wanted)
    slope, offset = line(mu, phi, 1.1)
    rng, level, alarms = np.random.default_rng(4), np.zeros(300), 0
    for factor in noise.factors(rng, 300, 4000):
        level = np.maximum(0.0, level + slope * rng.poisson(mu * factor) - offset)
        alarms += int((level > limit).sum())
        level[level > limit] = 0.0
    # the bound is for normal noise; the tail of this one is longer
    assert 300 * 4000 / alarms > 0.4 * wanted


def test_for_independent_steps_the_bootstrap_is_lundbergs_bound() -> None:
    steps = np.random.default_rng(1).normal(-0.5, 1.0, 50_000)
    assert bootstrap_limit(steps, 200, 1e6) == pytest.approx(np.log(1e6), rel=0.1)


def test_sums_of_successive_spills_keep_their_correlation() -> None:
    rng, rho = np.random.default_rng(2), 0.6
    x = np.zeros(100_000)
    for t in range(1, len(x)):
        x[t] = rho * x[t - 1] + np.sqrt(1 - rho**2) * rng.standard_normal()
    assert sum_variances(x, 50)[-1] / 50 == pytest.approx((1 + rho) / (1 - rho), rel=0.15)
    assert sum_variances(x, 1)[0] == pytest.approx(1.0, rel=0.05)


def test_the_larger_limit_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    readings = quiet()
    model = calibrate_readings(readings, PLAIN, "me", 0).streams["muv3"].charts
    for limit, wanted in ((0.0, [chart.limit for chart in model]), (99.0, [99.0, 99.0])):
        monkeypatch.setattr("monitor.alarms.calibrate.bootstrap_limit", lambda *_, limit=limit: limit)
        charts = calibrate_readings(readings, PLAIN, "me", 0).streams["muv3"].charts
        assert [chart.limit for chart in charts] == wanted


def test_too_few_good_spills_are_refused_in_clear_words() -> None:
    with pytest.raises(DataError, match=r"59 good spills .* wanted at least 60 .*alarms.reference_spills"):
        calibrate_readings(quiet(59), CFG, "me", 0)
    with pytest.raises(DataError, match="0 good spills"):
        calibrate([], CFG, "me", 0)
    with pytest.raises(DataError, match="wanted at least 300"):
        calibrate_readings(quiet(299), AlarmsConfig(), "me", 0)


def test_spills_that_are_not_good_are_left_out() -> None:
    bad = [
        without_pot(1),
        spill(2, state="INCOMPLETE"),
        spill(3, quality=(Quality.MAGNET_OFF,)),
        spill(4, mode="BIASED"),
    ]
    assert [read_spill(one).is_good for one in bad] == [False] * 4
    odd = quiet(1)[0]
    ramping = [moved(odd, 500 + i, b2_a=-100.0, counts=dict.fromkeys(MEANS, 1)) for i in range(30)]
    made = calibrate_readings([*quiet(), *ramping, *map(read_spill, bad)], PLAIN, "me", 0)
    assert made.n_spills == 80 and made.streams["muv3"].mean == pytest.approx(MEANS["muv3"], rel=0.02)


def test_a_period_with_an_excursion_is_refused_and_a_single_outlier_left_out() -> None:
    readings = quiet()
    doubled = [moved(r, r.key[1], counts={n: 2 * (c or 0) for n, c in r.counts.items()}) for r in readings[:8]]
    with pytest.raises(DataError, match=r"8 of 80 spills .* not a quiet period"):
        calibrate_readings([*doubled, *readings[8:]], PLAIN, "me", 0)
    made = calibrate_readings([doubled[0], *readings[1:]], PLAIN, "me", 0)
    assert made.n_spills == 79 and made.streams["muv3"].mean == pytest.approx(MEANS["muv3"], rel=0.02)


def test_modes_are_not_mixed() -> None:
    readings = [moved(r, r.key[1], mode="KAON" if r.key[1] > 40 else "BEAM_DUMP") for r in quiet()]
    with pytest.raises(DataError, match="BEAM_DUMP, KAON"):
        calibrate_readings(readings, CFG, "me", 0)


def test_dark_counts_and_the_b2_curve_are_measured() -> None:
    dark = [moved(quiet(1)[0], 600 + i, pot=0, counts={**dict.fromkeys(MEANS, 20_000), "pairs": 0}) for i in range(6)]
    other = [
        moved(r, 700 + i, b2_a=100.0, b2_set_a=100.0, counts={n: round((c or 0) * 1.8) for n, c in r.counts.items()})
        for i, r in enumerate(quiet(20, seed=2))
    ]
    made = calibrate_readings([*quiet(), *dark, *other], CFG, "me", 0)
    one = made.streams["muv3"]
    assert one.dark == 20_000 and one.mean == pytest.approx(MEANS["muv3"], rel=0.02)
    (low, f_low, _), (high, f_high, error) = one.curve
    assert (low, high) == (-250.0, 100.0) and f_low == pytest.approx(1.0, rel=0.01)
    assert f_high == pytest.approx((1.8 * MEANS["muv3"] - 20_000) / (MEANS["muv3"] - 20_000), rel=0.03)
    assert 0 < error < 0.02
    middle = one.factor(-75.0, -250.0, 2.0)
    assert middle is not None and middle[0] == pytest.approx(np.sqrt(f_low * f_high), rel=1e-6)
    assert one.factor(-251.9, -250.0, 2.0) == (1.0, 0.0)
    assert one.factor(300.0, -250.0, 2.0) is None and one.factor(-400.0, -250.0, 2.0) is None


def test_dark_counts_above_those_with_beam_and_a_drifting_rate_are_refused() -> None:
    dark = [moved(quiet(1)[0], 600 + i, pot=0, counts=dict.fromkeys(MEANS, 10**7)) for i in range(6)]
    with pytest.raises(DataError, match=r"without protons and .* with"):
        calibrate_readings([*quiet(), *dark], CFG, "me", 0)
    assert bootstrap_limit(np.full(100, 3.0), 50, 1e6) == np.inf
    assert bootstrap_limit(np.full(100, -3.0), 50, 1e6) == 0.0


def test_half_the_protons_give_half_the_beam_counts_and_all_dark_ones() -> None:
    reference = shipped_reference()
    full, half = (read_spill(spill(1, beam=beam)) for beam in (1.0, 0.5))
    for name, power in (("lav", 1.0), ("pairs", 2.0)):
        mu = [expected(reference, name, reading, 2.0)[0] for reading in (full, half)]
        dark = reference.streams[name].dark
        assert (mu[1] - dark) / (mu[0] - dark) == pytest.approx(0.5**power, rel=1e-9)


def test_the_errors_of_reference_and_curve_are_in_the_variance() -> None:
    shipped = shipped_reference()
    one = shipped.streams["pairs"].model_copy(update={"curve": [(-250.0, 1.0, 0.0), (100.0, 2.0, 0.3)]})
    reference = shipped.model_copy(update={"streams": {"pairs": one}})
    here, there = (read_spill(spill(1, b2_current_a=b2)) for b2 in (-250.0, 100.0))
    mu, phi = expected(reference, "pairs", here, 2.0)
    assert phi == pytest.approx(one.phi_eff + 1.0 / one.counts)
    assert expected(reference, "pairs", there, 2.0) == pytest.approx((2.0 * mu - one.dark, phi + 0.09))


def test_both_forms_are_read_back(reference: Reference) -> None:
    assert Reference.read(reference.to_toml(), "x") == reference
    assert Reference.read(reference.model_dump_json(), "x") == reference


@pytest.mark.parametrize("text", ["", "{", "[", "schema_version = 7", "schema_version = 1", "a = nan", "\x00"])
def test_what_is_no_reference_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match=r"alarm reference here\.toml"):
        Reference.read(text, "here.toml")


def test_the_shipped_reference_holds_for_the_default_emulated_detector() -> None:
    """Burst of the detector itself. When this fails: make the reference anew, docs/physicist/alarms.md says how."""
    shipped, config = shipped_reference(), Config()
    assert shipped.provenance.mode == "EMULATED" and shipped.n_spills >= AlarmsConfig().reference_spills
    assert set(shipped.streams) == set(AlarmsConfig().streams) and set(shipped.ratios) == set(AlarmsConfig().ratios)
    assert shipped.b2_a == config.beam.b2_current_a
    source = EmulatedDetector(config.beam, config.detector, 31, config.processes, config.signal)
    burst = source.burst(0)
    for _ in burst.slices():
        pass
    beam = burst.beam_record(0)
    for name in ("muv3", "q1", "lav", "anti0"):
        one, n = shipped.streams[name], beam.scalers[WATCHED[name].source]
        mu = one.expected(burst.truth.n_protons, 1.0, 1.0)
        assert n == pytest.approx(mu, abs=5.0 * sigma(mu, one.phi)), name
