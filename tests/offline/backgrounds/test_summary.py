"""All backgrounds of emulated samples, of empty ones and of parts; and the short form of the closure."""

import math

import numpy as np
import pytest

from daq.config import Config
from offline.backgrounds.neutrino import neutrinos
from offline.backgrounds.published import SEARCHED, all_channels
from offline.backgrounds.summary import backgrounds, compared, compared_anti0, published_prompt_hadrons, totals
from tests.offline.backgrounds.synthetic import sample
from tests.offline.closure_backgrounds import Predicted, cells_of, chi2, predict, probability
from tests.offline.overlay.synthetic import singles, spill

CONFIG = Config()
POT = 1.4e17


@pytest.fixture(scope="module")
def found(beam, search):
    pot = float(search.of("spills", "equivalent_pot").sum())
    return backgrounds(search, beam, CONFIG, pot, 1), pot


def test_everything_is_estimated(found):
    whole, pot = found
    assert whole.missing == [] and whole.overlay.weight.n_spills == 3 and pot == pytest.approx(POT / 2)
    value, error = whole.scale
    assert abs(value - 1.0) < 4.0 * error
    places = {(row.component, row.channel, row.region) for row in whole.rows}
    assert len(places) == len(whole.rows)
    for channel in SEARCHED:
        for region in ("CR", "SR"):
            assert ("neutrino", channel, region) in places
    assert all(np.isfinite([row.value, row.error, row.open_value]).all() for row in whole.rows)
    assert all(row.value >= row.open_value >= 0.0 and row.source for row in whole.rows)
    # nothing in CR and SR can be seen
    assert all(row.open_value == 0.0 for row in whole.rows if row.region in ("CR", "SR"))


def test_totals_stand_beside_the_published_ones(found):
    rows = totals(found[0])
    assert [(row.channel, row.region) for row in rows] == [(c, r) for c in SEARCHED for r in ("CR", "SR")]
    for row in rows:
        assert row.total.value == pytest.approx(sum(part.value for part in row.components))
        assert row.published == all_channels()[row.channel, row.region]
    by_place = {(row.channel, row.region): row.total for row in rows}
    assert by_place["mumu_os", "CR"].value == pytest.approx(0.17 / 2, abs=0.08)
    assert by_place["mumu_os", "CR"].upper == pytest.approx((0.069 + 0.004) / 2, abs=0.005)
    assert by_place["ee_os", "SR"].value == pytest.approx(0.0094 / 2, rel=0.6)
    assert by_place["ee_os", "SR"].up > 3.0 * by_place["ee_os", "SR"].down
    assert by_place["kk_pi0", "SR"].value == pytest.approx(1.5e-9 / 2)


def test_counts_agree_and_masked_regions_stay_masked(found):
    tables = compared(found[0])
    assert set(tables) == {"absolute", "normalised", "hadrons"}
    for rows in tables.values():
        for row in rows:
            assert (row.observed is None) == (row.region in ("CR", "SR"))
            assert row.p_likelihood is None or row.p_likelihood > 1e-3
    charges = {row.channel for row in tables["absolute"]}
    assert charges == {"mumu_pp", "mumu_mm", "mumu_os"}
    assert {row.region: row.published.value for row in tables["normalised"] if row.published}["OCR123"] == 2.57
    opened = compared(found[0], {("mumu", "SR"): 1})["normalised"]
    assert [row.shown for row in opened if row.region in ("CR", "SR")] == ["masked", "1"]


def test_hadrons_of_the_beam_before_and_after_anti0(found):
    whole, _ = found
    tables = {when: {(row.channel, row.region): row for row in rows} for when, rows in compared_anti0(whole).items()}
    before, after = tables["before"], tables["after"]
    assert set(before) == {("pipi_os", "OUTSIDE"), ("pipi_gamma", "OUTSIDE")}
    assert set(after) == {(c, r) for c in ("pipi_os", "pipi_gamma") for r in ("OUTSIDE", "CR", "SR")}
    assert before["pipi_os", "OUTSIDE"].published.value == 5.6
    assert [after["pipi_os", region].published.value for region in ("OUTSIDE", "CR", "SR")] == [0.68, 0.013, 0.007]
    # what is sealed is after the acceptance, so an opened count may stand beside it, and none beside what is before it
    assert after["pipi_os", "SR"].shown == "masked" and before["pipi_os", "OUTSIDE"].shown != "masked"
    opened = compared_anti0(whole, {("pipi", "SR"): 1})["after"]
    assert [row.shown for row in opened if (row.channel, row.region) == ("pipi_os", "SR")] == ["1"]
    # half of the published sample
    assert 2.0 * after["pipi_os", "CR"].expected == pytest.approx(0.013, abs=0.007)
    assert 2.0 * after["pipi_os", "SR"].expected == pytest.approx(0.007, abs=0.005)
    for place, row in before.items():
        assert row.expected > 3.0 * after[place].expected and row.observed >= after[place].observed
    n_before = sum(row.observed for row in before.values())
    assert n_before > sum(after[place].observed for place in before)
    assert abs(n_before - sum(row.expected for row in before.values())) < 4.0 * math.sqrt(n_before)


def test_all_rows_are_of_the_chain_and_those_before_anti0_of_open_regions(found):
    whole, _ = found
    assert {row.region for row in whole.before_anti0} == {"OUTSIDE"}
    assert {row.component for row in whole.before_anti0} == {"K+ to 3 pi", "upstream"}
    by_place = {(row.component, row.channel, row.region): row.value for row in whole.rows}
    for row in whole.before_anti0:
        assert by_place[row.component, row.channel, row.region] <= row.value


def test_an_empty_sample_gives_limits_and_says_what_is_missing():
    whole = backgrounds(sample(), sample(), CONFIG, POT, 1)
    assert whole.overlay is None and whole.scale is None and whole.absolute == []
    assert len(whole.missing) == 1 and whole.missing[0].startswith("combinatorial: not estimated; overlay: ")
    by_place = {(row.component, row.channel, row.region): row for row in whole.rows}
    for component, channel in (("prompt", "mumu_os"), ("prompt", "ee_os"), ("upstream", "pipi_os")):
        assert by_place[component, channel, "OUTSIDE"].upper > 0.0 == by_place[component, channel, "OUTSIDE"].value
    assert len(totals(whole)) == 18 and compared(whole)["absolute"] == []
    assert all(row.total.value >= 0.0 for row in totals(whole))


def test_without_same_sign_pairs_the_absolute_weight_is_used():
    times = np.sort(np.random.default_rng(1).random(4000) * 4.0)
    whole = backgrounds(sample(), sample(single_columns=singles(times), spills=[spill()]), CONFIG, POT, 1)
    assert whole.scale is None and "no same-sign pairs" in whole.missing[0]
    assert [row for row in whole.rows if row.component == "combinatorial" and row.channel == "mumu_os"]
    assert all("normalised" not in row.source for row in whole.rows)


def test_neutrinos_are_zero_and_say_why():
    rows = neutrinos()
    assert {(row.channel, row.region) for row in rows} >= {(c, r) for c in SEARCHED for r in ("CR", "SR")}
    assert all(row.value == row.error == 0.0 and row.upper is None and "GENIE" in row.source for row in rows)


def test_prompt_hadrons_are_scaled_by_protons():
    rows = {(row.channel, row.region): row for row in published_prompt_hadrons(POT / 2)}
    row = rows["pipi_os", "CR"]
    assert row.value == pytest.approx(2.85e-5) and row.interval == pytest.approx((0.5e-5, 12.1e-5))
    assert len(rows) == 14


def test_closure_in_short(beam, search):
    """Half a sample against three spills; the long form is `python -m tests.offline.closure_backgrounds`."""
    predicted = predict(beam, CONFIG, 1)
    half = Predicted(predicted.mean / 2, predicted.error / 2, predicted.scale_error)
    n = cells_of(search)
    scale = math.hypot(CONFIG.analysis.weight_relative_error, predicted.scale_error)
    assert 0.005 < probability(n, half, scale, 1) < 0.995
    assert n.sum() > 30
    # as many as of the whole sample, or one charge in place of another, would be seen
    assert probability(n, predicted, predicted.scale_error, 1) < 0.01
    turned = Predicted(np.roll(half.mean, 4), np.roll(half.error, 4), half.scale_error)
    assert probability(n, turned, scale, 1) < 0.001


def test_the_chi2_of_the_closure_is_the_smallest_over_all_scales():
    rng = np.random.default_rng(3)
    mean, n = rng.uniform(0.2, 20.0, 12), rng.poisson(5.0, 12).astype(float)
    scales = np.linspace(0.3, 2.5, 20_001)[:, None]
    mu = scales * mean
    terms = 2.0 * (mu - n + np.where(n > 0, n * np.log(np.maximum(n, 1) / mu), 0.0)).sum(axis=1)
    by_hand = (terms + ((scales[:, 0] - 1.0) / 0.15) ** 2).min()
    assert chi2(n, mean, 0.15) == pytest.approx(by_hand, abs=1e-5)


def test_toys_of_the_closure_are_uniform():
    rng = np.random.default_rng(5)
    predicted = Predicted(np.array([30.0, 2.0, 0.5, 0.2, 8.0]), np.array([1.0, 0.3, 0.1, 0.1, 0.4]), 0.05)
    drawn = [
        rng.poisson(np.maximum(0.0, rng.normal(predicted.mean, predicted.error)) * rng.normal(1.0, 0.05))
        for _ in range(60)
    ]
    p = np.array([probability(n, predicted, 0.05, k) for k, n in enumerate(drawn)])
    assert abs(p.mean() - 0.5) < 4.0 / math.sqrt(12 * len(p))
